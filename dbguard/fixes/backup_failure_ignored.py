"""backup-failure-ignored."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from dbguard.repair.edits import Edit
from dbguard.repair.fix import Fix, Repair, Safety, Site
from dbguard.repair.places import around
from dbguard.repair.python_code import PythonCode
from dbguard.repair.shell_code import inserted
from dbguard.repair.stopping import raised_again, shell_stops
from dbguard.source import Region, Span

_CHECKING = {"call": "check_call"}
_RUNS = frozenset({"run"})


class BackupFailureIgnored(Fix):
    """The failure of the backup stops what follows. In shell, `;` or the line end between the
    two becomes `&&`; where they are apart, `|| exit 1` comes behind the backup, and takes the
    place of `|| true`; else `set -euo pipefail` comes to the top of the script, which is for
    you to review. In Python, `subprocess.run` gets `check=True`, `subprocess.call` becomes
    `check_call`, and a handler that swallows the failure raises it again.
    """

    rule = "backup-failure-ignored"
    safety = Safety.SAFE

    def repairs(self, site: Site) -> Iterator[Repair]:
        """Yield what ties the two together."""
        if (found := around(site.region, "shell", site.finding.primary.span)) is not None:
            yield from shell_stops(site, *found)
        if (found := around(site.region, "python", site.finding.primary.span)) is not None:
            yield from _in_python(site, *found)


def _in_python(site: Site, region: Region, span: Span) -> Iterator[Repair]:
    code = site.parsed.python(region)
    if code is None:
        return
    call = code.node_at(span, "call")
    if call is None:
        return
    function = call.child_by_field_name("function")
    arguments = call.child_by_field_name("arguments")
    if function is None or arguments is None:
        return
    name = code.text(function).rpartition(".")[2]
    if name in _RUNS:
        yield from _checked(code, call, arguments)
    elif name in _CHECKING and "." in code.text(function):
        # What is imported by its name has no other beside it.
        end = code.inner(function).end
        edit = Edit(Span(end - len(name), end), _CHECKING[name])
        yield Repair(region, (edit,), f"{_CHECKING[name]} instead of {name}")
    yield from raised_again(code, call)


def _checked(code: PythonCode, call: Node, arguments: Node) -> Iterator[Repair]:
    check = code.keywords(call).get("check")
    if check is not None:
        yield Repair(code.region, (Edit(code.inner(check), "True"),), "check=True")
        return
    last = arguments.named_children[-1:]
    end = code.inner(last[0]).end if last else code.inner(arguments).start + 1
    text = ", check=True" if last else "check=True"
    yield Repair(code.region, (inserted(end, text),), "check=True")
