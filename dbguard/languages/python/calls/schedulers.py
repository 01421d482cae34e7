"""Airflow: the SQL and the commands that operators and hooks are given.

https://airflow.apache.org/docs/apache-airflow-providers-common-sql/stable/operators.html. A
task runs where and when the scheduler says: what it does is no proof for what stands below.
"""

from __future__ import annotations

from dbguard.languages.python.calls.dbapi import SQL_START
from dbguard.languages.python.calls.processes import shell
from dbguard.languages.python.calls.site import CallSite, Handler, Outcome
from dbguard.languages.python.values import Contents, Items, Text, Value, options
from dbguard.patterns import regex

_HOOK = regex(r"[Hh]ook\b[^.]*$|[Hh]ook\)?$")
_SQL_OPERATORS = {
    "PostgresOperator": "postgresql",
    "RedshiftSQLOperator": "postgresql",
    "MySqlOperator": "mysql",
    "SqliteOperator": "sqlite",
    "MsSqlOperator": "tsql",
    "OracleOperator": "oracle",
    "SnowflakeOperator": "snowflake",
    "SnowflakeSqlApiOperator": "snowflake",
    "BigQueryExecuteQueryOperator": "",
    "ClickHouseOperator": "clickhouse",
    "ExasolOperator": "",
    "JdbcOperator": "",
    "SQLExecuteQueryOperator": "",
    "TrinoOperator": "",
    "VerticaOperator": "",
}


def _operator(dialect: str) -> Handler:
    def handle(site: CallSite) -> Outcome | None:
        sql = site.argument(None, "sql")
        if sql is None:
            return None
        value = _statements(sql)
        via = f"sql of {site.method}"
        return Outcome(site.sql(value, via, site.string(None, "database"), dialect, False).nodes)

    return handle


def _statements(value: Value) -> Value:
    """Return what an operator runs: a name that ends in ``.sql`` is that of a file."""
    if isinstance(value, Items):
        return Items(tuple(_statements(item) for item in value.items))
    first = options(value)[0]
    if isinstance(first, Text) and first.text.endswith(".sql") and " " not in first.text:
        return Contents(first.mapped)
    return value


def _command(name: str) -> Handler:
    def handle(site: CallSite) -> Outcome | None:
        command = site.argument(None, name)
        return Outcome(shell(site, command, False)) if command is not None else None

    return handle


def _hook(site: CallSite) -> Outcome | None:
    """``PostgresHook("shop").run("DROP TABLE users")``."""
    sql = site.argument(0, "sql")
    if sql is None or _HOOK.search(site.receiver_text) is None:
        return None
    texts = sql.items if isinstance(sql, Items) else options(sql)
    if not any(isinstance(text, Text) and SQL_START.match(text.text) for text in texts):
        return None
    return Outcome(site.sql(sql, f"argument of {site.method}()", None).nodes)


EFFECTS: dict[str, Handler] = {
    **{f"airflow.{name}": _operator(dialect) for name, dialect in _SQL_OPERATORS.items()},
    "airflow.BashOperator": _command("bash_command"),
    "airflow.SSHOperator": _command("command"),
}

METHODS: dict[str, Handler] = {"run": _hook}
