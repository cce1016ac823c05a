"""Passwords: argon2id hashes, rules for new ones, and checks that take as long for nobody."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from examhall.core.accounts.models import User
from examhall.core.accounts.queries import find_user_by_login
from examhall.core.db import Database
from examhall.core.errors import InvalidError
from examhall.core.settings import Settings
from examhall.core.text import find_fault

SHORTEST = 10
LONGEST = 200
# Without letters and digits that look alike.
ALPHABET = "abcdefghijkmnpqrstuvwxyzACDEFGHJKLMNPQRTUVWXY34679"


def password_hasher(settings: Settings) -> PasswordHasher:
    """Return argon2id with this installation's costs."""
    return PasswordHasher(
        time_cost=settings.password_rounds,
        memory_cost=settings.password_memory_kib,
        parallelism=1,
    )


def hash_password(settings: Settings, password: str) -> str:
    """Return the hash to store; takes some hundredths of a second."""
    return password_hasher(settings).hash(password)


def generate_password() -> str:
    """Return a password of 94 bits that can be read out and typed."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))
    return "-".join(groups)


def check_new_password(password: str, login: str) -> None:
    """Raise InvalidError where a new password is too short, too long or the login itself."""
    fault = find_fault(password)
    if not fault and len(password) < SHORTEST:
        fault = f"Use at least {SHORTEST} characters."
    if not fault and len(password) > LONGEST:
        fault = f"Use at most {LONGEST} characters."
    if not fault and password.casefold() == login.casefold():
        fault = "The password must not be the login."
    if fault:
        raise InvalidError("This password cannot be used.", password=[fault])


class Credentials:
    """The accounts' passwords as sign-in methods see them (contract `CredentialBook`)."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self._db = db
        self._hasher = password_hasher(settings)
        # What is checked for an unknown login, so that it takes as long as for a known one.
        self._nobodys_hash = self._hasher.hash(secrets.token_urlsafe(32))

    def check_password(self, login: str, password: str) -> bool:
        """Say whether the account exists, is open and has this password."""
        if find_fault(login) or find_fault(password) or len(password) > LONGEST:
            return False
        with self._db.reading() as session:
            user = find_user_by_login(session, login)
        stored = user.password_hash if user is not None and user.active else None
        try:
            self._hasher.verify(stored or self._nobodys_hash, password)
        except (VerificationError, InvalidHashError):
            return False
        if user is None or stored is None:
            return False
        if self._hasher.check_needs_rehash(stored):
            self._renew(user, stored, password)
        return True

    def _renew(self, user: User, stored: str, password: str) -> None:
        """Store a hash with this installation's costs, unless the password was just changed."""
        new = self._hasher.hash(password)
        with self._db.transaction() as session:
            current = session.get(User, user.id)
            if current is not None and current.password_hash == stored:
                current.password_hash = new
