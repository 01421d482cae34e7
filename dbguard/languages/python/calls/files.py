"""Files and paths: ``os``, ``os.path``, ``shutil``, ``pathlib``, ``tempfile``, ``open``."""

from __future__ import annotations

import re
from posixpath import normpath, splitext

from dbguard.languages.python.calls.effects import FileEffect
from dbguard.languages.python.calls.site import CallSite, Handler, Outcome
from dbguard.languages.python.evaluation import join_path, lift
from dbguard.languages.python.values import (
    Alternatives,
    Contents,
    Handle,
    Items,
    Listing,
    Symbol,
    Text,
    Unknown,
    Value,
    as_text,
    one_of,
    options,
    path_of,
)
from dbguard.operations import Kind, Trait
from dbguard.patterns import regex
from dbguard.source import Mapped, hole

_MOVE = FileEffect(Kind.MOVE_FILE, target=(1, "dst"), source=(0, "src"))
_COPY = FileEffect(Kind.COPY_FILE, target=(1, "dst"), source=(0, "src"))
_DELETE = FileEffect(Kind.DELETE_FILE)
_PATH_NAME = regex(r"path|file|db|database|sqlite", re.IGNORECASE)


def _open(site: CallSite) -> Outcome | None:
    """``open(path, mode)``: truncates with "w"."""
    path = site.argument(0, "file", "filename", "path")
    if path is None:
        return None
    return _opened(site, path, site.string(1, "mode") or "r")


def _opened(site: CallSite, path: Value, mode: str) -> Outcome:
    def make(choice: list[Value]) -> list:  # type: ignore[type-arg]
        target = site.path_target(choice[0])
        return [site.operation(Kind.OVERWRITE_FILE, target)] if target is not None else []

    nodes = site.spread([path], make) if "w" in mode and not mode.startswith("__hole_") else []
    text = as_text(options(path)[0])
    value = Handle("file", name=text.text, text=text.mapped) if text is not None else None
    return Outcome(nodes, value)


def _path_open(site: CallSite) -> Outcome | None:
    if not _is_path(site.receiver) or site.receiver is None:
        return None
    return _opened(site, site.receiver, site.string(0, "mode") or "r")


def _os_open(site: CallSite) -> Outcome | None:
    flags = site.argument_node(1, "flags")
    path = site.argument(0, "path")
    if path is None or flags is None or "O_TRUNC" not in site.program.short_text(flags):
        return None
    return _opened(site, path, "w")


def _is_path(value: Value | None) -> bool:
    return value is not None and any(
        (isinstance(option, Text) and option.path) or isinstance(option, Unknown | Symbol)
        for option in options(value)
    )


def _of_path(effect: FileEffect, arguments: int | None = None) -> Handler:
    """Return the effect of a method of a path; *arguments*: how many it must have."""

    def handle(site: CallSite) -> Outcome | None:
        if not _is_path(site.receiver):
            return None
        if arguments is not None and (site.count != arguments or site.keyword_names):
            return None
        if arguments and isinstance(site.receiver, Unknown | Symbol):
            argument = site.argument(0)
            telling = _PATH_NAME.search(site.receiver_text)
            if argument is None or path_of(options(argument)[0]) is None or not telling:
                return None
        return effect(site)

    return handle


def _chdir(site: CallSite) -> Outcome | None:
    path = site.argument(0, "path")
    text = path_of(options(path)[0]) if path is not None else None
    if text is None:
        return None
    program = site.program
    if text in ("", "."):
        return Outcome()
    if text.startswith("/") or not program.directory:
        program.directory = text
    else:
        program.directory = normpath(f"{program.directory}/{text}")
    return Outcome()


EFFECTS: dict[str, Handler] = {
    "os.remove": _DELETE,
    "os.unlink": _DELETE,
    "pathlib.Path.unlink": _DELETE,
    "os.truncate": FileEffect(Kind.OVERWRITE_FILE),
    "os.rename": _MOVE,
    "os.renames": FileEffect(Kind.MOVE_FILE, target=(1, "new"), source=(0, "old")),
    "os.replace": _MOVE,
    "shutil.move": _MOVE,
    "shutil.rmtree": FileEffect(Kind.DELETE_FILE, traits=frozenset({Trait.RECURSIVE})),
    "shutil.copy": _COPY,
    "shutil.copy2": _COPY,
    "shutil.copyfile": _COPY,
    "shutil.copytree": _COPY,
    "send2trash.send2trash": _DELETE,
    "aiofiles.os.remove": _DELETE,
    "aiofiles.os.unlink": _DELETE,
    "open": _open,
    "io.open": _open,
    "codecs.open": _open,
    "aiofiles.open": _open,
    "gzip.open": _open,
    "os.open": _os_open,
    "os.chdir": _chdir,
}

