"""``dbguard fix``: show, or write, what does away with findings."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator

from dbguard.cli.outcome import Exit, UsageError
from dbguard.cli.output import write
from dbguard.cli.selection import scan_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.fixing.mending import Fixed
    from dbguard.fixing.proposal import Proposal
    from dbguard.report.style import Style

EXIT_CODES = """\
exit code: 0 nothing to fix, or all of it written, 1 there is something to fix
(it is shown), 2 wrong usage or settings, 3 a file was not analysed or written
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = "Show as a diff what does away with findings; --apply writes it."
    parser.usage = "dbguard fix [options] [PATH ...]"
    parser.epilog = EXIT_CODES
    option = parser.add_argument
    option("paths", nargs="*", metavar="PATH", help="file or folder (the current folder)")
    option("--apply", action="store_true", help="write the files")
    option("--rule", action="append", default=[], metavar="ID",
        help="fix findings of this rule only; repeatable")  # fmt: skip
    option("--review", action="store_true", help="also fixes that need your review")
    option("--exclude", action="append", default=[], metavar="GLOB",
        help="leave out, as in .gitignore; repeatable")  # fmt: skip
    option("--config", metavar="FILE", help="settings, instead of the project's; or --no-config")
    option("--no-config", action="store_true", help=argparse.SUPPRESS)
    option("--baseline", metavar="FILE", help="instead of .dbguard-baseline; or --no-baseline")
    option("--no-baseline", action="store_true", help=argparse.SUPPRESS)
    option("--color", choices=("auto", "always", "never"), default="auto", metavar="WHEN",
        help="auto, always or never")  # fmt: skip
    option("-v", "--verbose", action="store_true", help="list findings without a fix, too")
    parser.set_defaults(
        fail_on=None, stdin_filename=None, jobs=0, diff="", staged=False, config_from=""
    )


def run(arguments: argparse.Namespace) -> Exit:
    """Show what may be done; write it where that is asked for."""
    from dbguard.fixing.proposal import propose
    from dbguard.repair.fix import Safety
    from dbguard.report.style import Style, wants_colour

    if "-" in arguments.paths:
        raise UsageError("fix works on files, not on standard input")
    rules = _rules(arguments.rule)
    allowed = frozenset(Safety) if arguments.review else frozenset({Safety.SAFE})
    proposal = propose(scan_options(arguments), rules, allowed)
    colour = wants_colour(arguments.color, os.environ, terminal=sys.stdout.isatty())
    write(_shown(proposal, Style(colour), verbose=arguments.verbose, apply=arguments.apply))
    failed = list(_written(proposal)) if arguments.apply else []
    if failed:
        from dbguard.report.escape import escape

        write(f"{escape(path)}: not written: {escape(why)}\n" for path, why in failed)
        return Exit.INCOMPLETE
    if proposal.before.examined.incomplete or proposal.limited:
        return Exit.INCOMPLETE
    return Exit.FINDINGS if proposal.fixed and not arguments.apply else Exit.CLEAN


def _rules(asked: list[str]) -> frozenset[str] | None:
    """Return the rules that are asked for, None for all. Raises UsageError."""
    from dbguard.fixes import all_fixes
    from dbguard.rules import rule_ids
    from dbguard.suggestion import suggestion

    fixed = [fix.rule for fix in all_fixes()]
    for rule in asked:
        if rule not in rule_ids():
            raise UsageError(f"there is no rule {rule!r}{suggestion(rule, fixed)}")
        if rule not in fixed:
            raise UsageError(f"{rule} has no fix: dbguard explain {rule} says what to do")
    return frozenset(asked) or None


def _shown(proposal: Proposal, style: Style, *, verbose: bool, apply: bool) -> Iterator[str]:
    from dbguard.fixing.diff import diff
    from dbguard.report.escape import escape

    for candidate, before, after in proposal.changes():
        yield from diff(candidate.path, before, after, style)
        done = [fixed for fixed in proposal.fixed if fixed.path == candidate.path]
        yield from (f"  {_told(fixed)}\n" for fixed in done)
        yield "\n"
    if proposal.withheld:
        yield "with --review also:\n"
        yield from (f"  {escape(one.path)}:{_told(one)}\n" for one in proposal.withheld)
        yield "\n"
    if verbose and proposal.unfixed:
        yield "without a fix:\n"
        for finding in proposal.unfixed:
            line, _ = finding.primary.file.position(finding.primary.span.start)
            yield f"  {escape(finding.path)}:{line}: {finding.rule}: {escape(finding.help)}\n"
        yield "\n"
    yield from (f"{escape(path)}: too much to try it all\n" for path in proposal.limited)
    for problem in proposal.before.examined.problems:
        if problem.incomplete:
            yield f"{escape(problem.path)}: not analysed whole: {escape(problem.error)}\n"
    yield _summary(proposal, apply=apply)


def _told(fixed: Fixed) -> str:
    from dbguard.report.escape import escape

    return f"{fixed.line}: {fixed.rule}: {escape(fixed.what)} ({fixed.safety.value})"


def _summary(proposal: Proposal, *, apply: bool) -> str:
    count, files = len(proposal.fixed), sum(1 for _ in proposal.changes())
    fixes = f"{count} {'fix' if count == 1 else 'fixes'}"
    where = f" in {files} {'file' if files == 1 else 'files'}" if count else ""
    more = f", {len(proposal.withheld)} more with --review" if proposal.withheld else ""
    left = f", {len(proposal.unfixed)} without" if proposal.unfixed else ""
    hint = "" if apply or not count else " · --apply writes them"
    return f"{fixes}{where}{more}{left}{hint}\n"


def _written(proposal: Proposal) -> Iterator[tuple[str, str]]:
    """Write the files; yield each that could not be written, with the reason."""
    from dbguard.fixing.writing import replace_file

    for candidate, _, after in proposal.changes():
        data = proposal.before.examined.bytes_of(candidate)
        written = proposal.before.written(candidate)
        new = written.bytes_of(after) if written is not None else None
        if data is None or new is None:
            yield candidate.path, "cannot be encoded as it was"
        elif why := replace_file(candidate.absolute, data, new, follow=candidate.follow):
            yield candidate.path, why
