"""The form of an exam's structure: moving, picks, random picks, and what cannot be."""

from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from examhall.core.errors import InvalidError
from examhall.web.pages.exam_structure import Structure, move_to
from tests.web.pages.desk import Desk, words
from tests.web.people import People

ID = "7f0e8f2e-8a9e-4d0f-9d0b-0c3f7f1a2b3c"


@pytest.fixture
def desk(app: Flask, people: People) -> Desk:
    return Desk(app, "author")


def sections(*counts: int) -> list[dict[str, Any]]:
    return [
        {"title": str(place), "items": [f"{place}{n}" for n in range(count)]}
        for place, count in enumerate(counts)
    ]


def flat(rows: list[dict[str, Any]]) -> list[list[str]]:
    return [row["items"] for row in rows]


@pytest.mark.parametrize(
    ("action", "order", "place"),
    [
        ("move:sections.0.items.0:sections.0.items.1", [["01", "00"], ["10"]], "0.items.1"),
        ("move:sections.0.items.1:sections.1.items.0", [["00"], ["01", "10"]], "1.items.0"),
        ("move:sections.1.items.0:sections.0.items.9", [["00", "01", "10"], []], "0.items.2"),
        ("move:sections.1:sections.0", [["10"], ["00", "01"]], "0"),
        ("move:sections.0.items.7:sections.1.items.0", None, ""),
        ("move:sections.0.items.0:sections.1", None, ""),
        ("move:sections.0:sections.1.items.0", None, ""),
        ("move:sections.5.items.0:sections.0.items.0", None, ""),
        ("move:sections.-1:sections.x", None, ""),
        ("move::", None, ""),
        ("up:sections.1", None, ""),
    ],
)  # fmt: skip
def test_things_are_moved_to_where_they_were_let_go(action, order, place) -> None:
    rows = sections(2, 1)
    assert move_to(rows, action) == (f"sections.{place}" if place else "")
    assert flat(rows) == (order or flat(sections(2, 1)))


def typed(**more: str) -> Structure:
    form = {
        "_action": "save",
        "revision": "1",
        "sections.0._row": "1",
        "sections.0.title": "A",
        "sections.0.items.0.question_id": ID,
        "sections.0.items.0.points": "2",
        **more,
    }
    return Structure.sent(MultiDict(form))


def test_picks_and_draws_are_read() -> None:
    structure = typed(
        **{
            "sections.0.pick": "1",
            "sections.0.shuffle": "1",
            "sections.0.draws.0._row": "1",
            "sections.0.draws.0.count": "3",
            "sections.0.draws.0.tags": " easy,  two words ,",
            "sections.0.draws.0.points": "0.5",
        }
    )
    [section] = structure.plan()
    [draw] = section.draws
    assert (section.pick, section.shuffle, draw.count, draw.points) == (1, True, 3, Decimal("0.5"))
    assert (draw.tags, draw.type) == (("easy", "two words"), "")
    [plain] = typed().plan()
    assert (plain.pick, plain.shuffle, list(plain.draws)) == (None, False, [])


@pytest.mark.parametrize(
    ("name", "value"),
    [("pick", "0"), ("pick", "-1"), ("pick", "many"), ("draws.0.count", "0"),
     ("draws.0.count", "1.5"), ("draws.0.points", "-1"), ("draws.0.tags", "x" * 1001)],
)  # fmt: skip
def test_what_cannot_be_is_named(name: str, value: str) -> None:
    structure = typed(**{"sections.0.draws.0._row": "1", f"sections.0.{name}": value})
    with pytest.raises(InvalidError) as caught:
        structure.plan()
    refused = structure.refused(caught.value)
    assert f"sections.0.{name}" in refused.errors


def test_questions_are_tagged_copied_and_brought_back(desk: Desk) -> None:
    form = {
        "type": "essay",
        "_view": "form",
        "_title": "Ice",
        "content.stem": "<p>Why does ice float?</p>",
        "_tag": "physics",
        "_new_tags": "water, year 2",
        "_points": "2,5",
    }
    question = desk.send_form("/questions/new", form).headers["Location"]
    desk.send_form(question, {**form, "_tag": "water", "_new_tags": "", "content.stem": "Other"})
    versions = words(desk.get(f"{question}/versions"))
    assert "<p>Why does ice float?</p>" in versions.replace("&lt;", "<").replace("&gt;", ">")
    assert "Why does ice float?" in desk.get(f"{question}/versions/1")
    desk.send(f"{question}/versions/1/restore")
    assert "version 3" in words(desk.get(question))
    desk.send(f"{question}/duplicate")
    listed = words(desk.get("/questions?tag=water&search=float"))
    assert "Ice (copy)" in listed
    assert "2.5" in listed
    assert "Nothing was found" in desk.get("/questions?tag=physics")
    question_id = question.rpartition("/")[2]
    desk.send("/questions/bulk", question=question_id, tags="new", _action="add")
    assert "Ice" in words(desk.get("/questions?tag=new"))
    desk.send("/questions/bulk", question=question_id, _action="archive")
    assert "Nothing was found" in desk.get("/questions?tag=new")
    for sent in (
        {},
        {"question": "x", "_action": "add"},
        {"question": question_id, "_action": "?"},
    ):
        desk.send("/questions/bulk", **sent)
    refused = desk.send_form(question, {**form, "_points": "lots"}, 422)
    assert "Write a number." in refused.get_data(as_text=True)
