"""Who may see a session: the same answer for pages, API and live stream."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from examhall.core.errors import NotFoundError
from examhall.core.permissions import Permission, Principal
from examhall.core.proctoring.models import ProctoringSession


def get_session_for(
    session: Session, principal: Principal, permission: Permission, session_id: UUID
) -> ProctoringSession:
    """Return a session to somebody who holds `permission` for its exam.

    Raises ForbiddenError for somebody who holds it nowhere, NotFoundError for another exam's.
    """
    require_somewhere(principal, permission)
    watched = session.get(ProctoringSession, session_id)
    if watched is None or not principal.may(permission, watched.exam_id):
        raise NotFoundError("There is no such proctoring session.")
    return watched


def require_somewhere(principal: Principal, permission: Permission) -> None:
    """Raise the error that fits unless the permission is held for anything at all."""
    if not principal.may_somewhere(permission):
        principal.require(permission)
