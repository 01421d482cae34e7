"""delete-database-storage."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.evidence import Evidence
from dbguard.finding import Finding
from dbguard.operations import Kind, Operation
from dbguard.rule import Rule, Section


class DeleteDatabaseStorage(Rule):
    """The storage of a database is deleted: a data directory, a volume, a claim.

    ## Why it breaks the protocol

    The critical rule: never delete an existing database. `docker compose down -v`, a
    pruned volume or a removed data directory takes the whole server with it, every
    database and every user, and leaves nothing to restore from.

    ## Do instead

    Stop the services and leave their volumes alone (`docker compose down` without `-v`).
    To start over on purpose, dump first and check the dump:

        docker compose exec -T db pg_dumpall -U postgres > "all_$(date +%s).sql" &&
          test -s all_*.sql

    ## Links

    - https://docs.docker.com/reference/cli/docker/compose/down/
    - https://docs.docker.com/engine/storage/volumes/#back-up-restore-or-migrate-data-volumes
    """

    id = "delete-database-storage"
    section = Section.CRITICAL_RULE
    kinds = frozenset({Kind.DELETE_STORAGE})

    def check(self, operation: Operation, evidence: Evidence) -> Iterator[Finding]:
        """Judge the deletion of what a database server stores its data in."""
        target = str(operation.target)
        name, kept = f" ({target})", target
        if target == ".":
            name, kept = " in the working folder", "what it would delete"
        elif not target:
            name, kept = _unnamed(operation.spelling)
        yield from self.destruction(
            operation,
            evidence,
            f"{operation.spelling} deletes the storage of a database{name}",
            f"keep {kept}: stop the services without removing their data, and dump every "
            "database to a timestamped file before the storage is touched",
        )


def _unnamed(command: str) -> tuple[str, str]:
    """Return what a command takes that names nothing: how it is said, and what to keep."""
    if "compose" in command:
        return ", every volume of the services", "the volumes"
    if "volume" in command or "prune" in command:
        return ", every volume that nothing uses now", "the volumes"
    return ", with all that it holds", "the machine and its volumes"
