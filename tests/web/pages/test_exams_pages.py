"""The exam builder's pages: sections and items by buttons, settings, preview, publication."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from examhall.core.exams.models import Exam
from examhall.core.exams.queries import get_exam_with_structure, list_versions
from examhall.core.permissions import SYSTEM, Role
from examhall.core.platform import Platform
from examhall.web.pages.exam_structure import move_over
from tests.exam_house import CHOICE, ESSAY, NUMBER, TEXT, House
from tests.web.pages.desk import Desk, controls, words
from tests.web.people import People

TWO = (("choice", CHOICE, "2"), ("essay", ESSAY, "4"))


@pytest.fixture
def house(platform: Platform) -> House:
    return House(platform)


@pytest.fixture
def desk(app: Flask, people: People) -> Desk:
    return Desk(app, "author")


@pytest.fixture
def exam(house: House, people: People) -> Exam:
    return house.exam(people.principal("author"), TWO)


def read(platform: Platform, exam_id: UUID) -> Exam:
    with platform.db.reading() as session:
        return get_exam_with_structure(session, SYSTEM, exam_id)


def shape(exam: Exam) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the sections' titles, each with its questions' types and points."""
    return [
        (part.title, [(item.question.type, f"{item.points.normalize():f}") for item in part.items])
        for part in exam.sections
    ]


def builder(desk: Desk, exam: Exam) -> dict[str, Any]:
    return controls(desk.get(f"/exams/{exam.id}"), "builder")


def settings(desk: Desk, exam: Exam, **changes: Any) -> dict[str, Any]:
    form = controls(desk.get(f"/exams/{exam.id}/settings"), "settings")
    return {**form, **changes, "_action": "save"}


def test_an_exam_is_made_and_found(desk: Desk) -> None:
    page = desk.follow(desk.send("/exams", title="  Physics   I "))
    assert "<h1>Physics I</h1>" in page
    assert "Physics I" in desk.get("/exams?search=phys&state=draft")
    assert "Physics I" not in desk.get("/exams?state=published")


@pytest.mark.parametrize("title", ["", "   ", "x" * 301])
def test_a_title_that_cannot_be_is_asked_for_again(desk: Desk, title: str) -> None:
    page = desk.send("/exams", 422, title=title).get_data(as_text=True)
    assert "1 to 300 characters" in page
    assert controls(page)["title"] == title


def test_saving_what_is_shown_changes_nothing(desk: Desk, platform: Platform, exam: Exam) -> None:
    desk.send_form(f"/exams/{exam.id}", {**builder(desk, exam), "_action": "save"})
    assert shape(read(platform, exam.id)) == [("Part A", [("choice", "2"), ("essay", "4")])]


def test_buttons_move_add_and_remove_and_keep_what_was_typed(
    desk: Desk, platform: Platform, exam: Exam
) -> None:
    def press(button: str, **typed: str) -> None:
        form = {**builder(desk, exam), **typed, "_rows": button}
        desk.get(desk.send_form(f"/exams/{exam.id}", form).headers["Location"])

    press("up:sections.0.items.1", **{"sections.0.items.1.points": "2.5"})
    assert shape(read(platform, exam.id)) == [("Part A", [("essay", "2.5"), ("choice", "2")])]
    press("add:sections", **{"sections.0.title": "First"})
    press("down:sections.0.items.1")
    assert shape(read(platform, exam.id)) == [
        ("First", [("essay", "2.5")]),
        ("", [("choice", "2")]),
    ]
    press("up:sections.1.items.0")
    press("down:sections.0")
    press("remove:sections.0")
    press("remove:sections.0.items.0")
    assert shape(read(platform, exam.id)) == [("First", [("choice", "2")])]


