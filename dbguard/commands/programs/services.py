"""Programs that stop and start services."""

from __future__ import annotations

from dbguard.commands.entry import Command, Entry
from dbguard.operations import Kind

_SYSTEMCTL = "https://www.freedesktop.org/software/systemd/man/latest/systemctl.html"
_PM2 = "https://pm2.keymetrics.io/docs/usage/process-management/"
_SUPERVISOR = "https://supervisord.org/running.html"


def _pair(
    stop: str, start: str, documentation: str, target: str = "*", values: str = ""
) -> tuple[Entry, ...]:
    """Return the entries of what stops and what starts a service."""
    return (
        Command(
            stop, kind=Kind.STOP_SERVICE, target=target, values=values, documentation=documentation
        ),
        Command(
            start,
            kind=Kind.START_SERVICE,
            target=target,
            values=values,
            documentation=documentation,
        ),
    )


ENTRIES: tuple[Entry, ...] = (
    *_pair(
        "systemctl stop|kill|isolate",
        "systemctl start|restart|reload-or-restart",
        _SYSTEMCTL,
        values="-t --type -p --property -H --host -M --machine -s --signal --job-mode -n --lines",
    ),
    Command(
        "systemctl disable|mask",
        kind=Kind.STOP_SERVICE,
        needs="--now",
        target="*",
        documentation=_SYSTEMCTL,
    ),
    Command(
        "systemctl enable",
        kind=Kind.START_SERVICE,
        needs="--now",
        target="*",
        documentation=_SYSTEMCTL,
    ),
    *_pair(
        "service * stop",
        "service * start|restart",
        "https://manpages.debian.org/stable/init-system-helpers/service.8.en.html",
        target=".1",
    ),
    *_pair(
        "pm2 stop|delete|del|kill",
        "pm2 start|restart|reload|startOrRestart|startOrReload|resurrect",
        _PM2,
        values="-n --name --env -i --instances --only",
    ),
    *_pair(
        "supervisorctl stop|shutdown",
        "supervisorctl start|restart",
        _SUPERVISOR,
        values="-c -s -u -p",
    ),
    *_pair("brew services stop", "brew services start|restart|run", "https://docs.brew.sh/Manpage"),
    *_pair(
        "launchctl stop|unload|bootout|kill",
        "launchctl start|load|bootstrap|kickstart",
        "https://ss64.com/mac/launchctl.html",
    ),
    *_pair(
        "rc-service * stop",
        "rc-service * start|restart",
        "https://wiki.gentoo.org/wiki/OpenRC",
        target=".1",
    ),
    *_pair("sv stop|down|force-stop", "sv start|up|restart", "https://smarden.org/runit/sv.8"),
    *_pair(
        "invoke-rc.d * stop",
        "invoke-rc.d * start|restart",
        "https://manpages.debian.org/stable/init-system-helpers/invoke-rc.d.8.en.html",
        target=".1",
    ),
    *_pair("initctl stop", "initctl start|restart", "https://upstart.ubuntu.com/cookbook/"),
    *_pair(
        "monit stop", "monit start|restart", "https://mmonit.com/monit/documentation/monit.html"
    ),
    *_pair(
        "net stop",
        "net start",
        "https://learn.microsoft.com/windows-server/administration/windows-commands/net-stop",
    ),
    *_pair(
        "sc stop",
        "sc start",
        "https://learn.microsoft.com/windows-server/administration/windows-commands/sc-query",
    ),
    *_pair("nssm stop", "nssm start|restart", "https://nssm.cc/usage"),
    *_pair(
        "Stop-Service|stop-service",
        "Start-Service|start-service|Restart-Service",
        "https://learn.microsoft.com/powershell/module/microsoft.powershell.management/stop-service",
        target="1",
    ),
    *_pair(
        "forever stop|stopall",
        "forever start|restart|restartall",
        "https://github.com/foreversd/forever",
    ),
    *_pair(
        "apachectl|apache2ctl stop|graceful-stop",
        "apachectl|apache2ctl start|restart|graceful",
        "https://httpd.apache.org/docs/current/programs/apachectl.html",
    ),
    Command(
        "nginx",
        kind=Kind.STOP_SERVICE,
        needs="-s=stop -s=quit",
        values="-s -c -p -g",
        documentation="https://nginx.org/en/docs/switches.html",
    ),
    *_pair(
        "heroku maintenance:on",
        "heroku maintenance:off",
        "https://devcenter.heroku.com/articles/maintenance-mode",
        values="-a --app",
    ),
    Command(
        "heroku ps:scale *=0",
        kind=Kind.STOP_SERVICE,
        anywhere=True,
        values="-a --app",
        documentation="https://devcenter.heroku.com/articles/scaling",
    ),
    Command(
        "heroku ps:stop",
        kind=Kind.STOP_SERVICE,
        target="1",
        values="-a --app",
        documentation="https://devcenter.heroku.com/articles/heroku-cli-commands",
    ),
    Command(
        "fly|flyctl scale count 0",
        kind=Kind.STOP_SERVICE,
        values="-a --app",
        documentation="https://fly.io/docs/flyctl/scale-count/",
    ),
    *_pair(
        "fly|flyctl machine|machines stop",
        "fly|flyctl machine|machines start|restart",
        "https://fly.io/docs/flyctl/machine-stop/",
        values="-a --app",
    ),
    *_pair(
        "dokku ps:stop",
        "dokku ps:start|ps:restart|ps:rebuild",
        "https://dokku.com/docs/processes/process-management/",
    ),
    *_pair(
        "cf stop", "cf start|restart|restage", "https://cli.cloudfoundry.org/en-US/v8/stop.html"
    ),
    Command(
        "docker service scale *=0",
        kind=Kind.STOP_SERVICE,
        documentation="https://docs.docker.com/reference/cli/docker/service/scale/",
    ),
    Command(
        "kubectl|oc|k delete deployment|deployments|deploy|statefulset|sts|daemonset|job|cronjob",
        kind=Kind.STOP_SERVICE,
        target="1*",
        values="-n --namespace --context --kubeconfig -l --selector -f --filename",
        documentation="https://kubernetes.io/docs/reference/kubectl/generated/kubectl_delete/",
    ),
    *_pair(
        "nomad job stop",
        "nomad job run",
        "https://developer.hashicorp.com/nomad/docs/commands/job/stop",
    ),
    Command(
        "aws ecs update-service",
        kind=Kind.STOP_SERVICE,
        needs="--desired-count=0",
        values="--desired-count --service --cluster --region --profile",
        target="--service",
        documentation="https://docs.aws.amazon.com/cli/latest/reference/ecs/update-service.html",
    ),
    *_pair(
        "az webapp|functionapp|containerapp stop",
        "az webapp|functionapp|containerapp start|restart",
        "https://learn.microsoft.com/cli/azure/webapp",
        target="-n --name",
        values="-n --name -g --resource-group",
    ),
    *_pair("sail stop|down", "sail up|restart", "https://laravel.com/docs/sail"),
)
