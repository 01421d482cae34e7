"""Restoring and migrating on real servers, killed at each step that the log tells of.

The database is the old one or the new one (on MySQL, where changes of the schema cannot be
taken back, a killed run may leave it in between, and the next run says so and mends it);
every backup is whole; and the next run clears what was left on the server.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from dbguard.cli import main
from dbguard.live import manifest
from dbguard.live.address import parsed
from dbguard.live.mysql import server as mysql
from dbguard.live.postgresql import server as postgres
from dbguard.live.scratch import SCRATCH
from tests import servers, test_live_mysql, test_live_postgresql
from tests.servers import PASSWORD, Running
from tests.test_live_mysql_python import ADD as MYSQL_PYTHON_ADD
from tests.test_live_mysql_python import BEGIN as MYSQL_PYTHON
from tests.test_live_postgresql_python import ADD as POSTGRESQL_PYTHON_ADD
from tests.test_live_postgresql_python import BEGIN as POSTGRESQL_PYTHON

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL")

ADD = "ALTER TABLE users ADD COLUMN name text;"

POSTGRESQL_STEPS = {
    "change.sql": ["inspect", "keep writers out", "back up", "write the manifest",
                   "name the backup", "backup is there", "rehearse", "apply", "commit",
                   "applied"],
    "change.py": ["copy", "back up", "backup is there", "keep others out", "rehearse", "apply",
                  "applied"],
    "restore": ["check the backup", "load the backup", "put it in its place", "restored"],
}  # fmt: skip
MYSQL_STEPS = {
    "change.sql": ["inspect", "back up", "write the manifest", "name the backup",
                   "backup is there", "rehearse", "apply", "applied"],
    "change.py": ["rehearse", "apply", "applied"],
    "restore": ["check the backup", "keep the damaged database",
                "load the backup into the database", "verify", "restored"],
}  # fmt: skip

_KILLED = """\
import os, signal, sys
from dbguard.cli import main
from dbguard.live.journal import Journal

def step(self, name, original=Journal.step, **details):
    original(self, name, **details)
    if name == sys.argv[1]:
        os.kill(os.getpid(), signal.SIGKILL)

