"""Which language a file is in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbguard.kinds import FileKind, kind_of_name, kind_of_shebang, may_have_shebang


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("reset.py", "python"),
        ("Reset.PY", "python"),
        ("x.pyw", "python"),
        ("x.pyi", None),
        ("deploy.sh", "shell"),
        ("x.bats", "shell"),
        (".envrc", "shell"),
        ("postinst", "shell"),
        ("app.postinst", "shell"),
        ("schema.ddl", "sql"),
        ("x.psql", "sql"),
        ("x.sql.j2", "sql"),
        ("05_rooms.sql.postgres", "sql"),
        ("05_rooms.sql.sqlite", "sql"),
        ("05_rooms.sqlite", None),
        ("x.sh.tmpl", "shell"),
        ("x.py.in", None),
        ("x.j2", None),
        ("app.sqlite", None),
        ("README.md", "markdown"),
        ("rules.mdc", "markdown"),
        (".cursorrules", "markdown"),
        ("Dockerfile", "dockerfile"),
        ("Dockerfile.dev", "dockerfile"),
        ("Dockerfile-prod", "dockerfile"),
        ("api.Dockerfile", "dockerfile"),
        ("Makefile", "makefile"),
        ("Makefile.am", "makefile"),
        ("common.mk", "makefile"),
        ("Makefile.py", "python"),
        ("Procfile.dev", "procfile"),
        ("package.json", "package_json"),
        ("package-lock.json", None),
        ("app.service", "systemd"),
        (".env", "settings"),
        (".env.production", "settings"),
        (".environment", None),
        ("analysis.ipynb", "notebook"),
        ("sql", None),
        (".sql", None),
        ("", None),
    ],
)
def test_names(name: str, expected: str | None) -> None:
    kind = kind_of_name(name)
    assert (kind.language if kind else None) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("#!/bin/sh", FileKind("shell", "sh")),
        ("#! /bin/bash -e", FileKind("shell", "bash")),
        ("#!/usr/bin/env bash", FileKind("shell", "bash")),
        ("#!/usr/bin/env -S bash -e", FileKind("shell", "bash")),
        ("#!/usr/bin/env -Sbash -e", FileKind("shell", "bash")),
        ("#!/usr/bin/env -i FOO=1 zsh", FileKind("shell", "zsh")),
        ("#!/usr/bin/env -u HOME python3.11", FileKind("python")),
        ("#!/usr/bin/python2.7", FileKind("python")),
        ("#!/usr/local/bin/pypy3", FileKind("python")),
        ("#!/usr/bin/env -S uv run --script", FileKind("python")),
        ("#!/usr/bin/sudo bash", FileKind("shell", "bash")),
        ("#!/bin/busybox ash", FileKind("shell", "sh")),
        ("#!/usr/bin/with-contenv bash", FileKind("shell", "bash")),
        ("#!/usr/bin/env nix-shell\n#! nix-shell -i bash -p sqlite", FileKind("shell", "bash")),
        ("#!/usr/bin/psql -f", FileKind("sql", "postgresql")),
        ("#!/usr/bin/env -S sqlite3 app.db", FileKind("sql", "sqlite")),
        ("#!/usr/bin/make -f", FileKind("makefile")),
        ("#!/usr/bin/env -S just --justfile", FileKind("justfile")),
        ("#!/usr/bin/perl", None),
        ("#!/usr/bin/env", None),
        ("#!", None),
        ("#!\n", None),
        ("# !/bin/sh", None),
        ("", None),
        (" ".join(["#!env", *["env"] * 200]), None),
    ],
)
def test_shebangs(line: str, expected: FileKind | None) -> None:
    assert kind_of_shebang(line.encode()) == expected


def test_a_byte_order_mark_before_a_shebang() -> None:
    assert kind_of_shebang(b"\xef\xbb\xbf#!/bin/sh\r\n") == FileKind("shell", "sh")


@given(st.binary(max_size=200))
def test_any_bytes_are_taken(rest: bytes) -> None:
    kind_of_shebang(b"#!" + rest)
    kind_of_shebang(b"#!/usr/bin/env " + rest)


def test_where_a_shebang_is_looked_for() -> None:
    assert may_have_shebang("deploy", 0o644)
    assert may_have_shebang(".hook", 0o644)
    assert may_have_shebang("deploy.run", 0o755)
    assert not may_have_shebang("notes.md", 0o644)
