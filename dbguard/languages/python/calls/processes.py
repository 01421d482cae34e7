"""Commands: ``subprocess``, ``os.system``, ``asyncio``, ``sh``, ``plumbum``, ``fabric``, ``invoke``."""

from __future__ import annotations

from dbguard import commands
from dbguard.commands.invocation import Invocation, Word
from dbguard.decoding import is_opaque
from dbguard.flow import Branch, Call, Embed, Include, Loop, Node, Sequence, Stop, StopKind
from dbguard.languages.python.calls.site import CallSite, Handler, Outcome, make_target
from dbguard.languages.python.values import (
    Alternatives,
    Constant,
    Function,
    Handle,
    Items,
    Mapping,
    Process,
    Text,
    Value,
    as_text,
    options,
    path_of,
)
from dbguard.operations import Guard, Kind, Operation, TargetKind
from dbguard.patterns import regex
from dbguard.records import replace
from dbguard.source import Mapped, Span

_RUNNERS = regex(
    r"^(?:self\.)?_?(?:c|ctx|cxn|conn|connection|context|session|host|server|remote|r|ssh|client|fabric"
    r"|ssh_client)$"
)


def shell(site: CallSite, value: Value, checked: bool) -> list[Node]:
    """Return a command line run by a shell."""

    def make(choice: list[Value]) -> list[Node]:
        text = choice[0]
        if not isinstance(text, Text):
            return []
        region = site.program.region.embed("shell", text.mapped, f"argument of {site.spelling}")
        return [Embed(region, site.span, checked)]

    return site.spread([value], make)


def _word(site: CallSite, value: Value) -> Word | None:
    path = path_of(value)
    text = as_text(value)
    if text is None:
        return Word(Mapped.at(path, site.span)) if path is not None else None
    mapped = text.mapped if text.mapped.map.pieces else Mapped.at(text.text, site.span)
    return Word(mapped)


def invocation(site: CallSite, values: list[Value], checked: bool) -> list[Node]:
    """Return a program run with a list of arguments."""
    singles: list[Value] = []
    for value in values:
        singles.extend(value.items if isinstance(value, Items) else (value,))

    def make(choice: list[Value]) -> list[Node]:
        words = [_word(site, value) for value in choice]
        known = tuple(word for word in words if word is not None)
        if not known:
            return []
        lowered = commands.lower(_invocation(site, known, checked))
        return [whole_call(node, site.span) for node in lowered]

    return site.spread(singles, make) if singles else []


def whole_call(node: Node, span: Span) -> Node:
    """Return a node of a command line whose span is the call that runs it."""
    match node:
        case Operation() | Embed() | Include():
            return replace(node, span=span)
        case Sequence(nodes=nodes):
            return replace(node, nodes=tuple(whole_call(inner, span) for inner in nodes))
        case Branch(arms=arms):
            return Branch(tuple(_whole_sequence(arm, span) for arm in arms))
        case Loop(body=body) | Call(body=body):
            return replace(node, body=_whole_sequence(body, span))
        case _:
            return node


def _whole_sequence(sequence: Sequence, span: Span) -> Sequence:
    return replace(sequence, nodes=tuple(whole_call(node, span) for node in sequence.nodes))


def _invocation(site: CallSite, words: tuple[Word, ...], checked: bool) -> Invocation:
    stdin = stdin_file = stdout_file = None
    if site.keyword_names & {"input", "stdin", "stdout", "cwd", "env"}:
        given = site.argument(None, "input")
        text = as_text(options(given)[0]) if given is not None else None
        stdin = text.mapped if isinstance(given, Text) and text is not None else None
        stdin_file = _file(site.argument(None, "stdin"))
        stdout_file = _file(site.argument(None, "stdout"))
    folder = site.argument(None, "cwd")
    directory = site.program.directory
    if folder is not None and (path := path_of(options(folder)[0])) is not None:
        directory = path if path.startswith("/") or not directory else f"{directory}/{path}"
    return Invocation(
        words,
        site.program.region,
        site.span,
        stdin=stdin,
        stdin_via="input of subprocess" if stdin is not None else "",
        stdin_file=stdin_file,
        stdout_file=stdout_file,
        environment=_environment(site.argument(None, "env")),
        directory=directory,
        checked=checked,
    )


