"""Named tasks of one file that run one another: targets, recipes, scripts."""

from __future__ import annotations

from collections.abc import Mapping

from dbguard.flow import Call, Flow, Node, Sequence
from dbguard.hosts.shell_steps import Setting, script, step
from dbguard.records import dataclass
from dbguard.source import Mapped, Region, Span

MAX_DEPTH = 4
"""How deep a task is followed into those it runs."""

MAX_PARTS = 5_000
"""How many parts of tasks are put in place of their names in one file."""


@dataclass(frozen=True, slots=True)
class Run:
    """A task runs another one of the same file here; ``span`` says so."""

    name: str
    span: Span


def flows(tasks: Mapping[str, list[Node | Run]]) -> tuple[Flow, ...]:
    """Return a flow for each task, with the tasks it runs in their place.

    A person may run any of them, so each has a flow of its own.
    """
    left = MAX_PARTS

    def body(name: str, around: tuple[str, ...]) -> Sequence:
        nonlocal left
        nodes: list[Node] = []
        for part in tasks[name]:
            if not isinstance(part, Run):
                nodes.append(part)
            elif part.name in tasks and part.name not in around and len(around) <= MAX_DEPTH:
                left -= len(tasks[part.name]) + 1
                if left > 0:
                    inner = body(part.name, (*around, part.name))
                    nodes.append(Call(part.name, part.span, inner))
        return Sequence(tuple(nodes))

    return tuple(Flow(name, body(name, (name,))) for name in tasks)


def command(
    region: Region, text: Mapped, via: str, setting: Setting, *, checked: bool = True
) -> Node:
    """Return a command line that a shell of its own gets (``sh -c``).

    Its status is that of its last part: if *checked*, what follows runs only if that worked.
    """
    end = text.span.end
    contents = [text]
    if checked and "e" not in setting.options.split("o")[0]:
        contents.append(Mapped.at("\n[ $? -eq 0 ] || exit 1\n", Span(end, end)))
    return step(script(region, contents, via, text.span, setting), checked=checked)
