"""The wall in a real browser: who is there, what happened, and what a proctor does about it."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import select

from examhall.core.attempts.operations import complete_check_in, create_attempt
from examhall.core.attempts.starting import start_attempt
from examhall.core.db import database_now
from examhall.core.permissions import Principal, Role
from examhall.core.proctoring.consents import get_consent_form, publish_consent, record_consent
from examhall.core.proctoring.incidents import publish_incident
from examhall.core.proctoring.messages.marks import mark_read_by_candidate
from examhall.core.proctoring.messages.operations import Draft, write_to_proctors
from examhall.core.proctoring.messages.queries import list_own_messages
from examhall.core.proctoring.models import IncidentRecord, ProctoringSession
from examhall.core.proctoring.operations import find_session
from tests.crowd import Member, gather, send_frame
from tests.journeys.hall import Hall
from tests.journeys.room import Faults, find_misfits, sign_in
from tests.journeys.test_pages import GRAVE, LOOK

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

WATCHED = {"enabled": True, "detectors": ["face"], "authorization": "proctor"}


@pytest.fixture
def exam_id(hall: Hall) -> UUID:
    """An exam that is watched."""
    return hall.house.published(settings={"proctoring": WATCHED}).exam_id


@pytest.fixture
def wall(hall: Hall, exam_id: UUID, chromium: Browser, faults: Faults) -> Iterator[Page]:
    """The wall of the exam, open before anybody came."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(15_000)
    page = sign_in(context, hall.url, "proctor", hall.password)
    faults.watch(page)
    page.goto(f"{hall.url}/proctor/{exam_id}")
    page.locator("#wall[data-ready]").wait_for()
    yield page
    context.close()


def arrive(hall: Hall, exam_id: UUID, name: str) -> UUID:
    """Let a candidate begin the check-in; returns the proctoring session's id."""
    candidate = hall.house.person(Role.CANDIDATE)
    registration = hall.house.register(exam_id, candidate, candidate_number=name)
    attempt = create_attempt(hall.platform, candidate, registration.id)
    with hall.platform.db.reading() as session:
        watched = find_session(session, attempt.id)
        assert watched is not None
        return watched.id


def report(hall: Hall, session_id: UUID, kind: str, severity: str, explanation: str) -> None:
    """Write an incident down, as the analysis does."""
    with hall.platform.db.transaction() as session:
        now = database_now(session)
        row = IncidentRecord(
            session_id=session_id,
            kind=kind,
            started_at=now - timedelta(seconds=3),
            ended_at=now,
            severity=severity,
            confidence=0.9,
            explanation=explanation,
            created_at=now,
            updated_at=now,
        )
        session.add(row)
        session.flush()
        watched = session.get_one(ProctoringSession, session_id)
        publish_incident(session, hall.platform, watched, row, "opened")


def names(page: Page) -> list[str]:
    return page.locator("#tiles [data-line]").all_inner_texts()


def test_candidates_appear_and_the_most_urgent_come_first(
    wall: Page, hall: Hall, exam_id: UUID
) -> None:
    expect(wall.get_by_text("Nobody is being watched here")).to_be_visible()
    first, second = arrive(hall, exam_id, "1001"), arrive(hall, exam_id, "1002")
    expect(wall.locator(".tile")).to_have_count(2)
    report(hall, second, "person.second", "high", "Two faces.")
    expect(wall.locator(".tile").first.locator("[data-line]")).to_contain_text("1002")
    expect(wall.locator(".tile.bad .tag")).to_be_visible()
    report(hall, first, "face.missing", "medium", "No face.")
    expect(wall.locator(".tile.warn")).to_have_count(1)
    wall.get_by_role("button", name="Attention 1").click()
    assert "1002" in names(wall)[0]
    wall.get_by_role("button", name="All 2").click()
    wall.get_by_label("Find candidate").fill("1001")
    expect(wall.locator(".tile")).to_have_count(1)
    wall.get_by_label("Find candidate").fill("9999")
    expect(wall.get_by_text("No candidate matches.")).to_be_visible()


