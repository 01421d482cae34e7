"""Python's ORMs, migration tools and applications: what resets, what backs up."""

from __future__ import annotations

from dbguard.commands.entry import Command, Entry
from dbguard.flow import Direction
from dbguard.operations import Certainty, Kind, TargetKind

_DJANGO = "https://docs.djangoproject.com/en/stable/ref/django-admin/"
_MANAGE = "manage.py|django-admin|django-admin.py"
_MANAGE_VALUES = "--settings --pythonpath --database -v --verbosity -o --output -R --router"
_SETTINGS = "--settings $DJANGO_SETTINGS_MODULE"
_ALEMBIC = "https://alembic.sqlalchemy.org/en/latest/tutorial.html"
_ALEMBIC_VALUES = "-c --config -n --name -x --tag -d --directory -A --app"
_MIGRATE = "https://flask-migrate.readthedocs.io/en/latest/"
_FLASK_ENVIRONMENT = "$FLASK_ENV $APP_ENV $APP_SETTINGS $ENV $ENVIRONMENT"
_DOWN = Direction.DOWN

ENTRIES: tuple[Entry, ...] = (
    Command(
        f"{_MANAGE} flush",
        kind=Kind.RESET,
        values=_MANAGE_VALUES,
        target="--database",
        environment=_SETTINGS,
        documentation=_DJANGO + "#flush",
    ),
    Command(
        f"{_MANAGE} reset_db|reset_schema",
        kind=Kind.RESET,
        environment=_SETTINGS,
        values=_MANAGE_VALUES + " -D --dbname -U --user -O --owner -R",
        target="-D --dbname --database",
        documentation="https://django-extensions.readthedocs.io/en/latest/reset_db.html",
    ),
    Command(
        f"{_MANAGE} migrate|migrate_schemas * zero",
        kind=Kind.RESET,
        values=_MANAGE_VALUES,
        environment=_SETTINGS,
        unless="--plan --help --fake",
        target="--database",
        documentation=_DJANGO + "#migrate",
    ),
    Command(
        f"{_MANAGE} delete_tenant",
        kind=Kind.RESET,
        values=_MANAGE_VALUES,
        environment=_SETTINGS,
        documentation="https://django-tenants.readthedocs.io/en/latest/use.html",
    ),
    Command(
        f"{_MANAGE} dumpdata",
        kind=Kind.BACKUP,
        values=_MANAGE_VALUES + " --format --indent -e --exclude",
        target="-o --output >",
        documentation=_DJANGO + "#dumpdata",
    ),
    Command(
        f"{_MANAGE} dbbackup",
        kind=Kind.BACKUP,
        values=_MANAGE_VALUES + " -O --output-path",
        target="-o -O --output-path",
        documentation="https://django-dbbackup.readthedocs.io/en/stable/commands.html",
    ),
    Command(
        f"{_MANAGE} dbrestore",
        kind=Kind.RESTORE,
        values=_MANAGE_VALUES + " -i --input-filename",
        source="-i --input-filename",
        documentation="https://django-dbbackup.readthedocs.io/en/stable/commands.html",
    ),
    Command(
        "alembic downgrade base",
        kind=Kind.RESET,
        values=_ALEMBIC_VALUES,
        unless="--sql --help",
        environment=_FLASK_ENVIRONMENT,
        documentation=_ALEMBIC,
    ),
    Command(
        "alembic downgrade",
        kind=Kind.RESET,
        values=_ALEMBIC_VALUES,
        unless="--sql --help",
        direction=_DOWN,
        documentation=_ALEMBIC,
    ),
    Command(
        "flask db downgrade base",
        kind=Kind.RESET,
        values=_ALEMBIC_VALUES,
        unless="--sql --help",
        environment=_FLASK_ENVIRONMENT,
        documentation=_MIGRATE,
    ),
    Command(
        "flask db downgrade",
        kind=Kind.RESET,
        values=_ALEMBIC_VALUES,
        unless="--sql --help",
        direction=_DOWN,
        documentation=_MIGRATE,
    ),
    Command(
        "manage.py db downgrade, superset|airflow db downgrade, litestar database downgrade",
        kind=Kind.RESET,
        direction=_DOWN,
        values=_ALEMBIC_VALUES,
        documentation=_MIGRATE,
    ),
    Command(
        "litestar database drop-all",
        kind=Kind.RESET,
        documentation="https://docs.litestar.dev/latest/usage/databases/sqlalchemy/plugins/",
    ),
    Command(
        "aerich downgrade",
        kind=Kind.RESET,
        direction=_DOWN,
        values="-c --config --app -v --version",
        documentation="https://github.com/tortoise/aerich",
    ),
    Command(
        "yoyo|yoyo-migrate rollback",
        kind=Kind.RESET,
        needs="--all",
        values="--database -d -m -r --revision -c --config",
        target="--database -d",
        documentation="https://ollycope.com/software/yoyo/latest/",
    ),
    Command(
        "yoyo|yoyo-migrate rollback",
        kind=Kind.RESET,
        direction=_DOWN,
        unless="--all",
        values="--database -d -m -r --revision -c --config",
        target="--database -d",
        documentation="https://ollycope.com/software/yoyo/latest/",
    ),
    Command(
        "pw_migrate rollback",
        kind=Kind.RESET,
        direction=_DOWN,
        values="--database --directory",
        target="--database",
        documentation="https://github.com/klen/peewee_migrate",
    ),
    Command(
        "piccolo migrations backwards|backward * all",
        kind=Kind.RESET,
        documentation="https://piccolo-orm.readthedocs.io/en/latest/piccolo/migrations/running.html",
    ),
    Command(
        "piccolo migrations backwards|backward",
        kind=Kind.RESET,
        direction=_DOWN,
        documentation="https://piccolo-orm.readthedocs.io/en/latest/piccolo/migrations/running.html",
    ),
    Command(
        "airflow db reset, airflow resetdb",
        kind=Kind.RESET,
        documentation="https://airflow.apache.org/docs/apache-airflow/stable/cli-and-env-variables-ref.html",
    ),
    Command(
        "airflow db clean",
        kind=Kind.DELETE_ROWS,
        unless="--dry-run --help",
        values="--clean-before-timestamp -t --tables --batch-size",
        target="-t --tables",
        traits=frozenset(),
        certainty=Certainty.OPAQUE,
        documentation="https://airflow.apache.org/docs/apache-airflow/stable/cli-and-env-variables-ref.html",
    ),
    Command(
        "prefect server database reset, prefect orion database reset",
        kind=Kind.RESET,
        documentation="https://docs.prefect.io/v3/api-ref/cli/server",
    ),
    Command(
        "prefect server database downgrade",
        kind=Kind.RESET,
        direction=_DOWN,
        documentation="https://docs.prefect.io/v3/api-ref/cli/server",
    ),
    Command(
        "dagster run wipe, dagster asset wipe",
        kind=Kind.RESET,
        documentation="https://docs.dagster.io/api/clis/cli",
    ),
    Command(
        "ckan db clean",
        kind=Kind.RESET,
        values="-c --config",
        documentation="https://docs.ckan.org/en/latest/maintaining/cli.html",
    ),
    Command(
        "invenio db drop|destroy",
        kind=Kind.RESET,
        needs="--yes-i-know",
        documentation="https://invenio-db.readthedocs.io/en/latest/usage.html",
    ),
    Command(
        "bench drop-site",
        kind=Kind.DROP_DATABASE,
        target="1",
        values="--site --root-password",
        documentation="https://docs.frappe.io/framework/user/en/bench/reference/drop-site",
    ),
    Command(
        "bench reinstall",
        kind=Kind.RESET,
        target="--site",
        values="--site --admin-password",
        documentation="https://docs.frappe.io/framework/user/en/bench/frappe-commands",
    ),
    Command(
        "bench backup",
        kind=Kind.BACKUP,
        source="--site",
        values="--site",
        documentation="https://docs.frappe.io/framework/user/en/bench/frappe-commands",
    ),
    Command(
        "bench restore",
        kind=Kind.RESTORE,
        target="--site",
        source="1",
        values="--site",
        documentation="https://docs.frappe.io/framework/user/en/bench/frappe-commands",
    ),
    Command(
        "odoo|odoo-bin db drop",
        kind=Kind.RESET,
        target="1",
        values="-c --config",
        documentation="https://www.odoo.com/documentation/18.0/developer/reference/cli.html",
    ),
    Command(
        "sqlite-utils drop-table",
        kind=Kind.DROP_TABLE,
        target="2",
        documentation="https://sqlite-utils.datasette.io/en/stable/cli-reference.html#drop-table",
    ),
    Command(
        "sqlite-utils transform",
        kind=Kind.DROP_COLUMN,
        needs="--drop",
        unless="--sql --help",
        values="--type --rename -o --column-order --not-null --not-null-false --pk --default --drop"
        " --default-none --drop-foreign-key --add-foreign-key --load-extension",
        about=TargetKind.COLUMN,
        target="--drop",
        documentation="https://sqlite-utils.datasette.io/en/stable/cli-reference.html#transform",
    ),
    Command(
        "sqlite-utils insert",
        kind=Kind.TRUNCATE_TABLE,
        needs="--truncate",
        values="--pk --convert --import --delimiter --quotechar --encoding --batch-size -d --default",
        target="2",
        documentation="https://sqlite-utils.datasette.io/en/stable/cli-reference.html#insert",
    ),
    Command(
        "sqlmesh destroy",
        kind=Kind.RESET,
        values="-p --paths --gateway --config",
        documentation="https://sqlmesh.readthedocs.io/en/stable/reference/cli/#destroy",
    ),
    Command(
        "dlt pipeline * drop",
        kind=Kind.RESET,
        needs="--drop-all",
        values="--pipelines-dir --destination --dataset --schema --state-paths",
        documentation="https://dlthub.com/docs/reference/command-line-interface#dlt-pipeline-drop",
    ),
    Command(
        "dbt run|build|seed",
        kind=Kind.DROP_TABLE,
        needs="--full-refresh -f",
        values="-s --select -m --models --exclude --selector -t --target --profile --profiles-dir"
        " --project-dir --vars --threads",
        environment="-t --target",
        target="-s --select -m --models",
        certainty=Certainty.OPAQUE,
        documentation="https://docs.getdbt.com/reference/commands/run",
    ),
)
