"""The cheap test that spares most files the parser: could there be an operation here at all?

It may say yes to anything and must never say no to a file that would give a finding.
Why that holds:

- The words are searched as substrings of the lowered bytes, without regard to where they
  stand; so comments, strings and line ends cannot hide one.
- **Python** cannot split an identifier. So the name of what deletes, connects or runs
  something stands in one piece, even if the SQL or the command handed to it is put
  together from parts. What looks names up at run time (``getattr``, ``exec``) is a word
  of its own. Python reads identifiers in NFKC (``os.ｒemove``), and non-ASCII look-alikes
  are not in the bytes: a file with compatibility letters is always parsed.
- **Shell** builds any word from pieces at run time (``r\\m``, ``"r"m``, ``$A$B``,
  ``{r,}m``, ``$'\\x72m'``). So a script is passed over only if it has neither ``$`` nor a
  backtick nor a brace, and none of the words after quotes, backslashes and continued
  lines are taken out.
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
    b"import_module", b"__import__", b"run(", b"call(", b"check_output", b"run_sync", b"runpy",
    b"sql", b"query", b"getoutput", b"startfile", b"pty", b"call_command", b"invoke", b"local(",
    b"sudo(", b"shell", b"import sh", b"from sh", b"command",
    # destroys by itself
    b"drop", b"delete", b"truncat", b"remove", b"unlink", b"rmtree", b"rmdir", b"flush", b"reset",
    b"wipe", b"purge", b"clear", b"destroy", b"update(", b"trash", b"create_all", b"create_table",
    b"downgrade", b"clean",
    # writes or moves files
    b"rename", b"replace", b"move", b"copy", b"write", b"open(", b"touch", b"truncate", b"dump",
    b"backup", b"restore", b"symlink", b"extract",
)  # fmt: skip

_SHELL = (
    # every program whose name may stand alone, without a variable anywhere
    b"rm", b"unlink", b"shred", b"truncate", b"find", b"xargs", b"dd", b"cp", b"mv", b"ln",
    b"rsync", b"install", b"tee", b">", b"sql", b"db", b"git", b"docker", b"podman", b"compose",
    b"kube", b"helm", b"manage", b"rails", b"rake", b"artisan", b"prisma", b"migrat", b"drop",
    b"delete", b"reset", b"flush", b"destroy", b"redis", b"mongo", b"eval", b"exec", b"source",
    b". ", b"sh", b"python", b"perl", b"ruby", b"node", b"php", b"trap", b"alias", b"terraform",
    b"aws", b"gcloud", b"az ", b"wipe", b"clean", b"prune", b"pg_", b"make", b"npx", b"knex",
    b"alembic", b"flask", b"data", b"restore", b"dump", b"unzip", b"tar", b"import", b"sync",
)  # fmt: skip

_SQL = (
    b"drop", b"truncate", b"delete", b"update", b"alter", b"rename", b"replace", b"exec",
    b"prepare", b"restore", b"attach", b"detach", b"purge", b"reset", b"flush", b"overwrite",
    b"merge", b"shutdown", b"create", b"insert", b"load", b"import", b"clear", b"perform", b"call",
    b"dblink", b"set ", b"pragma", b"use ", b"connect", b"begin", b"start",
    # client commands, inclusion, templates, hints that are code
    b"\\", b"\n.", b"@", b"source", b"{", b"%", b"/*!", b"${", b":r ", b"system", b"shell",
)  # fmt: skip

# Bytes a shell takes out of a word, and what ends the word of a continued line.
_SHELL_QUOTES = b"\\\"'"

# Lead bytes of UTF-8 for letters that NFKC turns into ASCII: fullwidth and mathematical
# letters, letterlike symbols, super- and subscripts, ligatures.
_COMPATIBILITY = (b"\xef\xbc", b"\xef\xbd", b"\xef\xac", b"\xf0\x9d", b"\xf0\x9f\x84",
    b"\xe2\x81", b"\xe2\x82", b"\xe2\x84", b"\xe2\x85", b"\xe2\x92", b"\xe2\x93", b"\xe1\xb4",
    b"\xe1\xb5", b"\xe1\xb6", b"\xca\xb0", b"\xc2\xaa", b"\xc2\xba", b"\xc5\xbf", b"\xca",
    b"\xcb", b"\xe2\xb1", b"\xea\x9f", b"\xe1\xba")  # fmt: skip


def may_have_operations(data: bytes, language: str) -> bool:
    """Say whether a file may hold an operation; False only if it certainly holds none.

    *data* is the whole file, undecoded. An unknown language gives True.
    """
    if not keeps_ascii(data, language):
        return True
    if language == "python":
        lowered = data.lower()
        if any(word in lowered for word in _PYTHON):
            return True
        return not data.isascii() and any(lead in data for lead in _COMPATIBILITY)
    if language == "shell":
        if b"$" in data or b"`" in data or b"{" in data:
            return True
        plain = data.replace(b"\\\r\n", b"").replace(b"\\\n", b"")
        plain = plain.translate(None, _SHELL_QUOTES).lower()
        return any(word in plain for word in _SHELL)
    if language == "sql":
        lowered = data.lower()
        return lowered.startswith(b".") or any(word in lowered for word in _SQL)
    return True
