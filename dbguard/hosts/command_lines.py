"""Commands of containers: a list of words that a program gets as it is, or a string.

A string is read as a shell reads it. Without a shell around it, ``&&`` and ``>`` would be
plain words; nobody writes them who does not believe in a shell, and then the finding says
what they meant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from dbguard import commands
from dbguard.commands.invocation import Invocation, Word
from dbguard.flow import Node
from dbguard.hosts.shell_steps import Setting, script, step
from dbguard.hosts.yaml_nodes import Listing, Yaml
from dbguard.hosts.yaml_nodes import Node as YamlNode
from dbguard.patterns import regex
from dbguard.source import Mapped, Span, Transcript

_SHELLS = regex(r"(?:^|/)(?:ba|da|z|k|a)?sh$")
_BELIEVES = regex(r"[\"'&|;<>$`]")
_SCRIPT = regex(r"-[a-zA-Z]*c")
_WORD = regex(r"\"((?:[^\"\\]|\\.)*)\"|'([^']*)'|\S+", re.DOTALL)


def command(
    yaml: Yaml,
    parts: list[YamlNode],
    via: str,
    place: Span,
    environment: Mapping[str, Mapped],
    directory: Mapped | None = None,
) -> tuple[Node, ...]:
    """Return what the words of *parts* do: entrypoint and arguments, each a list or a string."""
    words: list[Mapped] = []
    for part in parts:
        texts = [_without_dollars(text) for text in yaml.texts(part)]
        if isinstance(part, Listing) or (words and _runs_script(words)):
            words.extend(texts)
        elif texts and not words and (part is parts[-1] or _BELIEVES.search(texts[0].text)):
            return (_shell(yaml, texts[0], via, place, environment, directory),)
        elif texts:
            words.extend(_split(texts[0]))
    if not words:
        return ()
    for index, word in enumerate(words[:-1]):
        if _SCRIPT.fullmatch(word.text) and _SHELLS.search(words[index - 1].text):
            options = "-e" if "e" in word.text else ""
            text = words[index + 1]
            return (_shell(yaml, text, via, place, environment, directory, options),)
    whole = yaml.span(parts[-1])
    invocation = Invocation(
        tuple(Word(word) for word in words),
        yaml.region,
        Span(min(words[0].span.start, whole.start), max(words[-1].span.end, whole.end)),
        environment={name: value.text for name, value in environment.items()},
        directory=directory.text if directory is not None else "",
        listed=True,
    )
    return commands.lower(invocation)


def _shell(
    yaml: Yaml,
    text: Mapped,
    via: str,
    place: Span,
    environment: Mapping[str, Mapped],
    directory: Mapped | None,
    options: str = "",
) -> Node:
    setting = Setting(options, directory, environment, "sh")
    return step(script(yaml.region, (text,), via, place, setting))


def _runs_script(words: list[Mapped]) -> bool:
    return bool(_SCRIPT.fullmatch(words[-1].text))


def _split(text: Mapped) -> list[Mapped]:
    """Return the words of a string, as Compose splits it; what quotes hold is one word."""
    return [text.slice(*match.span(match.lastindex or 0)) for match in _WORD.finditer(text.text)]


def _without_dollars(text: Mapped) -> Mapped:
    """Return a text with ``$$`` as the ``$`` that Compose makes of it."""
    if "$$" not in text.text:
        return text
    transcript, at = Transcript(), 0
    for match in re.finditer(r"\$\$", text.text):
        transcript.mapped(text.slice(at, match.start()))
        place = text.map.to_outer(match.start(), match.end())
        transcript.inexact("$", place.start, place.end - place.start)
        at = match.end()
    transcript.mapped(text.slice(at, len(text.text)))
    return transcript.build()
