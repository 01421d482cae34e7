"""The cheap test that spares most files the parser: could there be an operation here at all?

It may say yes to anything and must never say no to a file that would give a finding.
Why that holds:

- The words are searched as substrings of the lowered bytes, without regard to where they
  stand; so comments, strings and line ends cannot hide one.
- **Python** cannot split an identifier. So the name of what deletes, connects or runs
  something stands in one piece, even if the SQL or the command handed to it is put
  together from parts. What looks names up at run time (``getattr``, ``exec``) is a word
  of its own. Python reads identifiers in NFKC (``os.ｒemove``): so does this.
- **Shell** builds any word from pieces at run time (``r\\m``, ``"r"m``, ``$A$B``,
  ``{r,}m``, ``$'\\x72m'``), and its whole text is commands: scripts are always parsed.
- **SQL** cannot split a keyword either (``DROP/**/TABLE`` has both whole); what executes a
  string put together at run time is a word of its own, and so is a template's expression.

- A file in an encoding that does not keep ASCII (UTF-16, UTF-7) is always parsed.

What the project's databases are is not asked here: :mod:`dbguard.usage` looks at every
file for that.
"""

from __future__ import annotations

from dbguard.reading import keeps_ascii

_PYTHON = (
    # runs SQL, commands or code
    b"execut", b"system", b"popen", b"subprocess", b"spawn", b"exec", b"eval", b"getattr",
    b"import_module", b"__import__", b"run", b"call", b"check_output", b"run_sync", b"runpy",
    b"sql", b"query", b"getoutput", b"startfile", b"pty", b"invoke", b"local",
    b"sudo", b"shell", b"import sh", b"from sh", b"command",
    # destroys by itself
    b"drop", b"delete", b"truncat", b"remove", b"unlink", b"rmtree", b"rmdir", b"flush", b"reset",
    b"wipe", b"purge", b"clear", b"destroy", b"update(", b"trash", b"create_all", b"create_table",
    b"downgrade", b"clean",
    # writes or moves files
    b"rename", b"replace", b"move", b"copy", b"write", b"open(", b"touch", b"truncate", b"dump",
    b"backup", b"restore", b"symlink", b"extract",
)  # fmt: skip

_SQL = (
    b"drop", b"truncate", b"delete", b"update", b"alter", b"rename", b"replace", b"exec",
    b"prepare", b"restore", b"attach", b"detach", b"purge", b"reset", b"flush", b"overwrite",
    b"merge", b"shutdown", b"create", b"insert", b"load", b"import", b"clear", b"perform", b"call",
    b"dblink", b"set ", b"pragma", b"use ", b"connect", b"begin", b"start",
    # client commands, inclusion, templates, hints that are code
    b"\\", b"\n.", b"@", b"source", b"{", b"%", b"/*!", b"${", b":r ", b"system", b"shell",
)  # fmt: skip


def may_have_operations(data: bytes, language: str) -> bool:
    """Say whether a file may hold an operation; False only if it certainly holds none.

    *data* is the whole file, undecoded. Any other language than Python and SQL gives True.
    """
    if not keeps_ascii(data, language):
        return True
    if language == "python":
        lowered = data.lower()
        if any(word in lowered for word in _PYTHON):
            return True
        return not data.isascii() and _has_compatible_letters(data)
    if language == "sql":
        lowered = data.lower()
        return lowered.startswith(b".") or any(word in lowered for word in _SQL)
    return True


def _has_compatible_letters(data: bytes) -> bool:
    """Say whether a word appears once identifiers are read as Python reads them (NFKC)."""
    from unicodedata import normalize

    text = normalize("NFKC", data.decode("utf-8", "replace"))
    lowered = text.encode("utf-8").lower()
    return any(word in lowered for word in _PYTHON)
