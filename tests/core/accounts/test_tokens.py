"""Access tokens cannot be forged; refresh tokens are good once."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import select

from examhall.core.accounts.models import RefreshToken, User
from examhall.core.accounts.operations import create_user, update_user
from examhall.core.accounts.tokens import (
    make_access_token,
    read_access_token,
    revoke_tokens,
    rotate_tokens,
    start_tokens,
)
from examhall.core.audit.models import AuditEntry
from examhall.core.permissions import SYSTEM


@dataclass
class Hands:
    """A clock that stands until it is moved."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment


@pytest.fixture
def clock(platform):
    platform.clock = Hands(datetime(2027, 1, 1, tzinfo=UTC))
    return platform.clock


@pytest.fixture
def user(platform) -> User:
    with platform.db.transaction() as session:
        return create_user(session, platform.settings, SYSTEM, "program", "Program")


def start(platform, user):
    with platform.db.transaction() as session:
        return start_tokens(session, platform, session.get(User, user.id))


def rotate(platform, token):
    with platform.db.transaction() as session:
        return rotate_tokens(session, platform, token)


def test_access_token_names_its_owner_until_it_expires(platform, clock, user):
    token = make_access_token(platform, user)
    claims = read_access_token(platform, token)
    assert claims.user_id == user.id
    assert claims.session_version == 1
    clock.moment += timedelta(seconds=platform.settings.access_token_seconds + 1)
    assert read_access_token(platform, token) is None


@pytest.mark.parametrize("changed", ["alg none", "other key", "rsa", "other kind", "no expiry"])
def test_forged_access_token_is_refused(platform, user, changed):
    good = jwt.decode(
        make_access_token(platform, user),
        OctKey.import_key(platform.vault.derive("access-token")),
        algorithms=["HS256"],
    )
    key, header, claims = (
        OctKey.import_key(platform.vault.derive("access-token")),
        dict(good.header),
        dict(good.claims),
    )
    if changed == "alg none":
        head, body, _ = make_access_token(platform, user).split(".")
        forged = f"eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{body}."
        assert read_access_token(platform, forged) is None
        forged = f"{head}.{body}."
    elif changed == "other key":
        forged = jwt.encode(header, claims, OctKey.import_key(b"0" * 32))
    elif changed == "rsa":
        forged = jwt.encode({**header, "alg": "RS256"}, claims, RSAKey.generate_key(2048))
    elif changed == "other kind":
        forged = jwt.encode({**header, "typ": "JWT"}, claims, key)
    else:
        claims.pop("exp")
        forged = jwt.encode(header, claims, key)
    assert read_access_token(platform, forged) is None


@pytest.mark.parametrize(
    "claim", [{"sub": "x"}, {"sub": 3}, {"ver": None}, {"ver": "x"}, {"exp": "x"}]
)
def test_access_token_with_odd_claims_is_refused(platform, user, claim):
    key = OctKey.import_key(platform.vault.derive("access-token"))
    good = jwt.decode(make_access_token(platform, user), key, algorithms=["HS256"])
    forged = jwt.encode(dict(good.header), {**good.claims, **claim}, key)
    assert read_access_token(platform, forged) is None


def test_rubbish_is_no_access_token(platform):
    @given(st.text() | st.from_regex(r"[\w-]+\.[\w-]+\.[\w-]*", fullmatch=True))
    def try_one(text):
        assert read_access_token(platform, text) is None

    try_one()


def test_refresh_token_rotates(platform, user):
    first = start(platform, user)
    second = rotate(platform, first.refresh_token)
    third = rotate(platform, second.refresh_token)
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3
    assert read_access_token(platform, third.access_token).user_id == user.id


def test_using_a_refresh_token_twice_revokes_its_family(platform, user):
    first = start(platform, user)
    other = start(platform, user)
    second = rotate(platform, first.refresh_token)
    assert rotate(platform, first.refresh_token) is None
    assert rotate(platform, second.refresh_token) is None
    assert rotate(platform, other.refresh_token) is not None
    with platform.db.reading() as session:
        assert "token.reused" in set(session.scalars(select(AuditEntry.action)))


def test_of_many_at_once_one_gets_tokens(platform, user):
    token = start(platform, user).refresh_token
    pairs = []
    threads = [
        threading.Thread(target=lambda: pairs.append(rotate(platform, token))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([pair for pair in pairs if pair]) == 1


def test_refresh_token_ends(platform, clock, user):
    expired, revoked, closed = (start(platform, user).refresh_token for _ in range(3))
    with platform.db.transaction() as session:
        revoke_tokens(session, platform, revoked)
        revoke_tokens(session, platform, "unknown")
    assert rotate(platform, revoked) is None
    with platform.db.transaction() as session:
        update_user(session, platform.settings, SYSTEM, user.id, active=False)
    assert rotate(platform, closed) is None
    with platform.db.transaction() as session:
        update_user(session, platform.settings, SYSTEM, user.id, active=True)
    assert rotate(platform, closed) is None
    clock.moment += timedelta(seconds=platform.settings.refresh_token_seconds + 1)
    assert rotate(platform, expired) is None
    assert rotate(platform, "\ud800") is None


def test_only_hashes_are_kept(platform, user):
    token = start(platform, user).refresh_token
    with platform.db.reading() as session:
        kept = session.scalars(select(RefreshToken)).one()
    assert token not in kept.token_hash
    assert len(kept.token_hash) == 64
