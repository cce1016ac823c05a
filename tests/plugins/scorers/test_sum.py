"""The scorer `sum`: points, partial credit, pass mark and grades, to the last digit."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from examhall.plugins import AttemptScore, ItemPolicy, ItemScore, Score, ScoreState
from examhall.plugins.scorers.sum import Sum
from examhall.plugins.testing import ScorerContract

TYPE = Sum()
SCALE = {
    "pass_fraction": "0.5",
    "grades": [
        {"label": "C", "from_fraction": "0.5"},
        {"label": "A", "from_fraction": "0.9"},
        {"label": "F", "from_fraction": "0"},
    ],
}


class TestSum(ScorerContract):
    plugin = TYPE


def settings(**given):
    return TYPE.settings_schema()().load(given)


def item(fraction, points="4", **given):
    policy = ItemPolicy(Decimal(points), "A", settings(**given))
    return TYPE.score_item(Score(Decimal(fraction), ScoreState.PARTIAL), policy).points


@pytest.mark.parametrize(
    ("fraction", "points"), [("0.25", "1"), ("1", "4"), ("-0.5", "0"), ("1.2", "4"), ("0", "0")]
)
def test_an_item_earns_its_share_and_nothing_below_zero(fraction, points) -> None:
    assert item(fraction) == Decimal(points)


@pytest.mark.parametrize(("fraction", "points"), [("0.99", "0"), ("0.9999999", "4"), ("1", "4")])
def test_without_partial_credit_an_item_earns_all_or_nothing(fraction, points) -> None:
    assert item(fraction, partial_credit=False) == Decimal(points)


def test_an_item_that_waits_has_no_points_and_the_total_says_so() -> None:
    policy = ItemPolicy(Decimal(2), "A", settings())
    waits = TYPE.score_item(Score(Decimal(0), ScoreState.NEEDS_MANUAL, needs_manual=True), policy)
    assert waits == ItemScore(None, Decimal(2), "A")
    total = TYPE.score_attempt([waits, ItemScore(Decimal(1), Decimal(3))], settings())
    assert total == AttemptScore(Decimal(1), Decimal(5), complete=False)


@pytest.mark.parametrize(
    ("points", "label", "passed"),
    [("10", "A", True), ("9", "A", True), ("8.999999", "C", True), ("5", "C", True),
     ("4.999999", "F", False), ("0", "F", False)],
)  # fmt: skip
def test_the_highest_grade_that_is_reached_is_given(points, label, passed) -> None:
    grade = TYPE.grade(AttemptScore(Decimal(points), Decimal(10)), settings(**SCALE))
    assert (grade.label, grade.passed) == (label, passed)


@pytest.mark.parametrize(
    ("given_settings", "label", "passed"),
    [
        ({}, "", None),
        ({"pass_fraction": "0.4"}, "Passed", True),
        ({"pass_fraction": "0.6"}, "Failed", False),
    ],
)
def test_without_a_scale_the_pass_mark_gives_the_label(given_settings, label, passed) -> None:
    grade = TYPE.grade(AttemptScore(Decimal(5), Decimal(10)), settings(**given_settings))
    assert (grade.label, grade.passed) == (label, passed)


def test_an_exam_without_points_is_no_division_by_zero() -> None:
    assert TYPE.grade(AttemptScore(Decimal(0), Decimal(0)), settings(**SCALE)).label == "F"


@pytest.mark.parametrize(
    "wrong",
    [
        {"pass_fraction": "1.5"},
        {"pass_fraction": "NaN"},
        {"grades": [{"label": "", "from_fraction": "0"}]},
        {"grades": [{"label": "A", "from_fraction": "1"}, {"label": "B", "from_fraction": "1.0"}]},
        {"bonus": 1},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong) -> None:
    with pytest.raises(ValidationError):
        settings(**wrong)


fractions = st.decimals(-1, 1, places=6)


@given(st.lists(st.tuples(fractions, st.decimals(0, 100, places=4)), max_size=20))
def test_the_sum_is_exact_and_never_more_than_all(items) -> None:
    scores = [
        TYPE.score_item(Score(f, ScoreState.PARTIAL), ItemPolicy(p, "", settings()))
        for f, p in items
    ]
    total = TYPE.score_attempt(scores, settings())
    assert total.points == sum((max(f, Decimal(0)) * p for f, p in items), Decimal(0))
    assert 0 <= total.points <= total.max_points
