"""Bytes to text: encodings, limits, and what must never be opened."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbguard.reading import FILE_LIMIT, decode, is_binary, keeps_ascii, read
from dbguard.source import Problem


@pytest.mark.parametrize(
    ("data", "language", "text"),
    [
        (b"\xef\xbb\xbfDROP", "sql", "DROP"),
        ("DROP é".encode("utf-16"), "sql", "DROP é"),
        (b"\xfe\xff" + "DROP".encode("utf-16-be"), "sql", "DROP"),
        ("DROP".encode("utf-32"), "sql", "DROP"),
        ("# coding: cp1251\nх = 1".encode("cp1251"), "python", "# coding: cp1251\nх = 1"),
        (b"#!/usr/bin/python\n# -*- coding: latin-1 -*-\n\xe9", "python",
         "#!/usr/bin/python\n# -*- coding: latin-1 -*-\né"),
        (b"# coding: utf-7\n+AG8-s.remove", "python", "# coding: utf-7\nos.remove"),
        ("é\n".encode(), "shell", "é\n"),
    ],
)  # fmt: skip
def test_encodings(data: bytes, language: str, text: str) -> None:
    decoded = decode(data, "x", language)
    assert decoded.text == text
    assert not decoded.problems


def test_not_utf8_is_latin1_and_said() -> None:
    decoded = decode(b"-- a\n-- caf\xe9\nDROP", "x.sql", "sql")
    assert decoded.text == "-- a\n-- café\nDROP"
    (problem,) = decoded.problems
    assert (problem.stage, problem.line, problem.incomplete) == ("decode", 2, False)


@pytest.mark.parametrize("name", ["rot13", "hex", "idna", "punycode", "no-such", "undefined"])
def test_an_encoding_python_refuses_is_incomplete(name: str) -> None:
    decoded = decode(f"# coding: {name}\nimport os".encode(), "x.py", "python")
    assert decoded.text.endswith("import os")
    assert [problem.incomplete for problem in decoded.problems] == [True]


def test_broken_utf16_is_incomplete() -> None:
    decoded = decode(b"\xff\xfeD\x00R", "x.sql", "sql")
    assert decoded.text.startswith("D")
    assert [problem.incomplete for problem in decoded.problems] == [True]


@given(st.binary(max_size=200), st.sampled_from(["python", "shell", "sql"]))
def test_any_bytes_give_text_that_can_be_encoded(data: bytes, language: str) -> None:
    decode(data, "x", language).text.encode("utf-8")


@given(st.text(max_size=60), st.sampled_from(["utf-7", "utf-16", "iso2022_jp", "utf-8", "cp1252"]))
def test_ascii_words_are_in_the_bytes_where_that_is_said(text: str, encoding: str) -> None:
    body = f"# coding: {encoding}\n{text}remove".encode(encoding, "replace")
    if keeps_ascii(body, "python"):
        assert b"remove" in body


def test_binary() -> None:
    assert is_binary(b"MZ\0\1")
    assert not is_binary("DROP".encode("utf-16"))
    assert not is_binary(b"x" * 9000 + b"\0")


# limit: size of a file
def test_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "big.sql"
    with path.open("wb") as stream:
        stream.truncate(FILE_LIMIT)
    assert isinstance(read(str(path), "big.sql"), bytes)
    with path.open("wb") as stream:
        stream.truncate(FILE_LIMIT + 1)
    problem = read(str(path), "big.sql")
    assert isinstance(problem, Problem)
    assert (problem.stage, problem.incomplete) == ("limit", True)
    assert "16 MiB" in problem.error


def _problem(path: Path) -> str:
    answer = read(str(path), "x.sql")
    assert isinstance(answer, Problem)
    assert answer.incomplete
    assert answer.path == "x.sql"
    return answer.error


def test_what_is_no_regular_file_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe.sql")
    server = socket.socket(socket.AF_UNIX)
    monkeypatch.chdir(tmp_path)  # the path of a socket is limited to 108 bytes
    server.bind("s.sql")
    (tmp_path / "link.sql").symlink_to("pipe.sql")
    (tmp_path / "folder.sql").mkdir()

    def refuse(*_: object) -> int:
        raise AssertionError("opened")

    monkeypatch.setattr(os, "open", refuse)
    assert "a named pipe" in _problem(tmp_path / "pipe.sql")
    assert "a socket" in _problem(tmp_path / "s.sql")
    assert "a symbolic link" in _problem(tmp_path / "link.sql")
    assert "a folder" in _problem(tmp_path / "folder.sql")
    assert "a device" in _problem(Path("/dev/zero"))
    server.close()


def test_a_vanished_file(tmp_path: Path) -> None:
    assert _problem(tmp_path / "gone.sql") == "has vanished"


def test_a_name_with_a_null_character(tmp_path: Path) -> None:
    assert "cannot be opened" in _problem(tmp_path / "a\0b")


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may open everything, so the refusal is played.
    path = tmp_path / "a.sql"
    path.write_text("select 1")

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    assert "permission denied" in _problem(path)


def test_a_file_that_becomes_a_pipe_between_the_two_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.sql"
    path.write_text("select 1")
    os.mkfifo(tmp_path / "pipe")
    opened = os.open

    def swapped(name: str, flags: int) -> int:
        return opened(tmp_path / "pipe", flags)

    monkeypatch.setattr(os, "open", swapped)
    assert _problem(path) == "is no longer a regular file"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux alone has it")
def test_a_file_that_says_it_is_empty_is_read_to_its_end() -> None:
    data = read("/proc/self/status", "status")
    assert isinstance(data, bytes)
    assert b"Name:" in data
    assert len(data) > 500


@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 5_000])
def test_no_more_is_read_than_the_limit(size: int, tmp_path: Path) -> None:
    file = tmp_path / "a.sql"
    file.write_bytes(b"x" * size)
    data = read(str(file), "a.sql", limit=100)
    assert data == b"x" * size if size <= 100 else isinstance(data, Problem)


def test_a_file_that_grows_while_it_is_read_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.sql"
    file.write_bytes(b"x" * 5_000)
    ask = os.fstat

    def smaller(descriptor: int) -> os.stat_result:
        fields = list(ask(descriptor))
        fields[6] = 10
        return os.stat_result(fields)

    monkeypatch.setattr(os, "fstat", smaller)
    assert read(str(file), "a.sql") == b"x" * 5_000
    assert isinstance(read(str(file), "a.sql", limit=4_999), Problem)
