"""Which YAML files a host reads, by their path: any other YAML is not opened."""

from __future__ import annotations

import re

from dbguard.patterns import regex

_YAML = r"\.ya?ml$"
_PATHS = tuple(
    (regex(pattern, re.IGNORECASE), host)
    for pattern, host in (
        (rf"(?:^|/)\.(?:github|gitea|forgejo)/workflows/[^/]+{_YAML}", "workflow"),
        (rf"(?:^|/)action{_YAML}", "workflow"),
        (rf"(?:^|/)[^/]*\.gitlab-ci[^/]*{_YAML}|(?:^|/)\.gitlab/ci/.*{_YAML}", "gitlab_ci"),
        (rf"(?:^|/)\.circleci/.*{_YAML}", "circleci"),
        (rf"(?:^|/)\.?azure-pipelines?[^/]*{_YAML}|(?:^|/)\.azure(?:-pipelines|/pipelines)/.*{_YAML}",
         "azure_pipelines"),
        ((rf"(?:^|/)(?:bitbucket-pipelines|\.travis|\.?drone|\.?woodpecker|cloudbuild[^/]*){_YAML}"
         rf"|(?:^|/)\.(?:woodpecker|buildkite)/.*{_YAML}"), "script_lists"),
        (rf"(?:^|/)[^/]*compose[^/]*{_YAML}", "compose"),
        (rf"(?:^|/)\.pre-commit-(?:config|hooks){_YAML}", "pre_commit_config"),
        (rf"(?:^|/)config/database(?:\.[\w-]+)?{_YAML}", "settings"),
        (rf"(?:^|/)Taskfile(?:\.dist)?{_YAML}", "taskfile"),
        ((rf"(?:^|/)(?:k8s|kube\w*|kubernetes|manifests?|deploy\w*|charts?|helm|templates|kustomize|overlays|base"
         rf"|argocd|cluster\w*|gitops|flux|ansible|playbooks?|roles|tasks|handlers)/.*{_YAML}"
         rf"|(?:^|/)[^/]*(?:k8s|kube|deployment|cronjob|job|statefulset|playbook|site){_YAML}"), "manifest"),
    )
)  # fmt: skip


def host_of_path(path: str) -> str:
    """Return the host module for a path (with ``/``, from the root of the project), or ''."""
    return next((host for pattern, host in _PATHS if pattern.search(path)), "")