def _file(value: Value | None) -> Word | None:
    if isinstance(value, Handle) and value.kind == "file" and value.text is not None:
        return Word(value.text)
    return None


def _environment(value: Value | None) -> dict[str, str]:
    if not isinstance(value, Mapping):
        return {}
    texts = {name: as_text(item) for name, item in value.entries.items()}
    return {name: text.text for name, text in texts.items() if text is not None}


def _may_be_true(site: CallSite, name: str) -> bool:
    return site.argument(None, name) is not None and site.constant(None, name) is not False


def _run(site: CallSite) -> Outcome | None:
    """The functions of ``subprocess`` that take a list, or a text with ``shell=True``."""
    command = site.argument(0, "args", "cmd")
    if command is None:
        return None
    always = site.method in ("check_call", "check_output")
    checked = always or site.constant(None, "check") is True
    through_shell = site.constant(None, "shell") is True or site.method in (
        "getoutput",
        "getstatusoutput",
    )
    nodes: list[Node] = []
    if isinstance(command, Alternatives) or not isinstance(command, Items):
        lists = [option for option in options(command) if isinstance(option, Items)]
        texts = [option for option in options(command) if isinstance(option, Text)]
        for item in lists:
            nodes.extend(invocation(site, list(item.items), checked))
        if texts and (through_shell or _may_be_true(site, "shell")):
            nodes.extend(shell(site, command, checked))
        elif texts:
            nodes.extend(invocation(site, [*texts[:1]], checked))
    elif through_shell and command.items:
        nodes = shell(site, command.items[0], checked)
    else:
        nodes = invocation(site, list(command.items), checked)
    if always or site.method in ("getoutput", "check_output"):
        return Outcome(nodes)
    return Outcome(nodes, Process())


def _system(site: CallSite) -> Outcome | None:
    command = site.argument(0, "command", "cmd")
    if command is None:
        return None
    nodes = shell(site, command, False)
    return Outcome(nodes, Process()) if site.method == "system" else Outcome(nodes)


def _exec_program(site: CallSite) -> Outcome | None:
    """``os.execv*`` and ``os.spawn*``: the program replaces this one, or runs beside it."""
    values = site.arguments
    if site.method.startswith(("spawn", "posix_spawn")):
        values = values[1:] if site.method.startswith("spawn") else values
    if len(values) < 2:
        return None
    rest = values[1]
    words = list(rest.items) if isinstance(rest, Items) else values[1:]
    nodes = invocation(site, words, False)
    if site.method.startswith("exec"):
        nodes.append(Stop(StopKind.EXIT, site.span))
    return Outcome(nodes)


def _async_exec(site: CallSite) -> Outcome | None:
    return Outcome(invocation(site, site.arguments, False), Process())


def _named_program(site: CallSite) -> Outcome | None:
    """``sh.rm("-f", path)``, ``plumbum.cmd.rm(path)``: the function is the program."""
    root = site.name.partition(".")[0]
    if root not in ("sh", "plumbum"):
        return None
    name: Value = Text(Mapped.at(site.method.replace("_", "-"), site.span))
    arguments = [a for a in site.arguments if not isinstance(a, Constant)]
    return Outcome(invocation(site, [name, *arguments], True))


def _runner(site: CallSite) -> Outcome | None:
    """``c.run("...")`` of invoke and fabric: raises on failure unless ``warn=True``."""
    named = _RUNNERS.match(site.receiver_text)
    if not named and not (isinstance(site.receiver, Handle) and site.receiver.kind == "runner"):
        return None
    command = site.argument(0, "command")
    if command is None or not isinstance(options(command)[0], Text | Items):
        return None
    checked = site.constant(None, "warn") is not True and site.method != "exec_command"
    if isinstance(command, Items):
        return Outcome(invocation(site, list(command.items), checked))
    if site.count > 1 and site.receiver_text == "session":
        return Outcome(invocation(site, site.arguments, checked))
    return Outcome(shell(site, command, checked), Process())