METHODS: dict[str, Handler] = {
    "unlink": _of_path(FileEffect(Kind.DELETE_FILE, target=None)),
    "rename": _of_path(FileEffect(Kind.MOVE_FILE, (0, "target"), from_receiver=True), 1),
    "replace": _of_path(FileEffect(Kind.MOVE_FILE, (0, "target"), from_receiver=True), 1),
    "copy": _of_path(FileEffect(Kind.COPY_FILE, (0, "target"), from_receiver=True), 1),
    "write_bytes": _of_path(FileEffect(Kind.OVERWRITE_FILE, target=None)),
    "write_text": _of_path(FileEffect(Kind.OVERWRITE_FILE, target=None)),
    "open": _path_open,
    "rmtree": _of_path(
        FileEffect(Kind.DELETE_FILE, target=None, traits=frozenset({Trait.RECURSIVE})), 0
    ),
}


# -- values -----------------------------------------------------------------------------------


def at(site: CallSite, text: str, path: bool = False) -> Text:
    """Return a computed text that stands for the call."""
    return Text(Mapped.at(text, site.span), path)


def _join(site: CallSite) -> Outcome | None:
    if not site.arguments:
        return Outcome([], at(site, "", True))
    value = lift(
        site.program, site.arguments, lambda choice: join_path(site.program, site.node, choice)
    )
    return Outcome([], value)


def _mapped_path(change: str) -> Handler:
    """Return a pure function of one path."""

    def handle(site: CallSite) -> Outcome | None:
        argument = site.argument(0, "path", "p", "s", "object", "pathname")
        if argument is None:
            return None
        return Outcome([], lift(site.program, [argument], lambda c: _changed(site, c[0], change)))

    return handle


def _changed(site: CallSite, value: Value, change: str) -> Value:
    text = as_text(value)
    if text is None:
        return value if change == "same" else site.program.unknown(site.node)
    head, _, tail = text.text.rpartition("/")
    match change:
        case "parent":
            return at(site, head, True)
        case "name":
            return at(site, tail)
        case "suffix":
            stem, suffix = splitext(text.text)
            return Items((at(site, stem), at(site, suffix)))
        case "split":
            return Items((at(site, head), at(site, tail)))
        case "text":
            return Text(text.mapped)
        case _:
            return text


def _glob(site: CallSite) -> Outcome | None:
    pattern = site.argument(0, "pathname")
    root = site.argument(None, "root_dir")
    if pattern is None:
        return None
    if root is not None:
        pattern = join_path(site.program, site.node, [root, pattern])
    return Outcome([], Listing(_without_recursion(site, pattern)))


def _without_recursion(site: CallSite, pattern: Value) -> Value:
    """Write ``**/*.db`` as ``*.db``: the folder between does not matter here."""

    def make(choice: list[Value]) -> Value:
        text = as_text(choice[0])
        if text is None or "**/" not in text.text:
            return choice[0]
        return at(site, text.text.replace("**/", ""), True)

    return lift(site.program, [pattern], make)


def _path_glob(site: CallSite) -> Outcome | None:
    pattern = site.argument(0, "pattern")
    if pattern is None or site.receiver is None or not _is_path(site.receiver):
        return None
    joined = join_path(site.program, site.node, [options(site.receiver)[0], options(pattern)[0]])
    return Outcome([], Listing(_without_recursion(site, joined)))


def _listdir(site: CallSite) -> Outcome | None:
    return Outcome([], Listing(Unknown("entry", site.span, weak=True)))


def _scandir(site: CallSite) -> Outcome | None:
    folder = site.argument(0, "path")
    text = as_text(options(folder)[0]) if folder is not None else at(site, "")
    prefix = f"{text.text}/" if text is not None and text.text not in ("", ".") else ""
    return Outcome([], Listing(at(site, f"{prefix}{hole('entry')}", True)))


def _iterdir(site: CallSite) -> Outcome | None:
    if not _is_path(site.receiver) or site.receiver is None:
        return None
    text = path_of(options(site.receiver)[0]) or ""
    prefix = f"{text}/" if text not in ("", ".") else ""
    return Outcome([], Listing(at(site, f"{prefix}{hole('entry')}", True)))


def _walk(site: CallSite) -> Outcome | None:
    folder = site.argument(0, "top") or at(site, "")
    entry = Unknown("entry", site.span, weak=True)
    return Outcome([], Listing(Items((folder, Listing(entry), Listing(entry)))))


def _temporary(site: CallSite) -> Outcome:
    suffix = site.string(None, "suffix") or ""
    name = f"/tmp/{hole('tempfile')}{suffix}"  # noqa: S108 - the path others have written
    if site.method == "mkstemp":
        return Outcome([], Items((site.program.unknown(site.node), at(site, name))))
    if site.method in ("mktemp", "mkdtemp", "gettempdir", "mktemp_ng"):
        return Outcome([], at(site, name, site.method == "mktemp"))
    if site.method == "TemporaryDirectory":
        return Outcome([], Handle("temporary", name=name))
    return Outcome([], Handle("file", name=name, text=Mapped.at(name, site.span)))


