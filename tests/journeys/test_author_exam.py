"""An author makes a ten-question exam of five types in the browser, and a candidate sees it."""

import re
from decimal import Decimal
from uuid import UUID

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from examhall.core.exams.models import Exam, Question
from examhall.core.exams.operations import create_exam
from examhall.core.exams.queries import get_exam_with_structure, list_exams
from examhall.core.exams.structure import ItemPlan, SectionPlan, replace_structure
from examhall.core.permissions import SYSTEM
from tests.core.media.files import picture
from tests.exam_house import ESSAY
from tests.journeys.hall import Hall
from tests.journeys.room import Faults, enter_room, find_misfits, show_question, sign_in

KINDS = [*["choice"] * 3, *["numeric"] * 2, *["text_entry"] * 2, *["essay"] * 2, "order"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]


def begin(page: Page, kind: str, title: str, *, example: bool = False) -> Locator:
    """Open the editor of a new question; returns where its text is written."""
    page.get_by_role("button", name="New question").first.click()
    link = f"Start from an example of {kind}" if example else kind
    page.get_by_role("link", name=link, exact=True).click()
    page.get_by_label("Title").fill(title)
    return page.get_by_role("textbox", name="Question", exact=True)


def fill(page: Page, name: str, value: str) -> None:
    page.locator(f'[name="content.{name}"]').fill(value)


def add(page: Page, title: str) -> None:
    page.get_by_role("button", name="Add to the exam").click()
    expect(page.get_by_text(f"“{title}” was added to the exam.")).to_be_visible()


def add_choice(page: Page, title: str, text: str, *, formula: bool = False) -> None:
    stem = begin(page, "Choice", title)
    stem.click()
    page.keyboard.type(text)
    if formula:
        page.keyboard.press("Control+m")
        dialog = page.get_by_role("dialog", name="Formula")
        dialog.get_by_label("Formula in TeX").fill(r"\frac{1}{2} m v^2")
        dialog.get_by_role("button", name="Insert").click()
        expect(dialog).to_have_count(0)
    fill(page, "options.0.text", "Yes")
    page.locator('[name="content.options.0.correct"]').check()
    fill(page, "options.1.text", "No")
    fill(page, "options.2.text", "Perhaps")
    add(page, title)


def add_essay(page: Page, title: str, *, photo: bool = False) -> None:
    stem = begin(page, "Essay", title)
    stem.click()
    page.keyboard.type("Describe what you see.")
    if photo:
        page.get_by_role("button", name="Picture, sound or video").first.click()
        dialog = page.get_by_role("dialog", name="Picture, sound or video")
        file = {"name": "circle.png", "mimeType": "image/png", "buffer": picture(size=(64, 48))}
        dialog.get_by_label("Picture, sound, video or PDF").set_input_files(file)  # type: ignore[arg-type]
        dialog.get_by_label("What it shows, in words").fill("A circle")
        dialog.get_by_role("button", name="Insert").click()
        expect(dialog).to_have_count(0)
    add(page, title)


def add_short(page: Page, kind: str, field: str, title: str, answer: str) -> None:
    begin(page, kind, title).click()
    page.keyboard.type(f"{title}?")
    fill(page, f"answers.0.{field}", answer)
    add(page, title)


def latest_exam(hall: Hall) -> Exam:
    with hall.platform.db.reading() as session:
        [exam] = list_exams(session, SYSTEM).items
        return get_exam_with_structure(session, SYSTEM, exam.id)


def test_an_exam_of_ten_questions_reaches_a_candidate(
    hall: Hall, device: BrowserContext, other_device: BrowserContext, faults: Faults
) -> None:
    page = sign_in(device, hall.url, "author", hall.password)
    faults.watch(page)
    page.get_by_label("New exam").fill("Physics I")
    page.get_by_role("button", name="Make it").click()
    add_choice(page, "Energy", "Is this the energy: ", formula=True)
    add_choice(page, "Gravity", "Does it fall?")
    add_choice(page, "Light", "Is it fast?")
    add_short(page, "Number", "value", "How fast", "9.81")
    add_short(page, "Number", "value", "How far", "4.9")
    add_short(page, "Text entry", "text", "Who", "Newton")
    add_short(page, "Text entry", "text", "Where", "Woolsthorpe")
    add_essay(page, "Picture", photo=True)
    add_essay(page, "Words")
    begin(page, "Order", "In order", example=True)
    add(page, "In order")
    page.get_by_label("Points for Picture").fill("4")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Version 1 is published.")).to_be_visible()
    exam = latest_exam(hall)
    [section] = exam.sections
    kinds = [item.question.type for item in section.items]
    assert kinds == ["choice"] * 3 + ["numeric"] * 2 + ["text_entry"] * 2 + ["essay"] * 2 + [
        "order"
    ]
    assert section.items[7].points == Decimal(4)
    look_as_candidate(hall, other_device, faults, exam.id)


