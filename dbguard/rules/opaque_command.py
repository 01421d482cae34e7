"""opaque-command."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.evidence import Evidence
from dbguard.finding import Finding
from dbguard.operations import Kind, Operation
from dbguard.rule import Rule, Section


class OpaqueCommand(Rule):
    """Code that cannot be read before it runs is handed to a database or run next to one.

    ## Why it breaks the protocol

    Section 0 cannot be kept for code that nobody has seen: a text that is decoded,
    decrypted or downloaded and then executed may drop, reset or overwrite a database, and
    neither a reader nor dbguard can tell. What is decoded from a literal is followed and
    judged as what it says; this is about the rest. It is reported for the client of a
    database (`base64 -d job.b64 | psql`), and for a shell or Python only where the same line
    names a database.

    ## Do instead

    Keep the statements in the repository, readable, and run them from there:

        psql -v ON_ERROR_STOP=1 -f migrations/0042_split_names.sql

    Encrypt or download data, not code; pass secrets as variables of the statement.

    ## Links

    - https://www.postgresql.org/docs/current/app-psql.html
    - https://owasp.org/www-project-top-ten/
    """

    id = "opaque-command"
    section = Section.CRITICAL_RULE
    kinds = frozenset({Kind.RUN_OPAQUE})

    def check(self, operation: Operation, evidence: Evidence) -> Iterator[Finding]:
        """Judge the run of a text that cannot be read."""
        yield from self.destruction(
            operation,
            evidence,
            f"code that cannot be read before it runs ({operation.spelling})",
            "keep the code in the repository as readable text and run it from there",
        )
