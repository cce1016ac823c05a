"""Every answer of the API has one shape, and errors have stable codes."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest
from marshmallow import ValidationError
from sqlalchemy.exc import OperationalError

from examhall.core.audit.models import AuditEntry
from examhall.web import errors
from tests.web.people import sign_in

UNKNOWN = UUID(int=1)
MEMBERS = {"success", "data", "error", "timestamp"}


def check(answer, status, code=None):
    assert answer.status_code == status
    assert set(answer.json) == MEMBERS
    assert answer.json["success"] is (code is None)
    moment = datetime.fromisoformat(answer.json["timestamp"])
    assert abs(moment - datetime.now(UTC)) < timedelta(minutes=1)
    if code:
        assert answer.json["data"] is None
        assert answer.json["error"]["code"] == code
        assert answer.json["error"]["message"]
    else:
        assert answer.json["error"] is None
    return answer.json


def test_success(client, people):
    data = check(client.get("/api/v1/me", headers=people.bearer("author")), 200)["data"]
    assert data["login"] == "author"
    assert "password_hash" not in data


@pytest.mark.parametrize(
    ("method", "path", "who", "body", "status", "code"),
    [
        ("GET", "/api/v1/me", None, None, 401, "sign_in_required"),
        ("GET", "/api/v1/users", "author", None, 403, "forbidden"),
        ("GET", "/api/v1/users/rubbish", "admin", None, 404, "not_found"),
        ("GET", f"/api/v1/users/{UNKNOWN}", "admin", None, 404, "not_found"),
        ("GET", "/api/v1/nowhere", "admin", None, 404, "not_found"),
        ("GET", "/api/v1/nowhere", None, None, 404, "not_found"),
        ("DELETE", "/api/v1/users", "admin", None, 405, "method_not_allowed"),
        ("POST", "/api/v1/users", "admin", {"login": "author"}, 409, "conflict"),
        ("POST", "/api/v1/users", "admin", {}, 422, "invalid"),
        ("POST", "/api/v1/users", "admin", [], 422, "invalid"),
        ("POST", "/api/v1/users", "admin", {"login": 3}, 422, "invalid"),
        ("POST", "/api/v1/users", "admin", {"login": "x", "extra": 1}, 422, "invalid"),
        ("GET", "/api/v1/users?extra=1", "admin", None, 422, "invalid"),
        ("GET", "/api/v1/users?limit=0", "admin", None, 422, "invalid"),
        ("GET", "/api/v1/users?limit=201", "admin", None, 422, "invalid"),
        ("GET", "/api/v1/users?cursor=x", "admin", None, 422, "invalid"),
    ],
)
def test_errors(client, people, method, path, who, body, status, code):
    headers = people.bearer(who) if who else {}
    answer = client.open(path, method=method, json=body, headers=headers)
    check(answer, status, code)


def test_405_says_what_is_allowed(client, people):
    answer = client.delete("/api/v1/users", headers=people.bearer("admin"))
    assert {"GET", "POST"} <= {part.strip() for part in answer.headers["Allow"].split(",")}


def test_401_names_the_scheme(client):
    assert client.get("/api/v1/me").headers["WWW-Authenticate"] == "Bearer"


def test_fields_are_named(client, people):
    answer = client.post(
        "/api/v1/users",
        json={"name": 3, "roles": ["king"], "extra": 1},
        headers=people.bearer("admin"),
    )
    assert set(answer.json["error"]["details"]) == {"login", "name", "roles", "extra"}


def test_pages_have_pages_for_errors(app, people):
    client = sign_in(app, "author")
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert answer.mimetype == "text/html"
    assert "Not Found" in answer.get_data(as_text=True)


def test_unforeseen_error_tells_nothing(app, client, people):
    def fail():
        raise RuntimeError("the password is Rumpelstiltskin")

    app.view_functions["api_auth.show_me"] = fail
    answer = client.get("/api/v1/me", headers=people.bearer("author"))
    check(answer, 500, "error")
    assert "Rumpelstiltskin" not in answer.get_data(as_text=True)


def test_database_that_is_away_is_asked_for_again_without_a_traceback(app, people, monkeypatch):
    def fail(**_):
        raise OperationalError(None, None, Exception("connection refused"))

    noted = []
    monkeypatch.setattr(errors, "log", SimpleNamespace(error=lambda *_, **more: noted.append(more)))
    client = sign_in(app, "author")
    for endpoint in ("api_auth.show_me", "exams.index"):
        app.view_functions[endpoint] = fail
    for path in ("/api/v1/me", "/exams"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert "does not answer at the moment" in answer.get_data(as_text=True)
        assert noted.pop() == {"path": path, "method": "GET", "error": "connection refused"}


def test_list_is_paged(client, people):
    seen, cursor = [], None
    while True:
        query = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        answer = client.get("/api/v1/users", query_string=query, headers=people.bearer("admin"))
        data = check(answer, 200)["data"]
        seen += [user["login"] for user in data["items"]]
        cursor = data["next_cursor"]
        if cursor is None:
            break
    assert seen == sorted(people.users)


def test_whole_numbers_may_have_a_point(client, people):
    from examhall.web.api.base import WholeNumber

    field = WholeNumber()
    assert field.deserialize(256.0) == 256
    for bad in (256.5, True, "x", None):
        with pytest.raises(ValidationError):
            field.deserialize(bad)


def test_audit_is_written_for_changes_of_users(client, people, platform):
    made = client.post("/api/v1/users", json={"login": "new"}, headers=people.bearer("admin")).json[
        "data"
    ]
    path = f"/api/v1/users/{made['id']}"
    client.patch(path, json={"active": False}, headers=people.bearer("admin"))
    grant = client.post(
        f"{path}/roles", json={"role": "proctor"}, headers=people.bearer("admin")
    ).json["data"]
    client.delete(f"{path}/roles/{grant['id']}", headers=people.bearer("admin"))
    with platform.db.reading() as session:
        entries = session.query(AuditEntry).filter_by(object_id=made["id"]).order_by("id").all()
    assert [entry.action for entry in entries] == [
        "user.created",
        "user.changed",
        "role.granted",
        "role.revoked",
    ]
    assert {entry.actor_id for entry in entries} == {people.users["admin"].id}
    assert {entry.address for entry in entries} == {"127.0.0.1"}


def test_role_taken_away_counts_at_once(client, people):
    headers = people.bearer("author")
    admin = people.bearer("admin")
    user = client.get("/api/v1/me", headers=headers).json["data"]
    assert client.get("/api/v1/users", headers=headers).status_code == 403
    path = f"/api/v1/users/{user['id']}/roles"
    grant = client.post(path, json={"role": "admin"}, headers=admin).json["data"]
    assert client.get("/api/v1/users", headers=headers).status_code == 200
    client.delete(f"{path}/{grant['id']}", headers=admin)
    assert client.get("/api/v1/users", headers=headers).status_code == 403


def test_services_can_be_chosen(make_platform):
    from examhall.core.errors import SettingsError
    from examhall.web.app import create_app

    client = create_app(make_platform(services="health auth")).test_client()
    assert client.get("/api/v1/health/live").status_code == 200
    assert client.get("/api/v1/users").status_code == 404
    assert "/api/v1/users" not in client.get("/api/v1/openapi.json").json["paths"]
    with pytest.raises(SettingsError, match="EXAMHALL_SERVICES"):
        create_app(make_platform(services="nonsense"))
