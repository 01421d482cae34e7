"""Migration tools of Java, .NET and Elixir."""

from __future__ import annotations

from dbguard.commands.entry import Command, Entry
from dbguard.flow import Direction
from dbguard.operations import Kind

_MIX = "https://hexdocs.pm/ecto_sql/Mix.Tasks.Ecto.Rollback.html"


_ECTO = "https://hexdocs.pm/ecto/Mix.Tasks.Ecto.Drop.html"


_EF = "https://learn.microsoft.com/ef/core/cli/dotnet"


_EF_VALUES = (
    "-c --context -p --project -s --startup-project --connection --configuration --framework"
    " --runtime --msbuildprojectextensionspath --environment"
)


_EF_ENVIRONMENT = "--environment $ASPNETCORE_ENVIRONMENT $DOTNET_ENVIRONMENT"


_FLYWAY = "https://documentation.red-gate.com/flyway/reference/commands/clean"


_LIQUIBASE = "https://docs.liquibase.com/commands/utility/drop-all.html"


_LIQUIBASE_VALUES = (
    "--url --username --password --changelog-file --changeLogFile --defaultsFile --defaults-file"
)


_GRADLE_VALUES = "-p --project-dir -b --build-file -c -I -g --gradle-user-home -x --exclude-task"


_MAVEN_VALUES = "-f --file -pl --projects -P --activate-profiles -s --settings -gs -T --threads"


def _gradle(tasks: str, documentation: str) -> Command:
    names = "|".join(f"{task}|*:{task}" for task in tasks.split("|"))
    return Command(
        f"gradle|gradlew|sbt {names}",
        kind=Kind.RESET,
        anywhere=True,
        values=_GRADLE_VALUES,
        unless="--help -m --dry-run",
        documentation=documentation,
    )


def _maven(goals: str, documentation: str, direction: Direction | None = None) -> Command:
    return Command(
        f"mvn|mvnw {goals}",
        kind=Kind.RESET,
        anywhere=True,
        values=_MAVEN_VALUES,
        direction=direction,
        documentation=documentation,
    )


_DOWN = Direction.DOWN

ENTRIES: tuple[Entry, ...] = (
    Command(
        "mix ecto.drop|ecto.drop*|ash.tear_down|ash_postgres.drop",
        kind=Kind.RESET,
        anywhere=True,
        values="-r --repo",
        target="-r --repo",
        environment="$MIX_ENV",
        documentation=_ECTO,
    ),
    Command(
        "mix ecto.reset|ecto.reset*|ash.reset",
        kind=Kind.RESET,
        anywhere=True,
        values="-r --repo",
        environment="$MIX_ENV",
        documentation="https://hexdocs.pm/phoenix/ecto.html",
    ),
    Command(
        "mix ecto.rollback|ash.rollback",
        kind=Kind.RESET,
        needs="--all",
        values="-r --repo -n --step --to",
        environment="$MIX_ENV",
        documentation=_MIX,
    ),
    Command(
        "mix ecto.rollback|ash.rollback",
        kind=Kind.RESET,
        unless="--all --help",
        direction=_DOWN,
        values="-r --repo -n --step --to",
        documentation=_MIX,
    ),
    Command(
        "dotnet ef database drop, dotnet-ef database drop",
        kind=Kind.RESET,
        unless="--dry-run --help",
        values=_EF_VALUES,
        environment=_EF_ENVIRONMENT,
        target="-c --context",
        documentation=_EF,
    ),
    Command(
        "dotnet ef database update 0, dotnet-ef database update 0",
        kind=Kind.RESET,
        values=_EF_VALUES,
        environment=_EF_ENVIRONMENT,
        documentation=_EF,
    ),
    Command(
        "dotnet ef migrations remove, dotnet-ef migrations remove",
        kind=Kind.RESET,
        needs="-f --force",
        direction=_DOWN,
        values=_EF_VALUES,
        documentation=_EF + "#dotnet-ef-migrations-remove",
    ),
    Command(
        "Drop-Database|drop-database",
        kind=Kind.RESET,
        unless="-WhatIf",
        single_dash=True,
        documentation="https://learn.microsoft.com/ef/core/cli/powershell#drop-database",
    ),
    Command(
        "evolve erase",
        kind=Kind.RESET,
        values="-c --connection-string -l",
        documentation="https://evolve-db.netlify.app/configuration/commands/",
    ),
    Command(
        "grate|rh|roundhouse",
        kind=Kind.RESET,
        needs="--drop -drop",
        values="-c --connectionstring -f --files --env",
        target="-c --connectionstring",
        documentation="https://erikbra.github.io/grate/configuration-options/",
    ),
    Command(
        "dotnet-fm|fm rollback all, dotnet fm rollback all",
        kind=Kind.RESET,
        values="-p -c -a --processor --connection --assembly",
        documentation="https://fluentmigrator.github.io/articles/runners/dotnet-fm.html",
    ),
    Command(
        "dotnet-fm|fm rollback, dotnet fm rollback",
        kind=Kind.RESET,
        direction=_DOWN,
        values="-p -c -a --processor --connection --assembly",
        documentation="https://fluentmigrator.github.io/articles/runners/dotnet-fm.html",
    ),
    Command(
        "sqlpackage /p:DropObjectsNotInSource=*rue|/p:BlockOnPossibleDataLoss=*alse|/p:CreateNewDatabase=*rue",
        kind=Kind.RESET,
        anywhere=True,
        documentation="https://learn.microsoft.com/sql/tools/sqlpackage/sqlpackage-publish",
    ),
    Command(
        "sqlpackage /Action:Export|/a:Export",
        kind=Kind.BACKUP,
        anywhere=True,
        documentation="https://learn.microsoft.com/sql/tools/sqlpackage/sqlpackage-export",
    ),
    Command(
        "flyway clean",
        kind=Kind.RESET,
        anywhere=True,
        single_dash=True,
        target="-url",
        documentation=_FLYWAY,
    ),
    Command(
        "flyway undo",
        kind=Kind.RESET,
        anywhere=True,
        single_dash=True,
        target="-url",
        direction=_DOWN,
        documentation="https://documentation.red-gate.com/flyway/reference/commands/undo",
    ),
    Command(
        "flyway migrate|validate",
        kind=Kind.RESET,
        needs="-cleanOnValidationError=true",
        anywhere=True,
        single_dash=True,
        target="-url",
        documentation="https://documentation.red-gate.com/flyway/reference/configuration/flyway-namespace/flyway-clean-on-validation-error-setting",
    ),
    _maven("flyway:clean|org.flywaydb:flyway-maven-plugin:*clean", _FLYWAY),
    _maven("flyway:undo|liquibase:rollback", _FLYWAY, _DOWN),
    _maven("liquibase:dropAll", _LIQUIBASE),
    _gradle("flywayClean", _FLYWAY),
    _gradle("dropAll|liquibaseDropAll", _LIQUIBASE),
    Command(
        "liquibase drop-all|dropAll",
        kind=Kind.RESET,
        anywhere=True,
        values=_LIQUIBASE_VALUES,
        target="--url",
        documentation=_LIQUIBASE,
    ),
    Command(
        "liquibase rollback|rollback-count|rollbackCount|rollback-to-date|rollbackToDate"
        "|rollback-one-changeset|rollbackOneChangeSet|rollback-one-update|rollbackOneUpdate",
        kind=Kind.RESET,
        anywhere=True,
        values=_LIQUIBASE_VALUES,
        target="--url",
        direction=_DOWN,
        documentation="https://docs.liquibase.com/commands/rollback/rollback-by-tag.html",
    ),
)
