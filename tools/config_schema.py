"""Write docs/config.schema.json; ``--check`` only says whether it is stale."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from dbguard.config import FAIL_ON, MINIMUM, OPTION, PATTERN_KEYS, PROGRAM, RULE_SEVERITY
from dbguard.own_commands import DOES
from dbguard.rules import all_rules

SCHEMA = Path(__file__).resolve().parent.parent / "docs" / "config.schema.json"

_ABOUT = {
    "exclude": "what is not checked",
    "database-files": "files that are databases",
    "not-database-files": "files that are none, whatever their names say",
    "test-paths": "files that are tests",
}


def schema() -> dict[str, Any]:
    """Return the JSON schema of the settings."""
    patterns = {"type": "array", "items": {"type": "string"}}
    severity = {
        "type": "object",
        "description": "the severity of a rule's findings",
        "additionalProperties": False,
        "properties": {rule.id: {"enum": list(RULE_SEVERITY)} for rule in all_rules()},
    }
    override = {
        "type": "object",
        "additionalProperties": False,
        "required": ["paths", "severity"],
        "properties": {
            "paths": {**patterns, "minItems": 1},
            "severity": {"$ref": "#/$defs/severity", "minProperties": 1},
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "dbguard settings",
        "description": "What [tool.dbguard] in pyproject.toml or .dbguard.yaml may hold. "
        "Patterns are those of .gitignore, from the root of the project.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            **{key: {**patterns, "description": _ABOUT[key]} for key in PATTERN_KEYS},
            "fail-on": {"enum": list(FAIL_ON), "description": "the least severity that fails"},
            "minimum-severity": {
                "enum": list(MINIMUM),
                "description": "the least severity that is reported",
            },
            "severity": {"$ref": "#/$defs/severity"},
            "commands": {
                "type": "array",
                "description": "commands of the project's own, and what they do",
                "items": _command(),
            },
            "overrides": {
                "type": "array",
                "description": "severities for some paths; the last that matches decides",
                "items": override,
            },
        },
        "$defs": {"severity": severity},
    }


def _command() -> dict[str, Any]:
    operand = {"type": "integer", "minimum": 1, "maximum": 99}
    option = {"type": "string", "pattern": OPTION}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["program", "does"],
        "properties": {
            "program": {
                "type": "string",
                "pattern": PROGRAM,
                "description": "its name without folders, and perhaps a subcommand",
            },
            "does": {"enum": list(DOES)},
            "target": {
                "anyOf": [operand, option],
                "description": "which operand, or which option, names what it is done to",
            },
        },
        "if": {"properties": {"does": {"const": "run-command"}}},
        "then": {"properties": {"target": False}},
    }


def main() -> int:
    """Write the schema, or return 1 where it is stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    wanted = json.dumps(schema(), indent=2) + "\n"
    if SCHEMA.exists() and SCHEMA.read_text(encoding="utf-8") == wanted:
        return 0
    if check:
        print(f"{SCHEMA.name} is stale: run python tools/config_schema.py", file=sys.stderr)
        return 1
    SCHEMA.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
