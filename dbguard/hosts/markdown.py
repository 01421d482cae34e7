"""Markdown: the fenced code blocks of documents and of instructions for agents.

Shell, SQL and Python in a fence are each a flow of their own: a reader runs them one by
one, so a block is no evidence for the next. What is shown as a thing not to do (after a line
with "never" or a cross, below such a comment in the block) is not told to anybody and is left
out. Inline code is left out too: a sentence around it may say anything.
https://spec.commonmark.org/0.31.2/#fenced-code-blocks
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dbguard.flow import Embed, Flow, Lowered, Sequence
from dbguard.patterns import regex
from dbguard.source import Comment, Mapped, Region, Transcript, hole

_FENCE = regex(
    r"(?P<indent>(?:[ \t]|>|[-*+][ \t]|\d{1,9}[.)][ \t])*)(?P<fence>`{3,}|~{3,})"
    r"[ \t]*\{?\.?(?P<language>[\w+#-]*)(?P<rest>[^`\n]*)$"
)
_LANGUAGES = {
    **dict.fromkeys(("sh", "bash", "shell", "zsh", "ksh", "console", "terminal", "bashsession",
                     "shell-session", "shellsession", "sh-session"), ("shell", "bash")),
    **dict.fromkeys(("sql", "tsql", "plsql"), ("sql", "")),
    **dict.fromkeys(("postgresql", "postgres", "psql", "pgsql"), ("sql", "postgresql")),
    "mysql": ("sql", "mysql"),
    "sqlite": ("sql", "sqlite"),
    **dict.fromkeys(("python", "py", "python3", "pycon"), ("python", "")),
    "dockerfile": ("dockerfile", ""),
    "makefile": ("makefile", ""),
}  # fmt: skip
_BLOCK = regex(
    r"(?:\s*<!--[\s\S]{0,2000}?-->)*\s*(?P<block>[ \t>]*(?P<fence>`{3,}|~{3,})[\s\S]*?(?:\n[ \t>]*(?P=fence)|\Z))"
)
_PROMPT = regex(
    r"[ \t]*(?:(?:\[?[\w.-]+@[\w.-]+[^$%#\n]{0,60}|[\w./~-]+:[^$%#\s]{0,60})[$%#]"
    r"|(?:\([\w.-]+\)[ \t]*)?(?:[$%]|\$>))[ \t]+"
)
_ROOT_PROMPT = regex(r"[ \t]*#[ \t]+")
_SESSIONS = ("console", "terminal", "session")
_SQL_PROMPT = regex(
    r"[ \t]*(?:(?P<postgresql>\w[\w.-]{0,62}[=(*'\"$^!-][*!?]?[#>])|(?P<sqlite>sqlite>|\.\.\.>)"
    r"|(?P<mysql>mysql>|MariaDB[ ]\[[^\]\n]{1,64}\]>|->))(?:[ \t]+|$)"
)
_PYTHON_PROMPT = regex(r"[ \t]*(?:>>>|\.\.\.)(?: |$)")
_PLACEHOLDER = regex(r"<([A-Za-z][\w .:/-]{0,60})>")
_WARNS = regex(
    r"\b(?:never|do\s+not|don['\u2019]?t|avoid|wrong|bad|forbidden|prohibited|must\s+not|should\s+not"
    r"|not\s+allowed|disallowed|dangerous|anti-?pattern|instead\s+of)\b|\u274c|\U0001f6ab|\u26d4|\u2717|\u2718",
    re.IGNORECASE,
)
_COMMENT = regex(r"[ \t]*(?:#|--)[ \t]*\S")
# What a block of commands without a language begins its lines with. Programs that say much
# and destroy nothing are here so that a block is known for what it is.
_COMMAND = regex(
    r"(?:sudo[ \t]+(?:-\w+[ \t]+)*)?(?:\w+=\S*[ \t]+)*(?:docker(?:-compose)?|podman(?:-compose)?|kubectl|helm"
    r"|terraform|rm|cp|mv|cd|mkdir|echo|export|source|git|make|just|task|curl|wget|systemctl|service"
    r"|psql|pg_dump|pg_restore|dropdb|createdb|mysql|mysqldump|mysqladmin|sqlite3|redis-cli|mongosh?"
    r"|npm|npx|yarn|pnpm|bun|node|bundle|rails|rake|(?:\./)?bin/\w+|php|composer|python[\d.]*|pip[\d.]*"
    r"|uv|poetry|pipenv|flask|django-admin|alembic|prisma|supabase|mix|dotnet|go|cargo|apt(?:-get)?)"
    r"(?:[ \t]+[\w./$\"'{<-]|[ \t]*$)"
)


def lower(region: Region) -> Lowered:
    """Return a flow for each block of code that a reader is told to run."""
    flows: list[Flow] = []
    commented = _comments(region.text)
    before = ""
    inside: re.Match[str] | None = None
    lines: list[tuple[int, int]] = []
    start = 0
    for number, line in enumerate(region.text.split("\n"), 1):
        end = start + len(line)
        if inside is None:
            fence = _FENCE.match(line)
            if fence and not any(low <= start < high for low, high in commented):
                inside, lines = fence, []
            elif line.strip():
                before = line
        elif _closes(line, inside["fence"]):
            flows += _block(region, inside, lines, before, number)
            inside, before = None, ""
        else:
            lines.append((start, end))
        start = end + 1
    if inside is not None:
        flows += _block(region, inside, lines, before, 0)
    return Lowered(tuple(flows))


def comments(region: Region) -> Iterator[Comment]:
    """Yield the comments of HTML that speak to dbguard, each with the block below it."""
    for start, end in _comments(region.text):
        text = region.text[start : end + 3]
        if "dbguard:" not in text:
            continue
        below = _BLOCK.match(region.text, end + 3)
        span = region.span(start, end + 3)
        following = region.span(*below.span("block")) if below is not None else None
        yield Comment(region.file, span, text, span, following)


def _closes(line: str, fence: str) -> bool:
    bare = line.strip(" \t>")
    return len(bare) >= len(fence) and bare.startswith(fence) and not bare.strip(fence[0])


def _comments(text: str) -> list[tuple[int, int]]:
    """Return where comments of HTML stand."""
    found, at = [], 0
    while (start := text.find("<!--", at)) >= 0:
        end = text.find("-->", start + 4)
        if end < 0:
            break
        found.append((start, end))
        at = end
    return found[:1_000]


def _block(
    region: Region, fence: re.Match[str], lines: list[tuple[int, int]], before: str, number: int
) -> list[Flow]:
    language, dialect = _LANGUAGES.get(fence["language"].lower(), ("", ""))
    unnamed = not fence["language"] and not fence["rest"].strip()
    if not (language or unnamed) or not lines or _WARNS.search(before):
        return []
    indent = len(fence["indent"].expandtabs(4))
    quoted = ">" in fence["indent"]
    shown = [_inner(region.text, line, indent, quoted) for line in lines]
    if unnamed:
        if not _is_commands([region.text[start:end] for start, end in shown]):
            return []
        language, dialect = "shell", "bash"
    shown = _told(region.text, shown)
    flows = []
    if language in ("shell", "sql"):
        in_session = fence["language"].lower().endswith(_SESSIONS)
        statements, shown, prompt = _queries(region.text, shown, in_session=in_session)
        if statements:
            flows = _flow(region, statements, "sql", prompt, f"queries of block {number}")
    if language == "shell":
        shown = _prompted(region.text, shown, fence["language"].lower())
    elif language == "python" and any(_PYTHON_PROMPT.match(region.text[a:b]) for a, b in shown):
        shown = _without_python_prompts(region.text, shown)
    return flows + _flow(region, shown, language, dialect, f"block {number}")


def _is_commands(lines: list[str]) -> bool:
    """Say whether a block that names no language is commands, every line of it.

    Where a line has a prompt, those without one are output, and the block is a session.
    """
    prompts = (_PROMPT.match(line) for line in lines)
    if any(prompt and _COMMAND.match(prompt.string[prompt.end() :]) for prompt in prompts):
        return True
    goes_on, commands = False, 0
    for line in lines:
        bare = line.strip()
        if not goes_on and bare and not bare.startswith("#"):
            if not _COMMAND.match(bare):
                return False
            commands += 1
        goes_on = bare.endswith(("\\", "&&", "||", "|"))
    return commands > 0


def _flow(
    region: Region, lines: list[tuple[int, int]], language: str, dialect: str, name: str
) -> list[Flow]:
    parts = [_line(region, line, placeholders=language == "shell") for line in lines]
    content = Mapped.join(parts)
    if not content.text.strip():
        return []
    inner = region.embed(language, content, "block of a document", dialect=dialect)
    return [Flow(name, Sequence((Embed(inner, content.span),)))]


def _inner(text: str, line: tuple[int, int], indent: int, quoted: bool) -> tuple[int, int]:
    """Return a line without the indentation and the quote marks that its fence has too."""
    start, end = line
    limit = min(end, start + indent)
    while start < limit and (text[start] in " \t" or (quoted and text[start] == ">")):
        start += 1
    return start, end


def _told(text: str, lines: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Leave out what a comment in the block shows as a thing not to do."""
    kept, warned = [], False
    for start, end in lines:
        line = text[start:end]
        if _COMMENT.match(line) and not _PROMPT.match(line):
            warned = _WARNS.search(line) is not None
        elif not line.strip():
            warned = False
        kept.append((end, end) if warned or _says_not_to(line) else (start, end))
    return kept


