"""Programs that delete, overwrite, copy and move files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from posixpath import basename, normpath

from dbguard.commands.entry import Command, Custom, Entry
from dbguard.commands.match import Match
from dbguard.flow import Node
from dbguard.operations import Certainty, Guard, Kind, Operation, Target, TargetKind, Trait
from dbguard.source import Mapped

_GNU = "https://www.gnu.org/software/coreutils/manual/html_node/"
_RECURSIVE = frozenset({Trait.RECURSIVE})


def _asks(match: Match) -> bool:
    """Say whether an option asks before each file, and no later one overrides it."""
    asked = [
        option.name
        for option in match.arguments.find("-i", "-I", "--interactive", "-f", "--force")
        if not (option.value is not None and option.value.text in ("never", "no", "none"))
    ]
    return bool(asked) and asked[-1] not in ("-f", "--force")


def _deletes(match: Match) -> Iterator[Node]:
    """rm and its kin: every operand is deleted."""
    traits = (
        _RECURSIVE
        if match.arguments.has("-r", "-R", "--recursive", "-Recurse", "-recurse")
        else frozenset[Trait]()
    )
    for operand in match.arguments.operands:
        target = match.file(operand.word.mapped)
        node = match.operation(Kind.DELETE_FILE, target, traits=traits)
        yield match.guarded(Guard.PERSON, target, (node,)) if _asks(match) else node


def _shred(match: Match) -> Iterator[Node]:
    """shred: overwrites; with -u it deletes too."""
    deletes = match.arguments.has("-u", "--remove")
    for operand in match.arguments.operands:
        yield match.operation(
            Kind.DELETE_FILE if deletes else Kind.OVERWRITE_FILE, match.file(operand.word.mapped)
        )


def _overwrites(match: Match) -> Iterator[Node]:
    for operand in match.arguments.operands:
        yield match.operation(Kind.OVERWRITE_FILE, match.file(operand.word.mapped))


def _truncate(match: Match) -> Iterator[Node]:
    """truncate: a size that only grows (``+1M``, ``>1M``) loses nothing."""
    size = match.arguments.value("-s", "--size")
    if size is None or size.text[:1] not in ("+", ">"):
        yield from _overwrites(match)


def destination(into: str, source: str, *, is_directory: bool, contents: bool = False) -> str:
    """Return where *source* arrives when it is copied or moved to *into*.

    With *contents*, a slash after the source means what is in it (rsync).
    """
    if source.endswith("/.") or (contents and source.endswith("/")):
        return into
    if is_directory or into.endswith("/") or into in (".", "..", "~"):
        name = basename(source.rstrip("/")) or "."
        return name if into in (".", "./") else f"{into.rstrip('/')}/{name}"
    return into


def transfers(kind: Kind) -> Callable[[Match], Iterator[Node]]:
    """Return the reader of cp- and mv-like programs: sources, then where they go."""

    def run(match: Match) -> Iterator[Node]:
        arguments = match.arguments
        operands = [operand.word.mapped for operand in arguments.operands]
        directory = arguments.value("-t", "--target-directory")
        is_directory = directory is not None or len(operands) > 2
        if directory is None:
            if len(operands) < 2:
                return
            directory = operands.pop()
        traits = (
            _RECURSIVE
            if arguments.has("-r", "-R", "-a", "--recursive", "--archive")
            else frozenset()
        )
        keeps = arguments.has("-n", "--no-clobber", "--update=none", "--ignore-existing")
        # git refuses to move onto a file that is there
        keeps |= match.called == "git mv" and not arguments.has("-f", "--force")
        for source in operands:
            into = destination(
                directory.text,
                source.text,
                is_directory=is_directory,
                contents=match.called == "rsync",
            )
            target = match.file(into)
            nodes = [match.operation(kind, target, source=match.file(source), traits=traits)]
            if arguments.has("-b", "--backup"):
                nodes.insert(0, _kept_aside(match, target))
            if keeps:
                yield match.guarded(Guard.ABSENT, target, nodes)
            elif _asks(match):
                yield match.guarded(Guard.PERSON, target, nodes)
            else:
                yield from nodes

    return run


def _kept_aside(match: Match, target: Target) -> Operation:
    """Return the backup GNU's --backup makes; only numbered ones are never overwritten."""
    numbered = match.arguments.has("--backup=numbered", "--backup=t")
    return match.operation(
        Kind.BACKUP,
        match.file(target.name + "~"),
        source=target,
        spelling=f"{match.called} --backup",
        traits=frozenset({Trait.TIMESTAMPED}) if numbered else frozenset(),
    )


copies = transfers(Kind.COPY_FILE)


def _install(match: Match) -> Iterator[Node]:
    if not match.arguments.has("-d", "--directory"):
        yield from copies(match)


