"""Scripts that a file hands to a shell: what holds before their first line, and where they run.

**Before the first line.** A runner starts the shell with options, in a folder, with
variables. The script gets them as a preamble it might have written itself (``set -e``,
``cd folder``, ``export NAME='value'``), each piece of it leading to the place in the
file that says so. So the shell language needs to know of no runner.

**Where it runs.** A hosted runner is thrown away after the job: ``docker compose down -v``
or ``rm app.db`` there destroy only what the job made, and ``dropdb`` only what is in the
job's own ``services:``. That excuse holds for a step only while it cannot reach another
machine: not if its text names a program that does (ssh, kubectl, a cloud's command line),
not if it is given a secret that tells where a database is, not for a database whose URL
names another host, not on a runner of one's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from dbguard.flow import Branch, Embed, Machine, Node, Sequence
from dbguard.patterns import regex
from dbguard.records import dataclass, field
from dbguard.source import Mapped, Region, Span, Transcript

# ... as commands of their own: ``docker compose exec`` ends nothing.
_EXITS_WELL = regex(
    r"(?:^|[;&|({]|\b(?:then|do|else))[ \t]*(?:exit|exec)\b(?![ \t]+[1-9])", re.MULTILINE
)
_ELSEWHERE = regex(
    r"\b(?:ssh|scp|sftp|rsync|sshpass|kubectl|oc|helm|k9s|aws|gcloud|az|heroku|fly|flyctl|doctl|railway|render"
    r"|vercel|netlify|supabase|neonctl|pscale|turso|wrangler|atlas|terraform|tofu|pulumi|cdk|sam|serverless"
    r"|ansible(?:-playbook)?|cap|kamal|dokku|nomad|eb|cf|oci|ibmcloud|linode-cli|hcloud|DOCKER_HOST"
    r"|--context|--host(?!=(?:localhost|127))|cloud[-_]sql[-_]proxy)\b"
)
_SECRET = regex(r"secrets[._]|\bvars[._]|production|staging", re.IGNORECASE)
_ABOUT_DATABASE = regex(
    r"(?:database|db|pg|postgres|mysql|maria|mongo|redis|sql|dsn|conn|url|uri|host)", re.IGNORECASE
)
_NAME = regex(r"[A-Za-z_]\w*", re.ASCII)
_PLAIN = regex(r"[\w./~@%+,:=-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a runner starts a shell with.

    ``options`` are those of ``set`` ("-eo pipefail"), ``directory`` the folder,
    ``variables`` the environment, ``dialect`` the shell.
    """

    options: str = ""
    directory: Mapped | None = None
    variables: Mapping[str, Mapped] = field(default_factory=dict)
    dialect: str = "bash"


def script(
    region: Region, contents: Iterable[Mapped], via: str, place: Span, setting: Setting
) -> Region:
    """Return texts that one shell runs one after the other; *place* is what makes it run them."""
    transcript = Transcript()
    length = place.end - place.start
    if setting.options:
        transcript.inexact(f"set {setting.options}\n", place.start, length)
    if setting.directory is not None and setting.directory.text not in ("", ".", "./"):
        transcript.inexact("cd ", place.start, length)
        _quoted(transcript, setting.directory)
        transcript.inexact("\n", place.start, length)
    for name, value in setting.variables.items():
        if _NAME.fullmatch(name):
            transcript.inexact(f"export {name}=", place.start, length)
            _quoted(transcript, value)
            transcript.inexact("\n", place.start, length)
    for content in contents:
        transcript.mapped(content)
        if not content.text.endswith("\n"):
            end = content.span.end
            transcript.inexact("\n", end, 0)
    return region.embed("shell", transcript.build(), via, dialect=setting.dialect)


def _quoted(transcript: Transcript, value: Mapped) -> None:
    """Append a text so that the shell reads it as one word."""
    if _PLAIN.fullmatch(value.text):
        transcript.mapped(value)
        return
    span = value.span
    quoted = "'" + value.text.replace("'", "'\\''") + "'"
    transcript.inexact(quoted, span.start, span.end - span.start)


def step(
    region: Region,
    *,
    checked: bool = True,
    conditional: bool = False,
    machine: Machine | None = None,
) -> Node:
    """Return a step of a job, whose failure ends the job if *checked*.

    A step that may end itself well (``exit 0``) ends only itself: what it proves on its
    other paths is not taken for proof.
    """
    sure = checked and not (region.language == "shell" and _EXITS_WELL.search(region.text))
    embed = Embed(region, region.span(0, len(region.text)), sure, machine)
    return Branch((Sequence((embed,)), Sequence())) if conditional else embed


def reaches_elsewhere(text: str) -> bool:
    """Say whether a script names a program that works on other machines."""
    return _ELSEWHERE.search(text) is not None


def machine_of(
    region: Region, variables: Mapping[str, Mapped], reason: str, *, servers: bool
) -> Machine | None:
    """Return the machine a step runs on where it is thrown away and the step stays on it.

    *servers* says that the job has database servers of its own.
    """
    if not reason or reaches_elsewhere(region.text):
        return None
    for name, value in variables.items():
        if _ABOUT_DATABASE.search(name) and _SECRET.search(value.text):
            return None
    if re.search(
        r"secrets[._]\w*(?:DATABASE|DB|PG|SQL|MONGO|REDIS|DSN)", region.text, re.IGNORECASE
    ):
        return None
    return Machine(reason, servers)
