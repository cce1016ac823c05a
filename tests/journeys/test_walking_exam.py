"""One proctored exam from the author to the partner, as an institution runs it: small and at scale.

The camera is fed from real photographs: one person, then two, then an empty room.
"""

import csv
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.journeys import walk
from tests.journeys.browser import launch_chromium
from tests.journeys.camera import Scene, write_film
from tests.journeys.deployment import Deployment, embedded, scaled, wait_for
from tests.partner import Partner, partner

pytestmark = [pytest.mark.browser, pytest.mark.vision, pytest.mark.timeout(300)]

FIRST_SCENE_SECONDS, SCENE_SECONDS = 18, 12
LIMIT_SECONDS = 5.0
"""How soon after the change in front of the camera the proctor must see it."""


@pytest.fixture
def film(shared: Path, tmp_path: Path) -> Path:
    """A film of one person, two persons, an empty room, one person."""
    with (shared / "media/MANIFEST.csv").open() as file:
        photographs = [row for row in csv.DictReader(file) if row["redistributable"] == "yes"]

    def find(persons: str, faces: str) -> Path:
        names = [p["file"] for p in photographs if (p["persons"], p["faces"]) == (persons, faces)]
        return shared / "media" / names[0]

    one, two, empty = find("1", "1"), find("2", "2"), find("0", "0")
    return write_film(
        tmp_path / "camera.y4m",
        [
            Scene(one, FIRST_SCENE_SECONDS),
            Scene(two, SCENE_SECONDS),
            Scene(empty, SCENE_SECONDS),
            Scene(one, 60),
        ],
    )


@pytest.fixture(params=["embedded", pytest.param("scaled", marks=pytest.mark.services)])
def deployment(
    request: pytest.FixtureRequest, tmp_path: Path, models_dir: Path
) -> Iterator[Deployment]:
    """A running examhall of each kind."""
    if request.param == "embedded":
        with embedded(tmp_path, models_dir) as running:
            yield running
        return
    services = [request.getfixturevalue(name) for name in ("postgres_url", "redis_url")]
    with scaled(tmp_path, models_dir, *services, request.getfixturevalue("s3_server")) as running:
        yield running


@pytest.fixture
def browser(chromium_path: str, film: Path) -> Iterator[Browser]:
    """A Chromium whose camera shows the film."""
    with (
        sync_playwright() as playwright,
        launch_chromium(playwright, chromium_path, film) as opened,
    ):
        yield opened


def expect_incident(wall: Page, title: str, changed_at: float) -> float:
    """See an incident with its evidence frame on the wall, soon enough; return the delay."""
    entry = wall.locator("#incidents > li", has_text=title).first
    expect(entry).to_be_visible(timeout=15_000)
    frame = entry.locator("img").first
    wait_for(lambda: frame.evaluate("picture => picture.naturalWidth > 0"), 5)
    delay = time.time() - changed_at
    assert delay <= LIMIT_SECONDS, f"{title}: on the wall only {delay:.2f} s after the change"
    return delay


def mark_the_essay(exam: walk.Exam) -> None:
    """Let the grader give the one answer that waits its points."""
    (waiting,) = exam.grader.get(f"/exams/{exam.id}/waiting")
    exam.grader.post(
        f"/attempts/{waiting['attempt_id']}/items/{waiting['item_id']}/marks",
        {"fraction": "0.8", "comment": "Well put."},
    )


def expect_final_result(room: Page, records: Partner) -> None:
    """Wait for the final result on the page, and for the partner to be told of it once."""
    room.reload()
    expect(room.get_by_role("heading", name="Final result")).to_be_visible()
    expect(room.locator("[data-points]")).to_have_text("15")
    (told,) = wait_for(lambda: walk.results_told(records), 15)
    assert told["data"]["points"] == "15"
    time.sleep(3)
    assert len(walk.results_told(records)) == 1


def test_a_proctored_exam_walks_from_author_to_partner(deployment: Deployment, browser: Browser):
    with partner() as records:
        exam = walk.prepare_exam(deployment, records)
        wall = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        walk.sign_in(wall, deployment.url, "proctor")
        wall.goto(f"{deployment.url}/proctor/{exam.id}")

        candidate = browser.new_context(viewport={"width": 1440, "height": 900})
        room = candidate.new_page()
        walk.sign_in(room, deployment.url, "candidate")
        walk.check_in(room, deployment.url)
        walk.answer_facts(room)

        room.reload()
        walk.wait_for_room(room)
        walk.expect_facts(room)
        room.evaluate(walk.WATCH_CHANGES)

        second_person = walk.wait_for_change(room, 1, FIRST_SCENE_SECONDS + 10)
        expect_incident(wall, "Second person", second_person)
        empty_seat = walk.wait_for_change(room, 2, SCENE_SECONDS + 10)
        expect_incident(wall, "No face", empty_seat)

        candidate.set_offline(True)
        walk.answer_rest(room)
        expect(room.locator("#save [data-save-text]")).to_have_text(
            "Offline, 3 answers wait", timeout=10_000
        )
        candidate.set_offline(False)
        walk.wait_until_saved(room)

        walk.hand_in(room)
        digest = room.locator("#digest").inner_text()
        assert exam.author.post("/receipts/verify", {"digest": digest})["valid"]
        expect(room.locator("[data-points]")).to_have_text("11", timeout=15_000)
        expect(
            room.get_by_text("11 of 16 points so far, 1 answer awaits a marker.")
        ).to_be_visible()
        assert walk.results_told(records) == []

        mark_the_essay(exam)
        expect_final_result(room, records)
