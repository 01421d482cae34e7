"""Programs that run another program: with other rights, elsewhere, later, many times."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dbguard.commands.entry import Custom, Entry, Wrapper, spaced
from dbguard.commands.invocation import Invocation, Word
from dbguard.commands.match import Match, narrowed
from dbguard.flow import Node
from dbguard.records import replace
from dbguard.source import Mapped, Transcript, hole

_GNU = "https://www.gnu.org/software/coreutils/manual/html_node/"
_MAN = "https://man7.org/linux/man-pages/"
_EXEC = "-e --env --env-file -u --user -w --workdir --detach-keys"
_RUN = (
    "-a --attach --add-host -c --cap-add --cap-drop --cpus --device --dns -e --env --env-file"
    " --entrypoint --expose --gpus --group-add -h --hostname -l --label --link --log-driver"
    " --log-opt -m --memory --mount --name --net --network --network-alias --pid --platform -p"
    " --publish --pull --restart --security-opt --shm-size --tmpfs -u --user --ulimit --userns -v"
    " --volume --volumes-from -w --workdir --ip --ipc --cidfile --index"
)
_COMPOSE = (
    "-f --file -p --project-name --profile --env-file --project-directory --ansi --progress"
    " --parallel -H --host"
)
_KUBE = "-n --namespace --context --cluster --kubeconfig -s --server --user -l --selector --as"


def _find_words(match: Match) -> tuple[Word, ...]:
    """Return the words that arrive on standard input, or one hole for them."""
    text = match.invocation.stdin
    if text is None:
        return (Word(Mapped.at(hole("stdin"), match.span)),)
    words, at = [], 0
    for part in text.text.split():
        at = text.text.index(part, at)
        words.append(Word(text.slice(at, at + len(part)), glob=True))
        at += len(part)
    return tuple(words)


def _find_lines(match: Match) -> tuple[Word, ...]:
    """Return the lines that arrive on standard input, each as one word, or one hole for them."""
    text = match.invocation.stdin
    if text is None:
        return _find_words(match)
    return tuple(
        Word(text.slice(*line.span(1)), glob=True)
        for line in re.finditer(r"^[ \t]*(\S[^\n]*?)[ \t]*$", text.text, re.MULTILINE)
    )


def _xargs(match: Match) -> Iterator[Node | Invocation]:
    """xargs: the words of standard input are appended, or stand where ``-I`` says."""
    words, arriving = match.arguments.rest, _find_words(match)
    if not words:
        return
    sign = match.arguments.value("-I", "--replace", "-J")
    if sign is None and match.arguments.has("-i", "--replace"):
        sign = Mapped.at("{}", match.span)
    if sign is None:
        yield narrowed(match.invocation, (*words, *arriving))
        return
    # GNU xargs: -I takes whole lines; with -n as well it depends on the version.
    arriving = arriving if match.arguments.has("-n", "--max-args") else _find_lines(match)
    for word in arriving[:1000]:
        yield narrowed(match.invocation, replaced(words, sign.text, word))


def replaced(words: tuple[Word, ...], sign: str, by: Word) -> tuple[Word, ...]:
    """Return *words* with every *sign* in them replaced by the word *by*."""
    result = []
    for word in words:
        if not sign or sign not in word.text:
            result.append(word)
            continue
        transcript, at = Transcript(), 0
        while (found := word.text.find(sign, at)) >= 0:
            transcript.mapped(word.mapped.slice(at, found))
            span = word.mapped.map.to_outer(found, found + len(sign))
            transcript.inexact(by.text, span.start, span.end - span.start)
            at = found + len(sign)
        transcript.mapped(word.mapped.slice(at, len(word.text)))
        result.append(Word(transcript.build(), glob=by.glob or word.glob))
    return tuple(result)


def _parallel(match: Match) -> Iterator[Node | Invocation]:
    """GNU parallel: a command template, then ``:::`` and what is put in for ``{}``."""
    words = match.arguments.rest
    at = next((i for i, word in enumerate(words) if word.text.startswith(":::")), None)
    arriving = _find_words(match) if at is None else words[at + 1 :]
    template = words if at is None else words[:at]
    for word in arriving[:1000]:
        if any("{}" in one.text for one in template):
            line = replaced(template, "{}", word)
        else:
            line = (*template, word)
        if len(template) > 1 or (template and " " not in template[0].text):
            yield replace(match.invocation, words=line, listed=True)
        elif line:
            yield match.embed("shell", spaced(line), "command of parallel")


def _eval(match: Match) -> Iterator[Node]:
    words = match.words[1:] if match.words and match.words[0].text == "--" else match.words
    if words:
        yield match.embed("shell", spaced(words), "argument of eval")


def _cmd(match: Match) -> Iterator[Node]:
    """cmd.exe /c: the rest of the line is a command."""
    for at, word in enumerate(match.words):
        if word.text.lower() in ("/c", "/k", "/s/c", "/r") and match.words[at + 1 :]:
            yield match.embed("shell", spaced(match.words[at + 1 :]), f"{word.text} of cmd")
            return


def _each_text(match: Match) -> Iterator[Node]:
    for operand in match.arguments.operands:
        yield match.embed("shell", operand.word.mapped, f"argument of {match.called}")


ENTRIES: tuple[Entry, ...] = (
    Wrapper(
        "sudo",
        values="-u --user -g --group -h --host -p --prompt -C --close-from -D --chdir -r --role"
        " -t --type -T --command-timeout -U --other-user -R --chroot",
        assignments=True,
        input_text=True,
        documentation="https://www.sudo.ws/docs/man/sudo.man/",
    ),
    Wrapper("doas", values="-u -C", documentation="https://man.openbsd.org/doas"),
    Wrapper(
        "env",
        values="-u --unset -C --chdir -P",
        text="-S --split-string",
        assignments=True,
        documentation=_GNU + "env-invocation.html",
    ),
    Wrapper(
        "cross-env|cross-env-shell",
        assignments=True,
        documentation="https://github.com/kentcdodds/cross-env",
    ),
    Wrapper(
        "nohup|setsid|unbuffer|chronic|builtin|noglob|nocorrect|firejail|fakeroot|tsp|ts",
        documentation=_GNU + "nohup-invocation.html",
    ),
    # What scripts call the function that runs, tries or announces a command, where it is not
    # followed: it stands in a library.
    Wrapper(
        "run|run_cmd|run_command|execute|exec_cmd|try|retry|silent|quiet|silently|as_root|run_as_root"
        "|maybe_sudo|ensure|safe|check_call|log_cmd",
        documentation="https://www.gnu.org/software/bash/manual/html_node/Shell-Functions.html",
    ),
    Wrapper("command", unless="-v -V", documentation=_MAN + "man1/command.1p.html"),
    Wrapper("exec", values="-a", documentation=_MAN + "man1/exec.1p.html"),
    Wrapper(
        "pihole-FTL",  # carries an sqlite3 of its own
        documentation="https://docs.pi-hole.net/database/ftl/",
    ),
    Wrapper("busybox|toybox", documentation="https://busybox.net/downloads/BusyBox.html"),
    Wrapper("nice", values="-n --adjustment", documentation=_GNU + "nice-invocation.html"),
    Wrapper(
        "ionice", values="-c --class -n --classdata", documentation=_MAN + "man1/ionice.1.html"
    ),
    Wrapper("chrt|taskset", operands=1, values="-T -P -D", documentation=_MAN + "man1/chrt.1.html"),
    Wrapper(
        "timeout|gtimeout",
        values="-s --signal -k --kill-after",
        operands=1,
        documentation=_GNU + "timeout-invocation.html",
    ),
    Wrapper(
        "time|gtime", values="-f --format -o --output", documentation=_MAN + "man1/time.1.html"
    ),
    Wrapper(
        "stdbuf",
        values="-i --input -o --output -e --error",
        documentation=_GNU + "stdbuf-invocation.html",
    ),
    Wrapper(
        "strace|ltrace",
        values="-e -o -p -s -u -E -P -I -O -S -a -b -X",
        documentation=_MAN + "man1/strace.1.html",
    ),
    Wrapper("watch", values="-n --interval", joined=True, documentation=_MAN + "man1/watch.1.html"),
    Wrapper("caffeinate", values="-t -w", documentation="https://ss64.com/mac/caffeinate.html"),
    Wrapper("script", text="-c --command", operands=9, documentation=_MAN + "man1/script.1.html"),
    Wrapper(
        "flock",
        values="-w --timeout --wait -E --conflict-exit-code",
        text="-c --command",
        operands=1,
        documentation=_MAN + "man1/flock.1.html",
    ),
    Wrapper(
        "systemd-run",
        values="-p --property -u --unit --uid --gid -E --setenv --on-calendar"
        " --on-active -M --machine --slice --description --working-directory",
        documentation=_MAN + "man1/systemd-run.1.html",
    ),
    Wrapper("systemd-inhibit", documentation=_MAN + "man1/systemd-inhibit.1.html"),
    Wrapper(
        "chroot",
        values="--userspec --groups",
        operands=1,
        elsewhere=True,
        documentation=_GNU + "chroot-invocation.html",
    ),
    Wrapper("unshare|nsenter", values="-t --target", documentation=_MAN + "man1/nsenter.1.html"),
    Wrapper(
        "su",
        values="-g --group -G -s --shell -w",
        text="-c --command --session-command",
        operands=99,
        input_text=True,
        documentation=_MAN + "man1/su.1.html",
    ),
    Wrapper(
        "runuser",
        values="-u --user -g --group -G -s --shell -w",
        text="-c --command",
        needs="-u --user",
        documentation=_MAN + "man1/runuser.1.html",
    ),
    Wrapper(
        "runuser",
        values="-g --group -G -s --shell -w",
        text="-c --command",
        operands=99,
        unless="-u --user",
        input_text=True,
        documentation=_MAN + "man1/runuser.1.html",
    ),
    Wrapper(
        "gosu|su-exec|setuser|s6-setuidgid|chpst",
        operands=1,
        documentation="https://github.com/tianon/gosu",
    ),
    Wrapper("tini|dumb-init|catatonit", documentation="https://github.com/krallin/tini"),
    Wrapper(
        "wait-for-it|wait-for-it.sh|wait-for|wait-for.sh|wait-for-postgres.sh",
        values="-h -p -t",
        operands=1,
        only_dashes=True,
        documentation="https://github.com/vishnubob/wait-for-it",
    ),
    Wrapper(
        "dockerize",
        values="-wait -timeout -template -stdout -stderr -wait-http-header",
        single_dash=True,
        documentation="https://github.com/jwilder/dockerize",
    ),
    Wrapper(
        "ssh|autossh",
        joined=True,
        operands=1,
        elsewhere=True,
        input_text=True,
        values="-b -c -D -E -e -F -I -i -J -L -l -m -O -o -p -Q -R -S -W -w -M",
        documentation="https://man.openbsd.org/ssh",
    ),
    Wrapper("sshpass", values="-p -f -d -P", documentation="https://linux.die.net/man/1/sshpass"),
    Wrapper(
        "gcloud compute ssh",
        text="--command",
        values="--zone --project",
        operands=99,
        documentation="https://cloud.google.com/sdk/gcloud/reference/compute/ssh",
    ),
    Wrapper(
        "docker|podman|nerdctl exec, docker|podman|nerdctl container exec",
        values=_EXEC + " -H --host -c --context",
        operands=1,
        strict=True,
        elsewhere=True,
        documentation="https://docs.docker.com/reference/cli/docker/container/exec/",
    ),
    Wrapper(
        "docker|podman|nerdctl run, docker|podman|nerdctl container run, docker|podman create",
        values=_RUN,
        operands=1,
        strict=True,
        elsewhere=True,
        mounts="-v --volume --mount",
        documentation="https://docs.docker.com/reference/cli/docker/container/run/",
    ),
    Wrapper(
        "docker|podman|nerdctl compose exec|run, docker-compose|podman-compose exec|run",
        values=f"{_COMPOSE} {_RUN} {_EXEC} --index",
        operands=1,
        strict=True,
        elsewhere=True,
        mounts="-v --volume --mount",
        documentation="https://docs.docker.com/reference/cli/docker/compose/exec/",
    ),
    Wrapper(
        "kubectl|oc|k exec",
        values=_KUBE + " -c --container -f --filename",
        operands=1,
        elsewhere=True,
        documentation="https://kubernetes.io/docs/reference/kubectl/generated/kubectl_exec/",
    ),
    Wrapper(
        "kubectl|oc|k run",
        values=_KUBE + " --image --restart --env --overrides --command?",
        operands=1,
        elsewhere=True,
        only_dashes=True,
        documentation="https://kubernetes.io/docs/reference/kubectl/generated/kubectl_run/",
    ),
    Wrapper(
        "heroku run|run:detached",
        values="-a --app -r --remote -s --size -e --env",
        joined=True,
        elsewhere=True,
        documentation="https://devcenter.heroku.com/articles/heroku-cli-commands",
    ),
    Wrapper(
        "fly|flyctl ssh console",
        values="-a --app -c --config -r --region -s --select -u",
        text="-C --command",
        operands=9,
        elsewhere=True,
        documentation="https://fly.io/docs/flyctl/ssh-console/",
    ),
    Wrapper(
        "vagrant ssh",
        text="-c --command",
        operands=9,
        elsewhere=True,
        documentation="https://developer.hashicorp.com/vagrant/docs/cli/ssh",
    ),
    Wrapper(
        "wsl",
        values="-d --distribution -u --user --cd",
        documentation="https://learn.microsoft.com/windows/wsl/basic-commands",
    ),
    Wrapper(
        "railway run, eb ssh, render ssh, dokku run, cf ssh",
        values="-s --service -e --environment",
        documentation="https://docs.railway.com/reference/cli-api",
    ),
    Wrapper(
        "ddev|lando exec|ssh, ddev|lando|sail|fin",
        documentation="https://ddev.readthedocs.io/en/stable/users/usage/commands/",
    ),
    Wrapper(
        "op run, doppler run, infisical run, dotenvx run, teller run, vault-env, berglas exec",
        values="--env-file -p --project -c --config --env -f -e",
        documentation="https://developer.1password.com/docs/cli/reference/commands/run/",
    ),
    Wrapper(
        "aws-vault exec, chamber exec, direnv exec, envdir",
        operands=1,
        documentation="https://github.com/99designs/aws-vault/blob/master/USAGE.md",
    ),
    Custom(
        "xargs|gxargs",
        run=_xargs,
        operands=0,
        values="-I -J -R -n -L -P -s -S -E -d -a -i? -e? -l? --max-args --max-procs --delimiter"
        " --arg-file --max-lines? --replace?",
        documentation="https://www.gnu.org/software/findutils/manual/html_node/find_html/xargs-options.html",
    ),
    Custom(
        "parallel",
        run=_parallel,
        operands=0,
        values="-j --jobs --joblog --delay --timeout -a --colsep -S --retries",
        documentation="https://www.gnu.org/software/parallel/man.html",
    ),
    Custom("eval", run=_eval, documentation=_MAN + "man1/eval.1p.html"),
    Custom(
        "cmd",
        run=_cmd,
        documentation="https://learn.microsoft.com/windows-server/administration/windows-commands/cmd",
    ),
    Custom(
        "concurrently|run-p|run-s",
        run=_each_text,
        values="-n --names -c -p",
        documentation="https://github.com/open-cli-tools/concurrently",
    ),
)
