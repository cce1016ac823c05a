"""Decide about a session, and appeal: each step written down, told and audited in one commit.

No decision changes a score or an attempt's state. Even `void_proposed` is a proposal to people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.attempts.models import Attempt
from examhall.core.attempts.queries import lock_attempt
from examhall.core.attempts.states import Machine, ReviewState, move
from examhall.core.audit.operations import record
from examhall.core.db import database_now
from examhall.core.errors import (
    ClosedError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
)
from examhall.core.events.operations import emit
from examhall.core.permissions import Permission, Principal
from examhall.core.proctoring.access import get_session_for
from examhall.core.proctoring.incidents import describe_incident
from examhall.core.proctoring.models import IncidentRecord, ProctoringSession
from examhall.core.proctoring.operations import get_own_session, has_waiting_chunks
from examhall.core.registry.registry import Registry
from examhall.core.review import rules
from examhall.core.review.events import session_appealed, session_decided
from examhall.core.review.models import MOST_TEXT, Appeal, Decision
from examhall.core.review.reading import (
    counting_decision,
    find_appeal,
    list_decisions,
    read_days,
)
from examhall.core.review.reviewers import find_bar
from examhall.core.review.rules import DUE, AppealState, Outcome, Round
from examhall.core.text import find_fault

SHOWN = (
    "id",
    "kind",
    "title",
    "severity",
    "confidence",
    "explanation",
    "started_at",
    "ended_at",
    "evidence",
)
"""What a decision keeps of an incident that counts."""


@dataclass(frozen=True, slots=True)
class NewDecision:
    """What a reviewer concludes; `round` is the one that they believe is due."""

    round: str
    outcome: str
    reason: str
    incident_ids: Sequence[UUID] = ()


def decide_session(
    session: Session,
    plugins: Registry,
    principal: Principal,
    session_id: UUID,
    new: NewDecision,
) -> Decision:
    """Write a decision down.

    Raises NotFoundError for another exam's session, ForbiddenError for somebody who must not decide
    here, ConflictError while the session runs or when nothing (or another round) is due, and
    InvalidError for a decision that does not fit together.
    """
    watched = get_session_for(session, principal, Permission.SESSIONS_DECIDE, session_id)
    attempt = lock_attempt(session, watched.attempt_id)
    due = _require_due(session, watched, attempt, new.round)
    before = list_decisions(session, watched.id)
    bar = find_bar(session, principal, watched, due, before)
    if bar or principal.user_id is None:
        raise ForbiddenError(bar)
    outcome = _read_outcome(new.outcome)
    counted = _read_incidents(session, plugins, watched.id, outcome, new.incident_ids)
    if due is Round.APPEAL:
        _require_milder(outcome, counted, counting_decision(before))
    decision = Decision(
        session_id=watched.id,
        round=due.value,
        outcome=outcome.value,
        reason=read_text(new.reason, "reason", "Give a reason: the candidate reads it."),
        incidents=counted,
        reviewer_id=principal.user_id,
        at=database_now(session),
    )
    session.add(decision)
    session.flush()
    _move_on(session, principal, watched, attempt, decision)
    return decision


def appeal_decision(
    session: Session, principal: Principal, attempt_id: UUID, comment: str
) -> Appeal:
    """Take the candidate's appeal against what was decided about their own attempt.

    Raises NotFoundError where nothing was decided, ConflictError for a second appeal or a decision
    that holds nothing against them, ClosedError when the days for it are over.
    """
    watched = get_own_session(session, principal, attempt_id=attempt_id)
    attempt = lock_attempt(session, watched.attempt_id)
    if attempt.review_state not in rules.RELEASED:
        raise NotFoundError("Nothing is decided about this attempt.")
    decision = counting_decision(list_decisions(session, watched.id))
    if find_appeal(session, watched.id) is not None:
        raise ConflictError("You have appealed already. That can be done once.")
    if Outcome(decision.outcome) not in rules.APPEALABLE:
        raise ConflictError("Nothing counts against you: there is nothing to appeal against.")
    now = database_now(session)
    ends = rules.appeal_ends(decision.at, read_days(watched))
    if now > ends:
        raise ClosedError("The time for an appeal is over.", ended=ends.isoformat())
    words = read_text(comment, "comment", "Say why you see it differently.")
    appeal = Appeal(session_id=watched.id, comment=words, state=AppealState.OPEN.value, at=now)
    session.add(appeal)
    session.flush()
    move(session, attempt, Machine.REVIEW, ReviewState.APPEALED, principal.actor)
    record(session, principal, "session.appealed", "proctoring_session", watched.id)
    emit(session, session_appealed(watched, appeal))
    return appeal


def read_text(text: str, name: str, missing: str) -> str:
    """Return a text that people read; raises InvalidError for none, too long or unstorable."""
    words = text.strip()
    if not words:
        raise InvalidError(missing, **{name: missing})
    if len(words) > MOST_TEXT or find_fault(words):
        problem = find_fault(words) or f"At most {MOST_TEXT} characters."
        raise InvalidError(problem, **{name: problem})
    return words


def _require_due(
    session: Session, watched: ProctoringSession, attempt: Attempt, wanted: str
) -> Round:
    if watched.state == "open":
        raise ConflictError("The session still runs. Decide when it is closed.")
    if has_waiting_chunks(session, watched.id):
        raise ConflictError("Not everything that was recorded is analysed yet. Wait a little.")
    due = DUE.get(ReviewState(attempt.review_state))
    if due is None:
        raise ConflictError("This session is decided.", state=attempt.review_state)
    if wanted != due:
        raise ConflictError("Somebody was faster: load the page again.", due=due.value)
    return due


def _read_outcome(value: str) -> Outcome:
    if value not in list(Outcome):
        known = [outcome.value for outcome in Outcome]
        raise InvalidError("Choose what you conclude.", outcome=known)
    return Outcome(value)


def _read_incidents(
    session: Session,
    plugins: Registry,
    session_id: UUID,
    outcome: Outcome,
    ids: Sequence[UUID],
) -> list[dict[str, Any]]:
    """Return the incidents that count as a decision keeps them, in order of time."""
    wanted = set(ids)
    if problem := rules.find_fault(outcome, wanted):
        raise InvalidError(problem, incidents=problem)
    rows = session.scalars(
        select(IncidentRecord)
        .where(IncidentRecord.session_id == session_id, IncidentRecord.id.in_(wanted))
        .order_by(IncidentRecord.started_at, IncidentRecord.id)
    ).all()
    if len(rows) != len(wanted):
        raise InvalidError("An incident is not of this session.", incidents="Unknown.")
    if any(row.severity == "technical" or row.state == "dismissed" for row in rows):
        problem = "What is technical or dismissed cannot count against a candidate."
        raise InvalidError(problem, incidents=problem)
    shown = [describe_incident(plugins, row) for row in rows]
    return [{name: one[name] for name in SHOWN} for one in shown]


def _require_milder(outcome: Outcome, counted: list[dict[str, Any]], before: Decision) -> None:
    ids, ids_before = ([one["id"] for one in some] for some in (counted, before.incidents))
    if rules.is_worse(outcome, ids, Outcome(before.outcome), ids_before):
        problem = "An appeal makes nothing worse: keep the decision, or choose a milder one."
        raise InvalidError(problem, outcome=problem)


def _move_on(
    session: Session,
    principal: Principal,
    watched: ProctoringSession,
    attempt: Attempt,
    decision: Decision,
) -> None:
    target = rules.state_after(
        ReviewState(attempt.review_state),
        Outcome(decision.outcome),
        second_reviewer=bool(watched.policy.get("second_reviewer")),
    )
    move(session, attempt, Machine.REVIEW, target, principal.actor)
    if decision.round == Round.APPEAL and (appeal := find_appeal(session, watched.id)):
        appeal.state = AppealState.DECIDED.value
        session.flush()
    record(
        session,
        principal,
        "session.decided",
        "proctoring_session",
        watched.id,
        round=decision.round,
        outcome=decision.outcome,
        reason=decision.reason,
        incidents=[one["id"] for one in decision.incidents],
    )
    emit(session, session_decided(watched, decision, released=target in rules.RELEASED))
