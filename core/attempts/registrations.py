"""A candidate's registrations: which attempt goes on, and what can be done next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from examhall.core.attempts.access import AccessQuestion, find_closing_time, find_refusal
from examhall.core.attempts.models import Attempt
from examhall.core.attempts.states import OPEN, AttemptState
from examhall.core.contracts.access_rule import Stage
from examhall.core.db import database_now
from examhall.core.errors import ConflictError, NotFoundError, PluginError
from examhall.core.exams.models import Exam, ExamVersion, Registration
from examhall.core.permissions import Permission, Principal

if TYPE_CHECKING:
    from examhall.core.platform import Platform

NEXT_STEPS = {
    AttemptState.CREATED: "check_in",
    AttemptState.CHECKING_IN: "check_in",
    AttemptState.AWAITING_AUTHORIZATION: "wait",
    AttemptState.AUTHORIZED: "start",
    AttemptState.IN_PROGRESS: "continue",
    AttemptState.PAUSED: "continue",
    AttemptState.DRAINING: "continue",
    AttemptState.REOPENED: "continue",
    AttemptState.SUBMITTED: "result",
}


@dataclass(frozen=True, slots=True)
class RegistrationView:
    """A registration as its candidate sees it.

    `next` is `check_in`, `wait`, `start`, `continue`, `result` or `none`; `reason` says why nothing
    can be done. `new_attempt` says whether another attempt may be opened now.
    """

    id: UUID
    exam_id: UUID
    exam_title: str
    candidate_number: str
    limit_seconds: int | None
    multiplier: str
    extra_seconds: int
    closes_at: datetime | None
    max_attempts: int
    attempts: Sequence[Attempt]
    next: str
    new_attempt: bool
    reason: str


def get_own_registration(
    session: Session, principal: Principal, registration_id: UUID
) -> Registration:
    """Return a registration to its candidate; to all others there is none."""
    principal.require(Permission.ATTEMPTS_TAKE)
    registration = session.get(Registration, registration_id)
    if registration is None or registration.user_id != principal.user_id:
        raise NotFoundError("There is no such registration.")
    return registration


def find_current_version(session: Session, exam_id: UUID) -> ExamVersion:
    """Return the exam version that new attempts get; raises ConflictError when there is none."""
    version = session.scalars(
        select(ExamVersion)
        .where(ExamVersion.exam_id == exam_id)
        .order_by(ExamVersion.number.desc())
        .limit(1)
    ).first()
    if version is None:
        raise ConflictError("The exam has not been published.")
    return version


def access_question(
    registration: Registration,
    version: ExamVersion,
    address: str = "",
    answers: Mapping[str, Mapping[str, Any]] | None = None,
) -> AccessQuestion:
    """Return what the access rules are asked about a registration."""
    return AccessQuestion(
        exam_id=registration.exam_id,
        user_id=registration.user_id,
        settings=version.content["settings"].get("access", {}),
        waived=frozenset(map(str, registration.waived_rules)),
        address=address,
        answers=answers or {},
    )


def find_open_attempt(session: Session, registration_id: UUID) -> Attempt | None:
    """Return the registration's attempt that goes on; there is one at most."""
    return session.scalars(
        select(Attempt).where(
            Attempt.registration_id == registration_id, Attempt.state.in_(sorted(OPEN))
        )
    ).one_or_none()


def find_hard_close(version: ExamVersion, by_rules: datetime | None) -> datetime | None:
    """Return the earlier of the exam's own hard close and that of its access rules."""
    text = version.content["settings"]["time"].get("hard_close")
    own = datetime.fromisoformat(text) if text else None
    return min((moment for moment in (own, by_rules) if moment), default=None)


def list_registrations(platform: Platform, principal: Principal) -> list[RegistrationView]:
    """Return one's own registrations, the newest first, each with what can be done next."""
    principal.require(Permission.ATTEMPTS_TAKE)
    with platform.db.reading() as session:
        now = database_now(session)
        rows = session.execute(
            select(Registration, Exam)
            .join(Exam, Exam.id == Registration.exam_id)
            .where(Registration.user_id == principal.user_id)
            .order_by(Registration.created_at.desc(), Registration.id)
        ).all()
        ids = [registration.id for registration, _ in rows]
        attempts: dict[UUID, list[Attempt]] = {registration_id: [] for registration_id in ids}
        for attempt in session.scalars(
            select(Attempt).where(Attempt.registration_id.in_(ids)).order_by(Attempt.number)
        ):
            attempts[attempt.registration_id].append(attempt)
        versions = {exam.id: _latest_version(session, exam.id) for _, exam in rows}
    return [
        _view(platform, principal, row, versions[row[1].id], attempts[row[0].id], now)
        for row in rows
    ]


def _latest_version(session: Session, exam_id: UUID) -> ExamVersion | None:
    return session.scalars(
        select(ExamVersion)
        .where(ExamVersion.exam_id == exam_id)
        .order_by(ExamVersion.number.desc())
        .limit(1)
    ).first()


def _view(
    platform: Platform,
    principal: Principal,
    row: Row[Registration, Exam],
    version: ExamVersion | None,
    attempts: Sequence[Attempt],
    now: datetime,
) -> RegistrationView:
    registration, exam = row
    settings = version.content["settings"] if version else {}
    last = attempts[-1] if attempts else None
    goes_on = last is not None and last.state in OPEN
    refusal, closes_at = "", None
    if version is not None:
        question = access_question(registration, version, principal.address)
        refusal, closes_at = _ask_rules(platform, version, question, now)
    if not goes_on:
        refusal = _why_not(registration, version, attempts) or refusal
    step = NEXT_STEPS.get(AttemptState(last.state), "none") if last else "none"
    new_attempt = not goes_on and not refusal
    if last is None and new_attempt:
        step = "check_in"
    return RegistrationView(
        id=registration.id,
        exam_id=exam.id,
        exam_title=str(version.content["title"]) if version else exam.title,
        candidate_number=registration.candidate_number,
        limit_seconds=settings.get("time", {}).get("limit_seconds"),
        multiplier=str(registration.multiplier.normalize()),
        extra_seconds=registration.extra_seconds,
        closes_at=closes_at,
        max_attempts=registration.max_attempts,
        attempts=attempts,
        next=step,
        new_attempt=new_attempt,
        reason="" if goes_on and step in {"continue", "wait"} else refusal,
    )


def _why_not(
    registration: Registration, version: ExamVersion | None, attempts: Sequence[Attempt]
) -> str:
    """Say why no new attempt can be opened, whatever the access rules say."""
    if version is None:
        return "The exam has not been published."
    if len(attempts) >= registration.max_attempts:
        return "No attempt is left."
    return ""


def _ask_rules(
    platform: Platform, version: ExamVersion, question: AccessQuestion, now: datetime
) -> tuple[str, datetime | None]:
    """Return why the exam cannot be entered now, if so, and when it closes."""
    refusal = find_refusal(platform, question, Stage.CHECK_IN, now)
    try:
        closes_at = find_hard_close(version, find_closing_time(platform, question, now))
    except PluginError:
        closes_at = None
    # A challenge is no obstacle: it is answered on the way in.
    if refusal is not None and not refusal.prompt:
        return refusal.reason, closes_at
    if closes_at is not None and closes_at <= now:
        return "The exam is closed.", closes_at
    return "", closes_at
