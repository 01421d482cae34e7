"""Ansible: the tasks of plays, roles and handlers, in order, in one flow.

A failed task ends the play for its host, unless ``ignore_errors``. ``when`` is a branch, a block
with ``rescue`` a try; ``creates`` guards a command: it runs only where that file is absent. Modules:
https://docs.ansible.com/ansible/latest/collections/ (builtin, kubernetes.core, and of community:
postgresql, mysql, mongodb, docker, general).
"""

from __future__ import annotations

import re

from dbguard.flow import Branch, Embed, Flow, Loop, Sequence, Try
from dbguard.flow import Node as FlowNode
from dbguard.hosts.shell_steps import Setting, script, step
from dbguard.hosts.yaml_nodes import Entry, Listing, Node, Table, Yaml
from dbguard.operations import Certainty, Guard, Kind, Operation, Target, TargetKind, Trait
from dbguard.patterns import regex
from dbguard.records import replace
from dbguard.source import Mapped, Span, Transcript, has_hole, hole

_EXPRESSION = regex(r"\{\{(.{0,500}?)\}\}|\{%.{0,500}?%\}", re.DOTALL)
_PLAYS = ("pre_tasks", "roles", "tasks", "post_tasks")
_FREE_FORM = regex(r"(?<!\w)(\w+)=(\"[^\"]*\"|'[^']*'|\S+)")
_YES = ("yes", "true", "on", "1")
_CLAIMS = ("persistentvolumeclaim", "persistentvolume", "pvc", "pv")
_TEMPLATED = regex(r"\{\{|\{%")
_MAX_DEPTH = 20


def flows(yaml: Yaml, document: Listing) -> list[Flow]:
    """Return a flow for each play, and one for a list of tasks."""
    found = []
    tasks: list[FlowNode] = []
    for item in yaml.items(document):
        if any(yaml.get(item, key) is not None for key in ("hosts", *_PLAYS)):
            nodes: list[FlowNode] = []
            for key in _PLAYS:
                nodes.extend(_tasks(yaml, yaml.get(item, key), 0))
            found.append(Flow("play", Sequence(tuple(nodes))))
            found.extend(
                Flow("handler", Sequence(tuple(_task(yaml, handler, 0))))
                for handler in yaml.items(yaml.get(item, "handlers"))
            )
        else:
            tasks.extend(_task(yaml, item, 0))
    if tasks:
        found.append(Flow("tasks", Sequence(tuple(tasks))))
    return found


def _tasks(yaml: Yaml, node: Node | None, depth: int) -> list[FlowNode]:
    return [one for item in yaml.items(node) for one in _task(yaml, item, depth)]


def _task(yaml: Yaml, task: Node, depth: int) -> list[FlowNode]:
    if not isinstance(task, Table) or depth > _MAX_DEPTH:
        return []
    nodes: list[FlowNode] = []
    block = yaml.get(task, "block")
    if block is not None:
        body = Sequence(tuple(_tasks(yaml, block, depth + 1)))
        rescue = yaml.get(task, "rescue")
        always = Sequence(tuple(_tasks(yaml, yaml.get(task, "always"), depth + 1)))
        handlers = (Sequence(tuple(_tasks(yaml, rescue, depth + 1))),) if rescue else ()
        nodes.append(Try(body, handlers, final=always))
    ignored = yaml.value(yaml.get(task, "ignore_errors")).lower() in _YES
    for entry in yaml.entries(task):
        nodes.extend(_module(yaml, task, entry, checked=not ignored))
    if not nodes:
        return []
    if any(yaml.get(task, key) is not None for key in ("loop", "with_items")):
        nodes = [Loop(Sequence(tuple(nodes)))]
    if yaml.get(task, "when") is not None:
        nodes = [Branch((Sequence(tuple(nodes)), Sequence()))]
    return nodes


