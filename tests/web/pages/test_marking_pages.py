"""The marking pages: what waits, one page for each answer, the mark, the next one."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from flask import Flask

from examhall.core.errors import InvalidError
from examhall.core.permissions import SYSTEM
from examhall.core.platform import Platform
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


def test_shares_of_points() -> None:
    assert read_fraction("1", Decimal(3)) == Decimal("0.333333333333")
    assert read_fraction(" 1,5 ", Decimal(3)) == Decimal("0.5")
    assert read_fraction("0", Decimal(0)) == 0
    with pytest.raises(InvalidError):
        read_fraction("3.1", Decimal(3))
