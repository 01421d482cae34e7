"""The rebuild of a table in SQLite's SQL, which a script in SQL and one in shell have alike."""

from __future__ import annotations

from dbguard.scaffold.plan import Plan


def rebuilt(plan: Plan) -> str:
    """Return the statements that stand in the transaction, without a line end behind the last.

    The order is that of sqlite.org (lang_altertable.html): references to the table follow a
    rename, so the new one gets it.
    """
    old, new, kept = plan.name(), plan.name("_new"), plan.name("_kept")
    return f"""\
CREATE TABLE {new} (
{plan.definition()}
);
INSERT INTO {new} ({plan.listed}) SELECT {plan.listed} FROM {old};
CREATE TEMP TABLE {kept} (ok CHECK (ok));
INSERT INTO {kept} SELECT (SELECT count(*) FROM {new}) = (SELECT count(*) FROM {old});
INSERT INTO {kept} SELECT NOT EXISTS (
  SELECT {plan.listed} FROM {old} EXCEPT SELECT {plan.listed} FROM {new}
);
DROP TABLE {kept};
DROP TABLE {old};
ALTER TABLE {new} RENAME TO {old};"""
