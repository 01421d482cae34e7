"""Migration tools of Go, Rust and others, and those of no language."""

from __future__ import annotations

from dbguard.commands.entry import Command, Entry
from dbguard.flow import Direction
from dbguard.operations import Certainty, Kind

_DOWN = Direction.DOWN
_DBMATE = "https://github.com/amacneil/dbmate"
_DBMATE_VALUES = "-u --url -e --env -d --migrations-dir -s --schema-file --wait-timeout --env-file"
_GOOSE = "https://pressly.github.io/goose/documentation/cli-commands/"
_GOOSE_VALUES = "-dir --dir -table --table -certfile -ssl-cert -ssl-key -env -timeout"
_MIGRATE = "https://github.com/golang-migrate/migrate/tree/master/cmd/migrate"
_MIGRATE_VALUES = (
    "-path --path -database --database -source --source -prefetch --prefetch -lock-timeout"
    " --lock-timeout"
)
_SQLX = "https://github.com/launchbadge/sqlx/tree/main/sqlx-cli"
_SQLX_VALUES = "-D --database-url --source --connect-timeout --target-version --params -p --package"
_DIESEL = "https://diesel.rs/guides/getting-started"
_DIESEL_VALUES = "--database-url --migration-dir --config-file -n --number"
_SEA = "https://www.sea-ql.org/SeaORM/docs/migration/running-migration/"
_SEA_VALUES = "-d --migration-dir -u --database-url -s --database-schema -n --num"


