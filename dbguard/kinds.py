"""Which language a file is in: by its name, by its shebang.

A kind of file that carries another language (a workflow, a Makefile) is one more entry
of these tables, with the name of its module in :mod:`dbguard.hosts` as its language.
"""

from __future__ import annotations

import stat


class FileKind:
    """``language`` is "python", "shell" or "sql"; ``dialect`` its flavour, '' unknown.

    A plain class, for this module is loaded before a file has a hit, where importing
    ``dataclasses`` and ``re`` would take longer than all the rest.
    """

    __slots__ = ("dialect", "language")

    def __init__(self, language: str, dialect: str = "") -> None:
        self.language = language
        self.dialect = dialect

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FileKind):
            return NotImplemented
        return (self.language, self.dialect) == (other.language, other.dialect)

    def __hash__(self) -> int:
        return hash((self.language, self.dialect))

    def __repr__(self) -> str:
        return f"FileKind({self.language!r}, {self.dialect!r})"


_PYTHON = FileKind("python")
_SH = FileKind("shell", "sh")
_BASH = FileKind("shell", "bash")
_ZSH = FileKind("shell", "zsh")
_KSH = FileKind("shell", "ksh")
_SQL = FileKind("sql")
_POSTGRESQL = FileKind("sql", "postgresql")
_MYSQL = FileKind("sql", "mysql")
_SQLITE = FileKind("sql", "sqlite")
_TSQL = FileKind("sql", "tsql")
_ORACLE = FileKind("sql", "oracle")
_DOCKERFILE = FileKind("dockerfile")
_MAKEFILE = FileKind("makefile")
_JUSTFILE = FileKind("justfile")
_JENKINSFILE = FileKind("jenkinsfile")
_PROCFILE = FileKind("procfile")
_MARKDOWN = FileKind("markdown")
_TERRAFORM = FileKind("terraform")
_SETTINGS = FileKind("settings")

_SUFFIXES = {
    "py": _PYTHON,
    "pyw": _PYTHON,
    "sh": FileKind("shell"),
    "ash": _SH,
    "dash": _SH,
    "bash": _BASH,
    "bats": _BASH,
    "ebuild": _BASH,
    "eclass": _BASH,
    "command": FileKind("shell"),
    "ksh": _KSH,
    "mksh": _KSH,
    "zsh": _ZSH,
    "envrc": _BASH,
    # maintainer scripts of Debian packages, debian/<package>.postinst
    "preinst": _SH,
    "postinst": _SH,
    "prerm": _SH,
    "postrm": _SH,
    "sql": _SQL,
    "ddl": _SQL,
    "dml": _SQL,
    "psql": _POSTGRESQL,
    "pgsql": _POSTGRESQL,
    "plpgsql": _POSTGRESQL,
    "mysql": _MYSQL,
    "tsql": _TSQL,
    "plsql": _ORACLE,
    "pls": _ORACLE,
    "pkb": _ORACLE,
    "pks": _ORACLE,
    "dockerfile": _DOCKERFILE,
    "containerfile": _DOCKERFILE,
    "mk": _MAKEFILE,
    "mak": _MAKEFILE,
    "just": _JUSTFILE,
    "jenkinsfile": _JENKINSFILE,
    "ipynb": FileKind("notebook"),
    "prisma": _SETTINGS,
    "tf": _TERRAFORM,
    "tofu": _TERRAFORM,
    "hcl": _TERRAFORM,
    "service": FileKind("systemd"),
    "crontab": FileKind("crontab"),
    "md": _MARKDOWN,
    "markdown": _MARKDOWN,
    "mdx": _MARKDOWN,
    "mdc": _MARKDOWN,
}

