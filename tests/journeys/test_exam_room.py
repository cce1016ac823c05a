"""The exam room in a real browser: no answer is lost, and nothing is claimed that is not so."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from examhall.core.attempts.control import pause_attempt, resume_attempt
from tests.journeys.hall import Hall
from tests.journeys.room import (
    Faults,
    enter_room,
    find_misfits,
    show_question,
    sign_in,
    wait_for_room,
    wait_for_saving,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

TEXT, NUMBER, ESSAY = 3, 4, 5


@pytest.fixture
def room(hall: Hall, device: BrowserContext, faults: Faults) -> Page:
    """An exam room that a candidate has just entered."""
    hall.open_exam(time={"limit_seconds": 600})
    page = sign_in(device, hall.url, "candidate", hall.password)
    faults.watch(page)
    enter_room(page, watched=False)
    return page


def write(page: Page, number: int, text: str) -> None:
    show_question(page, number).get_by_role("textbox").fill(text)


def read(page: Page, number: int) -> str:
    return show_question(page, number).get_by_role("textbox").input_value()


def test_says_saved_only_after_the_server_did(room: Page, hall: Hall) -> None:
    held: list[Route] = []
    room.route("**/responses/*", lambda route: held.append(route))  # noqa: PLW0108
    write(room, TEXT, "Paris")
    wait_for_saving(room, "saving", 1)
    room.wait_for_timeout(2500)
    assert held, "nothing was sent a second after the last change"
    wait_for_saving(room, "saving", 1)
    assert hall.saved(TEXT) is None
    held[0].continue_()
    wait_for_saving(room, "saved", 0)
    assert hall.saved(TEXT) == {"text": "Paris"}
    expect(room.locator("#save")).to_contain_text("All answers saved")


def test_answers_survive_a_reload_right_after_typing(room: Page) -> None:
    write(room, TEXT, "Paris")
    write(room, ESSAY, "One line.\nAnother <line> & 'more'.")
    show_question(room, 1).get_by_role("radio").first.check()
    room.reload()
    wait_for_room(room)
    assert read(room, TEXT) == "Paris"
    assert read(room, ESSAY) == "One line.\nAnother <line> & 'more'."
    expect(show_question(room, 1).get_by_role("radio").first).to_be_checked()
    wait_for_saving(room, "saved", 0)


def test_check_boxes_come_back_as_they_were(room: Page) -> None:
    boxes = show_question(room, 2).get_by_role("checkbox")
    boxes.nth(0).check()
    boxes.nth(2).check()
    boxes.nth(2).uncheck()
    boxes.nth(3).check()
    wait_for_saving(room, "saved", 0)
    room.reload()
    wait_for_room(room)
    boxes = show_question(room, 2).get_by_role("checkbox")
    assert [boxes.nth(n).is_checked() for n in range(4)] == [True, False, False, True]


def test_answers_wait_without_a_network_and_arrive_with_it(
    room: Page, hall: Hall, device: BrowserContext, faults: Faults
) -> None:
    faults.allow("ERR_INTERNET_DISCONNECTED")
    device.set_offline(True)
    write(room, TEXT, "Lyon")
    wait_for_saving(room, "offline", 1)
    write(room, TEXT, "Paris")
    write(room, NUMBER, "3.14")
    wait_for_saving(room, "offline", 2)
    expect(room.locator("#save")).to_contain_text("Offline, 2 answers wait")
    device.set_offline(False)
    wait_for_saving(room, "saved", 0)
    room.reload()
    wait_for_room(room)
    assert (read(room, TEXT), read(room, NUMBER)) == ("Paris", "3.14")


def test_a_server_that_fails_is_tried_again(room: Page, faults: Faults) -> None:
    faults.allow("503 ")
    failures = iter(range(2))

    def fail_twice(route: Route) -> None:
        if next(failures, None) is None:
            route.continue_()
        else:
            route.fulfill(status=503, body="<h1>gone</h1>")

    room.route("**/responses/*", fail_twice)
    write(room, TEXT, "Paris")
    wait_for_saving(room, "offline", 1)
    wait_for_saving(room, "saved", 0)


def lose_session(room: Page, device: BrowserContext) -> None:
    """Take the cookies away; an answer that was on its way may bring one back."""
    for _ in range(20):
        device.clear_cookies()
        room.wait_for_timeout(300)
        if not device.cookies():
            return
    raise AssertionError("the cookies came back again and again")


def test_a_lost_session_is_said_and_mended_by_signing_in_elsewhere(
    room: Page, hall: Hall, device: BrowserContext, faults: Faults
) -> None:
    faults.allow("401 ", "400 ", "EventSource")
    lose_session(room, device)
    write(room, TEXT, "Paris")
    wait_for_saving(room, "signed-out", 1)
    expect(room.locator("#banner")).to_contain_text("Your answers wait on this device")
    sign_in(device, hall.url, "candidate", hall.password).close()
    wait_for_saving(room, "saved", 0)
    assert hall.saved(TEXT) == {"text": "Paris"}


def test_a_closed_page_leaves_its_answers_on_the_device(
    room: Page, device: BrowserContext, faults: Faults
) -> None:
    faults.allow("ERR_INTERNET_DISCONNECTED")
    device.set_offline(True)
    write(room, ESSAY, "Written in a tunnel.")
    wait_for_saving(room, "offline", 1)
    address = room.url
    room.close()
    device.set_offline(False)
    again = device.new_page()
    faults.watch(again)
    again.goto(address)
    wait_for_room(again)
    assert read(again, ESSAY) == "Written in a tunnel."
    wait_for_saving(again, "saved", 0)


def test_another_window_takes_over_and_the_first_turns_read_only(
    room: Page, device: BrowserContext, faults: Faults
) -> None:
    write(room, TEXT, "Paris")
    wait_for_saving(room, "saved", 0)
    other = device.new_page()
    faults.watch(other)
    other.goto(room.url)
    wait_for_room(other)
    wait_for_saving(room, "lost")
    expect(room.locator("#banner")).to_contain_text("read-only")
    assert show_question(room, TEXT).locator("[data-controls]").get_attribute("inert") is not None
    assert read(other, TEXT) == "Paris"
    write(other, TEXT, "Marseille")
    wait_for_saving(other, "saved", 0)
    room.get_by_role("button", name="Take over here").click()
    wait_for_saving(other, "lost")
    wait_for_room(room)
    assert read(room, TEXT) == "Marseille"
    write(room, TEXT, "Paris")
    wait_for_saving(room, "saved", 0)


def test_a_reload_keeps_the_lease(room: Page) -> None:
    for text in ("Paris", "Lyon", "Nice"):
        write(room, TEXT, text)
        room.reload()
        wait_for_room(room)
        wait_for_saving(room, "saved", 0)
        assert read(room, TEXT) == text


def test_a_room_whose_script_does_not_come_says_so(room: Page, faults: Faults) -> None:
    expect(room.locator("#unready")).not_to_be_attached()
    faults.allow("ERR_FAILED")
    room.route("**/store.js", lambda route: route.abort())
    room.reload()
    said = room.get_by_text("This page is not ready yet: nothing can be answered")
    expect(said).to_be_hidden()
    assert room.evaluate(FINISH) == 1
    expect(said).to_be_visible()
    expect(room.locator("#items [data-controls]").first).to_have_attribute("inert", "")


FINISH = """() => {
  const shown = document.getElementById('unready').getAnimations();
  for (const one of shown) one.finish();
  return shown.length;
}"""
"""What is shown after a while is shown at once."""


def test_the_keyboard_reaches_everything(room: Page) -> None:
    room.keyboard.press("Alt+KeyN")
    expect(room.locator("#items > section:visible h1")).to_be_focused()
    room.keyboard.press("Tab")
    room.keyboard.press("Enter")
    expect(room.locator("#items > section:visible [data-flag]")).to_have_attribute(
        "aria-pressed", "true"
    )
    room.keyboard.press("Tab")
    room.keyboard.press("Space")
    wait_for_saving(room, "saved", 0)
    expect(room.locator('.rnav [data-goto="2"]')).to_have_attribute(
        "aria-label", "Question 2, answered, current, flagged"
    )
    room.keyboard.press("Alt+KeyP")
    expect(room.locator("#items > section:visible h1")).to_have_text("Question 1")


def test_handing_in_names_what_is_open_and_ends_with_a_receipt(room: Page, hall: Hall) -> None:
    write(room, TEXT, "Paris")
    room.get_by_role("button", name="Hand in", exact=True).first.click()
    expect(room.locator("#submit-open")).to_contain_text("4 questions are not answered")
    room.get_by_role("link", name="Go to question 4").click()
    expect(room.locator("#submit")).not_to_be_visible()
    write(room, NUMBER, "3.14")
    room.get_by_role("button", name="Hand in", exact=True).first.click()
    room.get_by_role("button", name="Hand in now").click()
    expect(room.locator("#digest")).to_have_text(re.compile(r"[0-9a-f]{64}"))
    room.get_by_role("button", name="Check now").click()
    expect(room.locator("#receipt-said")).to_have_text("The receipt fits what is stored.")
    assert hall.attempt().submitted_by == "candidate"


def test_the_end_of_the_time_is_the_servers_word(
    hall: Hall, device: BrowserContext, faults: Faults
) -> None:
    hall.open_exam(time={"limit_seconds": 8})
    page = sign_in(device, hall.url, "candidate", hall.password)
    faults.watch(page)
    enter_room(page, watched=False)
    expect(page.locator("#time")).to_have_text(re.compile("0:0[1-8]"))
    write(page, TEXT, "Par")
    wait_for_saving(page, "saved", 0)
    expect(page.locator("#time")).to_have_text("0:01", timeout=10_000)
    write(page, TEXT, "Paris")
    page.wait_for_url("**/result", timeout=20_000)
    assert hall.attempt().submitted_by == "deadline"
    assert hall.saved(TEXT) == {"text": "Paris"}


def test_a_pause_hides_the_questions_and_stops_the_clock(room: Page, hall: Hall) -> None:
    write(room, TEXT, "Paris")
    proctor = hall.people.principal("proctor")
    attempt_id = hall.attempt().id
    pause_attempt(hall.platform, proctor, attempt_id, "Fire drill")
    expect(room.get_by_role("heading", name="The exam is paused")).to_be_visible()
    assert "Paris" not in room.content()
    resume_attempt(hall.platform, proctor, attempt_id, "It is over")
    expect(room.get_by_role("heading", name="The exam is paused")).to_be_hidden(timeout=15_000)
    wait_for_room(room)
    assert read(room, TEXT) == "Paris"


def test_nothing_is_cut_off_at_any_size(room: Page) -> None:
    found = []
    for number in range(1, 6):
        show_question(room, number)
        found += find_misfits(room)
    assert not found
