"""The conversation as its candidate has it, in the exam room."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from examhall.core.permissions import SYSTEM, Principal, Role
from examhall.core.proctoring.messages.operations import (
    Draft,
    announce,
    write_to_candidate,
    write_to_proctors,
)
from examhall.core.proctoring.messages.queries import MessageView, list_messages
from tests.crowd import WATCHED, Member, admit
from tests.exam_house import TEXT
from tests.journeys.hall import Hall
from tests.journeys.room import Faults, sign_in, wait_for_room

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.fixture
def member(hall: Hall) -> Member:
    """A candidate who sits a watched exam of one short question."""
    version = hall.house.published([("text_entry", TEXT, "1")], {"proctoring": WATCHED})
    return admit(hall.house, version.exam_id, hall.people.principal("candidate"))


@pytest.fixture
def proctor(hall: Hall) -> Principal:
    return hall.house.person(Role.PROCTOR)


@pytest.fixture
def room(hall: Hall, member: Member, device: BrowserContext, faults: Faults) -> Iterator[Page]:
    page = sign_in(device, hall.url, "candidate", hall.password)
    faults.watch(page)
    page.goto(f"{hall.url}/attempts/{member.attempt_id}/room")
    wait_for_room(page)
    yield page
    page.close()


def history(hall: Hall, member: Member) -> list[MessageView]:
    with hall.platform.db.reading() as session:
        return list(list_messages(session, SYSTEM, member.session_id).items)


def say(hall: Hall, who: Principal, member: Member, text: str, kind: str = "message") -> None:
    write_to_candidate(hall.platform, who, member.session_id, Draft(uuid4(), text, kind))


def test_question_answer_and_warning(
    room: Page, hall: Hall, member: Member, proctor: Principal
) -> None:
    log = room.locator("#chat-log > li")
    room.get_by_label("Message to the proctor").fill("May I drink?")
    room.get_by_role("button", name="Send", exact=True).click()
    expect(log).to_contain_text("May I drink?")
    expect(room.locator("#chat-log small")).not_to_contain_text("Waits")
    answer = room.locator("#items > section:visible input").first
    answer.focus()
    room.keyboard.type("Pa")
    say(hall, proctor, member, "Yes, <b>please</b>.")
    expect(log).to_have_count(2)
    expect(log.nth(1)).to_contain_text("Yes, <b>please</b>.")
    expect(room.locator("#chat-live")).to_have_text("Message from the proctor: Yes, <b>please</b>.")
    say(hall, proctor, member, "Stay in the picture.", "warning")
    notice = room.locator("#chat-notice")
    expect(notice).to_contain_text("Stay in the picture.")
    room.keyboard.type("ris")
    expect(answer).to_be_focused()
    expect(answer).to_have_value("Paris")
    notice.get_by_role("button", name="I have read this").click()
    expect(notice).to_be_hidden()
    expect(log.nth(2)).to_contain_text("Confirmed")
    assert [one.acknowledged_at is not None for one in history(hall, member)] == [
        False,
        False,
        True,
    ]


def test_a_message_written_without_a_connection_is_sent_later(
    room: Page, hall: Hall, member: Member, faults: Faults
) -> None:
    faults.allow("net::ERR_INTERNET_DISCONNECTED")
    room.context.set_offline(True)
    room.get_by_label("Message to the proctor").fill("Is anybody there?")
    room.keyboard.press("Enter")
    entry = room.locator("#chat-log > li")
    expect(entry).to_contain_text("Waits to be sent")
    assert history(hall, member) == []
    room.context.set_offline(False)
    expect(entry).not_to_contain_text("Waits to be sent", timeout=30_000)
    assert [one.text for one in history(hall, member)] == ["Is anybody there?"]


def test_on_a_phone_news_lie_over_nothing(
    room: Page, hall: Hall, member: Member, proctor: Principal
) -> None:
    room.set_viewport_size({"width": 390, "height": 844})
    answer = room.locator("#items > section:visible input").first
    answer.focus()
    announce(hall.platform, proctor, hall.attempt().exam_id, Draft(uuid4(), "Ten minutes left."))
    notice = room.locator("#chat-notice")
    expect(notice).to_contain_text("Ten minutes left.")
    expect(answer).to_be_focused()
    expect(answer).to_be_in_viewport()
    assert bottom(room, "#chat-notice") <= top(room, "#main")
    notice.get_by_role("button", name="Answer").click()
    expect(room.locator("#chat #chat-log > li")).to_contain_text("Ten minutes left.")
    room.keyboard.type("Thank you")
    room.keyboard.press("Enter")
    expect(room.locator("#chat-log > li")).to_have_count(2)
    room.get_by_role("button", name="Close", exact=True).locator("visible=true").first.click()
    expect(notice).to_be_hidden()
    write_to_proctors(
        hall.platform, member.principal, member.attempt_id, Draft(uuid4(), "from elsewhere")
    )
    expect(room.locator("#chat-log > li")).to_have_count(3)


def top(page: Page, selector: str) -> float:
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box["y"]


def bottom(page: Page, selector: str) -> float:
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box["y"] + box["height"]
