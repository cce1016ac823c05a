"""What is done with accounts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.accounts.events import RoleGranted, RoleRevoked, UserChanged, UserCreated
from examhall.core.accounts.models import RoleGrant, User
from examhall.core.accounts.passwords import check_new_password, hash_password
from examhall.core.accounts.queries import find_user_by_login, fold_login, get_user
from examhall.core.accounts.tokens import revoke_all_tokens
from examhall.core.audit.operations import record
from examhall.core.errors import ConflictError, InvalidError, NotFoundError
from examhall.core.events.operations import emit
from examhall.core.exams.models import Exam
from examhall.core.permissions import Permission, Principal, Role
from examhall.core.settings import Settings

_LOGIN = re.compile(r"[^\s\x00-\x1f\x7f]{1,200}")


def create_user(
    session: Session,
    settings: Settings,
    principal: Principal,
    login: str,
    name: str,
    email: str = "",
    password: str | None = None,
    roles: Iterable[Role] = (),
) -> User:
    """Make an account with roles for everything; without a password it cannot use that sign-in.

    Raises ConflictError where the login is taken, InvalidError for a bad login or password.
    """
    principal.require(Permission.USERS_MANAGE)
    folded = fold_login(login)
    if not _LOGIN.fullmatch(folded):
        raise InvalidError("The login cannot be used.", login=["1 to 200 characters, no spaces."])
    if find_user_by_login(session, folded) is not None:
        raise ConflictError("This login is taken.", login=["It is taken."])
    if password is not None:
        check_new_password(password, folded)
    user = User(
        login=folded,
        name=name.strip() or folded,
        email=email.strip(),
        password_hash=hash_password(settings, password) if password is not None else None,
        created_at=datetime.now(UTC),
        active=True,
        session_version=1,
        grants=[],
    )
    session.add(user)
    session.flush()
    record(session, principal, "user.created", "user", user.id)
    emit(session, UserCreated(**_about(user.id), login=folded, name=user.name))
    for role in dict.fromkeys(roles):
        grant_role(session, principal, user.id, role)
    return user


def update_user(
    session: Session,
    settings: Settings,
    principal: Principal,
    user_id: UUID,
    *,
    name: str | None = None,
    email: str | None = None,
    active: bool | None = None,
    password: str | None = None,
) -> User:
    """Change an account. Closing it or changing its password ends all its sessions and tokens.

    Raises ConflictError where nobody could manage users any more.
    """
    principal.require(Permission.USERS_MANAGE)
    user = get_user(session, principal, user_id)
    changed: dict[str, Any] = {}
    for field, value in (("name", name), ("email", email)):
        if value is not None and value.strip() != getattr(user, field):
            changed[field] = value.strip()
            setattr(user, field, value.strip())
    if active is False:
        _lock_admins(session)
    if active is not None and active is not user.active:
        changed["active"] = user.active = active
        _end_sessions(session, user)
        session.flush()
        if not active and any(grant.role == Role.ADMIN.value for grant in user.grants):
            _require_an_admin(session)
    if password is not None:
        set_password(session, settings, principal, user, password)
    session.flush()
    if changed:
        record(session, principal, "user.changed", "user", user.id, **_without_names(changed))
        emit(session, UserChanged(**_about(user.id), changed=list(changed), active=user.active))
    return user


def set_password(
    session: Session, settings: Settings, principal: Principal, user: User, password: str
) -> None:
    """Change a password, one's own or as an admin; raises InvalidError for a bad one."""
    if principal.user_id != user.id:
        principal.require(Permission.USERS_MANAGE)
    check_new_password(password, user.login)
    user.password_hash = hash_password(settings, password)
    _end_sessions(session, user)
    record(session, principal, "user.password_changed", "user", user.id)


def grant_role(
    session: Session, principal: Principal, user_id: UUID, role: Role, exam_id: UUID | None = None
) -> RoleGrant:
    """Give a role, for everything or for one exam; one that is held already is returned."""
    principal.require(Permission.USERS_MANAGE)
    user = get_user(session, principal, user_id)
    if exam_id is not None and session.get(Exam, exam_id) is None:
        raise NotFoundError("There is no such exam.")
    for grant in user.grants:
        if grant.role == role.value and grant.exam_id == exam_id:
            return grant
    grant = RoleGrant(
        role=role.value,
        exam_id=exam_id,
        granted_by=principal.user_id,
        granted_at=datetime.now(UTC),
    )
    user.grants.append(grant)
    session.flush()
    record(session, principal, "role.granted", "user", user.id, role=role.value, exam_id=exam_id)
    emit(session, RoleGranted(**_about(user.id), exam_id=exam_id, role=role.value))
    return grant


def revoke_role(session: Session, principal: Principal, user_id: UUID, grant_id: UUID) -> None:
    """Take a role away; raises ConflictError where nobody could manage users any more."""
    principal.require(Permission.USERS_MANAGE)
    user = get_user(session, principal, user_id)
    grant = next((grant for grant in user.grants if grant.id == grant_id), None)
    if grant is None:
        raise NotFoundError("There is no such role of this user.")
    if grant.role == Role.ADMIN.value:
        _lock_admins(session)
    details = {"role": grant.role, "exam_id": grant.exam_id}
    user.grants.remove(grant)
    session.flush()
    if grant.role == Role.ADMIN.value:
        _require_an_admin(session)
    record(session, principal, "role.revoked", "user", user.id, **details)
    emit(session, RoleRevoked(**_about(user.id), exam_id=grant.exam_id, role=grant.role))


def _about(user_id: UUID) -> dict[str, Any]:
    return {"subject": f"user:{user_id}", "user_id": user_id}


def _without_names(changed: dict[str, Any]) -> dict[str, Any]:
    """Return what the audit trail says of a change: the fields, and whether the account is open."""
    kept = {"changed": sorted(changed)}
    return {**kept, "active": changed["active"]} if "active" in changed else kept


def _end_sessions(session: Session, user: User) -> None:
    user.session_version += 1
    revoke_all_tokens(session, user.id, datetime.now(UTC))


def _lock_admins(session: Session) -> None:
    """Let nobody else take an admin away meanwhile: two at once could take the last two."""
    session.execute(
        select(RoleGrant.id)
        .where(RoleGrant.role == Role.ADMIN.value, RoleGrant.exam_id.is_(None))
        .order_by(RoleGrant.id)
        .with_for_update()
    ).all()


def _require_an_admin(session: Session) -> None:
    admin = (
        select(User.id)
        .join(RoleGrant, RoleGrant.user_id == User.id)
        .where(User.active, RoleGrant.role == Role.ADMIN.value, RoleGrant.exam_id.is_(None))
        .limit(1)
    )
    if session.execute(admin).first() is None:
        raise ConflictError("Somebody must remain who can manage users.")