def _fabric(site: CallSite) -> Outcome | None:
    command = site.argument(0, "command")
    return None if command is None else Outcome(shell(site, command, True))


def _code(site: CallSite) -> Outcome | None:
    """``exec("...")`` and ``eval("...")`` of a literal."""
    code = site.argument(0, "source")
    value = options(code)[0] if code is not None else None
    if not isinstance(value, Text) or not (value.known or is_opaque(value.text)):
        return None
    region = site.program.region.embed("python", value.mapped, f"argument of {site.spelling}")
    return Outcome([Embed(region, site.span)])


def _confirm(site: CallSite) -> Outcome | None:
    """``click.confirm("...", abort=True)`` goes on only if a person said yes."""
    if site.constant(2, "abort") is not True:
        return None
    target = make_target(TargetKind.DATABASE, "")
    return Outcome([site.operation(Kind.GUARD, target, guard=Guard.PERSON)])


def _check_returncode(site: CallSite) -> Outcome | None:
    from dbguard.languages.python import guards

    if not isinstance(site.receiver, Process):
        return None
    guards.confirm([site.receiver])
    return Outcome()


def _run_to_end(site: CallSite) -> Outcome | None:
    """``asyncio.run(main())``: the argument was followed already; a bare function is called."""
    value = site.argument(0, "main", "func", "function")
    if isinstance(value, Function):
        return site.program.apply(value, site.node, site.scope, ())
    return Outcome([], value)


_EXEC = ["execv", "execve", "execvp", "execvpe", "execl", "execle", "execlp", "execlpe"]
_SPAWN = [name.replace("exec", "spawn") for name in _EXEC] + ["posix_spawn", "posix_spawnp"]
_PROGRAMS = (
    "rm cp mv find xargs truncate shred dd rsync git psql pg_dump pg_restore dropdb createdb mysql"
    " mysqldump mysqladmin sqlite3 mongo mongosh redis_cli docker docker_compose kubectl bash sh sudo"
    " alembic flask rails prisma npx"
).split()

EFFECTS: dict[str, Handler] = {
    "subprocess.run": _run,
    "subprocess.call": _run,
    "subprocess.check_call": _run,
    "subprocess.check_output": _run,
    "subprocess.Popen": _run,
    "subprocess.getoutput": _run,
    "subprocess.getstatusoutput": _run,
    "commands.getoutput": _run,
    "os.system": _system,
    "os.popen": _system,
    "asyncio.create_subprocess_shell": _system,
    "asyncio.create_subprocess_exec": _async_exec,
    "asyncio.subprocess.create_subprocess_shell": _system,
    "asyncio.subprocess.create_subprocess_exec": _async_exec,
    "pexpect.run": _system,
    "pexpect.spawn": _system,
    "invoke.run": _fabric,
    "fabric.api.run": _fabric,
    "fabric.api.local": _fabric,
    "fabric.api.sudo": _fabric,
    "fabric.operations.local": _fabric,
    "click.confirm": _confirm,
    "typer.confirm": _confirm,
    "exec": _code,
    "eval": _code,
    **{f"os.{name}": _exec_program for name in (*_EXEC, *_SPAWN)},
    **{f"{root}.{name}": _named_program for root in ("sh", "plumbum.cmd") for name in _PROGRAMS},
}

METHODS: dict[str, Handler] = {
    "run": _runner,
    "run_always": _runner,
    "run_install": _runner,
    "sudo": _runner,
    "local": _runner,
    "exec_command": _runner,
    "check_returncode": _check_returncode,
}

VALUES: dict[str, Handler] = {
    "asyncio.run": _run_to_end,
    "anyio.run": _run_to_end,
    "trio.run": _run_to_end,
    "asgiref.sync.async_to_sync": _run_to_end,
}
