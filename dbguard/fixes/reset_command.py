"""reset-command."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.patterns import regex
from dbguard.records import dataclass
from dbguard.repair.command_words import command_words
from dbguard.repair.edits import Edit
from dbguard.repair.fix import Fix, Repair, Safety, Site
from dbguard.repair.words import Word, removed


@dataclass(frozen=True, slots=True)
class Forward:
    """The command of a tool that applies what is pending, for one that resets.

    ``program`` are names the first word may end in; ``asked`` the words that reset, in
    their order; ``instead`` what is said in place of each, '' for nothing; ``without`` the
    options that go.
    """

    program: str
    asked: tuple[str, ...]
    instead: tuple[str, ...]
    without: tuple[str, ...] = ()


_PRISMA = ("--force", "-f", "--skip-seed", "--skip-generate")
_TAKES_VALUE = frozenset({"--step", "--batch", "--seeder"})

_FORWARD = (
    Forward("prisma", ("migrate", "reset"), ("migrate", "deploy"), _PRISMA),
    Forward("prisma", ("db", "push"), ("db", "push"), ("--force-reset", "--accept-data-loss")),
    Forward("sequelize-cli|sequelize", ("db:migrate:undo:all",), ("db:migrate",)),
    Forward("typeorm|typeorm-ts-node-commonjs|typeorm-ts-node-esm", ("schema:drop",),
        ("migration:run",)),
    Forward("knex", ("migrate:rollback",), ("migrate:latest",), ("--all",)),
    Forward("drizzle-kit", ("push",), ("push",), ("--force",)),
    Forward("mikro-orm", ("migration:fresh",), ("migration:up",), ("--seed",)),
    Forward("ace", ("migration:fresh|migration:refresh|migration:reset",), ("migration:run",), ("--seed",)),
    Forward("payload", ("migrate:fresh|migrate:reset|migrate:refresh",), ("migrate",)),
    Forward("supabase", ("db", "reset"), ("migration", "up")),
    Forward("artisan", ("migrate:fresh|migrate:refresh|migrate:reset|db:wipe",), ("migrate",),
        ("--step", "--batch", "--drop-views", "--drop-types", "--seed", "--seeder")),
    Forward("console", ("doctrine:schema:drop|d:s:d|doctrine:database:drop|d:d:d",),
        ("doctrine:migrations:migrate",),
        ("--force", "-f", "--full-database", "--if-exists", "--full-force")),
    Forward("manage.py|django-admin", ("flush|reset_db",), ("migrate",)),
    Forward("manage.py|django-admin", ("migrate", "*", "zero"), ("migrate", "*", "")),
    Forward("alembic", ("downgrade", "base"), ("upgrade", "head")),
    Forward("flask", ("db", "downgrade", "base"), ("db", "upgrade", "")),
    Forward("yoyo", ("rollback",), ("apply",), ("--all",)),
    Forward("airflow", ("db", "reset"), ("db", "migrate"), ("--yes", "-y")),
    Forward("mix", ("ecto.reset|ecto.drop|ecto.rollback",), ("ecto.migrate",), ("--all",)),
    Forward("flyway", ("clean", "migrate"), ("", "migrate")),
    Forward("flyway", ("clean",), ("migrate",)),
    Forward("mvn|mvnw", ("flyway:clean", "flyway:migrate"), ("", "flyway:migrate")),
    Forward("liquibase", ("drop-all|dropAll",), ("update",)),
    Forward("goose", ("reset",), ("up",)),
    Forward("goose", ("down-to", "0"), ("up", "")),
    Forward("migrate", ("drop",), ("up",), ("-f",)),
    Forward("migrate", ("down",), ("up",), ("-all",)),
    Forward("dbmate", ("drop",), ("up",)),
    Forward("sqlx", ("database", "reset|drop"), ("migrate", "run"), ("-y", "-f", "--force")),
    Forward("diesel", ("database", "reset"), ("migration", "run")),
    Forward("diesel", ("migration", "revert"), ("migration", "run"), ("--all",)),
    Forward("sea-orm-cli", ("migrate", "fresh|reset|refresh"), ("migrate", "up")),
    Forward("sqitch", ("revert",), ("deploy",), ("-y",)),
    Forward("buffalo|soda", ("reset|drop",), ("migrate",), ("-a",)),
    Forward("call_command", ("flush|reset_db",), ("migrate",)),
)  # fmt: skip

_RAILS = regex(r"(?:^|/)(?:rails|rake)$")
_RAILS_RESETS = regex(
    r"(?:app:)?db:(?:drop(?::all|:_unsafe)?|reset(?::all)?|schema:load|structure:load"
    r"|migrate:reset|setup|truncate_all|seed:replant|create|migrate)"
)
_INTERPRETERS = regex(r"(?:^|/)(?:python[\d.]*|php|node|ruby|cargo|npx?|bundle)$")


class ResetCommand(Fix):
    """The tool's forward-only command takes the place of the one that resets: `prisma migrate
    deploy`, `rails db:migrate`, `artisan migrate`, `manage.py migrate`, `alembic upgrade head`
    and so on for some thirty tools. What the reset was followed by (seeds, `createsuperuser`)
    stays. A tool that has no such command has no fix.
    """

    rule = "reset-command"
    safety = Safety.REVIEW

    def repairs(self, site: Site) -> Iterator[Repair]:
        """Yield the command that applies what is pending."""
        words = command_words(site)
        start = 0
        while start + 1 < len(words) and _INTERPRETERS.search(words[start].plain):
            start += 2 if words[start + 1].plain in ("-m", "exec", "run") else 1
        words = words[start:]
        if not words:
            return
        program = words[0].plain.split("@")[0].rpartition("/")[2]
        if _RAILS.search(words[0].plain):
            yield from _rails(site, words)
        for forward in _FORWARD:
            if program in forward.program.split("|"):
                edits = _edits(words, forward)
                if edits:
                    what = " ".join(word for word in forward.instead if word not in ("", "*"))
                    yield Repair(site.region, edits, f"{program} {what} instead")


def _edits(words: tuple[Word, ...], forward: Forward) -> tuple[Edit, ...]:
    """Return the edits that make a command go forward, () where it is another one."""
    at = _place_of(words, forward.asked)
    if at is None:
        return ()
    edits = []
    for offset, instead in enumerate(forward.instead):
        word = words[at + offset]
        if instead == "":
            edits.append(removed(words, at + offset))
        elif instead not in ("*", word.plain):
            edits.append(word.replaced(instead))
    drop_next = False
    for index in range(1, len(words)):
        if at <= index < at + len(forward.asked):
            continue
        plain = words[index].plain
        name, equals, _ = plain.partition("=")
        if drop_next and not plain.startswith("-"):
            edits.append(removed(words, index))
        drop_next = False
        if name in forward.without:
            edits.append(removed(words, index))
            drop_next = name in _TAKES_VALUE and not equals
    return tuple(edits)


def _place_of(words: tuple[Word, ...], asked: tuple[str, ...]) -> int | None:
    for at in range(1, len(words) - len(asked) + 1):
        if all(
            want == "*" or words[at + offset].plain in want.split("|")
            for offset, want in enumerate(asked)
        ):
            return at
    return None


def _rails(site: Site, words: tuple[Word, ...]) -> Iterator[Repair]:
    """Replace the tasks that reset by one db:migrate, and leave the other words."""
    edits: list[Edit] = []
    for index, word in enumerate(words):
        if index and _RAILS_RESETS.fullmatch(word.plain):
            edits.append(removed(words, index) if edits else word.replaced("db:migrate"))
        elif index and word.plain == "VERSION=0":
            edits.append(removed(words, index))
    if edits:
        yield Repair(site.region, tuple(edits), "db:migrate instead")
