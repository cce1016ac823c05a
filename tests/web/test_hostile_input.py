"""Whatever is sent, the answer is an error with an envelope and nothing breaks."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

BODIES = {
    "nested lists": b"[" * 200_000,
    "nested objects": b'{"a":' * 100_000,
    "not a number": b'{"login": NaN}',
    "infinity": b'{"login": 1e999}',
    "long number": b'{"login": ' + b"1" * 50_000 + b"}",
    "nul": b'{"login": "a\\u0000"}',
    "half a pair": b'{"login": "\\ud800"}',
    "half a pair in a key": b'{"\\udfff": 1}',
    "bad utf-8": b'{"login": "\xff"}',
    "utf-16": '{"login": "a"}'.encode("utf-16"),
    "empty": b"",
    "cut off": b'{"login": "a',
    "a list": b"[1, 2]",
    "a text": b'"x"',
    "null": b"null",
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("path", ["/api/v1/users", "/api/v1/auth/token"])
def test_hostile_json(client, people, name, path):
    answer = client.post(
        path, data=BODIES[name], content_type="application/json", headers=people.bearer("admin")
    )
    assert answer.status_code == 422
    assert answer.json["error"]["code"] == "invalid"


@pytest.mark.parametrize("path", ["/api/v1/users", "/api/v1/auth/token"])
def test_huge_body(client, people, path):
    body = b'{"login": "' + b"x" * (2 << 20) + b'"}'
    answer = client.post(
        path, data=body, content_type="application/json", headers=people.bearer("admin")
    )
    assert answer.status_code == 413
    assert answer.json["error"]["code"] == "too_large"


def test_huge_form(client, people):
    answer = client.post("/sign-in/password", data={"login": "x" * (2 << 20)})
    assert answer.status_code == 413


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/xml"])
def test_other_content_types(client, people, kind):
    answer = client.post(
        "/api/v1/users", data=b'{"login":"x"}', content_type=kind, headers=people.bearer("admin")
    )
    assert answer.status_code == 415


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/users?search=%00",
        "/api/v1/users?search=%ff",
        "/api/v1/users?cursor=%00",
        "/api/v1/users?cursor=WzEsMl0",
        "/api/v1/users?cursor=W251bGwsbnVsbF0",
        "/api/v1/users?cursor=" + "A" * 399,
        "/api/v1/users?limit=99999999999999999999",
        "/api/v1/users?limit=" + "9" * 5000,
        "/api/v1/users?role=king",
        "/api/v1/audit?actor_id=x",
        "/api/v1/%00",
        "/api/v1/users/%00",
        "/%00",
        "/sign-in?next=%00",
    ],
)
def test_hostile_addresses(client, people, path):
    for who in ("admin", "auditor"):
        answer = client.get(path, headers=people.bearer(who))
        assert answer.status_code < 500


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer " + "a" * 100_000},
        {"Authorization": "Bearer a.b.c"},
        {"Authorization": "Bearer \xff"},
        {"Authorization": "Bearer"},
        {"Idempotency-Key": ""},
        {"Idempotency-Key": "x" * 201},
        {"Idempotency-Key": "\xe4"},
        {"Cookie": "examhall=rubbish"},
        {"Cookie": "examhall=" + "a" * 50_000},
        {"X-CSRF-Token": "\xff"},
    ],
)
def test_hostile_headers(client, people, headers):
    headers = {**people.bearer("admin"), **headers}
    answer = client.post("/api/v1/users", json={"login": "x"}, headers=headers)
    assert answer.status_code < 500
    answer = client.get("/api/v1/me", headers=headers)
    assert answer.status_code < 500


def test_any_form_is_answered(app, people):
    @settings(max_examples=60, suppress_health_check=list(HealthCheck))
    @given(st.dictionaries(st.text(), st.text(), max_size=4))
    def try_one(form):
        client = app.test_client()
        encodable = {
            key.encode("utf-8", "replace"): value.encode("utf-8", "replace")
            for key, value in form.items()
        }
        answer = client.post("/sign-in/password", data=encodable)
        assert answer.status_code in {400, 422}

    try_one()
