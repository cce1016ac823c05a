"""The analysis of an exam that people sat: who may see it, what is in it."""

from decimal import Decimal

import pytest

from examhall.core.analysis.operations import analyse_exam, analyse_question
from examhall.core.errors import ForbiddenError, NotFoundError
from examhall.core.permissions import Role
from examhall.core.scoring.marking import mark_item
from examhall.core.scoring.operations import score_attempt
from tests.exam_house import CHOICE, ESSAY, NUMBER, TEXT, open_house


@pytest.fixture
def house(database_url, tmp_path):
    with open_house(database_url, tmp_path) as house:
        yield house


def sat(house, exam_id, *answers):
    sitting = house.sitting(exam_id)
    for place, raw in enumerate(answers):
        sitting.answer(place, raw) if isinstance(raw, dict) else sitting.answer_by(place, raw)
    sitting.submit()
    score_attempt(house.platform, sitting.attempt_id)
    return sitting


def test_an_exam_and_its_questions(house):
    questions = (("choice", CHOICE, "1"), ("text_entry", TEXT, "2"), ("numeric", NUMBER, "1"))
    settings = {"scoring": {"scorer": "sum", "settings": {"pass_fraction": "0.5"}}}
    exam = house.published(questions, settings)
    author = house.person(Role.AUTHOR)
    empty = analyse_exam(house.platform, author, exam.exam_id)
    assert (empty.figures.count, empty.questions, sum(empty.histogram)) == (0, [], 0)
    sat(house, exam.exam_id, "right", {"text": "Paris"}, "right")
    sat(house, exam.exam_id, "right", {"text": "Paris"}, "wrong")
    sat(house, exam.exam_id, "wrong", {"text": "Rome"}, "wrong")
    house.sitting(exam.exam_id)
    found = analyse_exam(house.platform, author, exam.exam_id)
    assert (found.figures.count, found.passed, found.failed, found.waiting) == (3, 2, 1, 0)
    assert found.figures.mean == pytest.approx(7 / 3)
    assert found.figures.alpha is not None
    assert [one.position for one in found.questions] == [1, 2, 3]
    assert [one.figures.facility for one in found.questions] == pytest.approx([2 / 3, 2 / 3, 1 / 3])
    assert found.questions[0].guess == Decimal("0.5")
    assert (found.histogram[0], found.histogram[15], found.histogram[19]) == (1, 1, 1)
    text = analyse_question(house.platform, author, exam.exam_id, found.questions[1].question_id)
    assert [(one.label, one.count) for one in text.classes] == [
        ("Paris", 2),
        ("Any other answer", 1),
    ]
    assert text.classes[0].share == pytest.approx(2 / 3)
    with pytest.raises(ForbiddenError):
        analyse_exam(house.platform, house.person(Role.PROCTOR), exam.exam_id)
    with pytest.raises(NotFoundError):
        analyse_question(house.platform, author, exam.exam_id, exam.id)


def test_what_waits_for_a_marker_is_left_out(house):
    exam = house.published((("text_entry", TEXT, "1"), ("essay", ESSAY, "1")))
    author = house.person(Role.AUTHOR)
    sat(house, exam.exam_id, {"text": "Paris"}, {"text": "So."})
    sitting = sat(house, exam.exam_id, {"text": "Rome"}, {"text": "So."})
    assert analyse_exam(house.platform, author, exam.exam_id).waiting == 2
    grader = house.person(Role.GRADER)
    mark_item(house.platform, grader, sitting.attempt_id, sitting.items[1], Decimal(1))
    found = analyse_exam(house.platform, author, exam.exam_id)
    assert (found.waiting, found.figures.count, found.figures.mean) == (1, 1, 1.0)


def test_what_earns_nothing_does_not_count_as_an_item_of_the_test(house):
    questions = (("choice", CHOICE, "1"), ("text_entry", TEXT, "1"), ("numeric", NUMBER, "0"))
    exam = house.published(questions)
    sat(house, exam.exam_id, "right", {"text": "Paris"}, "right")
    sat(house, exam.exam_id, "right", {"text": "Rome"}, "wrong")
    sat(house, exam.exam_id, "wrong", {"text": "Rome"}, "right")
    found = analyse_exam(house.platform, house.person(Role.AUTHOR), exam.exam_id)
    # Two items with a variance of 1/3 each, totals of 2, 1 and 0 with one of 1.
    assert found.figures.alpha == pytest.approx(100 * 2 * (1 - 2 / 3))


def test_an_item_is_compared_with_the_other_items_whatever_the_scorer_makes_of_them(house):
    questions = (("choice", CHOICE, "1"), ("text_entry", TEXT, "4"), ("numeric", NUMBER, "1"))
    best = {"scoring": {"scorer": "best_n", "settings": {"count": 1}}}
    exam = house.published(questions, best)
    sat(house, exam.exam_id, "right", {"text": "Paris"}, "right")
    sat(house, exam.exam_id, "right", {"text": "Rome"}, "wrong")
    sat(house, exam.exam_id, "wrong", {"text": "Rome"}, "wrong")
    found = analyse_exam(house.platform, house.person(Role.AUTHOR), exam.exam_id)
    assert found.figures.mean == pytest.approx(5 / 3)
    # The marks are 1, 1, 0 and 4, 0, 0 and 1, 0, 0: the others of the last are 5, 1 and 0.
    assert found.questions[2].figures.other_variance == pytest.approx(7)
    assert found.figures.alpha == pytest.approx(100 * 3 / 2 * (1 - 6 / (31 / 3)))