ENTRIES: tuple[Entry, ...] = (
    Command(
        "dbmate drop",
        kind=Kind.RESET,
        values=_DBMATE_VALUES,
        target="-u --url $DATABASE_URL",
        documentation=_DBMATE,
    ),
    Command(
        "dbmate down|rollback",
        kind=Kind.RESET,
        values=_DBMATE_VALUES,
        target="-u --url $DATABASE_URL",
        direction=_DOWN,
        documentation=_DBMATE,
    ),
    Command(
        "goose reset, goose down-to 0",
        kind=Kind.RESET,
        anywhere=True,
        single_dash=True,
        values=_GOOSE_VALUES,
        target="$GOOSE_DBSTRING",
        documentation=_GOOSE,
    ),
    Command(
        "goose down|down-to|redo",
        kind=Kind.RESET,
        anywhere=True,
        single_dash=True,
        values=_GOOSE_VALUES,
        direction=_DOWN,
        documentation=_GOOSE,
    ),
    Command(
        "migrate drop",
        kind=Kind.RESET,
        single_dash=True,
        values=_MIGRATE_VALUES,
        target="-database --database",
        documentation=_MIGRATE,
    ),
    Command(
        "migrate down",
        kind=Kind.RESET,
        needs="-all --all",
        single_dash=True,
        values=_MIGRATE_VALUES,
        target="-database --database",
        documentation=_MIGRATE,
    ),
    Command(
        "migrate down",
        kind=Kind.RESET,
        unless="-all --all --help",
        single_dash=True,
        values=_MIGRATE_VALUES,
        target="-database --database",
        direction=_DOWN,
        documentation=_MIGRATE,
    ),
    Command(
        "sql-migrate down|redo",
        kind=Kind.RESET,
        direction=_DOWN,
        unless="-dryrun --help",
        single_dash=True,
        values="-config -env -limit -version",
        documentation="https://github.com/rubenv/sql-migrate",
    ),
    Command(
        "tern migrate",
        kind=Kind.RESET,
        needs="-d=0 --destination=0",
        values="-d --destination -m --migrations -c --config --conn-string",
        target="--conn-string",
        documentation="https://github.com/jackc/tern",
    ),
    Command(
        "soda drop, buffalo pop|db drop",
        kind=Kind.RESET,
        values="-e --env -c --config -p",
        target="-e --env",
        environment="-e --env $GO_ENV",
        documentation="https://gobuffalo.io/documentation/database/soda/",
    ),
    Command(
        "soda reset, buffalo pop|db reset",
        kind=Kind.RESET,
        values="-e --env -c --config -p",
        environment="-e --env $GO_ENV",
        documentation="https://gobuffalo.io/documentation/database/soda/",
    ),
    Command(
        "bee migrate reset|refresh",
        kind=Kind.RESET,
        values="-conn -driver",
        single_dash=True,
        target="-conn",
        documentation="https://github.com/beego/bee",
    ),
    Command(
        "bee migrate rollback",
        kind=Kind.RESET,
        values="-conn -driver",
        single_dash=True,
        direction=_DOWN,
        documentation="https://github.com/beego/bee",
    ),
    Command(
        "atlas schema clean",
        kind=Kind.RESET,
        unless="--dry-run --help",
        values="-u --url --env -c --config --var",
        target="-u --url",
        environment="--env",
        documentation="https://atlasgo.io/cli-reference#atlas-schema-clean",
    ),
    Command(
        "atlas migrate down",
        kind=Kind.RESET,
        unless="--dry-run --help",
        values="-u --url --env --dir --dev-url",
        target="-u --url",
        direction=_DOWN,
        documentation="https://atlasgo.io/versioned/down",
    ),
    Command(
        "sqlx database|db drop",
        kind=Kind.RESET,
        values=_SQLX_VALUES,
        target="-D --database-url $DATABASE_URL",
        documentation=_SQLX,
    ),
    Command(
        "sqlx database|db reset",
        kind=Kind.RESET,
        values=_SQLX_VALUES,
        target="-D --database-url $DATABASE_URL",
        documentation=_SQLX,
    ),
    Command(
        "sqlx migrate|mig revert",
        kind=Kind.RESET,
        needs="--target-version=0",
        unless="--dry-run --help",
        values=_SQLX_VALUES,
        target="-D --database-url $DATABASE_URL",
        documentation=_SQLX,
    ),
    Command(
        "sqlx migrate|mig revert",
        kind=Kind.RESET,
        unless="--target-version=0 --dry-run --help",
        values=_SQLX_VALUES,
        target="-D --database-url $DATABASE_URL",
        direction=_DOWN,
        documentation=_SQLX,
    ),
    Command(
        "diesel database reset",
        kind=Kind.RESET,
        values=_DIESEL_VALUES,
        target="--database-url $DATABASE_URL",
        documentation=_DIESEL,
    ),
    Command(
        "diesel database drop",
        kind=Kind.RESET,
        values=_DIESEL_VALUES,
        target="--database-url $DATABASE_URL",
        documentation=_DIESEL,
    ),
    Command(
        "diesel migration revert|redo",
        kind=Kind.RESET,
        needs="-a --all",
        values=_DIESEL_VALUES,
        target="--database-url $DATABASE_URL",
        documentation=_DIESEL,
    ),
    Command(
        "diesel migration revert|redo",
        kind=Kind.RESET,
        unless="-a --all --help",
        values=_DIESEL_VALUES,
        target="--database-url $DATABASE_URL",
        direction=_DOWN,
        documentation=_DIESEL,
    ),
    Command(
        "sea-orm-cli migrate fresh|refresh|reset",
        kind=Kind.RESET,
        values=_SEA_VALUES,
        target="-u --database-url $DATABASE_URL",
        documentation=_SEA,
    ),
    Command(
        "sea-orm-cli migrate down",
        kind=Kind.RESET,
        values=_SEA_VALUES,
        direction=_DOWN,
        target="-u --database-url $DATABASE_URL",
        documentation=_SEA,
    ),
    Command(
        "loco db reset|truncate|drop",
        kind=Kind.RESET,
        values="-e --environment",
        environment="-e --environment $LOCO_ENV",
        documentation="https://loco.rs/docs/the-app/models/",
    ),
    Command(
        "sqitch revert",
        kind=Kind.RESET,
        unless="--to --to-change --log-only --help",
        values="-t --target --db-name -d -h -u -p --top-dir",
        target="-t --target 1",
        documentation="https://sqitch.org/docs/manual/sqitch-revert/",
    ),
    Command(
        "sqitch revert|rebase",
        kind=Kind.RESET,
        needs="--to --to-change --onto --onto-change",
        direction=_DOWN,
        values="-t --target --to --to-change --onto --onto-change",
        target="-t --target",
        documentation="https://sqitch.org/docs/manual/sqitch-revert/",
    ),
    Command(
        "sqitch rebase",
        kind=Kind.RESET,
        unless="--onto --onto-change --onto-target --log-only --help",
        values="-t --target --upto --upto-change --db-name -d -h -u -p --top-dir",
        target="-t --target",
        documentation="https://sqitch.org/docs/manual/sqitch-rebase/",
    ),
    Command(
        "skeema push",
        kind=Kind.RESET,
        needs="--allow-unsafe",
        unless="--dry-run --help",
        certainty=Certainty.OPAQUE,
        target="1",
        environment="1",
        documentation="https://www.skeema.io/docs/commands/push/",
    ),
    Command(
        "psqldef|mysqldef|sqlite3def|mssqldef",
        kind=Kind.RESET,
        needs="--enable-drop --enable-drop-table",
        unless="--dry-run --help --export",
        values="-U -h -p -P -f --file -u -S",
        target="1",
        certainty=Certainty.OPAQUE,
        documentation="https://github.com/sqldef/sqldef",
    ),
    Command(
        "pg-schema-diff apply",
        kind=Kind.RESET,
        needs="--allow-hazards=*DELETES_DATA*",
        certainty=Certainty.OPAQUE,
        values="--from-dsn --dsn --to-dir --allow-hazards --schema-dir",
        target="--dsn --from-dsn",
        documentation="https://github.com/stripe/pg-schema-diff",
    ),
    Command(
        "pgroll rollback",
        kind=Kind.RESET,
        direction=_DOWN,
        values="--postgres-url --schema",
        target="--postgres-url",
        documentation="https://pgroll.com/docs/latest/cli/rollback",
    ),
    Command(
        "lucky db.drop, lucky db.reset, lucky db.rollback_all",
        kind=Kind.RESET,
        environment="$LUCKY_ENV",
        documentation="https://luckyframework.org/guides/database/migrations",
    ),
    Command(
        "micrate down|redo",
        kind=Kind.RESET,
        direction=_DOWN,
        documentation="https://github.com/amberframework/micrate",
    ),
    Command(
        "vapor run migrate, swift run * migrate",
        kind=Kind.RESET,
        needs="--revert",
        direction=_DOWN,
        documentation="https://docs.vapor.codes/fluent/overview/",
    ),
    Command(
        "lein migratus reset|rollback, lein ragtime rollback",
        kind=Kind.RESET,
        direction=_DOWN,
        documentation="https://github.com/yogthos/migratus-lein",
    ),
    Command(
        "dolt reset",
        kind=Kind.RESET,
        needs="--hard",
        documentation="https://docs.dolthub.com/cli-reference/cli",
    ),
    Command(
        "dolt table rm",
        kind=Kind.DROP_TABLE,
        target="*",
        documentation="https://docs.dolthub.com/cli-reference/cli",
    ),
)