_NAMES = {
    ".envrc": _BASH,
    ".bashrc": _BASH,
    ".bash_profile": _BASH,
    ".bash_login": _BASH,
    ".bash_logout": _BASH,
    ".bash_aliases": _BASH,
    ".profile": _SH,
    ".kshrc": _KSH,
    ".zshrc": _ZSH,
    ".zshenv": _ZSH,
    ".zprofile": _ZSH,
    ".zlogin": _ZSH,
    "PKGBUILD": _BASH,
    "APKBUILD": _SH,
    "preinst": _SH,
    "postinst": _SH,
    "prerm": _SH,
    "postrm": _SH,
    "Dockerfile": _DOCKERFILE,
    "Containerfile": _DOCKERFILE,
    "Makefile": _MAKEFILE,
    "makefile": _MAKEFILE,
    "GNUmakefile": _MAKEFILE,
    "Justfile": _JUSTFILE,
    "justfile": _JUSTFILE,
    ".justfile": _JUSTFILE,
    "Jenkinsfile": _JENKINSFILE,
    "Procfile": _PROCFILE,
    "Vagrantfile": FileKind("vagrantfile"),
    "crontab": FileKind("crontab"),
    "package.json": FileKind("package_json"),
    "composer.json": FileKind("composer_json"),
    "pyproject.toml": FileKind("pyproject_toml"),
    "tox.ini": FileKind("tox_ini"),
    ".cursorrules": _MARKDOWN,
    ".windsurfrules": _MARKDOWN,
    ".clinerules": _MARKDOWN,
    ".roorules": _MARKDOWN,
    ".goosehints": _MARKDOWN,
    ".env": _SETTINGS,
    "alembic.ini": _SETTINGS,
    "setup.cfg": _SETTINGS,
}

# Files of editors and agents that say what they run.
_EDITORS = (
    "devcontainer.json",
    ".vscode/tasks.json",
    ".claude/settings.json",
    ".claude/settings.local.json",
)

# Names that may go on: Dockerfile.dev, Makefile-common, .env.production.
_STEMS = frozenset(
    {"Dockerfile", "Containerfile", "Makefile", "GNUmakefile", "Procfile", "Jenkinsfile", ".env"}
)

_STEM_INITIALS = frozenset(stem[0] for stem in _STEMS)

# What a migration is for stands after its suffix: 05_rooms.sql.postgres.
_DIALECTS = {
    "sqlite": _SQLITE,
    "sqlite3": _SQLITE,
    "postgres": _POSTGRESQL,
    "postgresql": _POSTGRESQL,
    "pg": _POSTGRESQL,
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
}

# A template is in the language it makes; its placeholders are holes.
_TEMPLATES = frozenset({"j2", "jinja", "jinja2", "in", "tmpl", "tpl", "erb", "template"})

_INTERPRETERS = {
    "python": _PYTHON,
    "pythonw": _PYTHON,
    "pypy": _PYTHON,
    "sh": _SH,
    "ash": _SH,
    "dash": _SH,
    "openrc-run": _SH,
    "runscript": _SH,
    "bash": _BASH,
    "rbash": _BASH,
    "bats": _BASH,
    "ksh": _KSH,
    "mksh": _KSH,
    "ksh93": _KSH,
    "zsh": _ZSH,
    "psql": _POSTGRESQL,
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "sqlite3": _SQLITE,
    "sqlite": _SQLITE,
    "sqlplus": _ORACLE,
    "sqlcmd": _TSQL,
    "make": _MAKEFILE,
    "gmake": _MAKEFILE,
    "just": _JUSTFILE,
}

# Programs that run what follows them, with the options of theirs that take a value.
_LAUNCHERS = {
    "env": frozenset({"-u", "-C", "--unset", "--chdir"}),
    "sudo": frozenset({"-u", "-g", "-C", "-D", "--user", "--group"}),
    "doas": frozenset({"-u"}),
    "busybox": frozenset[str](),
    "toybox": frozenset[str](),
    "with-contenv": frozenset[str](),
    "nice": frozenset({"-n"}),
    "time": frozenset[str](),
    "exec": frozenset[str](),
}

SHEBANG_LENGTH = 512  # bytes that decide; Linux reads 256 of them (BINPRM_BUF_SIZE)


