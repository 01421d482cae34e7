"""The formats of a report by name. A format is loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module

from dbguard.records import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.report.model import Report
    from dbguard.report.setting import Setting

_MODULES = {
    "json": "json_report",
    "sarif": "sarif",
    "github": "github",
    "gitlab": "gitlab",
    "junit": "junit",
    "rdjson": "rdjson",
    "html": "html",
    "markdown": "markdown",
}

FORMATS = ("text", *_MODULES)
"""What ``--format`` and ``--output`` know."""

STANDARD_OUTPUT = "-"


@dataclass(frozen=True, slots=True)
class Output:
    """A format and the file it goes to, ``-`` for standard output."""

    format: str
    file: str


def renderer(name: str) -> Callable[[Report, Setting], Iterator[str]]:
    """Return what renders a format. "text" is not among them: it depends on the terminal."""
    module = import_module(f"dbguard.report.{_MODULES[name]}")
    render: Callable[..., Iterator[str]] = module.render
    if name == "json":
        return lambda report, _: render(report)
    return render
