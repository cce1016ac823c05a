"""Feedback modes in the exam room: checks, hints, tries and certainty, by mouse, key and touch."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

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

CHOICE = {
    "stem": "<p>Which is a prime?</p>",
    "mode": "single",
    "shuffle": False,
    "feedback": "<p>A prime has two divisors.</p>",
    "options": [
        {"id": "seven", "text": "7", "correct": True},
        {"id": "nine", "text": "9"},
        {"id": "ten", "text": "10"},
    ],
    "hints": [{"text": "<p>It is odd.</p>"}, {"text": "<p>Not 9.</p>", "clear_wrong": True}],
    "penalty": "0.25",
}
TEXT = {"stem": "<p>Capital of France?</p>", "answers": [{"text": "Paris"}], "penalty": "0.1"}
ESSAY = {"stem": "<p>Why?</p>"}
QUESTIONS = (("choice", CHOICE, "4"), ("text_entry", TEXT, "2"), ("essay", ESSAY, "1"))


def enter(hall: Hall, device: BrowserContext, faults: Faults, **scoring: Any) -> Page:
    """Open an exam with a feedback mode and enter its room."""
    hall.open_exam(questions=QUESTIONS, scoring=scoring)
    page = sign_in(device, hall.url, "candidate", hall.password)
    faults.watch(page)
    enter_room(page, watched=False)
    return page


def outcome(section: Locator) -> Locator:
    return section.locator("[data-outcome]")


def check(section: Locator) -> None:
    section.get_by_role("button", name="Check", exact=True).click()


def test_interactive_from_the_first_hint_to_the_right_answer(
    hall: Hall, device: BrowserContext, faults: Faults
) -> None:
    room = enter(hall, device, faults, feedback_mode="interactive")
    section = show_question(room, 1)
    tries = section.locator("[data-tries]")
    expect(tries).to_have_text("3 tries left, this one included")
    assert "It is odd" not in room.content()
    assert "two divisors" not in room.content()
    section.get_by_role("radio").nth(1).check()
    check(section)
    expect(outcome(section)).to_contain_text("Not right")
    expect(outcome(section)).to_contain_text("It is odd.")
    expect(outcome(section)).to_be_focused()
    expect(tries).to_have_text("2 tries left")
    expect(section.locator("[data-controls]")).to_have_attribute("inert", "")
    assert find_misfits(room) == []

    room.reload()
    wait_for_room(room)
    section = show_question(room, 1)
    expect(outcome(section)).to_contain_text("It is odd.")
    again = section.get_by_role("button", name="Try again")
    again.focus()
    room.keyboard.press("Enter")
    expect(section.get_by_role("radio").nth(1)).to_be_checked()
    section.get_by_role("radio").nth(2).check()
    check(section)
    expect(outcome(section)).to_contain_text("Not 9.")
    again.click()
    expect(section.get_by_role("radio", checked=True)).to_have_count(0)
    expect(tries).to_have_text("1 try left, this one included")
    wait_for_saving(room, "saved", 0)
    section.get_by_role("radio").nth(0).check()
    check(section)
    expect(outcome(section)).to_contain_text("Right")
    expect(outcome(section)).to_contain_text("2 of 4 points")
    expect(outcome(section)).to_contain_text("A prime has two divisors.")
    expect(section.get_by_role("button", name="Check", exact=True)).to_be_hidden()
    expect(show_question(room, 3).locator("[data-course]")).to_have_count(0)


def test_adaptive_and_a_network_that_breaks(
    hall: Hall, device: BrowserContext, faults: Faults
) -> None:
    faults.allow("ERR_INTERNET_DISCONNECTED")
    room = enter(hall, device, faults, feedback_mode="adaptive")
    section = show_question(room, 2)
    check(section)
    expect(outcome(section)).to_contain_text("Answer every part of the question")
    answer = section.get_by_role("textbox")
    answer.fill("Rome")
    check(section)
    expect(outcome(section)).to_contain_text("Not right")
    device.set_offline(True)
    answer.fill("Paris")
    check(section)
    expect(section.locator("[data-trouble]")).to_contain_text("There is no connection.")
    device.set_offline(False)
    wait_for_saving(room, "saved", 0)
    check(section)
    expect(outcome(section)).to_contain_text("1.8 of 2 points")
    expect(section.locator("[data-trouble]")).to_be_hidden()
    assert hall.saved(2) == {"text": "Paris"}


HOLD_STORE = """async () => {
  const opened = indexedDB.open("examhall");
  const db = await new Promise((resolve) => { opened.onsuccess = () => resolve(opened.result); });
  const store = db.transaction("marks", "readwrite").objectStore("marks");
  const until = performance.now() + 1500;
  const hold = () => {
    if (performance.now() < until) store.get("nothing").onsuccess = hold;
  };
  hold();
}"""


def test_a_check_waits_for_a_slow_store_of_the_device(
    hall: Hall, device: BrowserContext, faults: Faults
) -> None:
    room = enter(hall, device, faults, feedback_mode="adaptive")
    section = show_question(room, 2)
    room.evaluate(HOLD_STORE)
    section.get_by_role("textbox").fill("Paris")
    check(section)
    expect(outcome(section)).to_contain_text("2 of 2 points")
    expect(section.locator("[data-trouble]")).to_be_hidden()


def test_a_lost_answer_to_a_check_costs_no_second_try(
    hall: Hall, device: BrowserContext, faults: Faults
) -> None:
    faults.allow("ERR_FAILED")
    room = enter(hall, device, faults, feedback_mode="interactive")
    section = show_question(room, 1)
    section.get_by_role("radio").nth(1).check()
    wait_for_saving(room, "saved", 0)

    def lose(route: Any) -> None:
        route.fetch()
        route.abort()

    room.route("**/check", lose, times=1)
    check(section)
    expect(section.locator("[data-trouble]")).to_contain_text("There is no connection.")
    check(section)
    expect(section.locator("[data-tries]")).to_have_text("2 tries left")


def test_certainty_is_part_of_the_answer(
    hall: Hall, device: BrowserContext, faults: Faults
) -> None:
    scoring = {"feedback_mode": "immediate_certainty", "scorer": "certainty"}
    room = enter(hall, device, faults, **scoring)
    room.set_viewport_size({"width": 390, "height": 844})
    section = show_question(room, 1)
    section.get_by_role("radio", name="Very sure", exact=True).check()
    expect(room.locator("[data-count-short]").last).to_have_text("0 of 3 answered")
    section.get_by_role("radio").nth(0).check()
    wait_for_saving(room, "saved", 0)
    assert hall.saved(1) == {"choice": "1", "@certainty": "3"}
    room.reload()
    wait_for_room(room)
    section = show_question(room, 1)
    expect(section.get_by_role("radio", name="Very sure", exact=True)).to_be_checked()
    check(section)
    expect(outcome(section)).to_contain_text("Right")
    assert find_misfits(room) == []


def test_a_deferred_exam_looks_as_it_always_did(
    hall: Hall, device: BrowserContext, faults: Faults
) -> None:
    room = enter(hall, device, faults)
    expect(room.locator("[data-course], .sure")).to_have_count(0)
