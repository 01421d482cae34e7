"""Options and operands of a command line, by the conventions programs really follow.

POSIX utility conventions (IEEE 1003.1, chapter 12) with the GNU long options, and the
single-dash long options of Java-, Go- and Tcl-like programs. What takes a value comes
from the table of the program, as one string::

    "-U --username -p?"     -U and --username take a value, -p only an attached one (-psecret)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache

from dbguard.commands.invocation import Word
from dbguard.patterns import regex
from dbguard.records import dataclass
from dbguard.source import Mapped

_LONGEST_HOLES = 1_000
_ONLY_HOLES = regex(r"(?:__hole_\w*?__)+")
_CLUSTER = regex(r"-[A-Za-z0-9@#?!]{2,24}")
MAX_SKIPPED = 3
"""How many doubtful operands may stand before and between the words of a subcommand."""

_OFF = frozenset({"false", "0", "no", "off"})


@dataclass(frozen=True, slots=True)
class Grammar:
    """How the options of a program are read.

    ``values`` take a value as the next word or attached, ``attached`` only the latter.
    ``single_dash``: ``-name`` is one option, not a cluster. ``operands``: reading stops
    after so many operands, the rest is another command (None: read to the end); with
    ``strict`` at once, without it options may still follow (``ssh host -p 22 CMD``).
    """

    values: frozenset[str] = frozenset()
    attached: frozenset[str] = frozenset()
    single_dash: bool = False
    operands: int | None = None
    strict: bool = False


@lru_cache(maxsize=2048)
def grammar(
    values: str,
    single_dash: bool = False,
    operands: int | None = None,
    strict: bool = False,
) -> Grammar:
    """Return the grammar a table writes as a string of options that take values."""
    names = values.split()
    return Grammar(
        frozenset(name for name in names if not name.endswith("?")),
        frozenset(name[:-1] for name in names if name.endswith("?")),
        single_dash,
        operands,
        strict,
    )


@dataclass(frozen=True, slots=True)
class Option:
    """An option as written, its value where it has one, and the index of its word."""

    name: str
    value: Mapped | None
    index: int

    @property
    def is_off(self) -> bool:
        return self.value is not None and self.value.text.lower() in _OFF


@dataclass(frozen=True, slots=True)
class Operand:
    """A word that is no option.

    ``doubtful``: it may be the value of an unknown option before it, or (a variable)
    nothing or several options.
    """

    word: Word
    index: int
    doubtful: bool = False

    @property
    def text(self) -> str:
        return self.word.text


@dataclass(frozen=True, slots=True)
class Arguments:
    """What follows the program: options, operands, and the words left unread.

    ``dashes`` is the index of ``--`` among the words, None without.
    """

    options: tuple[Option, ...] = ()
    operands: tuple[Operand, ...] = ()
    rest: tuple[Word, ...] = ()
    dashes: int | None = None

    def find(self, *names: str) -> Iterator[Option]:
        """Yield the options called one of *names*, in order.

        A name may ask for a value, or a pattern of one: ``--replicas=0``, ``--hazards=*DATA*``.
        """
        for option in self.options:
            for name in names:
                wanted, equals, value = name.partition("=")
                if option.name == wanted and (
                    not equals or (option.value is not None and matches(value, option.value.text))
                ):
                    yield option
                    break

    def has(self, *names: str) -> bool:
        """Say whether one of the options is there and not switched off (``--x=false``)."""
        return any("=" in name for name in names if any(self.find(name))) or any(
            not option.is_off for option in self.find(*names)
        )

    def values(self, *names: str) -> list[Mapped]:
        """Return the values of the options called one of *names*, in order."""
        return [option.value for option in self.find(*names) if option.value is not None]

    def value(self, *names: str) -> Mapped | None:
        """Return the last value of the options called one of *names*."""
        values = self.values(*names)
        return values[-1] if values else None

    def locate(self, path: Sequence[str], *, anywhere: bool = False) -> tuple[int, ...] | None:
        """Return the numbers of the operands that are the subcommand *path*, if it is called.

        A word of *path* is a pattern (``*=0``) or several (``rm|remove``). Doubtful
        operands before and between them are skipped; with *anywhere*, others before are too.
        """
        for start in range(len(self.operands) + 1 if anywhere else 1):
            found: list[int] = []
            at, last = start, min(len(self.operands), start + len(path) + MAX_SKIPPED)
            for pattern in path:
                while at < last and not matches(pattern, self.operands[at].text):
                    at = at + 1 if self.operands[at].doubtful else last
                if at >= last:
                    break
                found.append(at)
                at += 1
            else:
                return tuple(found)
        return None

    def without(self, operands: int) -> Arguments:
        """Return the arguments without the first *operands*."""
        return Arguments(self.options, self.operands[operands:], self.rest, self.dashes)


def matches(pattern: str, text: str) -> bool:
    """Say whether *text* is what a word of a path asks for."""
    if pattern == text:
        return True
    if "|" not in pattern and "*" not in pattern:
        return False
    return len(text) < 200 and any(fnmatchcase(text, one) for one in pattern.split("|"))


def _is_hole(text: str) -> bool:
    """Say whether nothing is known of a word; of a very long one something is."""
    return len(text) <= _LONGEST_HOLES and _ONLY_HOLES.fullmatch(text) is not None


def parse(words: Sequence[Word], how: Grammar) -> Arguments:
    """Read *words* (without the program); linear in their length."""
    options: list[Option] = []
    operands: list[Operand] = []
    after_unknown = False
    index, count = 0, len(words)
    while index < count:
        word = words[index]
        text = word.text
        if text == "--":
            if how.operands is not None and len(operands) >= how.operands:
                return Arguments(tuple(options), tuple(operands), tuple(words[index + 1 :]), index)
            operands.extend(
                Operand(other, index + 1 + at) for at, other in enumerate(words[index + 1 :])
            )
            if how.operands is not None:
                rest = tuple(operand.word for operand in operands[how.operands :])
                return Arguments(tuple(options), tuple(operands[: how.operands]), rest, index)
            return Arguments(tuple(options), tuple(operands), (), index)
        if len(text) < 2 or text[0] not in "-" or text.startswith("-__hole"):
            if how.operands is not None and len(operands) >= how.operands:
                return Arguments(tuple(options), tuple(operands), tuple(words[index:]))
            doubtful = after_unknown or _is_hole(text)
            operands.append(Operand(word, index, doubtful))
            after_unknown = False
            index += 1
            if how.strict and len(operands) == how.operands:
                return Arguments(tuple(options), tuple(operands), tuple(words[index:]))
            continue
        read, taken, after_unknown = _option(words, index, how)
        options.extend(read)
        index += taken
    return Arguments(tuple(options), tuple(operands))


def _option(words: Sequence[Word], index: int, how: Grammar) -> tuple[list[Option], int, bool]:
    """Read the option at *index*: the options it makes, words taken, is it unknown."""
    word = words[index]
    text = word.text
    following = words[index + 1].mapped if index + 1 < len(words) else None
    name, equals, _ = text.partition("=")
    if equals and (text.startswith("--") or how.single_dash or name in how.values):
        value = word.mapped.slice(len(name) + 1, len(text))
        return [Option(name, value, index)], 1, False
    if text in how.values:
        return [Option(text, following, index)], 2, False
    if text in how.attached:
        return [Option(text, None, index)], 1, False
    if text.startswith("--") or how.single_dash:
        if how.single_dash and text[:2] in how.attached:
            value = word.mapped.slice(2, len(text))
            return [Option(text[:2], value, index)], 1, False
        return [Option(text, None, index)], 1, True
    read: list[Option] = []
    if _CLUSTER.fullmatch(text) is None and text[:2] not in how.values | how.attached:
        return [Option(text, None, index)], 1, False
    for at in range(1, len(text)):
        short = "-" + text[at]
        if short in how.values or short in how.attached:
            rest = at + 1
            if rest < len(text):
                if text[rest] == "=":
                    rest += 1
                read.append(Option(short, word.mapped.slice(rest, len(text)), index))
                return read, 1, False
            if short in how.attached:
                read.append(Option(short, None, index))
                return read, 1, False
            read.append(Option(short, following, index))
            return read, 2, False
        read.append(Option(short, None, index))
        if at > 24:
            break
    return read, 1, False
