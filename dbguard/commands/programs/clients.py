"""Programs that run SQL: where it stands on their command lines, and on which database."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dbguard.commands.entry import Client, Custom, Entry, database_of
from dbguard.commands.match import Match, backup_traits
from dbguard.flow import Branch, Embed, Node, Sequence
from dbguard.operations import Kind, TargetKind
from dbguard.records import replace
from dbguard.source import Mapped

_PSQL = (
    "-c --command -f --file -d --dbname -h --host -p --port -U --username -v --set --variable -o"
    " --output -L --log-file -P --pset -F --field-separator -R --record-separator -T --table-attr"
)
_MYSQL = (
    "-e --execute -D --database -h --host -P --port -u --user -S --socket -p? --password?"
    " --defaults-file --defaults-extra-file --defaults-group-suffix --login-path --protocol"
    " --ssl-ca --ssl-cert --ssl-key --ssl-mode --default-character-set --init-command --delimiter"
    " --max-allowed-packet --connect-timeout --prompt --tee --character-sets-dir"
)
_SQLITE = (
    "-cmd -separator -newline -nullvalue -init -mmap -vfs -maxsize -heap -lookaside -pagecache -A"
)


def _on_error_stop(match: Match) -> bool:
    """Say whether psql stops at the first error: ``-v ON_ERROR_STOP=1``."""
    for value in match.arguments.values("-v", "--set", "--variable"):
        name, _, setting = value.text.partition("=")
        if name == "ON_ERROR_STOP" and setting.lower() not in ("0", "off", "false", "no"):
            return True
    return False


def _psql(match: Match) -> Iterator[Node]:
    """psql: -c and -f in order, else standard input.

    Without ON_ERROR_STOP only the outcome of the last -c reaches the exit status.
    """
    arguments, stops = match.arguments, _on_error_stop(match)
    suffix = ", ON_ERROR_STOP" if stops else ""
    place = next(iter(match.select("-d --dbname 1 $PGDATABASE $DATABASE_URL")), None)
    database = _psql_database(match, place) if place is not None else None
    options = list(arguments.find("-c", "--command", "-f", "--file"))
    for option in options:
        if option.value is None:
            continue
        last = option is options[-1]
        if option.name in ("-c", "--command"):
            yield match.embed(
                "sql",
                option.value,
                f"{option.name} of psql{suffix}",
                database=database,
                dialect="postgresql",
                checked=stops or last,
            )
        elif option.value.text in ("-", "/dev/stdin"):
            yield from _input(match, database, stops)
        else:
            yield match.include(
                option.value,
                "sql",
                f"{option.name} of psql{suffix}",
                database=database,
                dialect="postgresql",
                checked=stops,
            )
    if not options and not arguments.has("-l", "--list", "-V", "--version"):
        yield from _input(match, database, stops)


def _input(match: Match, database: str | None, stops: bool) -> Iterator[Node]:
    called = "psql, ON_ERROR_STOP" if stops else "psql"
    yield from match.standard_input(
        "sql", called=called, database=database, dialect="postgresql", checked=stops
    )


def _psql_database(match: Match, place: Mapped) -> str:
    """Return the database of a name, a URL or a connection string (``dbname=app host=x``)."""
    found = re.search(r"\bdbname\s*=\s*'?([^\s']+)", place.text)
    return found[1] if found else database_of(match, place)


def _sqlite(match: Match) -> Iterator[Node]:
    """sqlite3 and duckdb: a database, then SQL and dot commands, else standard input."""
    arguments, dialect = match.arguments, "duckdb" if match.called == "duckdb" else "sqlite"
    place = match.operand(1)
    texts = [
        *((option.name, option.value) for option in arguments.find("-cmd", "-c", "-s", "--cmd")),
        *(("argument", operand.word.mapped) for operand in arguments.operands[1:]),
    ]
    stdin = match.invocation.stdin
    opens = stdin is not None and ".open" in stdin.text
    opens = opens or any(text is not None and ".open" in text.text for _, text in texts)
    database: str | None = None if opens else ":memory:"
    if place is not None and place.text:
        target = match.target(TargetKind.DATABASE, match.path(place))
        database = target.name
        yield match.operation(Kind.CONNECT, target)
    options, operands = (
        list(
            _sqlite_texts(
                match, [t for t in texts if (t[0] == "argument") is last], database, dialect
            )
        )
        for last in (False, True)
    )
    yield from options
    yield from _in_turn(match, operands)
    for path in arguments.values("-init", "--init", "-f", "--file"):
        yield match.include(
            path, "sql", f"-init of {match.called}", database=database, dialect=dialect
        )
    if len(arguments.operands) < 2:
        called = f"{match.called}, -bail" if arguments.has("-bail") else match.called
        yield from match.standard_input("sql", called=called, database=database, dialect=dialect)


def _in_turn(match: Match, nodes: list[Node]) -> Iterator[Node]:
    """Yield what several arguments do: where one fails, the next is not run in any shell."""
    embeds = [replace(node, checked=True) for node in nodes if isinstance(node, Embed)]
    if match.invocation.checked or len(nodes) < 2 or len(embeds) < len(nodes):
        yield from nodes
    else:
        yield Branch((Sequence(tuple(embeds)), Sequence()))


def _sqlite_texts(
    match: Match, texts: list[tuple[str, Mapped | None]], database: str | None, dialect: str
) -> Iterator[Node]:
    for name, text in texts:
        if text is None:
            continue
        via = f"{name} of {match.called}"
        if text.text.lstrip().startswith("."):
            copy = _dump(match, text, database)
            if copy is not None:
                yield copy
                continue
        # What fails in -cmd stops nothing, and is not told by the exit status.
        told = name != "-cmd"
        yield match.embed("sql", text, via, database=database, dialect=dialect, checked=told)


def _dump(match: Match, text: Mapped, database: str | None) -> Node | None:
    """Return the backup that ``sqlite3 app.db .dump > copy.sql`` is."""
    into = match.invocation.stdout_file
    if not re.match(r"\s*\.dump\s*$", text.text) or database is None:
        return None
    copy = match.file(into.mapped if into is not None else "")
    return match.operation(
        Kind.BACKUP,
        copy,
        source=match.target(TargetKind.DATABASE, database),
        spelling=f"{match.called} .dump",
        traits=backup_traits(copy.name),
    )


ENTRIES: tuple[Entry, ...] = (
    Custom(
        "psql|gsql|vsql|pgcli",
        run=_psql,
        values=_PSQL,
        documentation="https://www.postgresql.org/docs/current/app-psql.html",
    ),
    Custom(
        "sqlite3|sqlite|sqlcipher|litecli",
        run=_sqlite,
        values=_SQLITE,
        single_dash=True,
        documentation="https://www.sqlite.org/cli.html",
    ),
    Custom(
        "duckdb",
        run=_sqlite,
        values=_SQLITE + " -c -s -f",
        single_dash=True,
        documentation="https://duckdb.org/docs/stable/clients/cli/arguments",
    ),
    Client(
        "mysql|mariadb|mycli",
        dialect="mysql",
        values=_MYSQL,
        statements="-e --execute",
        database="-D --database 1",
        documentation="https://dev.mysql.com/doc/refman/8.4/en/mysql-command-options.html",
    ),
    Client(
        "mysqlsh",
        dialect="mysql",
        values=_MYSQL + " -f --file",
        statements="-e --execute",
        files="-f --file",
        database="-D --database --schema 1",
        needs="--sql",
        documentation="https://dev.mysql.com/doc/mysql-shell/8.4/en/mysqlsh.html",
    ),
    Client(
        "sqlcmd|osql|isql|mssql-cli|go-sqlcmd",
        dialect="tsql",
        statements="-Q -q",
        files="-i",
        database="-d",
        values="-Q -q -i -d -S -U -P -o -s -v -l -t -h -w -a -H -c -y -Y -f -m -V -D -K",
        documentation="https://learn.microsoft.com/sql/tools/sqlcmd/sqlcmd-utility",
    ),
    Client(
        "cockroach sql",
        dialect="postgresql",
        statements="-e --execute",
        files="-f --file",
        database="-d --database --url $COCKROACH_DATABASE",
        values="-e --execute -f --file -d --database --url --host --user -u --port -p --certs-dir --set",
        documentation="https://www.cockroachlabs.com/docs/stable/cockroach-sql",
    ),
    Client(
        "clickhouse-client|clickhouse-local",
        dialect="clickhouse",
        statements="-q --query",
        files="--queries-file",
        database="-d --database",
        values="-q --query --queries-file -d --database -h --host --port -u --user --password --format -f -C --config-file",
        documentation="https://clickhouse.com/docs/interfaces/cli",
    ),
    Client(
        "clickhouse client, clickhouse local",
        dialect="clickhouse",
        statements="-q --query",
        files="--queries-file",
        database="-d --database",
        values="-q --query --queries-file -d --database -h --host --port -u --user --password --format",
        documentation="https://clickhouse.com/docs/interfaces/cli",
    ),
    Client(
        "cqlsh",
        dialect="cassandra",
        statements="-e --execute",
        files="-f --file",
        database="-k --keyspace",
        values="-e --execute -f --file -k --keyspace -u -p --username --password --cqlversion --request-timeout",
        documentation="https://cassandra.apache.org/doc/latest/cassandra/managing/tools/cqlsh.html",
    ),
    Client(
        "snowsql",
        dialect="snowflake",
        statements="-q --query",
        files="-f --filename",
        database="-d --dbname",
        values="-q --query -f --filename -d --dbname -a -u -s -r -w -c -o -D --schemaname --connection",
        documentation="https://docs.snowflake.com/en/user-guide/snowsql-start",
    ),
    Client(
        "snow sql",
        dialect="snowflake",
        statements="-q --query",
        files="-f --filename",
        database="--database --dbname",
        values="-q --query -f --filename --database --dbname -c --connection",
        documentation="https://docs.snowflake.com/en/developer-guide/snowflake-cli/command-reference/sql-commands/sql",
    ),
    Client(
        "bq query",
        dialect="bigquery",
        statements="1",
        database="--dataset_id --project_id",
        values="--project_id --dataset_id --location --format -n --max_rows --destination_table --parameter",
        documentation="https://cloud.google.com/bigquery/docs/reference/bq-cli-reference",
    ),
    Client(
        "usql",
        dialect="",
        statements="-c --command",
        files="-f --file",
        database="1",
        values="-c --command -f --file -o --out -v --set -P --pset",
        documentation="https://github.com/xo/usql",
    ),
    Client(
        "trino|presto",
        dialect="trino",
        statements="--execute",
        files="-f --file",
        values="--execute -f --file --server --catalog --schema --user",
        database="--catalog",
        documentation="https://trino.io/docs/current/client/cli.html",
    ),
    Client(
        "beeline|hive|spark-sql|impala-shell",
        dialect="hive",
        statements="-e -q",
        files="-f",
        database="-d --database",
        values="-e -f -q -u -n -p -d -i --database --hiveconf --hivevar -w",
        documentation="https://cwiki.apache.org/confluence/display/Hive/HiveServer2+Clients",
    ),
    Client(
        "isql-fb|fbsql",
        dialect="firebird",
        files="-i -input",
        database="1",
        values="-i -input -u -p",
        documentation="https://firebirdsql.org/file/documentation/pdf/en/firebirddocs/isql/firebird-isql.pdf",
    ),
    Client(
        "wrangler d1 execute",
        dialect="sqlite",
        statements="--command",
        files="--file",
        database="1",
        values="--command --file -c --config -e --env",
        documentation="https://developers.cloudflare.com/workers/wrangler/commands/#d1-execute",
    ),
    Client(
        "turso db shell",
        dialect="sqlite",
        statements="2",
        database="1",
        documentation="https://docs.turso.tech/cli/db/shell",
    ),
    Client(
        "prisma db execute",
        dialect="",
        files="--file",
        values="--file --schema --url",
        database="--url",
        documentation="https://www.prisma.io/docs/cli/db/execute",
    ),
    Client(
        "heroku pg:psql",
        dialect="postgresql",
        statements="-c --command",
        files="-f --file",
        database="1",
        values="-c --command -f --file -a --app",
        documentation="https://devcenter.heroku.com/articles/heroku-cli-commands",
    ),
    Client(
        "supabase db query",
        dialect="postgresql",
        statements="1",
        files="-f --file",
        values="-f --file --db-url",
        documentation="https://supabase.com/docs/reference/cli",
    ),
    Client(
        "wp db query|cli",
        dialect="mysql",
        statements="1",
        documentation="https://developer.wordpress.org/cli/commands/db/query/",
    ),
    Client(
        "drush sql:query|sqlq|sql-query",
        dialect="mysql",
        statements="1",
        files="--file",
        values="--file --database",
        documentation="https://www.drush.org/latest/commands/sql_query/",
    ),
    Client(
        "drush sql:cli|sqlc|sql-cli",
        dialect="mysql",
        documentation="https://www.drush.org/latest/commands/sql_cli/",
    ),
    Client(
        "console dbal:run-sql|doctrine:query:sql",
        dialect="",
        statements="1",
        values="--connection -e --env",
        documentation="https://symfony.com/bundles/DoctrineBundle/current/index.html",
    ),
    Client(
        "manage.py dbshell",
        dialect="",
        database="--database",
        values="--database --settings",
        documentation="https://docs.djangoproject.com/en/stable/ref/django-admin/#dbshell",
    ),
    Client(
        "rails dbconsole|db",
        dialect="",
        values="-e --environment",
        documentation="https://guides.rubyonrails.org/command_line.html",
    ),
    Client(
        "dolt sql",
        dialect="mysql",
        statements="-q --query",
        files="-f --file",
        values="-q --query -f --file",
        documentation="https://docs.dolthub.com/cli-reference/cli",
    ),
    Client(
        "sqlite-utils query",
        dialect="sqlite",
        statements="2",
        database="1",
        values="-p --param --attach",
        documentation="https://sqlite-utils.datasette.io/en/stable/cli-reference.html",
    ),
    Client(
        "sqlite-utils *.db|*.sqlite|*.sqlite3|*.db3",
        dialect="sqlite",
        statements="1",
        database=".1",
        values="-p --param --attach",
        documentation="https://sqlite-utils.datasette.io/en/stable/cli.html#running-sql-queries",
        reads_input=False,
    ),
    Client(
        "ysqlsh",
        dialect="postgresql",
        statements="-c --command",
        files="-f --file",
        database="-d --dbname 1",
        values=_PSQL,
        documentation="https://docs.yugabyte.com/preview/api/ysqlsh/",
    ),
)
