"""Words: what the shell makes of a name before a program sees it."""

from __future__ import annotations

import pytest

from tests.shell_lowering import all_operations, deleted, embedded, lowered, overwritten


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("rm app.db", ["app.db"]),
        (r"r\m app.db", ["app.db"]),
        ("'r''m' \"app\".db", ["app.db"]),
        (r"$'rm' $'app\x2edb'", ["app.db"]),
        ("rm $(echo app.db)", ["app.db"]),
        ("rm `echo app.db`", ["app.db"]),
        ("DB=app.db; rm $DB", ["app.db"]),
        ("rm ${DB:-app.db}", ["app.db"]),
        ("rm ${DB:=app.db} && rm $DB", ["app.db", "app.db"]),
        ("DB=x.db; rm ${DB:-app.db}", ["x.db"]),
        ("rm $DB", ["{DB}"]),
        ('rm "$1/app.db"', ["{1}/app.db"]),
        ("f=app.db.gz; rm ${f%.gz}", ["app.db"]),
        ("f=/srv/app.db; rm ${f##*/}", ["app.db"]),
        ("f=/srv/app.db; rm ${f#/srv/}", ["app.db"]),
        ("f=a/b/c.db; rm ${f%/*}/d.db", ["a/b/d.db"]),
        ("f=app.txt; rm ${f/txt/db}", ["app.db"]),
        ("f=APP.DB; rm ${f,,}", ["app.db"]),
        ("f=(a.db b.db); rm ${f[@]}", ["a.db", "b.db"]),
        ('f=(a.db b.db); rm "${f[1]}"', ["b.db"]),
        ("f=(a.db); f+=(b.db); rm \"${f[@]}\"", ["a.db", "b.db"]),
        ('f="a.db b.db"; rm $f', ["a.db", "b.db"]),
        ('f="a b.db"; rm "$f"', ["a b.db"]),
        ("rm {a,b}.db", ["a.db", "b.db"]),
        ("rm {a,{b,c}}.db", ["a.db", "b.db", "c.db"]),
        ("rm s{1..3}.db", ["s1.db", "s2.db", "s3.db"]),
        ("rm '{a,b}.db'", ["{a,b}.db"]),
        ("x=name; name=app.db; rm ${!x}", ["app.db"]),
        ("readonly D=data; rm $D/app.db", ["data/app.db"]),
        ("rm $(basename /srv/app.db)", ["app.db"]),
        ("t=$(mktemp -d); rm $t/app.db", ["/tmp/{mktemp}/app.db"]),
        ("rm app-$(date +%s).db", ["app-{date}.db"]),
        ("set -- a.db b.db; shift; rm $1", ["b.db"]),
        ("rm {{ db_path }}", ["{db_path}"]),
        ("CMD='rm app.db'; $CMD", ["app.db"]),
        ("eval 'rm app.db'", ["app.db"]),
        ("alias rm='rm -f'\nrm app.db", ["app.db"]),
        ("trap 'rm app.db' EXIT", ["app.db"]),
        ("f() { rm \"$1\"; }\nf app.db", ["app.db"]),
        ("f() { rm \"$@\"; }\nmain() { f \"$@\"; }\nmain a.db b.db", ["a.db", "b.db"]),
        ("for f in a.db b.db; do rm $f; done", ["a.db", "b.db"]),
        ("for f in *.db; do rm \"$f\"; done", ["*.db"]),
        ("find . -name '*.db' | while read f; do rm \"$f\"; done", ["*.db"]),
        ("while read f; do rm $f; done < <(find data -name app.db)", ["data/app.db"]),
        ("find . -name '*.db' | xargs rm", ["*.db"]),
        ("ls data/*.db | xargs rm", ["data/*.db"]),
        ("echo app.db | xargs rm", ["app.db"]),
        ("echo rm app.db", []),
        ("cat <<EOF\nrm app.db\nEOF", []),
        ("# rm app.db", []),
        ("cd data; rm app.db", ["data/app.db"]),
        ("(cd data); rm app.db", ["app.db"]),
        ("cd data && rm app.db", ["data/app.db"]),
        ("pushd data; popd; rm app.db", ["app.db"]),
        ('cd "$(dirname "$0")" && rm app.db', ["app.db"]),
        ('cd "$(dirname "$0")/.." && rm app.db', ["../app.db"]),
        ("R=$(pwd); cd data; rm $R/app.db", ["app.db"]),
        ("cd $HERE; rm app.db", ["{HERE}/app.db"]),
        ("cd data; rm /srv/app.db", ["/srv/app.db"]),
    ],
)  # fmt: skip
def test_what_is_deleted(text: str, names: list[str]) -> None:
    assert deleted(text) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("> app.db", ["app.db"]),
        (": > app.db", ["app.db"]),
        (">| app.db", ["app.db"]),
        ("true && : > app.db", ["app.db"]),
        ("cat a | tr a b > app.db", ["app.db"]),
        ("cd data; > app.db", ["data/app.db"]),
        ("echo x >> app.db", []),
        ("echo x > /dev/null 2>&1", []),
        ("rm x 2>&1", []),
    ],
)
def test_what_is_overwritten(text: str, names: list[str]) -> None:
    assert overwritten(text) == names


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("psql app <<EOF\nDROP TABLE t;\nEOF\n", ("sql", "DROP TABLE t;\n")),
        ("psql app <<-EOF\n\tDROP TABLE t;\n\tEOF\n", ("sql", "DROP TABLE t;\n")),
        ("T=t; psql app <<EOF\nDROP TABLE $T;\nEOF\n", ("sql", "DROP TABLE t;\n")),
        ("T=t; psql app <<'EOF'\nDROP TABLE $T;\nEOF\n", ("sql", "DROP TABLE $T;\n")),
        ("psql app <<EOF || exit 1\nDROP TABLE t;\nEOF\n", ("sql", "DROP TABLE t;\n")),
        ("if psql app <<EOF; then\nDROP TABLE t;\nEOF\necho; fi", ("sql", "DROP TABLE t;\n")),
        ("cat <<EOF | psql app\nDROP TABLE t;\nEOF\n", ("sql", "DROP TABLE t;\n")),
        ("cat > x.sql <<EOF\nDROP TABLE t;\nEOF\npsql app -f x.sql", ("sql", "DROP TABLE t;\n")),
        ("psql app <<< 'DROP TABLE t'", ("sql", "DROP TABLE t")),
        ("psql app > log <<< 'DROP TABLE t'", ("sql", "DROP TABLE t")),
        ("psql app > log 2>&1 <<EOF -q\nDROP TABLE t;\nEOF\n", ("sql", "DROP TABLE t;\n")),
        ("echo 'DROP TABLE t' | psql app", ("sql", "DROP TABLE t")),
        ("printf 'DROP TABLE %s;' t | psql app", ("sql", "DROP TABLE t;")),
        ("{ echo 'BEGIN;'; echo 'DROP TABLE t;'; } | psql app",
         ("sql", "BEGIN;\nDROP TABLE t;\n")),
        ("SQL='DROP TABLE t'; psql app -c \"$SQL\"", ("sql", "DROP TABLE t")),
    ],
)  # fmt: skip
def test_what_reaches_a_client(text: str, content: tuple[str, str]) -> None:
    assert content in embedded(text)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("sudo rm -f app.db >/dev/null", "rm -f app.db"),
        ("FOO=1 rm app.db", "rm app.db"),
        ("command rm 'app.db'", "rm 'app.db'"),
        ("é=1; rm app.db # é", "rm app.db"),
        ("x() {\r\n  rm app.db\r\n}\r\n", "rm app.db"),
        ('D=app.db\nrm "$D"\n', 'rm "$D"'),
        ("C='rm app.db'\neval \"$C\"\n", "rm app.db"),
        ("bash <<-E\n\t\trm app.db\nE\n", None),
    ],
)
def test_spans_are_the_simple_command(text: str, span: str | None) -> None:
    found = [text[o.span.start : o.span.end] for o in all_operations(text) if o.target.name]
    assert found == ([] if span is None else [span])


def test_an_uncalled_function_is_a_flow_of_its_own() -> None:
    flows = lowered("a() { b; }\nb() { rm x.db; }\nc() { rm y.db; }\na").flows
    assert [flow.name for flow in flows] == ["", "c"]


def test_a_function_that_an_uncalled_one_calls_is_followed_from_there() -> None:
    text = 'remove() { rm -f "$1"; }\nreset() { remove app.db; }\n'
    assert [flow.name for flow in lowered(text).flows] == ["", "reset"]
    assert deleted(text) == ["app.db"]
