"""No other site can make a browser write."""

import pytest

from examhall.core.accounts.models import User
from tests.web.people import session_token, sign_in

NEW = {"login": "new", "roles": ["candidate"]}


def test_write_with_session_needs_the_token(app, people):
    client = sign_in(app, "admin")
    for headers in ({}, {"X-CSRF-Token": "rubbish"}, {"X-CSRF-Token": ""}):
        answer = client.post("/api/v1/users", json=NEW, headers=headers)
        assert answer.status_code == 400
        assert answer.json["error"]["code"] == "csrf"
    headers = {"X-CSRF-Token": session_token(app, client)}
    assert client.post("/api/v1/users", json=NEW, headers=headers).status_code == 201


def test_token_of_another_session_is_refused(app, people):
    client, other = sign_in(app, "admin"), sign_in(app, "admin")
    headers = {"X-CSRF-Token": session_token(app, other)}
    session_token(app, client)
    assert client.post("/api/v1/users", json=NEW, headers=headers).status_code == 400


def test_write_with_bearer_needs_no_token(client, people):
    answer = client.post("/api/v1/users", json=NEW, headers=people.bearer("admin"))
    assert answer.status_code == 201


@pytest.mark.parametrize("scheme", ["Bearer rubbish", "Bearer ", "bearer x.y.z"])
def test_bad_bearer_is_not_rescued_by_the_session(app, people, scheme):
    client = sign_in(app, "admin")
    answer = client.post("/api/v1/users", json=NEW, headers={"Authorization": scheme})
    assert answer.status_code == 401


@pytest.mark.parametrize("scheme", ["Basic YWRtaW46eA==", "Digest x", "rubbish"])
def test_other_schemes_do_not_switch_the_check_off(app, people, scheme):
    client = sign_in(app, "admin")
    answer = client.post("/api/v1/users", json=NEW, headers={"Authorization": scheme})
    assert answer.status_code == 400


def test_forged_sign_in_is_refused(app, people, client):
    answer = client.post("/sign-in/password", data={"login": "admin", "password": "x"})
    assert answer.status_code == 400


def test_sign_out_needs_the_token(app, people):
    client = sign_in(app, "admin")
    assert client.post("/sign-out").status_code == 400
    assert client.get("/api/v1/me").status_code == 200
    token = session_token(app, client)
    assert client.post("/sign-out", data={"csrf_token": token}).status_code == 302
    assert client.get("/api/v1/me").status_code == 401


def test_public_write_sees_no_session(app, people, platform):
    """Tokens are made for who gives a password, not for who happens to be signed in."""
    client = sign_in(app, "admin")
    answer = client.post("/api/v1/auth/token", json={"login": "admin", "password": "wrong"})
    assert answer.status_code == 401
    with platform.db.reading() as session:
        assert session.query(User).count() == len(people.users)