@pytest.mark.parametrize("points", ["many", "-1", "", "1e9", "NaN", "Infinity", "1" * 400])
def test_points_that_are_none_are_kept_and_named(
    desk: Desk, platform: Platform, exam: Exam, points: str
) -> None:
    form = {**builder(desk, exam), "sections.0.items.0.points": points, "_action": "save"}
    page = desk.send_form(f"/exams/{exam.id}", form, 422).get_data(as_text=True)
    assert 'href="#f-sections.0.items.0.points"' in page
    assert controls(page, "builder")["sections.0.items.0.points"] == points
    assert shape(read(platform, exam.id))[0][1][0] == ("choice", "2")


def test_two_authors_do_not_overwrite_one_another_unasked(
    desk: Desk, platform: Platform, exam: Exam
) -> None:
    mine = {**builder(desk, exam), "sections.0.title": "Mine", "_action": "save"}
    desk.send_form(
        f"/exams/{exam.id}", {**builder(desk, exam), "sections.0.title": "X", "_action": "save"}
    )
    page = desk.send_form(f"/exams/{exam.id}", mine, 409).get_data(as_text=True)
    assert "Somebody else has changed this" in page
    assert read(platform, exam.id).sections[0].title == "X"
    desk.send_form(f"/exams/{exam.id}", {**controls(page, "builder"), "_action": "save"})
    assert read(platform, exam.id).sections[0].title == "Mine"


@pytest.mark.parametrize(
    "form",
    [
        {"sections.0._row": "1", "sections.0.items.0.question_id": "x"},
        {"sections.0.items.0.question_id": str(uuid4()), "sections.0.items.0.points": "1"},
        {"sections.0.title": "x" * 301},
        {"revision": "-1"},
        {"_rows": "up:sections.0.items.0.points"},
    ],
)
def test_hostile_structures_change_nothing(
    desk: Desk, platform: Platform, exam: Exam, form: dict[str, str]
) -> None:
    sent = {"revision": str(exam.revision), "_action": "save", **form}
    if "_rows" in form:
        sent = {**builder(desk, exam), **form}
    status = 302 if "_rows" in form else 409 if form.get("revision") else 422
    desk.send_form(f"/exams/{exam.id}", sent, status)
    assert shape(read(platform, exam.id)) == [("Part A", [("choice", "2"), ("essay", "4")])]


def test_questions_come_from_the_bank(
    desk: Desk, platform: Platform, house: House, people: People, exam: Exam
) -> None:
    question = house.question(people.principal("author"), "numeric", NUMBER)
    page = desk.get(f"/exams/{exam.id}/add?search=numeric")
    assert str(question.id) in page
    desk.send(f"/exams/{exam.id}/add", question=str(question.id), section="0")
    assert shape(read(platform, exam.id))[0][1][-1] == ("numeric", "1")
    page = desk.follow(desk.send(f"/exams/{exam.id}/add", section="0"))
    assert "Tick at least one question" in page
    desk.send(f"/exams/{exam.id}/add", 422, question=str(uuid4()), section="0")


def test_a_new_question_lands_in_its_section(desk: Desk, platform: Platform, exam: Exam) -> None:
    form = {**builder(desk, exam), "_action": "new:0", "sections.0.title": "Kept"}
    place = desk.send_form(f"/exams/{exam.id}", form).headers["Location"]
    assert f"exam={exam.id}" in place
    sent = {"_view": "form", "_title": "Paris", "content.stem": "<p>?</p>"}
    sent |= {"content.answers.0.text": "Paris", "type": "text_entry", "_action": "save"}
    page = desk.follow(desk.send_form(f"/questions/new?exam={exam.id}&section=0", sent))
    assert "was added to the exam" in page
    assert shape(read(platform, exam.id)) == [
        ("Kept", [("choice", "2"), ("essay", "4"), ("text_entry", "1")])
    ]