def test_incidents_are_noted_dismissed_and_opened_again(
    wall: Page, hall: Hall, exam_id: UUID
) -> None:
    session_id = arrive(hall, exam_id, "1001")
    report(hall, session_id, "person.second", "high", "Two <b>faces</b>.")
    entry = wall.locator("#incidents > li")
    expect(entry).to_contain_text("Two <b>faces</b>.")
    entry.get_by_role("button", name="Note").click()
    wall.get_by_label("What you saw").fill("A sister came in.")
    wall.get_by_role("button", name="Keep the note").click()
    expect(entry).to_contain_text("A sister came in.")
    expect(wall.locator('#open-chip [data-n="open"]')).to_have_text("0")
    entry.get_by_role("button", name="Open again").click()
    entry.get_by_role("button", name="Dismiss").click()
    expect(entry).to_contain_text("Dismissed")
    with hall.platform.db.reading() as session:
        assert session.scalars(select(IncidentRecord.state)).one() == "dismissed"


def test_a_proctor_lets_in_and_needs_a_reason_to_pause(
    wall: Page, hall: Hall, exam_id: UUID
) -> None:
    session_id = arrive(hall, exam_id, "1001")
    attempt = hall.attempt()
    candidate = Principal(attempt.user_id, "c", frozenset({(Role.CANDIDATE, None)}))
    tile = wall.locator(f'.tile[data-session="{session_id}"]')
    answer_consent(hall, candidate, given=False)
    expect(tile.locator("[data-line]")).to_contain_text("no consent: camera", timeout=15_000)
    answer_consent(hall, candidate, given=True)
    expect(tile.locator("[data-line]")).not_to_contain_text("no consent", timeout=15_000)
    complete_check_in(hall.platform, candidate, attempt.id)
    expect(tile.locator("[data-line]")).to_contain_text("Waits to be let in", timeout=15_000)
    tile.get_by_role("button").click()
    wall.get_by_role("button", name="Let in").click()
    expect(wall.locator("#person-state")).to_have_text("About to start")
    assert hall.attempt().state == "authorized"
    start_attempt(hall.platform, candidate, attempt.id, "the-lease-of-this-tab")
    end_the_exam(wall, hall)


def answer_consent(hall: Hall, candidate: Principal, *, given: bool) -> None:
    with hall.platform.db.transaction() as session:
        form = get_consent_form(session, candidate, hall.attempt().id)
        answers = {one.key: given for one in form.classes}
        record_consent(session, candidate, hall.attempt().id, answers, form.text_digest)
        publish_consent(session, hall.platform, form)


def end_the_exam(wall: Page, hall: Hall) -> None:
    """End it after an extension: with a reason of its own, and only when it is confirmed."""
    person, asked = wall.locator("#person"), wall.get_by_role("dialog", name="End the exam?")
    person.get_by_role("button", name="Add minutes").click(timeout=15_000)
    expect(person.get_by_text("Write a reason first.")).to_be_visible()
    person.get_by_label("Reason").fill("Fire alarm")
    person.get_by_role("button", name="Add minutes").click()
    expect(person.get_by_text("Time was added.")).to_be_visible()
    person.get_by_role("button", name="End the exam").click()
    expect(person.get_by_text("Write a reason first.")).to_be_visible()
    person.get_by_label("Reason").fill("Asked to stop")
    person.get_by_role("button", name="End the exam").click()
    asked.get_by_role("button", name="Let it go on").click()
    assert hall.attempt().state == "in_progress"
    person.get_by_role("button", name="End the exam").click()
    expect(asked).to_contain_text("Reason: Asked to stop")
    asked.get_by_role("button", name="End it now").click()
    expect(wall.get_by_text("Nobody is being watched here")).to_be_visible(timeout=15_000)
    assert hall.attempt().state == "terminated"


