"""Every question type in the exam room: answered by keyboard alone and by touch, kept, right."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, Error, Page

from examhall.core.attempts.models import AttemptItem
from examhall.core.contracts.question_type import Response, Variant
from tests.journeys.answering import Finger, Keys
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
from tests.journeys.type_rows import ROWS, Row

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]

PHONE = {"width": 390, "height": 844}
GRAVE = {"serious", "critical"}

READ_ALL = """async () => {
  const {readControls} = await import('/static/js/controls.js');
  return [...document.querySelectorAll('#items > [data-item]')].map(
    (section) => readControls(section.querySelector('[data-controls]')));
}"""

LOOK = """async (section) => {
  const found = await axe.run(section, {
    resultTypes: ['violations'],
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  });
  return found.violations.map(({id, impact, help, nodes}) =>
    ({id, impact, help, nodes: nodes.map(({html}) => html.slice(0, 200))}));
}"""


@pytest.fixture
def phone(chromium: Browser) -> Iterator[BrowserContext]:
    """A telephone with a touch screen."""
    context = chromium.new_context(
        viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=2
    )
    context.set_default_timeout(10_000)
    yield context
    context.close()


def open_room(context: BrowserContext, hall: Hall, faults: Faults) -> Page:
    """Sit an exam with a question of every row."""
    hall.open_exam(questions=[(row.type, row.content, "1") for row in ROWS])
    page = sign_in(context, hall.url, "candidate", hall.password)
    faults.watch(page)
    enter_room(page, watched=False)
    page.wait_for_load_state("networkidle")
    return page


def answer_all(page: Page, hand: type[Keys | Finger]) -> list[str]:
    """Answer every question; returns what went wrong, by question."""
    problems = []
    for number, row in enumerate(ROWS, 1):
        question = show_question(page, number)
        try:
            if hand is Keys:
                row.keyboard(Keys(page, question))
            else:
                row.touch(Finger(page, question))
        except (AssertionError, Error) as error:
            problems.append(f"{number} {row.type}: {str(error)[:600]}")
    return problems


def worth(hall: Hall, raws: Sequence[Any]) -> list[str]:
    """Return the questions whose saved answer is not the one in the page, or not right."""
    problems = []
    with hall.platform.db.reading() as session:
        items = session.query(AttemptItem).filter_by(attempt_id=hall.attempt().id)
        drawn = [
            (item.position, item.type, Variant(item.public, item.secret))
            for item in items.order_by(AttemptItem.position)
        ]
    for (number, (_, key, variant)), raw in zip(enumerate(drawn, 1), raws, strict=True):
        plugin = hall.platform.plugins.question_type(key)
        if not plugin.takes_answer:
            continue
        saved = hall.saved(number)
        if saved != raw:
            problems.append(f"{number} {key}: the page has {raw}, saved is {saved}")
        response = plugin.parse(variant, raw)
        score = plugin.score(variant, response) if isinstance(response, Response) else response
        if getattr(score, "fraction", 0) != 1 and not getattr(score, "needs_manual", False):
            problems.append(f"{number} {key}: {raw} is not right: {score}")
    return problems


def grave_faults(page: Page, rows: Sequence[Row]) -> list[str]:
    """Return what axe-core finds serious in the questions."""
    # Evaluated by the debugger, which the page's policy does not bind.
    page.evaluate(AXE_SCRIPT)
    # So high that the bar at the bottom hides nothing, which would count as small.
    width = page.evaluate("innerWidth")
    page.set_viewport_size({"width": width, "height": 2400})
    found = []
    for number, row in enumerate(rows, 1):
        question = show_question(page, number)
        found += [
            f"{number} {row.type}: {json.dumps(fault)}"
            for fault in question.evaluate(LOOK)
            if fault["impact"] in GRAVE
        ]
    return found


def sit(context: BrowserContext, hall: Hall, faults: Faults, hand: type[Keys | Finger]) -> Page:
    """Answer, reload, and fail where an answer is lost, wrong, or a control cannot be used."""
    page = open_room(context, hall, faults)
    problems = answer_all(page, hand)
    wait_for_saving(page, "saved", 0)
    page.reload()
    wait_for_room(page)
    page.wait_for_load_state("networkidle")
    problems += worth(hall, page.evaluate(READ_ALL))
    problems += grave_faults(page, ROWS)
    assert not problems, "\n".join(problems)
    return page


def test_every_type_is_answered_by_keyboard_alone(
    hall: Hall, device: BrowserContext, faults: Faults
) -> None:
    page = sit(device, hall, faults, Keys)
    for number in range(1, len(ROWS) + 1):
        show_question(page, number)
        assert find_misfits(page) == []


def test_every_type_is_answered_by_touch(hall: Hall, phone: BrowserContext, faults: Faults) -> None:
    sit(phone, hall, faults, Finger)


def test_every_type_has_a_row(hall: Hall) -> None:
    types = {plugin.key for plugin in hall.platform.plugins.all("question_type")}
    assert types - {row.type for row in ROWS} == set()
