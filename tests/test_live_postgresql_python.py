"""``dbguard migrate`` by .py scripts on a real PostgreSQL server."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from dbguard.live.postgresql import migrating_by_python
from tests.server_shop import UNTIL_CONNECTED, ServerShop
from tests.servers import PASSWORD
from tests.test_live_postgresql import server, shop

__all__ = ["server", "shop"]

BEGIN = """\
import os, subprocess, sys
assert len(sys.argv) == 1
url = os.environ["DBGUARD_DATABASE"]
assert os.environ["DATABASE_URL"] == os.environ["URL"] == url
assert url.endswith("/" + os.environ["PGDATABASE"])
def sql(text, *where):
    subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-c", text, *where], check=True)
"""
ADD = """\
sql("ALTER TABLE users ADD COLUMN name text")
sql("UPDATE users SET name = email")
"""


def columns(shop: ServerShop) -> str:
    return shop.sql("SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute"
                    " WHERE attrelid = 'users'::regclass AND attnum > 0")  # fmt: skip


def test_a_script_with_transactions_of_its_own_is_applied(shop: ServerShop) -> None:
    shop.sql(
        "CREATE ROLE reader; GRANT SELECT ON users TO reader; REVOKE CONNECT ON DATABASE shop"
        " FROM PUBLIC; GRANT CONNECT ON DATABASE shop TO reader WITH GRANT OPTION;"
        "ALTER DATABASE shop SET search_path = other, public; ALTER DATABASE shop SET work_mem ="
        " '5MB'; ALTER ROLE reader IN DATABASE shop SET app.tenant = 'o''clock';"
        "ALTER DATABASE shop CONNECTION LIMIT 7; COMMENT ON DATABASE shop IS 'it''s the shop'"
    )
    about = (
        "SELECT datacl, datconnlimit, shobj_description(oid, 'pg_database'),"
        " (SELECT string_agg(setconfig::text, ' ' ORDER BY setrole) FROM pg_db_role_setting"
        " WHERE setdatabase = d.oid) FROM pg_database AS d WHERE datname = 'shop'"
    )
    try:
        before = shop.sql(about, "postgres")
        done = shop.json("migrate", "env:URL", shop.script(BEGIN + ADD, "change.py"))
        assert done["outcome"] == "applied"
        assert columns(shop) == "id email age created_at name"
        assert shop.sql("SELECT count(name), count(*) FROM users") == "50|50"
        assert shop.sql("SELECT has_table_privilege('reader', 'users', 'SELECT')") == "t"
        assert shop.sql(about, "postgres") == before
        assert "reader=c*/" in before
        kept = done["notes"][-1].split(";")[0].split()[-1]
        assert shop.sql("SELECT count(*) FROM users", kept) == "50"
        assert "name" not in shop.sql("SELECT * FROM users LIMIT 0", kept)
        drop = shlex.split(done["notes"][-1].split(": ")[-1])
        environment = {**os.environ, "PGPASSWORD": PASSWORD}
        subprocess.run(drop, check=True, env=environment, capture_output=True)
        kept_too = f"SELECT count(*) FROM pg_database WHERE datname = '{kept}'"
        assert shop.sql(kept_too, "postgres") == "0"
        against = done["backup"]["file"]
        assert shop.json("verify", "env:URL", "--against", against)["losses"] == []
    finally:
        shop.sql("DROP OWNED BY reader")
        shop.server.execute(
            "ALTER ROLE reader IN DATABASE shop RESET ALL; DROP OWNED BY reader; DROP ROLE IF EXISTS reader",
            "shop",
        )


def test_a_dry_run_leaves_the_database_alone(shop: ServerShop) -> None:
    oid = shop.sql("SELECT oid FROM pg_database WHERE datname = 'shop'", "postgres")
    done = shop.json("migrate", "env:URL", shop.script(BEGIN + ADD, "change.py"), "--dry-run")
    assert done["outcome"] == "rehearsed"
    assert [each["name"] for each in done["comparison"]["schema"]] == ["users.name"]
    assert oid == shop.sql("SELECT oid FROM pg_database WHERE datname = 'shop'", "postgres")
    assert columns(shop) == "id email age created_at"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (ADD + "sql('DELETE FROM users WHERE id = 3')", "1 of 50 rows of users are missing"),
        (ADD + "raise SystemExit(3)", "ended with exit code 3"),
        ("sql('SELECT 1')", "changed nothing in the database it was given"),
        # By a name of its own, as from settings: nobody can connect to that meanwhile.
        ("sql('ALTER TABLE users ADD COLUMN name text', '-d', 'shop')", "turned away"),
        # Of a driver that does not know PGCONNECT_TIMEOUT.
        ("os.environ.pop('PGCONNECT_TIMEOUT'); sql('SELECT 1', '-d', 'shop')", "turned away"),
    ],
)
def test_a_script_that_fails_leaves_the_database_alone(
    shop: ServerShop, monkeypatch: pytest.MonkeyPatch, text: str, reason: str
) -> None:
    monkeypatch.setattr(migrating_by_python, "_WAIT", "2")
    done = shop.json("migrate", "env:URL", shop.script(BEGIN + text, "change.py"), code=1)
    assert done["outcome"] == "refused"
    assert reason in " ".join(done["reasons"])
    assert columns(shop) == "id email age created_at"
    assert shop.sql("SELECT count(*) FROM users") == "50"
    assert shop.sql("SELECT count(*) FROM pg_database WHERE datname LIKE 'shop%'") == "1"


BEHIND = """\
behind = subprocess.Popen(["psql", "-Xq", "-d", "shop", "-c", "DELETE FROM users WHERE id = 3"],
                          start_new_session={own})
