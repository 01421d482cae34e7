"""The client programs of servers: found on the PATH, run with no password in sight."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import IO

from dbguard.live.failures import UnfinishedError

MARK = "dbguard: end of the answer"


def found(names: Sequence[str], package: str) -> str:
    """Return the path of the first program there is. Raises UnfinishedError with a hint."""
    for name in names:
        path = shutil.which(name)
        if path is not None:
            return path
    raise UnfinishedError(f"{names[0]} is not on the PATH: install {package}")


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    stdin: IO[bytes] | None = None,
) -> str:
    """Run a program, and return what it printed. Raises UnfinishedError where it fails."""
    done = subprocess.run(
        command,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL if stdin is None else stdin,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        name = os.path.basename(command[0])
        said = _last_words(done.stderr) or f"exit code {done.returncode}"
        raise UnfinishedError(f"{name}: {said}")
    return done.stdout.decode("utf-8", "replace")


def streamed(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[bytes]:
    """Run a program, and yield the lines that it prints. Raises UnfinishedError where it fails."""
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=errors,
        ) as process,
    ):  # fmt: skip
        assert process.stdout is not None
        yield from process.stdout
        if process.wait():
            errors.seek(0)
            said = _last_words(errors.read()) or f"exit code {process.returncode}"
            raise UnfinishedError(f"{os.path.basename(command[0])}: {said}")


class Session:
    """An interactive client whose answers are read as they come: any number of rows, no memory.

    The client prints one line a row; a mark of ours ends each answer.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], echo: str) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed by close)
        self._echo = echo
        self._name = os.path.basename(command[0])
        self._process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )

    def tell(self, text: str) -> None:
        """Have statements executed whose answer does not matter. Raises UnfinishedError."""
        for _ in self.ask(text):
            pass

    def ask(self, text: str) -> Iterator[bytes]:
        """Yield the lines of an answer; it must be read to its end. Raises UnfinishedError."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(f"{text}\n{self._echo}\n".encode())
            self._process.stdin.flush()
        except OSError:
            raise self._failure() from None
        end = MARK.encode()
        for line in self._process.stdout:
            line = line.rstrip(b"\n")
            if line == end:
                return
            yield line
        raise self._failure()

    def close(self) -> None:
        """End the client; a transaction that is open is rolled back by the server."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()

    def _failure(self) -> UnfinishedError:
        self._process.wait()
        self._errors.seek(0)
        said = _last_words(self._errors.read()) or f"exit code {self._process.returncode}"
        return UnfinishedError(f"{self._name}: {said}")


@contextmanager
def session(command: Sequence[str], environment: Mapping[str, str], echo: str) -> Iterator[Session]:
    """Open a client for as long as the block runs."""
    opened = Session(command, environment, echo)
    try:
        yield opened
    finally:
        opened.close()


def _last_words(errors: bytes) -> str:
    lines = [line for line in errors.decode("utf-8", "replace").splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line.lower() or "fatal" in line.lower()]
    return (telling or lines or [""])[0].strip()
