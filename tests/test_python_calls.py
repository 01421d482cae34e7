"""What the APIs of Python programs do, one line each."""

from __future__ import annotations

import pytest

from dbguard.analysis import analyse
from dbguard.flow import Direction, Embed, Sequence
from dbguard.operations import Operation, Trait
from dbguard.source import SourceFile
from tests.python_lowering import lowered, nodes_of, spans, what

HEAD = """\
import asyncio, os, pathlib, shutil, sqlite3, subprocess, psycopg2, pymongo, redis
from sqlalchemy import create_engine, delete, text, update
from alembic import op
from django.db import migrations, connection
"""


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ('os.replace("a", "b.db")', "MOVE_FILE a -> b.db"),
        ('shutil.move("a.db", "b.db")', "MOVE_FILE a.db -> b.db"),
        ('pathlib.Path("a.db").rename("b.db")', "MOVE_FILE a.db -> b.db"),
        ('shutil.copyfile("a", dst="b.db")', "COPY_FILE a -> b.db"),
        ('open("a.db", "wb")', "OVERWRITE_FILE a.db"),
        ('pathlib.Path("a.db").write_bytes(b"")', "OVERWRITE_FILE a.db"),
        ('os.truncate("a.db", 0)', "OVERWRITE_FILE a.db"),
        ('os.system("rm a.db")', "shell: rm a.db"),
        ('os.popen("rm a.db")', "shell: rm a.db"),
        ('subprocess.run("rm a.db", shell=True)', "shell: rm a.db"),
        ('subprocess.check_call(["rm", "a.db"])', "DELETE_FILE a.db"),
        ('subprocess.run(["rm"] + ["a.db"])', "DELETE_FILE a.db"),
        ('subprocess.run("rm a.db".split())', "DELETE_FILE a.db"),
        ('subprocess.run(["rm", "a.db"], cwd="data")', "DELETE_FILE data/a.db"),
        ('os.execvp("rm", ["rm", "a.db"])', "DELETE_FILE a.db"),
        ('asyncio.create_subprocess_shell("rm a.db")', "shell: rm a.db"),
        ('asyncio.create_subprocess_exec("rm", "a.db")', "DELETE_FILE a.db"),
        ('def t(c):\n    c.run("rm a.db")', "shell: rm a.db"),
        ('exec("import os")', "python: import os"),
        ('def f(cur):\n    cur.execute("DROP TABLE t")', "sql: DROP TABLE t"),
        ('def f(s):\n    s.execute(text("DROP TABLE t"))', "sql: DROP TABLE t"),
        ('op.execute("DROP TABLE t")', "sql: DROP TABLE t"),
        ('def f(c):\n    c.executescript(open("x.sql").read())', "include: x.sql"),
        ('def f(c):\n    c.execute(pathlib.Path("x.sql").read_text())', "include: x.sql"),
        ('def f(df, e):\n    df.to_sql("t", e, if_exists="replace")', "DROP_TABLE t"),
        ("db.drop_all()", "DROP_ALL"),
        ("Base.metadata.create_all(engine)", "CREATE_ALL"),
        ("async def f(c):\n    await c.run_sync(Base.metadata.drop_all)", "DROP_ALL"),
        ("for t in tables:\n    session.execute(t.delete())", "DELETE_ROWS {t}"),
        ('Base.metadata.tables["users"].drop(engine)', "DROP_TABLE users"),
        ('self._execute("DROP TABLE t")', "sql: DROP TABLE t"),
        (
            'for (t,) in c.execute("SELECT 1"):\n    c.execute("DROP TABLE {}".format(t))',
            "sql: DROP TABLE __hole_t__",
        ),
        (
            'with app.open_resource("x.sql") as f:\n    db.executescript(f.read().decode("utf8"))',
            "include: x.sql",
        ),
        ("from conf import DB_PATH\nDB_PATH.unlink()", "DELETE_FILE {DB_PATH}"),
        ("session.query(User).delete()", "DELETE_ROWS User"),
        ("session.execute(delete(User))", "DELETE_ROWS User"),
        ("session.execute(update(User).values(a=1))", "UPDATE_ROWS User"),
        ("User.query.delete()", "DELETE_ROWS User"),
        ("User.objects.all().delete()", "DELETE_ROWS User"),
        ("User.objects.update(a=1)", "UPDATE_ROWS User"),
        ('User.objects.raw("DELETE FROM u")', "sql: DELETE FROM u"),
        ('connection.cursor().execute("DROP TABLE t")', "sql: DROP TABLE t"),
        ('op.drop_table("users")', "DROP_TABLE users"),
        ('op.drop_column("users", "age")', "DROP_COLUMN users.age"),
        ('op.rename_table("a", "b")', "RENAME_TABLE a -> b"),
        ('op.add_column("users", x)', "ALTER_TABLE users"),
        (
            'with op.batch_alter_table("u") as batch_op:\n    batch_op.drop_column("a")',
            "DROP_COLUMN u.a",
        ),
        ('migrations.DeleteModel(name="User")', "DROP_TABLE User"),
        ('migrations.RemoveField("User", "age")', "DROP_COLUMN User.age"),
        ('migrations.RunSQL([("DROP TABLE t", None)])', "sql: DROP TABLE t"),
        ("db.drop_all_tables(with_all_data=True)", "DROP_ALL"),
        ('pymongo.MongoClient().drop_database("x")', "DROP_DATABASE x"),
        ("pymongo.MongoClient().shop.users.drop()", "DROP_TABLE users"),
        ("pymongo.MongoClient().shop.users.delete_many({})", "DELETE_ROWS users"),
        ("redis.Redis().flushdb()", "DROP_DATABASE"),
        ('rds.delete_db_instance(DBInstanceIdentifier="x")', "DROP_DATABASE x"),
        ('es.indices.delete(index="x")', "DROP_DATABASE x"),
    ],
)
def test_an_api(code: str, line: str) -> None:
    assert what(HEAD + code)[-1:] == [line]


