"""Which table holds the rows of one that is dropped."""

from __future__ import annotations

from dbguard.operations import Kind, Operation
from dbguard.records import dataclass
from dbguard.repair.fix import Site
from dbguard.source import has_hole
from dbguard.state import table_key


@dataclass(frozen=True, slots=True)
class Copy:
    """The dropped table and the one that has its rows, by their names at the drop."""

    old: str
    new: str
    operation: Operation


def copy_of_dropped(site: Site, *, certain: bool = True) -> Copy | None:
    """Return the copy of a dropped table, None where nothing says that it was copied whole.

    Not *certain*: a copy before the drop that may have failed will do.
    """
    drop = site.operation
    copied = site.finding.evidence.fact("copied")
    if drop is None or drop.kind is not Kind.DROP_TABLE or (certain and copied.state != "yes"):
        return None
    found: Copy | None = None
    for operation in site.read():
        source = operation.source
        if operation.kind is Kind.COPY_ROWS and source is not None:
            is_it = (
                operation.region.file.path == (copied.file.path if copied.file else "")
                and operation.span == copied.span
            )
            if is_it or (not certain and table_key(source.name) == table_key(drop.target.name)):
                found = Copy(source.name, operation.target.name, operation)
        elif operation.kind is Kind.RENAME_TABLE and source is not None and found is not None:
            old, new = _renamed(found.old, operation), _renamed(found.new, operation)
            found = Copy(old, new, found.operation)
        elif found is not None and _is(operation, drop):
            break
    if found is None or table_key(found.old) != table_key(drop.target.name):
        return None
    old, new = drop.target.name, found.new
    if has_hole(old) or has_hole(new) or table_key(old) == table_key(new):
        return None
    return Copy(old, new, found.operation)


def _renamed(name: str, operation: Operation) -> str:
    assert operation.source is not None
    same = table_key(operation.source.name) == table_key(name)
    return operation.target.name if same else name


def _is(one: Operation, other: Operation) -> bool:
    return one.kind is other.kind and one.span == other.span
