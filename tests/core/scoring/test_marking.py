"""Marking: by a rubric, by one person or by two who do not see one another, and all of it kept."""

from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examhall.core.contracts.question_type import Criterion, Level
from examhall.core.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from examhall.core.permissions import Principal, Role
from examhall.core.scoring.marking import (
    Policy,
    Stage,
    earned_fraction,
    get_marking_state,
    mark_item,
    settle,
)
from examhall.core.scoring.models import Mark, ScoreRecord
from examhall.core.scoring.operations import score_attempt
from examhall.core.scoring.queries import find_latest_score
from examhall.core.scoring.waiting import count_waiting, list_waiting_items
from tests.exam_house import ESSAY, House, Sitting

CRITERIA = [
    {"title": "Idea", "levels": [{"text": "none", "points": "0"}, {"text": "good", "points": "3"}]},
    {"title": "Style", "levels": [{"text": "bad", "points": "0"}, {"text": "fine", "points": "1"}]},
]
ESSAYS = [("essay", {**ESSAY, "criteria": CRITERIA}, "8"), ("essay", ESSAY, "4")]
TWICE = {"marking": {"second": True, "tolerance": "0.25"}}
SECOND = Policy(blind=True, second=True, tolerance=Decimal("0.25"))
PEOPLE = [uuid4() for _ in range(3)]


def sat(house: House, settings: dict[str, object]) -> Sitting:
    sitting = house.sitting(house.published(ESSAYS, settings).exam_id)
    sitting.answer(0, {"text": "because"})
    sitting.answer(1, {"text": "therefore"})
    sitting.submit()
    score_attempt(house.platform, sitting.attempt_id)
    return sitting


def points(house: House, sitting: Sitting, place: int = 0) -> Decimal | None:
    with house.platform.db.reading() as session:
        score = find_latest_score(session, sitting.attempt_id)
        assert isinstance(score, ScoreRecord)
        [found] = [item for item in score.items if item.item_id == sitting.items[place]]
        return found.points


def waiting(house: House, marker: Principal) -> list[tuple[int, int]]:
    with house.platform.db.reading() as session:
        return [(one.position, one.marks) for one in list_waiting_items(session, marker)]


def give(house: House, marker: Principal, sitting: Sitting, share: str, comment: str = "") -> None:
    mark_item(house.platform, marker, sitting.attempt_id, sitting.items[0], Decimal(share), comment)


def written(*marks: tuple[int, str]) -> list[Mark]:
    return [
        Mark(response_revision=1, marker_id=PEOPLE[who], fraction=Decimal(share), comment=f"c{who}")
        for who, share in marks
    ]


@pytest.mark.parametrize(
    ("marks", "stage", "fraction"),
    [
        ((), Stage.FIRST, None),
        (((0, "0.5"),), Stage.SECOND, None),
        (((0, "0.5"), (0, "0.7")), Stage.SECOND, None),
        (((0, "0.5"), (1, "0.75")), Stage.DONE, "0.625"),
        (((0, "0.5"), (1, "0.76")), Stage.DECISION, None),
        (((0, "0.5"), (1, "1"), (0, "0.9")), Stage.DONE, "0.95"),
        (((0, "0"), (1, "1"), (2, "0.3")), Stage.DONE, "0.3"),
    ],
)
def test_two_markers_and_a_third(marks, stage, fraction) -> None:
    found = settle(written(*marks), 1, SECOND)
    assert (found.stage, found.fraction) == (stage, Decimal(fraction) if fraction else None)
    assert settle(written(*marks), 2, SECOND).stage is Stage.FIRST


def test_one_marker_is_enough_without_the_setting() -> None:
    once = Policy(blind=True, second=False, tolerance=Decimal(0))
    found = settle(written((0, "1"), (1, "0.5"), (0, "0.2")), 1, once)
    assert (found.fraction, found.marker_id, found.comment) == (Decimal("0.2"), PEOPLE[0], "c0")