def test_pictures_are_blurred_until_there_is_something_to_see(
    wall: Page, hall: Hall, exam_id: UUID
) -> None:
    session_id = arrive(hall, exam_id, "1001")
    expect(wall.locator(".wall.blurred .tile.quiet")).to_have_count(1)
    report(hall, session_id, "face.missing", "medium", "No face.")
    expect(wall.locator(".wall.blurred .tile.quiet")).to_have_count(0)
    wall.get_by_role("button", name="Privacy blur").click()
    expect(wall.locator(".wall.blurred")).to_have_count(0)


def test_nothing_is_cut_off_at_any_size(wall: Page, hall: Hall, exam_id: UUID) -> None:
    session_id = arrive(hall, exam_id, "1001")
    report(hall, session_id, "person.second", "high", "Two faces.")
    expect(wall.locator("#incidents > li")).to_have_count(1)
    found = find_misfits(wall)
    wall.set_viewport_size({"width": 390, "height": 844})
    wall.get_by_role("button", name="Incidents").click()
    found += find_misfits(wall)
    wall.set_viewport_size({"width": 1440, "height": 900})
    found += find_grave(wall)
    wall.locator("[data-person]").first.click()
    found += find_misfits(wall) + find_grave(wall)
    assert not found


def ask(hall: Hall, member: Member, text: str) -> None:
    """Write to the proctors, as the exam room does."""
    write_to_proctors(hall.platform, member.principal, member.attempt_id, Draft(uuid4(), text))


def test_a_conversation_with_a_candidate(wall: Page, hall: Hall, exam_id: UUID) -> None:
    first, second = gather(hall.house, exam_id, 2, start=False)
    ask(hall, second, "May I <i>open</i> the window?")
    tile = wall.locator(f'.tile[data-session="{second.session_id}"]')
    expect(tile.locator(".asks")).to_have_text("1")
    wall.get_by_role("button", name="Messages 1").click()
    expect(wall.locator(".tile")).to_have_count(1)
    tile.locator("[data-person]").click()
    log = wall.locator("#person-log > li")
    expect(log).to_contain_text("May I <i>open</i> the window?")
    expect(tile.locator(".asks")).to_be_hidden()
    wall.get_by_label("Messages at hand").first.select_option(index=5)
    wall.get_by_role("button", name="Send", exact=True).click()
    expect(log).to_have_count(2)
    expect(log.nth(1)).to_contain_text("Thank you, all is well.")
    with hall.platform.db.reading() as session:
        said = list_own_messages(session, second.principal, second.attempt_id).items
    mark_read_by_candidate(hall.platform, second.principal, second.attempt_id, [said[1].id])
    expect(log.nth(1)).to_contain_text("Read")
    assert said[0].read_at is not None
    with hall.platform.db.reading() as session:
        assert not list_own_messages(session, first.principal, first.attempt_id).items


def test_a_warning_about_an_incident_and_an_announcement(
    wall: Page, hall: Hall, exam_id: UUID
) -> None:
    member = gather(hall.house, exam_id, 1, start=False)[0]
    report(hall, member.session_id, "person.second", "high", "Two people were seen.")
    entry = wall.locator("#incidents > li")
    entry.get_by_role("button", name="Warn").click()
    wall.get_by_label("Warning", exact=True).fill("Please be alone.")
    wall.get_by_role("button", name="Send the warning").click()
    expect(entry).to_contain_text("Warned: Please be alone.")
    wall.get_by_role("button", name="Announce").click()
    wall.get_by_label("Announcement").fill("Ten minutes left.")
    wall.get_by_role("button", name="Send to all").click()
    expect(wall.get_by_text("Sent to 1 candidate.")).to_be_visible()
    with hall.platform.db.reading() as session:
        said = list_own_messages(session, member.principal, member.attempt_id).items
    assert [one.kind for one in said] == ["warning", "announcement"]


