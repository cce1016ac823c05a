"""Opening an attempt: from a registration through check-in and authorization to the lease."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from examhall.core.attempts.access import (
    Refusal,
    find_closing_time,
    find_refusal,
    require_access,
)
from examhall.core.attempts.events import AttemptCreated
from examhall.core.attempts.models import Attempt, AttemptItem
from examhall.core.attempts.queries import get_controlled_attempt, get_own_attempt, lock_attempt
from examhall.core.attempts.registrations import (
    access_question,
    find_current_version,
    find_hard_close,
    find_open_attempt,
    get_own_registration,
)
from examhall.core.attempts.states import RUNNING, AttemptState, Machine, ask_plugins, move
from examhall.core.attempts.timing import publish_clock
from examhall.core.audit.operations import record
from examhall.core.contracts.access_rule import Stage
from examhall.core.db import database_now
from examhall.core.errors import ClosedError, NotFoundError
from examhall.core.events.operations import emit
from examhall.core.exams.models import ExamVersion, Registration
from examhall.core.permissions import Principal
from examhall.core.proctoring.check_in import require_photos
from examhall.core.proctoring.operations import open_session, require_consent
from examhall.core.proctoring.room_camera.states import require_room_camera

if TYPE_CHECKING:
    from examhall.core.platform import Platform


def create_attempt(
    platform: Platform,
    principal: Principal,
    registration_id: UUID,
    answers: Mapping[str, Mapping[str, Any]] | None = None,
) -> Attempt:
    """Open an attempt of one's own registration, or return the one that is open.

    `answers` are answers to challenges of access rules, by the rule's key. Raises ForbiddenError
    with the reason of an access rule, ClosedError when no attempt is left.
    """
    with platform.db.reading() as session:
        registration = get_own_registration(session, principal, registration_id)
        current = find_open_attempt(session, registration_id)
        version = find_current_version(session, registration.exam_id)
        now = database_now(session)
    if current is not None:
        return current
    question = access_question(registration, version, principal.address, answers)
    require_access(platform, question, Stage.CHECK_IN, now)
    closing = find_hard_close(version, find_closing_time(platform, question, now))
    if closing is not None and closing <= now:
        raise ClosedError("The exam is closed.", closed_at=closing.isoformat())
    try:
        with platform.db.transaction() as session:
            return _insert(platform, session, registration, version, closing)
    except IntegrityError:
        with platform.db.reading() as session:
            current = find_open_attempt(session, registration_id)
        if current is None:
            raise
        return current


def find_challenge(
    platform: Platform,
    principal: Principal,
    registration_id: UUID,
    answers: Mapping[str, Mapping[str, Any]],
) -> Refusal | None:
    """Return what an access rule asks before an attempt can be opened, None for nothing.

    With an answer in `answers` (by the rule's key) that the rule does not take, `reason` says why.
    """
    with platform.db.reading() as session:
        registration = get_own_registration(session, principal, registration_id)
        if find_open_attempt(session, registration_id) is not None:
            return None
        version = find_current_version(session, registration.exam_id)
        now = database_now(session)
    question = access_question(registration, version, principal.address, answers)
    refusal = find_refusal(platform, question, Stage.CHECK_IN, now)
    return refusal if refusal is not None and refusal.schema is not None else None


def complete_check_in(platform: Platform, principal: Principal, attempt_id: UUID) -> Attempt:
    """End the check-in: the attempt is authorized, or waits for a proctor where the exam asks.

    Raises ConflictError while a consent or a required room camera is missing. Doing it again
    changes nothing.
    """
    with platform.db.reading() as session:
        attempt = get_own_attempt(session, principal, attempt_id)
        version = session.get_one(ExamVersion, attempt.exam_version_id)
    proctoring = version.content["settings"]["proctoring"]
    waits = proctoring["enabled"] and proctoring["authorization"] == "proctor"
    target = AttemptState.AWAITING_AUTHORIZATION if waits else AttemptState.AUTHORIZED
    if attempt.state in {AttemptState.CREATED, AttemptState.CHECKING_IN}:
        ask_plugins(platform.plugins, attempt, target, principal.actor)
    with platform.db.transaction() as session:
        attempt = lock_attempt(session, attempt_id)
        if attempt.state in {AttemptState.CREATED, AttemptState.CHECKING_IN}:
            require_consent(session, attempt_id)
            require_photos(session, attempt_id)
            require_room_camera(session, attempt_id)
            if attempt.state == AttemptState.CREATED:
                move(session, attempt, Machine.ATTEMPT, AttemptState.CHECKING_IN, principal.actor)
            move(session, attempt, Machine.ATTEMPT, target, principal.actor)
            publish_clock(session, platform.live, attempt)
        return attempt


def authorize(platform: Platform, principal: Principal, attempt_id: UUID) -> Attempt:
    """Let a candidate who waits begin; a proctor's decision."""
    with platform.db.reading() as session:
        attempt = get_controlled_attempt(session, principal, attempt_id)
    if attempt.state == AttemptState.AUTHORIZED:
        return attempt
    ask_plugins(platform.plugins, attempt, AttemptState.AUTHORIZED, principal.actor)
    with platform.db.transaction() as session:
        attempt = lock_attempt(session, attempt_id)
        move(session, attempt, Machine.ATTEMPT, AttemptState.AUTHORIZED, principal.actor)
        record(session, principal, "attempt.authorize", "attempt", attempt_id)
        publish_clock(session, platform.live, attempt)
        return attempt


def set_flags(
    platform: Platform, principal: Principal, attempt_id: UUID, item_ids: Sequence[UUID]
) -> Attempt:
    """Note which items the candidate wants to come back to; the list replaces the former one."""
    with platform.db.transaction() as session:
        get_own_attempt(session, principal, attempt_id)
        attempt = lock_attempt(session, attempt_id)
        if attempt.state not in RUNNING:
            raise ClosedError("The attempt is not running.", state=attempt.state)
        known = set(
            session.scalars(select(AttemptItem.id).where(AttemptItem.attempt_id == attempt_id))
        )
        if not known.issuperset(item_ids):
            raise NotFoundError("The attempt has no such item.")
        attempt.flagged = sorted({str(item_id) for item_id in item_ids})
        session.flush()
        return attempt


def _insert(
    platform: Platform,
    session: Session,
    registration: Registration,
    version: ExamVersion,
    closing: datetime | None,
) -> Attempt:
    used = session.scalar(select(func.count()).where(Attempt.registration_id == registration.id))
    if (used or 0) >= registration.max_attempts:
        raise ClosedError("No attempt is left.", max_attempts=registration.max_attempts)
    now = database_now(session)
    attempt = Attempt(
        registration_id=registration.id,
        user_id=registration.user_id,
        exam_id=registration.exam_id,
        exam_version_id=version.id,
        number=(used or 0) + 1,
        seed=secrets.randbits(62),
        created_at=now,
        deadline_at=closing,
    )
    session.add(attempt)
    session.flush()
    emit(
        session,
        AttemptCreated(
            subject=f"attempt:{attempt.id}",
            user_id=attempt.user_id,
            exam_id=attempt.exam_id,
            attempt_id=str(attempt.id),
            number=attempt.number,
        ),
    )
    if version.content["settings"]["proctoring"]["enabled"]:
        open_session(session, platform, attempt, version, registration)
    return attempt