def look_as_candidate(hall: Hall, device: BrowserContext, faults: Faults, exam_id: UUID) -> None:
    hall.house.register(exam_id, hall.people.principal("candidate"))
    page = sign_in(device, hall.url, "candidate", hall.password)
    faults.watch(page)
    enter_room(page, watched=False)
    expect(show_question(page, 1).locator("math mfrac")).to_be_visible()
    shown = show_question(page, 8).get_by_role("img", name="A circle")
    expect(shown).to_be_visible()
    assert shown.evaluate("image => image.naturalWidth") == 64
    show_question(page, 10)


def order(page: Page) -> list[str]:
    return [text.partition("\n")[0] for text in page.locator(".items .grow").all_inner_texts()]


def arrange(hall: Hall) -> UUID:
    """Make an exam of two sections, A to C and D."""
    author = hall.people.principal("author")
    ids = [hall.house.question(author, "essay", ESSAY).id for _ in "ABCD"]
    with hall.platform.db.transaction() as session:
        exam = create_exam(session, author, "Sorted")
        for place, question_id in enumerate(ids):
            session.get_one(Question, question_id).title = "ABCD"[place]
        plans = [SectionPlan("One", [ItemPlan(one) for one in ids[:3]])]
        plans.append(SectionPlan("Two", [ItemPlan(ids[3])]))
        return replace_structure(session, author, exam.id, exam.revision, plans).id


def centre(page: Page, selector: str) -> tuple[float, float]:
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_questions_are_dragged_by_mouse_and_by_finger(
    hall: Hall, device: BrowserContext, faults: Faults
) -> None:
    page = sign_in(device, hall.url, "author", hall.password)
    faults.watch(page)
    page.goto(f"{hall.url}/exams/{arrange(hall)}")
    assert order(page) == ["A", "B", "C", "D"]
    page.mouse.move(*centre(page, '[data-drag="sections.0.items.0"]'))
    page.mouse.down()
    x, y = centre(page, '[data-path="sections.1.items.0"]')
    page.mouse.move(x, y - 40, steps=4)
    page.mouse.move(x, y + 10, steps=4)
    page.mouse.up()
    expect(page.locator('[data-list="sections.1.items"] > li')).to_have_count(2)
    assert order(page) == ["B", "C", "D", "A"]
    page.set_viewport_size({"width": 390, "height": 844})
    drag_by_finger(page, '[data-drag="sections.0.items.1"]', '[data-path="sections.0.items.0"]')
    expect(page.locator(".items .grow").first).to_contain_text("C")
    assert order(page) == ["C", "B", "D", "A"]
    page.get_by_role("button", name="Move C down").press("Enter")
    expect(page.locator(".items .grow").first).to_contain_text("B")
    assert find_misfits(page) == []


def drag_by_finger(page: Page, source: str, target: str) -> None:
    page.locator(source).scroll_into_view_if_needed()
    wire = page.context.new_cdp_session(page)
    (x, y), (_, end) = centre(page, source), centre(page, target)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        where = [{"x": left, "y": top} for left, top in points]
        wire.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": where})

    touch("touchStart", (x, y))
    for step in range(1, 6):
        touch("touchMove", (x, y + (end - 10 - y) * step / 5))
    touch("touchEnd")


def test_what_a_random_pick_lacks_is_said_where_it_stands(
    hall: Hall, device: BrowserContext, faults: Faults
) -> None:
    faults.allow("422 ")
    page = sign_in(device, hall.url, "author", hall.password)
    faults.watch(page)
    page.goto(f"{hall.url}/exams/{arrange(hall)}")
    page.get_by_role("button", name="Random pick in section 2").click()
    page.get_by_label("With all these tags").fill("hard")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("0 to choose from")).to_be_visible()
    page.get_by_role("button", name="Publish").click()
    problem = page.get_by_role("alert").get_by_role("link")
    expect(problem).to_contain_text("the bank has none")
    problem.click()
    expect(page).to_have_url(re.compile("#section-1$"))
    assert find_misfits(page) == []
