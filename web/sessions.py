"""Who asks: people by the session cookie (Flask-Login), programs by an access token."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from flask import Flask, Request, current_app, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from examhall.core.accounts.models import User
from examhall.core.accounts.passwords import Credentials
from examhall.core.accounts.principals import PrincipalCache
from examhall.core.accounts.tokens import TokenReader
from examhall.core.errors import SignInRequiredError
from examhall.core.permissions import NOBODY, Principal

CACHE = "examhall.principals"
CREDENTIALS = "examhall.credentials"
TOKENS = "examhall.tokens"


class Sessions(SecureCookieSessionInterface):
    """Flask's signed cookie, read only where there is one: programs have none."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return the session of a request."""
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)


class SessionUser(UserMixin):
    """A signed-in person; the id in the cookie ends with the account's session version."""

    def __init__(self, user_id: UUID, session_version: int, principal: Principal) -> None:
        self.id = f"{user_id}:{session_version}"
        self.principal = principal


def init_sessions(app: Flask) -> None:
    """Set up the session cookie and the cache of principals."""
    owner = app.extensions["examhall"]
    app.session_interface = Sessions()
    app.extensions[CACHE] = PrincipalCache(owner.db)
    app.extensions[TOKENS] = TokenReader(owner)
    app.extensions[CREDENTIALS] = Credentials(owner.db, owner.settings)
    manager = LoginManager(app)
    # Candidates change networks in the middle of an exam: an address is no part of a session.
    manager.session_protection = None
    manager.user_loader(_load_session_user)


def principals() -> PrincipalCache:
    """Return this process's cache of principals."""
    return cast("PrincipalCache", current_app.extensions[CACHE])


def credentials() -> Credentials:
    """Return the book that sign-in methods check passwords with."""
    return cast("Credentials", current_app.extensions[CREDENTIALS])


def address() -> str:
    """Return the network address of whoever asks, as far as the proxies can be trusted."""
    return (request.remote_addr or "")[:60]


def has_token() -> bool:
    """Say whether the request carries a bearer token, which then decides alone."""
    return request.authorization is not None and request.authorization.type == "bearer"


def find_principal(*, use_session: bool) -> Principal:
    """Return who asks; a token that is no longer good raises SignInRequiredError."""
    if has_token():
        return _principal_of_token()
    if use_session and current_user.is_authenticated:
        return cast("Principal", current_user.principal)
    return Principal(user_id=None, name=NOBODY.name, address=address())


def start_session(user: User, principal: Principal) -> None:
    """Sign a person in with a new session."""
    login_user(SessionUser(user.id, user.session_version, principal))


def end_session() -> None:
    """Forget who is signed in."""
    logout_user()


def _principal_of_token() -> Principal:
    token = request.authorization.token if request.authorization else None
    claims = cast("TokenReader", current_app.extensions[TOKENS]).read(token or "")
    found = claims and principals().get(claims.user_id, claims.session_version, address())
    if not found:
        raise SignInRequiredError("The access token is not valid, or no longer.")
    return found


def _load_session_user(text: str) -> SessionUser | None:
    user_id, _, version = text.partition(":")
    try:
        key, number = UUID(user_id), int(version)
    except ValueError:
        return None
    principal = principals().get(key, number, address())
    return SessionUser(key, number, principal) if principal else None
