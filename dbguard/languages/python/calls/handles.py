"""Attributes of handles, instances of library classes, and settings that name a database."""

from __future__ import annotations

from functools import lru_cache

from dbguard.databases import database_of_url
from dbguard.flow import Node
from dbguard.languages.grammars import Node as Syntax
from dbguard.languages.python.calls.site import make_target
from dbguard.languages.python.values import (
    Class,
    Handle,
    Items,
    Mapping,
    Symbol,
    Value,
    as_text,
    options,
    path_of,
)
from dbguard.operations import Kind, Operation, TargetKind
from dbguard.patterns import regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.languages.python.names import Scope
    from dbguard.languages.python.program import Program

SETTING = "SQLALCHEMY_DATABASE_URI"

_PARTS = {
    ("sqlalchemy", "session"): "session",
    ("sqlalchemy", "engine"): "engine",
    ("sqlalchemy", "metadata"): "metadata",
    ("base", "metadata"): "metadata",
    ("engine", "connection"): "connection",
    ("session", "bind"): "engine",
    ("connection", "connection"): "connection",
    ("connection", "conn"): "connection",
    ("schema editor", "connection"): "connection",
}


def attribute_of_handle(owner: Handle, name: str) -> Value | None:
    """Return an attribute of a handle that is a handle itself, None for a method."""
    kind = _PARTS.get((owner.kind, name))
    if kind is not None:
        return Handle(kind, owner.database, owner.dialect)
    if owner.kind == "mongo client" and not name.startswith("_"):
        if name in ("drop_database", "close", "admin", "get_database", "get_default_database"):
            return None
        return Handle("mongo database", name, name=name)
    if owner.kind == "mongo database" and name not in (
        "drop_collection",
        "command",
        "get_collection",
        "list_collection_names",
        "client",
    ):
        return Handle("mongo collection", owner.database, name=name)
    if owner.kind == "dataset" and name not in ("query", "execute", "begin", "commit", "tables"):
        return Handle("table", owner.database, owner.dialect, name)
    if owner.kind == "model" and name in ("objects", "_default_manager"):
        return Handle("manager", owner.database, owner.dialect, owner.name)
    if owner.kind == "file" and name == "name" and owner.text is not None:
        from dbguard.languages.python.values import Text

        return Text(owner.text)
    return None


def instance_of_bases(cls: Class) -> Value | None:
    """Return the handle an instance of a class of the file is, by its base classes."""
    for base in cls.bases:
        if isinstance(base, Symbol) and base.name.endswith("DbUtil"):
            return Handle("connection")
    return None


def skipped(program: Program, node: Syntax) -> list[Syntax]:
    """Return the only argument that counts: ``SeparateDatabaseAndState`` changes no state."""
    function = node.child_by_field_name("function")
    if (
        function is None
        or program.tree.data[
            max(function.start_byte, function.end_byte - 24) : function.end_byte
        ].rpartition(b".")[2]
        != b"SeparateDatabaseAndState"
    ):
        return []
    arguments = node.child_by_field_name("arguments")
    for child in arguments.named_children if arguments is not None else ():
        if child.type == "keyword_argument":
            name = child.child_by_field_name("name")
            value = child.child_by_field_name("value")
            named = program.tree.text(name) if name is not None else ""
            if named == "database_operations" and value is not None:
                return [value]
        elif child.type != "comment":
            return [child]
    return [function]


def describes_state(program: Program, target: Syntax) -> bool:
    """Say whether a name is for the ``state_operations`` of ``SeparateDatabaseAndState`` alone.

    What such a list says of models is done to no table.
    """
    return target.type == "identifier" and program.short_text(target) in _names_of_state(
        program.tree.data
    )


_STATE = regex(rb"\bstate_operations\s*=\s*(\w+)(?=\s*[,)])")


@lru_cache(maxsize=1)
def _names_of_state(data: bytes) -> frozenset[str]:
    """Return the names that are given as ``state_operations`` and stand nowhere else but where
    they are assigned: one that does may reach a table there."""
    if b"SeparateDatabaseAndState" not in data:
        return frozenset()
    given = _STATE.findall(data)
    return frozenset(
        name.decode()
        for name in set(given[:16])
        if len(regex(rb"\b%b\b" % name).findall(_STATE.sub(b"", data))) == 1
    )


def configuration(program: Program, target: Syntax, right: Syntax, scope: Scope) -> list[Node]:
    """Return what an assignment to a well-known setting tells about databases."""
    written = program.short_text(target)
    if SETTING in written:
        program.bind(SETTING, program.module, lambda: program.evaluate(right, scope))
        return _connect(program, right, program.evaluate(right, scope))
    if written == "DATABASES":
        return _django(program, right, program.evaluate(right, scope))
    data = program.tree.data[right.start_byte : min(right.end_byte, right.start_byte + 4000)]
    if (
        right.type in ("string", "call", "boolean_operator")
        and b"sqlite" in data
        and b"://" in data
    ):
        return _connect(program, right, program.evaluate(right, scope))
    if right.type == "dictionary" and b"sqlite" in data and b"://" in data:
        value = program.evaluate(right, scope)
        entries = value.entries.values() if isinstance(value, Mapping) else ()
        return [node for entry in entries for node in _connect(program, right, entry)]
    return []


def _connect(program: Program, node: Syntax, value: Value) -> list[Node]:
    nodes: list[Node] = []
    for option in options(value):
        if isinstance(option, Items | Mapping):
            continue
        text = as_text(option)
        database = database_of_url(text.text) if text is not None else None
        if database is not None:
            nodes.append(_operation(program, node, database))
    return nodes


def _operation(program: Program, node: Syntax, database: str) -> Node:
    target = make_target(TargetKind.DATABASE, database, database)
    return Operation(
        Kind.CONNECT,
        target,
        program.tree.span(node),
        program.region,
        target.certainty,
        "configuration",
    )


def _django(program: Program, node: Syntax, value: Value) -> list[Node]:
    """Return the files that Django's ``DATABASES`` names."""
    nodes: list[Node] = []
    for entry in value.entries.values() if isinstance(value, Mapping) else ():
        if not isinstance(entry, Mapping):
            continue
        engine = as_text(entry.entries["ENGINE"]) if "ENGINE" in entry.entries else None
        name = entry.entries.get("NAME")
        path = path_of(options(name)[0]) if name is not None else None
        if engine is not None and "sqlite" in engine.text and path:
            nodes.append(_operation(program, node, program.file_target(path).name))
    return nodes
