"""What happens before camera and microphone: noted soon, once each, then judged and answered."""

import csv
import time
import wave
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.journeys import walk
from tests.journeys.browser import launch_chromium
from tests.journeys.camera import Scene, write_film
from tests.journeys.client import Client
from tests.journeys.deployment import Deployment, embedded, wait_for
from tests.journeys.room import pass_devices

pytestmark = [pytest.mark.browser, pytest.mark.vision, pytest.mark.timeout(420)]

CALM, LONG, EVENT = 6.0, 20.0, 10.0
SILENCE, SPEECH, REST = 30.0, 8.0, 240.0
RATE = 16_000
DETECTORS = ["face", "second_person", "objects", "gaze", "audio", "browser"]
ACTS = ("person.second", "gaze.away", "object.phone", "face.missing")
"""What the film shows, in this order."""

LIMIT_SECONDS = 5.0
"""How soon after it happened the proctor must see it."""

REASON = "A second person was in the picture for some seconds."
HIDE = """hidden => {
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
  const state = hidden ? 'hidden' : 'visible';
  Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state });
  document.dispatchEvent(new Event('visibilitychange'));
}"""


NOTE_ARRIVALS = """() => {
  window.arrivedAt = {};
  new MutationObserver(() => {
    for (const entry of document.querySelectorAll("#incidents > li")) {
      window.arrivedAt[entry.dataset.kind] ??= Date.now() / 1000;
    }
  }).observe(document.getElementById("incidents"), { childList: true });
}"""


class Devices(NamedTuple):
    """What camera and microphone are fed from."""

    film: Path
    sound: Path


@pytest.fixture
def devices(shared: Path, tmp_path: Path) -> Devices:
    """One person, two, the person looks aside, holds a phone, is gone; and a voice."""
    media = shared / "media"
    with (media / "MANIFEST.csv").open() as file:
        photographs = [row for row in csv.DictReader(file) if row["redistributable"] == "yes"]

    def find(**wanted: str) -> Path:
        names = [p["file"] for p in photographs if wanted.items() <= p.items()]
        return media / names[0]

    clip = media / "video/center_left_center.mp4"
    shown = {
        "person.second": Scene(find(persons="2", faces="2"), EVENT),
        "gaze.away": Scene(clip, EVENT, 6.5, 8.5),
        "object.phone": Scene(find(phone="1", scene="phone"), EVENT),
        "face.missing": Scene(find(persons="0", faces="0"), EVENT),
    }
    calm = Scene(clip, CALM, 0.5, 3.5)
    scenes = [Scene(clip, LONG, 0.5, 3.5)]
    for act in ACTS:
        scenes += [shown[act], calm]
    film = write_film(tmp_path / "camera.y4m", [*scenes, Scene(clip, 60, 0.5, 3.5)])
    sound = write_sound(tmp_path / "microphone.wav", media / "audio/jfk.wav")
    return Devices(film, sound)


def write_sound(path: Path, voice: Path) -> Path:
    """Write silence, some seconds of a voice, and silence."""
    with wave.open(str(voice), "rb") as file:
        spoken = file.readframes(round(SPEECH * RATE))
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(bytes(2 * round(SILENCE * RATE)) + spoken + bytes(2 * round(REST * RATE)))
    return path


@pytest.fixture
def deployment(tmp_path: Path, models_dir: Path) -> Iterator[Deployment]:
    with embedded(tmp_path, models_dir) as running:
        yield running


@pytest.fixture
def browser(chromium_path: str, devices: Devices) -> Iterator[Browser]:
    """A Chromium whose camera and microphone are fed."""
    with (
        sync_playwright() as playwright,
        launch_chromium(playwright, chromium_path, devices.film, devices.sound) as opened,
    ):
        yield opened


def prepare_exam(deployment: Deployment) -> str:
    """Make accounts, and an exam of one question that all detectors of the journey watch."""
    deployment.run(
        *("user", "add", "admin", "--name", "Mira Kowalska", "--role", "admin"),
        "--password-stdin",
        said=walk.PASSWORD,
    )
    admin = Client(deployment.url, "admin", walk.PASSWORD)
    people = {**walk.PEOPLE, "reviewer": "Leila Haddad"}
    ids = {
        login: admin.post(
            "/users", {"login": login, "name": name, "password": walk.PASSWORD, "roles": [login]}
        )["id"]
        for login, name in people.items()
    }
    author = Client(deployment.url, "author", walk.PASSWORD)
    question = author.post(
        "/questions", {"type": "essay", "title": "Sky", "content": {"stem": "Why is it blue?"}}
    )
    watched = {"enabled": True, "detectors": DETECTORS, "consent_text": "You are watched."}
    exam = author.post("/exams", {"title": "Watched", "settings": {"proctoring": watched}})
    author.call(
        "PUT",
        f"/exams/{exam['id']}/structure",
        {
            "revision": exam["revision"],
            "sections": [
                {"title": "One", "items": [{"question_id": question["id"], "points": "1"}]}
            ],
        },
    )
    author.post(f"/exams/{exam['id']}/publish")
    author.post(f"/exams/{exam['id']}/registrations", {"user_id": ids["candidate"]})
    return str(exam["id"])


def check_in(page: Page, url: str) -> None:
    page.goto(f"{url}/home")
    page.get_by_role("button", name="Begin the check-in").click()
    expect(page.locator("body[data-ready]")).to_be_attached()
    page.get_by_role("button", name="Continue").click()
    for box in page.locator("#consent input[type=checkbox]").all():
        box.check()
    page.get_by_role("button", name="I agree", exact=True).click()
    pass_devices(page)
    page.get_by_role("button", name="Start the exam").click()
    walk.wait_for_room(page)


