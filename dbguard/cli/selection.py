"""Which files, which settings and which baseline a run is about: options of several commands."""

from __future__ import annotations

import gc
import os
import sys

from dbguard.cli.outcome import CutShortError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from dbguard.baseline import Baseline
    from dbguard.config import Config
    from dbguard.finding import Finding
    from dbguard.options import ScanOptions
    from dbguard.pipeline import Watch
    from dbguard.report.model import Report


def add_policy(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which settings and which baseline hold."""
    from argparse import SUPPRESS

    add = parser.add_argument
    add("--config", metavar="FILE", help="settings, instead of the project's; or --no-config")
    add("--no-config", action="store_true", help=SUPPRESS)
    add("--config-from", metavar="BASE", default="",
        help="settings and baseline of the merge base with BASE")  # fmt: skip
    add("--baseline", metavar="FILE", help="instead of .dbguard-baseline; or --no-baseline")
    add("--no-baseline", action="store_true", help=SUPPRESS)


def scanned(options: ScanOptions, *, quiet: bool = False) -> Report:
    """Scan. Raises UsageError or CutShortError where a change was asked for in vain.

    A terminal is told how far it is, unless it shall be *quiet*.
    """
    if quiet or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        return _scanned(options, None)
    # Imported here: a hook's standard error is no terminal.
    from dbguard.cli.progress import Progress

    progress = Progress()
    try:
        return _scanned(options, progress)
    finally:
        progress.close()


def _scanned(options: ScanOptions, watch: Watch | None) -> Report:
    from dbguard import pipeline
    from dbguard.refusals import ChangeError, GitError, ShallowError

    # Most of what a scan makes lives until a file is done: to look for cycles in it every
    # 700 objects takes time for nothing. The older ones are looked at as often as that, for
    # programs are cycles: rarer, and a worker grew to 450 MB on 100,000 files.
    gc.set_threshold(25_000, 5, 1)
    gc.enable()
    try:
        return pipeline.scan(options, watch)
    except ChangeError as error:
        raise UsageError(str(error)) from error
    except (ShallowError, GitError) as error:
        raise CutShortError(str(error)) from error


def scan_options(arguments: argparse.Namespace) -> ScanOptions:
    """Return what the arguments and the settings ask for. Raises UsageError."""
    from dbguard.config import find_root
    from dbguard.options import Input, ScanOptions

    paths = tuple(arguments.paths) or (".",)
    stdin = None
    if "-" in paths:
        if len(paths) > 1:
            raise UsageError("- stands alone: standard input is checked or files are")
        if not arguments.stdin_filename:
            raise UsageError("- needs --stdin-filename NAME: the name tells the language")
        stdin = Input(arguments.stdin_filename, _standard_input())
    elif arguments.stdin_filename:
        raise UsageError("--stdin-filename goes with the path -")
    for path in paths:
        if path != "-" and not os.path.lexists(path):
            raise UsageError(f"{path or 'the empty path'} does not exist")
    if stdin is not None and (arguments.diff or arguments.staged):
        raise UsageError("- has no history: --diff and --staged go with files")
    root = find_root((arguments.stdin_filename,) if stdin else paths)
    config, accepted, weakened = _policy(arguments, root)
    return ScanOptions(
        paths,
        root,
        config,
        stdin,
        arguments.jobs,
        baseline=accepted,
        diff=arguments.diff,
        staged=arguments.staged,
        policy_from=arguments.config_from,
        weakened=weakened,
        shard=getattr(arguments, "shard", None),  # of a scan alone
    )


def _standard_input() -> bytes:
    from dbguard.reading import FILE_LIMIT

    # One byte too many tells that there is more.
    return sys.stdin.buffer.read(FILE_LIMIT + 1)


def _policy(
    arguments: argparse.Namespace, root: str
) -> tuple[Config, Baseline, tuple[Finding, ...]]:
    """Return the settings and the baseline, overruled by the arguments, and what weakens them.

    Raises UsageError.
    """
    from dbguard.baseline import FILE_NAME, Baseline, BaselineError
    from dbguard.config import FAIL_ON, Config, ConfigError
    from dbguard.records import replace
    from dbguard.refusals import ChangeError, GitError, ShallowError

    exclusive(arguments.config, arguments.no_config, "--config and --no-config")
    exclusive(arguments.config, arguments.config_from, "--config and --config-from")
    exclusive(arguments.no_config, arguments.config_from, "--no-config and --config-from")
    config, accepted = Config(), Baseline()
    weakened: tuple[Finding, ...] = ()
    named = arguments.baseline
    try:
        if arguments.config_from:
            from dbguard.policy import of_base

            policy = of_base(root, arguments.config_from, _check_rules)
            config, accepted, weakened = policy.config, policy.baseline, policy.weakened
        else:
            config = _config(arguments, root)
            named = named or os.path.join(root, FILE_NAME)
        if arguments.no_baseline:
            accepted = Baseline()
        elif named and (arguments.baseline or os.path.lexists(named)):
            # Imported here, for few projects have a baseline.
            from dbguard.policy import read_baseline

            accepted = read_baseline(named, required=True)
        if arguments.exclude:
            from dbguard.config import check_patterns

            check_patterns(arguments.exclude, "--exclude")
    except (ConfigError, BaselineError, ChangeError) as error:
        raise UsageError(str(error)) from error
    except (ShallowError, GitError) as error:
        raise CutShortError(str(error)) from error
    if arguments.exclude:
        config = replace(config, exclude=(*config.exclude, *arguments.exclude))
    if arguments.fail_on:
        config = replace(config, fail_on=FAIL_ON[arguments.fail_on])
    return config, accepted, weakened


def exclusive(one: object, other: object, what: str) -> None:
    """Raise UsageError where both options are given."""
    if one and other:
        raise UsageError(f"{what} exclude each other")


def _config(arguments: argparse.Namespace, root: str) -> Config:
    """Return the settings of the work tree. Raises ConfigError."""
    from dbguard.config import Config, load, load_project

    if arguments.no_config:
        return Config()
    named = arguments.config
    config = load(named, required=True) if named else load_project(root)
    _check_rules(config)
    return config


def _check_rules(config: Config) -> None:
    """Raise ConfigError where settings name a rule that is not known."""
    if config.severity or config.overrides:
        from dbguard.config import check_rules
        from dbguard.rules import rule_ids

        check_rules(config, rule_ids())
