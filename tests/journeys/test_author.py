"""An author makes an exam with a question of every type in the browser, previews, publishes."""

import re
from collections.abc import Sequence

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from examhall.core.exams.models import ExamVersionItem
from examhall.core.exams.queries import find_latest_version, get_version, list_exams
from examhall.core.permissions import SYSTEM
from tests.journeys.hall import Hall
from tests.journeys.room import Faults, find_misfits, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture
def page(hall: Hall, device: BrowserContext, faults: Faults) -> Page:
    """The author's browser, signed in."""
    page = sign_in(device, hall.url, "author", hall.password)
    faults.watch(page)
    return page


def make_exam(page: Page, title: str) -> None:
    page.get_by_label("New exam").fill(title)
    page.get_by_role("button", name="Make it").click()


def begin(page: Page, kind: str, title: str, stem: str) -> None:
    """Open the editor of a new question for the exam's first section."""
    page.get_by_role("button", name="New question").first.click()
    page.get_by_role("link", name=kind, exact=True).click()
    page.get_by_label("Title").fill(title)
    write_html(page, "Question", "content.stem", stem)


def write_html(page: Page, label: str, name: str, source: str) -> None:
    """Write a text as HTML; the first time in a browser the editor is turned to it."""
    expect(page.get_by_role("toolbar", name=f"Editing {label}", exact=True)).to_be_visible()
    turn = page.get_by_role("button", name=f"Write {label} as HTML")
    if turn.count():
        turn.click()
    control(page, name).fill(source)


def control(page: Page, name: str) -> Locator:
    return page.locator(f'[name="{name}"]')


def press(page: Page, button: str) -> None:
    """Press a button by keyboard, by its id."""
    page.locator(f'[id="{button}"]').focus()
    page.keyboard.press("Enter")


def add(page: Page, title: str) -> None:
    page.get_by_role("button", name="Add to the exam").click()
    expect(page.get_by_text(f"“{title}” was added to the exam.")).to_be_visible()


def add_choice(page: Page) -> None:
    begin(page, "Choice", "Prime", "<p>Which is <b>prime</b>?<script>alert(1)</script></p>")
    control(page, "content.options.0.text").fill("7")
    control(page, "content.options.0.correct").check()
    control(page, "content.options.1.text").fill("9")
    control(page, "content.options.2.text").fill("12")
    shown = page.locator("#preview .eh-question")
    expect(shown.locator(".stem b")).to_have_text("prime")
    expect(shown.get_by_role("radio")).to_have_count(3)
    assert shown.locator("script").count() == 0
    change_rows_by_keyboard(page)
    add(page, "Prime")


def change_rows_by_keyboard(page: Page) -> None:
    """A new row has the focus in its text, a moved one keeps it on its button."""
    press(page, "remove-content.options.2")
    expect(page.locator(".rowcard")).to_have_count(2)
    press(page, "add-content.options")
    expect(control(page, "content.options.2.text")).to_be_focused()
    page.keyboard.type("11")
    press(page, "up-content.options.2")
    expect(control(page, "content.options.1.text")).to_have_value("11")
    expect(page.locator('[id="up-content.options.1"]')).to_be_focused()


def add_others(page: Page) -> None:
    begin(page, "Number", "Fall", "<p>How fast after a second, in m/s?</p>")
    control(page, "content.answers.0.value").fill("9.81")
    control(page, "content.answers.0.tolerance").fill("0.01")
    add(page, "Fall")
    begin(page, "Text entry", "Capital", "<p>Capital of France?</p>")
    control(page, "content.answers.0.text").fill("Paris")
    add(page, "Capital")
    begin(page, "Essay", "Why", "<p>Why is it so?</p>")
    write_html(page, "Rubric", "content.rubric", "<p>2 points for each reason.</p>")
    add(page, "Why")


def arrange(page: Page) -> None:
    page.get_by_label("Title of section 1").fill("Part A")
    page.get_by_label("Points for Why").fill("4")
    page.get_by_role("button", name="Move Why up").focus()
    page.keyboard.press("Enter")
    expect(page.locator('[id="up-sections.0.items.2"]')).to_be_focused()
    expect(page.get_by_label("Points for Why")).to_have_value("4")


def look_at_the_preview(page: Page) -> None:
    page.get_by_role("link", name="Preview").click()
    expect(page.locator(".eh-question")).to_have_count(4)
    fall = page.get_by_role("region", name="Question 2")
    fall.locator(".eh-question").get_by_label("Your answer").fill("9.8")
    fall.get_by_role("button", name="Score this answer").click()
    expect(fall.get_by_text("Worth 100 % of the points")).to_be_visible()
    expect(fall.locator(".keybody")).to_be_hidden()
    fall.get_by_text("Show key").click()
    expect(fall.locator(".keybody")).to_be_visible()
    page.get_by_role("link", name="To the exam").click()


def published_items(hall: Hall) -> Sequence[ExamVersionItem]:
    with hall.platform.db.reading() as session:
        [exam] = list_exams(session, SYSTEM).items
        latest = find_latest_version(session, exam.id)
        assert latest is not None
        return get_version(session, latest.id).items


