"""Tokens for programs: short-lived signed access tokens and refresh tokens that rotate.

An access token is a JWT (RFC 9068, HS256). A refresh token is a random text of which only the
sha256 is kept; each is good once, and using one twice revokes all that came from the same sign-in.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from examhall.core.accounts.models import RefreshToken, User
from examhall.core.audit.operations import record
from examhall.core.permissions import Principal

if TYPE_CHECKING:
    from examhall.core.platform import Platform

ISSUER = "examhall"
HEADER = {"alg": "HS256", "typ": "at+jwt"}


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """Whose access token it is, of which version of their sessions, and until when (Unix time)."""

    user_id: UUID
    session_version: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a program gets; `expires_in` are the seconds that the access token lives."""

    access_token: str
    refresh_token: str
    expires_in: int


def _key(platform: Platform) -> OctKey:
    return OctKey.import_key(platform.vault.derive("access-token"))


def make_access_token(platform: Platform, user: User) -> str:
    """Return a signed token that names the user."""
    now = int(platform.clock.now().timestamp())
    claims = {
        "iss": ISSUER,
        "aud": ISSUER,
        "sub": str(user.id),
        "iat": now,
        "exp": now + platform.settings.access_token_seconds,
        "jti": uuid4().hex,
        "ver": user.session_version,
    }
    return jwt.encode(HEADER, claims, _key(platform))


def read_access_token(platform: Platform, token: str) -> AccessClaims | None:
    """Return what a token says; None for a forged, expired or otherwise useless one."""
    now = platform.clock.now()
    registry = jwt.JWTClaimsRegistry(
        now=lambda: int(now.timestamp()),
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": ISSUER},
        exp={"essential": True},
    )
    try:
        decoded = jwt.decode(token, _key(platform), algorithms=["HS256"])
        registry.validate(decoded.claims)
        if decoded.header.get("typ") != HEADER["typ"]:
            return None
        claims = decoded.claims
        return AccessClaims(UUID(claims["sub"]), int(claims["ver"]), int(claims["exp"]))
    except (JoseError, ValueError, KeyError, TypeError, AttributeError):
        return None


class TokenReader:
    """Reads access tokens; one that was good stays so until it expires and is not verified again.

    A client sends the same token for minutes, and verifying it costs more than looking it up.
    """

    MOST = 20_000

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._known: dict[str, AccessClaims] = {}

    def read(self, token: str) -> AccessClaims | None:
        """Return what a token says, as `read_access_token` does."""
        known = self._known.get(token)
        if known is not None and self._platform.clock.now().timestamp() < known.expires_at:
            return known
        claims = read_access_token(self._platform, token)
        if claims is not None:
            if len(self._known) >= self.MOST:
                self._known.clear()
            self._known[token] = claims
        return claims


def start_tokens(session: Session, platform: Platform, user: User) -> TokenPair:
    """Return the first tokens after a program has signed in."""
    now = platform.clock.now()
    _remove_expired(session, user.id, now)
    return _make_pair(session, platform, user, uuid4(), now)


def rotate_tokens(session: Session, platform: Platform, token: str) -> TokenPair | None:
    """Return new tokens for a refresh token, which is then used up.

    None where it is unknown, expired or revoked. One that was used before may have been stolen:
    its whole family is revoked, and the caller must commit that.
    """
    now = platform.clock.now()
    found = _find(session, token)
    if found is None:
        return None
    taken = session.execute(
        update(RefreshToken)
        .where(
            RefreshToken.id == found.id,
            RefreshToken.used_at.is_(None),
            RefreshToken.revoked_at.is_(None),
            RefreshToken.expires_at > now,
        )
        .values(used_at=now)
    )
    user = session.get(User, found.user_id)
    if taken.rowcount == 1 and user is not None and user.active:  # type: ignore[attr-defined]
        return _make_pair(session, platform, user, found.family_id, now)
    if found.used_at is not None and found.revoked_at is None:
        _revoke_family(session, found.family_id, now)
        who = Principal(user_id=found.user_id, name=user.name if user else "")
        record(session, who, "token.reused", "user", found.user_id, family=str(found.family_id))
    return None


def revoke_tokens(session: Session, platform: Platform, token: str) -> None:
    """End all that came from the sign-in of this refresh token; an unknown one is no error."""
    if found := _find(session, token):
        _revoke_family(session, found.family_id, platform.clock.now())


def revoke_all_tokens(session: Session, user_id: UUID, now: datetime) -> None:
    """End every program's access to an account."""
    session.execute(
        update(RefreshToken)
        .where(RefreshToken.user_id == user_id, RefreshToken.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def _make_pair(
    session: Session, platform: Platform, user: User, family_id: UUID, now: datetime
) -> TokenPair:
    token = secrets.token_urlsafe(32)
    session.add(
        RefreshToken(
            family_id=family_id,
            user_id=user.id,
            token_hash=_digest(token),
            expires_at=now + timedelta(seconds=platform.settings.refresh_token_seconds),
        )
    )
    session.flush()
    seconds = platform.settings.access_token_seconds
    return TokenPair(make_access_token(platform, user), token, seconds)


def _find(session: Session, token: str) -> RefreshToken | None:
    statement = select(RefreshToken).where(RefreshToken.token_hash == _digest(token))
    return session.scalar(statement)


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", "replace")).hexdigest()


def _revoke_family(session: Session, family_id: UUID, now: datetime) -> None:
    session.execute(
        update(RefreshToken)
        .where(RefreshToken.family_id == family_id, RefreshToken.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def _remove_expired(session: Session, user_id: UUID, now: datetime) -> None:
    session.execute(
        delete(RefreshToken).where(RefreshToken.user_id == user_id, RefreshToken.expires_at < now)
    )
