"""The candidate's pages as HTML: what may be seen when, and where one is sent instead."""

import re
from importlib.metadata import EntryPoint
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from examhall.core.attempts.models import Attempt
from examhall.core.attempts.operations import complete_check_in, create_attempt
from examhall.core.attempts.room import get_room
from examhall.core.attempts.starting import start_attempt
from examhall.core.platform import Platform
from examhall.core.scoring.operations import score_attempt
from tests.exam_house import CHOICE, ESSAY, LEASE, TEXT, House, Sitting
from tests.web.people import People, csrf_token, sign_in


@pytest.fixture
def house(platform: Platform) -> House:
    return House(platform)


@pytest.fixture
def browser(app: Flask, people: People) -> FlaskClient:
    """A browser in which the candidate has signed in."""
    return sign_in(app, "candidate")


def page(client: FlaskClient, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status, response.get_data(as_text=True)
    return response.get_data(as_text=True)


def register(house: House, people: People, exam_id: UUID, **allowance: object) -> UUID:
    return house.register(exam_id, people.principal("candidate"), **allowance).id


def test_home_without_registrations_says_so(browser: FlaskClient) -> None:
    assert "not registered for any exam" in page(browser, "/home")


def test_home_is_for_people_who_take_exams(app: Flask, people: People) -> None:
    assert "Forbidden" in page(sign_in(app, "auditor"), "/home", 403)


def test_home_shows_what_can_be_done_and_in_how_much_time(
    browser: FlaskClient, house: House, people: People
) -> None:
    version = house.published(settings={"time": {"limit_seconds": 3600}})
    register(house, people, version.exam_id, multiplier="1.5", extra_seconds=60)
    text = page(browser, "/home")
    assert "Science" in text
    assert "1 h 31 min with your extra time" in text
    assert "Begin the check-in" in text


def test_home_says_why_an_exam_cannot_be_entered(
    browser: FlaskClient, house: House, people: People
) -> None:
    later = {"schedule": {"opens": "2999-01-01T00:00:00+00:00"}}
    version = house.published(settings={"access": later})
    register(house, people, version.exam_id)
    text = page(browser, "/home")
    assert "Not open" in text
    assert "Begin the check-in" not in text
    assert 'class="why"' in text


def test_opening_an_attempt_leads_to_the_check_in(
    browser: FlaskClient, house: House, people: People
) -> None:
    version = house.published()
    registration_id = register(house, people, version.exam_id)
    token = csrf_token(browser, "/home")
    response = browser.post(f"/registrations/{registration_id}/open", data={"csrf_token": token})
    assert response.status_code == 302
    text = page(browser, response.location)
    assert "This exam is not watched." in text
    assert "Start the exam" in text


def test_opening_needs_the_forms_token(browser: FlaskClient, house: House, people: People) -> None:
    registration_id = register(house, people, house.published().exam_id)
    assert browser.post(f"/registrations/{registration_id}/open").status_code == 400


def test_the_check_in_shows_the_whole_text_of_the_consent(
    browser: FlaskClient, house: House, people: People, platform: Platform
) -> None:
    watched = {"enabled": True, "detectors": ["face"], "consent_text": "Read <this> first."}
    version = house.published(settings={"proctoring": watched})
    registration_id = register(house, people, version.exam_id)
    attempt = create_attempt(platform, people.principal("candidate"), registration_id)
    text = page(browser, f"/attempts/{attempt.id}/check-in")
    assert "Read &lt;this&gt; first." in text
    assert 'data-step="Camera"' in text


@pytest.mark.parametrize("name", ["check-in", "room", "result"])
def test_anothers_attempt_is_not_there(app: Flask, people: People, house: House, name: str) -> None:
    sitting = house.sitting(house.published().exam_id)
    for login in ("candidate", "proctor"):
        response = sign_in(app, login).get(f"/attempts/{sitting.attempt_id}/{name}")
        assert response.status_code in {403, 404}
    assert "Not Found" in page(sign_in(app, "candidate"), f"/attempts/{uuid4()}/{name}", 404)


@pytest.fixture
def sitting(house: House, people: People, platform: Platform) -> Sitting:
    """The candidate of the browser, in the middle of an exam."""
    questions = [("choice", CHOICE, "2"), ("text_entry", TEXT, "1")]
    version = house.published(questions, {"instructions": "Write <legibly>."})
    registration_id = register(house, people, version.exam_id)
    candidate = people.principal("candidate")
    attempt = create_attempt(platform, candidate, registration_id)
    complete_check_in(platform, candidate, attempt.id)
    start_attempt(platform, candidate, attempt.id, LEASE)
    room = get_room(platform, candidate, attempt.id)
    return Sitting(house, candidate, attempt.id, [item.id for item in room.items])


def test_the_room_shows_all_questions_and_none_of_the_key(
    browser: FlaskClient, sitting: Sitting
) -> None:
    text = page(browser, f"/attempts/{sitting.attempt_id}/room")
    assert "Which is a prime?" in text
    assert "Capital of France?" in text
    assert "Write &lt;legibly&gt;." in text
    assert "Paris" not in text
    assert "correct" not in text


def test_the_room_comes_with_what_was_saved(browser: FlaskClient, sitting: Sitting) -> None:
    sitting.answer(1, {"text": "</script><b>Lyon"})
    text = page(browser, f"/attempts/{sitting.attempt_id}/room")
    assert "</script><b>Lyon" not in text
    assert r"\u003c/script\u003e\u003cb\u003eLyon" in text


def test_every_step_leads_to_the_page_of_the_attempts_state(
    browser: FlaskClient, sitting: Sitting
) -> None:
    base = f"/attempts/{sitting.attempt_id}"
    assert browser.get(f"{base}/check-in").location == f"{base}/room"
    assert browser.get(f"{base}/result").location == f"{base}/room"
    sitting.submit()
    assert browser.get(f"{base}/check-in").location == f"{base}/result"
    assert browser.get(f"{base}/room").location == f"{base}/result"


def test_the_result_has_receipt_points_and_answers_once_released(
    browser: FlaskClient, sitting: Sitting, platform: Platform
) -> None:
    sitting.answer_by(0, "right")
    sitting.submit()
    address = f"/attempts/{sitting.attempt_id}/result"
    text = page(browser, address)
    assert re.search(r'id="digest">[0-9a-f]{64}<', text)
    assert "Your answers</h2>" not in text
    score_attempt(platform, sitting.attempt_id)
    text = page(browser, address)
    assert "Final result" in text
    assert "<span data-points>2</span> <small>of 3 points" in text
    assert "Your answers</h2>" in text


def test_the_result_says_what_is_provisional(
    browser: FlaskClient, house: House, people: People, platform: Platform
) -> None:
    version = house.published([("choice", CHOICE, "2"), ("essay", ESSAY, "4")])
    sitting = house.sitting(version.exam_id)
    sitting.answer_by(0, "right")
    sitting.answer(1, {"text": "Because."})
    sitting.submit()
    score_attempt(platform, sitting.attempt_id)
    hand_over(platform, sitting.attempt_id, people)
    text = page(browser, f"/attempts/{sitting.attempt_id}/result")
    assert "Provisional result" in text
    assert "1 answer awaits a marker" in text
    assert "Your answers</h2>" not in text


def hand_over(platform: Platform, attempt_id: UUID, people: People) -> None:
    """Make an attempt that of the candidate who can sign in."""
    with platform.db.transaction() as session:
        session.get_one(Attempt, attempt_id).user_id = people.users["candidate"].id


@pytest.mark.parametrize(
    ("login", "start", "shown", "hidden"),
    [
        ("candidate", "/home", ["/home"], ["/exams", "/proctor", "/admin/users"]),
        ("proctor", "/proctor", ["/proctor", "/exams"], ["/home", "/questions", "/admin/users"]),
        (
            "admin",
            "/admin/health",
            ["/admin/users", "/admin/plugins", "/admin/connections"],
            ["/home", "/marking"],
        ),
    ],
)
def test_the_menu_has_only_what_one_may_do(
    app: Flask, people: People, login: str, start: str, shown: list[str], hidden: list[str]
) -> None:
    client = sign_in(app, login)
    text = page(
        client, {"candidate": "/home", "proctor": "/proctor", "admin": "/admin/users"}[login]
    )
    for address in shown:
        assert f'href="{address}"' in text
    for address in hidden:
        assert f'href="{address}"' not in text


def test_access_rules_ask_before_the_check_in(
    browser: FlaskClient, house: House, people: People
) -> None:
    platform = house.platform
    rule = EntryPoint("access_rule.room_code", "tests.core.attempts.room_code", "examhall")
    platform.plugins.load([rule])
    platform.plugins.refresh()
    settings = {"access": {"room_code": {}, "seat": {}}}
    version = house.published([("text_entry", TEXT, "1")], settings)
    address = f"/registrations/{register(house, people, version.exam_id)}/open"

    def send(status: int, **answers: str) -> str:
        form = {f"answer.{name.replace('__', '.')}": value for name, value in answers.items()}
        form["csrf_token"] = csrf_token(browser, "/home")
        answer = browser.post(address, data=form)
        assert answer.status_code == status, answer.text
        return str(answer.headers.get("Location") or answer.text)

    page = send(200)
    assert "Type the code on the board." in page
    assert 'name="answer.room_code.code"' in page
    assert "This is not the code on the board." in send(422, room_code__code="1")
    assert "cannot be used" in send(422, room_code__code="1" * 11)
    page = send(200, room_code__code="4711")
    assert "Which seat?" in page
    assert '<input type="hidden" name="answer.room_code.code" value="4711">' in page
    assert "Even seats only." in send(422, room_code__code="4711", seat__seat="3")
    assert "not the code" in send(422, room_code__code="x", seat__seat="4")
    assert "/check-in" in send(302, room_code__code="4711", seat__seat="4")
    assert "/check-in" in send(302)
