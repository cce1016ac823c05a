"""Who can be assigned, and who is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from examhall.core.accounts.models import RoleGrant, User
from examhall.core.errors import NotFoundError
from examhall.core.exams.models import Exam
from examhall.core.permissions import ROLE_PERMISSIONS, Permission, Principal
from examhall.core.proctoring.access import require_somewhere
from examhall.core.proctoring.assignments.models import ProctorAssignment
from examhall.core.proctoring.models import ProctoringSession

CONTROL = Permission.ATTEMPTS_CONTROL


@dataclass(frozen=True, slots=True)
class Proctor:
    """Somebody who may control an exam's attempts, with the number of live sessions they have."""

    id: UUID
    name: str
    session_count: int


@dataclass(frozen=True, slots=True)
class Assigned:
    """Who looks after a session."""

    proctor_id: UUID
    proctor_name: str


def list_proctors(session: Session, principal: Principal, exam_id: UUID) -> list[Proctor]:
    """Return the people who can be assigned in an exam, by name."""
    require_control(session, principal, exam_id)
    roles = [role.value for role, held in ROLE_PERMISSIONS.items() if CONTROL in held]
    holders = select(RoleGrant.user_id).where(
        RoleGrant.role.in_(roles),
        or_(RoleGrant.exam_id.is_(None), RoleGrant.exam_id == exam_id),
    )
    people = session.execute(
        select(User.id, User.name)
        .where(User.id.in_(holders), User.active.is_(True))
        .order_by(User.name, User.id)
    )
    counts = _count_sessions(session, exam_id)
    return [Proctor(user_id, name, counts.get(user_id, 0)) for user_id, name in people]


def find_assigned(session: Session, session_ids: Sequence[UUID]) -> dict[UUID, Assigned]:
    """Return who looks after each of some sessions; those of nobody lack."""
    rows = session.execute(
        select(ProctorAssignment.session_id, User.id, User.name)
        .join(User, User.id == ProctorAssignment.proctor_id)
        .where(ProctorAssignment.session_id.in_(session_ids))
    )
    return {session_id: Assigned(user_id, name) for session_id, user_id, name in rows}


def require_control(session: Session, principal: Principal, exam_id: UUID) -> None:
    """Raise ForbiddenError for somebody who controls nothing, NotFoundError for another's exam."""
    require_somewhere(principal, CONTROL)
    if not principal.may(CONTROL, exam_id) or session.get(Exam, exam_id) is None:
        raise NotFoundError("There is no such exam.")


def _count_sessions(session: Session, exam_id: UUID) -> dict[UUID, int]:
    rows = session.execute(
        select(ProctorAssignment.proctor_id, func.count())
        .join(ProctoringSession)
        .where(ProctoringSession.exam_id == exam_id, ProctoringSession.state == "open")
        .group_by(ProctorAssignment.proctor_id)
    )
    return dict(rows.all())
