"""Signing in: a method proves who somebody is, core decides whether they may come in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from examhall.core.accounts.models import User
from examhall.core.accounts.queries import find_user_by_login
from examhall.core.audit.operations import record
from examhall.core.contracts.base import Kind
from examhall.core.contracts.services import CredentialBook, Identity, Refused, SignIn
from examhall.core.errors import PluginError, SignInRequiredError
from examhall.core.permissions import Principal

if TYPE_CHECKING:
    from examhall.core.platform import Platform

REFUSED = "Sign-in failed. Check what you typed and try again."
"""All that anybody is told: never which part was wrong."""


def list_methods(platform: Platform) -> list[SignIn]:
    """Return the sign-in methods in use."""
    return [method for method in platform.plugins.all(Kind.SIGN_IN) if isinstance(method, SignIn)]


def sign_in(
    platform: Platform,
    book: CredentialBook,
    method_key: str,
    form: Mapping[str, str],
    address: str,
) -> User:
    """Return who proved themselves by this method, and note it.

    Raises SignInRequiredError, always with the same words, for everybody else.
    """
    method = platform.plugins.sign_in(method_key)
    expected = (Identity, Refused)
    identity = platform.plugins.call(method, "finish", form, book, expect=expected)
    user_id = _find(platform, identity) if isinstance(identity, Identity) else None
    if user_id is None:
        _note_failure(platform, form.get("login", ""), method_key, address)
        raise SignInRequiredError(REFUSED)
    with platform.db.transaction() as session:
        user = session.get(User, user_id)
        if user is None or not user.active:
            raise SignInRequiredError(REFUSED)
        who = Principal(user_id=user.id, name=user.name, address=address)
        record(session, who, "user.signed_in", "user", user.id, method=method_key)
    return user


def sign_in_with_password(
    platform: Platform, book: CredentialBook, login: str, password: str, address: str
) -> User:
    """Return who has this login and password, by the first method with a form that says so.

    Raises SignInRequiredError otherwise, PluginError where no method takes a form.
    """
    keys = [method.key for method in list_methods(platform) if not method.redirects]
    if not keys:
        raise PluginError("No sign-in method takes a login and a password.")
    form = {"login": login, "password": password}
    return _first(platform, book, keys, form, address)


def _first(
    platform: Platform,
    book: CredentialBook,
    keys: Iterable[str],
    form: Mapping[str, str],
    address: str,
) -> User:
    refusal = SignInRequiredError(REFUSED)
    for key in keys:
        try:
            return sign_in(platform, book, key, form, address)
        except SignInRequiredError as error:
            refusal = error
    raise refusal


def _find(platform: Platform, identity: Identity) -> UUID | None:
    if not identity.login:
        return None
    with platform.db.reading() as session:
        user = find_user_by_login(session, identity.login)
        return user.id if user is not None and user.active else None


def _note_failure(platform: Platform, login: str, method_key: str, address: str) -> None:
    """Note a failed try. A login that nobody has is not written down: it may be a password."""
    with platform.db.transaction() as session:
        user = find_user_by_login(session, login)
        who = Principal(user_id=None, name="nobody", address=address)
        object_id = user.id if user else "unknown"
        record(session, who, "user.sign_in_failed", "user", object_id, method=method_key)
