"""Writing an outcome: what the candidate sees and what partners are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from examhall.core.accounts.models import User
from examhall.core.attempts.models import Attempt
from examhall.core.db import database_now
from examhall.core.decimals import write_decimal
from examhall.core.events.operations import emit_all
from examhall.core.exams.models import ExamVersion, Registration
from examhall.core.integrations.operations import has_receivers, queue_message
from examhall.core.scoring.events import OutcomeReleased
from examhall.core.scoring.models import Outcome, ScoreRecord

if TYPE_CHECKING:
    from examhall.core.platform import Platform


def add_outcome(
    session: Session, platform: Platform, attempt: Attempt, score: ScoreRecord, actor: str
) -> Outcome:
    """Write the next outcome of a locked attempt, its event and the messages to partners."""
    number = _next_number(session, attempt.id)
    [outcome] = add_outcomes(session, platform, [(attempt, score, number)], actor)
    return outcome


def add_outcomes(
    session: Session,
    platform: Platform,
    releases: Sequence[tuple[Attempt, ScoreRecord, int]],
    actor: str,
) -> list[Outcome]:
    """Write outcomes of locked attempts, each with the number given, as `add_outcome` does."""
    if not releases:
        return []
    now = database_now(session)
    outcomes = [
        Outcome(
            attempt_id=attempt.id,
            number=number,
            score_id=score.id,
            released_by=actor,
            released_at=now,
        )
        for attempt, score, number in releases
    ]
    session.add_all(outcomes)
    session.flush()
    people = _read_people(session, [attempt for attempt, _, _ in releases])
    versions = _read_versions(session, [attempt for attempt, _, _ in releases])
    events = [
        _describe(people[attempt.id], versions[attempt.exam_version_id], attempt, score, number)
        for attempt, score, number in releases
    ]
    emit_all(session, events)
    if has_receivers(session, platform, "push_result"):
        for (attempt, _, _), outcome, event in zip(releases, outcomes, events, strict=True):
            _tell_partners(session, platform, attempt, outcome, event)
    return outcomes


def _tell_partners(
    session: Session,
    platform: Platform,
    attempt: Attempt,
    outcome: Outcome,
    event: OutcomeReleased,
) -> None:
    payload = {
        **event.metadata(),
        "exam_id": str(attempt.exam_id),
        "course_id": event.course_id,
        "submitted_at": attempt.submitted_at.isoformat() if attempt.submitted_at else None,
        "released_at": outcome.released_at.isoformat(),
    }
    queue_message(
        session,
        platform,
        "push_result",
        payload,
        idempotency_key=f"result:{attempt.id}:{outcome.number}",
        ordering_key=f"attempt:{attempt.id}",
    )


def _next_number(session: Session, attempt_id: UUID) -> int:
    newest = select(func.max(Outcome.number)).where(Outcome.attempt_id == attempt_id)
    return (session.scalar(newest) or 0) + 1


def _read_people(session: Session, attempts: Sequence[Attempt]) -> dict[UUID, tuple[str, str]]:
    """Return the login and the candidate number of each attempt's candidate."""
    rows = session.execute(
        select(Attempt.id, User.login, Registration.candidate_number)
        .join(User, User.id == Attempt.user_id)
        .join(Registration, Registration.id == Attempt.registration_id)
        .where(Attempt.id.in_([attempt.id for attempt in attempts]))
    )
    return {row.id: (row.login, row.candidate_number) for row in rows}


def _read_versions(session: Session, attempts: Sequence[Attempt]) -> dict[UUID, ExamVersion]:
    ids = {attempt.exam_version_id for attempt in attempts}
    return {version_id: session.get_one(ExamVersion, version_id) for version_id in ids}


def _describe(
    person: tuple[str, str],
    version: ExamVersion,
    attempt: Attempt,
    score: ScoreRecord,
    number: int,
) -> OutcomeReleased:
    login, candidate_number = person
    return OutcomeReleased(
        subject=f"attempt:{attempt.id}",
        user_id=attempt.user_id,
        exam_id=attempt.exam_id,
        course_id=str(version.content.get("course_id", "")),
        attempt_id=str(attempt.id),
        outcome_number=number,
        points=write_decimal(score.points),
        max_points=write_decimal(score.max_points),
        grade=score.grade_label,
        passed=score.passed,
        candidate_login=login,
        candidate_number=candidate_number,
        exam_title=str(version.content["title"]),
    )
