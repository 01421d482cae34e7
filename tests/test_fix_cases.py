"""What each fix makes of a text, letter by letter, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbguard.repair.fix import Safety
from tests.test_fix import fixed_text, propose_text

CASES = {
    "semicolon": (
        "a.sh",
        'cp app.db "app.db.$(date +%s)"; rm app.db\n',
        'cp app.db "app.db.$(date +%s)" && rm app.db\n',
    ),
    "next line": (
        "a.sh",
        'cp app.db "app.db.$(date +%s)"  # keep\n\nrm app.db\n',
        'cp app.db "app.db.$(date +%s)" &&  # keep\n\nrm app.db\n',
    ),
    "apart": (
        "a.sh",
        'cp app.db "app.db.$(date +%s)"\necho kept\nrm app.db\n',
        'cp app.db "app.db.$(date +%s)" || exit 1\necho kept\nrm app.db\n',
    ),
    "tolerated": (
        "a.sh",
        'pg_dump shop > "shop_$(date +%F).sql" || true\ndropdb shop\n',
        'pg_dump shop > "shop_$(date +%F).sql" || exit 1\ndropdb shop\n',
    ),
    "process": (
        "a.py",
        'import subprocess, time\nsubprocess.run(["cp", "app.db", f"app-{time.time()}.db"])\n'
        'subprocess.run(["rm", "app.db"])\n',
        'import subprocess, time\nsubprocess.run(["cp", "app.db", f"app-{time.time()}.db"], '
        'check=True)\nsubprocess.run(["rm", "app.db"])\n',
    ),
    "call": (
        "a.py",
        'import subprocess, time\nsubprocess.call(["cp", "app.db", f"app-{time.time()}.db"])\n'
        'subprocess.run(["rm", "app.db"])\n',
        'import subprocess, time\nsubprocess.check_call(["cp", "app.db", '
        'f"app-{time.time()}.db"])\nsubprocess.run(["rm", "app.db"])\n',
    ),
    "check is off": (
        "a.py",
        'import subprocess, time\nsubprocess.run(["cp", "app.db", f"app-{time.time()}.db"], '
        'check=False)\nsubprocess.run(["rm", "app.db"])\n',
        'import subprocess, time\nsubprocess.run(["cp", "app.db", f"app-{time.time()}.db"], '
        'check=True)\nsubprocess.run(["rm", "app.db"])\n',
    ),
    "quoted name": (
        "a.sql",
        'CREATE TABLE "New Users" (id int);\nINSERT INTO "New Users" SELECT * FROM "Users";\n'
        'DO $$ BEGIN END $$;\nDROP TABLE "Users";\n',
        'CREATE TABLE "New Users" (id int);\nINSERT INTO "New Users" SELECT * FROM "Users";\n'
        'DO $$ BEGIN END $$;\nDO $$ BEGIN\n  IF (SELECT count(*) FROM "New Users") <> '
        "(SELECT count(*) FROM \"Users\") THEN\n    RAISE EXCEPTION 'Users: rows are missing';\n"
        '  END IF;\nEND $$;\nDROP TABLE "Users";\n',
    ),
    "client that goes on": (
        "a.sh",
        "psql shop <<SQL\nINSERT INTO users_new SELECT * FROM users;\nDROP TABLE users;\nSQL\n",
        "psql shop <<SQL\n\\\\set ON_ERROR_STOP on\nINSERT INTO users_new SELECT * FROM users;\n"
        "DO \\$\\$ BEGIN\n  IF (SELECT count(*) FROM users_new) <> (SELECT count(*) FROM users) "
        "THEN\n    RAISE EXCEPTION 'users: rows are missing';\n  END IF;\nEND \\$\\$;\n"
        "DROP TABLE users;\nSQL\n",
    ),
    "quoted client": (
        "a.sh",
        "set -e\npsql shop -c 'INSERT INTO new SELECT * FROM users; DROP TABLE users'\n",
        "set -e\npsql shop -c 'INSERT INTO new SELECT * FROM users; DO $$ BEGIN IF (SELECT count(*) "
        "FROM new) <> (SELECT count(*) FROM users) THEN RAISE EXCEPTION '\\''users: rows are "
        "missing'\\''; END IF; END $$; DROP TABLE users'\n",
    ),
    "last comment": (
        "a.py",
        "x = 1  # dbguard: ignore[drop-all] was once\n",
        "x = 1\n",
    ),
    "comment of its own": (
        "a.sql",
        "SELECT 1;\n-- dbguard: ignore-next-line[drop-table] caches\nSELECT 2;\n",
        "SELECT 1;\nSELECT 2;\n",
    ),
    "one id of two": (
        "a.sql",
        "DROP TABLE cache; -- dbguard: ignore[drop-table, drop-column] refilled at login\n",
        "DROP TABLE cache; -- dbguard: ignore[drop-table] refilled at login\n",
    ),
}


COMPARED = (
    "import sqlite3\n\n\ndef go():\n    con = sqlite3.connect('a.db')\n"
    "    con.execute('INSERT INTO new SELECT * FROM users')\n"
    "    old = con.execute('SELECT count(*) FROM users').fetchone()[0]\n"
    "    new = con.execute('SELECT count(*) FROM new').fetchone()[0]\n"
    "    if old == new:\n        print('same')\n    else:\n        print('differ')  # oh\n"
    "{}    con.execute('DROP TABLE users')\n"
)

CASES |= {
    "comparison in an if": (
        "a.sh",
        "set -e\nsqlite3 a.db 'INSERT INTO new SELECT * FROM users'\n"
        'old=$(sqlite3 a.db "SELECT count(*) FROM users")\n'
        'new=$(sqlite3 a.db "SELECT count(*) FROM new")\n'
        'if [ "$old" -ne "$new" ]; then\n  echo differ\nfi\nsqlite3 a.db "DROP TABLE users"\n',
        "set -e\nsqlite3 a.db 'INSERT INTO new SELECT * FROM users'\n"
        'old=$(sqlite3 a.db "SELECT count(*) FROM users")\n'
        'new=$(sqlite3 a.db "SELECT count(*) FROM new")\n'
        'if [ "$old" -ne "$new" ]; then\n  echo differ\n  exit 1\nfi\n'
        'sqlite3 a.db "DROP TABLE users"\n',
    ),
    "comparison on one line": (
        "a.sh",
        "set -e\nsqlite3 a.db 'INSERT INTO new SELECT * FROM users'\n"
        'old=$(sqlite3 a.db "SELECT count(*) FROM users")\n'
        'new=$(sqlite3 a.db "SELECT count(*) FROM new")\n'
        'if [ "$old" -eq "$new" ]; then echo same; fi\nsqlite3 a.db "DROP TABLE users"\n',
        "set -e\nsqlite3 a.db 'INSERT INTO new SELECT * FROM users'\n"
        'old=$(sqlite3 a.db "SELECT count(*) FROM users")\n'
        'new=$(sqlite3 a.db "SELECT count(*) FROM new")\n'
        'if [ "$old" -eq "$new" ]; then echo same; else exit 1; fi\n'
        'sqlite3 a.db "DROP TABLE users"\n',
    ),
    "comparison in a list": (
        "a.sh",
        "set -e\nsqlite3 a.db 'INSERT INTO new SELECT * FROM users'\n"
        'old=$(sqlite3 a.db "SELECT count(*) FROM users")\n'
        'new=$(sqlite3 a.db "SELECT count(*) FROM new")\n'
        '[ "$old" -eq "$new" ] || echo differ\nsqlite3 a.db "DROP TABLE users"\n',
        "set -e\nsqlite3 a.db 'INSERT INTO new SELECT * FROM users'\n"
        'old=$(sqlite3 a.db "SELECT count(*) FROM users")\n'
        'new=$(sqlite3 a.db "SELECT count(*) FROM new")\n'
        '[ "$old" -eq "$new" ] || { echo differ; exit 1; }\nsqlite3 a.db "DROP TABLE users"\n',
    ),
    "notice": (
        "a.sql",
        "INSERT INTO new SELECT * FROM users;\nDO $$ BEGIN\n  IF (SELECT count(*) FROM new) <> "
        "(SELECT count(*) FROM users) THEN\n    RAISE NOTICE 'rows: %', 1;\n  END IF;\nEND $$;\n"
        "DROP TABLE users;\n",
        "INSERT INTO new SELECT * FROM users;\nDO $$ BEGIN\n  IF (SELECT count(*) FROM new) <> "
        "(SELECT count(*) FROM users) THEN\n    RAISE EXCEPTION 'rows: %', 1;\n  END IF;\nEND $$;\n"
        "DROP TABLE users;\n",
    ),
    "comparison in Python": (
        "a.py",
        COMPARED.format(""),
        COMPARED.format('        raise RuntimeError("users and new have not the same rows")\n'),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_safe_fix(case: str, tmp_path: Path) -> None:
    name, text, wanted = CASES[case]
    assert fixed_text(name, text, tmp_path, frozenset({Safety.SAFE})) == wanted


REVIEWED = {
    "one of several files": (
        "a.sh",
        'rm -f "$BIN" "$DB_PATH" notes.txt\n',
        'moved_at=$(date +%Y%m%d_%H%M%S); while [ -e "$DB_PATH.bak_$moved_at" ]; do '
        'moved_at=${moved_at}_2; done; for companion in "" -wal -shm; do '
        'if [ -e "$DB_PATH$companion" ]; '
        'then mv "$DB_PATH$companion" "$DB_PATH.bak_$moved_at$companion"; fi; done; rm -f "$BIN" notes.txt\n',
    ),
    "fixed name": (
        "a.sh",
        "set -e\npg_dump shop > backups/shop.sql.gz\n",
        'set -e\npg_dump shop > "backups/shop_$(date +%Y%m%d_%H%M%S).sql.gz"\n',
    ),
    "import beside others": (
        "a.py",
        '"""Doc."""\n\nimport os\nimport sys\n\nos.remove("app.db")\n',
        '"""Doc."""\n\nimport os\nimport sys\nimport time\n\ndatabase_path = "app.db"\n'
        'aside = f"{database_path}.bak_{time.time_ns()}"\nos.rename(database_path, aside)\n'
        'for part in ("-wal", "-shm"):\n    if os.path.exists(f"{database_path}{part}"):\n'
        '        os.rename(f"{database_path}{part}", f"{aside}{part}")\n',
    ),
    "recipe": (
        "Makefile",
        "reset:\n\tdocker compose down -v --remove-orphans\n",
        "reset:\n\tdocker compose down --remove-orphans\n",
    ),
    "json": (
        "package.json",
        '{"scripts": {"reset": "prisma migrate reset --force && node seed.js"}}\n',
        '{"scripts": {"reset": "prisma migrate deploy && node seed.js"}}\n',
    ),
    "workflow": (
        ".github/workflows/deploy.yml",
        "jobs:\n  deploy:\n    runs-on: self-hosted\n    steps:\n      - run: |\n"
        "          cd /srv\n          docker compose down --volumes\n",
        "jobs:\n  deploy:\n    runs-on: self-hosted\n    steps:\n      - run: |\n"
        "          cd /srv\n          docker compose down\n",
    ),
    "list of words": (
        "a.py",
        'import subprocess\nsubprocess.run(["docker", "compose", "down", "-v"])\n',
        'import subprocess\nsubprocess.run(["docker", "compose", "down"])\n',
    ),
}


REVIEWED |= {
    "name that looks like an option": (
        "a.sh",
        "f() {\n  rm -rf -- -odd.db\n}\n",
        "f() {\n  moved_at=$(date +%Y%m%d_%H%M%S)\n"
        '  while [ -e "./-odd.db.bak_$moved_at" ]; do moved_at=${moved_at}_2; done\n'
        '  for companion in "" -wal -shm; do\n'
        '    if [ -e "./-odd.db$companion" ]; then mv "./-odd.db$companion" '
        '"./-odd.db.bak_$moved_at$companion"; fi\n  done\n}\n',
    ),
    "redirection beside others": (
        "a.sh",
        "cat a > app.db 2>&1 2>> log\n",
        '[ -e "app.db" ] || cat a > app.db 2>&1 2>> log\n',
    ),
    "cp": ("a.sh", "cp seed.db app.db\n", '[ -e "app.db" ] || cp seed.db app.db\n'),
    "cp of a root": (
        "a.sh",
        "mkdir -p x && : > app.db\n",
        'mkdir -p x && { [ -e "app.db" ] || : > app.db; }\n',
    ),
    "dd": (
        "a.sh",
        "dd if=/dev/zero of='my app.db' bs=1 count=1\n",
        "[ -e \"my app.db\" ] || dd if=/dev/zero of='my app.db' bs=1 count=1\n",
    ),
    "download": (
        "a.sh",
        "wget -qO app.db https://example.com/app.db\n",
        '[ -e "app.db" ] || wget -qO app.db https://example.com/app.db\n',
    ),
    "here-document": (
        "a.sh",
        "cat > app.db <<EOF\nx\nEOF\n",
        '[ -e "app.db" ] || cat > app.db <<EOF\nx\nEOF\n',
    ),
    "open": ("a.py", "with open('app.db', 'wb'):\n    pass\n", "with open('app.db', 'xb'):\n    pass\n"),
    "replace": (
        "a.py",
        "import os\n\nos.replace('x', 'app.db')\n",
        "import os\n\nif not os.path.exists('app.db'):\n    os.replace('x', 'app.db')\n",
    ),
    "restore": (
        "a.sh",
        "set -e\npm2 stop shop\ncp old/app.db.bak app.db\npm2 start shop\n",
        'set -e\npm2 stop shop\n[ -e "old/app.db.bak" ] || exit 1\n'
        "moved_at=$(date +%Y%m%d_%H%M%S)\n"
        'while [ -e "app.db.damaged_$moved_at" ]; do moved_at=${moved_at}_2; done\n'
        'mv "app.db" "app.db.damaged_$moved_at" || exit 1\nfor companion in -wal -shm; do\n'
        '  if [ -e "app.db$companion" ]; then mv "app.db$companion" '
        '"app.db.damaged_$moved_at$companion"; fi\ndone\n'
        "cp old/app.db.bak app.db\npm2 start shop\n",
    ),
    "change in a condition": (
        "a.sh",
        "if sqlite3 a.db 'ALTER TABLE t ADD COLUMN n'; then sqlite3 a.db 'SELECT n FROM t'; fi\n",
        "if { sqlite3 a.db \".backup 'a.db.bak_t_$(date +%Y%m%d_%H%M%S_%N)'\" && "
        "sqlite3 a.db 'ALTER TABLE t ADD COLUMN n'; }; then sqlite3 a.db 'SELECT n FROM t'; fi\n",
    ),
    "change by psql": (
        "a.sh",
        "set -e\nsudo -u postgres psql -h db -v ON_ERROR_STOP=1 shop <<SQL\n"
        "ALTER TABLE t ADD COLUMN n int;\nSELECT n FROM t LIMIT 1;\nSQL\n",
        'set -e\nsudo -u postgres pg_dump -Fc -h db shop > "shop_t_$(date +%Y%m%d_%H%M%S_%N).dump"\n'
        "sudo -u postgres psql -h db -v ON_ERROR_STOP=1 shop <<SQL\n"
        "ALTER TABLE t ADD COLUMN n int;\nSELECT n FROM t LIMIT 1;\nSQL\n",
    ),
    "change through a pipe": (
        "a.sh",
        "echo 'ALTER TABLE t ADD COLUMN n int; SELECT n FROM t' | mysql -u root -p shop\n",
        'mysqldump --single-transaction -u root -p shop > "shop_t_$(date +%Y%m%d_%H%M%S_%N).sql" && '
        "echo 'ALTER TABLE t ADD COLUMN n int; SELECT n FROM t' | mysql -u root -p shop\n",
    ),
    "look by psql": (
        "a.sh",
        "set -e\npg_dump app > \"app_$(date +%s).sql\"\npsql -h db app -c 'alter table \"My t\" add n int' # n\n",
        "set -e\npg_dump app > \"app_$(date +%s).sql\"\npsql -h db app -c 'alter table \"My t\" add n int' # n\n"
        "psql -h db app -c 'SELECT n FROM \"My t\" LIMIT 0' > /dev/null\n",
    ),
    "change in Python": (
        "a.py",
        "import sqlite3\n\ncon = sqlite3.connect('a.db')\n"
        "con.execute('ALTER TABLE t ADD COLUMN n')\ncon.execute('SELECT n FROM t')\n",
        "import contextlib\nimport sqlite3\nimport time\n\n"
        'with contextlib.closing(sqlite3.connect("a.db")) as live:\n'
        '    with contextlib.closing(sqlite3.connect(f"a.db.bak_{time.time_ns()}")) as saved:\n'
        "        live.backup(saved)\ncon = sqlite3.connect('a.db')\n"
        "con.execute('ALTER TABLE t ADD COLUMN n')\ncon.execute('SELECT n FROM t')\n",
    ),
    "checkfirst": (
        "a.py",
        "metadata.create_all(engine, checkfirst=False)\n",
        "metadata.create_all(engine)\n",
    ),
    "terraform": (
        "a.tf",
        'resource "aws_rds_cluster" "orders" {\n  cluster_identifier = "orders"\n}\n',
        'resource "aws_rds_cluster" "orders" {\n  lifecycle {\n    prevent_destroy = true\n  }\n'
        '  cluster_identifier = "orders"\n}\n',
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REVIEWED)
def test_a_fix_for_review_is_only_done_when_asked(case: str, tmp_path: Path) -> None:
    name, text, wanted = REVIEWED[case]
    safe = propose_text(name, text, tmp_path, frozenset({Safety.SAFE}))
    assert not list(safe.changes())
    assert len(safe.withheld) == 1
    assert fixed_text(name, text, tmp_path) == wanted


LEFT_ALONE = {
    "several files": ("a.sh", 'rm "${FILES[@]/%/.db}"; rm data/*.db\n'),
    "unquoted list": ("a.sh", "for i in 1; do rm $DB_FILES; done\n"),
    "no shell": ("tox.ini", "[testenv]\nallowlist_externals = rm\ncommands = rm data/app.db\n"),
    "value is used": ("a.py", 'import os\nok = os.remove("app.db")\n'),
    "name is taken": (
        "a.py",
        'import os\nfrom clock import time\n\ntime()\nos.remove("app.db")\n',
    ),
    "shares a line": ("a.py", 'import os\nif True: os.remove("app.db")\n'),
    "variable is taken": ("a.sh", "companion=-x; rm app.db\n"),
    "partly quoted": ("a.sh", "rm 'app'.db\n"),
    "read again": ("a.sh", "set -e\ncp app.db app.db.bak\ncp app.db.bak /mnt/\n"),
    "no copy": ("a.sql", "DROP TABLE users;\n"),
    "copy of some rows": (
        "a.sql",
        "INSERT INTO users_new SELECT * FROM users WHERE age > 3;\nDROP TABLE users;\n",
    ),
    "another program's file": ("a.sh", "scp new.db host:/srv/app.db\n"),
    "until it fails": ("a.sh", "while rm app.db; do :; done\n"),
    "list in Python": ("a.py", "import subprocess\nsubprocess.run(['rm', '-f', 'app.db'])\n"),
    "two files at once": ("a.sh", "truncate -s 0 app.db b.db\n"),
    "two redirections": ("a.sh", ": > app.db > b.db\n"),
    "first of its words": ("a.sh", "cp -f -t data app.db\n"),
    "replaced by another": (
        "a.sh",
        'set -e\nmv app.db "app.db.old_$(date +%s)"\nmv -f new.db "$(pwd)/app.db"\n',
    ),
    "change whose client is not known": (
        "a.sh",
        "psql --host-of-mine=x shop -c 'ALTER TABLE t ADD COLUMN n int; SELECT n FROM t'\n",
    ),
    "counts that are printed": (
        "a.sql",
        "INSERT INTO new SELECT * FROM users WHERE age > 3;\nSELECT count(*) FROM new;\n"
        "DROP TABLE users;\n",
    ),
    "in the container": ("a.sh", "docker compose exec web rm /app/app.db\n"),
}


@pytest.mark.parametrize("case", LEFT_ALONE)
def test_what_is_left_alone(case: str, tmp_path: Path) -> None:
    proposal = propose_text(*LEFT_ALONE[case], tmp_path)
    assert proposal.before.open_findings
    assert not list(proposal.changes())
