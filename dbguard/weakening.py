"""Which settings of a new version of the policy guard less than those of the old one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dbguard.baseline import Baseline
from dbguard.config import Config, Override
from dbguard.finding import Finding, Severity
from dbguard.own_commands import EVIDENCE
from dbguard.rules.weakened_guard import WeakenedGuard
from dbguard.source import SourceFile, Span

_DEFAULT = 2.5
"""Where a rule's own judgement stands: it may be an error, which "warning" would lower."""


def weaker_settings(old: Config, new: Config, file: SourceFile) -> Iterator[Finding]:
    """Yield a finding for every setting that guards less; *file* holds the new ones."""
    for message, word in _weaker(old, new):
        yield WeakenedGuard().at(file, _place(file, word), message)


def unreadable_settings(file: SourceFile, error: str) -> Finding:
    """Return the finding for new settings that are wrong."""
    return WeakenedGuard().at(file, _place(file, ""), f"the settings are wrong: {error}")


def grown_baseline(
    old: Baseline, new: Baseline, file: SourceFile, renamed: Mapping[str, str]
) -> Iterator[Finding]:
    """Yield a finding for every entry the baseline gained; *renamed* maps new paths on old."""
    for key, severity in sorted(new.entries.items()):
        path, rule, text, number = key
        before = old.entries.get(key) or old.entries.get(
            (renamed.get(path, path), rule, text, number)
        )
        if before is None or before < severity:
            message = f"the change adds {rule} of {text} in {path} to the baseline"
            yield WeakenedGuard().at(file, _place(file, rule), message)


def _weaker(old: Config, new: Config) -> Iterator[tuple[str, str]]:
    """Yield what became weaker, and a word by which it is found in the file."""
    for rule in sorted({*old.severity, *new.severity}):
        if _level(new.severity, rule) < _level(old.severity, rule):
            yield f"the change lowers {rule} to {_name(new.severity, rule)}", rule
    yield from _weaker_overrides(old, new)
    for pattern in _gained(old.exclude, new.exclude):
        if not pattern.startswith("!"):
            yield f"the change excludes {pattern}", pattern
    for pattern in _gained(new.exclude, old.exclude):
        if pattern.startswith("!"):
            yield f"the change excludes what {pattern} kept", "exclude"
    for pattern in _gained(old.not_database_files, new.not_database_files):
        yield f"the change declares {pattern} no database", pattern
    for pattern in _gained(new.database_files, old.database_files):
        yield f"the change no longer declares {pattern} a database", "database-files"
    for pattern in _gained(old.test_paths, new.test_paths):
        yield f"the change declares {pattern} tests", pattern
    if _fail_rank(new.fail_on) > _fail_rank(old.fail_on):
        level = new.fail_on.value if new.fail_on is not None else "never"
        yield f"the change raises fail-on to {level}", "fail-on"

    if new.minimum_severity > old.minimum_severity:
        level = new.minimum_severity.value
        yield f"the change raises minimum-severity to {level}", "minimum-severity"
    for command in new.commands:
        if command.does in EVIDENCE and command not in old.commands:
            yield f"the change declares a command: {command}", command.program
    for command in old.commands:
        if command.does not in EVIDENCE and command not in new.commands:
            yield f"the change no longer declares a command: {command}", "commands"


def _weaker_overrides(old: Config, new: Config) -> Iterator[tuple[str, str]]:
    for override in new.overrides:
        if override in old.overrides:
            continue
        for rule in sorted(override.severity):
            if _level(override.severity, rule) < _level(old.severity, rule):
                level = _name(override.severity, rule)
                paths = ", ".join(override.paths)
                yield f"the change lowers {rule} to {level} in {paths}", override.paths[0]
    for override in old.overrides:
        if override not in new.overrides:
            yield from _lost(override, new)


def _lost(override: Override, new: Config) -> Iterator[tuple[str, str]]:
    for rule in sorted(override.severity):
        if _level(override.severity, rule) > _level(new.severity, rule):
            yield f"the change no longer raises {rule} in {', '.join(override.paths)}", rule


def _level(severity: Mapping[str, Severity | None], rule: str) -> float:
    """Return how much a rule counts: 0 for off, up to 3."""
    if rule not in severity:
        return _DEFAULT
    level = severity[rule]
    return 0 if level is None else level.rank + 1


def _name(severity: Mapping[str, Severity | None], rule: str) -> str:
    if rule not in severity:
        return "its own judgement"
    level = severity[rule]
    return "off" if level is None else level.value


def _fail_rank(fail_on: Severity | None) -> int:
    return len(Severity) if fail_on is None else fail_on.rank


def _gained(old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[str]:
    yield from (pattern for pattern in new if pattern not in old)


def _place(file: SourceFile, word: str) -> Span:
    """Return the first line of a file that holds *word*, its first line where none does."""
    at = max(0, file.text.find(word))
    return file.line_span(file.position(at)[0])
