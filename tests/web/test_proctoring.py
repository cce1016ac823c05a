"""The service `proctoring` over HTTP."""

import contextlib
import io
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from waitress import create_server
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from examhall.core.accounts.models import User
from examhall.core.accounts.operations import revoke_role, update_user
from examhall.core.accounts.tokens import make_access_token
from examhall.core.live import Subscription
from examhall.core.permissions import SYSTEM
from examhall.core.platform import Platform
from examhall.core.proctoring.operations import exam_channel
from examhall.web import streaming
from examhall.web.app import create_app
from tests.core.attempts.world import World
from tests.core.proctoring.scripted import ALONE, TWO, picture
from tests.core.proctoring.watching import Watched, load_scripted, watch
from tests.web.people import People

API = "/api/v1"
BROKEN = [FileStorage(io.BytesIO(b"x"), "0.jpg", content_type="image/jpeg")]
START = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def watched(platform: Platform) -> Watched:
    load_scripted(platform)
    return watch(World(platform), consent=False)


@pytest.fixture
def bearers(platform: Platform, people: People, watched: Watched) -> dict[str, dict[str, str]]:
    """Headers of the candidate and of a person of each role."""
    with platform.db.reading() as session:
        user = session.get_one(User, watched.candidate.user_id)
    token = {"Authorization": f"Bearer {make_access_token(platform, user)}"}
    return {"owner": token, **{login: people.bearer(login) for login in people.users}}


@pytest.fixture
def consented(client: FlaskClient, watched: Watched, bearers: dict[str, Any]) -> Watched:
    watched.consent()
    return watched


def data(response: TestResponse, status: int = 200) -> Any:
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.json is not None
    return response.json["data"]


def error(response: TestResponse) -> tuple[int, str]:
    assert response.json is not None
    return response.status_code, response.json["error"]["code"]


def body(
    sequence: int = 0, frames: list[bytes] | None = None, kind: str = "image/jpeg", **meta: Any
) -> dict[str, Any]:
    frames = (
        [picture(ALONE, sequence * 2 + index) for index in range(2)] if frames is None else frames
    )
    start = START + timedelta(seconds=sequence)
    times = [start + timedelta(seconds=0.5 * index) for index in range(len(frames))]
    values = {
        "stream": "camera",
        "sequence": sequence,
        "started_at": start.isoformat(),
        "ended_at": (start + timedelta(seconds=1)).isoformat(),
        "samples": [{"at": moment.isoformat()} for moment in times],
        **meta,
    }
    parts = [
        FileStorage(io.BytesIO(frame), f"{i}.jpg", content_type=kind)
        for i, frame in enumerate(frames)
    ]
    return {"meta": json.dumps(values), "sample": parts}


def send(client: FlaskClient, watched: Watched, header: Any, form: dict[str, Any]) -> TestResponse:
    for part in form.get("sample", []):
        part.stream.seek(0)
    # In memory: the client itself leaves temporary files open.
    boundary, content = encode_multipart(form)
    return client.post(
        f"{API}/proctoring/sessions/{watched.session_id}/chunks",
        data=content,
        headers=header,
        content_type=f'multipart/form-data; boundary="{boundary}"',
    )


def test_consent_and_a_chunk(client: FlaskClient, watched: Watched, bearers: Any) -> None:
    owner = bearers["owner"]
    path = f"{API}/attempts/{watched.attempt_id}/consent"
    form = data(client.get(path, headers=owner))
    assert form["session_id"] == str(watched.session_id)
    assert [entry["class"] for entry in form["classes"]] == ["camera"]
    assert error(send(client, watched, owner, body())) == (403, "forbidden")
    answer = {"classes": {"camera": True}, "text_digest": form["text_digest"]}
    assert data(client.post(path, json=answer, headers=owner))["given"] == {"camera": True}
    stored = data(send(client, watched, owner, body(7)))
    assert (stored["stored"], stored["sequence"], stored["stream"]) == (True, 7, "camera")
    assert data(send(client, watched, owner, body(7))) == stored
    other = body(7, [picture(TWO)])
    assert error(send(client, watched, owner, other)) == (409, "conflict")


def test_the_wall_hears_that_consent_was_withdrawn(
    client: FlaskClient, consented: Watched, bearers: Any
) -> None:
    path = f"{API}/attempts/{consented.attempt_id}/consent"
    shown = f"{API}/proctoring/sessions/{consented.session_id}"
    assert data(client.get(shown, headers=bearers["proctor"]))["refused"] == []
    digest = data(client.get(path, headers=bearers["owner"]))["text_digest"]
    answer = {"classes": {"camera": False}, "text_digest": digest}
    with consented.platform.live.subscribe(exam_channel(consented.exam_id)) as wall:
        data(client.post(path, json=answer, headers=bearers["owner"]))
        told = wall.get(5)
    assert told is not None
    assert (told.event, told.data["session_id"]) == ("session", str(consented.session_id))
    assert data(client.get(shown, headers=bearers["proctor"]))["refused"] == ["camera"]