def test_publishing_lists_all_problems_with_links_to_their_places(
    desk: Desk, house: House, people: People, app: Flask, platform: Platform
) -> None:
    broken = {"stem": "<p>?</p>", "mode": "single", "options": [{"text": "a"}, {"text": "b"}]}
    exam = house.exam(people.principal("author"), (("choice", broken, "1"), ("essay", ESSAY, "1")))
    question_id = read(platform, exam.id).sections[0].items[0].question_id
    page = desk.send(f"/exams/{exam.id}/publish", 422).get_data(as_text=True)
    assert "in the way of publishing" in page
    link = re.search(rf'href="(/questions/{question_id}[^"]*#f-content\.options)"', page)
    assert link is not None
    empty = desk.send("/exams", title="Empty").headers["Location"]
    page = desk.send(f"{empty}/publish", 422).get_data(as_text=True)
    assert "The exam has no questions: add at least one." in page


def test_an_exam_is_published_and_its_versions_are_listed(
    desk: Desk, platform: Platform, exam: Exam
) -> None:
    page = desk.follow(desk.send(f"/exams/{exam.id}/publish"))
    assert "Version 1 is published" in page
    with platform.db.reading() as session:
        [version] = list_versions(session, SYSTEM, exam.id)
    listed = words(desk.get(f"/exams/{exam.id}/versions"))
    assert "Version 1" in listed
    assert version.digest[:16] in listed


def test_the_preview_shows_candidates_view_and_scores_an_answer(
    desk: Desk, exam: Exam, platform: Platform
) -> None:
    page = desk.get(f"/exams/{exam.id}/preview")
    assert page.count('class="eh-question"') == 2
    answers = [
        desk.send(f"/exams/{exam.id}/preview/1", 200, choice=place, _seed="1").get_data(True)
        for place in ("1", "2")
    ]
    worth = sorted(re.search(r"Worth (\d+) %", answer)[1] for answer in answers)
    assert worth == ["0", "100"]
    page = desk.send(f"/exams/{exam.id}/preview/2", 200, text="Because.").get_data(as_text=True)
    assert "A person marks this answer" in page
    desk.send(f"/exams/{exam.id}/preview/99", 200, x="y")


def test_the_preview_of_a_broken_question_says_why(
    desk: Desk, house: House, people: People
) -> None:
    broken = {"stem": "<p>?</p>", "mode": "single", "options": []}
    exam = house.exam(
        people.principal("author"), (("choice", broken, "1"), ("text_entry", TEXT, "1"))
    )
    page = desk.get(f"/exams/{exam.id}/preview")
    assert "This question cannot be shown" in page
    assert page.count('class="eh-question"') == 1


def test_settings_are_shown_and_stored(desk: Desk, platform: Platform, exam: Exam) -> None:
    changes = {
        "title": "Chemistry",
        "settings.instructions": "Be calm.\r\nWrite.",
        "settings.time.limit_seconds": "1:30",
        "settings.access.schedule._use": "1",
        "settings.access.schedule.opens": "2030-06-01T09:00",
        "scorer.sum.pass_fraction": "0.5",
        "settings.proctoring.enabled": "true",
        "settings.proctoring.detectors": "face",
        "settings.proctoring.authorization": "proctor",
    }
    desk.follow(desk.send_form(f"/exams/{exam.id}/settings", settings(desk, exam, **changes)))
    stored = read(platform, exam.id)
    assert stored.title == "Chemistry"
    assert stored.settings["instructions"] == "Be calm.\nWrite."
    assert stored.settings["time"]["limit_seconds"] == 90
    assert stored.settings["access"]["schedule"]["opens"] == "2030-06-01T09:00:00+00:00"
    assert stored.settings["scoring"]["settings"]["pass_fraction"] == "0.5"
    assert stored.settings["proctoring"]["detectors"] == ["face"]
    assert stored.settings["proctoring"]["authorization"] == "proctor"
    desk.send_form(f"/exams/{exam.id}/settings", settings(desk, exam))
    assert read(platform, exam.id).settings == stored.settings