@pytest.mark.parametrize(
    "code",
    [
        'open("a.db")',
        'open("a.db", "ab")',
        'items.remove("a.db")',
        '"a.db".replace("a", "b")',
        "df.drop(columns=['a'])",
        "session.query(User).filter_by(a=1).delete()",
        "session.execute(delete(User).where(User.id == 1))",
        "User.objects.filter(a=1).delete()",
        "User.objects.delete()",
        "pymongo.MongoClient().shop.users.delete_many({'a': 1})",
        "COUNTS.update(a=1)",
        'x = "DROP TABLE users"',
        'logging.info("DROP TABLE users")',
        'raise ValueError("DROP TABLE users")',
        '"""os.remove("a.db")"""',
        "def f(cur, sql):\n    cur.execute(sql)",
        'requests.delete("http://x")',
        "op.bulk_insert(users, [])",
        'call_command("sqlflush")',
    ],
)
def test_nothing_destroyed(code: str) -> None:
    assert what(HEAD + code) == []


def test_the_database_of_an_engine_reaches_what_runs_on_it() -> None:
    text = HEAD + (
        'engine = create_engine("postgresql://u:secret@host/shop")\n'
        "with engine.begin() as connection:\n"
        '    connection.execute(text("DROP TABLE t"))\n'
        "Base.metadata.drop_all(bind=engine)\n"
    )
    nodes = nodes_of(lowered(text).flows[0])
    assert [n.region.database for n in nodes if isinstance(n, Embed)] == ["postgresql://host/shop"]
    databases = [n.target.database for n in nodes if isinstance(n, Operation)]
    assert databases == ["postgresql://host/shop"] * 2


def test_flask_settings_name_the_database() -> None:
    text = (
        'app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///app.db"\n'
        "db = SQLAlchemy(app)\ndb.drop_all()\n"
    )
    nodes = nodes_of(lowered("from flask_sqlalchemy import SQLAlchemy\n" + text).flows[0])
    assert [n.target.database for n in nodes if isinstance(n, Operation)] == ["app.db", "app.db"]


