"""Control flow, guards and checks: what holds on which path."""

from __future__ import annotations

import pytest

from tests.python_lowering import lowered, shapes

HEAD = (
    "import asyncio, click, os, sqlite3, subprocess, sys\nfrom app import args, session, settings\n"
)
RM = 'os.remove("a.db")'


@pytest.mark.parametrize(
    ("code", "shape"),
    [
        (f"if x:\n    {RM}", "[DELETE_FILE a.db | ]"),
        (f"if x:\n    pass\nelse:\n    {RM}", "[ | DELETE_FILE a.db]"),
        (f"if x:\n    sys.exit(1)\n{RM}", "[stop: exit | ]; DELETE_FILE a.db"),
        (f"for i in y:\n    {RM}\n    break", "loop*(DELETE_FILE a.db; stop: break)"),
        (f"while True:\n    {RM}", "loop+(DELETE_FILE a.db)"),
        (
            f"try:\n    {RM}\nexcept OSError:\n    raise\nfinally:\n    pass",
            "try(DELETE_FILE a.db, except stop: raise)",
        ),
        (f"with x:\n    {RM}", "DELETE_FILE a.db"),
        (
            f"match x:\n    case 1:\n        {RM}\n    case _:\n        pass",
            "[DELETE_FILE a.db | ]",
        ),
        (f"def f():\n    {RM}\nf()", "f(DELETE_FILE a.db)"),
        (f"async def f():\n    {RM}\nasyncio.run(f())", "f(DELETE_FILE a.db)"),
        (
            f"class A:\n    def f(self):\n        self.g()\n    def g(self):\n        {RM}\nA().f()",
            "f(g(DELETE_FILE a.db))",
        ),
        (f'if __name__ == "__main__":\n    {RM}', "DELETE_FILE a.db"),
        (f"x and {RM}", "[DELETE_FILE a.db | ]"),
        (f"{RM} if x else None", "[DELETE_FILE a.db | ]"),
        ('os.system("rm a.db")', "shell: rm a.db?"),
        ('subprocess.run(["rm", "a.db"])', "DELETE_FILE a.db?"),
        ('subprocess.run(["rm", "a.db"], check=True)', "DELETE_FILE a.db"),
        (
            'if os.system("x") != 0:\n    sys.exit(1)',
            "shell: x; [stop: exit | ]",
        ),
        (
            'r = subprocess.run("x", shell=True)\nif r.returncode:\n    raise SystemExit(1)',
            "shell: x; [stop: exit | ]",
        ),
        ('subprocess.run("x", shell=True).check_returncode()', "shell: x"),
        # guards
        (f"if settings.TESTING:\n    {RM}", "[ENVIRONMENT; DELETE_FILE a.db | ]"),
        (
            f'if os.environ.get("ENV") != "test":\n    raise ValueError\n{RM}',
            "[stop: raise | ENVIRONMENT]; DELETE_FILE a.db",
        ),
        (
            f'env = os.getenv("ENV", "dev")\nif env == "production":\n    sys.exit()\n{RM}',
            "[stop: exit | ENVIRONMENT]; DELETE_FILE a.db",
        ),
        (f"assert settings.DEBUG\n{RM}", "[stop: raise | ENVIRONMENT]; DELETE_FILE a.db"),
        (
            f'if not click.confirm("sure?"):\n    sys.exit()\n{RM}',
            "[stop: exit | PERSON]; DELETE_FILE a.db",
        ),
        (
            f'if input("sure? ").lower() != "yes":\n    sys.exit()\n{RM}',
            "[stop: exit | PERSON]; DELETE_FILE a.db",
        ),
        (
            f"if not settings.DEBUG and not args.force:\n    raise ValueError\n{RM}",
            "[stop: raise | FLAG]; DELETE_FILE a.db",
        ),
        (
            f'if not args.yes:\n    click.confirm("?", abort=True)\n{RM}',
            "[PERSON | FLAG]; FLAG; DELETE_FILE a.db",
        ),
        (f"if settings.DEBUG or x:\n    {RM}", "[DELETE_FILE a.db | ]"),
        (f"if args.reset:\n    {RM}", "[FLAG; DELETE_FILE a.db | ]"),
        (f'if "--force" in sys.argv:\n    {RM}', "[FLAG; DELETE_FILE a.db | ]"),
        (
            f'if os.path.exists("a.db"):\n    {RM}',
            "[DELETE_FILE a.db | ABSENT a.db]",
        ),
        (
            'if not os.path.exists("a.db"):\n    db.create_all()',
            "[ABSENT a.db; CREATE_ALL | ]",
        ),
        (f"if x:\n    {RM}\nelif settings.DEBUG:\n    pass", "[DELETE_FILE a.db | ENVIRONMENT | ]"),
        (
            f'def sure():\n    return input("?") == "y"\ndef f():\n    if not sure():\n        return\n    {RM}\nf()',
            "f(sure(stop: return); [stop: return | PERSON]; DELETE_FILE a.db)",
        ),
    ],
)
def test_shape(code: str, shape: str) -> None:
    assert shapes(HEAD + code) == [f": {shape}"]


