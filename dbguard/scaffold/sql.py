"""A migration in SQL, for the client of its dialect."""

from __future__ import annotations

from collections.abc import Callable

from dbguard.languages.sql.dialects import MYSQL, POSTGRESQL, SQLITE
from dbguard.scaffold.plan import Plan
from dbguard.scaffold.sqlite import rebuilt


def sql(plan: Plan) -> str:
    """Return a migration that the client of the plan's dialect runs."""
    return _BY_DIALECT[plan.dialect](plan)


def _sqlite(plan: Plan) -> str:
    old = plan.name()
    return f"""\
-- Rebuilds {plan.table}. Stop what writes to the database, then run: sqlite3 app.db < this file
-- Write the new columns below, the same in CREATE, INSERT and EXCEPT.
.bail on

-- 1. Before: what there is, and a backup under a name with the time in it.
SELECT 'rows before', count(*) FROM {old};
VACUUM INTO '{plan.word}_before_' || strftime('%Y%m%d_%H%M%S', 'now') || '.db';

-- 2. The new table, the copy, and the comparison without which the old one is not dropped.
PRAGMA foreign_keys=OFF;
BEGIN IMMEDIATE;
{rebuilt(plan)}
PRAGMA foreign_key_check;
COMMIT;
PRAGMA foreign_keys=ON;

-- 3. After: the columns and the rows. Indexes, triggers and views of the old table are gone:
-- create them again.
PRAGMA integrity_check;
SELECT 'rows after', count(*) FROM {old};
SELECT {plan.listed} FROM {old} LIMIT 1;
"""


def _postgresql(plan: Plan) -> str:
    new, old = plan.name(), plan.name("_old")
    return f"""\
-- Rebuilds {plan.table}. Stop what writes to the database, then run: psql -f this file DATABASE
-- Write the new columns below, the same in CREATE, INSERT and EXCEPT.
\\set ON_ERROR_STOP on

-- 1. Before: what there is, and a backup under a name with the time in it.
SELECT 'rows before', count(*) FROM {new};
\\set backed_up `pg_dump -Fc -h :'HOST' -p :'PORT' -U :'USER' -f "{plan.word}_$(date +%s).dump" :'DBNAME' && echo true || echo false`
\\if :backed_up
\\else
DO $$ BEGIN RAISE EXCEPTION 'the backup failed: nothing was changed'; END $$;
\\endif

-- 2. The old table aside, the new one, the copy, and the comparison without which the old one
-- is not dropped. Where other tables refer to it, the DROP fails: change them over first.
BEGIN;
ALTER TABLE {new} RENAME TO {old};
CREATE TABLE {new} (
{plan.definition()}
);
INSERT INTO {new} ({plan.listed}) SELECT {plan.listed} FROM {old};
DO $$ BEGIN
  IF (SELECT count(*) FROM {new}) <> (SELECT count(*) FROM {old}) THEN
    RAISE EXCEPTION 'rows are missing';
  END IF;
  IF EXISTS (SELECT {plan.listed} FROM {old} EXCEPT SELECT {plan.listed} FROM {new}) THEN
    RAISE EXCEPTION 'rows differ';
  END IF;
END $$;
DROP TABLE {old};
COMMIT;

-- 3. After: the columns and the rows. Indexes, grants and sequences of the old table are gone:
-- create them again.
SELECT 'rows after', count(*) FROM {new};
SELECT {plan.listed} FROM {new} LIMIT 1;
"""


def _mysql(plan: Plan) -> str:
    """The new table under another name until all is compared, for MySQL undoes no CREATE."""
    table, new, old = plan.name(), plan.name("_new"), plan.name("_old")
    compare = plan.name("_compare")
    backup = f'"{plan.word}_$(date +%s).sql"'
    return f"""\
-- Rebuilds {plan.table}. Stop what writes to the database.
-- Write the new columns below, the same in CREATE and INSERT.
-- 1. Before: a backup under a name with the time in it, whose failure stops the rest:
--    mysqldump --single-transaction DATABASE > {backup} && mysql DATABASE < this file
SELECT 'rows before', count(*) FROM {table};

-- 2. The new table, the copy, and the comparison without which the old one stays where it is.
-- MySQL commits after each of these: where one fails, drop {new} before you run this again.
CREATE TABLE {new} (
{plan.definition()}
);
INSERT INTO {new} ({plan.listed}) SELECT {plan.listed} FROM {table};
DROP PROCEDURE IF EXISTS {compare};
DELIMITER //
CREATE PROCEDURE {compare}()
BEGIN
  IF (SELECT count(*) FROM {new}) <> (SELECT count(*) FROM {table}) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'rows are missing';
  END IF;
END//
DELIMITER ;
CALL {compare}();
DROP PROCEDURE {compare};
RENAME TABLE {table} TO {old}, {new} TO {table};
DROP TABLE {old};

-- 3. After: the columns and the rows. Indexes and triggers of the old table are gone: create
-- them again.
SELECT 'rows after', count(*) FROM {table};
SELECT {plan.listed} FROM {table} LIMIT 1;
"""


_BY_DIALECT: dict[str, Callable[[Plan], str]] = {
    SQLITE: _sqlite,
    POSTGRESQL: _postgresql,
    MYSQL: _mysql,
}
