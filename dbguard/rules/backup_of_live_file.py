"""backup-of-live-file."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.evidence import Context, Evidence
from dbguard.finding import Finding, Severity
from dbguard.judgement import is_expendable
from dbguard.operations import Kind, Operation, Trait
from dbguard.rule import Rule, Section


class BackupOfLiveFile(Rule):
    """A database in write-ahead mode is backed up by copying its file.

    ## Why it breaks the protocol

    Section 1 asks for a backup that can be restored. In WAL mode the newest transactions
    are in the `-wal` file beside the database; a plain copy of the main file misses them,
    and a copy made while somebody writes may be torn.

    ## Do instead

    Let SQLite make the copy: it is consistent under writers and includes the WAL.

        sqlite3 app.db ".backup 'app.db.bak_$(date +%s)'"
        sqlite3 app.db "VACUUM INTO 'app_$(date +%s).db'"

    In Python, `Connection.backup()`. Or stop the services first, and copy all three files.

    ## Links

    - https://sqlite.org/wal.html#the_wal_file
    - https://sqlite.org/backup.html
    """

    id = "backup-of-live-file"
    section = Section.BEFORE
    kinds = frozenset({Kind.BACKUP})

    def check(self, operation: Operation, evidence: Evidence) -> Iterator[Finding]:
        """Note a copy of a database file in a project that turns write-ahead mode on."""
        if not evidence.project.write_ahead or not operation.has(Trait.FILE_COPY):
            return
        if evidence.stopped_service() is not None or evidence.context is Context.TEST:
            return
        if operation.source is None or is_expendable(operation, evidence):
            return
        yield self.finding(
            operation,
            evidence,
            Severity.NOTE,
            f"{operation.spelling} copies {operation.source} while it may be written to: what "
            "stands in its write-ahead log is missing from the backup",
            f"copy {operation.source} with SQLite's .backup or VACUUM INTO, or stop its services "
            "first",
        )
