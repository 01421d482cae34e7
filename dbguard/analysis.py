"""One file from text to findings: lower, assemble, classify, walk, judge."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import count

from dbguard.analysed import Analysis
from dbguard.assembly import Assembly
from dbguard.classification import Databases
from dbguard.context import context_of
from dbguard.databases import database_of_url, normal_path, storage_key
from dbguard.evidence import Context, Evidence, Project, Walk
from dbguard.finding import Finding, Place, keep_worst
from dbguard.flow import Branch, Call, Flow, Loop, Node, Sequence, Try, operations
from dbguard.inclusion import ProjectFiles
from dbguard.operations import Kind, Operation, Target, TargetKind
from dbguard.records import replace
from dbguard.rules import rules_at_end, rules_for
from dbguard.source import Problem, Region, SourceFile
from dbguard.state import table_key
from dbguard.usage import turns_write_ahead_on

# Flows are walked recursively: at most MAX_FLOW_DEPTH levels of some four frames each, with
# a language's own frames on top.
_RECURSION_LIMIT = 6_000


_ON_FILES = frozenset({Kind.DELETE_FILE, Kind.OVERWRITE_FILE, Kind.COPY_FILE, Kind.MOVE_FILE})


MAX_LENGTH = 4 * 1024 * 1024  # code points
"""How long a program may be that is analysed; a dump in SQL may be as long as a file."""

MAX_OPERATIONS = 50_000
"""How many operations of one file, and of those it runs, are judged."""


def analyse(
    file: SourceFile,
    language: str,
    databases: Databases | None = None,
    project: Project | None = None,
    dialect: str = "",
    project_path: str = "",
    files: ProjectFiles | None = None,
    context: Context | None = None,
) -> Analysis:
    """Return the findings of one file.

    *language* is "python", "shell" or "sql". *databases* is what the rest of the project
    says about its databases; what this file connects to is added. *project_path* is the
    file's path from the root of the project, by which tests and migrations are told;
    *files* are the project's other files, where those it runs are to be followed.
    *context* overrules what the path suggests.
    """
    if language in ("python", "shell") and len(file.text) > MAX_LENGTH:
        much = f"a program of more than {MAX_LENGTH >> 20} MiB is not analysed"
        return Analysis(problems=(Problem(file.path, much, "limit"),))
    allow_deep_flows()
    assembly = Assembly(files, project_path or file.path)
    flows = assembly.whole(Region.of_file(file, language, dialect))
    known = databases or Databases()
    steps = [step for flow in flows for step in operations(flow.body)]
    known = replace(known, used=known.used | _used(steps))
    project = project or Project()
    if turns_write_ahead_on(file.text.encode("utf-8", "replace")):
        project = replace(project, write_ahead=True)
    numbers = count()
    classified = tuple(Flow(flow.name, _classified(flow.body, known, numbers)) for flow in flows)
    problems = list(assembly.problems)
    if len(steps) > MAX_OPERATIONS:
        much = f"of more than {MAX_OPERATIONS:,} operations the first are judged"
        problems.append(Problem(file.path, much, "limit"))
    context = context or context_of(project_path or file.path)
    findings = judged(classified, context, project)
    return Analysis(
        findings,
        tuple(problems),
        _undecided(steps, known),
        frozenset(assembly.included),
        frozenset(assembly.run_whole),
        frozenset(assembly.read_in),
        frozenset(assembly.called),
        tuple(assembly.comments),
        _partly_copied(steps),
    )


def allow_deep_flows() -> None:
    """Let flows be walked as deep as they may nest."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _RECURSION_LIMIT))


def judged(flows: Iterable[Flow], context: Context, project: Project) -> tuple[Finding, ...]:
    """Return what the rules find in flows whose operations on files are classified."""
    found: dict[Place, Finding] = {}

    def keep(findings: Iterator[Finding]) -> None:
        for finding in findings:
            keep_worst(found, finding)

    def visit(operation: Operation, evidence: Evidence) -> None:
        for rule in rules_for(operation.kind):
            keep(rule.check(operation, evidence))

    walk = Walk(visit, context, project)
    for flow in flows:
        if next(operations(flow.body), None) is None:
            continue
        end = walk.flow(flow)
        for rule in rules_at_end():
            keep(rule.at_end(end))
    return tuple(found.values())


def _undecided(steps: Iterable[Operation], databases: Databases) -> frozenset[str]:
    return frozenset(
        operation.target.name
        for operation in steps
        if (operation.kind in _ON_FILES and databases.may_be_used(operation.target.name))
        or (operation.kind is Kind.DELETE_STORAGE and operation.target.name)
        or (operation.kind is Kind.DELETE_FILE and operation.target.name == ".")  # git clean
    )


def _partly_copied(steps: list[Operation]) -> frozenset[str]:
    if not any(o.kind is Kind.COPY_ROWS and o.columns for o in steps):
        return frozenset()
    return frozenset(
        table_key(operation.source.name)
        for operation in steps
        if operation.kind in (Kind.COPY_ROWS, Kind.RENAME_TABLE) and operation.source is not None
    )


def used_in(file: SourceFile, language: str) -> frozenset[str]:
    """Return the database files that a file connects to, in normal form."""
    flows = Assembly(path=file.path).whole(Region.of_file(file, language))
    return _used(step for flow in flows for step in operations(flow.body))


def _used(steps: Iterable[Operation]) -> frozenset[str]:
    """Return the database files that are connected to, in normal form."""
    return frozenset(
        path
        for operation in steps
        if operation.kind is Kind.CONNECT
        for path in _place_of(operation.target)
    )


def _place_of(target: Target) -> Iterator[str]:
    name = target.name
    if target.kind is TargetKind.STORAGE:
        yield storage_key(name)
        return
    path = database_of_url(name) or name
    if "://" not in path and path != ":memory:":
        yield normal_path(path)


def _classified(sequence: Sequence, databases: Databases, numbers: Iterator[int]) -> Sequence:
    """Return the same flow with operations on files judged by what the files are.

    What has no step left in it is left out: of a long script the walk over its thousand
    branches is spared. Each operation takes the next of *numbers*; those beyond MAX_OPERATIONS are cut.
    """
    nodes: list[Node] = []
    for node in sequence.nodes:
        match node:
            case Operation():
                if next(numbers) < MAX_OPERATIONS:
                    nodes.extend(databases.classify(node))
            case Sequence():
                if (inner := _classified(node, databases, numbers)).nodes:
                    nodes.append(inner)
            case Branch(arms=arms):
                new = tuple([_classified(arm, databases, numbers) for arm in arms])
                if not new or any(arm.nodes for arm in new):
                    nodes.append(Branch(new))
            case Loop():
                if (body := _classified(node.body, databases, numbers)).nodes:
                    nodes.append(Loop(body, node.at_least_once))
            case Call():
                if (body := _classified(node.body, databases, numbers)).nodes:
                    nodes.append(replace(node, body=body))
            case Try():
                parts = (
                    _classified(node.body, databases, numbers),
                    tuple([_classified(handler, databases, numbers) for handler in node.handlers]),
                    _classified(node.otherwise, databases, numbers),
                    _classified(node.final, databases, numbers),
                )
                if any(part.nodes for part in (parts[0], *parts[1], *parts[2:])):
                    nodes.append(Try(*parts))
            case _:
                nodes.append(node)
    return Sequence(tuple(nodes), sequence.direction)
