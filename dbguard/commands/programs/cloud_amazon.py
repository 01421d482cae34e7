"""Amazon Web Services: managed databases, their snapshots, their volumes."""

from __future__ import annotations

from dbguard.commands.entry import Command, Entry
from dbguard.operations import Kind

_AWS = "https://docs.aws.amazon.com/cli/latest/reference/"


_AWS_VALUES = (
    "--region --profile --output --endpoint-url --query --cli-input-json --db-instance-identifier"
    " --db-cluster-identifier --final-db-snapshot-identifier --table-name --cluster-identifier"
    " --cache-cluster-id --replication-group-id --final-snapshot-identifier --domain-name --volume-id"
    " --file-system-id --keyspace-name --database-name --relational-database-name --cluster-name"
    " --db-snapshot-identifier --db-cluster-snapshot-identifier --backup-name --snapshot-name"
    " --final-cluster-snapshot-identifier --global-cluster-identifier --description --key --namespace-name --cluster-arn --graph-identifier --identifier"
    " --tenant-db-name --id --serverless-cache-name --snapshot-identifier"
)


_AWS_UNLESS = "--help --dry-run --dryrun --generate-cli-skeleton"


def _aws(command: str, kind: Kind, target: str, **more: str) -> Command:
    service, action = command.split()[:2]
    return Command(
        f"aws {command}",
        kind=kind,
        target=target,
        values=_AWS_VALUES,
        unless=_AWS_UNLESS,
        needs=more.get("needs", ""),
        source=more.get("source", ""),
        documentation=f"{_AWS}{service.split('|')[0]}/{action.split('|')[0]}.html",
    )


ENTRIES: tuple[Entry, ...] = (
    _aws(
        "rds|neptune delete-db-instance",
        Kind.BACKUP,
        "--final-db-snapshot-identifier",
        needs="--final-db-snapshot-identifier",
        source="--db-instance-identifier",
    ),
    _aws("rds|docdb|neptune delete-db-instance", Kind.DROP_DATABASE, "--db-instance-identifier"),
    _aws(
        "rds|docdb|neptune delete-db-cluster",
        Kind.BACKUP,
        "--final-db-snapshot-identifier",
        needs="--final-db-snapshot-identifier",
        source="--db-cluster-identifier",
    ),
    _aws("rds|docdb|neptune delete-db-cluster", Kind.DROP_DATABASE, "--db-cluster-identifier"),
    _aws("rds|docdb delete-global-cluster", Kind.DROP_DATABASE, "--global-cluster-identifier"),
    _aws(
        "rds create-db-snapshot",
        Kind.BACKUP,
        "--db-snapshot-identifier",
        source="--db-instance-identifier",
    ),
    _aws(
        "rds|docdb|neptune create-db-cluster-snapshot",
        Kind.BACKUP,
        "--db-cluster-snapshot-identifier",
        source="--db-cluster-identifier",
    ),
    _aws(
        "rds stop-db-instance|stop-db-cluster",
        Kind.STOP_SERVICE,
        "--db-instance-identifier --db-cluster-identifier",
    ),
    _aws("dynamodb delete-table", Kind.DROP_TABLE, "--table-name"),
    _aws("dynamodb create-backup", Kind.BACKUP, "--backup-name", source="--table-name"),
    _aws(
        "elasticache delete-cache-cluster|delete-replication-group|delete-serverless-cache",
        Kind.DROP_DATABASE,
        "--cache-cluster-id --replication-group-id --serverless-cache-name",
    ),
    _aws(
        "elasticache|memorydb create-snapshot",
        Kind.BACKUP,
        "--snapshot-name",
        source="--cache-cluster-id --replication-group-id --cluster-name",
    ),
    _aws("memorydb delete-cluster", Kind.DROP_DATABASE, "--cluster-name"),
    _aws("redshift delete-cluster", Kind.DROP_DATABASE, "--cluster-identifier"),
    _aws(
        "redshift create-cluster-snapshot",
        Kind.BACKUP,
        "--snapshot-identifier",
        source="--cluster-identifier",
    ),
    _aws("opensearch delete-domain", Kind.DROP_DATABASE, "--domain-name"),
    _aws("es delete-elasticsearch-domain", Kind.DROP_DATABASE, "--domain-name"),
    _aws("timestream-write delete-database", Kind.DROP_DATABASE, "--database-name"),
    _aws("timestream-write delete-table", Kind.DROP_TABLE, "--table-name"),
    _aws("keyspaces delete-keyspace", Kind.DROP_DATABASE, "--keyspace-name"),
    _aws("keyspaces delete-table", Kind.DROP_TABLE, "--table-name"),
    _aws("lightsail delete-relational-database", Kind.DROP_DATABASE, "--relational-database-name"),
    _aws(
        "lightsail create-relational-database-snapshot",
        Kind.BACKUP,
        "--relational-database-snapshot-name",
        source="--relational-database-name",
    ),
    _aws("ec2 delete-volume", Kind.DELETE_STORAGE, "--volume-id"),
    _aws("ec2 create-snapshot", Kind.BACKUP, "--description", source="--volume-id"),
    _aws("efs delete-file-system", Kind.DELETE_STORAGE, "--file-system-id"),
    Command(
        "aws s3 rm, gsutil rm, gcloud storage rm, s3cmd del, mc rm",
        kind=Kind.DELETE_FILE,
        target="*",
        values="--region --profile --exclude --include --endpoint-url",
        unless="--dryrun --help",
        documentation=_AWS + "s3/rm.html",
    ),
    _aws("redshift-serverless delete-namespace", Kind.DROP_DATABASE, "--namespace-name"),
    _aws("docdb-elastic delete-cluster", Kind.DROP_DATABASE, "--cluster-arn"),
    _aws("neptune-graph delete-graph", Kind.DROP_DATABASE, "--graph-identifier"),
    _aws("dsql delete-cluster", Kind.DROP_DATABASE, "--identifier"),
    _aws("rds delete-tenant-database", Kind.DROP_DATABASE, "--tenant-db-name"),
    _aws("opensearchserverless delete-collection", Kind.DROP_DATABASE, "--id"),
)
