"""Programs get short-lived access tokens and refresh tokens that rotate."""

import pytest

from tests.web.people import PASSWORD, sign_in


def get_tokens(client, login="author", password=PASSWORD):
    return client.post("/api/v1/auth/token", json={"login": login, "password": password})


def refresh(client, token):
    return client.post("/api/v1/auth/refresh", json={"refresh_token": token})


def me(client, token):
    return client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})


def test_password_gives_tokens(client, people):
    data = get_tokens(client).json["data"]
    assert data["token_type"] == "Bearer"
    assert data["expires_in"] == 600
    assert me(client, data["access_token"]).json["data"]["login"] == "author"


@pytest.mark.parametrize(
    ("login", "password"),
    [("author", "wrong"), ("nobody", PASSWORD), ("author", " "), ("x" * 200, "y" * 200)],
)
def test_wrong_password_never_says_what_was_wrong(client, people, login, password):
    answer = get_tokens(client, login, password)
    assert answer.status_code == 401
    expected = get_tokens(client, "author", "other wrong one").json["error"]
    assert answer.json["error"] == expected


def test_refresh_rotates_and_reuse_revokes_the_family(client, people):
    first = get_tokens(client).json["data"]
    other = get_tokens(client).json["data"]
    second = refresh(client, first["refresh_token"]).json["data"]
    assert me(client, second["access_token"]).status_code == 200
    assert refresh(client, first["refresh_token"]).status_code == 401
    assert refresh(client, second["refresh_token"]).status_code == 401
    assert refresh(client, other["refresh_token"]).status_code == 200


def test_revoked_token_is_no_good(client, people):
    first = get_tokens(client).json["data"]
    answer = client.post("/api/v1/auth/revoke", json={"refresh_token": first["refresh_token"]})
    assert answer.status_code == 200
    assert refresh(client, first["refresh_token"]).status_code == 401


def test_new_password_ends_tokens_and_sessions(app, client, people):
    browser = sign_in(app, "author")
    tokens = get_tokens(client).json["data"]
    user = people.users["author"]
    path = f"/api/v1/users/{user.id}"
    change = {"password": "a new long password"}
    assert client.patch(path, json=change, headers=people.bearer("admin")).status_code == 200
    assert me(client, tokens["access_token"]).status_code == 401
    assert refresh(client, tokens["refresh_token"]).status_code == 401
    assert browser.get("/api/v1/me").status_code == 401
    assert get_tokens(client, password=change["password"]).status_code == 200


def test_closed_account_is_out(app, client, people):
    browser = sign_in(app, "author")
    tokens = get_tokens(client).json["data"]
    path = f"/api/v1/users/{people.users['author'].id}"
    client.patch(path, json={"active": False}, headers=people.bearer("admin"))
    assert me(client, tokens["access_token"]).status_code == 401
    assert browser.get("/api/v1/me").status_code == 401
    assert get_tokens(client).status_code == 401
