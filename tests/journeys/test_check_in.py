"""The check-in in a real browser: consent first, and a plain word where something is missing."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, expect
from sqlalchemy import func, select

from examhall.core.attempts.operations import authorize
from examhall.core.proctoring.models import Chunk
from tests.journeys.browser import QUIET
from tests.journeys.hall import Hall
from tests.journeys.room import (
    Faults,
    enter_room,
    find_misfits,
    sign_in,
    wait_for_room,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

WATCHED = {"enabled": True, "detectors": ["face"], "consent_text": "The whole text."}


@pytest.fixture
def home(hall: Hall, device: BrowserContext, faults: Faults) -> Page:
    """The home page of a candidate with a watched exam."""
    hall.open_exam(proctoring=WATCHED)
    page = sign_in(device, hall.url, "candidate", hall.password)
    faults.watch(page)
    return page


@pytest.fixture
def device_without_camera(playwright: Playwright, chromium_path: str) -> Iterator[BrowserContext]:
    """A browser whose owner does not allow the camera."""
    refuse = [*QUIET, "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream=deny"]
    browser = playwright.chromium.launch(executable_path=chromium_path, args=refuse)
    yield browser.new_context()
    browser.close()


def begin(page: Page) -> None:
    page.get_by_role("button", name="Begin the check-in").click()
    page.locator("body[data-ready]").wait_for()
    page.get_by_role("button", name="Continue").click()


def count_chunks(hall: Hall) -> int:
    with hall.platform.db.reading() as session:
        return session.scalar(select(func.count()).select_from(Chunk)) or 0


def test_without_consent_nothing_starts_and_nothing_is_recorded(home: Page, hall: Hall) -> None:
    begin(home)
    expect(home.get_by_text("The whole text.")).to_be_visible()
    home.get_by_role("button", name="I do not agree").click()
    expect(home.locator("#refused")).to_be_visible()
    home.get_by_role("button", name="I agree", exact=True).click()
    expect(home.locator("#refused")).to_be_focused()
    expect(home.get_by_role("button", name="Start the exam")).not_to_be_visible()
    assert hall.attempt().state in {"created", "checking_in"}
    assert count_chunks(hall) == 0


def test_with_consent_the_camera_is_recorded_over_reloads(home: Page, hall: Hall) -> None:
    enter_room(home, watched=True)
    expect(home.locator('#room[data-camera="on"]')).to_be_attached()
    expect(home.locator("#sig-sent")).to_have_text("Stored")
    home.reload()
    wait_for_room(home)
    expect(home.locator("#sig-sent")).to_have_text("Stored")
    with hall.platform.db.reading() as session:
        numbers = session.scalars(select(Chunk.sequence).order_by(Chunk.sequence)).all()
    assert list(numbers) == list(range(len(numbers)))


def test_pictures_wait_without_a_network(
    home: Page, hall: Hall, device: BrowserContext, faults: Faults
) -> None:
    faults.allow("ERR_INTERNET_DISCONNECTED")
    enter_room(home, watched=True)
    expect(home.locator("#sig-sent")).to_have_text("Stored")
    device.set_offline(True)
    several = re.compile(r"^([6-9]|\d\d) waiting$")
    expect(home.locator("#sig-sent")).to_have_text(several, timeout=30_000)
    before = count_chunks(hall)
    device.set_offline(False)
    expect(home.locator('#room[data-chunks="0"]')).to_be_attached(timeout=20_000)
    assert count_chunks(hall) >= before + 5


def test_a_refused_camera_is_explained(hall: Hall, device_without_camera: BrowserContext) -> None:
    hall.open_exam(proctoring=WATCHED)
    page = sign_in(device_without_camera, hall.url, "candidate", hall.password)
    begin(page)
    page.get_by_role("checkbox", name="Camera").check()
    page.get_by_role("button", name="I agree", exact=True).click()
    page.get_by_role("button", name="Test the camera").click()
    expect(page.locator("#cam-state")).to_contain_text("does not allow the camera")
    expect(page.locator("#camera-done")).to_be_disabled()


def test_a_page_without_cameras_says_why(home: Page) -> None:
    home.add_init_script("Object.defineProperty(navigator, 'mediaDevices', {value: undefined})")
    begin(home)
    home.get_by_role("checkbox", name="Camera").check()
    home.get_by_role("button", name="I agree", exact=True).click()
    home.get_by_role("button", name="Test the camera").click()
    expect(home.locator("#cam-state")).to_contain_text("secure connection (https)")


def test_a_proctor_lets_the_candidate_in(
    hall: Hall, device: BrowserContext, faults: Faults
) -> None:
    hall.open_exam(proctoring={**WATCHED, "authorization": "proctor"})
    page = sign_in(device, hall.url, "candidate", hall.password)
    faults.watch(page)
    begin(page)
    page.get_by_role("checkbox", name="Camera").check()
    page.get_by_role("button", name="I agree", exact=True).click()
    page.get_by_role("button", name="Test the camera").click()
    page.locator("#camera-done:enabled").click()
    page.get_by_role("button", name="Start the exam").click()
    expect(page.locator("#waiting")).to_be_visible()
    authorize(hall.platform, hall.people.principal("proctor"), hall.attempt().id)
    page.get_by_role("button", name="Start the exam").click()
    wait_for_room(page)


def test_nothing_is_cut_off_at_any_size(home: Page) -> None:
    found = find_misfits(home)
    begin(home)
    found += find_misfits(home)
    home.get_by_role("checkbox", name="Camera").check()
    home.get_by_role("button", name="I agree", exact=True).click()
    home.get_by_role("button", name="Test the camera").click()
    expect(home.locator("#camera-done")).to_be_enabled()
    found += find_misfits(home)
    assert not found
