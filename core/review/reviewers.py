"""Who may decide: never about oneself, and not twice where another person is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from examhall.core.accounts.models import RoleGrant, User
from examhall.core.permissions import ROLE_PERMISSIONS, Permission, Principal
from examhall.core.proctoring.models import ProctoringSession
from examhall.core.review.models import Decision
from examhall.core.review.rules import Round

DECIDING_ROLES = sorted(
    role.value for role, held in ROLE_PERMISSIONS.items() if Permission.SESSIONS_DECIDE in held
)


def find_bar(
    session: Session,
    principal: Principal,
    watched: ProctoringSession,
    due: Round,
    decisions: Sequence[Decision],
) -> str:
    """Say why this person may not decide now, an empty text when they may."""
    if principal.user_id is None:
        return "Only a person can decide about a session."
    if principal.user_id == watched.user_id:
        return "Nobody decides about their own session."
    before = {decision.reviewer_id for decision in decisions}
    if principal.user_id not in before:
        return ""
    if due is Round.SECOND:
        return "You decided first: the second decision is another person's."
    if has_other_reviewer(session, watched, before):
        return "You decided before: another reviewer decides the appeal."
    return ""


def has_other_reviewer(session: Session, watched: ProctoringSession, besides: set[UUID]) -> bool:
    """Say whether anybody else can decide about a session."""
    found = session.scalar(
        select(User.id)
        .join(RoleGrant, RoleGrant.user_id == User.id)
        .where(
            User.active.is_(True),
            User.id.not_in([*besides, watched.user_id]),
            RoleGrant.role.in_(DECIDING_ROLES),
            or_(RoleGrant.exam_id.is_(None), RoleGrant.exam_id == watched.exam_id),
        )
        .limit(1)
    )
    return found is not None