def _getenv(site: CallSite) -> Outcome | None:
    """The default where there is one, else a hole with the variable's name."""
    name = site.argument(0, "key")
    default = site.argument(1, "default")
    if default is not None and as_text(options(default)[0]) is not None:
        return Outcome([], default)
    text = as_text(options(name)[0]) if name is not None else None
    if text is None or not text.known:
        return None
    return Outcome([], Unknown(text.text, site.span))


def _cwd(site: CallSite) -> Outcome:
    return Outcome([], at(site, "", True))


def _home(site: CallSite) -> Outcome:
    return Outcome([], at(site, "~", True))


_SAME = _mapped_path("same")

VALUES: dict[str, Handler] = {
    "os.path.join": _join,
    "os.path.abspath": _SAME,
    "os.path.realpath": _SAME,
    "os.path.normpath": _SAME,
    "os.path.expanduser": _SAME,
    "os.path.expandvars": _SAME,
    "os.path.relpath": _SAME,
    "os.fspath": _SAME,
    "os.path.dirname": _mapped_path("parent"),
    "os.path.basename": _mapped_path("name"),
    "os.path.splitext": _mapped_path("suffix"),
    "os.path.split": _mapped_path("split"),
    "str": _mapped_path("text"),
    "contextlib.closing": _SAME,
    "contextlib.aclosing": _SAME,
    "textwrap.dedent": _SAME,
    "inspect.cleandoc": _SAME,
    "shlex.quote": _SAME,
    "pipes.quote": _SAME,
    "dedent": _SAME,
    "pathlib.Path": _join,
    "pathlib.PurePath": _join,
    "pathlib.PosixPath": _join,
    "pathlib.PurePosixPath": _join,
    "py.path.local": _join,
    "anyio.Path": _join,
    "pathlib.Path.cwd": _cwd,
    "os.getcwd": _cwd,
    "pathlib.Path.home": _home,
    "glob.glob": _glob,
    "glob.iglob": _glob,
    "os.listdir": _listdir,
    "os.scandir": _scandir,
    "os.walk": _walk,
    "os.getenv": _getenv,
    "tempfile.mkstemp": _temporary,
    "tempfile.mktemp": _temporary,
    "tempfile.mkdtemp": _temporary,
    "tempfile.gettempdir": _temporary,
    "tempfile.TemporaryDirectory": _temporary,
    "tempfile.NamedTemporaryFile": _temporary,
    "tempfile.TemporaryFile": _temporary,
    "tempfile.SpooledTemporaryFile": _temporary,
}


def _suffixed(site: CallSite) -> Outcome | None:
    """``with_suffix``, ``with_name``, ``with_stem``."""
    part = site.string(0, "suffix", "name", "stem")
    if part is None or site.receiver is None or not _is_path(site.receiver):
        return None

    def make(choice: list[Value]) -> Value:
        text = as_text(choice[0])
        if text is None:
            return site.program.unknown(site.node)
        head, slash, tail = text.text.rpartition("/")
        stem, suffix = splitext(tail)
        name = {"with_suffix": stem + part, "with_stem": part + suffix}.get(site.method, part)
        return at(site, head + slash + name, True)

    return Outcome([], lift(site.program, [site.receiver], make))


def _joinpath(site: CallSite) -> Outcome | None:
    if site.receiver is None:
        return None
    parts = [site.receiver, *site.arguments]
    return Outcome(
        [], lift(site.program, parts, lambda choice: join_path(site.program, site.node, choice))
    )


def _itself(site: CallSite) -> Outcome | None:
    if site.receiver is None or not _is_path(site.receiver):
        return None
    return Outcome([], site.receiver)


def _read(site: CallSite) -> Outcome | None:
    """``open(p).read()``, ``Path(p).read_text()``: what stands in the file."""
    receiver = site.receiver
    if isinstance(receiver, Contents):
        return Outcome([], receiver)
    if isinstance(receiver, Handle) and receiver.kind == "file" and receiver.text is not None:
        return Outcome([], Contents(receiver.text))
    if site.method in ("read_text", "read_bytes") and isinstance(receiver, Text | Alternatives):
        contents = [Contents(o.mapped) for o in options(receiver) if isinstance(o, Text)]
        return Outcome([], one_of(contents))
    return None


def _resource(site: CallSite) -> Outcome | None:
    """Flask's ``app.open_resource("schema.sql")``."""
    name = site.argument(0, "resource")
    text = as_text(options(name)[0]) if name is not None else None
    if text is None:
        return None
    return Outcome([], Handle("file", name=text.text, text=text.mapped))


VALUE_METHODS: dict[str, Handler] = {
    "open_resource": _resource,
    "open_instance_resource": _resource,
    "joinpath": _joinpath,
    "with_suffix": _suffixed,
    "with_name": _suffixed,
    "with_stem": _suffixed,
    "resolve": _itself,
    "absolute": _itself,
    "expanduser": _itself,
    "as_posix": _itself,
    "glob": _path_glob,
    "rglob": _path_glob,
    "iterdir": _iterdir,
    "mktemp": _joinpath,
    "read": _read,
    "read_text": _read,
    "read_bytes": _read,
    "readlines": _read,
}
