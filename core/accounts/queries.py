"""Questions about people."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from examhall.core.accounts.models import RoleGrant, User
from examhall.core.errors import NotFoundError, SignInRequiredError
from examhall.core.paging import Page, get_page
from examhall.core.permissions import Permission, Principal, Role


@dataclass(frozen=True, slots=True)
class Account:
    """A person who may come in, with the version that their sessions must have."""

    principal: Principal
    session_version: int


def fold_login(login: str) -> str:
    """Return the form in which a login is kept and compared."""
    return unicodedata.normalize("NFKC", login).strip().casefold()


def find_account(session: Session, user_id: UUID, address: str = "") -> Account | None:
    """Return an account that may come in; None for a closed one or none at all."""
    user = session.get(User, user_id, options=[selectinload(User.grants)])
    if user is None or not user.active:
        return None
    grants = frozenset((Role(grant.role), grant.exam_id) for grant in user.grants)
    principal = Principal(user_id=user.id, name=user.name, grants=grants, address=address)
    return Account(principal, user.session_version)


def load_principal(session: Session, user_id: UUID, address: str = "") -> Principal:
    """Return who a person is; raises SignInRequiredError for a closed or unknown account."""
    account = find_account(session, user_id, address)
    if account is None:
        raise SignInRequiredError("This account cannot be used.")
    return account.principal


def find_user_by_login(session: Session, login: str) -> User | None:
    """Return the user with a login, whatever its case; for the system's own use."""
    return session.scalar(select(User).where(User.login == fold_login(login)))


def get_user(session: Session, principal: Principal, user_id: UUID) -> User:
    """Return a user; everybody may see themselves, others need `users.manage`."""
    if principal.user_id != user_id:
        principal.require(Permission.USERS_MANAGE)
    user = session.get(User, user_id, options=[selectinload(User.grants)])
    if user is None:
        raise NotFoundError("There is no such user.")
    return user


def list_users(
    session: Session,
    principal: Principal,
    *,
    search: str = "",
    role: Role | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[User]:
    """Return users by login; `search` looks at the start of login, and inside name and e-mail."""
    principal.require(Permission.USERS_MANAGE)
    statement = select(User).options(selectinload(User.grants))
    if search:
        word = search.lower()
        statement = statement.where(
            User.login.startswith(fold_login(search), autoescape=True)
            | func.lower(User.name).contains(word, autoescape=True)
            | func.lower(User.email).contains(word, autoescape=True)
        )
    if role is not None:
        holders = select(RoleGrant.user_id).where(RoleGrant.role == role.value)
        statement = statement.where(User.id.in_(holders))
    return get_page(session, statement, (User.login, User.id), cursor=cursor, limit=limit)
