"""Write docs/config.schema.json; ``--check`` only says whether it is stale."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from dbguard.config import FAIL_ON, MINIMUM, OPTION, PATTERN_KEYS, PROGRAM, RULE_SEVERITY
from dbguard.own_commands import DOES
from dbguard.rules import all_rules
from tools.generated import write_or_check

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


if __name__ == "__main__":
    sys.exit(write_or_check(json.dumps(schema(), indent=2) + "\n", SCHEMA, __file__))
