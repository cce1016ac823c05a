"""A candidate goes to another tab: seen while it lasts, and noted once."""

import time
from pathlib import Path

import pytest
from sqlalchemy import select

from examhall.core.proctoring.models import IncidentRecord
from tests.journeys.deployment import wait_for
from tests.journeys.hall import Hall
from tests.journeys.tabs import Tab, open_tabs

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]

WATCHED = {"enabled": True, "detectors": ["browser"], "consent_text": "The page is watched."}
LIMIT_SECONDS = 5.0


def sign_in(tab: Tab, hall: Hall, login: str) -> None:
    tab.wait_for("document.querySelector('[name=password]')")
    tab.read(f"document.querySelector('[name=login]').value = '{login}'")
    tab.read(f"document.querySelector('[name=password]').value = '{hall.password}'")
    tab.press("Sign in")


def enter_room(tab: Tab) -> None:
    tab.press("Begin the check-in")
    tab.wait_for("document.querySelector('body[data-ready]')")
    tab.press("Continue")
    tab.wait_for("document.querySelector('#consent input[type=checkbox]')?.checkVisibility()")
    tab.read("document.querySelectorAll('#consent input[type=checkbox]').forEach((b) => b.click())")
    tab.press("I agree")
    tab.press("Start the exam")
    tab.wait_for("document.querySelector('#room[data-ready]')")


def absences(hall: Hall) -> list[IncidentRecord]:
    """Return the incidents of a hidden page."""
    with hall.platform.db.reading() as session:
        wanted = select(IncidentRecord).where(IncidentRecord.kind == "browser.hidden")
        return list(session.scalars(wanted))


def test_another_tab_is_noted_while_it_is_before_the_exam(
    hall: Hall, chromium_path: str, tmp_path: Path
) -> None:
    hall.open_exam(proctoring=WATCHED)
    with open_tabs(chromium_path, tmp_path / "profile") as browser:
        room = browser.open(f"{hall.url}/sign-in")
        sign_in(room, hall, "candidate")
        enter_room(room)
        assert room.read("document.visibilityState") == "visible"

        left_at = time.time()
        browser.open("about:blank")
        room.wait_for("document.hidden")
        wait_for(lambda: absences(hall), LIMIT_SECONDS)
        assert time.time() - left_at <= LIMIT_SECONDS

        time.sleep(1.5)
        room.show()
        room.wait_for("document.visibilityState === 'visible'")
        back_at = time.time()
        wait_for(lambda: absences(hall)[0].ended_at.timestamp() > left_at + 1.5, 15)
        # Two more reports of the page, which must not make the absence longer.
        time.sleep(2)
        (absence,) = absences(hall)
        assert left_at - 1 < absence.started_at.timestamp() < left_at + 1
        assert absence.ended_at.timestamp() < back_at + 1