"""


@pytest.mark.parametrize("own", [False, True])
def test_what_the_script_leaves_behind_does_not_reach_the_database(
    shop: ServerShop, own: bool
) -> None:
    text = BEGIN + ADD + BEHIND.format(own=own) + UNTIL_CONNECTED
    done = shop.json("migrate", "env:URL", shop.script(text, "change.py"), "--dry-run")
    assert done["outcome"] == "rehearsed"
    time.sleep(1)
    assert shop.sql("SELECT count(*) FROM users") == "50"


def test_it_refuses_while_somebody_is_connected(shop: ServerShop) -> None:
    with shop.somebody_connected():
        done = shop.json("migrate", "env:URL", shop.script(BEGIN + ADD, "change.py"), code=2)
        assert "in use by psql" in done["error"]
    assert columns(shop) == "id email age created_at"


@pytest.mark.parametrize(
    "meanwhile", ["UPDATE users SET age = 99 WHERE id = 1", "CREATE TABLE newer (x int)"]
)
def test_what_others_write_after_the_copy_is_not_lost(
    shop: ServerShop, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    original = migrating_by_python._Work._keep_as_copied

    def keep(work: Any, *arguments: Any) -> Any:
        if meanwhile.startswith("UPDATE"):
            shop.sql(meanwhile)
            return original(work, *arguments)
        last_look = original(work, *arguments)
        shop.sql(meanwhile)  # which no lock of a table keeps out
        return last_look

    monkeypatch.setattr(migrating_by_python._Work, "_keep_as_copied", keep)
    done = shop.json("migrate", "env:URL", shop.script(BEGIN + ADD, "change.py"), code=2)
    assert "was written to while it was copied" in done["error"]
    assert columns(shop) == "id email age created_at"
    assert shop.sql("SELECT count(*) FROM users WHERE age = 99") == str(
        int(meanwhile.startswith("UPDATE"))
    )


def test_what_hangs_on_the_database_itself_is_not_left_behind(shop: ServerShop) -> None:
    shop.sql("CREATE SUBSCRIPTION news CONNECTION 'host=127.0.0.1 port=1' PUBLICATION p"
             " WITH (connect = false)")  # fmt: skip
    try:
        done = shop.json("migrate", "env:URL", shop.script(BEGIN + ADD, "change.py"), code=2)
        assert "the subscription news belongs to shop" in done["error"]
    finally:
        shop.sql("ALTER SUBSCRIPTION news SET (slot_name = NONE); DROP SUBSCRIPTION news")
    assert columns(shop) == "id email age created_at"


def test_no_password_stands_in_the_arguments_of_the_script(shop: ServerShop) -> None:
    text = BEGIN + ADD + "open('seen', 'wb').write(open('/proc/self/cmdline', 'rb').read())\n"
    shop.json("migrate", "env:URL", shop.script(text, "change.py"))
    seen = Path("seen").read_bytes()
    assert b"change.py" in seen
    assert PASSWORD.encode() not in seen
