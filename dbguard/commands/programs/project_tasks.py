"""Runners of what a project itself defines: targets, recipes, scripts, commands.

What they run stands in another file of the project, which the assembly of a flow finds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from dbguard.commands.entry import Custom, Entry
from dbguard.commands.match import Match
from dbguard.flow import Embed, Include
from dbguard.patterns import regex
from dbguard.source import Mapped, has_hole, hole

MAX_TASKS = 12
"""How many tasks of one command line are followed."""

_NAME = regex(r"[\w@.*:+/-]{1,100}")
_COMMAND_NAME = regex(r"[a-zA-Z][\w-]{0,80}")
_NPM = "https://docs.npmjs.com/cli/commands/npm-run"
_NPM_VALUES = "--prefix -C --dir --cwd -w --workspace -F --filter --registry --node-options"
_MAKE_VALUES = (
    "-C --directory -f --file --makefile -I -o -W --include-dir --old-file --eval -j? -l? -O?"
)
_NPM_OWN = frozenset(
    "install i ci add remove rm uninstall update up upgrade publish pack link exec dlx x create init"
    " audit config cache help version view info why list ls outdated login logout whoami workspace"
    " workspaces node run run-script set global dedupe import patch store fetch rebuild prune root"
    " bin pm build".split()
)
_COMPOSER_OWN = frozenset(
    "install i update u upgrade require r remove rm dump-autoload dumpautoload exec run run-script"
    " create-project init show info search validate config diagnose self-update selfupdate global"
    " outdated audit status archive licenses".split()
)
_FLASK_OWN = frozenset("run shell routes db translate assets digest".split())
_DJANGO_OWN = frozenset(
    "check compilemessages createcachetable createsuperuser changepassword dbshell diffsettings"
    " dumpdata flush inspectdb loaddata makemessages makemigrations migrate optimizemigration"
    " runserver sendtestemail shell showmigrations sqlflush sqlmigrate sqlsequencereset"
    " squashmigrations startapp startproject test testserver collectstatic findstatic"
    " clearsessions remove_stale_contenttypes reset_db shell_plus runserver_plus help"
    " sqldsn drop_test_database rebuild_index compress dbbackup dbrestore listbackups reset_schema"
    " delete_tenant".split()
)


def _tasks_of(language: str, *places: str) -> Callable[[Match], Iterator[Include]]:
    """Return the reader of a runner that is given names of tasks, one after the other.

    *places* are its options with the file, or the folder, that the tasks are looked for in.
    """

    def run(match: Match) -> Iterator[Include]:
        names = [operand.text for operand in match.arguments.operands if "=" not in operand.text]
        for name in names[:MAX_TASKS]:
            if _NAME.fullmatch(name) and not has_hole(name):
                yield match.task(language, [name], f"{match.called} {name}", _place(match, places))

    return run


def _place(match: Match, options: tuple[str, ...]) -> str:
    """Return the file, in the folder, that options name."""
    parts = [value.text for option in options for value in match.arguments.values(option)[-1:]]
    return "/".join(parts)


_COMMAND_VARIABLE = regex(r"(?:[A-Za-z]\w*_)?(?:CMD|COMMAND|SCRIPT)(?==|$)", re.IGNORECASE)


def _handed_commands(match: Match) -> Iterator[Embed]:
    """``CMD="dropdb shop" make run``, ``make run CMD=...``: what a recipe is given to run."""
    via = f"variable of {match.called}"
    for name, value in match.invocation.environment.items():
        if _COMMAND_VARIABLE.fullmatch(name) and " " in value and not has_hole(value):
            yield match.embed("shell", Mapped.at(value, match.span), via)
    for operand in match.arguments.operands:
        word = operand.word.mapped
        if _COMMAND_VARIABLE.match(word.text) and " " in word.text:
            yield match.embed("shell", word.slice(word.text.index("=") + 1, len(word.text)), via)


def _make(match: Match) -> Iterator[Include | Embed]:
    """make: its targets, or the first of the file where none is given."""
    if any(match.arguments.find("-n", "--dry-run", "--just-print", "--recon", "-q", "--question")):
        return
    yield from _handed_commands(match)
    found = False
    targets = _tasks_of("makefile", "-C", "--directory", "-f", "--file", "--makefile")
    for include in targets(match):
        found = True
        yield include
    if not found and not any("=" not in operand.text for operand in match.arguments.operands):
        place = _place(match, ("-C", "--directory", "-f", "--file", "--makefile"))
        yield match.task("makefile", [""], match.called, place)


def _one(
    language: str, own: frozenset[str] = frozenset(), *places: str
) -> Callable[[Match], Iterator[Include]]:
    """Return the reader of a runner that is given one name, and arguments for it."""

    def run(match: Match) -> Iterator[Include]:
        words = [operand.text for operand in match.arguments.operands]
        if not words or words[0] in own or has_hole(words[0]) or not _NAME.fullmatch(words[0]):
            return
        yield match.task(language, words, f"{match.called} {words[0]}", _place(match, places))

    return run


def _named_script(match: Match) -> Iterator[Include]:
    """``npm test``: scripts with a command of their own."""
    name = match.called.split()[-1]
    yield match.task("package_json", [name], match.called, _place(match, ("--prefix", "-C")))


def _python_task(match: Match) -> Iterator[Include]:
    """pdm, hatch, rye, poe, taskipy: a task of pyproject.toml; hatch names an environment too."""
    operands = match.arguments.operands
    name = operands[0].text.rpartition(":")[2] if operands else ""
    if name and _NAME.fullmatch(name) and not has_hole(name):
        rest = [operand.text for operand in operands[1:]]
        yield match.task("pyproject_toml", [name, *rest], f"{match.called} {name}")


def _flask(match: Match) -> Iterator[Include]:
    """flask: a command that the project adds, by its name or that of a group before it."""
    words = [operand.text for operand in match.arguments.operands]
    if words and words[0] not in _FLASK_OWN and _COMMAND_NAME.fullmatch(words[0]):
        yield match.task("python", words, f"flask {words[0]}", "")


def _manage(match: Match) -> Iterator[Include]:
    """manage.py: a management command of Django, or a command of Flask-Script in it."""
    words = [operand.text for operand in match.arguments.operands]
    if not words or words[0] in _DJANGO_OWN or not _COMMAND_NAME.fullmatch(words[0]):
        return
    at = match.arguments.operands[0].word.span
    path = f"{hole('app')}/management/commands/{words[0]}.py"
    yield match.include(Mapped.at(path, at), "python", "manage.py")
    program = match.invocation.words[0].text
    if program.endswith("manage.py"):
        yield match.task("python", words, f"manage.py {words[0]}", program)


def _tasks_file(file: str, *options: str) -> Callable[[Match], Iterator[Include]]:
    """Return the reader of a runner of the functions of one Python file."""

    def run(match: Match) -> Iterator[Include]:
        if options:
            names = [value.text for value in match.arguments.values(*options)]
        else:
            names = [operand.text for operand in match.arguments.operands]
        for name in names[:MAX_TASKS]:
            if _COMMAND_NAME.fullmatch(name):
                yield match.task("python", [name], f"{match.called} {name}", file)

    return run


ENTRIES: tuple[Entry, ...] = (
    Custom(
        "make|gmake|mingw32-make",
        run=_make,
        values=_MAKE_VALUES,
        documentation="https://www.gnu.org/software/make/manual/make.html#Running",
    ),
    Custom(
        "just",
        run=_tasks_of("justfile", "-d", "--working-directory", "-f", "--justfile"),
        values="-d --working-directory -f --justfile --shell --shell-arg --dotenv-filename -E",
        unless="--help -l --list -n --dry-run --show -s --summary",
        documentation="https://just.systems/man/en/",
    ),
    Custom(
        "task|go-task",
        run=_tasks_of("taskfile", "-d", "--dir", "-t", "--taskfile"),
        values="-d --dir -t --taskfile -C --concurrency -o --output -I --interval",
        unless="--help -l --list -a --list-all -n --dry --summary",
        documentation="https://taskfile.dev/docs/reference/cli",
    ),
    Custom(
        "npm run|run-script|rum|urn, pnpm run|run-script, yarn run, bun run, deno task",
        run=_one("package_json", frozenset(), "--prefix", "-C", "--dir", "--cwd"),
        values=_NPM_VALUES,
        documentation=_NPM,
    ),
    Custom(
        "npm test|start|stop|restart, bun --bun",
        run=_named_script,
        values=_NPM_VALUES,
        documentation="https://docs.npmjs.com/cli/using-npm/scripts",
    ),
    Custom(
        "yarn|pnpm",
        run=_one("package_json", _NPM_OWN, "-C", "--dir", "--cwd"),
        values=_NPM_VALUES,
        documentation="https://pnpm.io/pnpm-cli",
    ),
    Custom(
        "npm-run-all|npm-run-all2|run-s|run-p",
        run=_tasks_of("package_json"),
        values="--max-parallel",
        documentation="https://github.com/mysticatea/npm-run-all/blob/master/docs/npm-run-all.md",
    ),
    Custom(
        "composer run|run-script",
        run=_one("composer_json", frozenset(), "-d", "--working-dir"),
        values="-d --working-dir --timeout",
        documentation="https://getcomposer.org/doc/03-cli.md#run-script-run",
    ),
    Custom(
        "composer",
        run=_one("composer_json", _COMPOSER_OWN, "-d", "--working-dir"),
        values="-d --working-dir",
        documentation="https://getcomposer.org/doc/articles/scripts.md",
    ),
    Custom(
        "poe, poetry poe, uv run poe, pdm run, hatch run, rye run, taskipy, task",
        run=_python_task,
        values="-C --root --directory -p --project -e --env",
        documentation="https://poethepoet.natn.io",
    ),
    Custom(
        "flask",
        run=_flask,
        values="-A --app -e --env-file --directory",
        documentation="https://flask.palletsprojects.com/en/stable/cli/#custom-commands",
    ),
    Custom(
        "manage.py|django-admin",
        run=_manage,
        values="-v --verbosity --settings --pythonpath --database",
        documentation="https://docs.djangoproject.com/en/stable/howto/custom-management-commands/",
    ),
    Custom(
        "invoke|inv",
        run=_tasks_file("tasks.py"),
        values="-c --collection -r --search-root -f --config -T --command-timeout",
        unless="--help -l --list -R --dry",
        documentation="https://docs.pyinvoke.org/en/stable/concepts/invoking-tasks.html",
    ),
    Custom(
        "nox",
        run=_tasks_file("noxfile.py", "-s", "--session", "--sessions", "-e"),
        values="-s --session --sessions -e -f --noxfile -k --keywords -t --tags",
        documentation="https://nox.thea.codes/en/stable/usage.html",
    ),
)
