"""The people who are registered for an exam, with how far they are."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.accounts.models import User
from examhall.core.attempts.models import Attempt
from examhall.core.exams.models import Registration
from examhall.core.exams.queries import list_registrations
from examhall.core.paging import Page
from examhall.core.permissions import Principal


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place in an exam, whose it is, and the newest attempt."""

    registration: Registration
    login: str
    name: str
    attempt: Attempt | None


def list_candidates(
    session: Session,
    principal: Principal,
    exam_id: UUID,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Candidate]:
    """Return an exam's candidates; needs `registrations.manage` for it."""
    page = list_registrations(session, principal, exam_id, cursor=cursor, limit=limit)
    users = _users(session, [one.user_id for one in page.items])
    attempts = _newest_attempts(session, [one.id for one in page.items])
    found = [
        Candidate(one, users[one.user_id].login, users[one.user_id].name, attempts.get(one.id))
        for one in page.items
    ]
    return Page(found, page.next_cursor)


def _users(session: Session, ids: list[UUID]) -> dict[UUID, User]:
    return {user.id: user for user in session.scalars(select(User).where(User.id.in_(ids)))}


def _newest_attempts(session: Session, registration_ids: list[UUID]) -> dict[UUID, Attempt]:
    statement = select(Attempt).where(Attempt.registration_id.in_(registration_ids))
    ordered = session.scalars(statement.order_by(Attempt.number))
    return {attempt.registration_id: attempt for attempt in ordered}
