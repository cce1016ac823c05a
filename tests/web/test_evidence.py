"""Evidence over HTTP: proved, held, removed; links for one person alone; a person's data."""

import hashlib
import io
import json
import zipfile
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from examhall.core.accounts.models import User
from examhall.core.accounts.tokens import make_access_token
from examhall.core.permissions import SYSTEM
from examhall.core.platform import Platform
from examhall.core.retention.purge import purge_due
from tests.core.attempts.world import World
from tests.core.proctoring.watching import Watched, load_scripted, watch
from tests.core.retention.sealed import make_due, path_of, pieces, seal
from tests.web.people import People

API = "/api/v1"
Headers = dict[str, str]


@pytest.fixture
def watched(platform: Platform) -> Watched:
    load_scripted(platform)
    watched = watch(World(platform))
    seal(watched, 3)
    return watched


@pytest.fixture
def bearers(platform: Platform, people: People, watched: Watched) -> dict[str, Headers]:
    """Headers of the candidate and of a person of each role."""
    with platform.db.reading() as session:
        user = session.get_one(User, watched.candidate.user_id)
    token = {"Authorization": f"Bearer {make_access_token(platform, user)}"}
    return {"owner": token, **{login: people.bearer(login) for login in people.users}}


def data(response: TestResponse, status: int = 200) -> Any:
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.json is not None
    return response.json["data"]


def session_of(watched: Watched) -> str:
    return f"{API}/proctoring/sessions/{watched.session_id}"


def test_a_reviewer_proves_a_session(
    client: FlaskClient, watched: Watched, bearers: dict[str, Headers]
) -> None:
    address, reviewer = session_of(watched), bearers["reviewer"]
    manifest = client.get(f"{address}/manifest", headers=reviewer)
    assert manifest.json is not None
    found = data(client.post(f"{address}/verification", headers=reviewer))
    assert (found["ok"], found["checked"], found["problems"]) == (True, 3, [])
    assert found["manifest_digest"] == hashlib.sha256(manifest.data).hexdigest()
    path_of(watched, pieces(watched)[1]).write_bytes(b"other bytes")
    found = data(client.post(f"{address}/verification", headers=reviewer))
    assert (found["ok"], found["objects"][0]["damage"]) == (False, "altered")
    page = client.post(f"{API}/proctoring/sessions/{uuid4()}/verification", headers=reviewer)
    assert page.status_code == 404


def test_a_hold_and_what_is_kept(
    client: FlaskClient, watched: Watched, bearers: dict[str, Headers]
) -> None:
    address, reviewer = session_of(watched), bearers["reviewer"]
    kept = data(client.get(f"{address}/keeping", headers=reviewer))
    assert (kept["state"], kept["hold"], kept["purged_at"]) == ("sealed", None, None)
    for reason in ("", " ", "x" * 501, None):
        refused = client.put(f"{address}/hold", json={"reason": reason}, headers=reviewer)
        assert refused.status_code == 422
    data(client.put(f"{address}/hold", json={"reason": "A complaint."}, headers=reviewer))
    again = client.put(f"{address}/hold", json={"reason": "Again."}, headers=reviewer)
    assert again.status_code == 409
    kept = data(client.get(f"{address}/keeping", headers=reviewer))
    assert kept["hold"]["reason"] == "A complaint."
    data(client.delete(f"{address}/hold", headers=reviewer))
    make_due(watched)
    assert len(purge_due(watched.platform, SYSTEM)) == 1
    kept = data(client.get(f"{address}/keeping", headers=reviewer))
    assert [receipt["count"] for receipt in kept["receipts"]] == [3]
    link = data(client.post(f"{API}/evidence/{pieces(watched)[0].id}/link", headers=reviewer))
    gone = client.get(link["url"], headers=reviewer)
    assert gone.status_code == 410
    assert "was purged on" in gone.text
    assert client.get(f"{address}/frame", headers=reviewer).status_code == 410


def test_a_link_is_for_one_person_one_piece_and_a_short_time(
    client: FlaskClient, watched: Watched, bearers: dict[str, Headers]
) -> None:
    first, second, _ = pieces(watched)
    reviewer, proctor = bearers["reviewer"], bearers["proctor"]
    url = data(client.post(f"{API}/evidence/{first.id}/link", headers=reviewer))["url"]
    shown = client.get(url, headers=reviewer)
    assert shown.data == path_of(watched, first).read_bytes()
    assert shown.headers["Cache-Control"] == "no-store"
    assert shown.headers["Referrer-Policy"] == "no-referrer"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert shown.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    with client.application.test_client() as nobody:
        assert nobody.get(url).status_code == 401
    forged = [
        (url, proctor),
        (url, bearers["owner"]),
        (url, bearers["admin"]),
        (url.replace(str(first.id), str(second.id)), reviewer),
        (url[:-4] + ("0000" if url[-4:] != "0000" else "1111"), reviewer),
        (url.replace("expires=", "expires=9"), reviewer),
        (url.replace("expires=1", "expires=0"), reviewer),
    ]
    for address, headers in forged:
        assert client.get(address, headers=headers).status_code == 403, address
    for address in (url.partition("&signature")[0], url.replace("expires=", "expires=x")):
        assert client.get(address, headers=reviewer).status_code == 422
    unknown = url.replace(str(first.id), str(uuid4()))
    assert client.get(unknown, headers=reviewer).status_code == 403


def test_evidence_has_no_other_address(
    client: FlaskClient, watched: Watched, bearers: dict[str, Headers]
) -> None:
    row = pieces(watched)[0]
    for path in (
        f"/media/{row.sha256}",
        f"/static/../evidence/{row.store_key}",
        f"/{row.store_key}",
    ):
        for login in ("owner", "admin", "reviewer"):
            assert client.get(path, headers=bearers[login]).status_code == 404


def test_data_of_a_person(
    client: FlaskClient, watched: Watched, bearers: dict[str, Headers]
) -> None:
    address = f"{API}/users/{watched.candidate.user_id}"
    own = client.post(f"{address}/archive", headers=bearers["owner"])
    assert own.mimetype == "application/zip"
    with zipfile.ZipFile(io.BytesIO(own.data)) as archive:
        assert json.loads(archive.read("account.json"))["id"] == str(watched.candidate.user_id)
    assert client.post(f"{address}/archive", headers=bearers["candidate"]).status_code == 403
    assert client.post(f"{address}/archive", headers=bearers["admin"]).status_code == 200
    admin = bearers["admin"]
    for body in ({}, {"confirm": "yes"}, {"confirm": "erase", "more": 1}):
        assert client.post(f"{address}/erasure", json=body, headers=admin).status_code == 422
    refused = client.post(f"{address}/erasure", json={"confirm": "erase"}, headers=admin)
    assert refused.status_code == 409
    assert refused.json is not None
    assert "is not over" in refused.json["error"]["message"]
