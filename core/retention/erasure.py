"""Erasing a person: what identifies them goes, what the institution has to keep stays without it.

Pictures, sound, files, messages and names are removed. Exams sat, answers, scores, decisions and
the audit trail stay under the account's id: they have never held a name.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from examhall.core.accounts.models import IdempotencyRecord, RefreshToken, RoleGrant, User
from examhall.core.accounts.tokens import revoke_all_tokens
from examhall.core.attempts.models import Attempt
from examhall.core.attempts.states import AttemptState, GradingState
from examhall.core.audit.operations import record
from examhall.core.db import database_now
from examhall.core.errors import ConflictError, NotFoundError
from examhall.core.events.models import Event
from examhall.core.exams.models import Exam, Registration
from examhall.core.integrations.models import OutboxMessage
from examhall.core.media.models import AttemptFile
from examhall.core.permissions import Permission, Principal, Role
from examhall.core.platform import Platform
from examhall.core.proctoring.messages.models import ProctorMessage
from examhall.core.proctoring.models import ProctoringSession
from examhall.core.retention.keeping import find_hold, find_open_review, find_reasons
from examhall.core.retention.models import ErasureReceipt
from examhall.core.retention.objects import StoredObject, delete_pending, write_down_deletions
from examhall.core.retention.purge import Reason, purge_session
from examhall.core.review.models import Appeal

log = logging.getLogger(__name__)

ERASED = "(erased)"
NAMES = ("login", "name", "email", "candidate_login", "candidate_number")
"""What events and messages to partners call a person's names."""

SENT = ("delivered", "dead")
OVER = (
    AttemptState.DECLINED,
    AttemptState.EXPIRED,
    AttemptState.CANCELLED,
    AttemptState.VOIDED,
)
HANDED_IN = (AttemptState.SUBMITTED, AttemptState.TERMINATED)
MARKED = (GradingState.GRADED, GradingState.RELEASED)


def erase_person(platform: Platform, principal: Principal, user_id: UUID) -> ErasureReceipt:
    """Erase a person, and return the receipt; a call that was stopped is finished by the next one.

    Raises NotFoundError for nobody, ConflictError (with all `reasons`) for somebody who was erased
    already, who manages others, or of whom an exam, its marking or a review is still open.
    """
    principal.require(Permission.PEOPLE_ERASE)
    with platform.db.transaction() as session:
        user = _get_user(session, user_id)
        reasons = list(_find_reasons_against(session, principal, user))
        if reasons:
            raise ConflictError(f"Nothing was erased: {'; '.join(reasons)}.", reasons=reasons)
        _close(session, user)
        sessions = session.scalars(
            select(ProctoringSession.id).where(ProctoringSession.user_id == user_id)
        ).all()
    purged = [
        purge_session(platform, principal, one, Reason.ERASURE, check=_check_session)
        for one in sessions
    ]
    pieces = sum(receipt.count for receipt in purged if receipt is not None)
    with platform.db.transaction() as session:
        receipt = _erase_rows(session, principal, user_id, pieces)
    delete_pending(platform)
    log.info("erased the person %s", user_id)
    return receipt


def find_reasons_against(session: Session, principal: Principal, user_id: UUID) -> list[str]:
    """Return why a person cannot be erased now, in words; an empty list when they can be."""
    principal.require(Permission.PEOPLE_ERASE)
    return list(_find_reasons_against(session, principal, _get_user(session, user_id)))


def is_erased(session: Session, user_id: UUID) -> bool:
    """Say whether a person was erased."""
    found = select(ErasureReceipt.id).where(ErasureReceipt.user_id == user_id).limit(1)
    return session.scalar(found) is not None


def pseudonym_of(user_id: UUID) -> str:
    """Return the login that an erased account has."""
    return f"erased-{user_id.hex[:12]}"


def _get_user(session: Session, user_id: UUID) -> User:
    user = session.get(User, user_id, with_for_update=True)
    if user is None:
        raise NotFoundError("There is no such user.")
    return user


def _find_reasons_against(session: Session, principal: Principal, user: User) -> Iterable[str]:
    if is_erased(session, user.id):
        yield "this person was erased already"
        return
    if user.id == principal.user_id:
        yield "this is your own account"
    elif any(grant.role == Role.ADMIN.value for grant in user.grants):
        yield "this person is an administrator; take that role away first"
    yield from _find_open_exams(session, user.id)
    if any(message.state not in SENT for message in _read_messages(session, user.id)):
        yield "a result is still on its way to a partner"
    for watched in session.scalars(
        select(ProctoringSession)
        .where(ProctoringSession.user_id == user.id)
        .order_by(ProctoringSession.started_at)
    ):
        yield from find_reasons(session, watched)