Journal.step = step
sys.exit(main(sys.argv[2:]))
"""


class Killed:
    """A shop on a server, and what is to hold of it after any end."""

    def __init__(self, server: Running, said: pytest.CaptureFixture[str]) -> None:
        self.server = server
        self.is_mysql = server.scheme == "mysql"
        self._own = "mysql" if self.is_mysql else "postgres"
        self._said = said

    def sql(self, text: str, database: str = "shop") -> str:
        return self.server.execute(text, database).strip()

    def databases(self) -> list[str]:
        query = "SELECT schema_name FROM information_schema.schemata"
        if not self.is_mysql:
            query = "SELECT datname FROM pg_database"
        return self.sql(query, self._own).split()

    def scratch(self) -> list[str]:
        return [name for name in self.databases() if name.startswith(SCRATCH)]

    def kill(self, at: str, *arguments: str) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run([sys.executable, "-c", _KILLED, at, *arguments],
                              env=environment, capture_output=True, check=False)  # fmt: skip
        assert done.returncode == -signal.SIGKILL, done.stderr
        self._until_gone()

    def _until_gone(self) -> None:
        """Wait until the clients, whose input has ended, have gone."""
        query = "SELECT count(*) FROM information_schema.processlist WHERE db LIKE 'shop%' OR db LIKE 'dbguard%'"
        if not self.is_mysql:
            query = "SELECT count(*) FROM pg_stat_activity WHERE datname LIKE 'shop%' OR datname LIKE 'dbguard%'"
        deadline = time.monotonic() + 30
        while self.sql(query, self._own) != "0":
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        self._said.readouterr()
        code = main(list(arguments))
        said = self._said.readouterr()
        assert PASSWORD not in said.out + said.err
        return code, said.out, said.err

    def is_new(self) -> bool:
        """Say whether the script has been applied; nothing of the rows may be missing."""
        assert self.sql("SELECT count(*) FROM users") == "50"
        assert self.sql("SELECT count(*) FROM visits") == "100"
        columns = ("SELECT count(*) FROM information_schema.columns WHERE table_name = 'users'"
                   " AND column_name = 'name'")  # fmt: skip
        return self.sql(columns + (" AND table_schema = 'shop'" if self.is_mysql else "")) == "1"

    def check_backups(self, folder: Path) -> int:
        """Check that what bears the name of a backup is whole; return how many there are."""
        found = [path for path in folder.glob("shop.bak*") if not path.name.endswith(".json")]
        for path in found:
            described = manifest.read(path)
            assert described is not None
            manifest.check(path, described)
        return len(found)


@contextmanager
def _shop(server: Running, said: pytest.CaptureFixture[str]) -> Iterator[Killed]:
    made = Killed(server, said)
    content = test_live_mysql.SHOP if made.is_mysql else test_live_postgresql.SHOP
    made.sql(
        "CREATE DATABASE shop" + (" CHARACTER SET utf8mb4" if made.is_mysql else ""), made._own
    )
    made.sql(content)
    try:
        yield made
    finally:
        for name in made.databases():
            if name.startswith(("shop", SCRATCH)):
                quoted = f"`{name}`" if made.is_mysql else f'"{name}" WITH (FORCE)'
                made.sql(f"DROP DATABASE {quoted}", made._own)


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Running]:
    with servers.postgresql() as running:
        yield running


@pytest.fixture(scope="module")
def mariadb() -> Iterator[Running]:
    with servers.mariadb() as running:
        yield running


@pytest.fixture
def shop(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], engine: str,
) -> Iterator[Killed]:  # fmt: skip
    server: Running = request.getfixturevalue(engine)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("URL", server.url("shop"))
    is_mysql = engine == "mariadb"
    python = (
        MYSQL_PYTHON + MYSQL_PYTHON_ADD if is_mysql else POSTGRESQL_PYTHON + POSTGRESQL_PYTHON_ADD
    )
    (tmp_path / "change.py").write_text(python)
    (tmp_path / "change.sql").write_text(ADD)
    with _shop(server, capsys) as made:
        yield made


def _cases(kinds: Callable[[str], bool]) -> list[tuple[str, str, str]]:
    every = (("postgresql", POSTGRESQL_STEPS), ("mariadb", MYSQL_STEPS))
    return [
        (engine, kind, at)
        for engine, steps in every
        for kind in steps
        if kinds(kind)
        for at in steps[kind]
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "kind", "at"), _cases(lambda kind: kind != "restore"))
def test_a_migration_killed_at_a_step(shop: Killed, tmp_path: Path, kind: str, at: str) -> None:
    shop.kill(at, "migrate", "env:URL", kind)
    assert shop.is_new() is (at == "applied")
    steps = [json.loads(line)["step"] for line in (tmp_path / ".dbguard/log.jsonl").open()]
    assert steps[-1] == at
    past = ["backup is there", "rehearse", "keep others out", "apply", "commit", "applied"]
    assert shop.check_backups(tmp_path) == int(at in past)
    left = shop.scratch()
    # The next run clears the server, and does the work.
    (tmp_path / "next.sql").write_text(ADD.replace("name", "nickname"))
    code, out, err = shop.run("migrate", "env:URL", "next.sql")
    assert code == 0, out + err
    for name in left:
        assert f"{name} was left by a run that was killed, and was removed" in err
    assert shop.scratch() == []
    cut_off = "was cut off while it changed the database" in out
    assert cut_off is (shop.is_mysql and at == "apply")
    assert shop.is_new() is (at == "applied")


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "kind", "at"), _cases(lambda kind: kind == "restore"))
def test_a_restore_killed_at_a_step(shop: Killed, tmp_path: Path, kind: str, at: str) -> None:
    assert shop.run("backup", "env:URL", "--to", "shop.bak_before")[0] == 0
    shop.sql("DELETE FROM users WHERE id > 10")
    shop.kill(at, kind, "shop.bak_before", "env:URL")
    assert shop.check_backups(tmp_path) == 1
    done = ("restored", "verify") if shop.is_mysql else ("restored",)
    assert shop.sql("SELECT count(*) FROM users") == ("50" if at in done else "10")
    left = shop.scratch()
    code, out, err = shop.run("restore", "shop.bak_before", "env:URL")
    assert code == 0, out + err
    for name in left:
        assert f"{name} was left by a run that was killed, and was removed" in err
    assert shop.scratch() == []
    cut_off = "was cut off while it changed the database" in out
    assert cut_off is (at in ("load the backup into the database", "verify"))
    assert shop.is_new() is False


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["mariadb"])
def test_a_restore_killed_between_two_tables_is_completed_by_the_next(
    shop: Killed, tmp_path: Path
) -> None:
    assert shop.run("backup", "env:URL", "--to", "shop.bak_before")[0] == 0
    # The dump as a killed client leaves it: the first of the tables is there.
    shop.kill("load the backup into the database", "restore", "shop.bak_before", "env:URL")
    shop.sql("DROP VIEW adults; DROP TABLE users, visits")
    code, out, _ = shop.run("restore", "shop.bak_before", "env:URL")
    assert code == 0
    assert "was cut off while it changed the database" in out
    assert shop.is_new() is False
    assert shop.check_backups(tmp_path) == 1


_SUICIDE = "import signal\nif {where}:\n    os.kill(os.getppid(), signal.SIGKILL)\n"


@pytest.mark.parametrize("engine", ["postgresql", "mariadb"])
def test_killed_in_the_middle_of_a_script_of_many_transactions(
    shop: Killed, tmp_path: Path, engine: str
) -> None:
    begin, add = (MYSQL_PYTHON, MYSQL_PYTHON_ADD) if shop.is_mysql else (
        POSTGRESQL_PYTHON, POSTGRESQL_PYTHON_ADD,
    )  # fmt: skip
    where = "where.path == '/shop'" if shop.is_mysql else "True"
    alter, update = add.splitlines()
    text = f"{begin}{alter}\n{_SUICIDE.format(where=where)}{update}\n"
    (tmp_path / "change.py").write_text(text)
    shop.kill("never", "migrate", "env:URL", "change.py")
    # MySQL cannot take the change back; on PostgreSQL it was made in a copy.
    assert shop.is_new() is shop.is_mysql
    assert shop.check_backups(tmp_path) == 1
    (file,) = (path for path in tmp_path.glob("shop.bak*") if not path.name.endswith(".json"))
    code, out, err = shop.run("restore", str(file), "env:URL")
    assert code == 0, out + err
    assert ("was cut off while it changed the database" in out) is shop.is_mysql
    assert shop.is_new() is False
    assert shop.scratch() == []


@pytest.mark.parametrize("engine", ["postgresql", "mariadb"])
def test_a_database_of_ours_that_cannot_be_dropped_is_told_of(
    shop: Killed, capsys: pytest.CaptureFixture[str]
) -> None:
    server = (mysql if shop.is_mysql else postgres).Server(parsed(shop.server.url("shop")))
    with ExitStack() as stack, server.scratch() as name:
        # One is in use, the other must not be dropped any more.
        if shop.is_mysql:
            shop.sql("REVOKE ALL PRIVILEGES, GRANT OPTION FROM shop@'127.0.0.1'", "mysql")
            stack.callback(shop.sql, "GRANT ALL ON *.* TO shop@'127.0.0.1'", "mysql")
            sessions = "SELECT id FROM information_schema.processlist WHERE user = 'shop'"
            for each in shop.sql(sessions, "mysql").split():
                shop.sql(f"KILL {each}", "mysql")
        else:
            user = stack.enter_context(server.session(name))
            user.tell("SELECT 1")
    said = capsys.readouterr().err
    assert f"{name} could not be removed" in said
    assert shop.scratch() == [name]
    assert PASSWORD not in said
    asked = "-p" if shop.is_mysql else ""  # for the password, which a person types
    command = [part for part in shlex.split(said.split("drop it: ")[1]) if part != asked]
    environment = {**os.environ, "PGPASSWORD": PASSWORD, "MYSQL_PWD": PASSWORD}
    subprocess.run(command, check=True, env=environment)
    assert shop.scratch() == []