def test_an_exam_of_every_type_is_made_previewed_and_published(hall: Hall, page: Page) -> None:
    make_exam(page, "Physics I")
    add_choice(page)
    add_others(page)
    arrange(page)
    look_at_the_preview(page)
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Version 1 is published.")).to_be_visible()
    items = published_items(hall)
    types = [item.question_version.type for item in items]
    assert types == ["choice", "numeric", "essay", "text_entry"]
    assert [int(item.points) for item in items] == [1, 1, 4, 1]
    assert {item.section for item in items} == {"Part A"}
    options = items[0].question_version.content["options"]
    assert [option["text"] for option in options] == ["7", "11", "9"]


def test_what_is_in_the_way_is_reached_by_its_link(page: Page, faults: Faults) -> None:
    faults.allow("422 ")
    make_exam(page, "Broken")
    begin(page, "Choice", "No key", "<p>Which?</p>")
    control(page, "content.options.0.text").fill("a")
    control(page, "content.options.1.text").fill("b")
    add(page, "No key")
    page.get_by_role("button", name="Publish").click()
    problems = page.get_by_role("alert")
    expect(problems).to_be_focused()
    problems.get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(r"#f-content\.options"))
    control(page, "content.options.0.correct").check()
    page.get_by_role("button", name="Save a new version").click()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Version 1 is published.")).to_be_visible()


def test_what_was_typed_is_not_left_behind_unasked(hall: Hall, page: Page) -> None:
    asked = []
    page.goto(f"{hall.url}/questions/new?type=essay")
    page.get_by_label("Title").fill("Half done")
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.get_by_role("link", name="To the bank").click()
    expect(page.get_by_label("Title")).to_have_value("Half done")
    assert asked == ["beforeunload"]


def test_only_what_was_not_saved_is_asked_about(page: Page) -> None:
    asked = []
    make_exam(page, "Asked about")
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    section = page.get_by_label("Title of section 1")
    section.fill("Part A")
    page.get_by_role("button", name="Publish").click()
    expect(section).to_have_value("Part A")
    assert asked == ["beforeunload"]
    page.locator("#builder").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.get_by_role("link", name="Questions").first.click()
    page.wait_for_url("**/questions")
    assert asked == ["beforeunload"]


def test_what_was_typed_outlives_the_session(
    hall: Hall, page: Page, device: BrowserContext
) -> None:
    page.goto(f"{hall.url}/questions/new?type=essay")
    page.get_by_label("Title").fill("Half done")
    device.clear_cookies()
    page.get_by_role("textbox", name="Question", exact=True).fill("Why?")
    parted = page.get_by_text("You are signed out. What you typed is still here")
    expect(parted).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("[data-parted]")).to_be_focused(timeout=30_000)
    sign_in(device, hall.url, "author", hall.password).close()
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(re.compile(r"/questions/[0-9a-f-]{36}"), timeout=30_000)
    expect(page.get_by_label("Title")).to_have_value("Half done")


def test_what_was_typed_outlives_the_network(page: Page, faults: Faults) -> None:
    make_exam(page, "Far away")
    section = page.get_by_label("Title of section 1")
    section.fill("Half done")
    faults.allow("ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(True)
    save = page.locator("#builder").get_by_role("button", name="Save")
    save.click()
    expect(page.get_by_text("The server cannot be reached. What you typed is")).to_be_visible()
    expect(section).to_have_value("Half done")
    page.context.set_offline(False)
    save.click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(section).to_have_value("Half done")


def test_all_controls_can_be_reached_at_every_width(hall: Hall, page: Page) -> None:
    base = f"/exams/{hall.open_exam()}"
    pages = ["/exams", base, f"{base}/settings", f"{base}/candidates", f"{base}/preview"]
    pages += [f"{base}/results", f"{base}/versions", f"{base}/add", "/questions", "/questions/new"]
    pages += [f"/questions/new?type={key}" for key in ("choice", "numeric", "text_entry", "essay")]
    found = {}
    for path in [*pages, "/questions/files"]:
        page.goto(f"{hall.url}{path}")
        found[path] = find_misfits(page)
    assert {path: misfits for path, misfits in found.items() if misfits} == {}


def test_admins_controls_can_be_reached_at_every_width(
    hall: Hall, device: BrowserContext, faults: Faults
) -> None:
    page = sign_in(device, hall.url, "admin", hall.password)
    faults.watch(page)
    user_id = hall.people.users["grader"].id
    pages = ["/admin/users", "/admin/users/new", f"/admin/users/{user_id}", "/admin/plugins"]
    pages += ["/admin/plugins/detector/face", "/admin/plugins/evidence_store/minio"]
    pages += ["/admin/connections", "/admin/connections/new/webhook", "/admin/health"]
    found = {}
    for path in pages:
        page.goto(f"{hall.url}{path}")
        found[path] = find_misfits(page)
    assert {path: misfits for path, misfits in found.items() if misfits} == {}
