"""What analysing one file gave."""

from __future__ import annotations

from dbguard.finding import Finding
from dbguard.records import dataclass
from dbguard.source import Comment, Problem


@dataclass(frozen=True, slots=True)
class Analysis:
    """What one file gave: its findings, and what of it could not be analysed.

    ``undecided`` are paths of files it deletes or overwrites that are databases only if
    the rest of the project uses them as such; ``included`` are the files it runs, whose
    findings are among its own, ``run_whole`` those of which it runs not just a task that
    people run as well, ``read_in`` those whose functions run where they are called, at the
    places ``called``. ``comments`` are those that may speak to dbguard, of all
    these files. ``partly_copied`` are tables (by table_key) of which it copies some columns:
    whether they are all, the file that defines the table may tell.
    """

    findings: tuple[Finding, ...] = ()
    problems: tuple[Problem, ...] = ()
    undecided: frozenset[str] = frozenset()
    included: frozenset[str] = frozenset()
    run_whole: frozenset[str] = frozenset()
    read_in: frozenset[str] = frozenset()
    called: frozenset[tuple[str, int, int]] = frozenset()
    comments: tuple[Comment, ...] = ()
    partly_copied: frozenset[str] = frozenset()
