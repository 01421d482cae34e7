"""Templates of Python, as cookiecutter has them: read as the Python they make."""

from __future__ import annotations

import pytest

from dbguard.analysis import analyse
from dbguard.source import SourceFile

_TEMPLATE = """\
from {{ cookiecutter.project_slug }}.models import User
{%- if cookiecutter.cloud == "none" %}
import os
{%- endif %}

def reset():
    os.remove("{{ cookiecutter.project_slug }}.db")
    os.remove("app.db")
"""


def test_a_template_is_read_whole() -> None:
    analysis = analyse(SourceFile("a.py", _TEMPLATE), "python")
    assert not analysis.problems
    assert [finding.primary.source for finding in analysis.findings] == [
        'os.remove("{{ cookiecutter.project_slug }}.db")',
        'os.remove("app.db")',
    ]
    assert [finding.severity.value for finding in analysis.findings] == ["warning", "error"]


@pytest.mark.parametrize(
    "expression", ["{{x}}", "{{ a__b }}", "{{ 'x' | lower }}", "{{ " + "name." * 20 + "x }}"]
)
def test_every_place_stays_the_same(expression: str) -> None:
    text = f'import {expression}\nimport os\nos.remove("app.db")\n'
    analysis = analyse(SourceFile("a.py", text), "python")
    assert not analysis.problems
    assert [finding.primary.source for finding in analysis.findings] == ['os.remove("app.db")']


def test_what_is_no_template_is_still_reported() -> None:
    text = 'import os\nos.remove("app.db")\nx = {{ 1\n'
    assert analyse(SourceFile("a.py", text), "python").problems