def _rsync(match: Match) -> Iterator[Node]:
    """rsync: copies; --delete also deletes what the source has not."""
    operands = match.arguments.operands
    if len(operands) < 2 or match.arguments.has("-n", "--dry-run"):
        return
    yield from copies(match)
    if any(option.name.startswith(("--delete", "--del")) for option in match.arguments.options):
        yield match.operation(
            Kind.DELETE_FILE,
            match.file(operands[-1].word.mapped),
            spelling="rsync --delete",
            traits=_RECURSIVE | {Trait.FILTERED},
        )


def _link(match: Match) -> Iterator[Node]:
    """ln -f: replaces what has the name of the link."""
    operands = match.arguments.operands
    if len(operands) == 2 and match.arguments.has("-f", "--force"):
        name = destination(operands[1].text, operands[0].text, is_directory=False)
        yield match.operation(Kind.OVERWRITE_FILE, match.file(name), spelling="ln -f")


def _dd(match: Match) -> Iterator[Node]:
    """dd: ``of=`` is overwritten, by a copy of ``if=`` where that is a file."""
    files: dict[str, Mapped] = {}
    for word in match.words:
        name, equals, value = word.text.partition("=")
        if equals and value and name in ("if", "of"):
            files[name] = word.mapped.slice(3, len(word.text))
    into, source = files.get("of"), files.get("if")
    if into is None:
        return
    if into.text.startswith("/dev/"):
        if not into.text.startswith(("/dev/null", "/dev/std", "/dev/tty", "/dev/fd")):
            target = match.target(TargetKind.STORAGE, into.text)
            yield match.operation(Kind.DELETE_STORAGE, target, spelling="dd")
    elif source is None or source.text.startswith("/dev/"):
        yield match.operation(Kind.OVERWRITE_FILE, match.file(into))
    else:
        yield match.operation(Kind.COPY_FILE, match.file(into), source=match.file(source))


def _downloads(match: Match) -> Iterator[Node]:
    for name in ("-O", "--output-document") if match.called == "wget" else ("-o", "--output"):
        for path in match.arguments.values(name):
            if path.text not in ("-", "/dev/null", "/dev/stdout"):
                spelling = f"{match.called} {name}"
                yield match.operation(Kind.OVERWRITE_FILE, match.file(path), spelling=spelling)


def _git_directory(match: Match, path: str) -> str:
    directory = match.arguments.value("-C")
    return path if directory is None else normpath(f"{directory.text}/{path}")


def _git_clean(match: Match) -> Iterator[Node]:
    """git clean: takes ignored files with -x or -X, folders with -d."""
    arguments = match.arguments
    if arguments.has("-n", "--dry-run") or not arguments.has("-x", "-X", "-d"):
        return
    asks = arguments.has("-i", "--interactive")
    if not asks and not arguments.has("-f", "--force"):
        return
    traits = _RECURSIVE | ({Trait.FILTERED} if arguments.has("-e", "--exclude") else set())
    for path in [operand.text for operand in arguments.operands] or ["."]:
        node = match.operation(
            Kind.DELETE_FILE,
            match.file(_git_directory(match, path)),
            certainty=Certainty.OPAQUE,
            traits=traits,
        )
        yield match.guarded(Guard.PERSON, node.target, (node,)) if asks else node