def see_incident(wall: Page, kind: str, seconds: float) -> tuple[Locator, float]:
    """Wait for the first incident of a kind on the wall; return it, and since when it is there."""
    entry = wall.locator(f'#incidents > li[data-kind="{kind}"]').first
    expect(entry).to_be_visible(timeout=seconds * 1000)
    return entry, float(wall.evaluate("kind => window.arrivedAt[kind]", kind))


def expect_picture(entry: Locator) -> None:
    picture = entry.locator(".th img")
    wait_for(lambda: picture.evaluate("one => one.naturalWidth > 0"), 5)


def watch_the_film(wall: Page, room: Page) -> dict[str, float]:
    """See every act become an incident with its picture; return after how many seconds each.

    The camera's picture changes as a whole where one scene follows another, but for the clip of
    somebody who looks aside: that follows a scene of the same clip, whose length is known.
    """
    delays = {}
    changes = 0
    for act in ACTS:
        patience = LONG + EVENT + CALM
        if act == "gaze.away":
            began = walk.wait_for_change(room, changes, patience) + CALM
        else:
            began = walk.wait_for_change(room, changes + 1, patience)
            changes += 2
        entry, seen = see_incident(wall, act, began + patience - time.time())
        expect_picture(entry)
        delays[act] = seen - began
    return delays


def hear_the_voice(deployment: Deployment, wall: Page) -> float:
    """See that somebody spoke, with the sound at hand; return how long after it began."""
    spoken, seen = see_incident(wall, "audio.speech", SILENCE)
    expect(spoken.get_by_role("button", name="Listen")).to_be_visible()
    proctor = Client(deployment.url, "proctor", walk.PASSWORD)
    watched = wall.locator(".tile").get_attribute("data-session")
    (began,) = (
        one["started_at"]
        for one in proctor.get(f"/proctoring/sessions/{watched}/incidents")["items"]
        if one["kind"] == "audio.speech"
    )
    return seen - datetime.fromisoformat(began).timestamp()


def leave_the_page(wall: Page, room: Page) -> float:
    """Hide the page, and see that it was noted while it lasts; return how soon."""
    began = time.time()
    room.evaluate(HIDE, True)
    _, seen = see_incident(wall, "browser.hidden", 15)
    room.evaluate(HIDE, False)
    return seen - began


def hand_in(room: Page) -> None:
    room.locator("[data-position]:visible").get_by_role("textbox").fill("Because of the air.")
    walk.wait_until_saved(room)
    walk.hand_in(room)


def judge(review: Page, url: str, titles: list[str]) -> None:
    """Find all incidents beside the recording, and decide that one counts."""
    walk.sign_in(review, url, "reviewer")
    review.goto(f"{url}/review")
    review.get_by_role("link", name=walk.PEOPLE["candidate"]).click()
    review.locator("#review[data-ready]").wait_for()
    for title in titles:
        expect(review.locator("#incidents h3").get_by_text(title, exact=True)).to_have_count(1)
    second = review.locator("#incidents > li", has_text="Second person in view")
    second.get_by_role("button", name="Go to").click()
    shown = review.locator('figure[data-stream="camera"] img')
    wait_for(lambda: shown.evaluate("one => one.naturalWidth > 0"), 15)
    second.get_by_role("checkbox", name="Counts").check()
    review.locator('#decide [name="outcome"][value="concern"]').check()
    review.get_by_label("Reason").fill(REASON)
    review.get_by_role("button", name="Write the decision down").click()
    expect(review.get_by_role("form")).to_have_count(0)


def answer(room: Page) -> None:
    """See what was decided and why, with the picture that counts, and appeal."""
    room.reload()
    expect(room.get_by_text("A second person was in the picture for some seconds.")).to_be_visible()
    room.get_by_label("Appeal").fill("That was my mother, who brought me a glass of water.")
    room.get_by_role("button", name="Send the appeal").click()
    expect(room.get_by_text("Waits for an answer")).to_be_visible()


def test_what_happens_is_noted_once_judged_by_people_and_answered(
    deployment: Deployment, browser: Browser
) -> None:
    exam_id = prepare_exam(deployment)
    wall = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    walk.sign_in(wall, deployment.url, "proctor")
    wall.goto(f"{deployment.url}/proctor/{exam_id}")
    wall.locator("#wall[data-ready]").wait_for()
    wall.evaluate(NOTE_ARRIVALS)
    room = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    walk.sign_in(room, deployment.url, "candidate")
    check_in(room, deployment.url)
    room.evaluate(walk.WATCH_CHANGES)

    delays = watch_the_film(wall, room)
    delays["audio.speech"] = hear_the_voice(deployment, wall)
    delays["browser.hidden"] = leave_the_page(wall, room)
    assert max(delays.values()) <= LIMIT_SECONDS, delays
    entries = [
        wall.locator(f'#incidents > li[data-kind="{kind}"]')
        for kind in (*ACTS, "audio.speech", "browser.hidden")
    ]
    for entry in entries:
        expect(entry).to_have_count(1)
    titles = [entry.locator("[data-title]").inner_text() for entry in entries]

    hand_in(room)
    judge(browser.new_context().new_page(), deployment.url, titles)
    answer(room)
