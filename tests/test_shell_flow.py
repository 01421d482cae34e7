"""Control flow: what has succeeded, what holds, what stops."""

from __future__ import annotations

import pytest

from dbguard.operations import Kind
from tests.shell_lowering import all_operations, facts_before

_COUNTS = 'a=$(sqlite3 x.db "SELECT count(*) FROM o")\nb=$(sqlite3 x.db "SELECT count(*) FROM n")\n'


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ('[ "$a" -eq "$b" ] || exit 1\nrm y', ["check"]),
        ('[ "$a" -ne "$b" ] || exit 1\nrm y', []),
        ('[ "$a" -ne "$b" ] && exit 1\nrm y', ["check"]),
        ("[[ $a == $b ]] && rm y", ["check"]),
        ("[[ $a != $b ]] && rm y", []),
        ("if (( a == b )); then rm y; fi", ["check"]),
        ("if (( a != b )); then exit 1; fi\nrm y", ["check"]),
        ('if ! test "$a" = "$b"; then exit 1; fi\nrm y', ["check"]),
        ('if [ "$a" = "$b" ]; then echo same; else exit 1; fi\nrm y', ["check"]),
        ('if [ "$a" = "$b" ]; then echo same; fi\nrm y', []),
        ('[ "$a" -eq "$b" ]\nrm y', []),
        ('set -e\n[ "$a" -eq "$b" ]\nrm y', ["check"]),
        ('[ "$b" -gt 0 ] || exit 1\nrm y', ["check"]),
        ('[ "$b" -eq 0 ] && exit 1\nrm y', ["check"]),
        ('[ "$b" -eq 0 ] && echo empty\nrm y', []),
        ('[ "$new" = "$old" ] || exit 1\nrm y', []),
        ('ok() { [ "$a" -eq "$b" ]; }\nok || exit 1\nrm y', ["check"]),
        ('ok() { [ "$a" -eq "$b" ] || return 1; }\nok && rm y', ["check"]),
        ('[ "$a" -eq "$b" ] || die "rows lost"\nrm y', ["check"]),
        (
            'echo start > log\n[ "$a" -eq "$b" ] || exit 1\necho x > log\n[ -f z ] && rm y',
            ["check"],
        ),
    ],
)
def test_a_comparison_holds_where_its_failure_stops(text: str, facts: list[str]) -> None:
    assert facts_before(_COUNTS + text, "y") == facts


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ('[ "$APP_ENV" = test ] || exit 1\nrm y', ["environment"]),
        ('[ "$APP_ENV" = production ] && exit 1\nrm y', ["environment"]),
        ('[ "$APP_ENV" = production ] || exit 1\nrm y', []),
        ('if [ "$RAILS_ENV" != "production" ]; then rm y; fi', ["environment"]),
        ('if [[ "$NODE_ENV" == "development" || "$NODE_ENV" == "test" ]]; then rm y; fi',
         ["environment"]),
        ('case "$ENV" in dev|test) rm y ;; esac', ["environment"]),
        ('case "$ENV" in prod*) exit 1 ;; esac\nrm y', ["environment"]),
        ('[ -n "$CI" ] || exit\nrm y', ["environment"]),
        ('[ -z "$CI" ] || exit\nrm y', []),
        ('[ "$HOST" = test ] && rm y', []),
        ('read -p "sure? " a; [ "$a" = y ] || exit\nrm y', ["person"]),
        ('read -p "sure? " a; [ "$a" = n ] && exit\nrm y', ["person"]),
        ('read -p "sure? " a; [[ $a =~ ^[Yy] ]] || exit\nrm y', ["person"]),
        ('read -p "sure? " a\nrm y', []),
        ('read -r a < answers; [ "$a" = y ] || exit\nrm y', []),
        ('read -p "sure? " a; case $a in y|Y) rm y ;; *) exit ;; esac', ["person"]),
        ('select a in Yes No; do case $a in Yes) rm y ;; No) exit ;; esac; done', ["person"]),
        ('if [ "$1" = "--force" ]; then rm y; fi', ["flag"]),
        ('case $1 in --reset) rm y ;; esac', ["flag"]),
        ('[ "$FORCE" = 1 ] && rm y', ["flag"]),
        ('while getopts "fx" o; do case $o in f) rm y ;; esac; done', ["flag"]),
        ('if $FORCE; then rm y; fi', ["flag"]),
        ('[ -f y ] && rm y', []),
        ('[ ! -f y ] && rm y', ["absent"]),
    ],
)  # fmt: skip
def test_guards_stand_on_the_path_on_which_they_hold(text: str, facts: list[str]) -> None:
    assert facts_before(text, "y") == facts


@pytest.mark.parametrize(
    ("text", "checked"),
    [
        ("cp a b", False),
        ("set -e\ncp a b", True),
        ("set -euo pipefail\ncp a b", True),
        ("set -o errexit\ncp a b", True),
        ("#!/bin/bash -e\ncp a b", True),
        ("set -e\nset +e\ncp a b", False),
        ("set -e\ncp a b || true", True),
        ("cp a b && echo", True),
        ("cp a b; echo", False),
        ("cp a b || exit 1", True),
        ("set -e\ncp a b | cat", False),
        ("set -eo pipefail\ncp a b | cat", True),
        ("set -e\ncat x | cp a b", True),
        ("set -e\ncp a b &", False),
        ("f() { cp a b; }\nset -e\nf", True),
        ("f() { cp a b; }\nf || exit 1", True),
        ("f() { cp a b; echo; }\nf || exit 1", False),
        ("set -e\nf() { cp a b; echo; }\nif f; then echo; fi", False),
        ("if ! cp a b; then exit 1; fi", True),
        ("cp a b\nif [ $? -ne 0 ]; then exit 1; fi", True),
        ("cp a b\n[ $? -eq 0 ] || exit 1", True),
        ("cp a b\nrc=$?\nif [ $rc -ne 0 ]; then exit 1; fi", True),
        ("cp a b\nrc=$?\nif (( rc != 0 )); then exit 1; fi", True),
        ("cp a b\nrc=$?\necho $rc", False),
        ("trap 'exit 1' ERR\ncp a b", True),
    ],
)
def test_a_command_is_checked_where_its_failure_stops(text: str, checked: bool) -> None:
    copies = [o for o in all_operations(text) if o.kind is Kind.COPY_FILE]
    assert [copy.checked for copy in copies] == [checked]
