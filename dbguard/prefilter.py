"""The cheap test that spares most files the parser: could there be an operation here at all?

It may say yes to anything and must never say no to a file that would give a finding.
Why that holds:

- **Python** is lowered from *marks* (:mod:`dbguard.languages.python.marks`): calls, under
  their own name or one given to them by ``import .. as`` or an assignment, of what the
  tables of :mod:`dbguard.languages.python.calls` know. Nothing outside of a marked
  expression is evaluated. The words here are those tables, written down by
  ``tools/prefilter_words.py`` so that asking costs no import, and a test holds them to it.
  Python cannot split an identifier: however the SQL or the command handed to a call is put
  together, the name of the call stands in one piece, and what calls by a name that is put
  together (``getattr``, ``exec``) is a word itself. So no word of the SQL is asked for.
  A function of a package needs the package's name too, unless something imports by a text.
- A function of another module of the project may be what calls them: then a text that tells
  what is lost stands in one piece where that is called, or nobody knows of it here.
- Python reads identifiers in NFKC (``os.ｒemove``): so does this.
- **Shell** builds any word from pieces at run time (``r\\m``, ``"r"m``, ``$A$B``,
  ``{r,}m``, ``$'\\x72m'``), and its whole text is commands: scripts are always parsed.
- **SQL** cannot split a keyword either (``DROP/**/TABLE`` has both whole); what executes a
  string put together at run time is a word of its own, and so is a template's expression.
- A file in an encoding that does not keep ASCII (UTF-16, UTF-7) is always parsed.

What the project's databases are is not asked here: :mod:`dbguard.usage` looks at every
file for that.
"""

from __future__ import annotations

from dbguard.handed_down import hands_down
from dbguard.prefilter_words import FUNCTIONS, HANDED_ON, METHODS

_SPEAKS_TO_US = b"dbguard:"
_IMPORTS_BY_TEXT = frozenset({b"__import__", b"import_module"})

_SQL = (
    b"drop", b"truncate", b"delete", b"update", b"alter", b"rename", b"replace", b"exec",
    b"prepare", b"restore", b"attach", b"detach", b"purge", b"reset", b"flush", b"overwrite",
    b"merge", b"shutdown", b"create", b"insert", b"load", b"import", b"clear", b"perform", b"call",
    b"dblink", b"set ", b"pragma", b"use ", b"connect", b"begin", b"start",
    # client commands, inclusion, templates, hints that are code
    b"\\", b"\n.", b"@", b"source", b"{", b"%", b"/*!", b"${", b":r ", b"system", b"shell",
)  # fmt: skip

_BETWEEN_WORDS = bytes(
    byte if byte == ord("_") or byte >= 0x80 or chr(byte).isalnum() else ord(" ")
    for byte in range(256)
)
_BEHIND_WORD = b" \t\r\n\f#(\\"
_ENDS_LINE = b"\r\n#\f\\"
_DOTTED_NAME = b"._0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_WORDS = METHODS.union(FUNCTIONS)
# One of these is in whatever a call hands down: without it nothing more is looked for.
_TOLD = frozenset(
    spelled
    for word in (
        b"drop",
        b"truncate",
        b"delete",
        b"flushall",
        b"dropdb",
        b"rm",
        b"down",
        b"db",
        b"sqlite",
        b"sqlite3",
        b"duckdb",
    )
    for spelled in (word, word.upper(), word.capitalize())
)
_ASKED = _WORDS.union(_IMPORTS_BY_TEXT, HANDED_ON, _TOLD, *FUNCTIONS.values())


# What tells that a YAML file is a Kubernetes object, an Ansible play or its tasks. Other
# YAML that lies beside them is not parsed.
_MANIFEST = (
    b"apiVersion", b"hosts:", b"tasks:", b"shell:", b"command:", b"file:", b"_db:", b"_query:",
    b"script:", b".shell", b".command", b".file", b"absent", b"flush", b"truncate",
)  # fmt: skip


# A host in one of these has nothing to be run without one of the words. Settings are files
# that are read only for the databases they name.
_NEEDED: dict[str, tuple[bytes, ...]] = {
    "markdown": (b"```", b"~~~"),
    "package_json": (b"scripts",),
    "composer_json": (b"scripts",),
    "notebook": (b"cells",),
    "editor_json": (b"ommand",),
    "pyproject_toml": (b"poe", b"pdm", b"hatch", b"taskipy", b"rye"),
    "terraform": (b"resource",),
    "settings": (),
}


def may_have_operations(data: bytes, language: str) -> bool:
    """Say whether a file may hold an operation; False only if it certainly holds none.

    *data* is the whole file, undecoded. A language that nothing is known of gives True,
    and so does a comment that speaks to dbguard: that it suppresses nothing is a finding.
    """
    if _SPEAKS_TO_US in data:
        return True
    if language == "python":
        return _may_change_encoding(data, language) or _python(data)
    if language == "sql":
        if _may_change_encoding(data, language):
            return True
        lowered = data.lower()
        return lowered.startswith(b".") or any(word in lowered for word in _SQL)
    if language == "manifest":
        return any(word in data for word in _MANIFEST)
    if language in _NEEDED and not _may_change_encoding(data, language):
        return any(word in data for word in _NEEDED[language])
    return True


def _may_change_encoding(data: bytes, language: str) -> bool:
    if data[:1] not in b"\xff\xfe\0" and b"coding" not in data[:4096]:
        return False
    # Imported here: a file without a hit needs it as a rule for nothing.
    from dbguard.reading import keeps_ascii

    return not keeps_ascii(data, language)


def _python(data: bytes) -> bool:
    if not data.isascii():
        from unicodedata import normalize

        data = normalize("NFKC", data.decode("utf-8", "replace")).encode("utf-8")
    # One walk over the words of the file; what follows is about those few that are asked for.
    present = _ASKED.intersection(data.translate(_BETWEEN_WORDS).split())
    if _WORDS.isdisjoint(present):
        return _hands_down(data, present)
    loose = not _IMPORTS_BY_TEXT.isdisjoint(present)
    if any(
        _is_used(word, data)
        for word in _WORDS & present
        if loose or word in METHODS or not present.isdisjoint(FUNCTIONS[word])
    ):
        return True
    from dbguard.languages.python_contexts import handed_on

    return bool(handed_on(data, present)) or _hands_down(data, present)


def _hands_down(data: bytes, present: frozenset[bytes]) -> bool:
    return not _TOLD.isdisjoint(present) and hands_down(data)


def _is_used(word: bytes, data: bytes) -> bool:
    """Say whether a word is called somewhere, or gets another name there."""
    from dbguard.languages.python_contexts import fits

    at = data.find(word)
    while at >= 0:
        end = at + len(word)
        if data[end : end + 1] in _BEHIND_WORD:
            # "(", "as name", or the end of a line: that of an assignment, perhaps.
            following = data[end : end + 200].replace(b"\\\r\n", b" ").replace(b"\\\n", b" ")
            following = following.lstrip(b" \t\f")
            if following[:1] == b"(":
                if fits(word, data, at, data.index(b"(", end) + 1):
                    return True
            elif following[:1] in _ENDS_LINE:
                if _is_assigned(data, at) or following.lstrip()[:2] == b"as":
                    return True
            elif following[:2] == b"as":
                return True
        at = data.find(word, at + 1)
    return False


def _is_assigned(data: bytes, at: int) -> bool:
    """Say whether what stands before a word at the end of a line may be ``name = a.b.``."""
    before = data[max(0, at - 300) : at].rstrip(_DOTTED_NAME).rstrip()
    return not before or before.endswith((b"=", b"\\"))
