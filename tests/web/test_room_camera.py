"""The service `room_camera` over HTTP: a candidate's code, a phone without a sign-in."""

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from examhall.core.accounts.models import User
from examhall.core.accounts.tokens import make_access_token
from examhall.core.platform import Platform
from examhall.web import limits
from examhall.web.app import create_app
from tests.core.attempts.world import World
from tests.core.proctoring.scripted import ALONE, picture
from tests.core.proctoring.watching import Watched, load_scripted, watch

API = "/api/v1"
START = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def watched(platform: Platform) -> Watched:
    load_scripted(platform)
    return watch(World(platform), room_camera="required")


def bearer(watched: Watched) -> dict[str, str]:
    with watched.platform.db.reading() as session:
        user = session.get_one(User, watched.candidate.user_id)
    return {"Authorization": f"Bearer {make_access_token(watched.platform, user)}"}


def data(response: TestResponse) -> Any:
    assert response.status_code == 200, response.get_data(as_text=True)
    assert response.json is not None
    return response.json["data"]


def make_code(client: FlaskClient, watched: Watched) -> dict[str, Any]:
    path = f"{API}/attempts/{watched.attempt_id}/room-camera"
    return dict(data(client.post(path, headers=bearer(watched))))


def join(client: FlaskClient, code: Any) -> TestResponse:
    return client.post(f"{API}/room-camera/join", json={"code": code})


def joined(client: FlaskClient, watched: Watched) -> str:
    return str(data(join(client, make_code(client, watched)["code"]))["device_token"])


def body(content: bytes = b"", kind: str = "image/jpeg", **meta: Any) -> dict[str, Any]:
    values = {
        "stream": "room",
        "sequence": 0,
        "started_at": START.isoformat(),
        "ended_at": (START + timedelta(seconds=1)).isoformat(),
        "samples": [{"at": START.isoformat()}],
        **meta,
    }
    sample = FileStorage(io.BytesIO(content or picture(ALONE)), "0", content_type=kind)
    return {"meta": json.dumps(values), "sample": [sample]}


def send(client: FlaskClient, token: str | None, form: dict[str, Any]) -> TestResponse:
    boundary, content = encode_multipart(form)
    return client.post(
        f"{API}/room-camera/chunks",
        data=content,
        headers={} if token is None else {"X-Device-Token": token},
        content_type=f'multipart/form-data; boundary="{boundary}"',
    )


def test_a_phone_joins_and_sends_and_leaves(client: FlaskClient, watched: Watched) -> None:
    made = make_code(client, watched)
    assert made["address"] == "http://localhost/room-camera"
    assert made["picture"].startswith("data:image/svg+xml")
    assert made["code"] not in made["address"]
    token = data(join(client, made["code"]))["device_token"]
    assert join(client, made["code"]).status_code == 409
    assert data(send(client, token, body())) == {
        "sequence": 0,
        "session_open": True,
        "stored": True,
    }
    path = f"{API}/attempts/{watched.attempt_id}/room-camera"
    shown = data(client.get(path, headers=bearer(watched)))
    assert (shown["wanted"], shown["state"]) == ("required", "connected")
    leave = {"headers": {"X-Device-Token": token}}
    assert data(client.post(f"{API}/room-camera/leave", **leave)) is None
    assert data(client.get(path, headers=bearer(watched)))["state"] == "lost"
    assert send(client, token, body(sequence=1)).status_code == 401


HOSTILE: list[tuple[dict[str, Any], int]] = [
    ({"meta": "[" * 9000, "sample": []}, 422),
    (body(stream="camera"), 403),
    (body(stream="kitchen"), 422),
    (body(samples=[]), 422),
    (body(sequence=-1), 422),
    (body(token="x"), 422),
    (body(b"GIF89a"), 422),
    (body(picture(ALONE)[:-20]), 422),
    (body(kind="text/html"), 422),
    (body(picture(ALONE)[:-2] + b"0" * 2_000_000 + b"\xff\xd9"), 413),
]


def test_hostile_chunks_are_refused_with_a_reason(client: FlaskClient, watched: Watched) -> None:
    token = joined(client, watched)
    for form, status in HOSTILE:
        response = send(client, token, form)
        assert response.status_code == status, response.get_data(as_text=True)
        assert response.json is not None
        assert response.json["error"]["message"]
    assert watched.chunks() == []
    assert data(send(client, token, body()))["stored"]


def test_nobody_sends_without_the_phones_own_token(client: FlaskClient, watched: Watched) -> None:
    code = make_code(client, watched)["code"]
    for token, status in [(None, 422), ("", 422), (code, 401), ("x" * 201, 422), ("ä" * 9, 401)]:
        assert send(client, token, body()).status_code == status, token
    boundary, content = encode_multipart(body(stream="room"))
    own = client.post(
        f"{API}/proctoring/sessions/{watched.session_id}/chunks",
        data=content,
        headers=bearer(watched),
        content_type=f'multipart/form-data; boundary="{boundary}"',
    )
    assert own.status_code == 403


def test_what_is_no_code_joins_nothing(client: FlaskClient) -> None:
    for code in ("", "x" * 41, 5, None, ["00000-00000"], "0\0", "nobody's", "\u0660" * 10):
        assert join(client, code).status_code in {404, 422}, code


def test_the_page_tells_what_is_recorded_and_uses_nothing_up(
    client: FlaskClient, watched: Watched
) -> None:
    code = make_code(client, watched)["code"]
    for _ in range(2):
        page = client.get(f"/room-camera/{code}")
        assert page.status_code == 200
        assert "No sound." in page.text
        assert "Geography" in page.text
    joined_at = join(client, code)
    assert joined_at.status_code == 200
    gone = client.get(f"/room-camera/{code}")
    assert (gone.status_code, "used already" in gone.text) == (409, True)
    none = client.get("/room-camera/<q>")
    assert (none.status_code, "<q>" in none.text) == (404, False)
    typed = client.get("/room-camera", query_string={"code": " ../home "})
    assert typed.headers["Location"] == "/room-camera/..home"
    assert client.get("/room-camera?code=%2F").status_code == 200


def test_codes_cannot_be_tried_without_end(make_platform: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(limits, "JOIN_BY_ADDRESS", "3 per minute")
    monkeypatch.setattr(limits, "CHUNKS_BY_DEVICE", "3 per minute")
    client = create_app(make_platform(rate_limits=True)).test_client()
    assert [join(client, "00000-00000").status_code for _ in range(4)] == [404] * 3 + [429]
    pages = [client.get("/room-camera/00000-00000").status_code for _ in range(4)]
    assert pages == [404] * 3 + [429]
    sent = [send(client, "one", body()).status_code for _ in range(4)]
    assert sent == [401] * 3 + [429]
    assert send(client, "two", body()).status_code == 401
