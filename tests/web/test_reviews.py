"""The service `reviews` and the pages of a review over HTTP."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from examhall.core.accounts.models import User
from examhall.core.accounts.tokens import make_access_token
from examhall.core.audit.models import AuditEntry
from examhall.core.permissions import Role
from examhall.core.platform import Platform
from examhall.core.proctoring.evidence import append_evidence, put_evidence
from examhall.core.proctoring.models import Chunk, Evidence
from tests.core.attempts.world import World
from tests.core.proctoring.watching import load_scripted
from tests.core.review.reviewing import KINDS, Reviewed, review
from tests.web.people import People, sign_in

API = "/api/v1"


@pytest.fixture
def reviewed(platform: Platform) -> Reviewed:
    load_scripted(platform)
    found = review(World(platform))
    add_stream(found, "microphone", "audio/l16", b"\1\0" * 8000)
    add_stream(found, "browser", "application/json", b'{"type": "paste", "length": 7}')
    add_stream(found, "browser", "application/json", b'{"type": "state", "hidden": false}')
    return found


@pytest.fixture
def bearers(platform: Platform, people: People, reviewed: Reviewed) -> dict[str, Any]:
    """Headers of the candidate and of a person of each role."""
    with platform.db.reading() as session:
        user = session.get_one(User, reviewed.candidate.user_id)
    token = {"Authorization": f"Bearer {make_access_token(platform, user)}"}
    return {"owner": token, **{login: people.bearer(login) for login in people.users}}


def add_stream(reviewed: Reviewed, stream: str, content_type: str, data: bytes) -> None:
    """Record one sample, a second after the session began."""
    platform, session_id = reviewed.watched.platform, reviewed.watched.session_id
    ref = put_evidence(platform, data, content_type)
    with platform.db.transaction() as session:
        at = session.scalars(select(Chunk.started_at)).first()
        assert at is not None
        append_evidence(session, session_id, "folder", content_type, [ref], datetime.now(UTC))
        session.add(
            Chunk(
                session_id=session_id,
                stream=stream,
                sequence=len(data),
                digest="d" * 64,
                started_at=at,
                ended_at=at + timedelta(seconds=5),
                samples=[{"at": at.isoformat(), "sha256": ref.sha256, "size": ref.size}],
                state="analysed",
                received_at=at,
            )
        )


def data(response: TestResponse, status: int = 200) -> Any:
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.json is not None
    return response.json["data"]


def path(reviewed: Reviewed, rest: str) -> str:
    return f"{API}/proctoring/sessions/{reviewed.watched.session_id}/{rest}"


def own(reviewed: Reviewed, rest: str) -> str:
    return f"{API}/attempts/{reviewed.watched.attempt_id}/{rest}"


def test_a_timeline_has_samples_incidents_and_events(
    client: FlaskClient, reviewed: Reviewed, bearers: Any
) -> None:
    reviewer = bearers["reviewer"]
    window = data(client.get(path(reviewed, "timeline"), headers=reviewer))
    assert {stream: len(found) for stream, found in window["samples"].items()} == {
        "camera": 4,
        "microphone": 1,
    }
    assert [(one["type"], one["data"]) for one in window["events"]] == [("paste", {"length": 7})]
    assert [one["kind"] for one in window["incidents"]] == [kind for kind, _ in KINDS]
    later = {"start": window["end"]}
    assert (
        data(client.get(path(reviewed, "timeline"), query_string=later, headers=reviewer))[
            "samples"
        ]
        == {}
    )
    hostile = [
        {"start": "yesterday"},
        {"start": "9999-12-31T23:59:59+00:00"},
        {"start": window["start"], "end": window["start"]},
        {"start": "2026-01-01T00:00:00+00:00", "end": "2026-01-01T01:00:00+00:00"},
        {"start": "2026-01-01T00:00:00"},
        {"until": "x"},
    ]
    for query in hostile:
        answer = client.get(path(reviewed, "timeline"), query_string=query, headers=reviewer)
        assert answer.status_code == 422, query
    first = {"start": "0001-01-01T00:00:00+00:00"}
    data(client.get(path(reviewed, "timeline"), query_string=first, headers=reviewer))


def test_links_come_in_batches_with_one_audit_entry_and_sound_as_wav(
    platform: Platform, client: FlaskClient, reviewed: Reviewed, bearers: Any
) -> None:
    with platform.db.reading() as session:
        ids = [str(one) for one in session.scalars(select(Evidence.id))]
    answer = client.post(path(reviewed, "links"), json={"ids": ids}, headers=bearers["reviewer"])
    links = data(answer)["links"]
    assert [link["id"] for link in links] == ids
    with platform.db.reading() as session:
        wanted = select(AuditEntry).where(AuditEntry.action == "evidence.linked")
        [entry] = session.scalars(wanted).all()
    assert entry.details["evidence"] == ids
    sound = next(link for link in links if link["content_type"] == "audio/l16")
    shown = client.get(sound["url"], headers=bearers["reviewer"])
    assert shown.mimetype == "audio/wav"
    assert shown.data[:4] == b"RIFF"
    assert len(shown.data) == 16_044
    for login in ("proctor", "owner"):
        assert client.get(sound["url"], headers=bearers[login]).status_code == 403
    assert client.get(sound["url"]).status_code == 401
    for wrong in ([], [ids[0]] * 101, ["x"], "x"):
        refused = client.post(
            path(reviewed, "links"), json={"ids": wrong}, headers=bearers["reviewer"]
        )
        assert refused.status_code == 422, wrong
    elsewhere = {"ids": ["00000000-0000-0000-0000-000000000000"]}
    refused = client.post(path(reviewed, "links"), json=elsewhere, headers=bearers["reviewer"])
    assert refused.status_code == 404


def test_a_candidate_opens_what_counts_and_nothing_else(
    client: FlaskClient, reviewed: Reviewed, bearers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = bearers["owner"]
    counts, other = str(reviewed.pieces[1]), str(reviewed.pieces[0])
    ask = {"ids": [counts]}
    assert client.get(own(reviewed, "decision"), headers=owner).status_code == 404
    assert client.post(own(reviewed, "decision/links"), json=ask, headers=owner).status_code == 404
    reviewed.decide()
    found = data(client.get(own(reviewed, "decision"), headers=owner))
    assert found["decision"]["outcome"] == "concern"
    assert "reviewer" not in str(found["decision"])
    [link] = data(client.post(own(reviewed, "decision/links"), json=ask, headers=owner))["links"]
    shown = client.get(link["url"], headers=owner)
    assert (shown.status_code, shown.mimetype) == (200, "image/jpeg")
    assert shown.headers["Cache-Control"] == "no-store"
    others = {"ids": [counts, other]}
    refused = client.post(own(reviewed, "decision/links"), json=others, headers=owner)
    assert refused.status_code == 404
    assert client.get(link["url"].replace(counts, other), headers=owner).status_code == 403
    statuses = {"reviewer": 403, "proctor": 403, "admin": 403, "candidate": 404}
    for login, status in statuses.items():
        assert client.get(link["url"], headers=bearers[login]).status_code == status, login
    assert client.get(link["url"]).status_code == 401
    assert client.get(f"{link['url']}0", headers=owner).status_code == 403
    later = datetime.now(UTC) + timedelta(minutes=10)
    monkeypatch.setattr("examhall.core.review.candidate.database_now", lambda _: later)
    assert client.get(link["url"], headers=owner).status_code == 403


def test_a_candidates_link_opens_nothing_through_the_proctors_door(
    client: FlaskClient, reviewed: Reviewed, bearers: Any
) -> None:
    reviewed.decide()
    ask = {"ids": [str(reviewed.pieces[1])]}
    [link] = data(client.post(own(reviewed, "decision/links"), json=ask, headers=bearers["owner"]))[
        "links"
    ]
    query = link["url"].partition("?")[2]
    door = f"{API}/evidence/{link['id']}/content?{query}"
    for login in ("owner", "reviewer", "proctor", "candidate"):
        assert client.get(door, headers=bearers[login]).status_code == 403, login


def test_decide_appeal_and_decide_again(
    client: FlaskClient, people: People, reviewed: Reviewed, bearers: Any
) -> None:
    address = f"{API}/reviews/{reviewed.watched.session_id}"
    [row] = data(client.get(f"{API}/reviews", headers=bearers["reviewer"]))["items"]
    assert (row["incidents"], row["serious"], row["review_state"]) == (2, 1, "queued")
    bad = {"round": "first", "outcome": "guilty", "reason": "x"}
    refused = client.post(f"{address}/decisions", json=bad, headers=bearers["reviewer"])
    assert refused.status_code == 422
    good = {
        "round": "first",
        "outcome": "minor",
        "reason": "Seen.",
        "incidents": [str(reviewed.incidents["face.missing"])],
    }
    made = data(client.post(f"{address}/decisions", json=good, headers=bearers["reviewer"]))
    assert (made["state"], made["due"]) == ("decided", None)
    again = client.post(f"{address}/decisions", json=good, headers=bearers["reviewer"])
    assert again.status_code == 409
    said = {"comment": "The light went out."}
    assert data(client.post(own(reviewed, "appeal"), json=said, headers=bearers["owner"]))
    people.users["second"] = people.make("second", [Role.REVIEWER])
    last = {"round": "appeal", "outcome": "no_concern", "reason": "True."}
    refused = client.post(f"{address}/decisions", json=last, headers=bearers["reviewer"])
    assert refused.status_code == 403
    made = data(client.post(f"{address}/decisions", json=last, headers=people.bearer("second")))
    assert made["state"] == "final"
    found = data(client.get(own(reviewed, "decision"), headers=bearers["owner"]))
    assert found["on_appeal"]["outcome"] == "no_concern"


def test_the_first_decision_is_kept_back_from_the_second_reviewer(
    app: Flask, platform: Platform, people: People
) -> None:
    load_scripted(platform)
    reviewed = review(World(platform), second_reviewer=True)
    reviewed.decide(by=people.principal("reviewer"))
    people.users["second"] = people.make("second", [Role.REVIEWER])
    page = f"/review/{reviewed.watched.session_id}"
    first, second = (sign_in(app, login) for login in ("reviewer", "second"))
    shown = first.get(page).get_data(as_text=True)
    assert "Somebody else was seen" in shown
    assert "the second decision is another person" in shown
    hidden = second.get(page).get_data(as_text=True)
    assert "Somebody else was seen" not in hidden
    assert "Somebody has decided already" in hidden
    assert "Somebody else was seen" not in second.get(f"{page}/report").get_data(as_text=True)


def test_the_report_and_the_statistics(app: Flask, people: People, reviewed: Reviewed) -> None:
    client = sign_in(app, "reviewer")
    page = f"/review/{reviewed.watched.session_id}/report"
    assert "The chain fits" in client.get(page).get_data(as_text=True)
    document = client.get(f"{page}/session_pdf")
    assert document.mimetype == "application/pdf"
    assert document.data.startswith(b"%PDF")
    assert client.get(f"{page}/nothing").status_code == 404
    figures = f"/review/statistics/{reviewed.watched.exam_id}"
    assert "A number is no verdict" in client.get(figures).get_data(as_text=True)
    text = client.get(f"{figures}.csv").data.decode("utf-8-sig")
    [row] = csv.DictReader(io.StringIO(text))
    assert (row["incidents"], row["technical"], row["person.second"]) == ("2", "1", "1")
    for show in ("open", "quiet", "decided", "appealed", "all", "nonsense"):
        assert client.get(f"/review?show={show}&sort=incidents&page=0").status_code == 200
