"""The service `attempts` over HTTP: a whole sitting, other people's things, hostile input."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from examhall.core.accounts.models import User
from examhall.core.accounts.tokens import make_access_token
from examhall.core.attempts.responses import MAX_RAW_BYTES
from examhall.core.attempts.sweep import sweep_attempts
from examhall.core.permissions import Principal, Role
from examhall.web.app import create_app
from tests.core.attempts.world import LEASE, OTHER_LEASE, Sitting, World, now, open_world

API = "/api/v1"


class Browser:
    """A client of one person."""

    def __init__(self, app: Flask, world: World, who: Principal | None) -> None:
        self.client: FlaskClient = app.test_client()
        self.headers: dict[str, str] = {}
        if who is not None:
            with world.platform.db.reading() as session:
                user = session.get_one(User, who.user_id)
            token = make_access_token(world.platform, user)
            self.headers = {"Authorization": f"Bearer {token}"}

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> TestResponse:
        options.setdefault("headers", self.headers)
        if body is not None:
            options["json"] = body
        return self.client.open(API + path, method=method, **options)

    def data(self, method: str, path: str, body: Any = None) -> Any:
        """Return what a call that works gives."""
        answer = self.call(method, path, body)
        assert answer.status_code in {200, 201}, answer.get_data(as_text=True)
        envelope = answer.get_json()
        assert envelope["success"] is True
        assert envelope["error"] is None
        return envelope["data"]

    def error(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """Return status and code of a call that does not work."""
        answer = self.call(method, path, body)
        envelope = answer.get_json()
        assert envelope["success"] is False, envelope
        assert envelope["data"] is None
        return answer.status_code, envelope["error"]["code"]


@pytest.fixture(scope="module")
def world(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("attempts")
    copy = folder / "examhall.db"
    copy.write_bytes(sqlite_template.read_bytes())
    with open_world(f"sqlite:///{copy}", folder) as world:
        yield world


@pytest.fixture(scope="module")
def app(world: World) -> Flask:
    return create_app(world.platform)


@pytest.fixture
def sitting(world: World) -> Sitting:
    return world.sitting({"time": {"limit_seconds": 3600}})


@pytest.fixture
def candidate(app: Flask, sitting: Sitting) -> Browser:
    return Browser(app, sitting.world, sitting.candidate)


def save_body(text: str = "Paris", **changes: Any) -> dict[str, Any]:
    return {
        "operation_id": str(uuid4()),
        "client_sequence": 1,
        "base_revision": 0,
        "lease_id": LEASE,
        "raw": {"text": text},
        **changes,
    }


def path_of(sitting: Sitting, rest: str = "") -> str:
    return f"/attempts/{sitting.attempt_id}{rest}"


def response_path(sitting: Sitting, item: int = 0) -> str:
    return path_of(sitting, f"/responses/{sitting.items[item]}")


def test_a_whole_sitting(database_url: str, tmp_path: Path) -> None:
    with open_world(database_url, tmp_path) as world:
        sit_a_whole_exam(world, create_app(world.platform))


def sit_a_whole_exam(world: World, app: Flask) -> None:
    person = world.person(Role.CANDIDATE)
    registration_id = world.register(world.exam({"time": {"limit_seconds": 600}}), person)
    browser = Browser(app, world, person)

    (registration,) = browser.data("GET", "/registrations")
    assert registration["id"] == str(registration_id)
    assert (registration["next"], registration["new_attempt"]) == ("check_in", True)
    attempt = browser.data("POST", f"/registrations/{registration_id}/attempts", {})
    base = f"/attempts/{attempt['id']}"
    assert browser.data("POST", f"{base}/check-in")["state"] == "authorized"
    assert browser.data("GET", f"{base}/room")["items"] == []
    assert browser.data("POST", f"{base}/start", {"lease_id": LEASE})["state"] == "in_progress"

    room = browser.data("GET", f"{base}/room")
    assert room["attempt"]["exam_title"] == "Geography"
    assert room["lease_version"] == 1
    assert room["proctoring"] is None
    assert 595 < room["clock"]["remaining_seconds"] <= 600
    assert [item["position"] for item in room["items"]] == [1, 2, 3]
    assert all("<input" in item["html"] for item in room["items"])

    item = room["items"][0]["id"]
    saved = browser.data("PUT", f"{base}/responses/{item}", save_body())
    assert (saved["state"], saved["revision"]) == ("saved", 1)
    assert saved["clock"]["deadline_version"] == 1
    assert browser.data("GET", f"{base}/room")["items"][0]["raw"] == {"text": "Paris"}

    receipt = browser.data("POST", f"{base}/submit", {"lease_id": LEASE})
    assert browser.data("POST", f"{base}/submit", {"lease_id": LEASE}) == receipt
    assert browser.data("GET", f"{base}/receipt") == receipt
    nobody = Browser(app, world, None)
    check = nobody.data("POST", "/receipts/verify", {"digest": receipt["digest"]})
    assert (check["valid"], check["latest"], check["responses"]) == (True, True, 1)
    assert browser.data("GET", "/registrations")[0]["next"] == "result"


def test_the_key_never_reaches_the_browser(candidate: Browser, sitting: Sitting) -> None:
    answer = candidate.call("GET", path_of(sitting, "/room"))
    assert "secret" not in answer.get_data(as_text=True)
    with sitting.world.platform.db.reading() as session:
        for item in session.get_one(type(sitting.attempt()), sitting.attempt_id).items:
            for word in item.secret.get("answers", []):
                assert str(word.get("text")) not in answer.get_data(as_text=True)


def test_a_replay_over_http_gets_the_same_answer(candidate: Browser, sitting: Sitting) -> None:
    body = save_body()
    first = candidate.data("PUT", response_path(sitting), body)
    candidate.data("PUT", response_path(sitting), save_body("Rome", base_revision=1))
    again = candidate.data("PUT", response_path(sitting), body)
    for name in ("state", "revision", "saved_at"):
        assert first[name] == again[name]


def test_several_at_once_each_get_their_own_result(candidate: Browser, sitting: Sitting) -> None:
    operations = [
        {**save_body("a"), "item_id": str(sitting.items[0])},
        {**save_body("b", lease_id=OTHER_LEASE), "item_id": str(sitting.items[1])},
        {**save_body("c", base_revision=9), "item_id": str(sitting.items[2])},
        {**save_body("d"), "item_id": str(uuid4())},
    ]
    answer = candidate.data("POST", path_of(sitting, "/responses"), {"operations": operations})
    results = answer["results"]
    assert [result["state"] for result in results] == ["saved", "refused", "conflict", "refused"]
    assert [result["error"] and result["error"]["code"] for result in results] == [
        None,
        "lease_lost",
        None,
        "not_found",
    ]
    assert answer["clock"]["state"] == "in_progress"


def test_a_lost_lease_is_said(candidate: Browser, sitting: Sitting) -> None:
    taken = candidate.data("POST", path_of(sitting, "/lease"), {"lease_id": OTHER_LEASE})
    assert taken == {"lease_version": 2}
    assert candidate.error("PUT", response_path(sitting), save_body()) == (409, "lease_lost")
    lease = {"lease_id": LEASE}
    assert candidate.error("POST", path_of(sitting, "/submit"), lease) == (409, "lease_lost")


def test_after_the_drain_time_the_client_is_told(candidate: Browser, sitting: Sitting) -> None:
    sitting.change(deadline_at=now() - timedelta(hours=1))
    sweep_attempts(sitting.world.platform)
    saved = candidate.data("PUT", response_path(sitting), save_body())
    assert saved["state"] == "quarantined"
    assert saved["clock"]["state"] == "submitted"


def test_a_proctor_controls_and_reads(app: Flask, world: World, sitting: Sitting) -> None:
    proctor = Browser(app, world, world.person(Role.PROCTOR))
    reason = {"reason": "fire alarm"}
    assert proctor.data("POST", path_of(sitting, "/pause"), reason)["state"] == "paused"
    assert proctor.data("POST", path_of(sitting, "/resume"), reason)["state"] == "in_progress"
    before = proctor.data("GET", path_of(sitting))
    given = proctor.data("POST", path_of(sitting, "/time"), {"seconds": "60.5", **reason})
    assert given["deadline_version"] == before["deadline_version"] + 1
    assert proctor.data("GET", path_of(sitting, "/uncounted")) == []
    assert proctor.data("POST", path_of(sitting, "/terminate"), reason)["state"] == "terminated"
    history = proctor.data("GET", path_of(sitting, "/history"))
    assert [step["target"] for step in history if step["machine"] == "attempt"][-4:] == [
        "in_progress",
        "paused",
        "in_progress",
        "terminated",
    ]
    assert proctor.error("GET", path_of(sitting, "/room")) == (403, "forbidden")
    assert proctor.error("PUT", response_path(sitting), save_body()) == (403, "forbidden")


def test_time_given_twice_with_one_key_is_given_once(
    app: Flask, world: World, sitting: Sitting
) -> None:
    proctor = Browser(app, world, world.person(Role.PROCTOR))
    headers = {**proctor.headers, "Idempotency-Key": "one"}
    body = {"seconds": "60", "reason": "late start"}
    answers = [
        proctor.call("POST", path_of(sitting, "/time"), body, headers=headers) for _ in range(2)
    ]
    assert answers[0].get_json()["data"] == answers[1].get_json()["data"]
    assert sitting.attempt().deadline_version == 2


@pytest.mark.parametrize("state", ["saved", "conflict", "quarantined"])
def test_the_quick_way_of_saving_answers_as_the_usual_one(
    candidate: Browser, sitting: Sitting, state: str
) -> None:
    if state == "quarantined":
        sitting.change(deadline_at=now() - timedelta(hours=1))
    body = save_body(base_revision=9 if state == "conflict" else 0)
    quick = candidate.call("PUT", response_path(sitting), body)
    # A whole number written with a point is right and not plain.
    usual = candidate.call("PUT", response_path(sitting), {**body, "client_sequence": 1.0})
    answers = [answer.get_json() for answer in (quick, usual)]
    for answer in answers:
        assert answer["data"]["state"] == state
        for moving in ("now", "remaining_seconds"):
            answer["data"]["clock"].pop(moving)
        answer.pop("timestamp")
    assert answers[0] == answers[1]
    assert [quick.status_code, quick.mimetype] == [usual.status_code, usual.mimetype]
    assert set(quick.headers.keys()) == set(usual.headers.keys())
    assert quick.get_json()["data"].keys() == usual.get_json()["data"].keys()


OWN_THINGS = [
    ("GET", "", None),
    ("GET", "/room", None),
    ("GET", "/clock", None),
    ("GET", "/stream", None),
    ("GET", "/receipt", None),
    ("POST", "/check-in", None),
    ("POST", "/start", {"lease_id": LEASE}),
    ("POST", "/lease", {"lease_id": LEASE}),
    ("POST", "/submit", {"lease_id": LEASE}),
    ("PUT", "/flags", {"items": []}),
]


@pytest.mark.parametrize(("method", "rest", "body"), OWN_THINGS)
def test_what_is_somebody_elses_is_not_there(
    app: Flask, world: World, sitting: Sitting, method: str, rest: str, body: Any
) -> None:
    stranger = Browser(app, world, world.person(Role.CANDIDATE))
    assert stranger.error(method, path_of(sitting, rest), body) == (404, "not_found")
    assert stranger.error(method, f"/attempts/{uuid4()}{rest}", body) == (404, "not_found")
    nobody = Browser(app, world, None)
    assert nobody.error(method, path_of(sitting, rest), body)[0] == 401
    attempt = sitting.attempt()
    assert (attempt.state, attempt.lease_version) == ("in_progress", 1)


def test_responses_of_somebody_else_cannot_be_written(
    app: Flask, world: World, sitting: Sitting
) -> None:
    person = world.person(Role.CANDIDATE)
    stranger = Browser(app, world, person)
    assert stranger.error("PUT", response_path(sitting), save_body()) == (404, "not_found")
    entry = {**save_body(), "item_id": str(sitting.items[0])}
    answer = stranger.data("POST", path_of(sitting, "/responses"), {"operations": [entry]})
    assert answer["results"][0]["error"]["code"] == "not_found"
    assert sitting.revisions() == []


@pytest.mark.parametrize("act", ["authorize", "pause", "resume", "terminate", "time"])
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PROCTOR])
def test_only_proctors_control(
    app: Flask, world: World, sitting: Sitting, act: str, role: Role
) -> None:
    browser = Browser(app, world, world.person(role))
    body = {"reason": "because", **({"seconds": "60"} if act == "time" else {})}
    payload = None if act == "authorize" else body
    assert browser.error("POST", path_of(sitting, f"/{act}"), payload) == (403, "forbidden")


HOSTILE: list[tuple[str, Any]] = [
    ("operation_id", None),
    ("operation_id", "1"),
    ("operation_id", ["x"]),
    ("client_sequence", -1),
    ("client_sequence", 2**63),
    ("client_sequence", 1.5),
    ("client_sequence", True),
    ("base_revision", -1),
    ("base_revision", 2**31),
    ("base_revision", "0x1"),
    ("lease_id", ""),
    ("lease_id", "x" * 65),
    ("lease_id", {"$ne": ""}),
    ("raw", None),
    ("raw", []),
    ("raw", "text"),
    ("raw", {"text": "\0"}),
    ("raw", {"\0": ""}),
    ("raw", {"text": "\ud800"}),
    ("surplus", 1),
]


@pytest.mark.parametrize(("name", "value"), HOSTILE)
def test_a_hostile_save_is_refused(
    candidate: Browser, sitting: Sitting, name: str, value: Any
) -> None:
    body = save_body()
    body[name] = value
    # json= would refuse the lone surrogate itself: it goes out as an escape here.
    answer = candidate.call(
        "PUT",
        response_path(sitting),
        data=json.dumps(body),
        headers={**candidate.headers, "Content-Type": "application/json"},
    )
    assert answer.status_code == 422, answer.get_data(as_text=True)
    assert answer.get_json()["error"]["code"] == "invalid"
    assert sitting.revisions() == []


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", 422),
        ("{", 422),
        ("[]", 422),
        ("null", 422),
        ('"x"', 422),
        ("NaN", 422),
        ('{"raw": {"text": NaN}}', 422),
        ('{"raw": ' + "[" * MAX_RAW_BYTES + "]" * MAX_RAW_BYTES + "}", 413),
        ('{"raw": ' + "[" * 20_000 + "]" * 20_000 + "}", 422),
        ("\xff\xfe", 422),
    ],
)
def test_what_is_no_json_is_refused(
    candidate: Browser, sitting: Sitting, text: str, status: int
) -> None:
    answer = candidate.call(
        "PUT",
        response_path(sitting),
        data=text.encode("latin-1"),
        headers={**candidate.headers, "Content-Type": "application/json"},
    )
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.get_json()["success"] is False


def test_a_response_that_is_too_large_is_refused(candidate: Browser, sitting: Sitting) -> None:
    at_limit = "x" * (MAX_RAW_BYTES - len('{"text": ""}'))
    assert candidate.data("PUT", response_path(sitting), save_body(at_limit))["state"] == "saved"
    over = save_body("x" * MAX_RAW_BYTES)
    assert candidate.error("PUT", response_path(sitting), over) == (413, "too_large")
    much_over = save_body("x" * (MAX_RAW_BYTES * 3))
    assert candidate.error("PUT", response_path(sitting), much_over) == (413, "too_large")


def test_too_many_operations_are_refused(candidate: Browser, sitting: Sitting) -> None:
    path = path_of(sitting, "/responses")
    entry = {**save_body(), "item_id": str(sitting.items[0])}
    assert candidate.error("POST", path, {"operations": []})[0] == 422
    assert candidate.error("POST", path, {"operations": [entry] * 501})[0] == 422


@pytest.mark.parametrize(
    "lease", ["", "short", "x" * 65, "nul\0nul\0", "ünïcödé-lease", None, 12345678]
)
def test_a_lease_that_is_none_is_refused(
    candidate: Browser, sitting: Sitting, lease: object
) -> None:
    body = {"lease_id": lease}
    for rest in ("/start", "/lease", "/submit"):
        assert candidate.error("POST", path_of(sitting, rest), body) == (422, "invalid")


@pytest.mark.parametrize(
    "seconds", ["-60", "0", "1e9", "NaN", "Infinity", "", None, [], "60.1234567"]
)
def test_time_without_sense_is_refused(
    app: Flask, world: World, sitting: Sitting, seconds: object
) -> None:
    proctor = Browser(app, world, world.person(Role.PROCTOR))
    body = {"seconds": seconds, "reason": "why not"}
    assert proctor.error("POST", path_of(sitting, "/time"), body) == (422, "invalid")


@pytest.mark.parametrize("digest", ["", "x" * 64, "0" * 63, "A" * 64, None])
def test_a_digest_that_is_none_is_refused(app: Flask, world: World, digest: object) -> None:
    nobody = Browser(app, world, None)
    assert nobody.error("POST", "/receipts/verify", {"digest": digest}) == (422, "invalid")


def test_an_unknown_digest_proves_nothing(app: Flask, world: World) -> None:
    nobody = Browser(app, world, None)
    assert nobody.data("POST", "/receipts/verify", {"digest": "0" * 64})["valid"] is False


def test_the_candidate_sees_a_change_within_two_seconds(
    app: Flask, world: World, sitting: Sitting, candidate: Browser
) -> None:
    proctor = Browser(app, world, world.person(Role.PROCTOR))
    stream = candidate.call("GET", path_of(sitting, "/stream"))
    assert stream.mimetype == "text/event-stream"
    lines = stream.iter_encoded()
    seen: list[str] = []
    while "event: clock" not in "".join(seen):
        seen.append(next(lines).decode())

    def grant() -> None:
        proctor.data("POST", path_of(sitting, "/time"), {"seconds": "60", "reason": "late"})

    thread = threading.Thread(target=grant)
    thread.start()
    thread.join()
    begin = time.monotonic()
    event = next(lines).decode()
    assert time.monotonic() - begin < 2
    assert event.startswith("event: clock\ndata: ")
    assert json.loads(event.split("data: ")[1])["deadline_version"] == 2
    stream.close()
