"""``dbguard migrate`` by .py scripts on a real MariaDB server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers import PASSWORD
from tests.test_live_mysql import ServerShop, server, shop

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
