"""Conditions: what is known on the path on which one holds, and on the other.

Facts are flow nodes: a GUARD operation (only in a test environment, a person said yes, an
explicit flag, the file is absent) or a Check (what two queries have read is equal).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from dbguard.flow import Check
from dbguard.flow import Node as FlowNode
from dbguard.languages.grammars import Node
from dbguard.languages.python.evaluation import unwrap
from dbguard.languages.python.names import Scope
from dbguard.languages.python.values import (
    Constant,
    Fetched,
    Items,
    Listing,
    Process,
    Symbol,
    Text,
    Unknown,
    Value,
    options,
    path_of,
)
from dbguard.operations import Guard, Kind, Operation, Target, TargetKind
from dbguard.patterns import regex
from dbguard.records import dataclass, field, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.languages.python.program import Program

_TEST_VALUE = regex(
    r"^(?:test|tests|testing|unittest|pytest|ci|dev|devel|develop|development|local|debug|sandbox)$",
    re.IGNORECASE,
)
_PRODUCTION_VALUE = regex(r"^(?:prod|prd|production|live)$", re.IGNORECASE)
_TEST_NAME = regex(
    r"(?:^|_)(?:testing|test|tests|pytest\w*|unittest|debug|dev|development|local|ci)"
    r"(?:_mode|_env|_environment|ing|_only)?$",
    re.IGNORECASE,
)
_PRODUCTION_NAME = regex(r"(?:^|_)(?:prod|production|live)(?:_mode|_env)?$", re.IGNORECASE)
_FLAG_NAME = regex(
    r"(?:^|_)(?:force|forced|reset|drop|wipe|purge|destroy|destructive|recreate|rebuild|clean|clear"
    r"|overwrite|delete|remove|erase|yes|confirm|confirmed|allow|nuke|fresh|flush|truncate"
    r"|no_?input|noinput|danger\w*|i_know\w*|really)(?:$|_)",
    re.IGNORECASE,
)
_FLAG_VALUE = regex(r"^-{0,2}[a-z][\w-]*$", re.IGNORECASE)
_TEST_PART = regex(r"(?:^|[_\W])(?:test|tests|testing|pytest)(?:$|[_\W])", re.IGNORECASE)
_OPTIONS = regex(r"\b(?:args|argv|opts|options|namespace|ns|flags|params|kwargs)\b")
_CONFIRMS = regex(
    r"(?:^|[._])(?:confirm|confirmed|ask_confirmation|yes_no|yesno|askyesno|ask_yes_no|askokcancel"
    r"|confirmation|are_you_sure|prompt_yes_no|query_yes_no)(?:$|_)|^Confirm\.ask$",
    re.IGNORECASE,
)
_ASKS = regex(r"(?:^|\.)(?:input|raw_input|prompt|ask|getpass)$")
_NO_VALUE = regex(r"^(?:n|no|false|)$", re.IGNORECASE)
_EXISTS = regex(r"(?:^|\.)(?:exists|isfile|is_file|isdir|is_dir|lexists)$")
_TABLE_EXISTS = regex(r"(?:^|\.)(?:has_table|table_exists|dialect\.has_table)$")


@dataclass(slots=True)
class Facts:
    """What holds where the condition is true, and where it is false.

    ``either`` holds on the side that goes on when the other stops (``if new < old: raise``).
    ``empty`` is what was read and is not there where the condition is false (``if old > 0``).
    ``successes`` are the commands that have succeeded where it is true, ``failures`` those
    that have succeeded where it is false.
    """

    true: list[FlowNode] = field(default_factory=list)
    false: list[FlowNode] = field(default_factory=list)
    either: list[FlowNode] = field(default_factory=list)
    empty: Fetched | None = None
    successes: list[Process] = field(default_factory=list)
    failures: list[Process] = field(default_factory=list)

    def __invert__(self) -> Facts:
        return Facts(
            self.false, self.true, self.either, successes=self.failures, failures=self.successes
        )

    def settle(self, ended: bool) -> tuple[list[FlowNode], list[FlowNode]]:
        """Return the facts of both sides; *ended*: the true side stops."""
        if ended:
            return self.true, [*self.false, *self.either]
        moved = [node for process in self.successes for node in take(process)]
        return [*moved, *self.true, *self.either], self.false

    def settle_required(self) -> tuple[list[FlowNode], list[FlowNode]]:
        """Return the facts of a condition that must hold (``assert``)."""
        return [*self.true, *self.either], self.false


NOTHING = Facts()


def confirm(processes: Iterable[Process]) -> None:
    """Mark what commands did as checked: the path on which they failed has ended."""
    from dbguard.languages.python.structure import as_checked

    for process in processes:
        for index in range(process.start, min(process.end, len(process.out))):
            process.out[index] = as_checked(process.out[index])


def take(process: Process) -> list[FlowNode]:
    """Move what a command did to the arm in which it has succeeded (``A && B``)."""
    from dbguard.flow import Sequence
    from dbguard.languages.python.structure import as_checked

    taken = [as_checked(node) for node in process.out[process.start : process.end]]
    for index in range(process.start, min(process.end, len(process.out))):
        process.out[index] = Sequence()
    return taken


def facts(program: Program, node: Node, scope: Scope) -> Facts:
    """Return what a condition says."""
    node = unwrap(node)
    inverted = False
    while node.type == "not_operator":
        argument = node.child_by_field_name("argument")
        if argument is None:
            return Facts()
        node, inverted = unwrap(argument), not inverted
    with program.deeper() as inside:
        if not inside:
            return Facts()
        found = _facts(program, node, scope)
    return ~found if inverted else found


def _facts(program: Program, node: Node, scope: Scope) -> Facts:
    match node.type:
        case "boolean_operator":
            return _combined(program, node, scope)
        case "comparison_operator":
            return _comparison(program, node, scope)
        case "call":
            return _called(program, node, scope)
        case "named_expression":
            value = node.child_by_field_name("value")
            return facts(program, value, scope) if value is not None else Facts()
        case "identifier" | "attribute" | "subscript":
            return _truth(program, node, scope)
        case _:
            return Facts()


def _combined(program: Program, node: Node, scope: Scope) -> Facts:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    operator = node.child_by_field_name("operator")
    if left is None or right is None or operator is None:
        return Facts()
    first, second = facts(program, left, scope), facts(program, right, scope)
    if operator.type == "or":
        first, second = ~first, ~second
    found = Facts(
        [*first.true, *second.true, *first.either, *second.either],
        [
            *_weaker(first.false, second.false),
            *_equal_or_empty(first.false, second.empty),
            *_equal_or_empty(second.false, first.empty),
        ],
        successes=first.successes + second.successes,
    )
    return ~found if operator.type == "or" else found


_STRENGTH = (Guard.FLAG, Guard.PERSON, Guard.ENVIRONMENT)


def either_way(arms: Iterable[list[FlowNode]]) -> list[FlowNode]:
    """Return the weakest of the guards of arms that each have one."""
    weakest: list[FlowNode] | None = None
    for arm in arms:
        weakest = arm if weakest is None else _weaker(weakest, arm)
    return _weaker(weakest, weakest) if weakest else []


def _weaker(first: list[FlowNode], second: list[FlowNode]) -> list[FlowNode]:
    """Return the weaker of two guards of which one holds, nothing where a side has none."""
    sides = [
        [node for node in side if isinstance(node, Operation) and node.guard in _STRENGTH]
        for side in (first, second)
    ]
    if not all(sides):
        return []
    strongest = [max(side, key=_strength) for side in sides]
    return [min(strongest, key=_strength)]


def _strength(operation: Operation) -> int:
    return _STRENGTH.index(operation.guard) if operation.guard in _STRENGTH else 0


def guard(program: Program, node: Node, kind: Guard, target: Target | None = None) -> Operation:
    """Return the operation that says that a condition holds."""
    return Operation(
        Kind.GUARD,
        target or Target(TargetKind.DATABASE, ""),
        program.tree.span(node),
        program.region,
        spelling=program.short_text(node),
        guard=kind,
    )


def _source(program: Program, node: Node, scope: Scope) -> tuple[Node, int] | None:
    """Return the expression a name is bound to, and when."""
    if node.type != "identifier":
        return None
    binding = scope.find(program.tree.text(node), program.point)
    if binding is None or binding.source is None:
        return None
    return binding.source, binding.serial


def _last(text: str) -> str:
    """Return the last name of an expression: the key of a subscript, the attribute."""
    keys = re.findall(r"[\"'](\w+)[\"']", text)
    return keys[-1] if keys else text.rpartition(".")[2]


def _truth(program: Program, node: Node, scope: Scope) -> Facts:
    """Return what the truth of a name, attribute or item says."""
    value = program.evaluate(node, scope)
    read = _fetched(value)
    if read is not None:
        return Facts(either=_checks(program, node, read), empty=read)
    for option in options(value):
        if isinstance(option, Process):
            return Facts(failures=[option])
    source = _source(program, node, scope)
    if source is not None:
        with program.at(source[1]):
            found = facts(program, source[0], scope)
        if found != Facts():
            return found
    text = program.short_text(node)
    return _named(program, node, _last(text), scope)


def _named(program: Program, node: Node, name: str, scope: Scope) -> Facts:
    if _TEST_NAME.search(name):
        return Facts([guard(program, node, Guard.ENVIRONMENT)])
    if _PRODUCTION_NAME.search(name):
        return Facts([], [guard(program, node, Guard.ENVIRONMENT)])
    if _FLAG_NAME.search(name) and _is_option(program, node, scope):
        return Facts([guard(program, node, Guard.FLAG)])
    return Facts()


def _is_option(program: Program, node: Node, scope: Scope) -> bool:
    """Say whether a name is given from outside: a parameter, an option, the environment."""
    text = program.short_text(node)
    if node.type != "identifier" or _OPTIONS.search(text):
        return True
    owner: Scope | None = scope
    while owner is not None:
        if text in owner.parameters:
            return True
        owner = owner.parent
    binding = scope.find(text, program.point)
    return binding is None or isinstance(program.force(binding), Unknown | Symbol)


# -- comparisons ------------------------------------------------------------------------------


def _comparison(program: Program, node: Node, scope: Scope) -> Facts:
    operands = [child for child in node.named_children if child.type != "comment"]
    if len(operands) != 2:
        values = [program.evaluate(operand, scope) for operand in operands]
        read = _all_fetched(values)
        operators = {child.type for child in node.children if not child.is_named}
        if read is not None and operators == {"=="}:
            return Facts(_checks(program, node, read))
        return Facts()
    left, right = operands
    operator = program.tree.data[left.end_byte : right.start_byte].decode("utf-8", "replace")
    operator = " ".join(operator.split()).strip("() ")
    asked = _asks(program, left, scope) or _asks(program, right, scope)
    if asked:
        return _answer(program, node, operator, right, scope)
    values = [program.evaluate(left, scope), program.evaluate(right, scope)]
    processes = [o for value in values for o in options(value) if isinstance(o, Process)]
    if processes:
        return _status(operator, values, processes)
    read = _all_fetched(values)
    if read is not None:
        return _compared(program, node, operator, values, read)
    if operator in ("in", "not in"):
        found = _membership(program, node, left, right, values, scope)
        return ~found if operator == "not in" else found
    if operator in ("==", "!=", "is", "is not"):
        found = _equality(program, node, left, right, values, scope)
        return ~found if operator in ("!=", "is not") else found
    return Facts()


def _compared(
    program: Program, node: Node, operator: str, values: list[Value], read: Fetched
) -> Facts:
    """Return what a comparison says with something that was read on one side or both."""
    checks = _checks(program, node, read)
    match operator:
        case "==" | "is":
            return Facts(checks)
        case "!=" | "<>" | "is not":
            return Facts([], checks, empty=_counted(values))
        case "<" | ">" | "<=" | ">=":
            left, right = _fetched(values[0]), _fetched(values[1])
            if left is None or right is None or left == right:
                return Facts(either=checks, empty=_counted(values))
            if operator[0] == ">":
                left, right = right, left
            # Where it is true the left side is no greater, where it is false the right one.
            return Facts(
                _checks(program, node, read, lesser=left),
                _checks(program, node, read, lesser=right),
            )
        case "in" | "not in":
            return Facts(either=checks)
        case _:
            return Facts()


def _counted(values: list[Value]) -> Fetched | None:
    """Return what was read and is compared with 0: where that fails there are no rows."""
    if not any(isinstance(value, Constant) and value.value == 0 for value in values):
        return None
    return _all_fetched(values)


def _equal_or_empty(checks: list[FlowNode], empty: Fetched | None) -> list[FlowNode]:
    """Return what holds where two counts are equal or one of them is 0: that is no greater."""
    found: list[FlowNode] = []
    for check in checks if empty is not None else ():
        match check:
            case Check(queries=queries, lesser=()) if empty is not None and empty.queries:
                ours = tuple(q for q in queries if any(q is e for e in empty.queries))
                if ours and len(ours) < len(queries):
                    found.append(replace(check, lesser=ours))
            case Operation(reads=reads, lesser=()) if empty is not None and empty.reads:
                counted = tuple(target for target in reads if target in empty.reads)
                if counted and len(counted) < len(reads):
                    found.append(replace(check, lesser=counted))
    return found


def _status(operator: str, values: list[Value], processes: list[Process]) -> Facts:
    if not any(isinstance(v, Constant) and v.value == 0 for v in values):
        return Facts()
    match operator:
        case "==" | "is":
            return Facts(successes=processes)
        case "!=" | ">" | "<" | "is not":
            return Facts(failures=processes)
        case _:
            return Facts()


def _answer(program: Program, node: Node, operator: str, right: Node, scope: Scope) -> Facts:
    value = program.evaluate(right, scope)
    found = Facts([guard(program, node, Guard.PERSON)])
    if isinstance(value, Text) and _NO_VALUE.match(value.text):
        found = ~found
    if operator in ("==", "in", "is"):
        return found
    return ~found if operator in ("!=", "not in", "is not") else Facts()


def texts_of(value: Value) -> list[str]:
    if isinstance(value, Items):
        return [text for item in value.items for text in texts_of(item)]
    return [value.text] if isinstance(value, Text) else []


def _equality(
    program: Program,
    node: Node,
    left: Node,
    right: Node,
    values: list[Value],
    scope: Scope,
) -> Facts:
    for subject, value in ((left, values[1]), (right, values[0])):
        other = left if subject is right else right
        if isinstance(value, Constant) and isinstance(value.value, bool):
            found = facts(program, subject, scope)
            return found if value.value else ~found
        if other.type not in ("string", "identifier", "attribute"):
            continue
        texts = texts_of(value) if other.type == "string" else []
        if texts:
            return _word(program, node, subject, texts, scope)
    return Facts()


def _word(program: Program, node: Node, subject: Node, texts: list[str], scope: Scope) -> Facts:
    """Return what it says that *subject* is one of *texts*."""
    if all(_TEST_VALUE.match(text) for text in texts):
        return Facts([guard(program, node, Guard.ENVIRONMENT)])
    if all(_PRODUCTION_VALUE.match(text) for text in texts):
        return Facts([], [guard(program, node, Guard.ENVIRONMENT)])
    written = _deep_text(program, subject, scope)
    name = _last(written)
    if _TEST_NAME.search(name) and all(t.lower() in ("1", "true", "yes", "on") for t in texts):
        return Facts([guard(program, node, Guard.ENVIRONMENT)])
    if _FLAG_NAME.search(name) and all(t.lower() in ("1", "true", "yes", "on", "y") for t in texts):
        return Facts([guard(program, node, Guard.FLAG)])
    if _OPTIONS.search(written) and all(_FLAG_VALUE.match(text) for text in texts):
        return Facts([guard(program, node, Guard.FLAG)])
    return Facts()


def _deep_text(program: Program, node: Node, scope: Scope) -> str:
    """Return the source of an expression, or of what its name is bound to."""
    source = _source(program, node, scope)
    return program.short_text(source[0]) if source is not None else program.short_text(node)


def _membership(
    program: Program,
    node: Node,
    left: Node,
    right: Node,
    values: list[Value],
    scope: Scope,
) -> Facts:
    container = _deep_text(program, right, scope)
    texts = texts_of(values[0])
    if texts and right.type not in ("tuple", "list", "set", "string"):
        word = texts[0]
        if "argv" in container:
            kind = Guard.ENVIRONMENT if _TEST_VALUE.match(word) else Guard.FLAG
            return Facts([guard(program, node, kind)])
        if "sys.modules" in container and "test" in word:
            return Facts([guard(program, node, Guard.ENVIRONMENT)])
        if "environ" in container:
            return _named(program, node, word, scope)
        if "table_names" in container:
            target = Target(TargetKind.TABLE, word)
            return Facts([], [guard(program, node, Guard.ABSENT, target)])
        if _TEST_VALUE.match(word.strip("_-./")):
            return Facts([guard(program, node, Guard.ENVIRONMENT)])
    members = texts_of(values[1])
    if members and right.type != "string":
        return _word(program, node, left, members, scope)
    return Facts()


# -- calls ------------------------------------------------------------------------------------


def _called(program: Program, node: Node, scope: Scope) -> Facts:
    function = node.child_by_field_name("function")
    if function is None:
        return Facts()
    name = program.short_text(function)
    if function.type == "identifier":
        value = program.lookup(name, scope, function)
        if isinstance(value, Symbol):
            name = value.name
    arguments = arguments_of(node)
    if name in ("bool", "all", "any", "int") and arguments:
        found = facts(program, arguments[0], scope)
        if found != Facts():
            return found
    value = program.evaluate(node, scope)
    inner = program.call_scopes.get((node.start_byte, node.end_byte, scope.identity))
    if inner is not None:
        found = _returned(program, inner)
        if found != Facts():
            return found
    read = _fetched(value)
    if read is not None:
        return Facts(either=_checks(program, node, read), empty=read)
    if isinstance(value, Process):
        return Facts(failures=[value])
    if _CONFIRMS.search(name) or _asks(program, node, scope):
        return Facts([guard(program, node, Guard.PERSON)])
    if _EXISTS.search(name):
        return _existence(program, node, function, arguments, scope)
    if _TABLE_EXISTS.search(name):
        texts = [t for a in arguments for t in texts_of(program.evaluate(a, scope))]
        target = Target(TargetKind.TABLE, texts[0]) if texts else None
        return Facts([], [guard(program, node, Guard.ABSENT, target)])
    last = name.rpartition(".")[2]
    if last in ("startswith", "endswith") and arguments:
        texts = texts_of(program.evaluate(arguments[0], scope))
        if texts and all(_TEST_PART.search(text) for text in texts):
            return Facts([guard(program, node, Guard.ENVIRONMENT)])
    if last in ("get", "getenv", "bool", "getboolean", "strtobool", "lower") and (
        arguments or last == "lower"
    ):
        texts = (
            texts_of(program.evaluate(arguments[-1 if last == "getboolean" else 0], scope))
            if (arguments)
            else []
        )
        if texts:
            return _named(program, node, texts[0], scope)
    return _named(program, node, last, scope) if not arguments else Facts()


def arguments_of(node: Node) -> list[Node]:
    arguments = node.child_by_field_name("arguments")
    if arguments is None:
        return []
    return [
        child
        for child in arguments.named_children
        if child.type not in ("comment", "keyword_argument")
    ]


def _existence(
    program: Program, node: Node, function: Node, arguments: list[Node], scope: Scope
) -> Facts:
    subject = arguments[0] if arguments else function.child_by_field_name("object")
    if subject is None:
        return Facts()
    value = program.evaluate(subject, scope)
    for option in options(value):
        path = path_of(option)
        if path is not None:
            target = program.file_target(path)
            return Facts([], [guard(program, node, Guard.ABSENT, target)])
    return Facts()


def _returned(program: Program, inner: Scope) -> Facts:
    """Return what the result of a helper says: what holds at each ``return`` of its kind."""
    program = inner.module.home or program
    truthy: list[list[FlowNode]] = []
    falsy: list[list[FlowNode]] = []
    for returned in inner.returns:
        held = list(returned.facts)
        node = unwrap(returned.node) if returned.node is not None else None
        if node is None or node.type in ("false", "none"):
            falsy.append(held)
        elif node.type == "true":
            truthy.append(held)
        else:
            with program.at(returned.serial):
                found = facts(program, node, inner)
            truthy.append([*held, *found.true, *found.either])
            falsy.append([*held, *found.false])
    return Facts(_common(truthy), _common(falsy))


def _common(paths: list[list[FlowNode]]) -> list[FlowNode]:
    if not paths:
        return []
    return [fact for fact in paths[0] if all(any(fact is f for f in p) for p in paths[1:])]


def _asks(program: Program, node: Node, scope: Scope, depth: int = 0) -> bool:
    """Say whether an expression is what a person typed."""
    node = unwrap(node)
    if depth > 6:
        return False
    source = _source(program, node, scope)
    if source is not None:
        with program.at(source[1]):
            return _asks(program, source[0], scope, depth + 1)
    if node.type == "subscript":
        inner = node.child_by_field_name("value")
        return inner is not None and _asks(program, inner, scope, depth + 1)
    if node.type != "call":
        return False
    function = node.child_by_field_name("function")
    if function is None:
        return False
    if _ASKS.search(program.short_text(function)):
        return True
    if function.type == "attribute":
        target = function.child_by_field_name("object")
        return target is not None and _asks(program, target, scope, depth + 1)
    return False


# -- what was read ----------------------------------------------------------------------------


def _fetched(value: Value) -> Fetched | None:
    return _all_fetched([value])


def _all_fetched(values: Iterable[Value]) -> Fetched | None:
    found: Fetched | None = None
    stack = list(values)
    while stack:
        value = stack.pop(0)
        match value:
            case Fetched():
                found = value if found is None else found.union(value)
            case Items(items=items):
                stack.extend(items[:16])
            case Listing(element=element):
                stack.append(element)
            case _:
                stack.extend(option for option in options(value) if option is not value)
    return found


def _checks(
    program: Program, node: Node, read: Fetched, lesser: Fetched | None = None
) -> list[FlowNode]:
    """Return that what was read agrees, or that one side of it is no greater than the other."""
    span = program.tree.span(node)
    side = lesser or Fetched()
    found: list[FlowNode] = []
    if read.queries:
        found.append(Check(read.queries, span, program.region, side.queries))
    if read.reads:
        found.append(
            Operation(
                Kind.VERIFY,
                read.reads[0],
                span,
                program.region,
                spelling=program.short_text(node),
                reads=read.reads,
                lesser=side.reads,
            )
        )
    return found
