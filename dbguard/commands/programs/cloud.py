"""Command lines of cloud providers: managed databases, their snapshots, their volumes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dbguard.commands.entry import Command, Custom, Entry
from dbguard.commands.match import Match
from dbguard.flow import Node
from dbguard.operations import Certainty, Kind, TargetKind, Trait
from dbguard.patterns import regex

_GCLOUD = "https://cloud.google.com/sdk/gcloud/reference/"
_GCLOUD_VALUES = "--project --account --configuration --format --instance -i --region --zone --location --database --verbosity --async? --cluster"
_AZ = "https://learn.microsoft.com/cli/azure/"
_AZ_VALUES = "-n --name -g --resource-group --server -s --server-name --subscription -a --account-name -d --database-name --db-name --ids --account --cluster-name --output -o"
_AZ_NAME = "-n --name -d --database-name --db-name"
_HEROKU = "https://devcenter.heroku.com/articles/heroku-cli-commands"
_HEROKU_VALUES = "-a --app -r --remote -c --confirm"
_FLY = "https://fly.io/docs/flyctl/"
_FLY_VALUES = "-a --app -c --config -t --access-token"
_PSCALE = "https://planetscale.com/docs/reference/planetscale-cli"
_NEON = "https://neon.com/docs/reference/neon-cli"
_DATABASE = regex(
    r"db|database|sql|postgres|mysql|maria|rds|aurora|redis|elasticache|dynamo|mongo|docdb|cosmos"
    r"|spanner|bigtable|redshift|neptune|opensearch|elasticsearch|firestore|alloydb|persistent_volume",
    re.IGNORECASE,
)


def _gcloud(
    command: str, kind: Kind = Kind.DROP_DATABASE, target: str = "1", source: str = ""
) -> Command:
    return Command(
        ", ".join(f"gcloud {stage}{command}" for stage in ("", "beta ", "alpha ")),
        kind=kind,
        target=target,
        source=source,
        values=_GCLOUD_VALUES,
        documentation=_GCLOUD + "/".join(word.split("|")[0] for word in command.split()),
    )


def _az(command: str, kind: Kind = Kind.DROP_DATABASE, target: str = _AZ_NAME) -> Command:
    return Command(
        f"az {command}",
        kind=kind,
        target=target,
        values=_AZ_VALUES,
        documentation=_AZ + command.split()[0].split("|")[0],
    )


def _terraform(match: Match) -> Iterator[Node]:
    """terraform destroy: only where -target names what looks like a database."""
    for target in match.arguments.values("-target", "--target"):
        if _DATABASE.search(target.text):
            yield match.operation(
                Kind.DROP_DATABASE,
                match.target(TargetKind.DATABASE, target.text),
                certainty=Certainty.OPAQUE,
            )


def _bq_rm(match: Match) -> Iterator[Node]:
    """bq rm: a data set with -r or -d, else a table."""
    name = match.operand(1)
    if name is None:
        return
    if match.arguments.has("-r", "--recursive", "-d", "--dataset"):
        yield match.operation(Kind.DROP_DATABASE, match.target(TargetKind.DATABASE, name.text))
    elif not match.arguments.has("-m", "--model", "-j", "--routine", "--reservation"):
        yield match.operation(Kind.DROP_TABLE, match.target(TargetKind.TABLE, name.text))


def _heroku_addon(match: Match) -> Iterator[Node]:
    """heroku addons:destroy: an add-on whose name tells that it is a database."""
    for operand in match.arguments.operands:
        if re.search(
            r"postgres|pg|redis|mysql|maria|jawsdb|cleardb|mongo|database|db",
            operand.text,
            re.IGNORECASE,
        ):
            yield match.operation(
                Kind.DROP_DATABASE, match.target(TargetKind.DATABASE, operand.text)
            )


ENTRIES: tuple[Entry, ...] = (
    _gcloud("sql instances delete"),
    _gcloud("sql databases delete"),
    _gcloud("sql backups create", Kind.BACKUP, target="--description", source="--instance -i"),
    _gcloud("sql export sql|bak", Kind.BACKUP, target="2", source="1"),
    _gcloud("sql import sql|bak", Kind.RESTORE, target="1", source="2"),
    _gcloud("sql backups restore", Kind.RESTORE, target="--restore-instance", source="1"),
    _gcloud("firestore databases delete", target="--database"),
    _gcloud("firestore bulk-delete", target="--database"),
    _gcloud("firestore import", Kind.RESTORE, target="--database", source="1"),
    _gcloud("firestore export", Kind.BACKUP, target="1", source="--database"),
    _gcloud("spanner instances delete"),
    _gcloud("spanner databases delete"),
    _gcloud("bigtable instances delete"),
    _gcloud("bigtable tables delete", Kind.DROP_TABLE),
    _gcloud("alloydb clusters|instances delete"),
    _gcloud("redis instances|clusters delete"),
    _gcloud("memcache instances delete"),
    _gcloud("compute disks delete", Kind.DELETE_STORAGE, target="*"),
    _gcloud("compute disks snapshot", Kind.BACKUP, target="--snapshot-names", source="1"),
    Custom(
        "bq rm",
        run=_bq_rm,
        destroys=True,
        values="--project_id --location --format",
        documentation="https://cloud.google.com/bigquery/docs/reference/bq-cli-reference#bq_rm",
    ),
    Command(
        "bq load",
        kind=Kind.TRUNCATE_TABLE,
        needs="--replace",
        target="1",
        values="--source_format --schema --project_id --location --skip_leading_rows",
        documentation="https://cloud.google.com/bigquery/docs/reference/bq-cli-reference#bq_load",
    ),
    _az("sql db delete"),
    _az("sql server delete"),
    _az("sql mi delete"),
    _az("sql midb delete"),
    _az("postgres|mysql|mariadb flexible-server|server delete"),
    _az("postgres|mysql|mariadb flexible-server|server db delete"),
    _az("postgres|mysql db delete"),
    _az("postgres|mysql flexible-server backup create", Kind.BACKUP, target="-b --backup-name"),
    _az("cosmosdb delete"),
    _az("cosmosdb sql|mongodb|cassandra|gremlin database|keyspace delete"),
    _az(
        "cosmosdb sql|mongodb|cassandra|gremlin|table container|collection|table|graph delete",
        Kind.DROP_TABLE,
    ),
    _az("redis delete"),
    _az("redis flush"),
    _az("cosmosdb table delete", Kind.DROP_TABLE),
    _az("managed-cassandra cluster delete"),
    _az("storage table delete", Kind.DROP_TABLE),
    _az("synapse sql pool delete"),
    _az("kusto database delete"),
    _az("disk delete", Kind.DELETE_STORAGE),
    _az("snapshot create", Kind.BACKUP),
    Command(
        "az sql db export",
        kind=Kind.BACKUP,
        source=_AZ_NAME,
        target="--storage-uri",
        values=_AZ_VALUES + " --storage-uri",
        documentation=_AZ + "sql/db",
    ),
    Command(
        "doctl databases|database|dbs|d delete|rm",
        kind=Kind.DROP_DATABASE,
        target="1",
        documentation="https://docs.digitalocean.com/reference/doctl/reference/databases/delete/",
    ),
    Command(
        "doctl databases|database|dbs|d db delete|rm",
        kind=Kind.DROP_DATABASE,
        target="2 1",
        documentation="https://docs.digitalocean.com/reference/doctl/reference/databases/db/delete/",
    ),
    Command(
        "doctl compute volume delete|rm",
        kind=Kind.DELETE_STORAGE,
        target="1",
        documentation="https://docs.digitalocean.com/reference/doctl/reference/compute/volume/delete/",
    ),
    Command(
        "heroku pg:reset", kind=Kind.RESET, target="1", values=_HEROKU_VALUES, documentation=_HEROKU
    ),
    Custom(
        "heroku addons:destroy",
        run=_heroku_addon,
        destroys=True,
        values=_HEROKU_VALUES,
        documentation=_HEROKU,
    ),
    Command(
        "heroku pg:backups:capture",
        kind=Kind.BACKUP,
        source="1",
        values=_HEROKU_VALUES,
        traits=frozenset({Trait.TIMESTAMPED}),
        documentation=_HEROKU,
    ),
    Command(
        "heroku pg:backups capture",
        kind=Kind.BACKUP,
        source="1",
        values=_HEROKU_VALUES,
        traits=frozenset({Trait.TIMESTAMPED}),
        documentation=_HEROKU,
    ),
    Command(
        "heroku pg:backups:restore",
        kind=Kind.RESTORE,
        source="1",
        target="2",
        values=_HEROKU_VALUES,
        documentation=_HEROKU,
    ),
    Command(
        "heroku pg:copy",
        kind=Kind.RESET,
        source="1",
        target="2",
        values=_HEROKU_VALUES,
        documentation=_HEROKU,
    ),
    Command(
        "heroku apps:destroy|destroy",
        kind=Kind.DROP_DATABASE,
        target="-a --app 1",
        certainty=Certainty.OPAQUE,
        values=_HEROKU_VALUES,
        documentation=_HEROKU,
    ),
    Command(
        "fly|flyctl volumes|volume|vol destroy|delete|rm",
        kind=Kind.DELETE_STORAGE,
        target="*",
        values=_FLY_VALUES,
        documentation=_FLY + "volumes-destroy/",
    ),
    Command(
        "fly|flyctl volumes|volume|vol snapshots create",
        kind=Kind.BACKUP,
        source="1",
        values=_FLY_VALUES,
        documentation=_FLY + "volumes-snapshots-create/",
    ),
    Command(
        "fly|flyctl mpg|redis|mysql|postgres|pg destroy|delete",
        kind=Kind.DROP_DATABASE,
        target="1",
        values=_FLY_VALUES,
        documentation=_FLY + "mpg-destroy/",
    ),
    Command(
        "fly|flyctl apps destroy, fly|flyctl destroy",
        kind=Kind.DELETE_STORAGE,
        target="1",
        certainty=Certainty.OPAQUE,
        values=_FLY_VALUES,
        documentation=_FLY + "apps-destroy/",
    ),
    Command(
        "pscale database|db delete",
        kind=Kind.DROP_DATABASE,
        target="1",
        values="--org",
        documentation=_PSCALE,
    ),
    Command(
        "pscale branch delete",
        kind=Kind.DROP_DATABASE,
        target="2",
        values="--org",
        documentation=_PSCALE,
    ),
    Command(
        "pscale backup create, pscale database dump",
        kind=Kind.BACKUP,
        source="1",
        target="--output",
        values="--org --output",
        documentation=_PSCALE,
    ),
    Command(
        "neonctl|neon projects|project delete, neonctl|neon branches|branch delete|reset, neonctl|neon databases|database delete",
        kind=Kind.DROP_DATABASE,
        target="1",
        values="--project-id --org-id --branch",
        documentation=_NEON,
    ),
    Command(
        "neonctl|neon branches|branch restore",
        kind=Kind.RESTORE,
        target="1",
        source="2",
        values="--project-id",
        documentation=_NEON,
    ),
    Command(
        "turso db destroy, turso group destroy",
        kind=Kind.DROP_DATABASE,
        target="1",
        documentation="https://docs.turso.tech/cli/db/destroy",
    ),
    Command(
        "dokku postgres:destroy|mysql:destroy|mariadb:destroy|mongo:destroy|redis:destroy|couchdb:destroy",
        kind=Kind.DROP_DATABASE,
        target="1",
        documentation="https://github.com/dokku/dokku-postgres",
    ),
    Command(
        "dokku postgres:export|mysql:export|mariadb:export|mongo:export|redis:export",
        kind=Kind.BACKUP,
        source="1",
        target=">",
        documentation="https://github.com/dokku/dokku-postgres",
    ),
    Command(
        "dokku postgres:import|mysql:import|mariadb:import|mongo:import|redis:import",
        kind=Kind.RESTORE,
        target="1",
        source="<",
        documentation="https://github.com/dokku/dokku-postgres",
    ),
    Command(
        "railway volume delete",
        kind=Kind.DELETE_STORAGE,
        target="-v --volume",
        values="-v --volume -s -e",
        documentation="https://docs.railway.com/reference/cli-api",
    ),
    Command(
        "scw rdb instance|database delete, scw redis cluster delete",
        kind=Kind.DROP_DATABASE,
        target="1",
        documentation="https://www.scaleway.com/en/docs/scaleway-cli/",
    ),
    Command(
        "linode-cli databases postgresql-delete|mysql-delete, vultr-cli database delete, exo dbaas delete, koyeb databases delete",
        kind=Kind.DROP_DATABASE,
        target="1",
        values="-z --zone",
        documentation="https://techdocs.akamai.com/linode-api/reference/delete-databases-postgre-sql-instance",
    ),
    Command(
        "avn service terminate",
        kind=Kind.DROP_DATABASE,
        target="1",
        values="--project",
        documentation="https://aiven.io/docs/tools/cli/service-cli",
    ),
    Command(
        "oci db database|system|autonomous-database delete|terminate",
        kind=Kind.DROP_DATABASE,
        values="--database-id --autonomous-database-id --db-system-id",
        target="--database-id --autonomous-database-id --db-system-id",
        documentation="https://docs.oracle.com/iaas/tools/oci-cli/latest/oci_cli_docs/cmdref/db.html",
    ),
    Command(
        "atlas clusters delete",
        kind=Kind.DROP_DATABASE,
        target="1",
        values="--projectId -P --profile",
        documentation="https://www.mongodb.com/docs/atlas/cli/current/command/atlas-clusters-delete/",
    ),
    Command(
        "atlas backups snapshots create",
        kind=Kind.BACKUP,
        source="1",
        values="--projectId --desc --retention",
        documentation="https://www.mongodb.com/docs/atlas/cli/current/command/atlas-backups-snapshots-create/",
    ),
    Command(
        "ccloud cluster delete, tiup cluster destroy|clean, upstash redis delete, cb destroy, xata dbs|database|branch delete",
        kind=Kind.DROP_DATABASE,
        target="1",
        values="--id",
        documentation="https://docs.pingcap.com/tidb/stable/tiup-component-cluster-destroy",
    ),
    Command(
        "snow object drop database|schema",
        kind=Kind.DROP_DATABASE,
        target="1",
        documentation="https://docs.snowflake.com/en/developer-guide/snowflake-cli/command-reference/object-commands/drop",
    ),
    Command(
        "snow object drop table",
        kind=Kind.DROP_TABLE,
        target="1",
        documentation="https://docs.snowflake.com/en/developer-guide/snowflake-cli/command-reference/object-commands/drop",
    ),
    Command(
        "databricks schemas|catalogs delete",
        kind=Kind.DROP_DATABASE,
        target="1",
        values="-p --profile",
        documentation="https://docs.databricks.com/aws/en/dev-tools/cli/reference/schemas-commands",
    ),
    Command(
        "databricks tables delete",
        kind=Kind.DROP_TABLE,
        target="1",
        values="-p --profile",
        documentation="https://docs.databricks.com/aws/en/dev-tools/cli/reference/tables-commands",
    ),
    Command(
        "cf delete-service",
        kind=Kind.DROP_DATABASE,
        target="1",
        certainty=Certainty.OPAQUE,
        documentation="https://cli.cloudfoundry.org/en-US/v8/delete-service.html",
    ),
    Command(
        "juju remove-application|destroy-model",
        kind=Kind.DELETE_STORAGE,
        needs="--destroy-storage",
        target="1",
        documentation="https://documentation.ubuntu.com/juju/3.6/reference/juju-cli/",
    ),
    Command(
        "openstack database instance delete",
        kind=Kind.DROP_DATABASE,
        target="1",
        documentation="https://docs.openstack.org/python-openstackclient/latest/",
    ),
    Command(
        "openstack volume delete, nomad volume delete, hcloud volume delete",
        kind=Kind.DELETE_STORAGE,
        target="1",
        documentation="https://docs.openstack.org/python-openstackclient/latest/cli/command-objects/volume.html",
    ),
    Custom(
        "terraform|tofu|terragrunt destroy",
        run=_terraform,
        destroys=True,
        single_dash=True,
        values="-target --target -var -var-file",
        documentation="https://developer.hashicorp.com/terraform/cli/commands/destroy",
    ),
)
