"""Administration programs of database servers: create, drop, reset."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.commands.entry import Client, Command, Custom, Entry, spaced
from dbguard.commands.match import Match
from dbguard.flow import Node
from dbguard.operations import Kind, TargetKind

_PG = "https://www.postgresql.org/docs/current/"
_PG_VALUES = (
    "-h --host -p --port -U --username --maintenance-db -E --encoding -l --locale -O --owner"
    " -T --template -D --tablespace --lc-collate --lc-ctype --strategy"
)
_MYSQL_VALUES = (
    "-h --host -P --port -u --user -S --socket -p? --password? --defaults-file"
    " --defaults-extra-file --login-path --protocol"
)


def _db2(match: Match) -> Iterator[Node]:
    """db2: the words of its command line are one statement."""
    words = [operand.word for operand in match.arguments.operands]
    if words:
        yield match.embed("sql", spaced(words), "argument of db2", dialect="db2")


def _sqlplus(match: Match) -> Iterator[Node]:
    """sqlplus: ``@file`` is a script, else standard input."""
    scripts = [o.word.mapped for o in match.arguments.operands if o.text.startswith("@")]
    for script in scripts:
        path = script.slice(1, len(script.text))
        yield match.include(path, "sql", f"@ of {match.called}", dialect="oracle")
    if not scripts:
        yield from match.standard_input("sql", dialect="oracle")


ENTRIES: tuple[Entry, ...] = (
    Command(
        "dropdb",
        kind=Kind.DROP_DATABASE,
        values=_PG_VALUES,
        target="1 $PGDATABASE",
        documentation=_PG + "app-dropdb.html",
    ),
    Command(
        "createdb",
        kind=Kind.CREATE_DATABASE,
        values=_PG_VALUES,
        target="1 $PGDATABASE",
        documentation=_PG + "app-createdb.html",
    ),
    Command(
        "pg_dropcluster",
        kind=Kind.DELETE_STORAGE,
        target="2",
        documentation="https://manpages.debian.org/stable/postgresql-common/pg_dropcluster.1.en.html",
    ),
    Command(
        "delete_old_cluster.sh",
        kind=Kind.DELETE_STORAGE,
        documentation=_PG + "pgupgrade.html",
    ),
    Command(
        "pg_resetwal|pg_resetxlog",
        kind=Kind.RESET,
        unless="-n --dry-run --help",
        values="-D --pgdata -c -e -l -m -o -O -u -x --wal-segsize",
        target="-D --pgdata 1 $PGDATA",
        documentation=_PG + "app-pgresetwal.html",
    ),
    Command(
        "pg_ctl stop",
        kind=Kind.STOP_SERVICE,
        values="-D --pgdata -m --mode -t -l -o",
        target="-D --pgdata",
        documentation=_PG + "app-pg-ctl.html",
    ),
    Command(
        "pg_ctl start|restart",
        kind=Kind.START_SERVICE,
        values="-D --pgdata -m --mode -t -l -o",
        target="-D --pgdata",
        documentation=_PG + "app-pg-ctl.html",
    ),
    Command(
        "pg_ctlcluster * * stop",
        kind=Kind.STOP_SERVICE,
        documentation="https://manpages.debian.org/stable/postgresql-common/pg_ctlcluster.1.en.html",
    ),
    Command(
        "pg_ctlcluster * * start|restart",
        kind=Kind.START_SERVICE,
        documentation="https://manpages.debian.org/stable/postgresql-common/pg_ctlcluster.1.en.html",
    ),
    Command(
        "mysqladmin|mariadb-admin drop",
        kind=Kind.DROP_DATABASE,
        values=_MYSQL_VALUES,
        target="1",
        documentation="https://dev.mysql.com/doc/refman/8.4/en/mysqladmin.html",
    ),
    Command(
        "mysqladmin|mariadb-admin create",
        kind=Kind.CREATE_DATABASE,
        values=_MYSQL_VALUES,
        target="1",
        documentation="https://dev.mysql.com/doc/refman/8.4/en/mysqladmin.html",
    ),
    Command(
        "mysqladmin|mariadb-admin shutdown",
        kind=Kind.STOP_SERVICE,
        values=_MYSQL_VALUES,
        documentation="https://dev.mysql.com/doc/refman/8.4/en/mysqladmin.html",
    ),
    Custom(
        "sqlplus|sqlcl",
        run=_sqlplus,
        values="-C -M -R",
        documentation="https://docs.oracle.com/en/database/oracle/oracle-database/19/sqpug/starting-SQL-Plus.html",
    ),
    Custom("db2", run=_db2, documentation="https://www.ibm.com/docs/en/db2/11.5?topic=clp-options"),
    Command(
        "dbca",
        kind=Kind.DROP_DATABASE,
        needs="-deleteDatabase",
        single_dash=True,
        values="-sourceDB -sysDBAUserName -sysDBAPassword",
        target="-sourceDB",
        documentation="https://docs.oracle.com/en/database/oracle/oracle-database/19/admin/",
    ),
    Command(
        "influx bucket delete",
        kind=Kind.DROP_DATABASE,
        values="-n --name -i --id -o --org -t --token --host",
        target="-n --name -i --id",
        documentation="https://docs.influxdata.com/influxdb/v2/reference/cli/influx/bucket/delete/",
    ),
    Command(
        "influx delete",
        kind=Kind.DELETE_ROWS,
        values="-b --bucket --bucket-id --start --stop -p --predicate -o --org -t --token --host",
        unless="-p --predicate --help",
        target="-b --bucket --bucket-id",
        documentation="https://docs.influxdata.com/influxdb/v2/reference/cli/influx/delete/",
    ),
    Command(
        "influxdb3 delete database",
        kind=Kind.DROP_DATABASE,
        target="1",
        values="-H --host --token",
        documentation="https://docs.influxdata.com/influxdb3/core/reference/cli/influxdb3/delete/database/",
    ),
    Command(
        "influxdb3 delete table",
        kind=Kind.DROP_TABLE,
        target="1",
        values="-H --host --token -d --database",
        documentation="https://docs.influxdata.com/influxdb3/core/reference/cli/influxdb3/delete/table/",
    ),
    Client(
        "influx",
        dialect="influxql",
        single_dash=True,
        statements="-execute",
        database="-database",
        values="-execute -database -host -port -username -password -precision",
        reads_input=False,
        documentation="https://docs.influxdata.com/influxdb/v1/tools/shell/",
    ),
    Command(
        "etcdctl del",
        kind=Kind.DELETE_ROWS,
        needs="--prefix --from-key",
        target="1",
        values="--endpoints --cacert --cert --key --user",
        documentation="https://etcd.io/docs/latest/dev-guide/interacting_v3/",
    ),
    Command(
        "etcdctl snapshot save",
        kind=Kind.BACKUP,
        target="1",
        values="--endpoints --cacert --cert --key",
        documentation="https://etcd.io/docs/latest/op-guide/recovery/",
    ),
    Command(
        "etcdctl|etcdutl snapshot restore",
        kind=Kind.RESTORE,
        source="1",
        target="--data-dir",
        values="--data-dir --name",
        documentation="https://etcd.io/docs/latest/op-guide/recovery/",
    ),
    Command(
        "consul kv delete",
        kind=Kind.DELETE_ROWS,
        needs="-recurse --recurse",
        single_dash=True,
        target="1",
        documentation="https://developer.hashicorp.com/consul/commands/kv/delete",
    ),
    Command(
        "consul snapshot save",
        kind=Kind.BACKUP,
        target="1",
        single_dash=True,
        documentation="https://developer.hashicorp.com/consul/commands/snapshot/save",
    ),
    Command(
        "couchbase-cli bucket-delete",
        kind=Kind.DROP_DATABASE,
        target="--bucket",
        values="-c --cluster -u --username -p --password --bucket",
        documentation="https://docs.couchbase.com/server/current/cli/cbcli/couchbase-cli-bucket-delete.html",
    ),
    Command(
        "couchbase-cli bucket-flush",
        kind=Kind.TRUNCATE_TABLE,
        target="--bucket",
        values="-c --cluster -u --username -p --password --bucket",
        documentation="https://docs.couchbase.com/server/current/cli/cbcli/couchbase-cli-bucket-flush.html",
    ),
    Command(
        "cbt deletetable",
        kind=Kind.DROP_TABLE,
        target="1",
        values="-project -instance -creds",
        single_dash=True,
        documentation="https://cloud.google.com/bigtable/docs/cbt-reference",
    ),
    Command(
        "cbt deleteallrows",
        kind=Kind.TRUNCATE_TABLE,
        target="1",
        values="-project -instance -creds",
        single_dash=True,
        documentation="https://cloud.google.com/bigtable/docs/cbt-reference",
    ),
    Command(
        "cbt deletefamily",
        kind=Kind.DROP_COLUMN,
        target="1",
        about=TargetKind.TABLE,
        values="-project -instance -creds",
        single_dash=True,
        documentation="https://cloud.google.com/bigtable/docs/cbt-reference",
    ),
    Command(
        "nodetool snapshot",
        kind=Kind.BACKUP,
        source="1",
        values="-t --tag -h -p -u -pw -kt -cf",
        target="-t --tag",
        documentation="https://cassandra.apache.org/doc/latest/cassandra/managing/operating/backups.html",
    ),
    Command(
        "neo4j-admin database dump, neo4j-admin dump, neo4j-admin database backup, neo4j-admin backup",
        kind=Kind.BACKUP,
        source="1 --database",
        target="--to --to-path --backup-dir",
        values="--to --to-path --database --backup-dir",
        documentation="https://neo4j.com/docs/operations-manual/current/backup-restore/offline-backup/",
    ),
    Command(
        "neo4j-admin database load|restore, neo4j-admin load|restore",
        kind=Kind.RESTORE,
        target="1 --database",
        source="--from --from-path",
        values="--from --from-path --database",
        documentation="https://neo4j.com/docs/operations-manual/current/backup-restore/restore-dump/",
    ),
    Command(
        "arangodump",
        kind=Kind.BACKUP,
        source="--server.database",
        target="--output-directory",
        values="--server.database --output-directory --server.endpoint --server.username --server.password",
        documentation="https://docs.arangodb.com/stable/components/tools/arangodump/",
    ),
    Command(
        "arangorestore",
        kind=Kind.RESTORE,
        target="--server.database",
        source="--input-directory",
        values="--server.database --input-directory --server.endpoint --server.username --server.password",
        documentation="https://docs.arangodb.com/stable/components/tools/arangorestore/",
    ),
    Command(
        "rethinkdb dump",
        kind=Kind.BACKUP,
        target="-f --file",
        values="-f --file -c --connect -e --export",
        documentation="https://rethinkdb.com/docs/backup/",
    ),
    Command(
        "rethinkdb restore",
        kind=Kind.RESTORE,
        source="1",
        values="-c --connect -i --import",
        documentation="https://rethinkdb.com/docs/backup/",
    ),
    Command(
        "surreal export",
        kind=Kind.BACKUP,
        source="--db --database",
        target="1",
        values="--db --database --ns --namespace -e --endpoint -u -p --user --pass --conn",
        documentation="https://surrealdb.com/docs/surrealdb/cli/export",
    ),
    Command(
        "surreal import",
        kind=Kind.RESTORE,
        target="--db --database",
        source="1",
        values="--db --database --ns --namespace -e --endpoint -u -p --user --pass --conn",
        documentation="https://surrealdb.com/docs/surrealdb/cli/import",
    ),
    Command(
        "gbak",
        kind=Kind.BACKUP,
        needs="-b -backup_database",
        single_dash=True,
        source="1",
        target="2",
        values="-user -password -pas",
        documentation="https://firebirdsql.org/file/documentation/html/en/firebirddocs/gbak/firebird-gbak.html",
    ),
    Command(
        "gbak",
        kind=Kind.RESTORE,
        needs="-rep -replace_database -r -recreate -c -create_database",
        single_dash=True,
        source="1",
        target="2",
        values="-user -password -pas",
        documentation="https://firebirdsql.org/file/documentation/html/en/firebirddocs/gbak/firebird-gbak.html",
    ),
)
