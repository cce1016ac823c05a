"""A phone beside the computer: scanned in at the check-in, lost and found again in the exam."""

from collections.abc import Iterator
from datetime import timedelta

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import func, select

from examhall.core.proctoring.models import Chunk
from examhall.core.proctoring.room_camera import states
from tests.journeys.hall import Hall
from tests.journeys.room import Faults, find_misfits, sign_in, wait_for_room

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

SLOW = 30_000
WATCHED = {"enabled": True, "detectors": ["face"], "room_camera": "required"}
ROOM = select(func.count()).where(Chunk.stream == "room")


@pytest.fixture
def phone(chromium: Browser, faults: Faults) -> Iterator[Page]:
    """A page of a phone that nobody has signed in on."""
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True
    )
    context.set_default_timeout(SLOW)
    page = context.new_page()
    faults.watch(page)
    yield page
    context.close()


def go_to_room_step(page: Page) -> None:
    page.get_by_role("button", name="Begin the check-in").click()
    page.locator("body[data-ready]").wait_for()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("checkbox", name="Camera").check()
    page.get_by_role("button", name="I agree", exact=True).click()
    page.get_by_role("button", name="Test the camera").click()
    page.locator("#camera-done:enabled").click()


def scan(page: Page) -> str:
    """Return what a phone's camera reads in the QR code on the computer's screen."""
    page.locator("[data-qr]:visible").wait_for()
    shot = np.frombuffer(page.locator("[data-qr]:visible").screenshot(), np.uint8)
    text, _, _ = cv2.QRCodeDetector().detectAndDecode(cv2.imdecode(shot, cv2.IMREAD_GRAYSCALE))
    return str(text)


def agree(phone: Page) -> None:
    phone.get_by_role("button", name="Show the picture").click()
    phone.get_by_role("button", name="I agree, connect").click()
    expect(phone.locator("#sent-state")).to_contain_text("being sent", timeout=SLOW)


def test_a_phone_joins_is_lost_and_comes_back(
    hall: Hall, device: BrowserContext, phone: Page, faults: Faults
) -> None:
    hall.open_exam(proctoring=WATCHED)
    page = sign_in(device, hall.url, "candidate", hall.password)
    page.set_default_timeout(SLOW)
    faults.watch(page)
    go_to_room_step(page)
    phone.goto(scan(page))
    expect(page.locator("#room-camera-done")).to_be_disabled(timeout=SLOW)
    agree(phone)
    page.locator("#room-camera-step[data-phone=connected]").wait_for()
    page.locator("#room-camera-done:enabled").click()
    page.get_by_role("button", name="Start the exam").click()
    wait_for_room(page)
    page.locator("#room[data-phone=connected]").wait_for()
    expect(page.locator("#ask-phone")).to_be_hidden(timeout=SLOW)

    phone.get_by_role("button", name="Disconnect", exact=True).click()
    phone.get_by_role("button", name="Disconnect now").click()
    expect(phone.locator("#over-text")).to_have_text(
        "You have disconnected this phone.", timeout=SLOW
    )
    page.locator("#ask-phone").get_by_role("button").click()
    code = page.locator("#pair [data-code]")
    expect(code).to_be_visible(timeout=SLOW)
    phone.get_by_role("link", name="Type another code").click()
    phone.get_by_role("textbox", name="Code").fill(code.inner_text().lower())
    phone.get_by_role("button", name="Continue").click()
    agree(phone)
    page.locator("#room[data-phone=connected]").wait_for()
    page.locator("#pair").get_by_role("button", name="Close").click()
    expect(page.locator("#ask-phone")).to_be_hidden(timeout=SLOW)

    phone.reload()
    expect(phone.locator("#sent-state")).to_contain_text("being sent", timeout=SLOW)
    page.locator("[data-submit]:visible").first.click()
    page.get_by_role("button", name="Hand in now").click()
    page.wait_for_url("**/result")
    expect(phone.locator("#over-text")).to_have_text("The exam is over.", timeout=SLOW)
    with hall.platform.db.reading() as session:
        assert (session.scalar(ROOM) or 0) >= 3


def test_a_phone_that_falls_silent_is_seen(
    hall: Hall, device: BrowserContext, phone: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states, "LOST_AFTER", timedelta(seconds=8))
    hall.open_exam(proctoring={**WATCHED, "room_camera": "optional"})
    page = sign_in(device, hall.url, "candidate", hall.password)
    page.set_default_timeout(SLOW)
    go_to_room_step(page)
    expect(page.locator("#room-camera-done")).to_be_enabled(timeout=SLOW)
    misfits = find_misfits(page)
    phone.goto(scan(page))
    misfits += find_misfits(phone)
    agree(phone)
    misfits += find_misfits(phone)
    page.locator("#room-camera-step[data-phone=connected]").wait_for()
    phone.context.close()
    page.locator("#room-camera-step[data-phone=lost]").wait_for()
    assert not misfits
