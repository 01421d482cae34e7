"""What a test says about the two paths that follow it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from dbguard.flow import Branch, Call, Check, Node, Stop, StopKind
from dbguard.flow import Sequence as Run
from dbguard.languages.shell.scope import distinct
from dbguard.operations import Guard, Kind, Operation, Target, TargetKind
from dbguard.patterns import regex
from dbguard.records import dataclass, field
from dbguard.source import Region, Span

_ENVIRONMENT_NAME = regex(
    r"(?:^|_)(?:ENV|ENVIRONMENT|APPENV|STAGE)$|^(?:[A-Z]*ENV|TARGET_ENV_NAME|TIER)$", re.IGNORECASE
)
_TEST_NAME = regex(
    r"^(?:CI|GITHUB_ACTIONS|GITLAB_CI|CIRCLECI|TRAVIS|(?:IS_|RUNNING_|UNDER_)?(?:TEST|TESTS|TESTING)"
    r"|(?:IS_)?(?:DEV|DEVELOPMENT)|PYTEST_CURRENT_TEST|TEST_MODE|DEV_MODE)$",
    re.IGNORECASE,
)
_PRODUCTION_NAME = regex(r"^(?:IS_)?(?:PROD|PRODUCTION)$", re.IGNORECASE)
_FLAG_NAME = regex(
    r"(?:^|_)(?:FORCE|FORCED|RESET|WIPE|CLEAN|PURGE|DESTROY|DROP|OVERWRITE|CONFIRM|CONFIRMED|YES"
    r"|ASSUME_YES|RECREATE)(?:_|$)",
    re.IGNORECASE,
)
_TEST_VALUES = frozenset(
    [
        "test",
        "tests",
        "testing",
        "dev",
        "devel",
        "develop",
        "development",
        "local",
        "localhost",
        "ci",
        "sandbox",
    ]
)
_PRODUCTION_VALUES = frozenset(["prod", "production", "prd", "live", "staging", "stage", "stg"])
_TRUE = frozenset(["1", "true", "yes", "y", "on"])
_FALSE = frozenset(("0", "false", "no", "n", "off", ""))
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
_OPERATORS = {
    "=": "==",
    "==": "==",
    "-eq": "==",
    "!=": "!=",
    "-ne": "!=",
    "-lt": "<",
    "<": "<",
    "-gt": ">",
    ">": ">",
    "-le": "<=",
    "<=": "<=",
    "-ge": ">=",
    ">=": ">=",
    "=~": "=~",
}
_NESTING = 40


@dataclass(frozen=True, slots=True)
class Split:
    """What runs and holds where a command succeeds, and where it fails."""

    yes: tuple[Node, ...] = ()
    no: tuple[Node, ...] = ()

    @property
    def swapped(self) -> Split:
        return Split(self.no, self.yes)


NOTHING = Split()


@dataclass(frozen=True, slots=True)
class Operand:
    """One side of a comparison. ``names`` are the variables in it, ``literal`` if none are."""

    text: str
    names: tuple[str, ...] = ()
    queries: tuple[Region, ...] = ()
    asked: bool = False
    flag: bool = False
    literal: bool = True


Token = Operand | str


def both(left: Split, right: Split) -> Split:
    """Return the split of ``left && right``."""
    no = left.no if ends(right.yes) else _either(left.no, right.no)
    return Split(left.yes + right.yes, no)


def either(left: Split, right: Split) -> Split:
    """Return the split of ``left || right``."""
    if not left.yes and not left.no and not right.yes:
        return Split((), right.no)
    yes = branch(left.yes, left.no + right.yes)
    return Split(yes, () if ends(right.yes) else left.no + right.no)


def _either(one: tuple[Node, ...], other: tuple[Node, ...]) -> tuple[Node, ...]:
    facts = [tuple(node for node in arm if _is_fact(node)) for arm in (one, other)]
    if not facts[0] or not facts[1]:
        return ()
    return (Branch((Run(facts[0]), Run(facts[1]))),)


def _is_fact(node: Node) -> bool:
    if isinstance(node, Branch):
        return all(_is_fact(inner) for arm in node.arms for inner in arm.nodes)
    return isinstance(node, Check) or (isinstance(node, Operation) and node.kind is Kind.GUARD)


def branch(yes: Sequence[Node], no: Sequence[Node]) -> tuple[Node, ...]:
    """Return the two paths after a test as nodes.

    A comparison that may be meant either way (is the count zero?) stands on both paths and
    proves something only where one of them ends.
    """
    shared = [
        node for node in no if isinstance(node, Check) and any(node is other for other in yes)
    ]
    if shared and not ends(yes) and not ends(no):
        no = [node for node in no if not any(node is other for other in shared)]
    if not yes and not no:
        return ()
    return (Branch((Run(tuple(yes)), Run(tuple(no)))),)


def tested(split: Split, checked: bool, span: Span) -> list[Node]:
    """Return a test by itself; where it must succeed, the path on which it fails ends."""
    if checked and (split.yes or split.no):
        return list(branch(split.yes, (*split.no, Stop(StopKind.EXIT, span))))
    return list(branch(split.yes, split.no))


def ends(nodes: Sequence[Node]) -> bool:
    """Say whether what follows *nodes* never runs."""
    stack, last = 0, nodes[-1] if nodes else None
    while stack < _NESTING:
        stack += 1
        match last:
            case Stop():
                return True
            case Run(nodes=inner) if inner:
                last = inner[-1]
            case Branch(arms=arms) if arms:
                return all(ends(arm.nodes) for arm in arms)
            case _:
                break
    if isinstance(last, Call):
        return _stops(last.body.nodes, last.ends)
    return False


def _stops(nodes: Sequence[Node], caught: frozenset[object]) -> bool:
    """Say whether a body always ends with a stop that its call does not catch."""
    last = nodes[-1] if nodes else None
    match last:
        case Stop(kind=kind):
            return kind not in caught
        case Run(nodes=inner):
            return _stops(inner, caught)
        case Branch(arms=arms) if arms:
            return all(_stops(arm.nodes, caught) for arm in arms)
        case Call(body=body, ends=inner_caught):
            return _stops(body.nodes, caught | inner_caught)
        case _:
            return False


@dataclass(slots=True)
class Test:
    """Reads the tokens of ``[ ... ]``, ``[[ ... ]]``, ``test`` or ``(( ... ))``.

    ``status`` is the split of the command whose status ``status_name`` holds; ``path`` joins
    a name to the current directory.
    """

    tokens: Sequence[Token]
    region: Region
    span: Span
    status: Split | None
    path: Callable[[str], str]
    status_name: str = "?"
    arithmetic: bool = False
    _at: int = 0
    _depth: int = field(default=0)

    def split(self) -> Split:
        """Return what the test says about the paths after it."""
        result = self._or()
        return result if self._at >= len(self.tokens) else NOTHING

    def _peek(self) -> Token | None:
        return self.tokens[self._at] if self._at < len(self.tokens) else None

    def _operator(self, *names: str) -> bool:
        token = self._peek()
        if isinstance(token, str) and token in names:
            self._at += 1
            return True
        return False

    def _or(self) -> Split:
        result = self._and()
        while self._operator("||", "-o"):
            result = either(result, self._and())
        return result

    def _and(self) -> Split:
        result = self._not()
        while self._operator("&&", "-a"):
            result = both(result, self._not())
        return result

    def _not(self) -> Split:
        negated = False
        while self._operator("!"):
            negated = not negated
        result = self._primary()
        return result.swapped if negated else result

    def _primary(self) -> Split:
        self._depth += 1
        try:
            if self._depth < _NESTING and self._operator("("):
                result = self._or()
                self._operator(")")
                return result
        finally:
            self._depth -= 1
        token = self._peek()
        self._at += 1
        if isinstance(token, str):
            operand = self._peek()
            if isinstance(operand, Operand) and re.fullmatch(r"-\w", token):
                self._at += 1
                return self._unary(token, operand)
            return NOTHING
        if token is None:
            return NOTHING
        operator = self._peek()
        if isinstance(operator, str) and operator in _OPERATORS:
            right = self.tokens[self._at + 1] if self._at + 1 < len(self.tokens) else None
            self._at += 2
            if isinstance(right, str):
                right = Operand(right)
            if right is None:
                return NOTHING
            return self._binary(token, _OPERATORS[operator], right)
        if self.arithmetic:
            return self._binary(token, "!=", Operand("0"))
        return self._unary("-n", token)

    def _guard(self, guard: Guard, target: Target | None = None) -> tuple[Node, ...]:
        subject = target or Target(TargetKind.DATABASE, "")
        return (
            Operation(Kind.GUARD, subject, self.span, self.region, spelling="test", guard=guard),
        )

    def _check(self, queries: Sequence[Region], lesser: Sequence[Region] = ()) -> tuple[Node, ...]:
        return (Check(distinct(queries), self.span, self.region, distinct(lesser)),)

    def _unary(self, operator: str, operand: Operand) -> Split:
        if operator in ("-f", "-e", "-d", "-s", "-a"):
            target = Target(TargetKind.FILE, self.path(operand.text))
            return Split((), self._guard(Guard.ABSENT, target))
        if operator not in ("-n", "-z"):
            return NOTHING
        split = NOTHING
        if operand.queries:
            check = self._check(operand.queries)
            split = Split(check, check)
        elif any(_TEST_NAME.match(name) for name in operand.names):
            split = Split(self._guard(Guard.ENVIRONMENT))
        elif any(_FLAG_NAME.search(name) for name in operand.names) or operand.flag:
            split = Split(self._guard(Guard.FLAG))
        return split if operator == "-n" else split.swapped

    def _binary(self, left: Operand, operator: str, right: Operand) -> Split:
        if self.status_name in left.names and self.status is not None and right.text == "0":
            if operator == "==":
                return self.status
            return self.status.swapped if operator in ("!=", ">") else NOTHING
        if left.queries or right.queries:
            return self._comparison(left, operator, right)
        if left.literal and not right.literal:
            left, right, operator = right, left, _MIRRORED.get(operator, operator)
        if operator not in ("==", "!=", "=~"):
            return NOTHING
        split = self._meaning(left, right, operator == "=~")
        return split.swapped if operator == "!=" else split

    def _meaning(self, left: Operand, right: Operand, pattern: bool) -> Split:
        """Return what ``left == right`` says."""
        values = re.findall(r"[\w-]+", right.text.lower()) if pattern else [right.text.lower()]
        return self.choice(
            left, [value.strip("x") if value[:1] == "x" else value for value in values]
        )

    def choice(self, left: Operand, values: Sequence[str]) -> Split:
        """Return what it says that *left* is one of *values* (in lower case)."""
        names = left.names
        if left.asked:
            negative = all(re.match(r"\[?n", value) or value in ("", "q", "0") for value in values)
            answer = self._guard(Guard.PERSON)
            return Split((), answer) if negative else Split(answer)
        for name in names:
            test, production = _TEST_NAME.match(name), _PRODUCTION_NAME.match(name)
            if _ENVIRONMENT_NAME.search(name):
                kinds = {_environment(value) for value in values}
                if kinds == {"test"}:
                    return Split(self._guard(Guard.ENVIRONMENT))
                if kinds == {"production"}:
                    return Split((), self._guard(Guard.ENVIRONMENT))
            if test or production or _FLAG_NAME.search(name):
                guard = self._guard(Guard.ENVIRONMENT if test or production else Guard.FLAG)
                truth = Split(guard)
                if all(value in _FALSE for value in values):
                    truth = truth.swapped
                elif not all(value in _TRUE for value in values):
                    continue
                return truth.swapped if production else truth
        argument = left.flag or any(
            re.fullmatch(r"\d|args|@|\*|arg|opt|OPTARG", name) for name in names
        )
        if (
            argument
            and values
            and all(
                re.match(r"--?[a-z]" if not left.flag else r"--?[a-z]|[a-z]$", value)
                for value in values
            )
        ):
            return Split(self._guard(Guard.FLAG))
        return NOTHING

    def _of_two(self, left: Operand, operator: str, right: Operand) -> Split:
        """Return where the comparison of two counts holds: equal, or one not smaller."""
        queries = (*left.queries, *right.queries)
        if operator in ("==", "!="):
            check = self._check(queries)
            return Split(check) if operator == "==" else Split((), check)
        lesser, greater = left.queries, right.queries
        if operator in (">", ">="):
            lesser, greater = greater, lesser
        # Where it is true the one side is no greater, where it is false the other one.
        return Split(self._check(queries, lesser), self._check(queries, greater))

    def _comparison(self, left: Operand, operator: str, right: Operand) -> Split:
        check = self._check((*left.queries, *right.queries))
        if operator == "=~":
            return Split(check)
        if left.queries and right.queries:
            return self._of_two(left, operator, right)
        if right.queries:
            left, right, operator = right, left, _MIRRORED[operator]
        if right.literal and right.text in ("0", ""):
            # "No rows left over" and "not one row was copied" are both written so.
            if operator in ("==", "!="):
                return Split(check, check)
            return Split(check) if operator in (">", ">=") else Split((), check)
        if operator in ("==", ">=", ">"):
            return Split(check)
        return Split((), check)


def _environment(value: str) -> str:
    stem = value.strip("*\"'")
    if stem in _TEST_VALUES or stem.startswith("test"):
        return "test"
    return "production" if stem in _PRODUCTION_VALUES else ""
