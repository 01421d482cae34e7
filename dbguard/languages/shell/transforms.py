"""Filters that change the text that flows through them: base64, xxd, rev, tr, sed.

What is known of a text stays known: ``echo cm0gYXBwLmRi | base64 -d | sh`` runs ``rm app.db``.
What cannot be decoded, or is downloaded, is a hole that says so (:mod:`dbguard.decoding`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from dbguard import decoding
from dbguard.commands.invocation import Word
from dbguard.patterns import regex
from dbguard.source import Mapped, has_hole

_BASE64 = frozenset(("base64", "gbase64", "base64url", "basenc"))
_DECODES = regex(r"-[a-zA-Z]*[dD]|--decode")
_COMPRESSED = frozenset(
    "gunzip zcat gzcat xz xzcat unxz bzcat bunzip2 zstdcat unzstd lz4cat uncompress".split()
)
_DOWNLOADS = frozenset(("curl", "wget", "http", "https", "aria2c"))
_SUBSTITUTION = regex(r"s([^\w\s\\])((?:(?!\1)[^\\])*)\1((?:(?!\1)[^\\])*)\1([gi]*)")
_MOST_SUBSTITUTIONS = 200
_SPECIAL = regex(r"[.*\[\]^$+?(){}|&]")


def transformed(program: str, words: Sequence[Word], stdin: Mapped | None) -> Mapped | None:
    """Return what a filter makes of its input, or a hole that says that it was decoded.

    None where the program is no such filter, or has other input and output. ``words`` are
    its arguments; ``stdin`` is None where the input is not known.
    """
    texts = [word.text for word in words]
    if program in _BASE64 and any(_DECODES.fullmatch(text) for text in texts):
        return _decoded(stdin, words, decoding.from_base64)
    if program == "base32" and any(_DECODES.fullmatch(text) for text in texts):
        return _decoded(stdin, words, decoding.from_base32)
    if program == "openssl":
        return _openssl(texts, words, stdin)
    if program == "xxd" and any(re.fullmatch(r"-\w*r\w*", text) for text in texts):
        return _decoded(stdin, words, decoding.from_hexadecimal)
    if program == "gpg" and any(text in ("-d", "--decrypt") for text in texts):
        return _unreadable(words)
    if program == "rev" and stdin is not None:
        lines = (decoding.reversed_text(line) for line in stdin.text.split("\n"))
        known = [line for line in lines if line is not None]
        return _changed(stdin, "\n".join(known)) if len(known) > stdin.text.count("\n") else None
    if program == "tr" and stdin is not None and texts:
        return _tr(texts, stdin)
    if program in ("sed", "gsed") and stdin is not None:
        return _sed(texts, stdin)
    return None


def downloaded(program: str, words: Sequence[Word]) -> Mapped | None:
    """Return the hole for what a program fetches and writes to standard output."""
    if program not in _DOWNLOADS or not words:
        return None
    to_file = any(
        word.text in ("--output", "-O", "--remote-name") or re.match(r"-\w*[oO]", word.text)
        for word in words
    )
    if to_file and not any(re.fullmatch(r"-\w*O-?|-", word.text) for word in words):
        return None
    return Mapped.at(decoding.undecoded(decoding.DOWNLOADED, program), words[0].span)


def _unreadable(words: Sequence[Word]) -> Mapped:
    return Mapped.at(decoding.undecoded(decoding.DECODED, "text"), words[0].span)


def _changed(stdin: Mapped, text: str) -> Mapped:
    return Mapped.at(text, stdin.span)


def _decoded(stdin: Mapped | None, words: Sequence[Word], decode: decoding.Decoder) -> Mapped:
    text = decode(stdin.text) if stdin is not None and not has_hole(stdin.text) else None
    return _unreadable(words) if text is None or stdin is None else _changed(stdin, text)


def _openssl(texts: list[str], words: Sequence[Word], stdin: Mapped | None) -> Mapped | None:
    if "-d" not in texts or texts[0] not in ("base64", "enc"):
        return None
    plain = texts[0] == "base64" or ("-base64" in texts and not any("aes" in t for t in texts))
    if "-in" in texts or not plain:
        return _unreadable(words)
    return _decoded(stdin, words, decoding.from_base64)


def _tr(texts: list[str], stdin: Mapped) -> Mapped | None:
    sets = [text for text in texts if not text.startswith("-")]
    if "-d" in texts and len(sets) == 1:
        text = decoding.translated(stdin.text, sets[0], "", delete=True)
    elif len(sets) == 2 and len(texts) == 2:
        text = decoding.translated(stdin.text, *sets)
    else:
        return None
    return _changed(stdin, text) if text is not None else None


def _sed(texts: list[str], stdin: Mapped) -> Mapped | None:
    """Apply substitutions of plain texts; another program leaves the input as it is."""
    scripts = [text for text in texts if not text.startswith("-")]
    if len(scripts) != 1 or len(stdin.text) > 10_000 or has_hole(stdin.text + scripts[0]):
        return None
    text = stdin.text
    for part in scripts[0].split(";", _MOST_SUBSTITUTIONS):
        match = _SUBSTITUTION.fullmatch(part.strip())
        if match is None or _SPECIAL.search(match[2]) or "&" in match[3]:
            return None
        flags = re.IGNORECASE if "i" in match[4] else 0
        pattern = re.compile(re.escape(match[2]), flags)
        count = 0 if "g" in match[4] else 1
        lines = text.split("\n")
        text = "\n".join(pattern.sub(match[3], line, count) for line in lines)
    return _changed(stdin, text)
