"""A migration for Alembic, on any database that SQLAlchemy speaks to."""

from __future__ import annotations

from dbguard.scaffold.plan import Plan


def alembic(plan: Plan) -> str:
    """Return a revision that rebuilds a table."""
    old, new = plan.name(), plan.name("_new")
    columns = ",\n".join(f"            {column}" for column in plan.columns)
    return f"""\
\"\"\"Rebuild {plan.table}.

Back up before `alembic upgrade`: pg_dump, mysqldump or sqlite3's .backup, under a name with the
time in it. Write the new columns below, the same in CREATE, INSERT and EXCEPT.
\"\"\"

from alembic import op

revision = "REVISION"  # alembic revision --rev-id
down_revision = None  # the revision before


def upgrade():
    if op.get_context().as_sql:
        raise RuntimeError("rows are compared here: --sql, which has no connection, cannot do that")
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        # With them on, the drop would delete the rows that refer to the table. In env.py, before
        # context.configure(): connection.connection.execute("PRAGMA foreign_keys=OFF")
        if connection.exec_driver_sql("PRAGMA foreign_keys").scalar() != 0:
            raise RuntimeError("turn foreign keys off in env.py first")
        # Python's sqlite3 begins no transaction for CREATE and DROP: without one, what was done
        # before a failure would stay.
        if not connection.connection.driver_connection.in_transaction:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    op.execute(
        '''CREATE TABLE {new} (
{columns}
        )'''
    )
    op.execute(
        '''INSERT INTO {new} ({plan.listed})
        SELECT {plan.listed} FROM {old}'''
    )
    before = connection.exec_driver_sql('''SELECT count(*) FROM {old}''').scalar()
    after = connection.exec_driver_sql('''SELECT count(*) FROM {new}''').scalar()
    if before != after:
        raise RuntimeError(f"{{before}} rows before, {{after}} after")
    lost = connection.exec_driver_sql(
        '''SELECT {plan.listed} FROM {old}
        EXCEPT SELECT {plan.listed} FROM {new}'''
    ).first()
    if lost is not None:
        raise RuntimeError(f"the copy lacks {{lost}}")
    op.drop_table("{plan.table}")
    op.rename_table("{plan.table}_new", "{plan.table}")
    # After: the columns and the rows. Indexes and constraints of the old table are gone: create
    # them again.
    connection.exec_driver_sql('''SELECT {plan.listed} FROM {old} LIMIT 1''')
    now = connection.exec_driver_sql('''SELECT count(*) FROM {old}''').scalar()
    if now != before:
        raise RuntimeError(f"{{before}} rows before, {{now}} now")


def downgrade():
    raise NotImplementedError("restore the backup that was taken before the upgrade")
"""
