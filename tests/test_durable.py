"""Writing files that are there whole or not at all."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dbguard import durable

posix = pytest.mark.skipif(os.name != "posix", reason="modes, links, signals")


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """Return a file with old content; at the end nothing temporary lies beside it."""
    path = tmp_path / "data.txt"
    path.write_bytes(b"old\n")
    yield path
    assert list(tmp_path.glob(".*")) == []


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_the_content_is_replaced_at_the_end_of_the_block(file: Path) -> None:
    with durable.whole(file) as stream:
        stream.write(b"new\r\n")
        stream.flush()
        assert file.read_bytes() == b"old\n"
    assert file.read_bytes() == b"new\r\n"


@pytest.mark.parametrize("failure", [OSError(28, "No space left"), KeyboardInterrupt()])
def test_a_block_that_fails_leaves_what_was_there(file: Path, failure: BaseException) -> None:
    def write() -> None:
        with durable.whole(file) as stream:
            stream.write(b"new")
            raise failure

    with pytest.raises(type(failure)):
        write()
    assert file.read_bytes() == b"old\n"


def test_what_does_not_reach_the_disk_gets_no_name(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match="Input/output"), durable.whole(file) as stream:
        stream.write(b"new")
    assert file.read_bytes() == b"old\n"
    with durable.whole(file, synced=False) as stream:
        stream.write(b"new")
    assert file.read_bytes() == b"new"


@posix
def test_content_is_on_the_disk_before_the_name_and_the_name_after(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[bool, bytes]] = []
    original = os.fsync

    def fsync(descriptor: int) -> None:
        seen.append((stat.S_ISDIR(os.fstat(descriptor).st_mode), file.read_bytes()))
        original(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with durable.whole(file) as stream:
        stream.write(b"new")
    assert seen == [(False, b"old\n"), (True, b"new")]


@posix
@pytest.mark.parametrize(
    ("mask", "given", "expected"),
    [(0o022, None, 0o644), (0o077, None, 0o600), (0o077, 0o644, 0o644), (0o022, 0o600, 0o600)],
)
def test_the_mode_is_that_of_any_new_file_or_the_one_given(
    file: Path, mask: int, given: int | None, expected: int
) -> None:
    file.chmod(0o640)
    before = os.umask(mask)
    try:
        with durable.whole(file, mode=given) as stream:
            stream.write(b"new")
    finally:
        os.umask(before)
    assert mode(file) == expected


@posix
@pytest.mark.parametrize("given", [0o600, None])
def test_nobody_reads_meanwhile_what_is_to_be_read_by_few(file: Path, given: int | None) -> None:
    file.chmod(0o600)
    like = None if given else file.stat()
    with durable.whole(file, mode=given, like=like) as stream:
        (temporary,) = file.parent.glob(".data*")
        assert mode(temporary) == 0o600
        stream.write(b"new")
    assert mode(file) == 0o600


@posix
def test_mode_and_owner_of_another_file_are_kept(file: Path) -> None:
    if os.getuid() == 0:
        os.chown(file, 4711, 4712)
    file.chmod(0o4750)
    before = file.stat()
    with durable.whole(file, like=before) as stream:
        stream.write(b"new")
    after = file.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode, before.st_uid, before.st_gid,
    )  # fmt: skip


@posix
def test_a_link_is_replaced_and_not_followed(file: Path) -> None:
    link = file.with_name("link")
    link.symlink_to(file.name)
    with durable.whole(link) as stream:
        stream.write(b"new")
    assert not link.is_symlink()
    assert file.read_bytes() == b"old\n"


@pytest.mark.parametrize("links", [True, False], ids=["hard links", "no hard links"])
def test_a_new_file_overwrites_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:

        def fails(*_: object) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(os, "link", fails)
    with pytest.raises(FileExistsError), durable.whole(file, is_new=True) as stream:
        stream.write(b"new")
    assert file.read_bytes() == b"old\n"
    if os.name == "posix":
        nowhere = file.with_name("nowhere")
        nowhere.symlink_to("gone")
        with pytest.raises(FileExistsError), durable.whole(nowhere, is_new=True) as stream:
            stream.write(b"new")
        assert nowhere.is_symlink()
    with durable.whole(file.with_name("other"), is_new=True) as stream:
        stream.write(b"new")
    assert file.with_name("other").read_bytes() == b"new"


def test_a_name_may_be_as_long_as_the_system_lets_it(file: Path) -> None:
    long = file.with_name("ö" * 120)
    with durable.whole(long) as stream:
        stream.write(b"new")
    assert long.read_bytes() == b"new"


WRITES = """\
import os, signal, sys
from pathlib import Path
from dbguard import durable
with durable.whole(Path(sys.argv[1])) as stream:
    stream.write(b"new"); stream.flush()
    if sys.argv[2:] == ["die"]:
        os.kill(os.getpid(), signal.SIGKILL)
    if sys.argv[2:] == ["wait"]:
        print(flush=True); sys.stdin.read()
"""


def writing(*arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", WRITES, *arguments], env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip


@posix
def test_killed_it_leaves_the_old_file_and_what_the_next_run_clears(file: Path) -> None:
    with writing(str(file), "die") as killed:
        assert killed.wait() == -signal.SIGKILL
    assert file.read_bytes() == b"old\n"
    (left,) = file.parent.glob(".data*")
    # Not made by such a run, or none that was killed.
    others = [file.with_name(name) for name in (".mine.held.partial", ".a.1-0123abcd.held.partial")]
    for other in others:
        other.touch()
    with writing(str(file.with_name("another"))) as next_one:
        next_one.communicate()
        assert next_one.returncode == 0
    assert not left.exists()
    for other in others:
        other.unlink()


@posix
def test_what_somebody_is_writing_is_left_alone(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As from another container, whose processes have numbers of their own.
    monkeypatch.setattr(durable, "is_running", lambda number: False)
    with writing(str(file), "wait") as other:
        assert other.stdout is not None
        other.stdout.readline()
        durable._cleared.discard(file.parent)
        with durable.whole(file.with_name("another")) as stream:
            stream.write(b"mine")
        other.communicate("")
        assert other.returncode == 0
    assert file.read_bytes() == b"new"


def test_backups_that_were_cut_off_go_after_an_hour(file: Path) -> None:
    left = file.with_name(".data.999999999-0123abcd.partial")
    left.touch()
    durable._cleared.discard(file.parent)
    with durable.whole(file) as stream:
        stream.write(b"new")
    assert durable.clear_partials(file.parent) == ()
    os.utime(left, (1, 1))
    assert durable.clear_partials(file.parent) == ((left,) if os.name == "posix" else ())
