"""The proctor's pages as HTML: who may watch what, and with which controls."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from flask import Flask

from examhall.core.accounts.models import RoleGrant
from examhall.core.attempts.operations import create_attempt
from examhall.core.permissions import Role
from examhall.core.platform import Platform
from tests.exam_house import House
from tests.web.people import People, sign_in

WATCHED = {"proctoring": {"enabled": True, "detectors": ["face"], "authorization": "proctor"}}


@pytest.fixture
def house(platform: Platform) -> House:
    return House(platform)


def test_exams_with_live_sessions_are_listed(
    app: Flask, people: People, house: House, platform: Platform
) -> None:
    client = sign_in(app, "proctor")
    assert "Nobody is being watched" in client.get("/proctor").get_data(as_text=True)
    version = house.published(settings=WATCHED)
    candidate = house.person(Role.CANDIDATE)
    create_attempt(platform, candidate, house.register(version.exam_id, candidate).id)
    text = client.get("/proctor").get_data(as_text=True)
    assert "Science" in text
    assert "1 live" in text
    assert f'href="/proctor/{version.exam_id}"' in text


@pytest.mark.parametrize(("login", "has_controls"), [("proctor", True), ("reviewer", False)])
def test_the_wall_offers_what_one_may_do(
    app: Flask, people: People, house: House, login: str, has_controls: bool
) -> None:
    exam_id = house.published(settings=WATCHED).exam_id
    text = sign_in(app, login).get(f"/proctor/{exam_id}").get_data(as_text=True)
    assert ('data-control="pause"' in text) == has_controls
    assert 'data-do="dismiss"' in text


def test_others_do_not_watch(app: Flask, people: People, house: House) -> None:
    exam_id = house.published(settings=WATCHED).exam_id
    for login in ("candidate", "author", "grader", "auditor", "admin"):
        client = sign_in(app, login)
        assert client.get("/proctor").status_code == 403, login
        assert client.get(f"/proctor/{exam_id}").status_code == 403, login


def test_a_proctor_of_one_exam_sees_no_other(
    app: Flask, people: People, house: House, platform: Platform
) -> None:
    own, other = (house.published(settings=WATCHED).exam_id for _ in range(2))
    user = people.make("one-exam")
    grant(platform, user.id, own)
    client = sign_in(app, "one-exam")
    assert client.get(f"/proctor/{own}").status_code == 200
    assert client.get(f"/proctor/{other}").status_code == 404
    assert client.get(f"/proctor/{uuid4()}").status_code == 404


def grant(platform: Platform, user_id: UUID, exam_id: UUID) -> None:
    with platform.db.transaction() as session:
        session.add(
            RoleGrant(
                user_id=user_id, role="proctor", exam_id=exam_id, granted_at=datetime.now(UTC)
            )
        )
