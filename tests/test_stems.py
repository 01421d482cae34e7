"""A cheap test that stands before a pattern never says no to what the pattern finds."""

from __future__ import annotations

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from dbguard import context, databases, reading
from dbguard.evidence import Context
from dbguard.languages.python import calls, marks
from dbguard.report import escape

_PARTS = (
    "backup backups bak bkp bck old orig original prev previous copy copies snapshot saved save"
    " archive archived dumps before rollback ~ 20240101 2024-01-01 %Y __hole_date__ __HOLE_now__"
    " test tests testing tmp temp migrations migrate versions alembic schemachanges schema_change"
    " flyway liquibase changelog V1__a R2__b 0001 up down sql db / . _ - x :memory: sqlite:// ?mode=memory"
    " thumbs aliases access canonical genericstable relocated domaintable trustdb cert8 key3 plocate"
    " cscope codeql-db .gpg cache .cache __pycache__ .venv/ site-packages/ node_modules/ empty.sqlite"
    " .pid .gif .yml .ts .html .SQL .db .sqlite3 .bolt .db-wal -shm .journal dump.rdb appendonly.aof"
    " file::memory: /tmp/ __hole_TMPDIR__ app ##[ ## :: : # coding ſ K ı \n \t \x1b é"
).split(" ")  # fmt: skip
TEXTS = st.lists(st.sampled_from(_PARTS) | st.characters(), max_size=8).map("".join)


@settings(deadline=None, max_examples=400)
@given(TEXTS)
@example("app.bac\u212aup.db")
@example("or\u0131g.db")
@example("te\u017ft.db")
@example("app.db-\u017fhm\n")
@example("app.db\n")
@example("\u212aey3.db")
def test_stems_of_names_of_databases(name: str) -> None:
    stamped = databases._STAMP.search(name) is not None
    assert databases.is_timestamped(name) is stamped
    found = databases._BACKUP_WORD.search(name) is not None
    assert databases.looks_like_backup(name) is (found or stamped)
    shown = name.replace("__hole_", "/").rpartition("://")[2]
    assert databases.looks_like_test(name) is (databases._TEST_WORD.search(shown) is not None)
    assert databases.without_companion(name) == databases.COMPANIONS.sub("", name)
    assert databases.is_no_database(name) is (databases.NOT_DATABASE.search(name) is not None)
    assert databases.is_server_file(name) is (databases.SERVER_FILE.search(name) is not None)
    with_suffix = databases.DATABASE_SUFFIX.search(name) is not None
    assert databases.has_database_suffix(name) is with_suffix
    lost = databases._MEMORY.match(name) or databases._TEMPORARY.match(name)
    assert not lost or databases.throwaway_reason(name)


@settings(deadline=None, max_examples=400)
@given(TEXTS)
def test_stems_of_migrations(path: str) -> None:
    if context._MIGRATION.search(path):
        assert context.context_of(path) is not Context.APPLICATION


@settings(deadline=None, max_examples=400)
@given(TEXTS)
def test_stems_of_what_is_escaped(text: str) -> None:
    escaped = escape._UNSAFE.sub(lambda match: escape._escaped(match[0]), text)
    assert escape.escape(text) == escaped
    assert escape.no_command(text) == escape._COMMAND.sub(r"\1\\x3a", text)


_CODE = (
    "import os def as o drop_all create_all drop_database DATABASES SQLALCHEMY_BINDS sqlite:///"
    " SQLALCHEMY_DATABASE_URI sqlite+aiosqlite:/// raise assert exit _exit abort confirm input as a\tas\tb"
    " ( ) \n \r \f \v x Backup back_up SNAPSHOT dump_db database_dump dbdump class pass = . #"
).split(" ")  # fmt: skip
CODE = st.lists(st.sampled_from((*_CODE, " ")), max_size=10).map("".join).map(str.encode)


@settings(deadline=None, max_examples=400)
@given(CODE)
@example(b"x\x0bas\x0by")
def test_words_of_the_patterns_of_marks(data: bytes) -> None:
    assert not marks._BARE.search(data) or marks.mentions(data, marks._BARE_WORDS)
    words = data.translate(marks._WORD_OR_BLANK)
    raises = rb"\b(?:" + b"|".join(marks._RAISES) + rb")\b"
    stops = [match.start() for match in re.finditer(raises, data)]
    assert marks._words_at(data, words, marks._RAISES) == stops
    called = rb"(?<![\w])([A-Za-z_]\w*)[ \t]*\("
    calls_of = [
        (match[1], match.start(1), match.end())
        for match in re.finditer(called, data)
        if data[max(0, match.start(1) - 4) : match.start(1)] != b"def "
    ]
    assert list(marks._called(data, words)) == calls_of
    defined = [
        (m.start(1), m.end(1), m[1]) for m in re.finditer(rb"\b(?:def|class)[ \t]+(\w+)", data)
    ]
    assert marks._defined(data, words) == defined
    assert not calls.NAMED.search(data) or marks.mentions(data.lower(), marks._NAMED_WORDS)
    renamed = any(
        data[: match.start()].rstrip() != data[: match.start()]
        for match in marks._AS.finditer(data)
    )
    assert not renamed or marks.mentions(data, marks._AS_WORDS)


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(("", "#!/bin/x\n", "x\n")), st.sampled_from(("coding:", "coding=", "codin")))
def test_the_word_of_a_cookie(first: str, word: str) -> None:
    head = f"{first}# -*- {word} latin-1 -*-\n".encode()
    assert (reading._cookie(head) is None) is (reading._COOKIE.match(head) is None)
