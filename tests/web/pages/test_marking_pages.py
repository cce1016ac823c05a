"""The marking pages: what waits, one page for each answer, the mark, the next one."""

from __future__ import annotations

import re
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from flask import Flask

from examhall.core.errors import InvalidError
from examhall.core.permissions import SYSTEM, Role
from examhall.core.platform import Platform
from examhall.core.scoring.marking import get_marking_state, mark_item
from examhall.core.scoring.operations import score_attempt
from examhall.core.scoring.queries import get_result
from examhall.web.pages.marking import read_fraction
from tests.exam_house import ESSAY, House, Sitting
from tests.web.pages.desk import Desk, controls, words
from tests.web.people import People


@pytest.fixture
def house(platform: Platform) -> House:
    return House(platform)


@pytest.fixture
def sitting(house: House) -> Sitting:
    """A sitting with two essays that wait for a marker."""
    version = house.published((("essay", ESSAY, "4"), ("essay", ESSAY, "3")))
    sitting = house.sitting(version.exam_id)
    sitting.answer(0, {"text": "Because <b>so</b>."})
    sitting.answer(1, {"text": "Why not."})
    sitting.submit()
    score_attempt(house.platform, sitting.attempt_id)
    return sitting


@pytest.fixture
def desk(app: Flask, people: People) -> Desk:
    return Desk(app, "grader")


def address(sitting: Sitting, place: int) -> str:
    return f"/marking/{sitting.attempt_id}/{sitting.items[place]}"


def points(platform: Platform, attempt_id: UUID) -> Decimal | None:
    with platform.db.reading() as session:
        return get_result(session, SYSTEM, attempt_id).points


def test_answers_are_marked_one_after_the_other(
    desk: Desk, sitting: Sitting, platform: Platform
) -> None:
    page = words(desk.get("/marking"))
    assert "2 answers wait" in page
    assert sitting.candidate.name not in page
    shown = desk.get(address(sitting, 0))
    assert "the rubric" in shown
    assert "Because &lt;b&gt;so" in shown
    answer = desk.send(address(sitting, 0), points="2.5", comment="Good.", _action="next")
    assert answer.headers["Location"] == address(sitting, 1)
    answer = desk.send(address(sitting, 1), points="3", comment="", _action="next")
    assert "Nothing waits for a mark" in desk.follow(answer)
    assert points(platform, sitting.attempt_id) == Decimal("5.5")
    again = controls(desk.get(address(sitting, 0)))
    assert (again["points"], again["comment"]) == ("2.5", "Good.")


@pytest.mark.parametrize("typed", ["", "4.01", "-1", "NaN", "lots", "1e99", "Infinity"])
def test_points_that_cannot_be_are_kept_and_named(desk: Desk, sitting: Sitting, typed: str) -> None:
    page = desk.send(address(sitting, 0), 422, points=typed, comment="Kept.").get_data(True)
    shown = controls(page)
    assert (shown["points"], shown["comment"]) == (typed, "Kept.")
    assert 'id="e-points"' in page


def test_a_comment_that_is_too_long_is_refused(desk: Desk, sitting: Sitting) -> None:
    desk.send(address(sitting, 0), 422, points="1", comment="x" * 10_001)


def test_only_markers_mark(app: Flask, people: People, sitting: Sitting, desk: Desk) -> None:
    for login in ("author", "proctor", "candidate", "admin"):
        other = Desk(app, login)
        other.get("/marking", 403)
        other.get(address(sitting, 0), 403)
        other.send(address(sitting, 0), 403, points="1")
    desk.get(f"/marking/{uuid4()}/{sitting.items[0]}", 404)
    desk.get(f"/marking/{sitting.attempt_id}/{uuid4()}", 404)


def test_a_rubric_gives_the_points_and_two_markers_see_nothing_of_one_another(
    app: Flask, people: People, desk: Desk, house: House
) -> None:
    levels = [{"text": "weak", "points": "0"}, {"text": "strong", "points": "2"}]
    essay = {**ESSAY, "criteria": [{"title": "Idea", "levels": levels}]}
    version = house.published((("essay", essay, "4"),), {"marking": {"second": True}})
    sitting = house.sitting(version.exam_id)
    sitting.answer(0, {"text": "So."})
    sitting.submit()
    score_attempt(house.platform, sitting.attempt_id)
    rubric = {"criterion.1": "2", "comment": "Fine"}
    assert "has no such level" in desk.send_form(
        address(sitting, 0), {"criterion.1": "9"}, 422
    ).get_data(as_text=True)
    desk.send_form(address(sitting, 0), rubric)
    assert "Science" in desk.get("/marking")
    assert "1 for somebody else" in words(desk.get("/marking"))
    assert desk.send_form(address(sitting, 0), {"points": "4"}).status_code == 302
    other = house.person(Role.GRADER)
    state = get_marking_state(house.platform, other, sitting.attempt_id, sitting.items[0])
    assert (state.stage, state.history) == ("second", [])
    mark_item(house.platform, other, sitting.attempt_id, sitting.items[0], Decimal(1))
    assert points(house.platform, sitting.attempt_id) == Decimal(4)
    assert "This answer is marked" in desk.get(address(sitting, 0))


def test_the_next_answer_is_one_step_away(desk: Desk, sitting: Sitting) -> None:
    [exam_id] = set(re.findall(r"/marking\?exam=([0-9a-f-]+)", desk.get("/marking")))
    for path in ("/marking/next", f"/marking/next?exam={exam_id}"):
        assert desk.client.get(path).headers["Location"] == address(sitting, 0)
    assert desk.client.get("/marking/next?exam=x").status_code == 302
    desk.get(f"/marking/next?exam={uuid4()}", 404)
    assert "Question 1" in words(desk.get(f"/marking?exam={exam_id}"))


def test_shares_of_points() -> None:
    assert read_fraction("1", Decimal(3)) == Decimal("0.333333333333")
    assert read_fraction(" 1,5 ", Decimal(3)) == Decimal("0.5")
    assert read_fraction("0", Decimal(0)) == 0
    with pytest.raises(InvalidError):
        read_fraction("3.1", Decimal(3))
