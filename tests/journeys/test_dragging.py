"""Dragging on pictures with a mouse, and what happens to labels and markers that move."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from examhall.question_types.graphic_gap_match import GraphicGapMatch
from examhall.question_types.position_object import PositionObject
from tests.journeys.hall import Hall
from tests.journeys.room import Faults, enter_room, show_question, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

LABELS, MARKERS = 1, 2


@pytest.fixture
def room(hall: Hall, device: BrowserContext, faults: Faults) -> Page:
    """A room with labels and markers, its scripts loaded."""
    types = (GraphicGapMatch(), PositionObject())
    hall.open_exam(questions=[(one.key, one.example(), "1") for one in types])
    page = sign_in(device, hall.url, "candidate", hall.password)
    faults.watch(page)
    enter_room(page, watched=False)
    page.wait_for_load_state("networkidle")
    return page


def drag(page: Page, what: Locator, x: float, y: float) -> None:
    """Drag something to a place of the window."""
    box = what.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(x, y, steps=5)
    page.mouse.up()


def middle(what: Locator) -> tuple[float, float]:
    box = what.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_labels_are_dragged_exchanged_and_thrown_out(room: Page) -> None:
    question = show_question(room, LABELS)
    label = question.locator("[data-label]")
    drops = question.locator(".drop")
    lists = question.get_by_role("combobox")

    def chosen() -> list[Any]:
        return [one.evaluate("e => e.selectedOptions[0].textContent.trim()") for one in lists.all()]

    drag(room, label.filter(has_text="Petal"), *middle(drops.nth(0)))
    drag(room, label.filter(has_text="Stem"), *middle(drops.nth(1)))
    assert chosen() == ["Petal", "Stem", "No label"]
    drag(room, drops.nth(0), *middle(drops.nth(1)))
    assert chosen() == ["Stem", "Petal", "No label"]
    drag(room, label.filter(has_text="Stem"), *middle(drops.nth(2)))
    assert chosen() == ["No label", "Petal", "Stem"]
    drag(room, drops.nth(1), 5, 400)
    assert chosen() == ["No label", "No label", "Stem"]
    lists.nth(0).focus()
    lists.nth(0).select_option(label="Stem")
    assert chosen() == ["Stem", "No label", "Stem"]
    room.keyboard.press("Tab")
    assert chosen() == ["Stem", "No label", "No label"]
    expect(question.locator("[data-say]")).to_contain_text("Stem was moved here from Place C")


def test_markers_are_dragged_moved_and_removed(room: Page) -> None:
    question = show_question(room, MARKERS)
    value = "e => e.value"
    markers = question.locator("eh-markers")
    picture = question.locator("[data-picture]")
    box = picture.bounding_box()
    assert box is not None
    scale = box["width"] / 480

    def at(x: float, y: float) -> tuple[float, float]:
        return box["x"] + x * scale, box["y"] + y * scale

    bridge = question.locator("[data-kind]", has_text="Bridge")
    drag(room, bridge, *at(100, 100))
    drag(room, bridge, *at(200, 100))
    drag(room, bridge, *at(300, 100))
    assert markers.evaluate(value) == ["1:100,100", "1:200,100"]
    drag(room, question.locator(".mark").nth(0), *at(150, 50))
    assert markers.evaluate(value) == ["1:150,50", "1:200,100"]
    question.locator(".mark").nth(1).click()
    picture.click(position={"x": 40 * scale, "y": 40 * scale})
    assert markers.evaluate(value) == ["1:150,50", "1:40,40"]
    question.locator(".mark").nth(0).focus()
    room.keyboard.press("Shift+ArrowLeft")
    room.keyboard.press("ArrowUp")
    assert markers.evaluate(value) == ["1:149,40", "1:40,40"]
    room.keyboard.press("Delete")
    assert markers.evaluate(value) == ["1:40,40"]
    expect(question.locator(".mark")).to_be_focused()
    question.get_by_label("Bridge 1, pixels down").fill("999")
    room.keyboard.press("Tab")
    assert markers.evaluate(value) == ["1:40,320"]
    question.get_by_role("button", name="Remove Bridge 1").click()
    assert markers.evaluate(value) == []
    expect(bridge).to_be_focused()
