"""Every page that people work on: axe-core finds nothing serious, and nothing is cut off."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy import select

from examhall.core.accounts.models import User
from examhall.core.exams.models import Question
from tests.journeys.hall import Hall
from tests.journeys.room import find_misfits, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

GRAVE = {"serious", "critical"}
LOOK = """async () => {
  const found = await axe.run(document, {
    resultTypes: ['violations'],
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
  });
  return found.violations.map(({id, impact, nodes}) =>
    ({id, impact, nodes: nodes.slice(0, 3).map(({html}) => html.slice(0, 160))}));
}"""


@pytest.fixture
def desks(chromium: Browser) -> Iterator[Callable[[], BrowserContext]]:
    """Make a browser profile for each person: cookies of one never reach the next."""
    with ExitStack() as stack:

        def desk() -> BrowserContext:
            context = chromium.new_context(viewport={"width": 1440, "height": 900})
            context.set_default_timeout(15_000)
            stack.callback(context.close)
            return context

        yield desk


def addresses(hall: Hall) -> dict[str, list[str]]:
    """Return the pages of each role, with an exam and a question to look at."""
    exam_id = hall.open_exam()
    with hall.platform.db.reading() as session:
        question_id = session.scalars(select(Question.id).limit(1)).one()
        person_id = session.scalars(select(User.id).where(User.login == "candidate")).one()
    exam = f"/exams/{exam_id}"
    return {
        "candidate": ["/home", "/room-camera"],
        "author": [
            "/exams",
            exam,
            f"{exam}/settings",
            f"{exam}/preview",
            f"{exam}/candidates",
            f"{exam}/results",
            f"{exam}/analysis",
            f"{exam}/regrades",
            "/questions",
            "/questions/new",
            f"/questions/{question_id}",
            f"/questions/{question_id}/versions",
            "/questions/files",
        ],
        "grader": ["/marking"],
        "proctor": ["/proctor"],
        "reviewer": ["/review"],
        "admin": [
            "/admin/users",
            f"/admin/users/{person_id}",
            f"/admin/users/{person_id}/erase",
            "/admin/plugins",
            "/admin/plugins/detector/face",
            "/admin/plugins/detector/browser",
            "/admin/detectors",
            "/admin/connections",
            "/admin/connections/new/webhook",
            "/admin/health",
        ],
    }


def look_at(page: Page, address: str) -> list[str]:
    answer = page.goto(address)
    assert answer is not None
    if answer.status != 200:
        return [f"{address}: {answer.status}"]
    # Evaluated by the debugger, which the page's policy does not bind.
    page.evaluate(AXE_SCRIPT)
    grave = [fault for fault in page.evaluate(LOOK) if fault["impact"] in GRAVE]
    found = [f"{address}: {json.dumps(fault)}" for fault in grave]
    return found + [f"{address}: {misfit}" for misfit in find_misfits(page)]


def test_no_page_shuts_anybody_out(hall: Hall, desks: Callable[[], BrowserContext]) -> None:
    found = []
    for login, pages in addresses(hall).items():
        page = sign_in(desks(), hall.url, login, hall.password)
        for address in pages:
            found += look_at(page, hall.url + address)
        page.close()
    assert found == []
