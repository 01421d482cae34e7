#!/usr/bin/env bash
# Install dbguard from the action's own checkout into a virtual environment under
# RUNNER_TEMP, and say in the step's outputs where its Python is.
#
# Python runs with -I and outside of the workspace: nothing of the repository that is about
# to be scanned is imported. What is downloaded is pinned by hash (requirements.txt).
set -euo pipefail

fail() {
  printf '::error title=dbguard::%s\n' "$1"
  exit 4
}

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "${RUNNER_TEMP:?}"

python=${DBGUARD_PYTHON:-python3}
"$python" -I -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
  fail 'dbguard needs Python 3.10 or newer: put actions/setup-python before it, or set the input python'

environment=$(mktemp -d "$RUNNER_TEMP/dbguard.XXXXXXXX")
"$python" -I -m venv "$environment" || fail 'the virtual environment cannot be made'
own="$environment/bin/python"
[ -x "$own" ] || own="$environment/Scripts/python.exe"

install() {
  "$own" -I -m pip install --quiet --disable-pip-version-check --no-input "$@"
}
install --require-hashes --only-binary :all: --requirement "$checkout/action/requirements.txt" ||
  fail 'what dbguard needs cannot be installed'
install --no-index --no-deps --no-build-isolation "$checkout" || fail 'dbguard cannot be installed'

printf 'python=%s\n' "$own" >>"${GITHUB_OUTPUT:?}"
