"""Dockerfiles: what the build runs, and what the container runs.

https://docs.docker.com/reference/dockerfile/. ``RUN`` works on the layers of an image that is
being made: a file it deletes, a server it starts and empties live in that image only. So
``RUN`` counts as a machine that is thrown away, as a hosted runner does: only what it does
to another machine is judged, such as a ``psql`` that names a host. ``CMD``, ``ENTRYPOINT`` and ``HEALTHCHECK`` run against what is
mounted into the container, and are judged as any script. Each is a flow of its own: what
the build has made or backed up is no evidence for what the container does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dbguard import commands
from dbguard.commands.invocation import Invocation, Word
from dbguard.flow import Call, Flow, Lowered, Machine, Node, Sequence
from dbguard.hosts.json_nodes import Json, Listing
from dbguard.hosts.line_comments import comments
from dbguard.hosts.shell_steps import Setting, reaches_elsewhere, script, step
from dbguard.hosts.tasks import command
from dbguard.patterns import regex
from dbguard.records import dataclass, field
from dbguard.source import Mapped, Region, Transcript, hole

__all__ = ["comments", "lower"]

_INSTRUCTION = regex(r"[ \t]*(?:ONBUILD[ \t]+)?(?P<name>[A-Za-z]+)[ \t]+", re.IGNORECASE)
_OPTION = regex(r"--[\w-]+(?:=\S*)?\s+")
_HEREDOC = regex(r"<<(?P<dash>-?)(?P<quote>[\"']?)(?P<tag>[A-Za-z_]\w*)(?P=quote)")
_PAIR = regex(r"(?<!\w)([A-Za-z_]\w*)=(?:\"((?:[^\"\\]|\\.)*)\"|'([^']*)'|(\S*))")
_VARIABLE = regex(r"\$(?:\{([A-Za-z_]\w*)(?::?[-+][^}]*)?\}|([A-Za-z_]\w*))")
_ESCAPE = regex(r"#[ \t]*escape[ \t]*=[ \t]*`", re.IGNORECASE)
_SCRIPT = regex(r"-[a-zA-Z]*c")
_SHELL = regex(r"(?:^|/)(?:ba|da|z|k|a)?sh$")
# A database's own URL is judged where the operation is; here the rest that names a host.
_OTHER_HOST = regex(
    r"(?:\s-h[ \t]*|\s--host[= ]|\bPGHOST=|\bMYSQL_HOST=|^-h$)(?!localhost|127\.|::1|/|\s|$)[\w\[$]"
)
_OTHER_SHELL = regex(
    r"(?:^|[;&|({\n])[ \t]*(?:\w+=\S*\s+|sudo\s+|sshpass\s+-\S+\s+\S+\s+)*"
    r"(?:ssh|scp|sftp|rsync|kubectl|oc|heroku|flyctl|fly|ansible|docker)\s"
)


@dataclass(slots=True)
class _Stage:
    """What holds in a stage of the build, and what its containers run."""

    variables: dict[str, Mapped] = field(default_factory=dict)
    arguments: dict[str, Mapped] = field(default_factory=dict)
    directory: Mapped | None = None
    options: str = ""
    dialect: str = "sh"
    entrypoint: _Words | None = None
    command: _Words | None = None


@dataclass(frozen=True, slots=True)
class _Words:
    """A command of the container: a list of words, or a text for the shell."""

    name: str
    words: tuple[Mapped, ...]
    listed: bool


def lower(region: Region) -> Lowered:
    """Return the flow of the build, then one for each command of its containers."""
    return _Dockerfile(region).lower()


class _Dockerfile:
    def __init__(self, region: Region) -> None:
        self.region = region
        self.text = region.text
        self.build: list[Node] = []
        self.flows: list[Flow] = []
        self.stage = _Stage()

    def lower(self) -> Lowered:
        for name, start, content, bodies in self._instructions():
            self._instruction(name.upper(), start, content, bodies)
        self._end_of_stage()
        return Lowered((Flow("", Sequence(tuple(self.build))), *self.flows))

    def _instructions(self) -> Iterator[tuple[str, int, Mapped, list[_Body]]]:
        """Yield each instruction: its name, where it stands, its text and its here-documents."""
        mark = "`" if _ESCAPE.match(self.text) else "\\"
        lines = [(m.start(), m.end()) for m in re.finditer(r"[^\n]*\n|[^\n]+$", self.text)]
        index = 0
        while index < len(lines):
            start, end = lines[index]
            index += 1
            match = _INSTRUCTION.match(self.text, start, end)
            if match is None:
                continue
            transcript = Transcript()
            begin = match.end()
            while True:
                line = self.text[begin:end].rstrip("\n")
                if not line.lstrip().startswith("#") or begin == match.end():
                    joined = line.rstrip(" \t").endswith(mark)
                    if joined and mark == "`":
                        line = line.rstrip(" \t")[:-1]
                        transcript.mapped(self.region.slice(begin, begin + len(line)))
                    elif joined:
                        line = line.rstrip(" \t")
                        transcript.mapped(self.region.slice(begin, begin + len(line)))
                        place = self.region.span(begin + len(line), begin + len(line))
                        transcript.inexact("\n", place.start, 0)
                    else:
                        transcript.mapped(self.region.slice(begin, begin + len(line)))
                        break
                if index >= len(lines):
                    break
                begin, end = lines[index]
                index += 1
            content = transcript.build()
            bodies = []
            if match["name"].upper() in ("RUN", "COPY", "ADD"):
                for here in _HEREDOC.finditer(content.text):
                    body, index = self._body(lines, index, here)
                    bodies.append(body)
            yield match["name"], match.start("name"), content, bodies

    def _body(
        self, lines: list[tuple[int, int]], index: int, here: re.Match[str]
    ) -> tuple[_Body, int]:
        start = lines[index][0] if index < len(lines) else len(self.text)
        while index < len(lines):
            line = self.text[lines[index][0] : lines[index][1]].rstrip("\n")
            index += 1
            if (line.lstrip("\t") if here["dash"] else line) == here["tag"]:
                first, last = lines[index - 1]
                return _Body(start, first, last), index
        return _Body(start, len(self.text), len(self.text)), index

    def _instruction(self, name: str, start: int, content: Mapped, bodies: list[_Body]) -> None:
        stage = self.stage
        if name == "FROM":
            self._end_of_stage()
            self.stage = _Stage(arguments=dict(stage.arguments))
        elif name in ("ENV", "ARG"):
            self._variables(name, content)
        elif name == "WORKDIR":
            self._enter(content)
        elif name == "SHELL":
            self._shell(content)
        elif name == "RUN":
            self._run(content, bodies)
        elif name == "CMD":
            stage.command = self._words(name, content)
        elif name == "ENTRYPOINT":
            stage.entrypoint = self._words(name, content)
        elif name == "HEALTHCHECK":
            match = re.match(r"(?:--\S+\s+)*CMD\s+", content.text, re.IGNORECASE)
            if match:
                rest = content.slice(match.end(), len(content.text))
                self._container("HEALTHCHECK", self._words(name, rest), ())

    def _setting(self, *, building: bool = False) -> Setting:
        stage = self.stage
        variables = {**stage.arguments, **stage.variables} if building else stage.variables
        return Setting(stage.options, stage.directory, variables, stage.dialect)

    def _variables(self, name: str, content: Mapped) -> None:
        into = self.stage.variables if name == "ENV" else self.stage.arguments
        pairs = list(_PAIR.finditer(content.text))
        if not pairs and name == "ENV":
            key, _, value = content.text.partition(" ")
            into[key] = Mapped.at(self._expanded(value.strip()), content.span)
        for pair in pairs:
            value = next((part for part in pair.groups()[1:] if part is not None), "")
            place = content.map.to_outer(pair.start(), pair.end())
            into[pair[1]] = Mapped.at(self._expanded(value), place)

    def _expanded(self, text: str) -> str:
        """Return *text* with the variables of the stage expanded."""
        known = {**self.stage.arguments, **self.stage.variables}

        def value(match: re.Match[str]) -> str:
            name = match[1] or match[2]
            return known[name].text if name in known else hole(name)

        return _VARIABLE.sub(value, text)[:4_000]

    def _enter(self, content: Mapped) -> None:
        folder = self._expanded(content.text.strip().strip("\"'"))
        before = self.stage.directory.text if self.stage.directory else ""
        if before and not folder.startswith(("/", "__hole_")):
            folder = f"{before.rstrip('/')}/{folder}"
        self.stage.directory = Mapped.at(folder[:4_000], content.span)

    def _shell(self, content: Mapped) -> None:
        words = [word.text for word in self._words("SHELL", content).words]
        if words and _SHELL.search(words[0]):
            self.stage.dialect = words[0].rpartition("/")[2]
            options = [w.replace("c", "") if w.startswith("-") else w for w in words[1:]]
            self.stage.options = " ".join(word for word in options if word != "-")

    def _run(self, content: Mapped, bodies: list[_Body]) -> None:
        """Add what a RUN does: a command, a list of words, or the script of a here-document."""
        at = 0
        while option := _OPTION.match(content.text, at):
            at = option.end()
        rest = content.slice(at, len(content.text))
        rest = rest.slice(_begin(rest.text), len(rest.text))
        if not rest.text.strip():
            return
        setting = self._setting(building=True)
        via = "RUN of a Dockerfile"
        whole = _HEREDOC.fullmatch(rest.text.strip())
        if bodies and whole:
            body = self.region.slice(bodies[0].start, bodies[0].end)
            if re.match(r"#!.*\bpython", body.text):
                region = self.region.embed("python", body, via)
            else:
                region = script(self.region, (body,), via, rest.span, setting)
        else:
            words = self._words("RUN", rest)
            if words.listed:
                made = Sequence(tuple(self._invoked(words.words)))
                machine = _image(" ".join(word.text for word in words.words))
                self.build.append(Call("", rest.span, made, frozenset(), machine=machine))
                return
            parts = [rest]
            if bodies:
                parts += [
                    Mapped.at("\n", rest.map.to_outer(len(rest.text), len(rest.text))),
                    *(self.region.slice(body.start, body.closed) for body in bodies),
                ]
            region = script(self.region, (Mapped.join(parts),), via, rest.span, setting)
        self.build.append(step(region, machine=_image(region.text)))

    def _words(self, name: str, content: Mapped) -> _Words:
        """Read a list of words (the exec form), or the text of the shell form."""
        content = content.slice(_begin(content.text), len(content.text))
        text = content.text.strip()
        if text.startswith("["):
            inner = self.region.embed("json", _on_one_line(content), "")
            json = Json(inner)
            if isinstance(json.root, Listing) and not json.problems:
                return _Words(name, tuple(json.texts(json.root)), listed=True)
        return _Words(name, (content,) if text else (), listed=False)

    def _end_of_stage(self) -> None:
        entrypoint, cmd = self.stage.entrypoint, self.stage.command
        if entrypoint is not None:
            more = cmd.words if cmd is not None and cmd.listed and entrypoint.listed else ()
            self._container("ENTRYPOINT", entrypoint, more)
        if cmd is not None and (entrypoint is None or not entrypoint.listed or not cmd.listed):
            self._container("CMD", cmd, ())

    def _container(self, name: str, words: _Words, more: tuple[Mapped, ...]) -> None:
        """Add a flow for what a container runs."""
        if not words.words:
            return
        if words.listed:
            nodes = self._invoked((*words.words, *more))
        else:
            via = f"{name} of a Dockerfile"
            nodes = [command(self.region, words.words[0], via, self._setting())]
        self.flows.append(Flow(name, Sequence(tuple(nodes))))

    def _invoked(self, words: tuple[Mapped, ...]) -> list[Node]:
        for index, word in enumerate(words[1:-1], 1):
            if _SCRIPT.fullmatch(word.text) and _SHELL.search(words[index - 1].text):
                via = "-c of a shell in a Dockerfile"
                setting = self._setting()
                return [command(self.region, words[index + 1], via, setting)]
        if not words:
            return []
        directory = self.stage.directory
        invocation = Invocation(
            tuple(Word(word) for word in words),
            self.region,
            words[0].span.cover(words[-1].span),
            environment={name: value.text for name, value in self.stage.variables.items()},
            directory=directory.text if directory else "",
            listed=True,
        )
        return list(commands.lower(invocation))


def _image(text: str) -> Machine | None:
    """Return the image a command works on; None where its files may be another machine's."""
    if _OTHER_SHELL.search(text):
        return None
    elsewhere = _OTHER_HOST.search(text) or reaches_elsewhere(text)
    return Machine("an image that is being built", servers=not elsewhere)


def _begin(text: str) -> int:
    """Return where a command begins: behind the line ends that its options go on over."""
    match = re.match(r"(?:\s|\\\n)*", text)
    return match.end() if match else 0


def _on_one_line(content: Mapped) -> Mapped:
    """Return a list of words as Docker reads it: without the escapes its lines end with."""
    if "\\\n" not in content.text:
        return content
    transcript, at = Transcript(), 0
    for end in re.finditer(r"\\\n", content.text):
        transcript.mapped(content.slice(at, end.start()))
        at = end.end()
    transcript.mapped(content.slice(at, len(content.text)))
    return transcript.build()


@dataclass(frozen=True, slots=True)
class _Body:
    """A here-document: its lines, and the end of the line that closes it."""

    start: int
    end: int
    closed: int
