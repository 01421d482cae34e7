"""The numbers of SECURITY.md are those of the code, and each has a test."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from dbguard import (
    analysis,
    assembly,
    changes,
    databases,
    decoding,
    git,
    lowering,
    reading,
    state,
    survey,
)
from dbguard.hosts import json_nodes, makefile, yaml_nodes
from dbguard.languages import syntax_tree
from dbguard.languages.python import evaluation, modules, program, values
from dbguard.languages.shell import assignments, library, limits

ROOT = Path(__file__).parent.parent
MIB = 1024 * 1024

LIMITS = {
    "size of a file": (reading.FILE_LIMIT // MIB, "test_reading.py"),
    "length of a Python or shell program with a hit": (
        analysis.MAX_LENGTH // MIB,
        "test_limits.py",
    ),
    "stretches of a text that the parser reads, one again and again": (
        syntax_tree.MAX_READS,
        "test_limits.py",
    ),
    "steps of the parser in one text": (syntax_tree.MAX_STEPS, "test_limits.py"),
    "processor time of the parser for one text (the counts above come first)": (
        syntax_tree.PARSE_SECONDS,
        "test_limits.py",
    ),
    "operations of one file, with those of the files it runs": (
        analysis.MAX_OPERATIONS,
        "test_limits.py",
    ),
    "texts embedded in one file": (lowering.MAX_REGIONS, "test_limits.py"),
    "depth of texts in each other": (lowering.MAX_REGION_DEPTH, "test_limits.py"),
    "depth of control flow": (assembly.MAX_FLOW_DEPTH, "test_limits.py"),
    "depth of a YAML file": (yaml_nodes.MAX_DEPTH, "test_limits.py"),
    "nodes of a YAML file": (yaml_nodes.MAX_NODES, "test_limits.py"),
    "looks at nodes of a YAML file (aliases multiply them)": (
        yaml_nodes.MAX_VISITS,
        "test_hosts_yaml.py",
    ),
    "depth of a JSON file": (json_nodes.MAX_DEPTH, "test_limits.py"),
    "expansion of a make variable": (makefile.MAX_EXPANSION, "test_limits.py"),
    "elements of a shell array": (assignments.MAX_ELEMENTS, "test_limits.py"),
    "length of a text put together in Python": (evaluation.TEXT_LIMIT, "test_limits.py"),
    "values of a name in Python, in a loop": (values.EACH_LIMIT, "test_cut_lists.py"),
    "values of a name in Python, one of which it has": (
        values.ALTERNATIVES_LIMIT,
        "test_cut_lists.py",
    ),
    "times its own length that a Python file is walked in calls": (
        program.WALK_FACTOR,
        "test_cut_lists.py",
    ),
    "steps of evaluation in one Python file": (program.STEPS_LIMIT, "test_cut_lists.py"),
    "calls of Python functions followed in each other": (
        program.INLINE_LIMIT,
        "test_cut_lists.py",
    ),
    "calls of shell functions followed in each other": (limits.CALLS, "test_cut_lists.py"),
    "modules of the project read for one Python file": (
        modules.MODULES_LIMIT,
        "test_cut_lists.py",
    ),
    "calls of functions of other modules followed for one Python file": (
        modules.CALLS_LIMIT,
        "test_indirection.py",
    ),
    "commands of functions of other files read for one shell script": (
        limits.REPEATED,
        "test_indirection.py",
    ),
    "commands of functions of other files read for one shell script that is a test": (
        limits.IN_A_TEST,
        "test_indirection.py",
    ),
    "files that one shell script reads in": (library.MAX_LIBRARIES, "test_cut_lists.py"),
    "backups of one path through a script that a step is compared with": (
        state.MOST_COMPARED,
        "test_limits.py",
    ),
    "length of a name that is searched": (databases.LONGEST_NAME, "test_limits.py"),
    "files lowered for the databases they connect to": (survey.MAX_CONNECTING, "test_limits.py"),
    "characters decoded from a literal (base64, hexadecimal digits, zlib)": (
        decoding.LIMIT,
        "test_decoding.py",
    ),
    "comments of one text that speak to dbguard": (lowering.MAX_DIRECTIVES, "test_suppression.py"),
    "changed lines in a row that are compared": (changes.MOST_LINES, "test_limits.py"),
    "time git may take for one answer": (git.TIMEOUT, "test_limits.py"),
}
"""For each row of the table: the number in the code, and where it is tested."""


def rows() -> dict[str, str]:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| ([^|]+?) \| ([^|]+?) \| [^|]+ \|$", text, re.MULTILINE)
    return {name: number for name, number in table if name not in ("limit", "---")}


def test_the_table_is_that_of_the_code() -> None:
    written = rows()
    assert written.keys() == LIMITS.keys()
    for name, (number, _) in LIMITS.items():
        first = re.match(r"[\d,]+", written[name])
        assert first is not None, name
        assert int(first[0].replace(",", "")) == number, name


@pytest.mark.parametrize("name", LIMITS)
def test_each_limit_is_named_in_its_test(name: str) -> None:
    _, file = LIMITS[name]
    source = (ROOT / "tests" / file).read_text(encoding="utf-8")
    marked = re.findall(r"^ *# limit: (.+)$", source, re.MULTILINE)
    assert name in marked
    assert ast.parse(source)
