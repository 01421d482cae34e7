"""The completion scripts, made from the parsers of the commands, so that none is forgotten."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from dbguard.cli import COMMANDS, command_parser
from dbguard.records import dataclass
from dbguard.report.formats import FORMATS
from dbguard.rules import rule_ids

FILES = ("PATH", "FILE")
"""What options and operands of files are called in the help."""


@dataclass(frozen=True, slots=True)
class Option:
    """An option or an operand. ``value`` is what its value is called, '' for none.

    ``words`` are the values there are; ``files``: they are files.
    """

    names: tuple[str, ...]
    value: str
    words: tuple[str, ...]
    files: bool
    about: str
    repeatable: bool

    @staticmethod
    def of(action: argparse.Action) -> Option:
        """Return the option that an action of argparse stands for."""
        takes_value = action.nargs != 0
        metavar = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
        about = "" if action.help in (None, argparse.SUPPRESS) else str(action.help)
        return Option(
            tuple(action.option_strings),
            metavar if takes_value else "",
            _values(action, metavar) if takes_value else (),
            takes_value and metavar in FILES,
            about,
            action.nargs == "*" or isinstance(action.default, list),
        )


def _values(action: argparse.Action, metavar: str) -> tuple[str, ...]:
    if action.choices is not None:
        return tuple(str(choice) for choice in action.choices)
    if metavar == "RULE":
        return tuple(sorted(rule_ids()))
    if metavar == "FORMAT":
        return FORMATS
    return tuple(f"{name}=" for name in FORMATS) if metavar == "FORMAT=FILE" else ()


def options(command: str) -> tuple[Option, ...]:
    """Return the options and operands of a command."""
    return tuple(Option.of(action) for action in command_parser(command)._actions)


def script(shell: str) -> str:
    """Return the script of a shell: "bash", "zsh" or "fish"."""
    lines = {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell]()
    return "\n".join(lines) + "\n"


def _bash() -> Iterator[str]:
    yield "# Completions of dbguard for bash. Written by: dbguard completion bash"
    yield "_dbguard() {"
    yield '    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command="" i'
    yield "    # bash takes --option=value for three words"
    yield '    if [[ $current == "=" ]]; then current=""'
    yield '    elif [[ $before == "=" ]]; then before=${COMP_WORDS[COMP_CWORD-2]}; fi'
    yield "    for ((i = 1; i < COMP_CWORD; i++)); do"
    yield "        if [[ ${COMP_WORDS[i]} != -* ]]; then command=${COMP_WORDS[i]}; break; fi"
    yield "    done"
    yield "    COMPREPLY=()"
    yield '    case "$command $before" in'
    for command in COMMANDS:
        for option in options(command):
            if option.names and option.value:
                patterns = " | ".join(f'"{command} {name}"' for name in option.names)
                yield f"        {patterns}) {_bash_reply(option)}; return ;;"
    yield "    esac"
    yield '    case "$command" in'
    whole = " ".join((*COMMANDS, "--help", "--version"))
    yield f"        '') COMPREPLY=($(compgen -W '{whole}' -- \"$current\")) ;;"
    for command in COMMANDS:
        names = " ".join(name for option in options(command) for name in option.names)
        operand = next((option for option in options(command) if not option.names), None)
        yield f"        {command})"
        yield f"            if [[ $current == -* ]]; then COMPREPLY=($(compgen -W '{names}' -- \"$current\"))"
        yield f"            else {_bash_reply(operand) if operand else ':'}; fi ;;"
    yield "    esac"
    yield "}"
    yield "complete -F _dbguard dbguard"


def _bash_reply(option: Option) -> str:
    if option.files:
        return 'compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current")'
    space = "compopt -o nospace; " if any(word.endswith("=") for word in option.words) else ""
    return f"{space}COMPREPLY=($(compgen -W '{' '.join(option.words)}' -- \"$current\"))"


def _zsh() -> Iterator[str]:
    yield "#compdef dbguard"
    yield "# Completions of dbguard for zsh. Written by: dbguard completion zsh"
    yield "_dbguard() {"
    yield "    local -a commands"
    yield "    commands=("
    for command, about in COMMANDS.items():
        yield f"        {_quoted(f'{command}:{about}')}"
    yield "    )"
    yield "    if (( CURRENT == 2 )); then"
    yield "        _describe -t commands 'command' commands"
    yield "        _arguments '--help[show help]' '--version[show the version]'"
    yield "        return"
    yield "    fi"
    yield "    local command=$words[2]"
    yield '    words=("${(@)words[2,-1]}")'
    yield "    (( CURRENT-- ))"
    yield "    case $command in"
    for command in COMMANDS:
        yield f"        {command})"
        yield "            _arguments -s \\"
        specs = [spec for option in options(command) for spec in _zsh_specs(option)]
        for number, spec in enumerate(specs, 1):
            yield f"                {_quoted(spec)}" + (" \\" if number < len(specs) else "")
        yield "            ;;"
    yield "    esac"
    yield "}"
    yield 'if [[ $funcstack[1] == _dbguard ]]; then _dbguard "$@"; else compdef _dbguard dbguard; fi'


def _zsh_specs(option: Option) -> Iterator[str]:
    action = "_files" if option.files else f"({' '.join(option.words)})" if option.words else ""
    value = f":{option.value}:{action}" if option.value else ""
    if not option.names:
        yield ("*" if option.repeatable else "") + value
    for name in option.names:
        about = option.about.replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")
        many = "*" if option.repeatable else ""
        joined = "=" if option.value and name.startswith("--") else ""
        yield f"{many}{name}{joined}[{about}]{value}"


def _fish() -> Iterator[str]:
    yield "# Completions of dbguard for fish. Written by: dbguard completion fish"
    yield "complete -c dbguard -f"
    first = "__fish_use_subcommand"
    yield f"complete -c dbguard -n {first} -l help -s h -d 'show help'"
    yield f"complete -c dbguard -n {first} -l version -d 'show the version'"
    for command, about in COMMANDS.items():
        yield f"complete -c dbguard -n {first} -a {command} -d {_fish_quoted(about)}"
    for command in COMMANDS:
        here = f"complete -c dbguard -n '__fish_seen_subcommand_from {command}'"
        for option in options(command):
            words = f" -a {_fish_quoted(' '.join(option.words))}" if option.words else ""
            if not option.names:
                yield f"{here}{' -F' if option.files else ''}{words}"
                continue
            spelt = "".join(
                f" -l {name[2:]}" if name.startswith("--") else f" -s {name[1:]}"
                for name in option.names
            )
            takes = f" -r{' -F' if option.files else ' -f'}{words}" if option.value else ""
            about = f" -d {_fish_quoted(option.about)}" if option.about else ""
            yield f"{here}{spelt}{takes}{about}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
