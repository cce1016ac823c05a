"""The question bank's pages: an editor from any type's schema, nothing typed is lost."""

from __future__ import annotations

import json
import re
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask

from examhall.core.contracts.question_type import Fragment
from examhall.core.exams.models import Question
from examhall.core.exams.queries import get_question_version
from examhall.core.permissions import Role
from examhall.core.platform import Platform
from tests.exam_house import ALL_TYPES, ESSAY, House
from tests.web.pages.desk import Desk, controls, words
from tests.web.people import People

TYPES = ["choice", "essay", "numeric", "text_entry", "graphic_gap_match", "associate", "matrix"]
FIRST = {
    "_title": "Prime",
    "_view": "form",
    "content.stem": "<p>Which is a prime?</p>",
    "content.mode": "single",
    "content.options.0.text": "7",
    "content.options.0.correct": "true",
    "content.options.1.text": "9",
}


@pytest.fixture
def house(platform: Platform) -> House:
    return House(platform)


@pytest.fixture
def desk(app: Flask, people: People) -> Desk:
    return Desk(app, "author")


def new_choice(desk: Desk, **changes: Any) -> str:
    """Store a question and return its page's address."""
    form = {"type": "choice", **FIRST, **changes}
    return str(desk.send_form("/questions/new", form).headers["Location"])


def newest(platform: Platform, people: People, address: str) -> Any:
    with platform.db.reading() as session:
        question = session.get_one(Question, UUID(address.rpartition("/")[2]))
        return get_question_version(session, people.principal("author"), question.id)


@pytest.mark.parametrize("type_key", TYPES)
def test_every_type_has_an_editor_whose_example_is_stored_as_it_is_shown(
    desk: Desk, platform: Platform, people: People, type_key: str
) -> None:
    page = desk.get(f"/questions/new?type={type_key}&example=1")
    form = {**controls(page), "_title": "An example", "_action": "save"}
    address = desk.send_form("/questions/new", form).headers["Location"]
    plugin = platform.plugins.question_type(type_key)
    schema = plugin.content_schema()()
    stored = newest(platform, people, address).content
    assert stored == schema.dump(schema.load(plugin.example()))
    again = controls(desk.get(address))
    desk.send_form(address, {**again, "_action": "save"})
    assert newest(platform, people, address).number == 1


def test_an_unknown_type_is_not_found(desk: Desk) -> None:
    desk.get("/questions/new?type=telepathy", 404)


def test_a_question_is_stored_and_each_save_is_a_version(
    desk: Desk, platform: Platform, people: People
) -> None:
    address = new_choice(desk)
    assert newest(platform, people, address).content["options"][0]["text"] == "7"
    desk.send_form(address, {**FIRST, "content.options.1.text": "10", "_action": "save"})
    assert newest(platform, people, address).number == 2
    older = desk.get(f"{address}?version=1")
    assert controls(older)["content.options.1.text"] == "9"
    assert "Saving makes it the newest one again" in older


def test_nothing_typed_is_lost_on_an_error(desk: Desk) -> None:
    typed = {**FIRST, "type": "choice", "_title": " ", "content.options.1.fraction": "a lot"}
    page = desk.send_form("/questions/new", typed, 422).get_data(as_text=True)
    assert controls(page)["content.options.1.fraction"] == "a lot"
    assert controls(page)["content.stem"] == FIRST["content.stem"]
    assert "Write a number." in page
    assert 'href="#f-content.options.1.fraction"' in page
    page = desk.send_form(
        "/questions/new", {**FIRST, "type": "choice", "_title": " "}, 422
    ).get_data(as_text=True)
    assert "1 to 300 characters" in page
    assert controls(page)["content.options.0.correct"] == "true"


def test_rows_are_added_and_removed_without_saving(desk: Desk, platform: Platform) -> None:
    form = {**FIRST, "type": "choice", "_rows": "add:content.options"}
    page = desk.send_form("/questions/new", form, 200).get_data(as_text=True)
    assert "content.options.2.text" in controls(page)
    assert controls(page)["content.options.0.text"] == "7"
    form = {**FIRST, "type": "choice", "_rows": "remove:content.options.0"}
    page = desk.send_form("/questions/new", form, 200).get_data(as_text=True)
    assert controls(page)["content.options.0.text"] == "9"
    with platform.db.reading() as session:
        assert session.query(Question).count() == 0