def _module(yaml: Yaml, task: Node, entry: Entry, *, checked: bool) -> list[FlowNode]:
    """Return what one module of a task does."""
    name = entry.name.rpartition(".")[2]
    arguments = _arguments(yaml, entry.value)
    place = yaml.span(entry.key)
    whole = place.cover(yaml.span(entry.value))
    if name in ("shell", "command", "raw"):
        text = arguments.get("cmd") or yaml.text(entry.value)
        if text is None:
            return []
        folder = arguments.get("chdir") or yaml.text(yaml.get(task, "args", "chdir"))
        setting = Setting("", _filled(folder) if folder else None, {}, "sh")
        region = script(yaml.region, (_filled(text),), f"{name} of a task", place, setting)
        run = step(region, checked=checked)
        creates = arguments.get("creates") or yaml.text(yaml.get(task, "args", "creates"))
        if creates is None:
            return [run]
        absent = Operation(
            Kind.GUARD, _target(TargetKind.FILE, _filled(creates).text), place, yaml.region,
            spelling="creates", guard=Guard.ABSENT,
        )  # fmt: skip
        return [Branch((Sequence((absent, run)), Sequence()))]
    state = arguments["state"].text if "state" in arguments else ""
    if name == "file" and state == "absent":
        path = arguments.get("path") or arguments.get("dest") or arguments.get("name")
        if path is None:
            return []
        # a folder is deleted with everything in it
        recursive = frozenset({Trait.RECURSIVE})
        return [
            _operation(
                yaml, Kind.DELETE_FILE, _target(TargetKind.FILE, shown), where,
                f"{name}: state=absent", checked, recursive,
            )
            for shown, where in _each(yaml, task, _filled(path).text, whole)
        ]  # fmt: skip
    if lost := _storage(name, state, arguments):
        return [_operation(yaml, Kind.DELETE_STORAGE, lost, whole, _spelling(name), checked)]
    if name == "redis" and "command" in arguments and arguments["command"].text == "flush":
        number = arguments.get("db")
        lost = _target(TargetKind.DATABASE, _filled(number).text if number else "")
        return [_operation(yaml, Kind.DROP_DATABASE, lost, whole, "redis: command=flush", checked)]
    if name == "postgresql_table" and (state == "absent" or _is_set(arguments, "truncate")):
        named = arguments.get("name") or arguments.get("table")
        table = _target(TargetKind.TABLE, _filled(named).text if named else "")
        base = arguments.get("db") or arguments.get("login_db")
        table = replace(table, database=_filled(base).text if base else None)
        kind = Kind.DROP_TABLE if state == "absent" else Kind.TRUNCATE_TABLE
        return [_operation(yaml, kind, table, whole, "postgresql_table", checked)]
    if name in ("postgresql_db", "mysql_db", "mssql_db", "mongodb_db"):
        database = arguments.get("name") or arguments.get("db")
        shown = _filled(database).text if database else ""
        target = _target(TargetKind.DATABASE, shown)
        if state == "absent":
            spelling = f"{name}: state=absent"
            return [_operation(yaml, Kind.DROP_DATABASE, target, whole, spelling, checked)]
        if state == "dump" and "target" in arguments:
            copy = _target(TargetKind.FILE, _filled(arguments["target"]).text)
            spelling = f"{name}: state=dump"
            made = _operation(yaml, Kind.BACKUP, copy, whole, spelling, checked, source=target)
            return [made]
        return []
    if name in ("postgresql_query", "mysql_query", "postgresql_script"):
        text = arguments.get("query")
        if text is None:
            return []
        dialect = "mysql" if name.startswith("mysql") else "postgresql"
        named = arguments.get("db") or arguments.get("login_db")
        sql = yaml.region.embed(
            "sql", _filled(text), f"query of {name}", dialect=dialect,
            database=named.text if named else None,
        )  # fmt: skip
        return [Embed(sql, whole, checked)]
    return []


def _storage(name: str, state: str, arguments: dict[str, Mapped]) -> Target | None:
    """Return the volume or claim that a module takes away, None where it takes none."""
    if state != "absent":
        return None
    if name == "docker_volume":
        volume = arguments.get("name") or arguments.get("volume_name")
        return _target(TargetKind.STORAGE, _filled(volume).text if volume else "")
    if name in ("docker_compose", "docker_compose_v2") and _is_set(arguments, "remove_volumes"):
        return _target(TargetKind.STORAGE, "")
    if name in ("k8s", "kubernetes") and "kind" in arguments:
        claim = arguments.get("name")
        if arguments["kind"].text.lower() in _CLAIMS:
            return _target(TargetKind.STORAGE, _filled(claim).text if claim else "")
    return None


def _spelling(module: str) -> str:
    return f"{module}: state=absent" + (" of a volume" if module == "docker_volume" else "")


def _is_set(arguments: dict[str, Mapped], name: str) -> bool:
    return name in arguments and arguments[name].text.lower() in _YES


def _each(yaml: Yaml, task: Node, name: str, whole: Span) -> list[tuple[str, Span]]:
    """Return what *name* is in each turn of a task's loop over a list that is written down.

    Each comes with where its item stands; without such a loop it is *name* alone, at *whole*.
    """
    variable = yaml.value(yaml.get(task, "loop_control", "loop_var")) or "item"
    place = hole(variable)
    listing = yaml.get(task, "loop") or yaml.get(task, "with_items")
    if place not in name or not isinstance(listing, Listing):
        return [(name, whole)]
    found = []
    for item in yaml.items(listing):
        text = yaml.text(item)
        if text is not None:
            found.append((name.replace(place, _filled(text).text), yaml.span(item)))
    return found or [(name, whole)]


def _arguments(yaml: Yaml, node: Node) -> dict[str, Mapped]:
    """Return a module's arguments, a mapping or words ``path=x state=absent``."""
    if isinstance(node, Table):
        return {
            entry.name: text
            for entry in yaml.entries(node)
            if (text := yaml.text(entry.value)) is not None
        }
    whole = yaml.text(node)
    if whole is None or _TEMPLATED.search(whole.text.partition("=")[0]):
        return {}
    found = {}
    for match in _FREE_FORM.finditer(whole.text):
        start, end = match.span(2)
        if match[2][0] in "\"'":
            start, end = start + 1, end - 1
        found[match[1]] = whole.slice(start, end)
    return found


def _target(kind: TargetKind, name: str) -> Target:
    certainty = Certainty.PARTIAL if has_hole(name) else Certainty.LITERAL
    database = name if kind is TargetKind.DATABASE and name else None
    return Target(kind, name, database, certainty)


def _operation(
    yaml: Yaml,
    kind: Kind,
    target: Target,
    span: Span,
    spelling: str,
    checked: bool,
    traits: frozenset[Trait] = frozenset(),
    source: Target | None = None,
) -> Operation:
    return Operation(
        kind, target, span, yaml.region, target.certainty, spelling, source,
        checked=checked, traits=traits,
    )  # fmt: skip


def _filled(text: Mapped) -> Mapped:
    """Return a text with its Jinja expressions as holes."""
    if "{{" not in text.text and "{%" not in text.text:
        return text
    transcript, at = Transcript(), 0
    for match in _EXPRESSION.finditer(text.text):
        transcript.mapped(text.slice(at, match.start()))
        at = match.end()
        if match[1] is not None:
            place = text.map.to_outer(match.start(), match.end())
            transcript.inexact(hole(match[1]), place.start, place.end - place.start)
    transcript.mapped(text.slice(at, len(text.text)))
    return transcript.build()
