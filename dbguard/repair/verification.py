"""The comparison of a table with its copy, whose failure stops what follows, in every dialect."""

from __future__ import annotations

from dbguard.languages.sql.dialects import MYSQL, POSTGRESQL, SQLITE, TSQL
from dbguard.patterns import regex
from dbguard.repair.sql_code import quoted_name

_NOT_NAME = regex(r"\W+")


def verification(old: str, new: str, name: str, dialect: str) -> list[str]:
    """Return the lines that compare the row counts of two tables, as they are written.

    *name* is the old table's, without quotes. Where the dialect is not known, a table with a
    CHECK is used, which every one of SQLite, PostgreSQL, MySQL from 8.0.16 and MariaDB from
    10.2.1 refuses a row for (dev.mysql.com/doc/refman/8.0/en/create-table-check-constraints.html).
    """
    counts = tuple(f"(SELECT count(*) FROM {table})" for table in (new, old))
    message = f"{_NOT_NAME.sub(' ', name)}: rows are missing"
    if dialect == POSTGRESQL:
        return [
            "DO $$ BEGIN",
            f"  IF {counts[0]} <> {counts[1]} THEN",
            f"    RAISE EXCEPTION '{message}';",
            "  END IF;",
            "END $$;",
        ]
    if dialect == TSQL:
        return [f"IF {counts[0]} <> {counts[1]}", f"  THROW 50001, '{message}', 1;"]
    check = _NOT_NAME.sub("_", name).strip("_").lower() + "_kept"
    check = quoted_name(check, dialect)
    temporary, column = "TEMPORARY", "ok boolean NOT NULL CHECK (ok = true)"
    if dialect == SQLITE:
        temporary, column = "TEMP", "ok CHECK (ok)"
    return [
        f"CREATE {temporary} TABLE {check} ({column});",
        f"INSERT INTO {check} SELECT {counts[0]} = {counts[1]};",
        # In MySQL the plain form would commit the open transaction.
        f"DROP {'TEMPORARY ' if dialect == MYSQL else ''}TABLE {check};",
    ]


def count_query(old: str, new: str, dialect: str) -> str:
    """Return the query whose value is 0 where both tables have the same number of rows."""
    new, old = quoted_name(new, dialect), quoted_name(old, dialect)
    return f"SELECT (SELECT count(*) FROM {new}) - (SELECT count(*) FROM {old})"
