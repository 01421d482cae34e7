"""Positions, traits, inputs, directories and robustness of ``dbguard.commands.lower``."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbguard.commands import lower, printed, vocabulary
from dbguard.commands.invocation import Invocation, Word
from dbguard.commands.lowering import entries, entries_of, program_name
from dbguard.commands.program_index import PROGRAMS
from dbguard.flow import Branch, Embed, Include, Node, Sequence, operations
from dbguard.operations import Certainty, Guard, Kind, Operation, TargetKind, Trait
from dbguard.source import Mapped, Region, SourceFile, Span, hole
from tests.command_lines import described, invocation_of


def only(invocation: Invocation, kind: Kind) -> Operation:
    found = [
        operation
        for node in lower(invocation)
        for operation in operations(node)
        if operation.kind is kind
    ]
    assert len(found) == 1
    return found[0]


def pointed_at(invocation: Invocation, node: Node) -> str:
    assert isinstance(node, Operation | Embed | Include)
    return invocation.region.file.text[node.span.start : node.span.end]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("rm -f app.db", "rm -f app.db"),
        ("rm -f 'app.db'", "rm -f 'app.db'"),
        ('"rm" -f app.db', '"rm" -f app.db'),
        ("\\rm app.db", "\\rm app.db"),
        ("sudo -u postgres rm -f app.db", "rm -f app.db"),
        ("env A=b nohup nice -n 5 rm -f app.db", "rm -f app.db"),
        ("RAILS_ENV=production rails db:drop", "rails db:drop"),
        ("docker exec -i db dropdb app", "dropdb app"),
        ("npx prisma migrate reset --force", "prisma migrate reset --force"),
        ("python manage.py flush", "python manage.py flush"),
        ("php artisan db:wipe", "php artisan db:wipe"),
        ("find . -name '*.db' -exec rm {} \\;", "find . -name '*.db' -exec rm {} \\;"),
        ("docker run flyway/flyway clean", "flyway/flyway clean"),
        ("docker compose -f a.yml down -v", "docker compose -f a.yml down -v"),
    ],
)
def test_span_begins_at_the_unwrapped_program(line: str, expected: str) -> None:
    invocation = invocation_of(line)
    assert pointed_at(invocation, lower(invocation)[-1]) == expected


def test_span_of_a_list_is_the_whole_call() -> None:
    invocation = invocation_of("sudo rm app.db", listed=True)
    assert lower(invocation)[0].span == invocation.span  # type: ignore[union-attr]


def test_word_from_a_variable_keeps_the_span_inside_the_command() -> None:
    text = "dc='docker compose'\n$dc down -v"
    region = Region.of_file(SourceFile("x.sh", text), "shell")
    call = Span(text.index("$dc"), len(text))
    words = (
        Word(region.slice(4, 10)),
        Word(region.slice(11, 18)),
        Word(region.slice(call.start + 4, call.start + 8)),
        Word(region.slice(call.end - 2, call.end)),
    )
    nodes = lower(Invocation(words, region, call))
    assert {node.span for node in nodes} == {call}  # type: ignore[union-attr]


def test_embedded_text_leads_to_the_word() -> None:
    invocation = invocation_of("sudo psql app -c 'DROP TABLE users'")
    (node,) = lower(invocation)
    assert isinstance(node, Embed)
    span = node.region.span(0, len(node.region.text))
    assert invocation.region.file.text[span.start : span.end] == "DROP TABLE users"
    assert pointed_at(invocation, node) == "psql app -c 'DROP TABLE users'"


def test_parameters_of_an_inline_script_do_not_move_it() -> None:
    invocation = invocation_of("sh -c 'rm \"$1\"' _ app.db")
    (node,) = lower(invocation)
    assert isinstance(node, Embed)
    at = node.region.text.index("rm")
    span = node.region.span(at, at + 2)
    assert invocation.region.file.text[span.start : span.end] == "rm"


@pytest.mark.parametrize(
    ("line", "traits"),
    [
        ("rm -rf data", {Trait.RECURSIVE}),
        ("rm -f data/app.db", set()),
        ("cp -a data copy", {Trait.RECURSIVE}),
        ("git clean -fdx", {Trait.RECURSIVE}),
        ("git clean -fdx -e '*.db'", {Trait.RECURSIVE, Trait.FILTERED}),
        ("find data -delete", {Trait.RECURSIVE}),
        ("find . -name '*.db' -delete", set()),
        ("find . -name '*.db' -mtime +30 -delete", {Trait.FILTERED}),
        ('pg_dump app -f "app-$DATE.sql"', {Trait.TIMESTAMPED}),
        ("pg_dump app -f app.sql", set()),
        ("tar czf data-$(date).tgz data", {Trait.TIMESTAMPED}),
    ],
)
def test_traits(line: str, traits: set[Trait]) -> None:
    (node,) = lower(invocation_of(line))
    assert isinstance(node, Operation)
    assert node.traits == traits


@pytest.mark.parametrize(
    ("line", "certainty"),
    [
        ("rm app.db", Certainty.LITERAL),
        ("rm $DB", Certainty.PARTIAL),
        ("git clean -fdx", Certainty.OPAQUE),
        ("docker rm -v db", Certainty.OPAQUE),
        ("kubectl delete ns prod", Certainty.OPAQUE),
        ("php -r 'unlink(\"app.db\");'", Certainty.OPAQUE),
        ("curl -X DELETE localhost:9200/users", Certainty.PARTIAL),
    ],
)
def test_certainty(line: str, certainty: Certainty) -> None:
    (node,) = lower(invocation_of(line))
    assert isinstance(node, Operation)
    assert node.certainty is certainty


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("rm a.db", TargetKind.FILE),
        ("docker volume rm v", TargetKind.STORAGE),
        ("dropdb app", TargetKind.DATABASE),
        ("aws dynamodb delete-table --table-name t", TargetKind.TABLE),
        ("systemctl stop app", TargetKind.SERVICE),
        ("pg_dump app -f x.sql", TargetKind.FILE),
    ],
)
def test_kind_of_target(line: str, kind: TargetKind) -> None:
    (node,) = lower(invocation_of(line))
    assert isinstance(node, Operation)
    assert node.target.kind is kind


def test_backup_comes_from_the_database_and_goes_to_the_output() -> None:
    operation = only(invocation_of("pg_dump app", stdout_file="app.sql"), Kind.BACKUP)
    assert operation.source is not None
    assert (operation.source.kind, operation.source.name) == (TargetKind.DATABASE, "app")
    assert operation.target.name == "app.sql"


def test_dot_dump_is_a_backup() -> None:
    operation = only(invocation_of("sqlite3 app.db .dump", stdout_file="app.sql"), Kind.BACKUP)
    assert operation.target.name == "app.sql"
    assert operation.source is not None
    assert operation.source.name == "app.db"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("psql app", "EMBED sql (postgresql) on app: DROP TABLE t [heredoc of psql]"),
        (
            "docker exec -i db psql app",
            "EMBED sql (postgresql) on app: DROP TABLE t [heredoc of psql]",
        ),
        ("mysql app", "EMBED sql (mysql) on app: DROP TABLE t [heredoc of mysql]"),
        ("bash -s", "EMBED shell (bash): DROP TABLE t [heredoc of bash]"),
        ("sudo bash", "EMBED shell (bash): DROP TABLE t [heredoc of bash]"),
        ("ssh host", "EMBED shell: DROP TABLE t [heredoc of ssh]"),
        ("ssh host bash -s", "EMBED shell: bash -s [command of ssh]"),
        ("python -", "EMBED python: DROP TABLE t [heredoc of python]"),
        ("python3", "EMBED python: DROP TABLE t [heredoc of python]"),
        ("su - postgres", "EMBED shell: DROP TABLE t [heredoc of su]"),
        ("python x.py", "INCLUDE python x.py [python]"),
        ("psql -c 'SELECT 1'", "EMBED sql (postgresql): SELECT 1 [-c of psql]"),
        ("cat", ""),
        ("tee -a log", ""),
    ],
)
def test_standard_input(line: str, expected: str) -> None:
    nodes = lower(invocation_of(line, stdin="DROP TABLE t"))
    assert "; ".join(map(described, nodes)) == expected


def test_redirected_file_is_included() -> None:
    (node,) = lower(invocation_of("mysql app", stdin_file="dump.sql", directory="db"))
    assert isinstance(node, Include)
    assert (node.path.text, node.database, node.dialect) == ("db/dump.sql", "app", "mysql")


def test_scripts_on_standard_input_of_document_stores() -> None:
    mongo = lower(invocation_of("mongosh app", stdin="db.users.drop()\ndb.dropDatabase()"))
    assert [described(node) for node in mongo] == [
        "DROP_TABLE users [drop()]",
        "DROP_DATABASE app [dropDatabase()]",
    ]
    redis = lower(invocation_of("redis-cli", stdin="SELECT 1\nFLUSHDB\n"))
    assert [described(node) for node in redis] == ["DROP_DATABASE - [FLUSHDB]"]


@pytest.mark.parametrize(
    ("line", "stdin", "expected"),
    [
        ("xargs rm -f", "a.db\nb.db", ["a.db", "b.db"]),
        ("xargs -n1 -I{} rm data/{}", "a.db b.db", ["data/a.db", "data/b.db"]),
        ("xargs sudo rm", "a.db", ["a.db"]),
    ],
)
def test_xargs_appends_what_arrives(line: str, stdin: str, expected: list[str]) -> None:
    nodes = lower(invocation_of(line, stdin=stdin))
    assert [o.target.name for node in nodes for o in operations(node)] == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("find . -name '*.db'", "./*.db"),
        ("find data logs -name '*.db' -print0", "data/*.db\nlogs/*.db"),
        ("echo -n app.db", "app.db"),
        ("echo a.db b.db", "a.db b.db"),
        ("printf '%s\\n' a.db b.db", "a.db\nb.db"),
        ("ls -1 a.db *.sqlite", "a.db\n*.sqlite"),
        ("printf '%d' 3", None),
        ("cat list.txt", None),
    ],
)
def test_printed(line: str, expected: str | None) -> None:
    text = printed(invocation_of(line))
    assert (text.text if text is not None else None) == expected


@pytest.mark.parametrize(
    ("path", "directory", "expected"),
    [
        ("app.db", "data", "data/app.db"),
        ("./app.db", "data", "data/app.db"),
        ("../app.db", "data", "app.db"),
        ("/srv/app.db", "data", "/srv/app.db"),
        ("~/app.db", "data", "~/app.db"),
        ("app.db", "", "app.db"),
        ("$DB", "data", hole("DB")),
    ],
)
def test_paths_are_joined_to_the_directory(path: str, directory: str, expected: str) -> None:
    operation = only(invocation_of(f"rm {path}", directory=directory), Kind.DELETE_FILE)
    assert operation.target.name == expected


def test_a_container_has_another_directory() -> None:
    operation = only(invocation_of("docker exec web rm app.db", directory="data"), Kind.DELETE_FILE)
    assert operation.target.name == "app.db"


def test_database_of_sqlite() -> None:
    def region_of(line: str, **more: str) -> str | None:
        embeds = [n for n in lower(invocation_of(line, **more)) if isinstance(n, Embed)]  # type: ignore[arg-type]
        return embeds[0].region.database

    assert region_of("sqlite3 app.db 'DROP TABLE t'", directory="data") == "data/app.db"
    assert region_of("sqlite3 sqlite:///x.db 'DROP TABLE t'") == "x.db"
    assert region_of("sqlite3", stdin="DROP TABLE t") == ":memory:"
    assert region_of("sqlite3", stdin=".open app.db\nDROP TABLE t") is None


def test_psql_reports_failure_of_the_last_statement_or_on_error_stop() -> None:
    def checks(line: str, **more: str) -> list[bool]:
        nodes = lower(invocation_of(line, **more))  # type: ignore[arg-type]
        return [node.checked for node in nodes if isinstance(node, Embed | Include)]

    assert checks("psql -c 'SELECT 1' -c 'DROP TABLE t'") == [False, True]
    assert checks("psql -v ON_ERROR_STOP=1 -c 'SELECT 1' -c 'DROP TABLE t'") == [True, True]
    assert checks("psql --set=ON_ERROR_STOP=on -f a.sql") == [True]
    assert checks("psql --set=ON_ERROR_STOP=off -f a.sql") == [False]
    assert checks("psql app", stdin="DROP TABLE t") == [False]


def test_unchecked_command_gives_unchecked_nodes() -> None:
    assert not only(invocation_of("cp a.db b.db", checked=False), Kind.COPY_FILE).checked


def test_steps_down_are_no_reset() -> None:
    (down,) = lower(invocation_of("alembic downgrade -1"))
    assert isinstance(down, Sequence)
    assert isinstance(lower(invocation_of("alembic downgrade base"))[0], Operation)


@pytest.mark.parametrize(
    "line",
    [
        "RAILS_ENV=test rails db:drop",
        "rake db:drop RAILS_ENV=test",
        "NODE_ENV=test npx sequelize-cli db:drop",
        "php artisan migrate:fresh --env=testing",
        "env MIX_ENV=test mix ecto.drop",
    ],
)
def test_environment_of_tests_guards(line: str) -> None:
    (branch,) = lower(invocation_of(line))
    assert isinstance(branch, Branch)
    guard, operation = operations(branch)
    assert guard.guard is Guard.ENVIRONMENT
    assert operation.kind in (Kind.DROP_DATABASE, Kind.RESET)


@pytest.mark.parametrize(
    "line",
    [
        "RAILS_ENV=production rails db:drop",
        "RAILS_ENV=latest rails db:drop",
        "rails db:drop --force",
    ],
)
def test_other_environments_do_not(line: str) -> None:
    (operation,) = lower(invocation_of(line))
    assert isinstance(operation, Operation)
    assert operation.kind is Kind.RESET


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("/usr/bin/python3.11", "python"),
        ("./node_modules/.bin/prisma", "prisma"),
        ("prisma@5.1", "prisma"),
        ("sqlite3.exe", "sqlite3"),
        ("C:\\tools\\psql.exe", "psql"),
        ("pg_dump-15", "pg_dump"),
        ("ghcr.io/amacneil/dbmate:2", "dbmate"),
        ("DEL", "del"),
        (hole("DOCKER_COMPOSE"), "docker-compose"),
        (hole("dc"), "docker-compose"),
        (hole("PSQL_CMD"), "psql"),
        ("unheard-of", None),
        ("-rf", None),
    ],
)
def test_program_names(text: str, name: str | None) -> None:
    assert program_name(text) == name


def test_tables_are_sound() -> None:
    assert len(entries()) >= 500
    assert len(PROGRAMS) >= 400
    for entry in entries():
        assert list(entry.problems()) == []
        assert entry.documentation.startswith("https://")


def test_the_index_is_that_of_the_tables() -> None:
    from tools.program_index import FILE, module

    assert FILE.read_text(encoding="utf-8") == module()


def test_what_is_found_by_the_index_is_what_walking_finds() -> None:
    every: dict[str, list[tuple[object, tuple[str, ...]]]] = {}
    for entry in entries():
        for program, path in entry.patterns():
            every.setdefault(program, []).append((entry, path))
    assert every.keys() == PROGRAMS.keys()
    for program, found in every.items():
        assert sorted(map(repr, entries_of(program))) == sorted(map(repr, found))


def test_vocabulary_holds_what_destroys_and_no_client() -> None:
    words = vocabulary()
    assert {
        ("rm",),
        ("dropdb",),
        ("prisma", "migrate", "reset"),
        ("docker", "volume", "rm"),
    } <= words
    assert not words & {("psql",), ("bash",), ("sudo",), ("pg_dump",), ("systemctl", "stop")}


def test_wrappers_in_wrappers_end() -> None:
    assert lower(invocation_of("sudo " * 5000 + "rm app.db")) == ()
    assert lower(invocation_of("sudo " * 10 + "rm app.db")) != ()


def test_products_of_names_are_bounded() -> None:
    names = " ".join(f"-name {number}.db -o" for number in range(2000))
    nodes = lower(invocation_of(f"find {'x ' * 500} {names} -delete"))
    assert 0 < len(nodes) <= 10_000


_PROGRAMS = sorted(PROGRAMS)
_SIGNS = [
    *("-rf", "--", "-", "-c", "-e", "-X", "DELETE", "=", "-=", "--=", "{}", ";", "+", "\\;", "-I"),
    *("-name", "-exec", "-delete", "--force", "-v", "drop", hole("x"), "a=b", ":::", "/c"),
]
_WORDS = st.one_of(
    st.sampled_from(_PROGRAMS),
    st.sampled_from(sorted({word for entry in entries() for word in entry.command.split()})),
    st.sampled_from(_SIGNS),
    st.just(""),
    st.text(max_size=12),
)


@given(
    st.lists(_WORDS, max_size=12), st.none() | st.text(max_size=40), st.sampled_from(["", "data"])
)
@settings(max_examples=1500, deadline=None)
def test_any_words_are_lowered(words: list[str], stdin: str | None, directory: str) -> None:
    text = " ".join(words)
    region = Region.of_file(SourceFile("x", text), "shell")
    invocation = Invocation(
        tuple(Word(Mapped.at(word, Span(0, len(text)))) for word in words),
        region,
        Span(0, len(text)),
        stdin=Mapped.at(stdin, Span(0, len(text))) if stdin is not None else None,
        directory=directory,
    )
    for node in lower(invocation):
        for operation in operations(node):
            assert 0 <= operation.span.start <= operation.span.end <= len(text)
    printed(invocation)
    lower(replace(invocation, listed=True, checked=False))
