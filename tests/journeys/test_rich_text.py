"""An author writes a question with a picture and a formula, without a word of HTML."""

import re

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect
from sqlalchemy import select

from examhall.core.exams.models import QuestionVersion
from examhall.core.media.models import MediaRecord
from tests.core.media.files import picture
from tests.journeys.hall import Hall
from tests.journeys.room import Faults, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def open_editor(context: BrowserContext, hall: Hall, faults: Faults) -> tuple[Page, Locator]:
    page = sign_in(context, hall.url, "author", hall.password)
    faults.watch(page)
    page.goto(f"{hall.url}/questions/new?type=essay")
    page.get_by_label("Title").fill("Circles")
    return page, page.get_by_role("textbox", name="Question", exact=True)


def use(page: Page, tool: str) -> None:
    """Go to the bar with the keyboard, along it with the arrows, and press."""
    page.keyboard.press("Shift+Tab")
    button = page.get_by_role("toolbar", name="Editing Question", exact=True).get_by_role(
        "button", name=tool, exact=True
    )
    for _ in range(12):
        if button.evaluate("e => e === document.activeElement"):
            break
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")


def add_formula(page: Page, hall: Hall) -> None:
    page.keyboard.press("Control+m")
    dialog = page.get_by_role("dialog", name="Formula")
    dialog.get_by_label("Formula in TeX").fill(r"\frac{1}")
    expect(dialog.get_by_role("alert")).to_contain_text("something is missing")
    dialog.get_by_label("Formula in TeX").fill(r"\pi r^2")
    expect(dialog.locator("output msup")).to_be_visible()
    dialog.get_by_role("button", name="Insert").click()
    expect(dialog).to_have_count(0)


def add_picture(page: Page) -> None:
    use(page, "Picture, sound or video")
    dialog = page.get_by_role("dialog", name="Picture, sound or video")
    photo = {"name": "circle.png", "mimeType": "image/png", "buffer": picture(size=(64, 48))}
    dialog.get_by_label("Picture, sound, video or PDF").set_input_files(photo)  # type: ignore[arg-type]
    dialog.get_by_role("button", name="Insert").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Say in words")
    dialog.get_by_label("What it shows, in words").fill("A circle")
    dialog.get_by_role("button", name="Insert").click()
    expect(dialog).to_have_count(0)


def test_a_question_is_written_with_a_picture_and_a_formula(
    hall: Hall, device: BrowserContext, faults: Faults
) -> None:
    faults.allow("422")
    page, editor = open_editor(device, hall, faults)
    editor.click()
    page.keyboard.type("The area is ")
    add_formula(page, hall)
    page.keyboard.press("Control+b")
    page.keyboard.type("sure")
    page.keyboard.press("Control+b")
    page.keyboard.press("Enter")
    add_picture(page)
    shown = page.locator("#preview .eh-question .stem").first
    expect(shown.get_by_role("img", name="A circle")).to_be_visible()
    expect(shown.locator("math msup")).to_be_visible()
    page.get_by_role("button", name="Write Question as HTML").click()
    source = page.locator('[name="content.stem"]').input_value()
    assert re.search(r"media:[0-9a-f]{64}", source)
    assert "style=" not in source
    page.get_by_role("button", name="Format Question", exact=True).click()
    expect(editor.locator("b")).to_have_text("sure")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Version 1", exact=True)).to_be_visible()
    with hall.platform.db.reading() as session:
        [version] = session.scalars(select(QuestionVersion))
        [media] = session.scalars(select(MediaRecord))
    assert media.reference in version.content["stem"]
    assert r'alttext="\pi r^2"' in version.content["stem"]
    page.reload()
    expect(shown.get_by_role("img", name="A circle")).to_be_visible()
    assert source == page.locator('[name="content.stem"]').input_value()


def test_a_picture_is_uploaded_where_a_question_needs_one(
    hall: Hall, device: BrowserContext, faults: Faults
) -> None:
    page = sign_in(device, hall.url, "author", hall.password)
    faults.watch(page)
    page.goto(f"{hall.url}/questions/new?type=hotspot&example=1")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload: Picture").click()
    photo = {"name": "map.png", "mimeType": "image/png", "buffer": picture(size=(640, 320))}
    chooser.value.set_files(photo)  # type: ignore[arg-type]
    expect(page.get_by_text("map.png was uploaded.")).to_be_visible()
    expect(page.locator('[name="content.image"]')).to_have_value(re.compile("media:[0-9a-f]{64}"))
    expect(page.locator('[name="content.width"]')).to_have_value("640")
    expect(page.locator('[name="content.height"]')).to_have_value("320")
    expect(page.locator("#preview img").first).to_have_attribute("src", re.compile("^/media/"))