def _says_not_to(line: str) -> bool:
    comment = re.search(r"(?:#|--)[ \t](.*)$", line)
    return comment is not None and _WARNS.search(comment[1]) is not None


_Lines = list[tuple[int, int]]


def _queries(text: str, lines: _Lines, *, in_session: bool) -> tuple[_Lines, _Lines, str]:
    """Return what stands behind prompts of database clients, the other lines, the dialect.

    Where no shell has a prompt too, what else there is is the client's output.
    """
    queries, others, dialect = [], [], ""
    for start, end in lines:
        match = _SQL_PROMPT.match(text, start, end)
        if match is None:
            others.append((start, end))
        else:
            queries.append((match.end(), end))
            dialect = dialect or match.lastgroup or ""
    if not queries:
        return [], lines, ""
    in_shell = any(
        _PROMPT.match(text, *line) or (in_session and _ROOT_PROMPT.match(text, *line))
        for line in others
    )
    return queries, others if in_shell else [], dialect


def _prompted(text: str, lines: _Lines, language: str) -> _Lines:
    """Return the commands of a session; what is not behind a prompt is output.

    A lone ``#`` is the prompt of root in a session, where no other prompt makes it a comment,
    and where nothing but commands stands behind it: comments would have something below them.
    """
    prompt = _PROMPT
    in_session = language.endswith(_SESSIONS) or _is_of_root(text, lines)
    if not any(prompt.match(text, *line) for line in lines):
        if not in_session or not any(_ROOT_PROMPT.match(text, *line) for line in lines):
            return [] if language.endswith("session") else lines
        prompt = _ROOT_PROMPT
    kept, goes_on = [], False
    for start, end in lines:
        match = prompt.match(text, start, end)
        if match or goes_on:
            begin = match.end() if match else start
            kept.append((begin, end))
            goes_on = text[begin:end].rstrip().endswith("\\")
    return kept


