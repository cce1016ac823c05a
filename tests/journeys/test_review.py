"""A review in a real browser: look, decide, the candidate sees it and appeals, another decides."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from examhall.core.attempts.models import Attempt
from examhall.core.attempts.operations import complete_check_in, create_attempt
from examhall.core.attempts.starting import start_attempt
from examhall.core.attempts.submission import submit_attempt
from examhall.core.permissions import Role
from examhall.core.proctoring.models import ProctoringSession
from tests.core.attempts.world import World
from tests.core.proctoring.watching import Watched, load_scripted
from tests.core.review.reviewing import add_incidents, mark_analysed
from tests.journeys.hall import Hall
from tests.journeys.room import Faults, sign_in
from tests.journeys.test_pages import look_at

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

LEASE = "window-of-the-candidate"
SETTINGS = {"proctoring": {"enabled": True, "detectors": ["scripted"]}}
PATIENCE = 30_000


class Desks:
    """A browser profile and a signed-in page for each person."""

    def __init__(self, chromium: Browser, hall: Hall, faults: Faults, stack: ExitStack) -> None:
        self.chromium, self.hall, self.faults, self.stack = chromium, hall, faults, stack

    def open(self, login: str, *, is_watched: bool = True) -> Page:
        context = self.chromium.new_context(viewport={"width": 1440, "height": 900})
        self.stack.callback(context.close)
        context.set_default_timeout(PATIENCE)
        page = sign_in(context, self.hall.url, login, self.hall.password)
        if is_watched:
            self.faults.watch(page)
        return page


@pytest.fixture
def desks(chromium: Browser, hall: Hall, faults: Faults) -> Iterator[Desks]:
    with ExitStack() as stack:
        yield Desks(chromium, hall, faults, stack)


@pytest.fixture
def watched(hall: Hall) -> Watched:
    """A handed-in attempt of `candidate`: 20 seconds of recording with three incidents."""
    load_scripted(hall.platform)
    hall.people.make("second", [Role.REVIEWER])
    candidate = hall.people.principal("candidate")
    exam_id = hall.house.published(settings=SETTINGS).exam_id
    registration = hall.house.register(exam_id, candidate, candidate_number="20403")
    attempt = create_attempt(hall.platform, candidate, registration.id)
    with hall.platform.db.reading() as session:
        wanted = select(ProctoringSession.id).where(ProctoringSession.attempt_id == attempt.id)
        session_id = session.scalars(wanted).one()
    found = Watched(World(hall.platform), candidate, exam_id, attempt.id, session_id)
    found.age(7200)
    found.consent()
    complete_check_in(hall.platform, candidate, attempt.id)
    start_attempt(hall.platform, candidate, attempt.id, LEASE)
    found.show([320] * 40, size=10)
    mark_analysed(found)
    add_incidents(found, timedelta(seconds=5), 10)
    submit_attempt(hall.platform, candidate, attempt.id, LEASE)
    mark_analysed(found)
    return found


def open_review(page: Page, hall: Hall, watched: Watched) -> None:
    page.goto(f"{hall.url}/review/{watched.session_id}")
    page.locator("#review[data-ready]").wait_for()


def review_state(watched: Watched) -> str:
    with watched.platform.db.reading() as session:
        return session.get_one(Attempt, watched.attempt_id).review_state


EARLIER = """async (milliseconds) => {
  const { Recording } = await import('/static/js/review_recording.js');
  const { session_id, start, end } = JSON.parse(document.getElementById('review-data').textContent);
  const first = new Recording(session_id, Date.parse(start), Date.parse(end));
  await new Promise((loaded) => { first.onWindow = loaded; first.need(first.start); });
  const at = first.following('camera', first.start, 1)[0].at;
  return [milliseconds, 0, -1].map((before) => first.first('camera', at - before)?.at === at);
}"""
"""Whether the first picture stands in so long before it, at its moment, and later."""


def look_by_keys(page: Page) -> None:
    """Go through the recording with keys alone: jump, step, play, dismiss, count."""
    expect(page.locator("figure[data-shown] img")).to_be_visible()
    first = page.locator("figure[data-stream]").get_attribute("data-shown")
    page.keyboard.press("n")
    second = page.locator('#incidents > li[aria-current="true"]')
    expect(second).to_contain_text("Second person in view")
    expect(page.locator("#position")).to_have_text("0:05")
    expect(page.locator("figure[data-shown] > svg rect")).to_have_count(1)
    assert page.locator("figure[data-stream]").get_attribute("data-shown") != first
    page.keyboard.press(".")
    expect(page.locator("figure[data-shown] > svg rect")).to_have_count(0)
    page.keyboard.press("c")
    expect(second.get_by_role("checkbox")).to_be_checked()
    expect(page.locator("#counted")).to_have_text("1")
    page.keyboard.press("p")
    page.keyboard.press("d")
    dismissed = page.locator('#incidents > li[data-state="dismissed"]')
    expect(dismissed).to_contain_text("No face in view")
    expect(dismissed.get_by_role("checkbox")).to_be_disabled()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    expect(page.locator("#position")).not_to_have_text("0:00")
    page.keyboard.press("Space")


def decide(page: Page, outcome: str, reason: str) -> None:
    page.locator(f'input[name="outcome"][value="{outcome}"]').check()
    page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name="Write the decision down").click()
    expect(page.get_by_text("The decision is written down.", exact=True)).to_be_visible()


def test_decide_see_appeal_and_decide_again(hall: Hall, watched: Watched, desks: Desks) -> None:
    reviewer = desks.open("reviewer")
    reviewer.goto(f"{hall.url}/review")
    reviewer.get_by_role("link", name="Candidate", exact=True).click()
    reviewer.locator("#review[data-ready]").wait_for()
    assert reviewer.evaluate(EARLIER, 300) == [True, True, False]
    assert reviewer.evaluate(EARLIER, 5000) == [False, True, False]
    look_by_keys(reviewer)
    decide(reviewer, "concern", "A second face was in view for some seconds.")

    candidate = desks.open("candidate")
    candidate.goto(f"{hall.url}/home")
    expect(candidate.get_by_text("Reviewed", exact=True)).to_be_visible()
    candidate.get_by_role("link", name="Result and receipt", exact=True).click()
    part = candidate.locator("#review-of-session")
    expect(part).to_contain_text("A second face was in view for some seconds.")
    expect(part).not_to_contain_text("No face in view")
    expect(part.locator("figure[data-shot] img")).to_have_count(1)
    part.get_by_label("Appeal").fill("My father came in by mistake.")
    part.get_by_role("button", name="Send the appeal").click()
    expect(part.get_by_text("Waits for an answer", exact=True)).to_be_visible()
    expect(part.get_by_label("Appeal", exact=True)).to_have_count(0)

    open_review(reviewer, hall, watched)
    expect(reviewer.get_by_text("another reviewer decides the appeal")).to_be_visible()
    second = desks.open("second")
    open_review(second, hall, watched)
    counted = second.locator('input[name="incident"]:checked')
    expect(counted).to_have_count(1)
    counted.uncheck()
    decide(second, "no_concern", "The father left at once.")
    assert review_state(watched) == "final"

    candidate.reload()
    expect(part).to_contain_text("The father left at once.")
    expect(part).to_contain_text("This is final.")


def test_no_page_shuts_anybody_out(hall: Hall, watched: Watched, desks: Desks) -> None:
    session, exam = f"/review/{watched.session_id}", f"/review/statistics/{watched.exam_id}"
    # What looks at the pages breaks their policy itself.
    page = desks.open("reviewer", is_watched=False)
    found = [fault for path in (session, exam) for fault in look_at(page, hall.url + path)]
    assert found == []
