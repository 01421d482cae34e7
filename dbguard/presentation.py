"""Reports in the formats that were asked for, to where they were asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from dbguard import __version__
from dbguard.options import ScanOptions
from dbguard.records import dataclass
from dbguard.report.model import Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.report.setting import Setting


@dataclass(frozen=True, slots=True)
class Look:
    """How the text report looks ("auto", "always", "never" for colour), and how much is shown.

    ``accepted`` is about SARIF too.
    """

    colour: str = "auto"
    quiet: bool = False
    verbose: bool = False
    accepted: bool = False


def rendered(
    report: Report, name: str, options: ScanOptions, exit_code: int, look: Look, *, to_file: bool
) -> Iterator[str]:
    """Yield a report in the format called *name*; ``to_file`` where it goes to no terminal."""
    if name == "text":
        return _text(report, look, to_file=to_file)
    from dbguard.report.formats import renderer
    from dbguard.report.setting import Setting

    # Of JSON, which has no rule's page in it, nobody waits for the import of all rules.
    setting = Setting() if name == "json" else _setting(options, exit_code, look.accepted)
    return renderer(name)(report, setting)


def _setting(options: ScanOptions, exit_code: int, accepted: bool) -> Setting:
    # Imported here: a text report needs no rule's page.
    from inspect import cleandoc

    from dbguard.git import work_tree_of
    from dbguard.report.setting import RulePage, Setting
    from dbguard.rules import all_rules

    pages = []
    for rule in all_rules():
        summary, _, text = cleandoc(rule.__doc__ or "").partition("\n")
        section = None if rule.section is None else int(rule.section)
        pages.append(RulePage(rule.id, section, summary, text.strip()))
    root = str(options.root)
    return Setting(
        top=work_tree_of(root) or root,
        current=os.getcwd(),
        rules=tuple(pages),
        version=__version__,
        fail_on=options.config.fail_on,
        exit_code=exit_code,
        rule_pages=_rule_pages(),
        accepted=accepted,
    )


def _rule_pages() -> str:
    """Return where docs/rules/ can be read, as whoever runs dbguard says.

    The clone does not know where it was published, and a link to nowhere helps nobody.
    """
    address = os.environ.get("DBGUARD_RULE_PAGES", "")
    return f"{address.rstrip('/')}/" if address.startswith("https://") else ""


def _text(report: Report, look: Look, *, to_file: bool) -> Iterator[str]:
    from dbguard.report import text
    from dbguard.report.style import Style, wants_colour, wants_links

    terminal = not to_file and sys.stdout.isatty()
    width = text.WIDTH
    if terminal:
        from shutil import get_terminal_size

        width = max(40, get_terminal_size((text.WIDTH, 24)).columns)
    style = Style(
        wants_colour("never" if to_file else look.colour, os.environ, terminal=terminal),
        os.getcwd() if wants_links(os.environ, terminal=terminal) else "",
    )
    return text.render(
        report, text.TextOptions(style, width, look.quiet, look.verbose, look.accepted)
    )
