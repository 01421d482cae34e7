"""How bad an operation is, given its evidence; and what of the protocol holds there.

Every rule about destruction asks the same question here, so that two rules never
judge the same evidence in two ways.
"""

from __future__ import annotations

from operator import is_

from dbguard.databases import looks_like_test
from dbguard.evidence import Context, Evidence
from dbguard.finding import NO, WEAK, YES, EvidenceFact, EvidenceReport, Severity
from dbguard.flow import Direction
from dbguard.operations import Certainty, Guard, Kind, Operation, Target, TargetKind, Trait

_KNOWN = (Certainty.LITERAL, Certainty.LITERAL)
# They empty the database in force, whatever its name.
_WHOLE = frozenset({Kind.RESET, Kind.DROP_ALL})
# They put something where, as a guard says, nothing lies yet.
_FILLS = frozenset({Kind.OVERWRITE_FILE, Kind.CREATE_ALL, Kind.RESTORE})
_OF_TABLE = frozenset({TargetKind.TABLE, TargetKind.COLUMN, TargetKind.ROWS})


def judge(operation: Operation, evidence: Evidence) -> Severity | None:
    """Return how bad a destructive operation is, None where losing the target is meant to be.

    ERROR: it destroys, and nothing the protocol asks for precedes it. WARNING: part of
    the protocol holds, the target is not known for certain, or an agent is told to do it.
    NOTE: it goes down, a test works on a database that is not known, or it is an example.
    """
    target = operation.target
    if is_expendable(operation, evidence):
        return None
    if evidence.direction is Direction.DOWN or looks_like_test(_database_name(target)):
        return Severity.NOTE
    if evidence.context is Context.TEST and not _is_resolved(target):
        return Severity.NOTE
    if evidence.context is Context.DOCUMENTATION:
        return Severity.NOTE
    if evidence.context is Context.INSTRUCTIONS:
        return Severity.WARNING
    if _is_weaker(operation, evidence):
        return Severity.WARNING
    return Severity.ERROR


def is_expendable(operation: Operation, evidence: Evidence) -> bool:
    """Say whether a target is throw-away, made in this flow, or of a test environment."""
    target = operation.target
    if target.throwaway or operation.has(Trait.TEMPORARY):
        return True
    # What the forward direction created is there when it is taken back.
    forward = evidence.direction is Direction.FORWARD
    if forward and evidence.created_here(target) is not None:
        return True
    if operation.kind in _FILLS and evidence.absent(target):
        return True
    return Guard.ENVIRONMENT in evidence.guards


def _database_name(target: Target) -> str:
    return target.database or ("" if target.kind in _OF_TABLE else target.name)


def _is_resolved(target: Target) -> bool:
    """Say whether it is known which database loses something.

    The volumes of a compose project are those of whatever file is in force.
    """
    if target.certainty is not Certainty.LITERAL:
        return False
    if target.kind is TargetKind.STORAGE:
        return "/" in target.name
    return target.database is not None or target.kind is TargetKind.FILE


def _is_weaker(operation: Operation, evidence: Evidence) -> bool:
    target = operation.target
    if operation.certainty is Certainty.OPAQUE:
        return True
    if operation.kind not in _WHOLE and (target.certainty, operation.certainty) != _KNOWN:
        return True
    if operation.has(Trait.DEFINITION):
        return True
    guards = evidence.guards
    if guards & {Guard.PERSON, Guard.FLAG} or (Guard.ABSENT in guards and operation.kind in _FILLS):
        return True
    if evidence.backup_of(target) is not None or evidence.named_backup() is not None:
        return True
    return target.kind in _OF_TABLE and evidence.copy_of(target) is not None


_NO_BACKUP = EvidenceFact("backup", NO)
_NOT_COPIED = EvidenceFact("copied", NO)
_NOT_VERIFIED = EvidenceFact("verified", NO)
_NO_GUARD = EvidenceFact("guard", "none")
_NOTHING_HOLDS = (_NO_BACKUP, _NOT_COPIED, _NOT_VERIFIED, _NO_GUARD)
_OF_NOTHING = EvidenceReport(_NOTHING_HOLDS)
"""What most findings say: they share it."""


def protocol_of(operation: Operation, evidence: Evidence) -> EvidenceReport:
    """Return which steps of the protocol hold at an operation, each with its proof."""
    target = operation.target
    facts = [_backup(target, evidence)]
    if target.kind in _OF_TABLE:
        facts += _copy(target, evidence)
    facts.append(_guard(evidence))
    if (stopped := evidence.stopped_service()) is not None:
        facts.append(_proved("services stopped", stopped))
    if evidence.direction is Direction.DOWN:
        facts.append(EvidenceFact("direction", "down"))
    if evidence.context is not Context.APPLICATION:
        facts.append(EvidenceFact("context", evidence.context.value))
    if len(facts) == len(_NOTHING_HOLDS) and all(map(is_, facts, _NOTHING_HOLDS)):
        return _OF_NOTHING
    return EvidenceReport(tuple(facts))


def _proved(name: str, proof: Operation, state: str = YES, text: str = "") -> EvidenceFact:
    return EvidenceFact(name, state, proof.region.file, proof.span, text)


def _backup(target: Target, evidence: Evidence) -> EvidenceFact:
    if (backup := evidence.backup_of(target)) is not None:
        return _proved("backup", backup)
    if (named := evidence.named_backup()) is not None:
        return _proved("backup", named, WEAK, "known by its name only")
    if (futile := evidence.futile_backup_of(target)) is not None:
        why = "its failure does not stop this step"
        if futile.checked:
            why = "it is made on some paths only"
        return _proved("backup", futile, WEAK, why)
    if (lost := evidence.lost_backup_of(target)) is not None:
        return _proved("backup", lost, NO, "it is deleted or overwritten before this step")
    return _NO_BACKUP


def _what_is_lost(copy: Operation, evidence: Evidence) -> str:
    left_out = evidence.columns_left_out(copy)
    return f"the copy leaves out {', '.join(left_out) if left_out else 'rows'}"


def _copy(target: Target, evidence: Evidence) -> list[EvidenceFact]:
    facts = []
    if (copy := evidence.copy_of(target)) is not None:
        facts.append(_proved("copied", copy))
    elif (lossy := evidence.lossy_copy_of(target)) is not None:
        facts.append(_proved("copied", lossy, WEAK, _what_is_lost(lossy, evidence)))
    elif (futile_copy := evidence.futile_copy_of(target)) is not None:
        facts.append(_proved("copied", futile_copy, WEAK, "this step does not depend on it"))
    else:
        facts.append(_NOT_COPIED)
    if (proof := evidence.verification_of(target)) is not None:
        facts.append(_proved("verified", proof))
    elif (futile := evidence.futile_verification_of(target)) is not None:
        facts.append(_proved("verified", futile, WEAK, "it cannot stop this step"))
    else:
        facts.append(_NOT_VERIFIED)
    return facts


def _guard(evidence: Evidence) -> EvidenceFact:
    for guard in (Guard.PERSON, Guard.FLAG, Guard.ENVIRONMENT):
        if (proof := evidence.guard(guard)) is not None:
            return _proved("guard", proof, guard.value)
    return _NO_GUARD
