"""A migration as a Python script, for SQLite and nothing but the standard library."""

from __future__ import annotations

from dbguard.scaffold.plan import Plan


def python(plan: Plan) -> str:
    """Return a script that rebuilds a table of an SQLite database."""
    old, new = plan.name(), plan.name("_new")
    return f"""\
\"\"\"Rebuilds {plan.table} of {plan.database}. Stop what writes to the database first.

Write the new columns below, the same in CREATE, INSERT and EXCEPT.
\"\"\"

import contextlib
import sqlite3
import time


def back_up():
    \"\"\"Copy the database under a name with the time in it, and check the copy.\"\"\"
    name = f"{plan.database}.bak_{{int(time.time())}}"
    with (
        contextlib.closing(sqlite3.connect("{plan.database}")) as source,
        contextlib.closing(sqlite3.connect(name)) as copy,
    ):
        source.backup(copy)
        if copy.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            raise RuntimeError(f"{{name}} is damaged: nothing was changed")
    print("backup:", name)


def rebuild(connection):
    \"\"\"Make the new table, copy, compare, and only then drop the old one.\"\"\"
    connection.execute("PRAGMA foreign_keys=OFF")
    connection.execute("BEGIN IMMEDIATE")
    dangling = connection.execute("PRAGMA foreign_key_check").fetchall()
    connection.execute(
        '''CREATE TABLE {new} (
{plan.definition("            ")}
        )'''
    )
    connection.execute(
        '''INSERT INTO {new} ({plan.listed})
        SELECT {plan.listed} FROM {old}'''
    )
    before = connection.execute('''SELECT count(*) FROM {old}''').fetchone()[0]
    after = connection.execute('''SELECT count(*) FROM {new}''').fetchone()[0]
    if before != after:
        raise RuntimeError(f"{{before}} rows before, {{after}} after")
    lost = connection.execute(
        '''SELECT {plan.listed} FROM {old}
        EXCEPT SELECT {plan.listed} FROM {new}'''
    ).fetchone()
    if lost is not None:
        raise RuntimeError(f"the copy lacks {{lost}}")
    connection.execute('''DROP TABLE {old}''')
    connection.execute('''ALTER TABLE {new} RENAME TO {old}''')
    broken = connection.execute("PRAGMA foreign_key_check").fetchall()
    if len(broken) > len(dangling):
        raise RuntimeError(f"references lead nowhere: {{broken[:5]}}")
    connection.execute("COMMIT")


def look(connection):
    \"\"\"Look at the columns and the rows of the new table.\"\"\"
    print("rows:", connection.execute('''SELECT count(*) FROM {old}''').fetchone()[0])
    connection.execute('''SELECT {plan.listed} FROM {old} LIMIT 1''')


def main():
    back_up()
    # isolation_level=None: transactions begin and end where it says so. What raises before
    # COMMIT leaves the database as it was.
    with contextlib.closing(sqlite3.connect("{plan.database}", isolation_level=None)) as connection:
        rebuild(connection)
        look(connection)
    # Indexes, triggers and views of the old table are gone: create them again.


if __name__ == "__main__":
    main()
"""