def test_candidates_are_divided_among_proctors(wall: Page, hall: Hall, exam_id: UUID) -> None:
    gather(hall.house, exam_id, 4, start=False)
    hall.people.make("colleague", [Role.PROCTOR])
    expect(wall.locator(".tile")).to_have_count(4)
    wall.get_by_role("button", name="Proctors").click()
    expect(wall.locator("#proctor-list > li")).to_have_count(2)
    wall.get_by_role("button", name="Divide evenly").click()
    expect(wall.get_by_text("Divided evenly.")).to_be_visible()
    wall.keyboard.press("Escape")
    wall.get_by_role("button", name="Mine 2").click()
    expect(wall.locator(".tile")).to_have_count(2)
    wall.locator(".tile [data-person]").first.click()
    wall.get_by_label("Looked after by").select_option("Colleague")
    expect(wall.locator('.seg [data-n="mine"]')).to_have_text("1")


def test_tiles_stay_where_they_are_while_somebody_points_at_them(
    wall: Page, hall: Hall, exam_id: UUID
) -> None:
    members = gather(hall.house, exam_id, 3, start=False)
    tiles = wall.locator(".tile")
    expect(tiles).to_have_count(3)
    tiles.first.hover()
    wall.mouse.move(*middle(tiles.first))
    before = names(wall)
    calm = next(one for one in members if str(20400 + one.number) in before[2])
    report(hall, calm.session_id, "person.second", "high", "Two people were seen.")
    expect(wall.locator(".tile.bad")).to_have_count(1)
    expect(wall.get_by_text("Order held")).to_be_visible()
    assert [line[:5] for line in names(wall)] == [line[:5] for line in before]
    wall.mouse.move(5, 5)
    expect(tiles.first.locator("[data-line]")).to_contain_text(before[2][:5])


def test_every_tile_shows_its_candidates_newest_picture(
    wall: Page, hall: Hall, exam_id: UUID
) -> None:
    members = gather(hall.house, exam_id, 24, start=False)
    expect(wall.locator(".tile")).to_have_count(24, timeout=30_000)
    for _ in range(2):
        shown = {str(one.session_id): send_frame(hall.house, one) for one in members}
        for session_id, sha256 in shown.items():
            tile = wall.locator(f'.tile[data-session="{session_id}"][data-frame="{sha256}"]')
            expect(tile).to_be_attached(timeout=60_000)
    expect(wall.locator('.tiles[data-size="small"] .tile .age:visible')).to_have_count(24)


def test_the_wall_is_run_from_the_keyboard(wall: Page, hall: Hall, exam_id: UUID) -> None:
    member = gather(hall.house, exam_id, 2, start=False)[1]
    report(hall, member.session_id, "person.second", "high", "Two people were seen.")
    expect(wall.locator(".tile.bad")).to_have_count(1)
    wall.keyboard.press("n")
    expect(wall.locator(".tile.bad [data-person]")).to_be_focused()
    wall.keyboard.press("ArrowRight")
    expect(wall.locator(".tile.quiet [data-person]")).to_be_focused()
    wall.keyboard.press("i")
    wall.keyboard.press("d")
    expect(wall.locator("#incidents > li")).to_contain_text("Dismissed")
    wall.keyboard.press("5")
    expect(wall.locator(".tile")).to_have_count(0)
    wall.keyboard.press("/")
    expect(wall.get_by_label("Find candidate")).to_be_focused()
    wall.keyboard.type("1")
    expect(wall.get_by_role("button", name="Waiting 0")).to_have_attribute("aria-pressed", "true")
    wall.get_by_label("Find candidate").blur()
    wall.keyboard.press("?")
    wall.get_by_label("Use single keys as shortcuts").uncheck()
    wall.keyboard.press("Escape")
    wall.keyboard.press("1")
    expect(wall.locator(".tile")).to_have_count(0)


def middle(element: Locator) -> tuple[float, float]:
    box = element.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def find_grave(page: Page) -> list[str]:
    """Return what axe-core finds and shuts people out."""
    page.evaluate(AXE_SCRIPT)
    return [str(fault) for fault in page.evaluate(LOOK) if fault["impact"] in GRAVE]
