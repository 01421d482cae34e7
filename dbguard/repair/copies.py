"""Which table holds the rows of one that is dropped."""

from __future__ import annotations

from dbguard.operations import Kind, Operation
from dbguard.repair.fix import Site
from dbguard.source import has_hole
from dbguard.state import table_key


def copy_of_dropped(site: Site) -> tuple[str, str] | None:
    """Return the dropped table and the table its rows were copied to, by their names there.

    None where nothing says that they were copied whole, or a name is not known.
    """
    drop = site.operation
    copied = site.finding.evidence.fact("copied")
    if drop is None or drop.kind is not Kind.DROP_TABLE or copied.state != "yes":
        return None
    found: tuple[str, str] | None = None
    for operation in site.read():
        source = operation.source
        if operation.kind is Kind.COPY_ROWS and source is not None:
            same = operation.region.file.path == (copied.file.path if copied.file else "")
            if same and operation.span == copied.span:
                found = source.name, operation.target.name
        elif operation.kind is Kind.RENAME_TABLE and source is not None and found is not None:
            found = _renamed(found[0], operation), _renamed(found[1], operation)
        elif found is not None and _is(operation, drop):
            break
    if found is None or table_key(found[0]) != table_key(drop.target.name):
        return None
    old, new = drop.target.name, found[1]
    if has_hole(old) or has_hole(new) or table_key(old) == table_key(new):
        return None
    return old, new


def _renamed(name: str, operation: Operation) -> str:
    assert operation.source is not None
    same = table_key(operation.source.name) == table_key(name)
    return operation.target.name if same else name


def _is(one: Operation, other: Operation) -> bool:
    return one.kind is other.kind and one.span == other.span