@pytest.mark.parametrize(
    ("control", "typed", "words_shown"),
    [
        ("settings.time.limit_seconds", "soon", "Time, time limit in minutes : Write minutes"),
        ("settings.time.limit_seconds", "-5", "Write minutes, such as 90, 1.5 or 1:40, at most"),
        ("settings.time.hard_close", "yesterday", "Write a date and a time"),
        ("scorer.sum.pass_fraction", "7", "Must be"),
        ("settings.proctoring.enabled", "true", "Choose at least one detector."),
        ("settings.proctoring.frame_seconds", "NaN", "Write an ordinary number."),
        ("settings.proctoring.rules", "{", "Write JSON here."),
        ("settings.scoring.release", "never", "Must be one of"),
        ("title", "", "1 to 300 characters."),
    ],
)
def test_settings_that_cannot_be_are_kept_and_named(
    desk: Desk, platform: Platform, exam: Exam, control: str, typed: str, words_shown: str
) -> None:
    form = settings(desk, exam, **{control: typed, "settings.instructions": "Kept."})
    page = desk.send_form(f"/exams/{exam.id}/settings", form, 422).get_data(as_text=True)
    assert words_shown in words(page)
    shown = controls(page, "settings")
    assert shown["settings.instructions"] == "Kept."
    assert shown.get(control, "") in {typed, "automatic"}
    assert read(platform, exam.id).settings.get("instructions", "") == ""


def test_rows_of_a_plugins_settings_are_added(desk: Desk, exam: Exam) -> None:
    form = controls(desk.get(f"/exams/{exam.id}/settings"), "settings")
    form |= {"_rows": "add:scorer.sum.grades", "title": "Typed"}
    page = desk.send_form(f"/exams/{exam.id}/settings", form, 200).get_data(as_text=True)
    shown = controls(page, "settings")
    assert shown["title"] == "Typed"
    assert "scorer.sum.grades.0.label" in shown


def test_a_rule_that_is_not_in_use_keeps_its_settings(
    desk: Desk, house: House, people: People, platform: Platform
) -> None:
    kept = {"access": {"room_code": {"code": "17"}}}
    exam = house.exam(people.principal("author"), TWO, kept)
    page = desk.get(f"/exams/{exam.id}/settings")
    assert "which is not in use here" in page
    desk.send_form(f"/exams/{exam.id}/settings", settings(desk, exam, title="New"))
    assert read(platform, exam.id).settings["access"] == kept["access"]


def test_candidates_are_registered_by_login(desk: Desk, exam: Exam) -> None:
    page = desk.send_form(
        f"/exams/{exam.id}/candidates",
        {"logins": "Candidate, nobody\nproctor", "allowance.multiplier": "1.25"},
        422,
    ).get_data(as_text=True)
    assert "nobody: Nobody has this login." in page
    assert controls(page)["logins"] == "nobody"
    assert page.count(" 1.25</span>") == 2
    page = desk.send(f"/exams/{exam.id}/candidates", 422, logins="candidate").get_data(True)
    assert "registered already" in page
    desk.send(f"/exams/{exam.id}/candidates", 422, logins=" ,\n")


@pytest.mark.parametrize("multiplier", ["0.5", "11", "x", "NaN", "-1"])
def test_bad_allowances_register_nobody(desk: Desk, exam: Exam, multiplier: str) -> None:
    form = {"logins": "candidate", "allowance.multiplier": multiplier}
    page = desk.send_form(f"/exams/{exam.id}/candidates", form, 422).get_data(as_text=True)
    assert "Nobody is registered yet" in page
    assert controls(page)["allowance.multiplier"] == multiplier


