"""justfiles: each recipe is a flow of what it needs and of its lines.

https://just.systems/man/en/. Each line is a shell of its own and the first that fails ends
the recipe unless ``-`` stands before it; a recipe that begins with ``#!`` is one script.
"""

from __future__ import annotations

import re

from dbguard.flow import Embed, Lowered, Node
from dbguard.hosts.line_comments import comments
from dbguard.hosts.shell_steps import Setting, script, step
from dbguard.hosts.tasks import Run, command, flows
from dbguard.kinds import FileKind, kind_of_shebang
from dbguard.patterns import regex
from dbguard.records import dataclass, field
from dbguard.source import Mapped, Region, Transcript, hole

__all__ = ["comments", "lower"]

_ASSIGNMENT = regex(
    r"(?P<export>export[ \t]+)?(?P<name>[A-Za-z_][\w-]*)[ \t]*:=[ \t]*"
    r"(?:\"(?P<double>[^\"\n]*)\"|'(?P<single>[^'\n]*)')?"
)
_RECIPE = regex(r"@?(?P<name>[A-Za-z_][\w-]*)(?:[ \t][^:\n]*)?:(?!=)(?P<needs>[^#\n]*)")
_SHELL = regex(r"set[ \t]+shell[ \t]*:=[ \t]*\[([^\]\n]*)\]")
_NEED = regex(r"\([ \t]*([A-Za-z_][\w-]*)[^)]*\)|([A-Za-z_][\w-]*)|(&&)")
_INTERPOLATION = regex(r"\{\{\{\{|\{\{([^{}\n]*)\}\}")
_PREFIX = regex(r"[ \t]*[@-]*[ \t]*")


@dataclass(slots=True)
class _Recipe:
    before: list[Run]
    after: list[Run]
    lines: list[tuple[int, int]] = field(default_factory=list)


def lower(region: Region) -> Lowered:
    """Return a flow for each recipe."""
    return _Justfile(region).lower()


class _Justfile:
    def __init__(self, region: Region) -> None:
        self.region = region
        self.variables: dict[str, str] = {}
        self.exported: dict[str, Mapped] = {}
        self.recipes: dict[str, _Recipe] = {}
        self.options, self.dialect = "-u", "sh"

    def lower(self) -> Lowered:
        self._read()
        tasks: dict[str, list[Node | Run]] = {}
        for name, recipe in self.recipes.items():
            tasks[name] = [*recipe.before, *self._body(recipe), *recipe.after]
        return Lowered(flows(tasks))

    def _read(self) -> None:
        current: _Recipe | None = None
        for match in re.finditer(r"[^\n]+", self.region.text):
            line, (start, end) = match[0], match.span()
            if current is not None and line[:1] in (" ", "\t") and line.strip():
                joined = current.lines and self.region.text[slice(*current.lines[-1])]
                if joined and joined.endswith("\\"):
                    current.lines[-1] = (current.lines[-1][0], end)
                else:
                    current.lines.append((start, end))
                continue
            if not line.strip() or line.startswith("#"):
                continue
            shell, assignment = _SHELL.match(line), _ASSIGNMENT.match(line)
            recipe = _RECIPE.match(line)
            if shell:
                words = re.findall(r"[\"']([^\"']*)[\"']", shell[1])
                self.dialect = words[0].rpartition("/")[2] if words else "sh"
                rest = [w.replace("c", "") if w.startswith("-") else w for w in words[1:]]
                self.options = " ".join(word for word in rest if word != "-")
            elif assignment:
                self._assign(assignment, start)
            elif recipe:
                current = self._recipe(recipe, start)

    def _assign(self, match: re.Match[str], start: int) -> None:
        group = "double" if match["double"] is not None else "single"
        if match[group] is None:
            return
        self.variables[match["name"]] = match[group]
        if match["export"]:
            low, high = match.span(group)
            self.exported[match["name"]] = self.region.slice(start + low, start + high)

    def _recipe(self, match: re.Match[str], start: int) -> _Recipe:
        needs: list[list[Run]] = [[], []]
        after = 0
        for need in _NEED.finditer(match["needs"]):
            if need[3]:
                after = 1
                continue
            at = start + match.start("needs")
            place = self.region.span(at + need.start(), at + need.end())
            needs[after].append(Run(need[1] or need[2], place))
        recipe = self.recipes[match["name"]] = _Recipe(needs[0], needs[1])
        return recipe

    def _body(self, recipe: _Recipe) -> list[Node]:
        lines = recipe.lines
        if not lines:
            return []
        region = self.region
        via = "recipe of just"
        first = region.text[slice(*lines[0])].lstrip()
        if first.startswith("#!"):
            return self._script(lines, kind_of_shebang(first.encode("utf-8", "replace")), via)
        setting = Setting(self.options, None, self.exported, self.dialect)
        nodes: list[Node] = []
        for start, end in lines:
            prefix = _PREFIX.match(region.text, start, end)
            begin = prefix.end() if prefix else start
            if begin < end and region.text[begin] != "#":
                checked = "-" not in region.text[start:begin]
                content = self._content(begin, end)
                nodes.append(command(region, content, via, setting, checked=checked))
        return nodes

    def _script(self, lines: list[tuple[int, int]], kind: FileKind | None, via: str) -> list[Node]:
        """Return a recipe that is one script, without the indentation of its first line."""
        language = kind.language if kind is not None else ""
        if language not in ("shell", "python"):
            return []
        text = self.region.text
        first = text[slice(*lines[0])]
        indent = len(first) - len(first.lstrip())
        parts = []
        for start, end in lines:
            cut = min(indent, len(text[start:end]) - len(text[start:end].lstrip()))
            place = self.region.span(end, end)
            parts += [self._content(start + cut, end), Mapped.at("\n", place)]
        content = Mapped.join(parts)
        if language == "python":
            inner = self.region.embed("python", content, via)
            return [Embed(inner, content.span)]
        setting = Setting("", None, self.exported, "bash")
        return [step(script(self.region, (content,), via, content.span, setting))]

    def _content(self, start: int, end: int) -> Mapped:
        """Return a line with its interpolations: known values, or holes."""
        transcript, at = Transcript(), start
        for match in _INTERPOLATION.finditer(self.region.text, start, end):
            transcript.mapped(self.region.slice(at, match.start()))
            name = None if match[1] is None else match[1].strip(" \t")
            value = "{{" if name is None else self.variables.get(name, hole(name))
            place = self.region.span(match.start(), match.end())
            transcript.inexact(value, place.start, place.end - place.start)
            at = match.end()
        transcript.mapped(self.region.slice(at, end))
        return transcript.build()