ENTRIES: tuple[Entry, ...] = (
    Custom(
        "rm|grm|unlink|srm|rimraf|del-cli",
        run=_deletes,
        destroys=True,
        documentation=_GNU + "rm-invocation.html",
    ),
    Custom("shx rm", run=_deletes, destroys=True, documentation="https://github.com/shelljs/shx"),
    Custom(
        "git rm",
        run=_deletes,
        destroys=True,
        values="-C -c --git-dir --work-tree",
        unless="--cached -n --dry-run",
        documentation="https://git-scm.com/docs/git-rm",
    ),
    Custom(
        "shred|gshred",
        run=_shred,
        destroys=True,
        values="-n --iterations -s --size --random-source",
        documentation=_GNU + "shred-invocation.html",
    ),
    Custom(
        "truncate|gtruncate",
        run=_truncate,
        destroys=True,
        values="-s --size -r --reference",
        documentation=_GNU + "truncate-invocation.html",
    ),
    Custom(
        "cp|gcp",
        run=copies,
        destroys=True,
        values="-t --target-directory -S --suffix --backup?",
        documentation=_GNU + "cp-invocation.html",
    ),
    Custom("shx cp", run=copies, destroys=True, documentation="https://github.com/shelljs/shx"),
    Custom(
        "scp",
        run=copies,
        destroys=True,
        values="-c -D -F -i -J -l -o -P -S -X",
        documentation="https://man.openbsd.org/scp",
    ),
    Custom(
        "mv|gmv",
        run=transfers(Kind.MOVE_FILE),
        destroys=True,
        values="-t --target-directory -S --suffix --backup?",
        documentation=_GNU + "mv-invocation.html",
    ),
    Custom(
        "shx mv",
        run=transfers(Kind.MOVE_FILE),
        destroys=True,
        documentation="https://github.com/shelljs/shx",
    ),
    Custom(
        "git mv",
        run=transfers(Kind.MOVE_FILE),
        destroys=True,
        values="-C -c",
        unless="-n --dry-run --help",
        documentation="https://git-scm.com/docs/git-mv",
    ),
    Custom(
        "install|ginstall",
        run=_install,
        destroys=True,
        values="-m --mode -o --owner -g --group -t --target-directory -S --suffix --backup?",
        documentation=_GNU + "install-invocation.html",
    ),
    Custom(
        "rsync",
        run=_rsync,
        destroys=True,
        values="-e --rsh -f --filter --exclude --include --exclude-from --include-from"
        " --files-from --rsync-path --bwlimit --timeout --port --password-file --log-file"
        " --chmod --chown --backup-dir --suffix --partial-dir --temp-dir -T --max-size"
        " --min-size --compare-dest --copy-dest --link-dest -M -B --block-size --out-format",
        documentation="https://download.samba.org/pub/rsync/rsync.1",
    ),
    Custom(
        "ln|gln",
        run=_link,
        destroys=True,
        values="-t -S --suffix",
        documentation=_GNU + "ln-invocation.html",
    ),
    Custom(
        "tee|gtee",
        run=_overwrites,
        destroys=True,
        unless="-a --append --help",
        documentation=_GNU + "tee-invocation.html",
    ),
    Custom(
        "sponge",
        run=_overwrites,
        destroys=True,
        unless="-a --help",
        documentation="https://joeyh.name/code/moreutils/",
    ),
    Custom("dd|gdd", run=_dd, destroys=True, documentation=_GNU + "dd-invocation.html"),
    Custom(
        "wget",
        run=_downloads,
        destroys=True,
        values="-O --output-document -o --output-file -P -U -e -t --tries --header --user",
        documentation="https://www.gnu.org/software/wget/manual/wget.html",
    ),
    Custom(
        "git clean",
        run=_git_clean,
        destroys=True,
        values="-C -c --git-dir --work-tree -e --exclude",
        documentation="https://git-scm.com/docs/git-clean",
    ),
    Command(
        "mkfs|mkfs.ext4|mkfs.ext3|mkfs.xfs|mkfs.btrfs|mke2fs",
        kind=Kind.DELETE_STORAGE,
        about=TargetKind.FILE,
        values="-t -L -U -m -b -i -O -E --type",
        target="1",
        documentation="https://man7.org/linux/man-pages/man8/mkfs.8.html",
    ),
    Command(
        "wipefs",
        kind=Kind.DELETE_STORAGE,
        about=TargetKind.FILE,
        needs="-a --all",
        unless="-n --no-act",
        target="*",
        values="-t -o",
        documentation="https://man7.org/linux/man-pages/man8/wipefs.8.html",
    ),
    Command(
        "blkdiscard",
        kind=Kind.DELETE_STORAGE,
        about=TargetKind.FILE,
        target="1",
        values="-o -l -p",
        documentation="https://man7.org/linux/man-pages/man8/blkdiscard.8.html",
    ),
    Command(
        "lvremove",
        kind=Kind.DELETE_STORAGE,
        target="*",
        unless="-t --test",
        documentation="https://man7.org/linux/man-pages/man8/lvremove.8.html",
    ),
    Command(
        "zfs destroy, zpool destroy",
        kind=Kind.DELETE_STORAGE,
        target="1",
        unless="-n",
        documentation="https://openzfs.github.io/openzfs-docs/man/master/8/zfs-destroy.8.html",
    ),
    Command(
        "zfs rollback",
        kind=Kind.RESTORE,
        target="1",
        documentation="https://openzfs.github.io/openzfs-docs/man/master/8/zfs-rollback.8.html",
    ),
    Command(
        "zfs snapshot|snap",
        kind=Kind.BACKUP,
        source="1",
        target="1",
        values="-o",
        documentation="https://openzfs.github.io/openzfs-docs/man/master/8/zfs-snapshot.8.html",
    ),
    Command(
        "btrfs subvolume delete",
        kind=Kind.DELETE_STORAGE,
        target="*",
        documentation="https://btrfs.readthedocs.io/en/latest/btrfs-subvolume.html",
    ),
    Command(
        "cmp|diff|colordiff",
        kind=Kind.VERIFY,
        about=TargetKind.FILE,
        source="2",
        target="1",
        values="-n -i -U -I -x --exclude",
        documentation="https://www.gnu.org/software/diffutils/manual/diffutils.html",
    ),
    Command(
        "sha256sum|sha1sum|sha512sum|md5sum|shasum|b2sum",
        kind=Kind.VERIFY,
        about=TargetKind.FILE,
        target="1",
        needs="-c --check",
        values="-a",
        documentation=_GNU + "sha2-utilities.html",
    ),
)
