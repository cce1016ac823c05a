"""Passwords cannot be tried without end, and nobody can drown the API."""

import pytest

from examhall.core.errors import RateLimitedError
from examhall.web import limits
from examhall.web.app import create_app
from tests.web.people import PASSWORD, People, csrf_token


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.services)])
def limited(request, make_platform):
    """An application with limits, and its people."""
    settings = {"rate_limits": True}
    if request.param == "redis":
        settings["redis_url"] = request.getfixturevalue("redis_url")
    platform = make_platform(**settings)
    return create_app(platform), People(platform)


def tries(client, count, **form):
    body = {"login": "author", "password": "wrong", **form}
    return [client.post("/api/v1/auth/token", json=body).status_code for _ in range(count)]


def test_wrong_passwords_are_limited_by_account(limited):
    app, _ = limited
    client = app.test_client()
    assert tries(client, 11) == [401] * 10 + [429]
    answer = client.post("/api/v1/auth/token", json={"login": "author", "password": PASSWORD})
    assert answer.status_code == 429
    assert answer.json["error"]["code"] == "rate_limited"
    assert int(answer.headers["Retry-After"]) > 0
    assert tries(client, 1, login="grader", password=PASSWORD) == [200]


def test_page_and_api_are_limited_alike(limited):
    app, _ = limited
    client = app.test_client()
    form = {"csrf_token": csrf_token(client), "login": " AUTHOR ", "password": "wrong"}
    statuses = [client.post("/sign-in/password", data=form).status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]


def test_other_letters_for_the_same_login_gain_no_tries(limited):
    """A login is the same in full-width letters, so their tries count together."""
    app, _ = limited
    client = app.test_client()
    assert tries(client, 5) == [401] * 5
    assert tries(client, 5, login="\uff41uthor") == [401] * 5
    assert tries(client, 1, login=" A\uff35THOR ") == [429]


def test_an_ipv6_network_counts_as_one_address(limited):
    app, _ = limited
    client = app.test_client()

    def ask(address):
        body = {"login": "author", "password": "wrong"}
        where = {"REMOTE_ADDR": address}
        return client.post("/api/v1/auth/token", json=body, environ_base=where).status_code

    assert [ask(f"2001:db8:1:2::{n}") for n in range(11)] == [401] * 10 + [429]
    assert ask("2001:db8:1:3::1") == 401
    assert ask("::ffff:192.0.2.1") == ask("unix:") == 401


def test_right_passwords_do_not_count(limited):
    app, _ = limited
    assert tries(app.test_client(), 12, password=PASSWORD) == [200] * 12


def test_calls_are_limited_by_person(limited, monkeypatch):
    _, people = limited
    monkeypatch.setattr(limits, "API_BY_PERSON", "5 per minute")
    client = create_app(people.platform).test_client()
    who, other = people.bearer("author"), people.bearer("grader")
    statuses = [client.get("/api/v1/me", headers=who).status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    assert client.get("/api/v1/me", headers=other).status_code == 200


def test_saves_are_limited_by_person():
    seconds = iter([0.0, 1.0, 1.0, 3.0, 3.0])
    limit = limits.SaveLimit(clock=lambda: next(seconds))
    limit.take("a", 2990)
    limit.take("a", 60)
    with pytest.raises(RateLimitedError) as refused:
        limit.take("a", 50)
    assert refused.value.details["retry_after"] == 1
    limit.take("a", 100)
    limit.take("b", 3000)


def test_no_limits_where_they_are_switched_off(client, people):
    assert tries(client, 12) == [401] * 12