HOSTILE: list[tuple[dict[str, Any], int]] = [
    ({"meta": "{}", "sample": BROKEN}, 422),
    ({"meta": "no json", "sample": BROKEN}, 422),
    ({"meta": "[1]", "sample": BROKEN}, 422),
    ({"meta": "[" * 9000, "sample": BROKEN}, 422),
    ({"sample": BROKEN}, 422),
    ({"meta": "{}"}, 422),
    (body(frames=[b"GIF89a"]), 422),
    (body(frames=[picture(ALONE)[:-20]]), 422),
    (body(kind="text/html"), 422),
    (body(frames=[picture(ALONE)] * 41), 422),
    (body(stream="kitchen"), 422),
    (body(stream="microphone"), 403),
    (body(sequence=10**9), 422),
    (body(samples=[]), 422),
    (body(samples=[{"at": START.isoformat()}]), 422),
    (body(samples=[{"at": "2020-01-01T00:00:00"}] * 2), 422),
    (body(samples=[{"at": "yesterday"}] * 2), 422),
    (body(started_at="9999-12-31T23:59:59+00:00"), 422),
    (body(colour="red"), 422),
    (body(frames=[picture(ALONE)[:-2] + b"0" * 2_000_000 + b"\xff\xd9"]), 413),
    (body(frames=[b"\xff" * 1_900_000] * 9), 413),
    ({**body(), "more": "fields"}, 422),
]


def test_a_hostile_chunk_is_refused_with_a_reason(
    client: FlaskClient, consented: Watched, bearers: Any
) -> None:
    for form, status in HOSTILE:
        response = send(client, consented, bearers["owner"], form)
        assert response.status_code == status, response.get_data(as_text=True)
        assert response.json is not None
        assert response.json["error"]["message"]
    assert consented.chunks() == []


def test_nobody_sends_into_anothers_session(
    client: FlaskClient, consented: Watched, bearers: Any
) -> None:
    for login in ("candidate", "proctor", "admin"):
        status, _ = error(send(client, consented, bearers[login], body()))
        assert status == (404 if login == "candidate" else 403)
    assert send(client, consented, {}, body()).status_code == 401
    path = f"{API}/attempts/{consented.attempt_id}/consent"
    assert error(client.get(path, headers=bearers["candidate"])) == (404, "not_found")


def test_the_wall_and_the_incidents(client: FlaskClient, consented: Watched, bearers: Any) -> None:
    proctor = bearers["proctor"]
    consented.show([TWO] * 6)
    consented.analyse()
    tiles = data(client.get(f"{API}/proctoring/sessions?state=open", headers=proctor))
    assert [tile["id"] for tile in tiles["items"]] == [str(consented.session_id)]
    assert tiles["items"][0]["open_incidents"] == {"high": 1}
    path = f"{API}/proctoring/sessions/{consented.session_id}"
    assert data(client.get(path, headers=proctor))["candidate_name"] == consented.candidate.name
    [incident] = data(client.get(f"{path}/incidents", headers=proctor))["items"]
    assert incident["title"] == "Second person in view"
    noted = client.post(
        f"{API}/incidents/{incident['id']}/note",
        json={"state": "dismissed", "note": "A sister."},
        headers=proctor,
    )
    assert data(noted)["state"] == "dismissed"
    for login in ("candidate", "author", "grader", "auditor", "admin"):
        assert client.get(path, headers=bearers[login]).status_code == 403
        assert client.get(f"{path}/incidents", headers=bearers[login]).status_code == 403
    assert client.get(path).status_code == 401
    unknown = f"{API}/proctoring/sessions/{uuid4()}"
    assert client.get(unknown, headers=proctor).status_code == 404


def test_the_last_frame_is_sent_once(client: FlaskClient, consented: Watched, bearers: Any) -> None:
    path = f"{API}/proctoring/sessions/{consented.session_id}/frame"
    proctor = bearers["proctor"]
    assert error(client.get(path, headers=proctor)) == (404, "not_found")
    consented.show([ALONE, ALONE])
    first = client.get(path, headers=proctor)
    assert (first.status_code, first.mimetype) == (200, "image/jpeg")
    assert first.data.startswith(b"\xff\xd8")
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    again = {**proctor, "If-None-Match": first.headers["ETag"]}
    assert client.get(path, headers=again).status_code == 304
    consented.show([ALONE, ALONE])
    assert client.get(path, headers=again).status_code == 200


