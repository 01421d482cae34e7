"""Archives and copies: tar, zip, gzip, repositories of backups, object stores."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dbguard.commands.entry import Custom, Entry
from dbguard.commands.match import Match, backup_traits
from dbguard.flow import Node
from dbguard.operations import Kind, Trait
from dbguard.source import Mapped

_S3 = "https://docs.aws.amazon.com/cli/latest/reference/s3/"


def _archives(match: Match) -> Iterator[Node]:
    """tar: creates an archive of its operands, or extracts named members over theirs."""
    words = list(match.words)
    if words and not words[0].text.startswith("-"):
        letters, words = words[0].text, words[1:]
        archive = words.pop(0).mapped if "f" in letters and words else None
        for sign in "bCN":
            if sign in letters and words:
                words.pop(0)
        members = [word.mapped for word in words if not word.text.startswith("-")]
        directory = match.arguments.value("-C", "--directory")
        if directory is not None:
            members = [one for one in members if one.text != directory.text]
    else:
        options = match.arguments.options
        letters = "".join(option.name[1:] for option in options if option.name[:2] != "--")
        letters += "".join("c" for _ in match.arguments.find("--create"))
        letters += "".join("x" for _ in match.arguments.find("--extract", "--get"))
        archive = match.arguments.value("-f", "--file")
        directory = match.arguments.value("-C", "--directory")
        members = [operand.word.mapped for operand in match.arguments.operands]
    if archive is None or archive.text == "-":
        out = match.invocation.stdout_file
        archive = out.mapped if out is not None else Mapped.at("", match.span)
    base = directory.text if directory is not None else ""
    yield from _members(match, letters, archive, [_inside(base, one.text) for one in members])


def _inside(directory: str, name: str) -> str:
    if not directory or name.startswith("/"):
        return name
    return directory if name == "." else f"{directory.rstrip('/')}/{name}"


def _members(match: Match, letters: str, archive: Mapped, members: list[str]) -> Iterator[Node]:
    if any(letter in letters for letter in "cru"):
        for member in members:
            yield _backup(match, member, archive)
        if match.arguments.has("--remove-files"):
            for member in members:
                yield match.operation(
                    Kind.DELETE_FILE, match.file(member), spelling="tar --remove-files"
                )
    elif "x" in letters:
        for member in members:
            yield match.operation(
                Kind.OVERWRITE_FILE, match.file(member), source=match.file(archive)
            )


def _backup(match: Match, source: str, copy: Mapped | str) -> Node:
    """Return the backup of a file or folder; its name decides whether it is a database."""
    target = match.file(copy)
    return match.operation(
        Kind.BACKUP, target, source=match.file(source), traits=backup_traits(target.name)
    )


def _zip(match: Match) -> Iterator[Node]:
    """zip and 7z a: the archive, then what goes into it."""
    operands = match.arguments.operands
    for operand in operands[1:]:
        yield _backup(match, operand.text, operands[0].word.mapped)
        if match.called == "zip" and match.arguments.has("-m", "--move"):
            yield match.operation(
                Kind.DELETE_FILE, match.file(operand.word.mapped), spelling="zip -m"
            )


def _unzip(match: Match) -> Iterator[Node]:
    """unzip -o: overwrites the members named after the archive."""
    directory = match.arguments.value("-d")
    base = directory.text if directory is not None else ""
    operands = match.arguments.operands
    for operand in operands[1:]:
        yield match.operation(
            Kind.OVERWRITE_FILE,
            match.file(_inside(base, operand.text)),
            source=match.file(operands[0].word.mapped),
        )


def _compressor(suffix: str) -> Callable[[Match], Iterator[Node]]:
    """Return the reader of gzip-like programs: the file is replaced by a compressed copy."""

    def run(match: Match) -> Iterator[Node]:
        arguments, out = match.arguments, match.invocation.stdout_file
        if arguments.has("-d", "--decompress", "--uncompress"):
            yield from _decompressor(suffix)(match)
            return
        if arguments.has("-t", "--test", "-l", "--list"):
            return
        keeps = arguments.has("-k", "--keep", "-c", "--stdout", "--to-stdout") or suffix == ".zst"
        for operand in arguments.operands:
            copy: Mapped | str = operand.text + suffix
            if arguments.has("-c", "--stdout", "--to-stdout"):
                if out is None:
                    continue
                copy = out.mapped
            explicit = arguments.value("-o")
            if explicit is not None and suffix == ".zst":
                copy = explicit
            if keeps and not arguments.has("--rm"):
                yield _backup(match, operand.text, copy)
            else:
                target = match.file(copy)
                yield match.operation(
                    Kind.MOVE_FILE, target, source=match.file(operand.word.mapped)
                )

    return run


def _decompressor(*suffixes: str) -> Callable[[Match], Iterator[Node]]:
    """Return the reader of gunzip-like programs: ``x.gz`` is unpacked to ``x``."""

    def run(match: Match) -> Iterator[Node]:
        if match.arguments.has("-c", "--stdout", "-t", "--test", "-l", "--list"):
            return
        for operand in match.arguments.operands:
            for suffix in suffixes:
                if operand.text.endswith(suffix):
                    yield match.operation(
                        Kind.OVERWRITE_FILE,
                        match.file(operand.text[: -len(suffix)]),
                        source=match.file(operand.word.mapped),
                    )

    return run


def _snapshots(match: Match) -> Iterator[Node]:
    """restic, borg and others: each operand is kept in a repository, under a name of its own."""
    for operand in match.arguments.operands:
        if "::" in operand.text:
            continue
        yield match.operation(
            Kind.BACKUP,
            match.file(""),
            source=match.file(operand.word.mapped),
            traits=frozenset({Trait.TIMESTAMPED}),
        )


def _copies(match: Match) -> Iterator[Node]:
    """aws s3 cp, docker cp, rclone copyto: one source, one destination."""
    source, into = match.operand(1), match.operand(2)
    if source is not None and into is not None:
        yield match.operation(Kind.COPY_FILE, match.file(into), source=match.file(source))


ENTRIES: tuple[Entry, ...] = (
    Custom(
        "tar|gtar|bsdtar",
        run=_archives,
        values="-f --file -C --directory -T --files-from -X --exclude-from --exclude --transform -I"
        " --use-compress-program -g --listed-incremental -b -N --newer",
        destroys=True,
        documentation="https://www.gnu.org/software/tar/manual/tar.html",
    ),
    Custom(
        "zip",
        run=_zip,
        values="-x -i -P -n -b -t",
        destroys=True,
        documentation="https://infozip.sourceforge.net/Zip.html",
    ),
    Custom(
        "7z a, 7za a, 7zz a, rar a",
        run=_zip,
        documentation="https://7-zip.opensource.jp/chm/cmdline/commands/add.htm",
    ),
    Custom(
        "unzip",
        run=_unzip,
        values="-d -P -x",
        needs="-o",
        destroys=True,
        documentation="https://infozip.sourceforge.net/UnZip.html",
    ),
    Custom(
        "gzip|pigz",
        run=_compressor(".gz"),
        values="-S -p -b",
        destroys=True,
        documentation="https://www.gnu.org/software/gzip/manual/gzip.html",
    ),
    Custom(
        "bzip2|pbzip2",
        run=_compressor(".bz2"),
        destroys=True,
        documentation="https://sourceware.org/bzip2/manual/manual.html",
    ),
    Custom(
        "xz|pixz",
        run=_compressor(".xz"),
        values="-T",
        destroys=True,
        documentation="https://tukaani.org/xz/",
    ),
    Custom(
        "zstd|zstdmt",
        run=_compressor(".zst"),
        values="-o -T",
        destroys=True,
        documentation="https://github.com/facebook/zstd/blob/dev/programs/zstd.1.md",
    ),
    Custom(
        "gunzip|unpigz",
        run=_decompressor(".gz"),
        destroys=True,
        documentation="https://www.gnu.org/software/gzip/manual/gzip.html",
    ),
    Custom(
        "bunzip2|unxz|unzstd|unlzma",
        run=_decompressor(".bz2", ".xz", ".zst", ".lzma"),
        destroys=True,
        documentation="https://sourceware.org/bzip2/manual/manual.html",
    ),
    Custom(
        "restic backup",
        run=_snapshots,
        values="-r --repo -p --password-file --tag -e --exclude --host -H --files-from",
        documentation="https://restic.readthedocs.io/en/stable/040_backup.html",
    ),
    Custom(
        "borg create",
        run=_snapshots,
        values="-e --exclude -C --compression --comment --patterns-from --exclude-from -r --repo",
        documentation="https://borgbackup.readthedocs.io/en/stable/usage/create.html",
    ),
    Custom(
        "kopia snapshot create, duplicity backup, bupstash put, tarsnap",
        run=_snapshots,
        values="-f --tags",
        documentation="https://kopia.io/docs/reference/command-line/common/snapshot-create/",
    ),
    Custom(
        "aws s3 cp|sync, aws s3api put-object, gsutil cp|rsync, gcloud storage cp|rsync, mc cp|mirror, s3cmd put|get|sync",
        run=_copies,
        values="--profile --region --endpoint-url --storage-class --exclude --include --acl --sse -m?",
        destroys=True,
        documentation=_S3 + "cp.html",
    ),
    Custom(
        "rclone copy|copyto|sync|move|moveto",
        run=_copies,
        values="--config --exclude --include --transfers",
        destroys=True,
        documentation="https://rclone.org/commands/",
    ),
    Custom(
        "docker|podman|nerdctl cp, docker|podman container cp, docker compose cp, docker-compose cp, kubectl|oc cp",
        run=_copies,
        values="-n --namespace -c --container --context",
        destroys=True,
        documentation="https://docs.docker.com/reference/cli/docker/container/cp/",
    ),
)