def test_rows_that_were_left_blank_are_not_asked_about(
    desk: Desk, platform: Platform, people: People
) -> None:
    address = new_choice(desk, **{"content.options.2._row": "1"})
    assert len(newest(platform, people, address).content["options"]) == 2


def test_the_preview_shows_harmless_html_and_hides_the_key(desk: Desk) -> None:
    stem = "<p>Which <script>alert(1)</script><b onclick='x()'>prime</b>?</p>"
    form = {**FIRST, "type": "choice", "_action": "preview", "content.stem": stem}
    page = desk.send_form("/questions/new", form, 200).get_data(as_text=True)
    shown = page.split('class="eh-question"')[1]
    assert "<b>prime</b>" in shown
    assert "alert(1)" not in shown.split("</form>")[0]
    assert "<details" in shown
    assert "Right" in shown.split("<details")[1]


def test_the_preview_says_what_is_in_its_way(desk: Desk) -> None:
    form = {**FIRST, "type": "choice", "_action": "preview", "content.options.0.correct": ""}
    form.pop("content.options.0.correct")
    page = desk.send_form("/questions/new", form, 200).get_data(as_text=True)
    assert "It is shown when this is mended" in page


def test_an_answer_is_tried_out(desk: Desk) -> None:
    address = new_choice(desk, **{"content.shuffle": "true"})
    page = desk.get(address)
    tries = {
        **{name: value for name, value in controls(page).items() if name.startswith("_")},
        "_view": "try",
        "_action": "try",
    }
    worth = [
        desk.send_form(address, {**tries, "choice": place}, 200).get_data(as_text=True)
        for place in ("1", "2")
    ]
    found = sorted(re.search(r"Worth (\d+) %", page)[1] for page in worth)
    assert found == ["0", "100"]
    page = desk.send_form(address, {**tries, "choice": "77"}, 200).get_data(as_text=True)
    assert "an option that is not there" in page


def test_json_is_the_way_out(desk: Desk, platform: Platform, people: People) -> None:
    form = {**FIRST, "type": "choice", "_action": "json"}
    page = desk.send_form("/questions/new", form, 200).get_data(as_text=True)
    content = json.loads(controls(page, "question")["_json"])
    assert content["options"][0]["text"] == "7"
    content["options"].append({"text": "11", "correct": False})
    sent = {"type": "choice", "_view": "json", "_title": "J", "_json": json.dumps(content)}
    page = desk.send_form("/questions/new", {**sent, "_action": "form"}, 200).get_data(as_text=True)
    assert controls(page)["content.options.2.text"] == "11"
    address = desk.send_form("/questions/new", {**sent, "_action": "save"}).headers["Location"]
    assert len(newest(platform, people, address).content["options"]) == 3


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"a": NaN}', '"x"', "[" * 2000, '{"a":1}']
)
def test_bad_json_is_kept_and_named(desk: Desk, text: str) -> None:
    sent = {"type": "choice", "_view": "json", "_title": "J", "_json": text, "_action": "save"}
    page = desk.send_form("/questions/new", sent, 422).get_data(as_text=True)
    assert "The question was not saved" in page


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"_view": "form"},
        {"_rows": "add:"},
        {"_rows": "up:content.options.-1", "_view": "form"},
        {"_rows": "remove:content.options.99999999999", "_view": "form"},
        {"content.options.x.text": "1", "content..": "2", "content": "3", "_view": "form"},
        {"_seed": "-1", "_action": "preview", "_view": "form"},
        {"_action": "nonsense", "_view": "elsewhere", "_json": "{}"},
        {"content.options.0": "scalar", "content.mode": "neither", "_view": "form"},
        {"content.stem": "x" * 60_000, "_view": "form", "_title": "long"},
    ],
)
def test_hostile_forms_are_answered_with_the_form(desk: Desk, form: dict[str, str]) -> None:
    token = desk.client.get("/questions/new?type=choice")
    assert token.status_code == 200
    for address in ("/questions/new?type=choice", new_choice(desk)):
        from tests.web.people import session_token

        data = {"csrf_token": session_token(desk.app, desk.client), "type": "choice", **form}
        assert desk.client.post(address, data=data).status_code in {200, 422}


def test_half_a_surrogate_and_nul_are_refused(desk: Desk) -> None:
    desk.send_form("/questions/new", {**FIRST, "type": "choice", "_title": "a\0b"}, 422)