def _find_open_exams(session: Session, user_id: UUID) -> Iterable[str]:
    attempts = session.execute(
        select(Attempt.state, Attempt.grading_state, Exam.title)
        .join(Exam, Exam.id == Attempt.exam_id)
        .where(Attempt.user_id == user_id, Attempt.state.not_in(OVER))
        .order_by(Attempt.created_at)
    )
    for state, grading_state, title in attempts:
        if state not in HANDED_IN:
            yield f"the exam {title} is not over"
        elif grading_state not in MARKED:
            yield f"the exam {title} is not marked yet"


def _check_session(session: Session, watched: ProctoringSession) -> Sequence[str]:
    """Look once more at what may have changed since the person was looked at."""
    return [
        reason
        for reason in (find_hold(session, watched), find_open_review(session, watched))
        if reason
    ]


def _close(session: Session, user: User) -> None:
    user.active = False
    user.session_version += 1
    revoke_all_tokens(session, user.id, database_now(session))


def _erase_rows(
    session: Session, principal: Principal, user_id: UUID, pieces: int
) -> ErasureReceipt:
    user = _get_user(session, user_id)
    now = database_now(session)
    removed = {
        "evidence": pieces,
        "answer_files": _erase_files(session, user_id),
        "messages": _erase_texts(session, user_id),
    }
    _erase_names(session, user)
    receipt = ErasureReceipt(
        user_id=user_id, pseudonym=user.login, removed=removed, actor=principal.actor, at=now
    )
    session.add(receipt)
    session.flush()
    record(session, principal, "person.erased", "user", user_id, receipt=receipt.id, **removed)
    return receipt


def _erase_files(session: Session, user_id: UUID) -> int:
    attempts = select(Attempt.id).where(Attempt.user_id == user_id)
    rows = session.scalars(select(AttemptFile).where(AttemptFile.attempt_id.in_(attempts))).all()
    write_down_deletions(
        session, [StoredObject(row.store, row.sha256, row.size, row.store_key) for row in rows]
    )
    for row in rows:
        session.delete(row)
    session.flush()
    return len(rows)


def _erase_texts(session: Session, user_id: UUID) -> int:
    """Take the texts out of conversations and appeals; that there were some stays."""
    sessions = select(ProctoringSession.id).where(ProctoringSession.user_id == user_id)
    messages = session.scalars(
        select(ProctorMessage.id).where(ProctorMessage.session_id.in_(sessions))
    ).all()
    session.execute(
        update(ProctorMessage).where(ProctorMessage.session_id.in_(sessions)).values(text=ERASED)
    )
    session.execute(update(Appeal).where(Appeal.session_id.in_(sessions)).values(comment=ERASED))
    return len(messages)


def _read_messages(session: Session, user_id: UUID) -> Sequence[OutboxMessage]:
    """Return what was told to partners about a person's attempts."""
    attempts = session.scalars(select(Attempt.id).where(Attempt.user_id == user_id))
    keys = [f"attempt:{attempt_id}" for attempt_id in attempts]
    return session.scalars(select(OutboxMessage).where(OutboxMessage.ordering_key.in_(keys))).all()


def _without_names(data: Mapping[str, Any], pseudonym: str) -> dict[str, Any]:
    return {key: pseudonym if key in NAMES else value for key, value in data.items()}


def _erase_names(session: Session, user: User) -> None:
    pseudonym = pseudonym_of(user.id)
    user.login, user.name, user.email = pseudonym, f"Erased person {user.id.hex[:6]}", ""
    user.password_hash = None
    for table in (RoleGrant, RefreshToken, IdempotencyRecord):
        session.execute(delete(table).where(table.user_id == user.id))
    session.execute(
        update(Registration)
        .where(Registration.user_id == user.id)
        .values(candidate_number="", waiver_reason="")
    )
    for event in session.scalars(select(Event).where(Event.user_id == user.id)):
        event.data = _without_names(event.data, pseudonym)
    for message in _read_messages(session, user.id):
        message.payload = _without_names(message.payload, pseudonym)
    session.flush()
    session.expire(user)
