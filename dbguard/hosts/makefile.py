"""Makefiles: each target is a flow of what its prerequisites and its recipe do.

https://www.gnu.org/software/make/manual/make.html. Each line of a recipe is a shell of its
own, and make stops at the first that fails unless ``-`` stands before it. Variables are
expanded as far as the file says their values; functions of make are holes. An included
file is not followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dbguard.flow import Branch, Lowered, Node, Sequence
from dbguard.hosts.line_comments import comments
from dbguard.hosts.shell_steps import Setting, script, step
from dbguard.hosts.tasks import Run, command, flows
from dbguard.patterns import regex
from dbguard.records import dataclass, field
from dbguard.source import Mapped, Problem, Region, Transcript, hole

__all__ = ["comments", "lower"]

MAX_STEPS = 200_000
"""How many references of one file are expanded; what is left is not known."""

MAX_EXPANSION = 40_000
"""How long the value of a variable may grow, in code points; a longer one is not known."""

_DEPTH = 8
_ASSIGNMENT = regex(
    r"[ ]*(?P<words>(?:(?:export|override|private)\s+)*)"
    r"(?P<name>[^\s:#=+?!$]+)\s*(?P<sign>\+=|:{0,3}=|\?=|!=)[ \t]*"
)
_RULE = regex(
    r"(?P<targets>[^\s:=#][^:=#\n]*?)[ \t]*&?::?(?!=)(?P<rest>[^;#\n]*)(?P<inline>;[^\n]*)?"
)
_CONDITION = regex(r"[ \t]*(ifeq|ifneq|ifdef|ifndef|else|endif)\b")
_DEFINE = regex(r"[ ]*(?:export\s+|override\s+)*define\s+([^\s=:+?]+)")
_EXPORT = regex(r"[ ]*(un)?export\b[ \t]*([^=\n]*)$")
_REFERENCE = regex(r"\$(?:\((?P<round>[^()$]*)\)|\{(?P<curly>[^{}$]*)\}|(?P<letter>[^\s({]))")
_PREFIX = regex(r"(?:(?!@\w+@)[@+\-\s])*")
_CONFIGURED = regex(r"@(\w+)@")  # what ./configure puts into a Makefile.in
_MAKES = regex(r"(?:make|\$\(MAKE\)|\$\{MAKE\})\s+(?:--no-print-directory\s+|-s\s+)?"
                    r"(?P<targets>[\w.-]+(?:\s+[\w.-]+)*)\s*")  # fmt: skip


@dataclass(slots=True)
class _Rule:
    """A target: what it needs, and its recipe, in which a list is a choice of recipes."""

    needs: list[str]
    recipe: list[_Item] = field(default_factory=list)


_Item = tuple[int, int] | list["list[_Item]"]


def lower(region: Region) -> Lowered:
    """Return a flow for each target."""
    return _Makefile(region).lower()


class _Makefile:
    """A makefile that is read from top to bottom."""

    def __init__(self, region: Region) -> None:
        self.region = region
        self.text = region.text
        self.variables: dict[str, str] = {}
        self.steps = 0
        self.exported: set[str] = set()
        self.rules: dict[str, _Rule] = {}
        self.prefix = "\t"
        self.one_shell = False
        self.long: set[str] = set()
        self.cut = False
        self.problems: list[Problem] = []

    def lower(self) -> Lowered:
        self._read()
        tasks: dict[str, list[Node | Run]] = {}
        for name, rule in self.rules.items():
            parts: list[Node | Run] = []
            for need in rule.needs:
                if need in self.rules and need != name:
                    start, end = self._place(rule)
                    parts.append(Run(need, self.region.span(start, end)))
            tasks[name] = parts + self._recipe(rule, name)
        return Lowered(flows(tasks), tuple(self.problems))

    def _place(self, rule: _Rule) -> tuple[int, int]:
        return next((item for item in rule.recipe if isinstance(item, tuple)), (0, 0))

    # -- reading -------------------------------------------------------------------

    def _lines(self) -> Iterator[tuple[int, int]]:
        """Yield logical lines: a backslash at the end of a line joins the next one."""
        for match in re.finditer(r"(?:[^\\\n]|\\(?:\n|.|$))*\n?", self.text):
            if match[0]:
                yield match.start(), match.end() - match[0].endswith("\n")

    def _read(self) -> None:
        current: list[_Rule] = []
        open_recipes: list[list[list[_Item]]] = []
        defining = ""
        defined: list[str] = []
        for start, end in self._lines():
            line = self.text[start:end]
            if defining:
                if re.match(r"[ \t]*endef\b", line):
                    self._keep(defining, "\n".join(defined))
                    defining, defined = "", []
                else:
                    defined.append(line)
                continue
            if current and line.startswith(self.prefix):
                self._add(current, open_recipes, (start + 1, end))
                continue
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            condition = _CONDITION.match(line)
            if condition:
                self._condition(condition[1], line, current, open_recipes)
                continue
            define = _DEFINE.match(line)
            if define:
                defining = define[1]
                continue
            assignment = _ASSIGNMENT.match(line)
            if assignment:
                self._assign(assignment, line)
                continue
            export = _EXPORT.match(line)
            if export:
                if not export[1]:
                    self.exported.update(export[2].split() or ["*"])
                continue
            rule = _RULE.match(line)
            if rule:
                open_recipes.clear()
                current = self._rule(rule, start)

    def _add(self, rules: list[_Rule], open_recipes: list[list[list[_Item]]], item: _Item) -> None:
        if open_recipes:
            open_recipes[-1][-1].append(item)
        else:
            for rule in rules:
                rule.recipe.append(item)

    def _condition(
        self, word: str, line: str, rules: list[_Rule], open_recipes: list[list[list[_Item]]]
    ) -> None:
        """Read a conditional: inside a recipe its parts are a choice."""
        if not rules:
            return
        if word.startswith("if"):
            if len(open_recipes) < 30:
                open_recipes.append([[]])
        elif open_recipes and word == "else":
            open_recipes[-1].append([])
            if re.match(r"[ \t]*else[ \t]*(?:#.*)?$", line):
                open_recipes[-1].insert(0, [])  # a mark: one of the arms always runs
        elif open_recipes:
            arms = open_recipes.pop()
            if any(arms):
                self._add(rules, open_recipes, arms)

    def _assign(self, match: re.Match[str], line: str) -> None:
        name, sign = match["name"], match["sign"]
        value = re.sub(
            r"\s*\\\n\s*", " ", re.sub(r"(?:^|\s)#.*$", "", line[match.end() :], flags=re.S)
        )
        value = value.strip()
        if "export" in match["words"]:
            self.exported.add(name)
        if name == ".RECIPEPREFIX":
            self.prefix = value[:1] or "\t"
        elif sign == "!=":
            self.variables[name] = hole(name)
        elif sign == "+=":
            before = self.variables.get(name, "")
            if name not in self.long:
                self._keep(name, f"{before} {value}".strip())
        elif sign in (":=", "::="):
            self.variables[name] = self.expanded(value).replace("$", "$$")
        elif sign != "?=" or name not in self.variables:
            self.variables[name] = value

    def _keep(self, name: str, value: str) -> None:
        """Give a variable a value: of a long one the beginning."""
        self.variables[name] = value[:MAX_EXPANSION]
        if len(value) > MAX_EXPANSION:
            self.long.add(name)

    def _rule(self, match: re.Match[str], start: int) -> list[_Rule]:
        targets = self.expanded(match["targets"]).split()
        if ".ONESHELL" in targets:
            self.one_shell = True
        needs = self.expanded(re.sub(r"\\\n", " ", match["rest"])).replace("|", " ").split()
        found = []
        for target in targets[:200]:
            if target.startswith(".") and target[1:].isupper():
                continue
            rule = self.rules.setdefault(target, _Rule([]))
            rule.needs += needs
            if match["inline"]:
                rule.recipe.append((start + match.start("inline") + 1, start + match.end("inline")))
            found.append(rule)
        return found

    # -- variables -----------------------------------------------------------------

    def value(self, name: str, depth: int = 0) -> str:
        """Return the value of a variable, a hole where it is not known."""
        name = name.strip()
        self.steps += 1
        if name not in self.variables:
            return hole(name)
        if depth > _DEPTH or self.steps > MAX_STEPS:
            self.cut = True
            return hole(name)
        self.cut = self.cut or name in self.long
        return self.expanded(self.variables[name], depth + 1)

    def expanded(self, text: str, depth: int = 0) -> str:
        """Return *text* with its references expanded."""
        parts, length = [], 0
        for part, name in self._references(text):
            new = text[part[0] : part[1]] if name is None else self._known(name, depth)
            length += len(new)
            if length > MAX_EXPANSION:
                self.cut = True
                return hole("value")
            parts.append(new)
        return "".join(parts)

    def _known(self, name: str, depth: int) -> str:
        return "$" if name == "$" else self.value(name, depth)

    def _references(self, text: str) -> Iterator[tuple[tuple[int, int], str | None]]:
        """Yield the stretches of a text: plain ones with None, references with their name."""
        at = 0
        while (found := text.find("$", at)) >= 0:
            match = _REFERENCE.match(text, found)
            end = match.end() if match else _closing(text, found)
            name = text[found + 2 : end - 1]
            if match:
                name = next(one for one in match.groups() if one is not None)
            if found > at:
                yield (at, found), None
            yield (found, end), name
            at = end
        if at < len(text):
            yield (at, len(text)), None

    def content(self, start: int, end: int, target: str, first: str) -> Mapped:
        """Return a line of a recipe as the shell gets it; a reference is one inexact piece."""
        transcript, text = Transcript(), self.text[start:end]
        self.cut = False
        automatic = {"@": target, "<": first or hole("prerequisite")}
        for (left, right), name in self._references(text):
            if name is None:
                self._plain(transcript, start + left, start + right)
                continue
            value = automatic.get(name) or self._known(name, 0)
            place = self.region.span(start + left, start + right)
            transcript.inexact(value, place.start, place.end - place.start)
        if self.cut and not self.problems:
            error = "a make variable is too long, or made of too many others"
            at = self.region.span(start, start)
            self.problems.append(Problem(self.region.file.path, error, "limit", at))
        return transcript.build()

    def _plain(self, transcript: Transcript, start: int, end: int) -> None:
        at = start
        for match in _CONFIGURED.finditer(self.text, start, end):
            transcript.mapped(self.region.slice(at, match.start()))
            place = self.region.span(match.start(), match.end())
            transcript.hole(match[1], place.start, place.end - place.start)
            at = match.end()
        transcript.mapped(self.region.slice(at, end))

    # -- recipes -------------------------------------------------------------------

    def _setting(self) -> Setting:
        flags = self.value(".SHELLFLAGS") if ".SHELLFLAGS" in self.variables else "-c"
        words = [word.replace("c", "") if word.startswith("-") else word for word in flags.split()]
        options = " ".join(word for word in words if word != "-")
        shell = self.value("SHELL").rpartition("/")[2] if "SHELL" in self.variables else "sh"
        names = self.variables if "*" in self.exported else self.exported
        at = self.region.span(0, 0)
        variables = {
            name: Mapped.at(self.value(name), at)
            for name in list(names)[:100]
            if name in self.variables and self.value(name)
        }
        return Setting(options, None, variables, shell if shell in ("bash", "zsh") else "sh")

    def _recipe(self, rule: _Rule, target: str) -> list[Node | Run]:
        setting, first = self._setting(), rule.needs[0] if rule.needs else ""
        if self.one_shell:
            return self._one_shell(rule, target, setting)
        found: list[Node | Run] = []
        for item in rule.recipe:
            if isinstance(item, list):
                found.append(self._choice(item, target, first, setting, 0))
                continue
            start, end = item
            match = _PREFIX.match(self.text, start, end)
            makes = _MAKES.fullmatch(self.text, match.end() if match else start, end)
            if makes and all(name in self.rules for name in makes["targets"].split()):
                place = self.region.span(makes.start(), makes.end())
                found += [Run(name, place) for name in makes["targets"].split()]
            else:
                found += self._line(start, end, target, first, setting)
        return found

    def _choice(
        self, arms: list[list[_Item]], target: str, first: str, setting: Setting, depth: int
    ) -> Node:
        """Return a conditional of make; without ``else`` none of its parts may run."""
        sequences = []
        for arm in arms:
            nodes: list[Node] = []
            for item in arm:
                if isinstance(item, tuple):
                    nodes += self._line(*item, target, first, setting)
                else:
                    nodes.append(self._choice(item, target, first, setting, depth + 1))
            sequences.append(Sequence(tuple(nodes)))
        whole = len(arms) > 1 and not arms[0]
        return Branch(tuple(sequences[1:] if whole else [*sequences, Sequence()]))

    def _line(self, start: int, end: int, target: str, first: str, setting: Setting) -> list[Node]:
        match = _PREFIX.match(self.text, start, end)
        begin = match.end() if match else start
        if begin >= end:
            return []
        ignored = "-" in self.text[start:begin]
        content = self.content(begin, end, target, first)
        return [command(self.region, content, "recipe of make", setting, checked=not ignored)]

    def _one_shell(self, rule: _Rule, target: str, setting: Setting) -> list[Node | Run]:
        lines = [item for item in rule.recipe if isinstance(item, tuple)]
        contents = []
        for start, end in lines:
            match = _PREFIX.match(self.text, start, end)
            contents.append(self.content(match.end() if match else start, end, target, ""))
        if not contents:
            return []
        place = Mapped.join(contents).span
        return [step(script(self.region, contents, "recipe of make", place, setting))]


def _closing(text: str, at: int) -> int:
    """Return where a reference that holds others ends; one that does not end is one character."""
    pairs = {"(": ")", "{": "}"}
    opening = text[at + 1 : at + 2]
    if opening not in pairs:
        return min(len(text), at + 1)
    depth = 0
    for index in range(at + 1, min(len(text), at + 2_000)):
        if text[index] == opening:
            depth += 1
        elif text[index] == pairs[opening]:
            depth -= 1
            if depth == 0:
                return index + 1
    return at + 1