def test_evidence_opens_for_one_person_and_a_short_time(
    client: FlaskClient, consented: Watched, bearers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    consented.show([TWO] * 6)
    consented.analyse()
    piece = consented.incidents()[0].evidence[0]["id"]
    path = f"{API}/evidence/{piece}/link"
    link = data(client.post(path, headers=bearers["proctor"]))
    shown = client.get(link["url"], headers=bearers["proctor"])
    assert (shown.status_code, shown.mimetype) == (200, "image/jpeg")
    assert shown.headers["Cache-Control"] == "no-store"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get(link["url"], headers=bearers["reviewer"]).status_code == 403
    assert client.get(link["url"], headers=bearers["owner"]).status_code == 403
    assert client.get(link["url"]).status_code == 401
    tampered = link["url"].replace("expires=", "expires=9")
    assert client.get(tampered, headers=bearers["proctor"]).status_code == 403
    assert client.get(link["url"].partition("?")[0], headers=bearers["proctor"]).status_code == 422
    later = datetime.now(UTC) + timedelta(minutes=10)
    monkeypatch.setattr("examhall.core.proctoring.evidence.database_now", lambda _: later)
    assert client.get(link["url"], headers=bearers["proctor"]).status_code == 403
    for login in ("owner", "candidate", "author", "admin", "auditor"):
        assert client.post(path, headers=bearers[login]).status_code == 403


def events(response: TestResponse) -> Iterator[tuple[str, dict[str, Any]]]:
    event = ""
    for chunk in response.response:
        for line in (chunk if isinstance(chunk, str) else bytes(chunk).decode()).splitlines():
            if line.startswith("event: "):
                event = line.removeprefix("event: ")
            elif line.startswith("data: "):
                yield event, json.loads(line.removeprefix("data: "))


def test_the_stream_tells_what_happens(app: Flask, consented: Watched, bearers: Any) -> None:
    client = app.test_client()
    path = f"{API}/proctoring/stream?exam_id={consented.exam_id}"
    response = client.get(path, headers=bearers["proctor"], buffered=False)
    assert response.mimetype == "text/event-stream"
    told = events(response)
    name, snapshot = next(told)
    assert name == "snapshot"
    assert [tile["id"] for tile in snapshot["sessions"]] == [str(consented.session_id)]
    assert snapshot["incidents"] == []
    consented.show([TWO] * 6)
    threading.Thread(target=consented.analyse).start()
    names = []
    for name, content in told:
        names.append(name)
        if name == "incident":
            assert content["kind"] == "person.second"
            break
    assert names == ["frame", "frame", "frame", "incident"]
    response.close()


@pytest.mark.parametrize("change", ["role", "password"])
def test_a_stream_ends_with_the_right_to_watch(
    app: Flask,
    people: People,
    consented: Watched,
    bearers: Any,
    monkeypatch: pytest.MonkeyPatch,
    change: str,
) -> None:
    monkeypatch.setattr(streaming, "CHECK_SECONDS", 0.0)
    path = f"{API}/proctoring/stream?exam_id={consented.exam_id}"
    response = app.test_client().get(path, headers=bearers["proctor"], buffered=False)
    told = events(response)
    assert next(told)[0] == "snapshot"
    consented.show([ALONE] * 2)
    assert next(told)[0] == "frame"
    platform, proctor = consented.platform, people.users["proctor"]
    with platform.db.transaction() as session:
        if change == "role":
            revoke_role(session, SYSTEM, proctor.id, proctor.grants[0].id)
        else:
            update_user(session, platform.settings, SYSTEM, proctor.id, password="another word 12")
    consented.show([ALONE] * 2)
    assert list(told) == []
    response.close()


def test_a_stream_that_cannot_begin_leaves_no_subscription(
    app: Flask, consented: Watched, bearers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = consented.platform.live
    subscribe = live.subscribe
    made: list[Subscription] = []

    def note(*channels: str) -> Subscription:
        made.append(subscribe(*channels))
        return made[-1]

    def fail(*_: object) -> None:
        raise RuntimeError("The database went away.")

    monkeypatch.setattr(live, "subscribe", note)
    monkeypatch.setattr("examhall.web.api.proctoring.find_account", fail)
    path = f"{API}/proctoring/stream?exam_id={consented.exam_id}"
    assert app.test_client().get(path, headers=bearers["proctor"]).status_code == 500
    live.publish(exam_channel(consented.exam_id), "frame", {})
    assert [one for one in made if one.get(0)] == []


def test_who_may_follow_the_stream(client: FlaskClient, consented: Watched, bearers: Any) -> None:
    path = f"{API}/proctoring/stream?exam_id={consented.exam_id}"
    for login in ("owner", "candidate", "author", "grader", "auditor", "admin"):
        assert client.get(path, headers=bearers[login]).status_code == 403
    assert client.get(path).status_code == 401
    unknown = f"{API}/proctoring/stream?exam_id={uuid4()}"
    assert client.get(unknown, headers=bearers["proctor"]).status_code == 404
    assert client.get(f"{API}/proctoring/stream", headers=bearers["proctor"]).status_code == 422


def test_nobody_keeps_more_streams_than_they_can_watch(
    app: Flask, consented: Watched, bearers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "MOST_OF_PERSON", 2)
    path = f"{API}/proctoring/stream?exam_id={consented.exam_id}"

    def follow(login: str) -> TestResponse:
        return app.test_client().get(path, headers=bearers[login], buffered=False)

    mine = [follow("proctor"), follow("proctor")]
    assert [one.status_code for one in mine] == [200, 200]
    refused = follow("proctor")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "15")
    others = follow("reviewer")
    assert others.status_code == 200
    mine[0].close()
    mine.append(follow("proctor"))
    assert mine[-1].status_code == 200
    for one in [*mine, others]:
        one.close()


def test_streams_leave_threads_of_the_server_to_others(
    app: Flask, consented: Watched, bearers: Any
) -> None:
    """With a stream on each thread nobody could save an answer or even sign in."""
    streaming.init_streams(app, most=3)
    server = create_server(app, host="127.0.0.1", port=0, threads=4)

    def run() -> None:
        # Whoever closes it takes its sockets away.
        with contextlib.suppress(OSError):
            server.run()

    runner = threading.Thread(target=run)
    runner.start()
    path = f"{API}/proctoring/stream?exam_id={consented.exam_id}"
    opened: list[Any] = []

    def ask(path: str, **headers: str) -> int:
        line = HTTPConnection("127.0.0.1", server.effective_port, timeout=20)
        line.request("GET", path, headers=headers)
        # An answer that nobody keeps is closed.
        answer = line.getresponse()
        opened.extend([answer, line])
        return answer.status

    try:
        assert [ask(path, **bearers["proctor"]) for _ in range(5)] == [200, 200, 200, 429, 429]
        assert ask("/sign-in") == 200
    finally:
        consented.platform.live.close()
        for one in opened:
            one.close()
        server.close()
        runner.join(20)


def test_the_document_describes_the_chunk(app: Flask) -> None:
    document = app.test_client().get(f"{API}/openapi.json").json
    assert document is not None
    path = document["paths"]["/api/v1/proctoring/sessions/{session_id}/chunks"]["post"]
    assert "multipart/form-data" in path["requestBody"]["content"]


def test_the_service_can_run_alone(make_platform: Any, tmp_path: Path) -> None:
    app = create_app(make_platform(services="proctoring"))
    rules = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert "api_proctoring.store_chunk" in rules


def test_photos_of_the_check_in(client: FlaskClient, platform: Platform, people: People) -> None:
    load_scripted(platform)
    arriving = watch(World(platform), face_photo=True)
    with platform.db.reading() as session:
        user = session.get_one(User, arriving.candidate.user_id)
    owner = {"Authorization": f"Bearer {make_access_token(platform, user)}"}
    path = f"{API}/attempts/{arriving.attempt_id}/check-in-photos"

    def post(kind: str, content: bytes, **more: Any) -> TestResponse:
        part = FileStorage(io.BytesIO(content), "a.jpg", content_type="image/jpeg")
        # In memory: the client itself leaves temporary files open.
        boundary, form = encode_multipart({"photo": part, **more})
        content_type = f'multipart/form-data; boundary="{boundary}"'
        return client.post(f"{path}/{kind}", data=form, headers=owner, content_type=content_type)

    assert post("face", b"GIF89a").status_code == 422
    assert post("face", picture(ALONE)[:-20]).status_code == 422
    assert post("face", picture(ALONE)[:-2] + b"0" * 2_000_000 + b"\xff\xd9").status_code == 413
    assert post("passport", picture(ALONE)).status_code == 422
    assert post("document", picture(ALONE)).status_code == 403
    assert client.post(f"{path}/face", data={}, headers=owner).status_code == 422
    photo = data(post("face", picture(ALONE)))
    assert data(client.get(path, headers=owner)) == [photo]
    assert client.get(path, headers=people.bearer("candidate")).status_code == 404
    shown = f"{API}/proctoring/sessions/{arriving.session_id}/check-in-photos"
    proctor = people.bearer("proctor")
    assert data(client.get(shown, headers=proctor)) == [photo]
    link = client.post(f"{API}/evidence/{photo['evidence_id']}/link", headers=proctor)
    assert client.get(data(link)["url"], headers=proctor).data == picture(ALONE)
