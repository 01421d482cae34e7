"""Database servers of one's own, for as long as the tests run: a folder and a port each.

They are Debian's packages (``.ci/run`` installs them), started on loopback as an ordinary
user. Where they cannot be had, tests are skipped and say so; in CI (DBGUARD_CI=1) that
is a failure.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from glob import glob
from pathlib import Path

import pytest

PASSWORD = "s3cret-of-the-tests"


@dataclass(frozen=True)
class Running:
    """A server that answers. ``client`` begins a command that runs SQL from standard input."""

    scheme: str
    user: str
    port: int
    client: Sequence[str]

    def url(self, database: str) -> str:
        return f"{self.scheme}://{self.user}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def execute(self, sql: str, database: str) -> str:
        """Run SQL, and return what the client prints."""
        return subprocess.run(
            [*self.client, database], input=sql, check=True, capture_output=True, text=True
        ).stdout


def missing(what: str) -> None:
    """Skip the test, but for CI."""
    if os.environ.get("DBGUARD_CI"):
        pytest.fail(f"{what} is not there, and CI must have it")
    pytest.skip(f"{what} is not there: see .ci/run")


@contextmanager
def postgresql() -> Iterator[Running]:
    """Start a PostgreSQL server."""
    folders = sorted(glob("/usr/lib/postgresql/*/bin"))
    initdb = shutil.which("initdb", path=os.pathsep.join([*folders[::-1], os.environ["PATH"]]))
    if initdb is None or shutil.which("psql") is None:
        missing("a PostgreSQL server (apt-get install postgresql)")
        return
    bin_folder = Path(initdb).parent
    with _folder("postgres") as folder:
        (folder / "password").write_text(PASSWORD)
        data, port = folder / "data", _free_port()
        _as("postgres", [initdb, "-D", str(data), "-U", "shop", "-A", "scram-sha-256", "-E", "UTF8",
            "--locale=C.UTF-8", "--no-sync", "--pwfile", str(folder / "password")])  # fmt: skip
        settings = (
            f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off"
            " -c shared_buffers=16MB"
        )
        control = [str(bin_folder / "pg_ctl"), "-D", str(data)]
        _as("postgres", [*control, "-w", "-l", str(folder / "log"), "-o", settings, "start"])
        try:
            client = ("/usr/bin/env", f"PGPASSWORD={PASSWORD}", shutil.which("psql") or "psql", "-XqAt", "-v", "ON_ERROR_STOP=1",
                      "-h", "127.0.0.1", "-p", str(port), "-U", "shop")  # fmt: skip
            yield Running("postgresql", "shop", port, client)
        finally:
            _as("postgres", [*control, "-w", "-m", "immediate", "stop"])


@contextmanager
def mariadb() -> Iterator[Running]:
    """Start a MariaDB server; Oracle's MySQL where that is installed in its place."""
    path = os.pathsep.join([os.environ["PATH"], "/usr/sbin"])
    install, server = shutil.which("mariadb-install-db"), shutil.which("mariadbd", path=path)
    oracle = shutil.which("mysqld", path=path) if server is None else None
    if oracle is None and (install is None or server is None):
        missing("a MariaDB server (apt-get install mariadb-server)")
        return
    with _folder("mysql") as folder:
        data, port, sock = folder / "data", _free_port(), folder / "sock"
        if oracle is not None:
            _as("mysql", [oracle, "--no-defaults", f"--datadir={data}", "--initialize-insecure"])
            own_settings = ["--mysqlx=OFF"]
        else:
            _as("mysql", [str(install), "--no-defaults", f"--datadir={data}", "--skip-test-db",
                "--auth-root-authentication-method=normal"])  # fmt: skip
            own_settings = []
        # In /tmp, another server that starts would delete this one's temporary tables.
        command = [str(oracle or server), "--no-defaults", f"--tmpdir={folder}",
            f"--datadir={data}", f"--port={port}",
            "--bind-address=127.0.0.1", f"--socket={sock}", f"--pid-file={folder / 'pid'}",
            "--skip-log-bin", "--innodb-flush-log-at-trx-commit=0",
            "--innodb-buffer-pool-size=16M", *own_settings]  # fmt: skip
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(_command("mysql", command), stdout=log, stderr=log)
        try:
            root = [
                shutil.which("mariadb") or shutil.which("mysql") or "mariadb",
                "--no-defaults",
                f"--socket={sock}",
                "-u",
                "root",
            ]
            _until_it_answers([*root, "-e", "SELECT 1"], folder / "log")
            grant = (f"CREATE USER shop@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';"
                     "GRANT ALL ON *.* TO shop@'127.0.0.1' WITH GRANT OPTION;")  # fmt: skip
            subprocess.run([*root, "-e", grant], check=True)
            yield Running("mysql", "shop", port, (*root, "--batch", "--skip-column-names"))
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def _folder(user: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=f"dbguard-{user}-"))
    try:
        if os.getuid() == 0:
            shutil.chown(folder, user)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _command(user: str, command: Sequence[str]) -> list[str]:
    # Neither server runs as root.
    return ["runuser", "-u", user, "--", *command] if os.getuid() == 0 else list(command)


def _as(user: str, command: Sequence[str]) -> None:
    # Not captured: the server would keep the pipe open.
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(
            _command(user, command), stdout=said, stderr=said, cwd="/", check=False
        )
        said.seek(0)
        assert done.returncode == 0, said.read().decode(errors="replace")


def _until_it_answers(command: Sequence[str], log: Path) -> None:
    deadline = time.monotonic() + 60
    while subprocess.run(command, capture_output=True, check=False).returncode:
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
