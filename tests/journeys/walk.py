"""What people do in the walking exam, each function one person's deed."""

import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, Page, expect

from examhall.web.demo_exam import CONSENT, QUESTIONS
from tests.journeys.client import Client
from tests.journeys.deployment import Deployment
from tests.partner import Partner

PASSWORD = "a long enough secret"
WEBHOOK_SECRET = "shared between the two of us"
PEOPLE = {
    "author": "Samuel Okafor",
    "grader": "Ines Duarte",
    "proctor": "Jonas Berg",
    "candidate": "Anna Hill",
}
WATCH_CHANGES = """() => {
  const video = document.querySelector(".selfv video");
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [16, 12];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  let last = null;
  window.sceneChanges = [];
  setInterval(() => {
    // The first picture after the black of an opening camera is no change of scene.
    if (video.currentTime < 1) return;
    context.drawImage(video, 0, 0, 16, 12);
    const now = context.getImageData(0, 0, 16, 12).data;
    if (last) {
      let sum = 0;
      for (let n = 0; n < now.length; n += 1) sum += Math.abs(now[n] - last[n]);
      const [at, before] = [Date.now() / 1000, window.sceneChanges.at(-1) ?? 0];
      if (sum / now.length > 12 && at - before > 2) window.sceneChanges.push(at);
    }
    last = now;
  }, 40);
}"""


@dataclass(frozen=True)
class Exam:
    """What was set up: the exam and the programs of the people who look after it."""

    id: str
    author: Client
    grader: Client


def prepare_exam(deployment: Deployment, partner: Partner) -> Exam:
    """An admin makes accounts and a connection; an author makes, publishes and fills an exam."""
    deployment.run(
        "user",
        "add",
        "admin",
        "--name",
        "Mira Kowalska",
        "--role",
        "admin",
        "--password-stdin",
        said=PASSWORD,
    )
    admin = Client(deployment.url, "admin", PASSWORD)
    ids = {
        login: admin.post(
            "/users", {"login": login, "name": name, "password": PASSWORD, "roles": [login]}
        )["id"]
        for login, name in PEOPLE.items()
    }
    admin.post(
        "/connections",
        {
            "provider": "webhook",
            "title": "Student records",
            "config": {"url": f"{partner.url}/examhall", "secret": WEBHOOK_SECRET},
        },
    )
    author = Client(deployment.url, "author", PASSWORD)
    exam_id = _make_exam(author)
    author.post(f"/exams/{exam_id}/registrations", {"user_id": ids["candidate"]})
    return Exam(exam_id, author, Client(deployment.url, "grader", PASSWORD))


def _make_exam(author: Client) -> str:
    sections: dict[str, list[dict[str, Any]]] = {}
    for question in QUESTIONS:
        made = author.post(
            "/questions",
            {"type": question.type, "title": question.title, "content": question.content},
        )
        place = {"question_id": made["id"], "points": str(question.points)}
        sections.setdefault(question.section, []).append(place)
    settings = {
        "time": {"limit_seconds": 1800},
        "scoring": {"scorer": "sum", "settings": {"pass_fraction": "0.5"}},
        "proctoring": {"enabled": True, "detectors": ["face"], "consent_text": CONSENT},
    }
    exam = author.post("/exams", {"title": "A walking exam", "settings": settings})
    author.call(
        "PUT",
        f"/exams/{exam['id']}/structure",
        {
            "revision": exam["revision"],
            "sections": [{"title": title, "items": items} for title, items in sections.items()],
        },
    )
    author.post(f"/exams/{exam['id']}/publish")
    return str(exam["id"])


def sign_in(page: Page, url: str, login: str) -> None:
    """Sign in by the form."""
    page.goto(f"{url}/sign-in")
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).not_to_have_url(f"{url}/sign-in")


def check_in(page: Page, url: str) -> None:
    """Go from the home page through consent and camera test into the exam room."""
    page.goto(f"{url}/home")
    page.get_by_role("button", name="Begin the check-in").click()
    expect(page.locator("body[data-ready]")).to_be_attached()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="I agree", exact=True).click()
    expect(page.locator("#refused")).to_be_visible()
    page.get_by_role("checkbox", name="Camera").check()
    page.get_by_role("button", name="I agree", exact=True).click()
    page.get_by_role("button", name="Test the camera").click()
    expect(page.locator("#cam-state")).to_contain_text("The camera works")
    page.locator("#camera-done").click()
    page.get_by_role("button", name="Start the exam").click()
    wait_for_room(page)


def wait_for_room(page: Page) -> None:
    """Wait until the exam room listens."""
    expect(page.locator("#room[data-ready]")).to_be_attached(timeout=20_000)


def answer_facts(page: Page) -> None:
    """Answer the three choice questions."""
    option(page, "Jupiter").check()
    page.get_by_role("button", name="Next").click()
    for gas in ("Helium", "Argon", "Xenon"):
        option(page, gas).check()
    page.get_by_role("button", name="Next").click()
    option(page, "False").check()
    wait_until_saved(page)


def option(page: Page, text: str) -> Locator:
    """Return the control of an option of a choice."""
    return page.locator("label.opt", has_text=text).locator("input")


def expect_facts(page: Page) -> None:
    """See the three answers as they were given."""
    for label in ("Jupiter", "Helium", "Argon", "Xenon", "False"):
        expect(option(page, label)).to_be_checked()
    for label in ("Saturn", "Nitrogen", "Oxygen", "True"):
        expect(option(page, label)).not_to_be_checked()


def answer_rest(page: Page) -> None:
    """Answer text, number and essay."""
    goto(page, 4)
    page.locator("[data-position]:visible").get_by_role("textbox").fill("Newton")
    goto(page, 5)
    page.locator("[data-position]:visible").get_by_role("textbox").fill("28,3")
    goto(page, 6)
    page.locator("[data-position]:visible").get_by_role("textbox").fill(
        "Air scatters short waves of light far more than long ones, so blue reaches us from "
        "everywhere."
    )


def goto(page: Page, number: int) -> None:
    """Go to a question by its tile."""
    page.locator(f".rnav [data-goto='{number}']").click()


def wait_until_saved(page: Page, seconds: float = 15) -> None:
    """Wait for the server's word that everything is saved."""
    expect(page.locator("#save [data-save-text]")).to_have_text(
        "All answers saved", timeout=seconds * 1000
    )


def hand_in(page: Page) -> None:
    """Submit, and come to the result page."""
    page.get_by_role("button", name="Hand in", exact=True).first.click()
    expect(page.locator("#submit-complete")).to_be_visible()
    page.get_by_role("button", name="Hand in now").click()
    expect(page.locator("#digest")).to_be_visible(timeout=30_000)


def wait_for_change(page: Page, number: int, seconds: float) -> float:
    """Wait for the camera's `number`th change of picture; return when it was (Unix time)."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        changes = page.evaluate("window.sceneChanges")
        if len(changes) >= number:
            return float(changes[number - 1])
        page.wait_for_timeout(50)
    raise AssertionError("the camera's picture did not change")


def results_told(partner: Partner) -> list[dict[str, Any]]:
    """Return what the partner was told of results; every call must be signed."""
    told = []
    for call in partner.calls:
        timestamp = call.headers["X-Examhall-Timestamp"]
        mac = hmac.new(
            WEBHOOK_SECRET.encode(), f"{timestamp}.".encode() + call.body, hashlib.sha256
        )
        assert call.headers["X-Examhall-Signature"] == f"sha256={mac.hexdigest()}"
        told.append(json.loads(call.body))
    return [message for message in told if message["event"] == "push_result"]