@given(st.lists(st.lists(st.integers(-5, 100), min_size=1, max_size=5), max_size=6))
def test_a_rubric_earns_a_share(points: list[list[int]]) -> None:
    criteria = [
        Criterion(str(n), "x", tuple(Level(str(k), "y", Decimal(p)) for k, p in enumerate(row)))
        for n, row in enumerate(points)
    ]
    best = {str(n): str(row.index(max(row))) for n, row in enumerate(points)}
    for chosen in (best, {}, {"0": "0"}, {"9": "9"}):
        assert 0 <= earned_fraction(criteria, chosen) <= 1
    if sum(max(row) for row in points) > 0:
        assert earned_fraction(criteria, best) == 1


def test_a_rubric_gives_the_mark_and_is_kept(house: House) -> None:
    sitting, grader = sat(house, {}), house.person(Role.GRADER)
    where = (house.platform, grader, sitting.attempt_id, sitting.items[0])
    mark_item(*where, criteria={"1": "2", "2": "1"}, comment="Good idea")
    assert points(house, sitting) == Decimal(6)
    mark_item(*where, Decimal("0.5"), criteria={"1": "2"})
    assert points(house, sitting) == Decimal(4)
    state = get_marking_state(*where)
    assert [one.title for one in state.criteria] == ["Idea", "Style"]
    assert [one.criteria for one in state.history] == [{"1": "2", "2": "1"}, {"1": "2"}]
    assert (state.stage, state.name, state.history[0].comment) == (Stage.DONE, "", "Good idea")
    for bad in ({"1": "2"}, {"1": "9", "2": "1"}, {"3": "1"}, {}):
        with pytest.raises(InvalidError):
            mark_item(*where, criteria=bad)
    with pytest.raises(NotFoundError):
        mark_item(house.platform, grader, sitting.attempt_id, uuid4(), criteria={"1": "2"})


def test_two_markers_do_not_see_one_another_until_it_is_settled(house: House) -> None:
    sitting = sat(house, TWICE)
    first, second, third, late = (house.person(Role.GRADER) for _ in range(4))
    give(house, first, sitting, "1", "Splendid")
    assert points(house, sitting) is None
    assert waiting(house, first) == [(2, 0)]
    assert waiting(house, second) == [(1, 1), (2, 0)]
    where = (sitting.attempt_id, sitting.items[0])
    assert get_marking_state(house.platform, second, *where).history == []
    give(house, second, sitting, "0.5", "Poor")
    assert points(house, sitting) is None
    assert waiting(house, second) == [(2, 0)]
    for marker, sees in ((first, ["Splendid"]), (third, ["Splendid", "Poor"])):
        history = get_marking_state(house.platform, marker, *where).history
        assert [one.comment for one in history] == sees
    give(house, third, sitting, "0.75", "Between")
    assert points(house, sitting) == Decimal(6)
    assert len(get_marking_state(house.platform, first, *where).history) == 3
    with pytest.raises(ConflictError, match="settled"):
        give(house, late, sitting, "0")
    with house.platform.db.reading() as session:
        [exam] = count_waiting(session, first)
    assert (exam.title, exam.waiting, exam.others) == ("Science", 1, 0)


def test_two_who_agree_give_their_mean_and_both_comments(house: House) -> None:
    sitting = sat(house, TWICE)
    first, second = house.person(Role.GRADER), house.person(Role.GRADER)
    give(house, first, sitting, "0.5", "So")
    give(house, second, sitting, "0.75", "And so")
    with house.platform.db.reading() as session:
        score = find_latest_score(session, sitting.attempt_id)
        assert score is not None
        [item] = [one for one in score.items if one.item_id == sitting.items[0]]
    assert (item.points, item.comment) == (Decimal(5), "So\n\nAnd so")
    assert item.marked_by == second.user_id


def test_authors_and_admins_mark_nothing(house: House) -> None:
    sitting = sat(house, {})
    for role in (Role.AUTHOR, Role.ADMIN):
        with pytest.raises(ForbiddenError):
            give(house, house.person(role), sitting, "1")


def test_names_are_shown_where_the_exam_is_not_marked_blind(house: House) -> None:
    sitting, grader = sat(house, {"marking": {"blind": False}}), house.person(Role.GRADER)
    with house.platform.db.reading() as session:
        names = {one.name for one in list_waiting_items(session, grader)}
    assert names == {sitting.candidate.name}
    where = (sitting.attempt_id, sitting.items[0])
    assert get_marking_state(house.platform, grader, *where).name == sitting.candidate.name
