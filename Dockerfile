# An image for CI that holds dbguard and git, nothing else. Build it from a clone:
#   docker build -t dbguard .
# and check the current folder:
#   docker run --rm --network none -v "$PWD:/src:ro" dbguard scan
FROM python:3.13-slim-bookworm

# Debian keeps one version of git: pinned, the image could not be built again.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git \
 && rm -rf /var/lib/apt/lists/*

# What is mounted belongs to somebody else; dbguard lets git run nothing of it.
RUN git config --system --add safe.directory '*'

# What changes less comes first.
COPY action/requirements.txt /opt/dbguard/action/requirements.txt
RUN pip install --no-cache-dir --require-hashes --only-binary :all: \
    --requirement /opt/dbguard/action/requirements.txt
COPY pyproject.toml README.md LICENSE /opt/dbguard/
COPY dbguard /opt/dbguard/dbguard
RUN pip install --no-cache-dir --no-index --no-deps --no-build-isolation /opt/dbguard \
 && rm -r /opt/dbguard

USER 65532:65532
WORKDIR /src
ENTRYPOINT ["dbguard"]
CMD ["scan"]