def test_the_bank_is_searched_by_title_and_type(desk: Desk) -> None:
    address = new_choice(desk)
    desk.get(new_choice(desk, _title="Square"))
    page = words(desk.get("/questions?search=squ+prime&type=choice"))
    assert "Square" in page
    assert "Prime Choice" not in page
    assert "Nothing was found" in desk.get("/questions?search=%25")
    desk.send(f"{address}/archive", archived="1")
    assert "Prime" not in words(desk.get("/questions"))
    assert "Prime" in words(desk.get("/questions?archived=1"))


def test_a_file_goes_out_and_comes_in(desk: Desk, house: House) -> None:
    author = house.person(Role.AUTHOR)
    exam = house.exam(author, ALL_TYPES)
    file = desk.client.get(f"/questions/files/export?format=json&exam={exam.id}")
    assert "attachment" in file.headers["Content-Disposition"]
    upload = {"format": "json", "file": (BytesIO(file.data), "questions.json")}
    page = desk.follow(desk.send_form(f"/questions/files?exam={exam.id}", upload))
    assert page.count("As it was") == len(ALL_TYPES)
    shown = desk.get(f"/exams/{exam.id}")
    assert shown.count(".question_id") == 2 * len(ALL_TYPES)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe\x00", b"[1, 2]", b'{"questions": [{}]}'])
def test_a_file_that_is_none_is_named(desk: Desk, data: bytes) -> None:
    upload = {"format": "json", "file": (BytesIO(data), "x.json")}
    answer = desk.send_form("/questions/files", upload, 422 if not data else None)
    page = desk.follow(answer) if answer.status_code == 302 else answer.get_data(as_text=True)
    assert "As it was" not in page
    upload = {"format": "stone", "file": (BytesIO(b"{}"), "x.json")}
    desk.send_form("/questions/files", upload, 404)


def test_a_check_stores_nothing_and_a_report_stays(desk: Desk) -> None:
    questions = [
        {"type": "essay", "title": "Ice", "content": {"stem": "Why?"}, "tags": ["x"]},
        {"type": "essay", "title": "", "content": {"stem": "<p>No title, but words</p>"}},
        {"type": "crossword", "title": "Unknown", "content": {}},
    ]
    data = json.dumps({"format": "examhall.questions", "version": 1, "questions": questions})
    upload = {"format": "", "_action": "check", "file": (BytesIO(data.encode()), "mine.json")}
    page = words(desk.send_form("/questions/files", upload, 200).get_data(as_text=True))
    assert "What an import would make: examhall JSON" in page
    assert "crossword" in page
    assert "The bank is empty" in desk.get("/questions")
    upload = {"format": "", "file": (BytesIO(data.encode()), "mine.json")}
    desk.send_form("/questions/files", upload)
    listed = desk.get("/questions/files")
    report = re.search(r"/questions/files/reports/[0-9a-f-]+", listed)
    assert "mine.json" in listed
    assert "As it was" in desk.get(report[0])
    assert "Ice" in desk.get("/questions?tag=x")


def test_only_authors_see_the_bank(app: Flask, people: People, house: House) -> None:
    author = house.person(Role.AUTHOR)
    question = house.question(author, "essay", ESSAY)
    for login in ("grader", "candidate", "admin"):
        desk = Desk(app, login)
        for path in ("/questions", "/questions/new", f"/questions/{question.id}"):
            desk.get(path, 403)
        desk.send_form(f"/questions/{question.id}", {**FIRST, "_action": "save"}, 403)
    Desk(app, "author").get(f"/questions/{uuid4()}", 404)


def test_scripts_and_styles_of_a_type_come_with_the_preview(
    desk: Desk, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = platform.plugins.question_type("essay")
    drawn = Fragment("<p>drawn</p>", module="essay.js", styles=("essay.css",))
    monkeypatch.setattr(type(plugin), "render", lambda *_, **__: drawn)
    page = desk.get("/questions/new?type=essay&example=1")
    assert 'data-module="/x/essay/static/essay.js"' in page
    assert '<link rel="stylesheet" href="/x/essay/static/essay.css">' in page


def test_a_type_that_fails_leaves_the_editor_whole(
    desk: Desk, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = platform.plugins.question_type("essay")

    def fail(*_: object, **__: object) -> Fragment:
        raise RuntimeError("out of ink")

    monkeypatch.setattr(type(plugin), "render", fail)
    page = desk.get("/questions/new?type=essay&example=1")
    assert "It is shown when this is mended" in page
    assert controls(page, "question")["content.stem"]