def test_memory_is_thrown_away() -> None:
    text = HEAD + 'Base.metadata.drop_all(create_engine("sqlite://"))'
    nodes = nodes_of(lowered(text).flows[0])
    assert [n.target.throwaway for n in nodes if isinstance(n, Operation)] == ["in memory"] * 2


def test_reverse_sql_and_downgrade_go_down() -> None:
    text = HEAD + 'migrations.RunSQL("SELECT 1", reverse_sql="DROP TABLE t")\n'
    body = lowered(text).flows[0].body
    down = [n for n in body.nodes if isinstance(n, Sequence) and n.direction is Direction.DOWN]
    assert [len(n.nodes) for n in down] == [1]
    flows = lowered(HEAD + 'def downgrade():\n    op.drop_table("t")\n').flows
    assert [f.body.direction for f in flows if f.name == "downgrade"] == [Direction.DOWN]


def test_only_database_operations_count() -> None:
    text = HEAD + (
        "migrations.SeparateDatabaseAndState(\n"
        '    state_operations=[migrations.DeleteModel("A")],\n'
        '    database_operations=[migrations.DeleteModel("B")],\n)\n'
    )
    assert what(text) == ["DROP_TABLE B"]


STATE = (
    HEAD
    + 'state = [migrations.DeleteModel("A")]\n'
    + "operations = [migrations.SeparateDatabaseAndState(state_operations=state)%s]\n"
)


def test_a_list_for_the_state_alone_does_nothing_to_tables() -> None:
    assert what(STATE % "") == []
    same = STATE.replace("state ", "state_operations ").replace("=state", "=state_operations")
    assert what(same % "") == []


@pytest.mark.parametrize(
    "text",
    [
        STATE % ", *state",
        STATE % ", migrations.SeparateDatabaseAndState(state)",
        STATE % "" + "operations += state\n",
        HEAD + "state = [migrations.DeleteModel('A')]\nstate_operations = state\n"
        "operations = state_operations  # no SeparateDatabaseAndState\n",
    ],
)
def test_a_list_that_is_used_elsewhere_counts(text: str) -> None:
    assert what(text) == ["DROP_TABLE A"]


def test_run_python_is_followed_both_ways() -> None:
    text = HEAD + (
        "def forward(apps, schema_editor):\n"
        '    apps.get_model("shop", "Item").objects.all().delete()\n'
        "def backward(apps, schema_editor):\n"
        '    schema_editor.execute("DROP TABLE t")\n'
        "migrations.RunPython(forward, backward)\n"
    )
    flows = lowered(text).flows
    assert [flow.name for flow in flows] == [""]
    assert what(text) == ["DELETE_ROWS Item", "sql: DROP TABLE t"]


def test_a_migration_says_so() -> None:
    (node,) = nodes_of(lowered(HEAD + 'op.drop_table("t")').flows[0])
    assert isinstance(node, Operation)
    assert node.has(Trait.MIGRATION)


def test_spans() -> None:
    text = HEAD + (
        'os.remove( "a.db" )\nsubprocess.run(["rm", "-f", "b.db"], check=True)\n'
        'op.drop_table(\n    "t"\n)\n'
    )
    assert spans(text) == [
        'os.remove( "a.db" )',
        'subprocess.run(["rm", "-f", "b.db"], check=True)',
        'op.drop_table(\n    "t"\n)',
    ]


@pytest.mark.parametrize(
    ("shell", "findings"), [("shell=True", 1), ("shell=through", 1), ("shell=False", 0), ("", 0)]
)
def test_a_text_is_a_command_line_only_for_a_shell(shell: str, findings: int) -> None:
    r"""Without one it is the path of a program, ``C:\Program Files (x86)\x`` perhaps."""
    text = f"import subprocess\nsubprocess.run('rm app.db', {shell})\n"
    assert len(analyse(SourceFile("a.py", text), "python").findings) == findings
    text = f"import subprocess\nsubprocess.run('C:/program files(x86)/x -version', {shell})\n"
    assert bool(analyse(SourceFile("a.py", text), "python").problems) == bool(findings)
