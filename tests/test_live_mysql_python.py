"""``dbguard migrate`` by .py scripts on a real MariaDB server."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from dbguard.live.mysql import migrating
from tests.server_shop import UNTIL_CONNECTED, ServerShop
from tests.servers import PASSWORD
from tests.test_live_mysql import server, shop

__all__ = ["server", "shop"]

BEGIN = """\
import os, subprocess, sys, tempfile
from urllib.parse import urlsplit
assert len(sys.argv) == 1
url = os.environ["DBGUARD_DATABASE"]
assert os.environ["DATABASE_URL"] == os.environ["URL"] == url
where = urlsplit(url)
def sql(text, database=where.path[1:]):
    with tempfile.NamedTemporaryFile("w", suffix=".cnf") as options:
        options.write(f"[client]\\nuser={where.username}\\npassword={where.password}\\n"
                      f"host={where.hostname}\\nport={where.port}\\n")
        options.flush()
        subprocess.run(["mariadb", "--defaults-file=" + options.name, database, "-e", text],
                       check=True)
open("databases", "a").write(where.path[1:] + "\\n")
"""
ADD = """\
sql("ALTER TABLE users ADD COLUMN name TEXT")
sql("UPDATE users SET name = email")
"""


def test_a_script_is_rehearsed_and_applied(shop: ServerShop) -> None:
    text = BEGIN + ADD + "open('seen', 'wb').write(open('/proc/self/cmdline', 'rb').read())\n"
    done = shop.json("migrate", "env:URL", shop.script(text, "change.py"))
    assert done["outcome"] == "applied"
    assert shop.sql("SELECT count(name), count(*) FROM users").split() == ["50", "50"]
    rehearsed, real = Path("databases").read_text().split()
    assert rehearsed.startswith("dbguard_scratch_")
    assert real == "shop"
    assert b"change.py" in Path("seen").read_bytes()
    assert PASSWORD.encode() not in Path("seen").read_bytes()


def test_a_dry_run_leaves_the_database_alone(shop: ServerShop) -> None:
    done = shop.json("migrate", "env:URL", shop.script(BEGIN + ADD, "change.py"), "--dry-run")
    assert done["outcome"] == "rehearsed"
    assert "shop" not in Path("databases").read_text().split()
    assert "name" not in shop.sql("SHOW COLUMNS FROM users")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (ADD + "sql('DELETE FROM users WHERE id = 3')", "1 of 50 rows of users are missing"),
        (ADD + "raise SystemExit(3)", "ended with exit code 3"),
        ("sql('SELECT 1')", "changed nothing in the database it was given"),
        # By a name of its own, as from settings: it meets a lock, and is ended there.
        ("sql('ALTER TABLE users ADD COLUMN name TEXT', 'shop')", "it was ended"),
        ("sql('DELETE FROM users WHERE id = 3', 'shop')", "it was ended"),
    ],
)
def test_a_rehearsal_that_fails_leaves_the_database_alone(
    shop: ServerShop, text: str, reason: str
) -> None:
    done = shop.json("migrate", "env:URL", shop.script(BEGIN + text, "change.py"), code=1)
    assert done["outcome"] == "refused"
    assert reason in " ".join(done["reasons"])
    assert "name" not in shop.sql("SHOW COLUMNS FROM users")
    assert shop.sql("SELECT count(*) FROM users") == "50"


BEHIND = """\
with tempfile.NamedTemporaryFile("w", suffix=".cnf", delete=False) as options:
    options.write(f"[client]\\nuser={{where.username}}\\npassword={{where.password}}\\n"
                  f"host={{where.hostname}}\\nport={{where.port}}\\n")
arguments = ["mariadb", "--defaults-file=" + options.name, *{arguments}]
behind = subprocess.Popen(arguments, start_new_session={own})
"""


@pytest.mark.parametrize(
    ("arguments", "own"),
    [
        (["shop", "-e", "DELETE FROM users WHERE id = 3"], False),
        (["shop", "-e", "DELETE FROM users WHERE id = 3"], True),
        (["-e", "DELETE FROM shop.users WHERE id = 3"], True),
    ],
)
def test_what_the_script_leaves_behind_does_not_reach_the_database(
    shop: ServerShop, arguments: list[str], own: bool
) -> None:
    text = BEGIN + ADD + BEHIND.format(arguments=arguments, own=own)
    text += UNTIL_CONNECTED + "os.unlink(options.name)\n"
    done = shop.json("migrate", "env:URL", shop.script(text, "change.py"), "--dry-run", code=1)
    assert done["outcome"] == "refused"
    assert "on this machine" in " ".join(done["reasons"])
    time.sleep(1)
    assert shop.sql("SELECT count(*) FROM users") == "50"


def test_it_refuses_where_it_would_not_see_who_is_connected(
    shop: ServerShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant = ("CREATE USER few@'127.0.0.1' IDENTIFIED BY 'few'; GRANT ALL ON `shop`.* TO"
             " few@'127.0.0.1'; GRANT ALL ON `dbguard\\_scratch\\_%`.* TO few@'127.0.0.1';")  # fmt: skip
    shop.server.execute(grant, "mysql")
    try:
        shop.sql("DROP TRIGGER lowered; DROP VIEW adults")
        monkeypatch.setenv("URL", f"mysql://few:few@127.0.0.1:{shop.server.port}/shop")
        file = shop.script(BEGIN + ADD, "change.py")
        error = shop.json("migrate", "env:URL", file, code=2)["error"]
        assert "privilege PROCESS" in error
        assert "--unused" in error
        assert not Path("databases").exists()
        done = shop.json("migrate", "env:URL", file, "--unused")
        assert done["outcome"] == "applied"
        assert "privilege PROCESS" in " ".join(done["notes"])
    finally:
        shop.server.execute("DROP USER few@'127.0.0.1'", "mysql")


class Guard:
    """A session of the server that answers with these rows."""

    def __init__(self, *rows: tuple[str, str, str, str]) -> None:
        self.answer, self.told = list(rows), list[str]()

    def rows(self, _: str) -> list[tuple[str, str, str, str]]:
        return self.answer

    def tell(self, text: str) -> None:
        self.told.append(text)


def test_a_session_of_another_machine_is_not_ended() -> None:
    own = ("7", "1", "app", "localhost")
    guard: Any = Guard(own, ("8", "0", "web", "10.0.0.9:4711"))
    assert "web on 10.0.0.9" in migrating._waiting(guard, "shop")
    assert guard.told == []
    guard = Guard(own, ("8", "0", "web", "10.0.0.9:4711"), ("9", "0", "app", "127.0.0.1:4712"))
    assert "app on this machine" in migrating._waiting(guard, "shop")
    assert guard.told == ["KILL CONNECTION 9"]
    assert migrating._waiting(Guard(own), "shop") == ""  # type: ignore[arg-type]


def test_what_fails_on_the_database_itself_is_put_back(shop: ServerShop) -> None:
    text = (
        BEGIN
        + ADD
        + "if where.path == '/shop':\n    sql('DELETE FROM visits WHERE page <> 1'); sys.exit(3)\n"
    )
    done = shop.json("migrate", "env:URL", shop.script(text, "change.py"), code=1)
    assert done["outcome"] == "restored"
    assert "exit code 3" in " ".join(done["reasons"])
    assert shop.sql("SELECT count(*) FROM visits") == "100"
    assert "name" not in shop.sql("SHOW COLUMNS FROM users")
    kept = done["notes"][-1].split(" kept as ")[1]
    assert "`name`" in Path(kept).read_text()
