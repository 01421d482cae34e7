"""Programs that dump and restore whole databases."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.commands.entry import Command, Custom, Entry, database_of
from dbguard.commands.match import Match
from dbguard.flow import Node
from dbguard.operations import Kind, TargetKind, Trait

_PG = "https://www.postgresql.org/docs/current/"
_PG_VALUES = (
    "-d --dbname -f --file -F --format -h --host -p --port -U --username -j --jobs -n --schema -N"
    " --exclude-schema -t --table -T --exclude-table --exclude-table-data -Z --compress -E --encoding"
    " -S --superuser --role -l --database --lock-wait-timeout -D --pgdata -X --wal-method -c --checkpoint"
)
_MYSQLDUMP = "https://dev.mysql.com/doc/refman/8.4/en/mysqldump.html"
_MYSQLDUMP_VALUES = (
    "-h --host -P --port -u --user -S --socket -p? --password? --defaults-file --defaults-extra-file"
    " --login-path -r --result-file --ignore-table --where -w --tab -T --default-character-set"
    " --set-gtid-purged --column-statistics --max-allowed-packet --protocol"
)
_MONGO = "https://www.mongodb.com/docs/database-tools/"
_MONGO_VALUES = (
    "-h --host --port -u --username -p --password --authenticationDatabase --authenticationMechanism"
    " --uri -d --db -c --collection -q --query -o --out --archive? --nsInclude --nsExclude --nsFrom"
    " --nsTo --dir --file -j --numParallelCollections --type --config --mode"
)


def _pg_restore(match: Match) -> Iterator[Node]:
    """pg_restore: into a database with -d; --clean drops what is there first."""
    arguments = match.arguments
    place = next(iter(match.select("-d --dbname")), None)
    if place is None or arguments.has("-l", "--list", "-f", "--file"):
        return
    target = match.target(TargetKind.DATABASE, database_of(match, place))
    archive = match.operand(1) or next(iter(match.select("<")), None)
    source = match.file(archive) if archive is not None else None
    cleaning = arguments.has("-c", "--clean")
    yield match.operation(
        Kind.RESET if cleaning else Kind.RESTORE,
        target,
        source=source,
        spelling="pg_restore --clean" if cleaning else "pg_restore",
    )


def _mysqlimport(match: Match) -> Iterator[Node]:
    """mysqlimport --delete: empties the table each file is named after."""
    database, *files = match.arguments.operands or (None,)
    for file in files:
        table = file.text.rpartition("/")[2].partition(".")[0]
        target = match.target(
            TargetKind.TABLE, table, database_of(match, database.word.mapped) if database else None
        )
        yield match.operation(Kind.TRUNCATE_TABLE, target, spelling=f"{match.called} --delete")


ENTRIES: tuple[Entry, ...] = (
    Command(
        "pg_dump",
        kind=Kind.BACKUP,
        values=_PG_VALUES,
        unless="-s --schema-only --help --version -V",
        source="-d --dbname 1 $PGDATABASE",
        target="-f --file >",
        documentation=_PG + "app-pgdump.html",
    ),
    Command(
        "pg_dumpall",
        kind=Kind.BACKUP,
        values=_PG_VALUES,
        target="-f --file >",
        unless="-s --schema-only -g --globals-only -r --roles-only --help --version",
        documentation=_PG + "app-pg-dumpall.html",
    ),
    Command(
        "pg_basebackup",
        kind=Kind.BACKUP,
        values=_PG_VALUES,
        target="-D --pgdata",
        documentation=_PG + "app-pgbasebackup.html",
    ),
    Custom(
        "pg_restore",
        run=_pg_restore,
        values=_PG_VALUES.replace(" -c --checkpoint", "") + " -L --use-list",
        destroys=True,
        documentation=_PG + "app-pgrestore.html",
    ),
    Command(
        "pgcopydb clone|fork|copy-db",
        kind=Kind.RESET,
        needs="--drop-if-exists",
        values="--source --target --dir",
        target="--target",
        documentation="https://pgcopydb.readthedocs.io/en/latest/ref/pgcopydb_clone.html",
    ),
    Command(
        "mysqldump|mariadb-dump|mysqlpump",
        kind=Kind.BACKUP,
        values=_MYSQLDUMP_VALUES,
        unless="-d --no-data --help --version",
        source="1",
        target="-r --result-file >",
        documentation=_MYSQLDUMP,
    ),
    Command(
        "mydumper",
        kind=Kind.BACKUP,
        values="-B --database -o --outputdir -h -u -p -P -t --threads",
        source="-B --database",
        target="-o --outputdir",
        unless="-d --no-data --help",
        documentation="https://mydumper.github.io/mydumper/docs/html/index.html",
    ),
    Command(
        "myloader",
        kind=Kind.RESET,
        needs="-o --overwrite-tables --drop-table --purge-mode",
        values="-B --database -d --directory -h -u -p -P -t",
        source="-d --directory",
        target="-B --database",
        documentation="https://mydumper.github.io/mydumper/docs/html/index.html",
    ),
    Command(
        "myloader",
        kind=Kind.RESTORE,
        unless="-o --overwrite-tables --drop-table --purge-mode --help",
        values="-B --database -d --directory -h -u -p -P -t",
        source="-d --directory",
        target="-B --database",
        documentation="https://mydumper.github.io/mydumper/docs/html/index.html",
    ),
    Command(
        "xtrabackup|mariabackup|mariadb-backup|innobackupex",
        kind=Kind.BACKUP,
        needs="--backup",
        values="--target-dir --user --password --datadir",
        target="--target-dir",
        documentation="https://docs.percona.com/percona-xtrabackup/8.4/create-full-backup.html",
    ),
    Command(
        "xtrabackup|mariabackup|mariadb-backup|innobackupex",
        kind=Kind.RESTORE,
        needs="--copy-back --move-back",
        values="--target-dir --user --password --datadir",
        source="--target-dir",
        target="--datadir",
        documentation="https://docs.percona.com/percona-xtrabackup/8.4/restore-a-backup.html",
    ),
    Command(
        "mongodump",
        kind=Kind.BACKUP,
        values=_MONGO_VALUES,
        source="-d --db --uri",
        target="-o --out --archive >",
        documentation=_MONGO + "mongodump/",
    ),
    Command(
        "mongorestore",
        kind=Kind.RESET,
        needs="--drop",
        unless="--dryRun --help",
        values=_MONGO_VALUES,
        target="-d --db --uri",
        source="--dir --archive 1 <",
        documentation=_MONGO + "mongorestore/",
    ),
    Command(
        "mongorestore",
        kind=Kind.RESTORE,
        unless="--drop --dryRun --help",
        values=_MONGO_VALUES,
        target="-d --db --uri",
        source="--dir --archive 1 <",
        documentation=_MONGO + "mongorestore/",
    ),
    Command(
        "mongoimport",
        kind=Kind.DROP_TABLE,
        needs="--drop",
        values=_MONGO_VALUES,
        target="-c --collection",
        documentation=_MONGO + "mongoimport/",
    ),
    Command(
        "expdp|exp",
        kind=Kind.BACKUP,
        documentation="https://docs.oracle.com/en/database/oracle/oracle-database/19/sutil/oracle-data-pump-export-utility.html",
    ),
    Command(
        "impdp TABLE_EXISTS_ACTION=*|table_exists_action=*",
        kind=Kind.RESET,
        anywhere=True,
        documentation="https://docs.oracle.com/en/database/oracle/oracle-database/19/sutil/datapump-import-utility.html",
    ),
    Command(
        "impdp|imp",
        kind=Kind.RESTORE,
        documentation="https://docs.oracle.com/en/database/oracle/oracle-database/19/sutil/datapump-import-utility.html",
    ),
    Command(
        "litestream replicate",
        kind=Kind.BACKUP,
        source="1",
        target="2",
        values="-config -exec",
        single_dash=True,
        documentation="https://litestream.io/reference/replicate/",
    ),
    Command(
        "litestream restore",
        kind=Kind.RESTORE,
        target="-o 1",
        values="-o -config -replica -generation -timestamp",
        single_dash=True,
        documentation="https://litestream.io/reference/restore/",
    ),
    Command(
        "sqlite3_rsync",
        kind=Kind.COPY_FILE,
        source="1",
        target="2",
        documentation="https://www.sqlite.org/rsync.html",
    ),
    Command(
        "wal-g|wal-e backup-push",
        kind=Kind.BACKUP,
        source="1",
        traits=frozenset({Trait.TIMESTAMPED}),
        values="--config",
        documentation="https://wal-g.readthedocs.io/PostgreSQL/",
    ),
    Command(
        "wal-g|wal-e backup-fetch",
        kind=Kind.RESTORE,
        target="1",
        values="--config",
        documentation="https://wal-g.readthedocs.io/PostgreSQL/",
    ),
    Command(
        "pgbackrest backup",
        kind=Kind.BACKUP,
        source="--stanza",
        values="--stanza --type --repo --config",
        traits=frozenset({Trait.TIMESTAMPED}),
        documentation="https://pgbackrest.org/command.html",
    ),
    Command(
        "pgbackrest restore",
        kind=Kind.RESTORE,
        target="--stanza",
        values="--stanza --type --repo --config --target",
        documentation="https://pgbackrest.org/command.html",
    ),
    Command(
        "barman backup",
        kind=Kind.BACKUP,
        source="1",
        traits=frozenset({Trait.TIMESTAMPED}),
        values="--name",
        documentation="https://docs.pgbarman.org/",
    ),
    Command(
        "barman recover|restore",
        kind=Kind.RESTORE,
        target="3",
        source="2",
        documentation="https://docs.pgbarman.org/",
    ),
    Command(
        "clickhouse-backup create|create_remote",
        kind=Kind.BACKUP,
        target="1",
        values="-t --table --tables -c --config",
        documentation="https://github.com/Altinity/clickhouse-backup",
    ),
    Command(
        "clickhouse-backup restore|restore_remote",
        kind=Kind.RESET,
        needs="--rm --drop",
        values="-t --table --tables -c --config",
        documentation="https://github.com/Altinity/clickhouse-backup",
    ),
    Command(
        "clickhouse-backup restore|restore_remote",
        kind=Kind.RESTORE,
        unless="--rm --drop --help",
        values="-t --table --tables -c --config",
        documentation="https://github.com/Altinity/clickhouse-backup",
    ),
    Command(
        "influx|influxd backup",
        kind=Kind.BACKUP,
        target="1",
        values="-t --token --host --bucket -o -database -portable",
        documentation="https://docs.influxdata.com/influxdb/v2/reference/cli/influx/backup/",
    ),
    Command(
        "influx|influxd restore",
        kind=Kind.RESTORE,
        source="1",
        values="-t --token --host --bucket -o -db -newdb",
        documentation="https://docs.influxdata.com/influxdb/v2/reference/cli/influx/restore/",
    ),
    Command(
        "velero backup|schedule create",
        kind=Kind.BACKUP,
        target="1",
        values="--include-namespaces --ttl -n",
        documentation="https://velero.io/docs/main/",
    ),
    Command(
        "automysqlbackup|autopostgresqlbackup|pg_back|pgbackup|backupninja|borgmatic",
        kind=Kind.BACKUP,
        traits=frozenset({Trait.NAMED, Trait.TIMESTAMPED}),
        documentation="https://sourceforge.net/projects/automysqlbackup/",
    ),
    Custom(
        "mysqlimport|mariadb-import",
        run=_mysqlimport,
        needs="-d --delete",
        values=_MYSQLDUMP_VALUES + " -c --columns --fields-terminated-by --lines-terminated-by"
        " --ignore-lines --use-threads",
        destroys=True,
        documentation="https://dev.mysql.com/doc/refman/8.4/en/mysqlimport.html",
    ),
    Command(
        "pg_rewind",
        kind=Kind.RESTORE,
        unless="-n --dry-run --help",
        values="-D --target-pgdata --source-pgdata --source-server",
        source="--source-pgdata --source-server",
        target="-D --target-pgdata",
        documentation=_PG + "app-pgrewind.html",
    ),
    Command(
        "pg_backupcluster * * basebackup|dump",
        kind=Kind.BACKUP,
        source=".2",
        traits=frozenset({Trait.TIMESTAMPED}),
        documentation="https://manpages.debian.org/stable/postgresql-common/pg_backupcluster.1.en.html",
    ),
    Command(
        "neo4j-admin database import, neo4j-admin database import full",
        kind=Kind.RESET,
        needs="--overwrite-destination",
        values="--nodes --relationships --id-type --report-file",
        target="1",
        documentation="https://neo4j.com/docs/operations-manual/current/import/",
    ),
)
