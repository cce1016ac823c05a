"""Other rules for an exam that is under way or over: incidents made anew from stored findings.

Nothing is looked at again. Incidents that people have noted keep their notes; one that the new
rules do not bear out is withdrawn, never deleted. The rules before and after, with what they made,
stand in the audit trail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.accounts.models import User
from examhall.core.audit.operations import record
from examhall.core.contracts.proctoring import Incident
from examhall.core.errors import InvalidError, NotFoundError, PluginError
from examhall.core.exams.models import Exam
from examhall.core.permissions import Permission, Principal
from examhall.core.platform import Platform
from examhall.core.proctoring.access import require_somewhere
from examhall.core.proctoring.analysis import Batch, Verdict, commit_verdict
from examhall.core.proctoring.fusion import judge_session
from examhall.core.proctoring.history import integrity_to_json, load_history
from examhall.core.proctoring.holding import hold_session
from examhall.core.proctoring.incidents import WITHDRAWN
from examhall.core.proctoring.models import IncidentRecord, ProctoringSession

MOST_KINDS = 200
MOST_VALUES = 30
MOST_TEXT = 200
LARGEST = 1e9

Rules = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Reweighed:
    """One session before and after: integrity scores (None: not computed), incidents by kind."""

    session_id: UUID
    candidate_name: str
    score_before: str | None
    score_after: str | None
    incidents_before: Mapping[str, int]
    incidents_after: Mapping[str, int]

    @property
    def is_changed(self) -> bool:
        """Say whether anything is different."""
        before = (self.score_before, self.incidents_before)
        return before != (self.score_after, self.incidents_after)


@dataclass(frozen=True, slots=True)
class _Judged:
    batch: Batch
    verdict: Verdict
    result: Reweighed


def reweigh_sessions(
    platform: Platform,
    principal: Principal,
    exam_id: UUID,
    rules: Rules,
    *,
    dry_run: bool = False,
) -> list[Reweighed]:
    """Apply rules to all sessions of an exam; `dry_run` only says what would come of it.

    The rules take the place of those in the sessions' policies, so that what is still analysed
    follows them too; the exam's own settings stay. Needs `sessions.decide`. Raises InvalidError for
    rules that cannot be, NotFoundError for another's exam, PluginError when the fusion fails and
    ConflictError when a worker does not let go of a session: sessions before it are done then, and
    the same call again does the rest.
    """
    with platform.db.reading() as session:
        _get_exam(session, principal, exam_id)
        checked = check_rules(rules)
        wanted = select(ProctoringSession.id).where(ProctoringSession.exam_id == exam_id)
        ids = session.scalars(wanted.order_by(ProctoringSession.started_at)).all()
    if dry_run:
        return [_judge(platform, session_id, checked).result for session_id in ids]
    return [_reweigh(platform, principal, session_id, checked) for session_id in ids]


def get_rules(session: Session, principal: Principal, exam_id: UUID) -> tuple[str, dict[str, Any]]:
    """Return an exam's title, and the rules that its latest session follows.

    Needs `sessions.decide`; raises NotFoundError for another's exam.
    """
    exam = _get_exam(session, principal, exam_id)
    policy = session.scalar(
        select(ProctoringSession.policy)
        .where(ProctoringSession.exam_id == exam_id)
        .order_by(ProctoringSession.started_at.desc())
        .limit(1)
    )
    return exam.title, dict((policy or {}).get("rules", {}))


def check_rules(rules: Any) -> dict[str, dict[str, Any]]:
    """Return rules by kind of finding, as a policy keeps them; raises InvalidError.

    What the values mean is the fusion plugin's matter; here they are texts, switches and numbers.
    """
    if not isinstance(rules, Mapping) or len(rules) > MOST_KINDS:
        raise InvalidError(f"Rules are an object with up to {MOST_KINDS} kinds of findings.")
    for kind, values in rules.items():
        if not isinstance(kind, str) or not 0 < len(kind) <= 100:
            raise InvalidError("A kind of finding is a dotted name.", kind=str(kind)[:100])
        if not isinstance(values, Mapping) or len(values) > MOST_VALUES:
            raise InvalidError(f"The rule for {kind} is no object of values.", kind=kind)
        for name, value in values.items():
            if not _is_usable(name) or not _is_usable(value):
                raise InvalidError(
                    f"In the rule for {kind}, {str(name)[:50]!r} has no usable value.", kind=kind
                )
    return {kind: dict(values) for kind, values in rules.items()}


def _get_exam(session: Session, principal: Principal, exam_id: UUID) -> Exam:
    require_somewhere(principal, Permission.SESSIONS_DECIDE)
    exam = session.get(Exam, exam_id)
    if exam is None or not principal.may(Permission.SESSIONS_DECIDE, exam_id):
        raise NotFoundError("There is no such exam.")
    return exam


def _is_usable(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= MOST_TEXT and "\0" not in value
    return isinstance(value, bool | int | float) and abs(value) <= LARGEST


def _judge(platform: Platform, session_id: UUID, rules: dict[str, dict[str, Any]]) -> _Judged:
    """Make incidents of a session's findings; changes nothing. Raises PluginError."""
    with platform.db.reading() as session:
        watched = session.get_one(ProctoringSession, session_id)
        history = load_history(session, watched)
        before = _stored_incidents(session, session_id)
        user = session.get(User, watched.user_id)
    verdict = judge_session(platform, {**watched.policy, "rules": rules}, history)
    if verdict.incidents is None:
        raise PluginError("The rules could not be applied: the fusion of findings failed.")
    integrity = integrity_to_json(verdict.integrity) if verdict.integrity else watched.integrity
    result = Reweighed(
        session_id,
        user.name if user else "",
        watched.integrity.get("score"),
        integrity.get("score"),
        before,
        _count(verdict.incidents),
    )
    batch = Batch(watched, watched.analysis_version, frozenset(), ())
    return _Judged(batch, verdict, result)


def _reweigh(
    platform: Platform, principal: Principal, session_id: UUID, rules: dict[str, dict[str, Any]]
) -> Reweighed:
    with hold_session(platform, session_id, "reweighing") as holder:
        judged = _judge(platform, session_id, rules)
        with platform.db.transaction() as session:
            commit_verdict(session, platform, judged.batch, holder, judged.verdict)
            _write_rules(session, principal, judged, rules)
    return judged.result


def _write_rules(
    session: Session, principal: Principal, judged: _Judged, rules: dict[str, dict[str, Any]]
) -> None:
    result = judged.result
    watched = session.get_one(ProctoringSession, result.session_id)
    before = watched.policy.get("rules", {})
    watched.policy = {**watched.policy, "rules": rules}
    session.flush()
    record(
        session,
        principal,
        "proctoring.reweighed",
        "proctoring_session",
        watched.id,
        rules_before=before,
        rules_after=rules,
        score_before=result.score_before,
        score_after=result.score_after,
        incidents_before=dict(result.incidents_before),
        incidents_after=dict(result.incidents_after),
    )


def _stored_incidents(session: Session, session_id: UUID) -> dict[str, int]:
    """Return how many incidents the rules made so far, by kind, whatever people noted."""
    kinds = session.scalars(
        select(IncidentRecord.kind).where(
            IncidentRecord.session_id == session_id, IncidentRecord.note != WITHDRAWN
        )
    )
    return _tally(kinds.all())


def _count(incidents: Sequence[Incident]) -> dict[str, int]:
    return _tally([incident.kind for incident in incidents])


def _tally(kinds: Sequence[str]) -> dict[str, int]:
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}