def test_a_confirmation_decorator_stands_before_the_body() -> None:
    text = f'{HEAD}@click.command()\n@click.confirmation_option(prompt="?")\ndef f():\n    {RM}\n'
    assert shapes(text) == ["f: PERSON; DELETE_FILE a.db"]


def test_uncalled_functions_are_flows_and_called_ones_are_not() -> None:
    text = f"{HEAD}def a():\n    b()\ndef b():\n    {RM}\ndef c():\n    {RM}\n"
    assert shapes(text) == ["a: b(DELETE_FILE a.db)", "c: DELETE_FILE a.db"]


def test_recursion_is_cut() -> None:
    text = f"{HEAD}def a():\n    {RM}\n    b()\ndef b():\n    a()\na()\n"
    assert shapes(text) == [": a(DELETE_FILE a.db)"]


COUNTS = """\
c = sqlite3.connect("a.db").cursor()
c.execute("SELECT count(*) FROM a")
a = c.fetchone()[0]
(b,) = c.execute("SELECT count(*) FROM b").fetchone()
"""
CHECK = "check: SELECT count(*) FROM a = SELECT count(*) FROM b"
A_NO_GREATER = "check: SELECT count(*) FROM a <= SELECT count(*) FROM b"
B_NO_GREATER = "check: SELECT count(*) FROM b <= SELECT count(*) FROM a"


@pytest.mark.parametrize(
    ("code", "shape"),
    [
        ("if a != b:\n    raise ValueError", f"[stop: raise | {CHECK}]"),
        ("if not a == b:\n    raise ValueError", f"[stop: raise | {CHECK}]"),
        ("assert a == b", f"[stop: raise | {CHECK}]"),
        ("assert int(a) == int(b), 'lost'", f"[stop: raise | {CHECK}]"),
        ("same = a == b\nif not same:\n    sys.exit(1)", f"[stop: exit | {CHECK}]"),
        ("if a < b:\n    sys.exit(1)", f"[{A_NO_GREATER}; stop: exit | {B_NO_GREATER}]"),
        ("if b > a:\n    sys.exit(1)", f"[{A_NO_GREATER}; stop: exit | {B_NO_GREATER}]"),
        ("if b < a:\n    sys.exit(1)", f"[{B_NO_GREATER}; stop: exit | {A_NO_GREATER}]"),
        ("assert a >= b", f"[stop: raise | {B_NO_GREATER}]"),
        ("if a != b and a > 0:\n    sys.exit(1)", f"stop: exit | {A_NO_GREATER}]"),
        ("if a != b and b:\n    sys.exit(1)", f"stop: exit | {B_NO_GREATER}]"),
        ('if a == b:\n    c.execute("DROP TABLE a")', f"[{CHECK}; sql: DROP TABLE a | ]"),
        ("if a == b:\n    sys.exit(1)", f"[{CHECK}; stop: exit | ]"),
    ],
)
def test_a_comparison_of_what_was_read(code: str, shape: str) -> None:
    (found,) = shapes(HEAD + COUNTS + code)
    assert found.endswith(shape)


def test_printing_is_no_check() -> None:
    (found,) = shapes(HEAD + COUNTS + "print(a, b)\nassert settings\n")
    assert "check" not in found


def test_orm_counts_verify() -> None:
    text = HEAD + "if session.query(A).count() != session.query(B).count():\n    raise ValueError\n"
    text += "db.drop_all()\n"
    assert shapes(text) == [": [stop: raise | VERIFY A]; DROP_ALL"]


def test_a_helper_returns_what_it_read() -> None:
    text = HEAD + (
        "def count(cursor, table):\n"
        '    cursor.execute(f"SELECT count(*) FROM {table}")\n'
        "    return cursor.fetchone()[0]\n"
        "def check(cursor):\n"
        '    assert count(cursor, "a") == count(cursor, "b")\n'
    )
    (found,) = shapes(text)
    assert found.endswith(f"[stop: raise | {CHECK}]")


def test_python_2_and_broken_code_are_walked_and_reported() -> None:
    for text in (
        'import os\nprint "x"\nos.remove("a.db")\n',
        'import os\nos.remove("a.db")\ndef (:\n',
        'import os\nif x\n    os.remove("a.db")\n',
    ):
        result = lowered(text)
        assert [p.stage for p in result.problems] == ["parse"], text
        assert "DELETE_FILE a.db" in " ".join(shapes(text)), text
