"""Containers: volumes and claims hold databases, services use them."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.commands.entry import Command, Custom, Entry
from dbguard.commands.match import Match
from dbguard.flow import Node
from dbguard.operations import Certainty, Kind, TargetKind, Trait

_DOCKER = "https://docs.docker.com/reference/cli/docker/"
_DDEV = "https://docs.ddev.com/en/stable/users/usage/commands/"
_KUBECTL = "https://kubernetes.io/docs/reference/kubectl/generated/"
_COMPOSE = (
    "-f --file -p --project-name --profile --env-file --project-directory --ansi --progress"
    " --parallel -H --host -c --context"
)
_GLOBAL = "-H --host -c --context --config -l --log-level --filter"
_KUBE = (
    "-n --namespace --context --cluster --kubeconfig -s --server --user -l --selector -f --filename"
    " --as --grace-period --timeout --cascade -o --output -k --kustomize --dry-run? --field-selector"
)
_RM = "-v --volumes"
_DRY = "--help --dry-run=client --dry-run=server --dry-run"


def _compose(path: str) -> str:
    return f"docker|podman|nerdctl compose {path}, docker-compose|podman-compose {path}"


def _engine(path: str) -> str:
    return f"docker|podman|nerdctl {path}"


def _ddev_snapshot(match: Match) -> Iterator[Node]:
    """ddev snapshot: keeps the database of a project, or restores what was kept."""
    operands = [operand.word.mapped for operand in match.arguments.operands]
    restores = match.called == "ddev restore-snapshot"
    if not restores and operands and operands[0].text == "restore":
        operands, restores = operands[1:], True
    name = match.arguments.value("-n", "--name")
    if restores:
        source = match.file(operands[0]) if operands else None
        target = match.target(TargetKind.DATABASE, "")
        yield match.operation(Kind.RESTORE, target, source=source, spelling="ddev snapshot restore")
    else:
        yield match.operation(
            Kind.BACKUP,
            match.file(name if name is not None else ""),
            source=match.target(TargetKind.DATABASE, operands[0].text if operands else ""),
            traits=frozenset({Trait.TIMESTAMPED}),
        )


ENTRIES: tuple[Entry, ...] = (
    Command(
        _compose("stop|down|kill|pause"),
        kind=Kind.STOP_SERVICE,
        target="*",
        globals=_COMPOSE,
        values="-t --timeout --scale --rmi",
        documentation=_DOCKER + "compose/down/",
    ),
    Command(
        _compose("down"),
        kind=Kind.DELETE_STORAGE,
        needs=_RM,
        globals=_COMPOSE,
        values="-t --timeout --scale --rmi",
        unless="--help --dry-run",
        documentation=_DOCKER + "compose/down/",
    ),
    Command(
        _compose("rm"),
        kind=Kind.DELETE_STORAGE,
        needs="-v --volumes",
        globals=_COMPOSE,
        values="-t --timeout --scale --rmi",
        target="*",
        certainty=Certainty.OPAQUE,
        unless="--help --dry-run",
        documentation=_DOCKER + "compose/rm/",
    ),
    Command(
        _compose("up"),
        kind=Kind.DELETE_STORAGE,
        needs="-V --renew-anon-volumes",
        globals=_COMPOSE,
        values="-t --timeout --scale --rmi",
        certainty=Certainty.OPAQUE,
        documentation=_DOCKER + "compose/up/",
    ),
    Command(
        _compose("up|start|restart|unpause"),
        kind=Kind.START_SERVICE,
        target="*",
        globals=_COMPOSE,
        values="-t --timeout --scale --rmi",
        documentation=_DOCKER + "compose/up/",
    ),
    Command(
        _engine("stop|kill|pause") + ", " + _engine("container stop|kill|pause"),
        kind=Kind.STOP_SERVICE,
        target="*",
        values=_GLOBAL + " -t --time -s --signal",
        documentation=_DOCKER + "container/stop/",
    ),
    Command(
        _engine("start|restart|unpause") + ", " + _engine("container start|restart|unpause"),
        kind=Kind.START_SERVICE,
        target="*",
        values=_GLOBAL + " -t --time",
        documentation=_DOCKER + "container/start/",
    ),
    Command(
        _engine("rm") + ", " + _engine("container rm|remove"),
        kind=Kind.DELETE_STORAGE,
        needs=_RM,
        target="*",
        values=_GLOBAL,
        certainty=Certainty.OPAQUE,
        documentation=_DOCKER + "container/rm/",
    ),
    Command(
        _engine("volume rm|remove"),
        kind=Kind.DELETE_STORAGE,
        target="*",
        values=_GLOBAL,
        documentation=_DOCKER + "volume/rm/",
    ),
    Command(
        _engine("volume prune"),
        kind=Kind.DELETE_STORAGE,
        needs="-a --all",
        values=_GLOBAL,
        documentation=_DOCKER + "volume/prune/",
    ),
    Command(
        _engine("volume prune"),  # of Docker since 23.0: anonymous volumes only
        kind=Kind.DELETE_STORAGE,
        unless="-a --all --help",
        values=_GLOBAL,
        certainty=Certainty.OPAQUE,
        documentation=_DOCKER + "volume/prune/",
    ),
    Command(
        _engine("system prune"),  # anonymous volumes only
        kind=Kind.DELETE_STORAGE,
        needs="--volumes",
        values=_GLOBAL,
        certainty=Certainty.OPAQUE,
        documentation=_DOCKER + "system/prune/",
    ),
    Command(
        "podman system reset, podman machine reset, podman machine rm",
        kind=Kind.DELETE_STORAGE,
        documentation="https://docs.podman.io/en/latest/markdown/podman-system-reset.1.html",
    ),
    Command(
        "podman pod rm",
        kind=Kind.DELETE_STORAGE,
        needs="-v",
        target="*",
        certainty=Certainty.OPAQUE,
        documentation="https://docs.podman.io/en/latest/markdown/podman-pod-rm.1.html",
    ),
    Command(
        "docker stack rm|down, docker service rm",
        kind=Kind.STOP_SERVICE,
        target="*",
        documentation=_DOCKER + "stack/rm/",
    ),
    Command(
        "kubectl|oc|k delete pvc|persistentvolumeclaim|persistentvolumeclaims|pv|persistentvolume"
        "|persistentvolumes",
        kind=Kind.DELETE_STORAGE,
        target="1*",
        values=_KUBE,
        unless=_DRY,
        documentation=_KUBECTL + "kubectl_delete/",
    ),
    Command(
        "kubectl|oc|k delete pvc/*|persistentvolumeclaim/*|pv/*|persistentvolume/*",
        kind=Kind.DELETE_STORAGE,
        target=".2",
        values=_KUBE,
        unless=_DRY,
        documentation=_KUBECTL + "kubectl_delete/",
    ),
    Command(
        "kubectl|oc|k cnpg destroy, kubectl-cnpg destroy",
        kind=Kind.DELETE_STORAGE,
        unless="--keep-pvc --help",
        values="-n --namespace --context",
        target="1",
        documentation="https://cloudnative-pg.io/documentation/current/kubectl-plugin/#destroy",
    ),
    Command(
        "kubectl|oc|k delete namespace|namespaces|ns|project",
        kind=Kind.DELETE_STORAGE,
        target="1*",
        values=_KUBE,
        certainty=Certainty.OPAQUE,
        unless=_DRY,
        documentation=_KUBECTL + "kubectl_delete/",
    ),
    Command(
        "kubectl|oc|k delete namespace/*|ns/*",
        kind=Kind.DELETE_STORAGE,
        target=".2",
        values=_KUBE,
        certainty=Certainty.OPAQUE,
        unless=_DRY,
        documentation=_KUBECTL + "kubectl_delete/",
    ),
    Command(
        "kubectl|oc|k delete postgresql|postgresqls|postgrescluster|perconaxtradbcluster"
        "|mysqlcluster|innodbcluster|mongodbcommunity|cluster.postgresql.cnpg.io",
        kind=Kind.DROP_DATABASE,
        target="1",
        values=_KUBE,
        unless=_DRY,
        documentation="https://cloudnative-pg.io/documentation/current/",
    ),
    Command(
        "kubectl|oc|k scale",
        kind=Kind.STOP_SERVICE,
        needs="--replicas=0",
        target="1",
        values=_KUBE + " --replicas",
        documentation=_KUBECTL + "kubectl_scale/",
    ),
    Command(
        "kubectl|oc|k scale",
        kind=Kind.START_SERVICE,
        unless="--replicas=0",
        target="1",
        values=_KUBE + " --replicas",
        documentation=_KUBECTL + "kubectl_scale/",
    ),
    Command(
        "minikube delete, kind delete cluster, k3d cluster delete",
        kind=Kind.DELETE_STORAGE,
        certainty=Certainty.OPAQUE,
        values="--name -n",
        target="--name 1",
        documentation="https://kind.sigs.k8s.io/docs/user/quick-start/",
    ),
    Command(
        "ddev delete",
        kind=Kind.BACKUP,
        unless="-O --omit-snapshot --help",
        source="1",
        traits=frozenset({Trait.TIMESTAMPED}),
        documentation=_DDEV + "#delete",
    ),
    Command(
        "ddev delete",
        kind=Kind.DELETE_STORAGE,
        target="1",
        documentation=_DDEV + "#delete",
    ),
    Custom(
        "ddev snapshot, ddev restore-snapshot",
        run=_ddev_snapshot,
        unless="-c --cleanup -l --list --help",
        values="-n --name",
        destroys=True,
        documentation=_DDEV + "#snapshot",
    ),
    Command(
        "ddev export-db",
        kind=Kind.BACKUP,
        values="-f --file -d --database",
        target="-f --file >",
        documentation=_DDEV + "#export-db",
    ),
    Command(
        "ddev import-db",
        kind=Kind.RESET,
        unless="--no-drop --help",
        values="-f --file -d --database --src --target-db --extract-path",
        target="-d --database",
        documentation=_DDEV + "#import-db",
    ),
    Command(
        "lando destroy",
        kind=Kind.DELETE_STORAGE,
        documentation="https://docs.lando.dev/cli/destroy.html",
    ),
    Command(
        "vagrant destroy",
        kind=Kind.DELETE_STORAGE,
        target="1",
        certainty=Certainty.OPAQUE,
        documentation="https://developer.hashicorp.com/vagrant/docs/cli/destroy",
    ),
    Command(
        "multipass delete, lxc delete, incus delete",
        kind=Kind.DELETE_STORAGE,
        target="1",
        certainty=Certainty.OPAQUE,
        about=TargetKind.STORAGE,
        documentation="https://documentation.ubuntu.com/lxd/latest/reference/manpages/lxc/delete/",
    ),
)