def test_allowances_are_changed(
    desk: Desk, house: House, people: People, platform: Platform
) -> None:
    watched = {"proctoring": {"enabled": True, "detectors": ["face"]}}
    exam = house.exam(people.principal("author"), TWO, watched)
    place = house.register(exam.id, people.principal("candidate"))
    address = f"/exams/{exam.id}/candidates/{place.id}"
    form = {**controls(desk.get(address), "allowances"), "allowance.extra_seconds": "10"}
    form["allowance.waived_detectors"] = "face"
    page = desk.send_form(address, form, 422).get_data(as_text=True)
    assert "Say why detectors are waived" in page
    form["allowance.waiver_reason"] = "Decision 12 of the disability office"
    page = desk.follow(desk.send_form(address, form))
    assert "+ 10 min" in page
    assert f"without {platform.plugins.detector('face').title}" in page
    form["allowance.max_attempts"] = "0"
    page = desk.send_form(address, form, 422).get_data(as_text=True)
    assert controls(page, "allowances")["allowance.extra_seconds"] == "10"
    desk.get(f"/exams/{uuid4()}/candidates/{place.id}", 404)


def test_results_are_released(app: Flask, house: House, people: People) -> None:
    manual = {"scoring": {"release": "manual"}}
    version = house.published((("choice", CHOICE, "2"),), manual)
    sitting = house.sitting(version.exam_id)
    sitting.answer_by(0, "right")
    sitting.submit()
    from examhall.core.scoring.operations import score_attempt

    score_attempt(house.platform, sitting.attempt_id)
    desk = Desk(app, "author")
    page = words(desk.get(f"/exams/{version.exam_id}/results"))
    assert "Ready to release" in page
    address = f"/exams/{version.exam_id}/results"
    assert "Tick at least one" in desk.follow(desk.send(address))
    page = desk.follow(desk.send(address, attempt=str(sitting.attempt_id)))
    assert "1 result is released" in page
    assert "2 of 2" in words(page)
    assert "Release the ticked results" not in words(page)


def test_an_archived_exam_takes_nobody(desk: Desk, exam: Exam) -> None:
    desk.send(f"/exams/{exam.id}/archive", revision=str(exam.revision))
    page = desk.get(f"/exams/{exam.id}")
    assert 'id="builder"' not in page
    desk.send(f"/exams/{exam.id}/candidates", 422, logins="candidate")


def test_readers_see_an_exam_without_its_tools(app: Flask, people: People, exam: Exam) -> None:
    for login in ("proctor", "grader", "admin"):
        desk = Desk(app, login)
        page = desk.get(f"/exams/{exam.id}")
        assert "A choice" in page
        assert 'id="builder"' not in page
        assert "Publish" not in words(page)
        for path in ("settings", "preview", "add"):
            desk.get(f"/exams/{exam.id}/{path}", 403)
        desk.send(f"/exams/{exam.id}/publish", 403)
        desk.send(f"/exams/{exam.id}", 403, revision="1")
    desk = Desk(app, "candidate")
    desk.get("/exams", 403)
    desk.get(f"/exams/{exam.id}", 403)


def test_an_author_of_another_exam_finds_nothing(
    app: Flask, people: People, house: House, exam: Exam
) -> None:
    from examhall.core.accounts.operations import grant_role

    other = house.exam(people.principal("author"), TWO)
    user = people.make("elsewhere")
    with people.platform.db.transaction() as session:
        grant_role(session, SYSTEM, user.id, Role.AUTHOR, other.id)
    desk = Desk(app, "elsewhere")
    desk.get(f"/exams/{other.id}")
    for path in ("", "/settings", "/candidates", "/results", "/versions", "/preview"):
        desk.get(f"/exams/{exam.id}{path}", 404)


sections = st.lists(
    st.fixed_dictionaries({"items": st.lists(st.integers(), max_size=3)}), max_size=3
)


@given(sections, st.sampled_from(["up", "down"]), st.integers(0, 3), st.integers(0, 3))
def test_moving_over_never_loses_an_item(
    parts: list[dict[str, Any]], verb: str, place: int, number: int
) -> None:
    before = [item for part in parts for item in part["items"]]
    move_over(parts, f"{verb}:sections.{place}.items.{number}")
    after = [item for part in parts for item in part["items"]]
    assert after == before
