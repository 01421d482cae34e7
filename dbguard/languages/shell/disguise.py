r"""A shell text as tree-sitter-bash can read it: some marks are disguised, none is moved.

The parser loses its way, sometimes to the end of the file, at operators in the default of a
parameter or in what is cut off it (``"${TAGS:-a;b}"``, ``${x%%]*}``), at a ``$`` that expands
nothing (``s/.md$//``), at a quoted ``#`` in a pattern (``*"#"*``), at ``8<>file``, at
``!</dev/tcp/host/port``, at a command that braces make (``{rm,-f,x}``), at a ``for`` whose
``in`` stands on the next line, at a comment in backticks, at ``0x${x}``, at ``{fd}>file``, at a
computed place in a cut (``${x:i%${#x}:1}``, ``${x:$i}``), at an escape behind a variable in a
default (``${x:+$x\n}``), at the pattern that ends a condition in parentheses, and at the
flags of zsh. Words are expanded from the true text, so it is only the tree that sees the
disguise; every place stays the same.
"""

from __future__ import annotations

import re

from dbguard.patterns import regex

_OPERATOR = regex(r"[;&|<>()#\]]")
_DEFAULT = regex(
    r"\$\{!?\w{1,80}(?:\[[^\]\n]{0,40}\])?(?::?[-=+?]|%%?|##?)"
    r"(?P<word>(?:[^{}$`'\"\\\n;&|<>()#\]]|\$\w|\$\{\w+\}){0,400}[;&|<>()#\]]"
    r"(?:[^{}$`'\"\\\n]|\$\w|\$\{\w+\}){0,400})\}"
)
_QUOTED_HASH = regex(r"(?<=\*['\"])#(?=['\"])")
_NOT_READABLE = regex(r"(?<=[ \t])!(?=<[ \t]*/dev/)")
_READ_AND_WRITE = regex(r"(?<=\d)<>")
_BARE_DOLLAR = regex(r"(?<=[^\s\\$'\"])\$(?=[/|]|[ \t]*\))")
_BRACED_COMMAND = regex(
    r"(?m)(?:^|[;&|(]|\b(?:then|do|else)\b)[ \t]*(?P<word>\{[^\s{}()<>;&|`'\"]{0,200},[^\s{}()<>;&|`'\"]{0,200}\})"
)
_IN_BELOW = regex(r"\bfor[ \t]+\w+[ \t]*(?P<break>\r?\n)(?=[ \t]*in\b)")
_COMMENT_ALONE = regex(r"(?<=`)[ \t]*#[^`\n]*(?=`)")
_WORD_BEFORE_COMMAND = regex(r"(?<=[-=+?])[\w./-]{1,80}(?=`[^`\n]*`\})")
_BASE = regex(r"(?<=[(=+*/ -])(?:0[xX]|\d{1,2}#)(?=\$)")
_DESCRIPTOR = regex(r"(?<=[ \t;])\{[A-Za-z_]\w{0,40}\}(?=[<>])")
_QUOTED_SLASH = regex(r"(?<=/)(?:'/+'|\"/+\")(?=/)")
_COMPUTED_PLACE = regex(
    r"(?<=\$\{)(?P<name>\w{1,80}:)(?P<place>(?![-=+?])[^{}`\n]{0,80}\$\{#\w{1,80}\}[^{}`\n:]{0,80})"
)
_PLACE_IN_VARIABLE = regex(
    r"(?<=\$\{)(?P<name>\w{1,80}(?:\[[^\]\n]{1,40}\])?:)(?P<place>\$\w{1,80})(?=[:}])"
)
_ESCAPES_IN_DEFAULT = regex(
    r"(?P<name>\$\{\w{1,80}:?[-=+?])(?P<word>(?:[^{}$`'\"\\\n]|\$\w|\$\{\w{1,80}\}|\\[^\n]){1,400})(?=\})"
)
_ESCAPE = regex(r"\\.")
_PATTERN_IN_PARENTHESES = regex(r"(?<==~[ \t])[^\s()`'\"]{2,120}(?=\)+[ \t]*(?:\]\]|&&|\|\|))")
_FLAGS_OF_ZSH = regex(
    r"\$\{\([A-Za-z@]{1,8}\)(?:[^{}`$\n]|\$\{(?:\([A-Za-z@]{1,8}\))?[^{}`$\n]{0,80}\}){0,200}\}"
)


def disguised(text: str) -> str:
    """Return *text*, as long as it was, with what confuses the parser made harmless."""
    if "${" in text:
        text = _DEFAULT.sub(_without_operators, text)
        text = _PLACE_IN_VARIABLE.sub(lambda m: m["name"] + "1" * len(m["place"]), text)
    if "${(" in text:
        text = _FLAGS_OF_ZSH.sub(_underscores, text)
    if "${" in text and "\\" in text:
        text = _ESCAPES_IN_DEFAULT.sub(lambda m: m["name"] + _ESCAPE.sub("__", m["word"]), text)
    if "=~" in text:
        text = _PATTERN_IN_PARENTHESES.sub(lambda m: "'" + "_" * (len(m[0]) - 2) + "'", text)
    if "$" in text:
        text = _BARE_DOLLAR.sub("_", text)
        text = _BASE.sub(_blanks, text)
    if "${#" in text:
        text = _COMPUTED_PLACE.sub(lambda m: m["name"] + "1" * len(m["place"]), text)
    if "}<" in text or "}>" in text:
        text = _DESCRIPTOR.sub(lambda m: " " * (len(m[0]) - 1) + "3", text)
    if "`" in text:
        text = _COMMENT_ALONE.sub(lambda m: ":" + " " * (len(m[0]) - 1), text)
        text = _WORD_BEFORE_COMMAND.sub(_blanks, text)
    if "/'" in text or '/"' in text:
        text = _QUOTED_SLASH.sub(_underscores, text)
    if "#" in text:
        text = _QUOTED_HASH.sub("_", text)
    if "!<" in text:
        text = _NOT_READABLE.sub(" ", text)
    if "<>" in text:
        text = _READ_AND_WRITE.sub("< ", text)
    if "," in text and "{" in text:
        text = _BRACED_COMMAND.sub(_without_braces, text)
    if "for" in text:
        text = _IN_BELOW.sub(_on_one_line, text)
    return text


def _blanks(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _underscores(match: re.Match[str]) -> str:
    return "_" * len(match[0])


def _without_operators(match: re.Match[str]) -> str:
    start = match.start("word") - match.start()
    return match[0][:start] + _OPERATOR.sub("_", match["word"]) + "}"


def _without_braces(match: re.Match[str]) -> str:
    start = match.start("word") - match.start()
    return f"{match[0][:start]}_{match['word'][1:-1]}_"


def _on_one_line(match: re.Match[str]) -> str:
    return match[0][: -len(match["break"])] + " " * len(match["break"])
