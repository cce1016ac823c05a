"""Files of questions come in through authors and go out to whoever is signed in."""

from hashlib import sha256
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.core.media.files import SVG, WAV, picture
from tests.web.people import People, sign_in


@pytest.fixture
def author(app: Flask, people: People) -> FlaskClient:
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = people.bearer("author")["Authorization"]
    return client


def send(client: FlaskClient, data: bytes, name: str = "a.png") -> Any:
    return client.post("/api/v1/media", data={"file": (BytesIO(data), name)})


def test_a_file_comes_back_as_it_was_and_only_once(author: FlaskClient) -> None:
    data = picture()
    made = send(author, data, "../Übung.png").json["data"]
    assert made["reference"] == f"media:{sha256(data).hexdigest()}"
    assert (made["content_type"], made["size"], made["name"]) == (
        "image/png", len(data), "Übung.png"
    )  # fmt: skip
    assert send(author, data, "again.jpg").json["data"]["name"] == "Übung.png"
    answer = author.get(made["address"])
    assert answer.data == data
    headers = answer.headers
    assert headers["Content-Type"] == "image/png"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "private, no-cache"
    assert headers["Content-Disposition"].startswith('inline; filename="_bung.png"; filename*=')
    again = author.get(made["address"], headers={"If-None-Match": headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_parts_of_a_recording_can_be_asked_for(author: FlaskClient) -> None:
    address = send(author, WAV).json["data"]["address"]
    part = author.get(address, headers={"Range": "bytes=8-11"})
    assert (part.status_code, part.data) == (206, b"WAVE")
    assert part.headers["Content-Range"] == f"bytes 8-11/{len(WAV)}"
    assert author.get(address, headers={"Range": "bytes=900-"}).status_code == 416


def test_pictures_are_shown_and_documents_saved(author: FlaskClient) -> None:
    drawn = author.get(send(author, SVG).json["data"]["address"])
    assert drawn.headers["Content-Disposition"].startswith("inline")
    paper = author.get(send(author, b"%PDF-1.7\n", "a.pdf").json["data"]["address"])
    assert paper.headers["Content-Disposition"].startswith("attachment")


def test_bad_files_are_refused_with_the_reason(author: FlaskClient) -> None:
    refused = send(author, b"MZ\x90 a program", "picture.png")
    assert refused.status_code == 422
    assert "Take PNG" in refused.json["error"]["message"]
    assert send(author, b"").status_code == 422
    assert author.post("/api/v1/media", data={"file": "text"}).status_code == 422
    assert author.post("/api/v1/media", json={}).status_code == 422


def test_what_is_not_there_is_not_there(author: FlaskClient) -> None:
    for sha in ("0" * 64, "x", "A" * 64, "..", "%00", "0" * 63 + "%0a"):
        assert author.get(f"/media/{sha}").status_code == 404


def test_only_people_who_are_signed_in_see_files(
    app: Flask, author: FlaskClient, people: People
) -> None:
    address = send(author, picture()).json["data"]["address"]
    assert sign_in(app, "candidate").get(address).status_code == 200
    assert "/sign-in" in app.test_client().get(address).headers["Location"]


def test_formulas(author: FlaskClient) -> None:
    made = author.post("/api/v1/formulas", json={"tex": "x^2"})
    assert "<msup>" in made.json["data"]["mathml"]
    wrong = author.post("/api/v1/formulas", json={"tex": r"\frac{1}"})
    assert wrong.status_code == 422
    assert "missing" in wrong.json["error"]["message"]
    assert author.post("/api/v1/formulas", json={"tex": "\ud800"}).status_code == 422
