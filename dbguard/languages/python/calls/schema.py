"""SQLAlchemy's copies of rows (``insert(new).from_select(...)``) and looks at the schema."""

from __future__ import annotations

from dbguard.languages.python.calls.dbapi import database_of
from dbguard.languages.python.calls.orm import table_name
from dbguard.languages.python.calls.site import CallSite, Handler, Outcome, make_target
from dbguard.languages.python.values import (
    Class,
    Handle,
    Items,
    RowCopy,
    Symbol,
    Text,
    Unknown,
    options,
)
from dbguard.operations import Kind, TargetKind


def _insert(site: CallSite) -> Outcome | None:
    """``insert(new)``, ``new.insert()``: a statement, so far without rows."""
    value = site.argument(0, "table", "entity") if site.receiver is None else site.receiver
    if site.receiver is not None and (site.count or site.keyword_names):
        if not isinstance(site.receiver, Symbol):
            return None
        value = site.argument(0, "table", "entity")
    if value is None or not isinstance(options(value)[0], Class | Symbol | Unknown | Handle):
        return None
    return Outcome([], Handle("insert", name=table_name(value)))


def _from_select(site: CallSite) -> Outcome | None:
    """``insert(new).from_select(["id", "name"], select(old.c.id, old.c.name))``."""
    receiver, selected = site.receiver, site.argument(1, "select")
    if not isinstance(receiver, Handle) or receiver.kind != "insert":
        return None
    if not isinstance(selected, Handle) or selected.kind != "query":
        return None
    names = site.argument(0, "names")
    items = names.items if isinstance(names, Items) else ()
    columns = tuple(item.text.lower() for item in items if isinstance(item, Text) and item.known)
    whole = columns if len(columns) == len(items) else ()
    return Outcome([], RowCopy(receiver.name, selected.name, selected.filtered, whole))


def _inspector(site: CallSite) -> Outcome | None:
    database, dialect = database_of(site.argument(0, "subject"))
    return Outcome([], Handle("inspector", database, dialect))


def _look(site: CallSite) -> Outcome | None:
    """``inspect(engine).get_columns("users")``: what the schema is now."""
    receiver = site.receiver
    if not isinstance(receiver, Handle) or receiver.kind != "inspector":
        return None
    name = site.string(0, "table_name") or ""
    target = make_target(TargetKind.TABLE, name, receiver.database)
    return Outcome([site.operation(Kind.READ, target, reads=(target,))])


METHODS: dict[str, Handler] = dict.fromkeys(
    ("get_columns", "has_table", "get_table_names", "get_indexes", "get_pk_constraint"), _look
)

VALUES: dict[str, Handler] = {
    **{f"{root}.insert": _insert for root in ("sqlalchemy", "sqlmodel")},
    "sqlalchemy.inspect": _inspector,
    "sqlalchemy.inspection.inspect": _inspector,
}

VALUE_METHODS: dict[str, Handler] = {"insert": _insert, "from_select": _from_select}