def kind_of_path(path: str) -> FileKind | None:
    """Return the kind a path (with ``/``, from the root of the project) tells, or None."""
    name = path.rpartition("/")[2]
    if name.endswith(".py") and len(name) > 3:
        return _PYTHON  # as most files of a tree that are of a kind at all
    kind = kind_of_name(name)
    if kind is None and "cron.d/" in path and "." not in path.rpartition("/")[2]:
        return FileKind("crontab")
    if path.endswith(_EDITORS):
        return FileKind("editor_json")
    if kind is not None or not path.lower().endswith((".yml", ".yaml")):
        return kind
    # Imported here, like all that a named file without a hit does not need (see FileKind).
    from dbguard.hosts.paths import host_of_path

    host = host_of_path(path)
    return FileKind(host) if host else None


def kind_of_name(name: str) -> FileKind | None:
    """Return the kind a file's name (without folders) tells, None where it tells none."""
    known = _NAMES.get(name)
    if known is not None:
        return known
    stem, dot, suffix = name.rpartition(".")
    suffix = suffix.lower()
    if not dot or not stem:
        return _kind_of_stem(name)
    if suffix in _DIALECTS and stem.lower().endswith(".sql") and len(stem) > len(".sql"):
        return _DIALECTS[suffix]
    if suffix in _TEMPLATES:
        inner = stem.rpartition(".")[2].lower() if "." in stem else ""
        kind = _SUFFIXES.get(inner) or _kind_of_stem(name)
        return kind if kind is not None and kind.language != "python" else None
    return _SUFFIXES.get(suffix) or _kind_of_stem(name)


def _kind_of_stem(name: str) -> FileKind | None:
    if name[:1] not in _STEM_INITIALS:
        return None
    for mark in ".-_":
        stem, found, _ = name[1:].partition(mark)
        if found and name[0] + stem in _STEMS:
            return _NAMES[name[0] + stem]
    return None


def may_have_shebang(name: str, mode: int) -> bool:
    """Say whether it is worth looking into a file whose name tells no kind.

    A name without a suffix is; so is any executable file. The mode does not matter for
    the former: a script of mode 644 is run as ``sh script``.
    """
    return "." not in name.lstrip(".") or bool(mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH))


def kind_of_shebang(head: bytes) -> FileKind | None:
    """Return the kind the first line of a file tells; *head* is how the file begins."""
    head = head.removeprefix(b"\xef\xbb\xbf")
    if not head.startswith(b"#!"):
        return None
    line = head[2:].splitlines()[0] if len(head) > 2 else b""
    words = line.decode("latin-1").split()
    while words:
        program = _program(words[0])
        if program in ("nix-shell", "nix"):
            return _of_nix(head)
        if program in ("uv", "pipx", "poetry", "pdm", "hatch") and "run" in words:
            return _PYTHON
        if program not in _LAUNCHERS:
            return _INTERPRETERS.get(program)
        words = _launched(_LAUNCHERS[program], words[1:])
    return None


def _launched(with_value: frozenset[str], words: list[str]) -> list[str]:
    """Return the command that a launcher with these arguments runs, [] for none."""
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in with_value:
            del rest[:1]
        elif word.startswith("-S") and len(word) > 2:
            rest.insert(0, word[2:])
        elif word.startswith("--split-string="):
            rest.insert(0, word.partition("=")[2])
        elif not word.startswith("-") and "=" not in word:
            return [word, *rest]
    return []


def _program(word: str) -> str:
    """Return the name of a program without folder and version: "python3.11" is "python"."""
    name = word.replace("\\", "/").rpartition("/")[2].removesuffix(".exe")
    if name in _INTERPRETERS:
        return name
    import re

    return re.sub(r"[\d.]+[a-z]?$", "", name).rstrip("-")


def _of_nix(head: bytes) -> FileKind | None:
    import re

    match = re.search(rb"^#!\s*nix-shell\b.*?\s-i\s*(\S+)", head, re.MULTILINE)
    return _INTERPRETERS.get(_program(match[1].decode("latin-1"))) if match else None
