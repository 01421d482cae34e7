"""find and fd: what they delete, and the commands they run on what they find."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.commands.entry import Custom, Entry
from dbguard.commands.invocation import Invocation, Word
from dbguard.commands.match import Match
from dbguard.commands.programs.wrappers import replaced
from dbguard.flow import Node
from dbguard.operations import Kind, Trait
from dbguard.records import dataclass, field, replace
from dbguard.source import Mapped

_NAMES = frozenset({"-name", "-iname", "-lname", "-ilname"})
_PATHS = frozenset({"-path", "-ipath", "-wholename", "-iwholename"})
_RUNS = frozenset({"-exec", "-execdir", "-ok", "-okdir"})
_LIMITING = (
    "-mtime -ctime -atime -mmin -cmin -amin -newer -anewer -cnewer -size -empty -user -group -perm"
    " -links -inum -samefile -uid -gid -nouser -nogroup -regex -iregex -newermt"
)
_LIMITS = frozenset(_LIMITING.split())
_WITH_OTHER_VALUE = (
    "-type -xtype -maxdepth -mindepth -fstype -regextype -printf -fprint -fprint0 -fls"
)
_WITH_VALUE = (
    _NAMES
    | _PATHS
    | (_LIMITS - {"-empty", "-nouser", "-nogroup"})
    | frozenset(_WITH_OTHER_VALUE.split())
)


@dataclass(slots=True)
class Search:
    """A find expression: where, which names, limited by what else, and what is done."""

    roots: list[Word] = field(default_factory=list)
    patterns: list[Word] = field(default_factory=list)
    limited: bool = False
    deletes: bool = False
    runs: list[tuple[str, tuple[Word, ...]]] = field(default_factory=list)

    def found(self) -> list[Word]:
        """Return what it finds, as far as names tell: ``./*.db``."""
        found: list[Word] = []
        for root in self.roots[:50]:
            if not self.patterns:
                found.append(root)
            for pattern in self.patterns[:50]:
                if pattern.text.startswith(("/", "./", root.text)):
                    name = pattern.text
                else:
                    name = f"{root.text.rstrip('/') or ''}/{pattern.text}"
                found.append(Word(Mapped.at(name, pattern.span), glob=True))
        return found


def read(match: Match) -> Search:
    """Read the expression after ``find``."""
    words, search, index = match.words, Search(), 0
    while index < len(words) and words[index].text in ("-H", "-L", "-P"):
        index += 1
    while index < len(words) and words[index].text[:1] not in ("-", "(", "!"):
        search.roots.append(words[index])
        index += 1
    if not search.roots:
        search.roots.append(Word(Mapped.at(".", match.span)))
    negated = False
    while index < len(words):
        text = words[index].text
        if text in _RUNS:
            end = index + 1
            while (
                end < len(words)
                and words[end].text not in (";", "\\;")
                and not (words[end].text == "+" and words[end - 1].text == "{}")
            ):
                end += 1
            search.runs.append((text, words[index + 1 : end]))
            index = end
        elif text == "-delete":
            search.deletes = True
        elif text in ("!", "-not"):
            negated = True
            index += 1
            continue
        elif text in _WITH_VALUE:
            index += 1
            if index < len(words) and text in _NAMES | _PATHS:
                if negated:
                    search.limited = True
                else:
                    search.patterns.append(words[index])
            elif text in _LIMITS:
                search.limited = True
        elif text in _LIMITS:
            search.limited = True
        negated = False
        index += 1
    return search


def _find(match: Match) -> Iterator[Node | Invocation]:
    search = read(match)
    limited = frozenset({Trait.FILTERED}) if search.limited else frozenset[Trait]()
    tree = frozenset() if search.patterns else frozenset({Trait.RECURSIVE})
    if search.deletes:
        for word in search.found():
            yield match.operation(
                Kind.DELETE_FILE,
                match.file(word.mapped),
                spelling="find -delete",
                traits=limited | tree,
            )
    found = search.found()
    for action, words in search.runs:
        if action in ("-ok", "-okdir"):
            continue  # a person answers for each file
        for word in found:
            line = replaced(words, "{}", word)
            if line:
                yield replace(match.invocation, words=line, listed=True)


def _fd(match: Match) -> Iterator[Node | Invocation]:
    """fd: a pattern or -e suffixes, then -x or -X and a command."""
    arguments = match.arguments
    at = next(
        (i for i, w in enumerate(match.words) if w.text in ("-x", "-X", "--exec", "--exec-batch")),
        None,
    )
    if at is None:
        return
    suffixes = arguments.values("-e", "--extension")
    found = [Word(Mapped.at(f"*.{suffix.text}", suffix.span), glob=True) for suffix in suffixes]
    command = match.words[at + 1 :]
    if not found and arguments.operands and arguments.operands[0].index < at:
        found = [arguments.operands[0].word]
    for word in found:
        holds = any("{}" in one.text for one in command)
        line = replaced(command, "{}", word) if holds else (*command, word)
        if command:
            yield replace(match.invocation, words=line, listed=True)


ENTRIES: tuple[Entry, ...] = (
    Custom(
        "find|gfind",
        run=_find,
        destroys=True,
        documentation="https://www.gnu.org/software/findutils/manual/html_mono/find.html",
    ),
    Custom(
        "fd|fdfind",
        run=_fd,
        values="-e --extension -t --type -E --exclude -d --max-depth",
        destroys=True,
        documentation="https://github.com/sharkdp/fd",
    ),
)
