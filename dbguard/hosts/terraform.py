"""Terraform and OpenTofu: databases that a plan may destroy, and commands of provisioners.

A database resource is noted where it says that destroying it keeps nothing
(``skip_final_snapshot``), where it gives up its protection, and where nothing in it stands in
the way of ``terraform destroy``. ``local-exec`` and ``remote-exec`` are read as shell:
https://developer.hashicorp.com/terraform/language/resources/provisioners/local-exec,
https://developer.hashicorp.com/terraform/language/meta-arguments/lifecycle.
"""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.flow import Flow, Lowered, Node, Sequence
from dbguard.hosts import line_comments
from dbguard.hosts.hcl import Attribute, Block, Hcl
from dbguard.hosts.shell_steps import Setting, script, step
from dbguard.operations import Kind, Operation, Target, TargetKind
from dbguard.patterns import regex
from dbguard.source import Comment, Mapped, Problem, Region, Span

_DATABASE = regex(
    r"aws_(?:db_instance|rds_cluster|rds_global_cluster|docdb_cluster|docdbelastic_cluster|neptune_cluster"
    r"|redshift_cluster|redshiftserverless_namespace|dynamodb_table|memorydb_cluster|dsql_cluster"
    r"|keyspaces_table|timestreamwrite_database|lightsail_database|elasticache_(?:cluster|replication_group))"
    r"|google_(?:sql_database_instance|sql_database|spanner_(?:instance|database)|bigtable_instance"
    r"|firestore_database|alloydb_(?:cluster|instance)|bigquery_(?:dataset|table)|redis_instance)"
    r"|azurerm_(?:(?:postgresql|mysql|mariadb)(?:_flexible)?_(?:server|database|flexible_server(?:_database)?)"
    r"|postgresql_flexible_server|mysql_flexible_server|mssql_(?:server|database|managed_instance|managed_database)"
    r"|cosmosdb_(?:account|sql_database|mongo_database|postgresql_cluster)|redis_cache|kusto_(?:cluster|database))"
    r"|(?:digitalocean_database_(?:cluster|db)|mongodbatlas_(?:advanced_)?cluster|oci_database_\w+"
    r"|oci_mysql_mysql_db_system|scaleway_rdb_(?:instance|database)|ovh_cloud_project_database|linode_database_\w+"
    r"|exoscale_dbaas|vultr_database|aiven_(?:pg|mysql|kafka|redis|opensearch|cassandra|clickhouse)"
    r"|snowflake_(?:database|schema|table)|cockroach_cluster|neon_(?:project|branch|database)|planetscale_database"
    r"|supabase_project|heroku_addon|postgresql_database|mysql_database|mongodb_database|rediscloud_subscription)"
)
# What these say of themselves when nothing is said: they are protected from the start.
_PROTECTED_AT_FIRST = regex(
    r"google_(?:sql_database_instance|spanner_database|bigtable_instance|bigquery_table|alloydb_cluster)"
)
_PROTECTION = (
    "deletion_protection",
    "deletion_protection_enabled",
    "termination_protection",
    "termination_protection_enabled",
    "delete_protection",
    "prevent_destroy",
)
_GIVEN_UP = {
    "skip_final_snapshot": "true",
    "delete_automated_backups": "true",
    "backup_retention_period": "0",
    "delete_contents_on_destroy": "true",
    **dict.fromkeys(_PROTECTION, "false"),
}
MAX_BLOCKS = 20_000
"""How many blocks of a file are looked at before a limit is reported."""


def comments(region: Region) -> Iterator[Comment]:
    """Yield the comments that speak to dbguard."""
    return line_comments.comments(region, line_comments.HASH_AND_SLASHES)


def lower(region: Region) -> Lowered:
    """Return a flow for each resource that is a database or runs something."""
    hcl = Hcl(region)
    flows: list[Flow] = []
    if len(hcl.root.blocks) > MAX_BLOCKS:
        much = f"of more than {MAX_BLOCKS:,} blocks the first are looked at"
        hcl.problems.append(Problem(region.file.path, much, "limit"))
    for block in hcl.root.blocks[:MAX_BLOCKS]:
        if block.kind != "resource" or len(block.labels) != 2:
            continue
        name = ".".join(block.labels)
        nodes: list[Node] = list(_notes(region, block, name))
        if nodes:
            flows.append(Flow(name, Sequence(tuple(nodes))))
        flows.extend(
            Flow(f"{name}: provisioner", Sequence(tuple(found)))
            for provisioner in block.named("provisioner")
            if (found := _commands(region, provisioner))
        )
    return Lowered(tuple(flows), tuple(hcl.problems))


def _notes(region: Region, block: Block, name: str) -> Iterator[Operation]:
    """Yield what leaves a database without protection, each where it says so."""
    kind = block.labels[0]
    if _DATABASE.fullmatch(kind) is None:
        return
    parts = [block, *block.named("lifecycle"), *block.named("settings")]
    protected = any(part.word(word) == "true" for part in parts for word in _PROTECTION)
    said = False
    for part in parts:
        for word, value in _GIVEN_UP.items():
            attribute = part.attributes.get(word)
            if attribute is None:
                continue
            about = word in _PROTECTION
            said = said or (about and attribute.word != "false")  # a variable may protect it
            if attribute.plain and attribute.word == value and not (about and protected):
                said = said or about
                yield _note(region, attribute.start, attribute.end, name, _spelled(attribute))
    if not said and not protected and _PROTECTED_AT_FIRST.fullmatch(kind) is None:
        yield _note(region, block.start, block.header_end, name, "no prevent_destroy")


def _spelled(attribute: Attribute) -> str:
    return f"{attribute.name} = {attribute.word}"


def _note(region: Region, start: int, end: int, name: str, spelling: str) -> Operation:
    target = Target(TargetKind.DATABASE, name, name)
    return Operation(Kind.UNPROTECT, target, region.span(start, end), region, spelling=spelling)


def _commands(region: Region, provisioner: Block) -> list[Node]:
    """Return what a provisioner runs, on this machine or on the one that is made."""
    where = provisioner.labels[0] if provisioner.labels else ""
    name = {"local-exec": "command", "remote-exec": "inline"}.get(where)
    found = provisioner.attributes.get(name or "")
    if found is None or not found.texts or not _is_shell(provisioner):
        return []
    folder = provisioner.attributes.get("working_dir")
    directory = folder.texts[0] if folder is not None and folder.texts else None
    ends = [text for one in found.texts for text in (one, _line_end(one))]
    place = region.span(found.start, found.end)
    setting = Setting("", directory, {}, "sh")
    checked = not any(
        text.text == "continue"
        for attribute in [provisioner.attributes.get("on_failure")]
        if attribute is not None
        for text in [*attribute.texts, Mapped.at(attribute.word, place)]
    )
    inner = script(region, ends, f"{name} of {where}", place, setting)
    return [step(inner, checked=checked)]


def _line_end(text: Mapped) -> Mapped:
    end = text.span.end
    return Mapped.at("\n", Span(end, end))


def _is_shell(provisioner: Block) -> bool:
    interpreter = provisioner.attributes.get("interpreter")
    if interpreter is None or not interpreter.texts:
        return True
    return interpreter.texts[0].text.rpartition("/")[2] in ("sh", "bash", "dash", "zsh", "ksh")