def _is_of_root(text: str, lines: _Lines) -> bool:
    """Say whether every line that is not blank is a known command behind a ``#``."""
    behind = [
        match and text[match.end() : end]
        for start, end in lines
        if text[start:end].strip()
        for match in (_ROOT_PROMPT.match(text, start, end),)
    ]
    return bool(behind) and all(line and _COMMAND.match(line) for line in behind)


def _without_python_prompts(text: str, lines: list[tuple[int, int]]) -> list[tuple[int, int]]:
    matches = [(_PYTHON_PROMPT.match(text, start, end), end) for start, end in lines]
    return [(match.end(), end) for match, end in matches if match]


def _line(region: Region, line: tuple[int, int], *, placeholders: bool) -> Mapped:
    """Return a line with its end; ``<name>`` in a command is something to be filled in."""
    start, end = line
    transcript, at = Transcript(), start
    if placeholders:
        for match in _PLACEHOLDER.finditer(region.text, start, end):
            transcript.mapped(region.slice(at, match.start()))
            place = region.span(match.start(), match.end())
            transcript.inexact(hole(match[1]), place.start, place.end - place.start)
            at = match.end()
    transcript.mapped(region.slice(at, end))
    place = region.span(end, end)
    transcript.inexact("\n", place.start, 0)
    return transcript.build()
