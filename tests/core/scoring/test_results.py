"""Who sees which part of a result, and when."""

from decimal import Decimal
from uuid import uuid4

import pytest

from examhall.core.errors import ConflictError, ForbiddenError, NotFoundError
from examhall.core.permissions import Principal, Role
from examhall.core.scoring.marking import mark_item
from examhall.core.scoring.operations import release_outcome, score_attempt
from examhall.core.scoring.queries import (
    Result,
    get_result,
    list_score_versions,
    list_scores,
)
from examhall.core.scoring.review import get_marking, get_review
from examhall.core.scoring.waiting import list_waiting_items
from tests.exam_house import CHOICE, ESSAY, TEXT, House, Sitting

QUESTIONS = [("choice", CHOICE, "12"), ("text_entry", TEXT, "2"), ("essay", ESSAY, "2")]


def sit(house: House, **scoring) -> Sitting:
    """Return an attempt with the essay waiting for its marker."""
    sitting = house.sitting(house.published(QUESTIONS, {"scoring": scoring}).exam_id)
    sitting.answer_by(0, "right")
    sitting.answer_by(1, "wrong")
    sitting.answer(2, {"text": "my essay"})
    sitting.submit()
    score_attempt(house.platform, sitting.attempt_id)
    return sitting


def look(house: House, who: Principal, sitting: Sitting) -> Result:
    with house.platform.db.reading() as session:
        return get_result(session, who, sitting.attempt_id)


def test_the_points_so_far_are_shown_where_the_exam_allows_it(house: House) -> None:
    sitting = sit(house)
    result = look(house, sitting.candidate, sitting)
    assert result.summary == "12 of 16 points so far, 1 answer awaits a marker."
    assert (result.points, result.waiting, result.released) == (Decimal(12), 1, False)
    assert (result.grade, result.passed, result.items) == ("", None, ())
    with pytest.raises(ConflictError):
        get_review(house.platform, sitting.candidate, sitting.attempt_id)


def test_nothing_is_shown_where_the_exam_says_so(house: House) -> None:
    sitting = sit(house, show_provisional=False)
    result = look(house, sitting.candidate, sitting)
    assert result.points is None
    assert result.summary == "Your result has not been released yet."


def test_the_released_result_has_every_item(house: House) -> None:
    sitting = sit(house)
    grader = house.person(Role.GRADER)
    mark_item(
        house.platform, grader, sitting.attempt_id, sitting.items[2], Decimal("0.5"), "Halfway."
    )
    result = look(house, sitting.candidate, sitting)
    assert (result.summary, result.released) == ("13 of 16 points.", True)
    assert [item.points for item in result.items] == [Decimal(12), Decimal(0), Decimal(1)]
    assert result.items[2].comment == "Halfway."


def test_a_mark_after_the_release_is_not_shown_before_the_next_one(house: House) -> None:
    sitting = sit(house, release="manual")
    grader, author = house.person(Role.GRADER), house.person(Role.AUTHOR)
    essay = sitting.items[2]
    mark_item(house.platform, grader, sitting.attempt_id, essay, Decimal(1))
    assert look(house, sitting.candidate, sitting).summary == "14 of 16 points, not final yet."
    release_outcome(house.platform, author, sitting.attempt_id)
    mark_item(house.platform, grader, sitting.attempt_id, essay, Decimal(0), "copied")
    seen = look(house, sitting.candidate, sitting)
    assert (seen.points, seen.released, seen.items[2].comment) == (Decimal(14), True, "")
    assert look(house, grader, sitting).points == Decimal(12)
    release_outcome(house.platform, author, sitting.attempt_id)
    assert look(house, sitting.candidate, sitting).points == Decimal(12)


def test_the_review_never_shows_what_the_candidate_did_not_answer(house: House) -> None:
    sitting = sit(house)
    grader = house.person(Role.GRADER)
    mark_item(house.platform, grader, sitting.attempt_id, sitting.items[2], Decimal(1))
    mine = get_review(house.platform, sitting.candidate, sitting.attempt_id)
    theirs = get_review(house.platform, grader, sitting.attempt_id)
    assert "Paris" not in mine[1].html
    assert "Paris" in theirs[1].html
    assert "the rubric" not in mine[2].html
    assert "my essay" in mine[2].html
    marking = get_marking(house.platform, grader, sitting.attempt_id, sitting.items[2])
    assert "the rubric" in marking.html
    assert (marking.points, marking.fraction) == (Decimal(2), Decimal(1))


def test_an_item_that_cannot_be_drawn_leaves_the_others(house: House) -> None:
    from examhall.core.contracts.base import Kind

    sitting = sit(house)
    house.platform.plugins.set_enabled(Kind.QUESTION_TYPE, "essay", False)
    review = get_review(house.platform, house.person(Role.GRADER), sitting.attempt_id)
    assert [item.fragment is None for item in review] == [False, False, True]
    assert "cannot be shown" in review[2].html


def test_results_of_others_are_not_there(house: House) -> None:
    sitting = sit(house)
    elsewhere = house.published(QUESTIONS).exam_id
    for other in (house.person(Role.CANDIDATE), house.person(Role.GRADER, elsewhere)):
        for attempt_id in (sitting.attempt_id, uuid4()):
            with house.platform.db.reading() as session, pytest.raises(NotFoundError):
                get_result(session, other, attempt_id)
            with pytest.raises(NotFoundError):
                get_review(house.platform, other, attempt_id)
    for role in (Role.PROCTOR, Role.REVIEWER, Role.AUDITOR):
        with pytest.raises(ForbiddenError):
            look(house, house.person(role), sitting)


def test_the_list_of_an_exam_has_every_attempt_with_its_newest_score(house: House) -> None:
    sitting = sit(house)
    grader = house.person(Role.GRADER)
    result = look(house, grader, sitting)
    running = house.sitting(result.exam_id)
    mark_item(house.platform, grader, sitting.attempt_id, sitting.items[2], Decimal(1))
    with house.platform.db.reading() as session:
        first = list_scores(session, grader, result.exam_id, limit=1)
        second = list_scores(session, grader, result.exam_id, cursor=first.next_cursor)
        versions = list_score_versions(session, grader, sitting.attempt_id)
    [scored], [unscored] = first.items, second.items
    assert scored.score is not None
    assert (scored.attempt.id, scored.score.version, scored.released) == (
        sitting.attempt_id,
        2,
        True,
    )
    assert (unscored.attempt.id, unscored.score) == (running.attempt_id, None)
    assert [version.version for version in versions] == [2, 1]
    for other in (house.person(Role.CANDIDATE), house.person(Role.PROCTOR)):
        with house.platform.db.reading() as session, pytest.raises(ForbiddenError):
            list_scores(session, other, result.exam_id)


def test_what_waits_for_a_marker_is_listed_without_names(house: House) -> None:
    first, second = sit(house), sit(house)
    grader = house.person(Role.GRADER)
    exam_id = look(house, grader, first).exam_id
    with house.platform.db.reading() as session:
        everything = list_waiting_items(session, grader)
        [one] = list_waiting_items(session, grader, exam_id)
    assert [item.attempt_id for item in everything] == [first.attempt_id, second.attempt_id]
    assert (one.item_id, one.type, one.max_points) == (first.items[2], "essay", Decimal(2))
    mark_item(house.platform, grader, first.attempt_id, first.items[2], Decimal(1))
    limited, author = house.person(Role.GRADER, exam_id), house.person(Role.AUTHOR)
    with house.platform.db.reading() as session:
        assert list_waiting_items(session, limited) == []
        with pytest.raises(ForbiddenError):
            list_waiting_items(session, author)
