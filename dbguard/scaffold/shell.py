"""A migration as a shell script, for the program sqlite3."""

from __future__ import annotations

from dbguard.scaffold.plan import Plan
from dbguard.scaffold.sqlite import rebuilt


def shell(plan: Plan) -> str:
    """Return a script that rebuilds a table of an SQLite database."""
    old = plan.name()
    return f"""\
#!/bin/sh
# Rebuilds {plan.table} of {plan.database}. Stop what writes to the database first.
# Write the new columns below, the same in CREATE, INSERT and EXCEPT.
set -eu

# 1. Before: what there is, and a backup under a name with the time in it, which is checked.
sqlite3 "{plan.database}" <<'SQL'
.bail on
SELECT 'rows before', count(*) FROM {old};
SQL
backup="{plan.database}.bak_$(date +%Y%m%d_%H%M%S)"
sqlite3 "{plan.database}" ".backup '$backup'"
[ "$(sqlite3 "$backup" "PRAGMA integrity_check")" = ok ]

# 2. The new table, the copy, and the comparison without which the old one is not dropped.
sqlite3 -bail "{plan.database}" <<'SQL'
PRAGMA foreign_keys=OFF;
BEGIN IMMEDIATE;
{rebuilt(plan)}
COMMIT;
SQL

# 3. After: the columns, the rows, and what refers to them. Indexes, triggers and views of the
# old table are gone: create them again.
sqlite3 -bail "{plan.database}" <<'SQL'
SELECT 'rows after', count(*) FROM {old};
SELECT {plan.listed} FROM {old} LIMIT 1;
SQL
[ -z "$(sqlite3 "{plan.database}" "PRAGMA foreign_key_check")" ]
echo "backup: $backup"
"""
