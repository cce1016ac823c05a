"""The scorers besides `sum`: contracts, exact numbers, and what can never happen."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from examhall.plugins import AttemptScore, ItemPolicy, ItemScore, Score, ScoreState
from examhall.plugins.scorers.best_n import BestN
from examhall.plugins.scorers.certainty import Certainty
from examhall.plugins.scorers.negative import Negative
from examhall.plugins.scorers.scaled import Scaled
from examhall.plugins.scorers.section_minimum import SectionMinimumScorer
from examhall.plugins.scorers.weighted import Weighted
from examhall.plugins.testing import ScorerContract

D = Decimal
SCORERS = (BestN(), Certainty(), Negative(), Scaled(), SectionMinimumScorer(), Weighted())
STATES = {D(0): ScoreState.WRONG, D(1): ScoreState.RIGHT}


class TestBestN(ScorerContract):
    plugin = BestN()
    settings = {"count": 2, "sections": [{"section": "B", "count": 1}]}


class TestCertainty(ScorerContract):
    plugin = Certainty()
    settings = {"full": "lowest", "total_floor": True}


class TestNegative(ScorerContract):
    plugin = Negative()
    settings = {"wrong_costs": "0.5", "own_fractions": True, "most_lost": "0.4"}


class TestScaled(ScorerContract):
    plugin = Scaled()
    settings = {"cut_fraction": "0.6", "cut_score": "500", "rounding": "10"}


class TestSectionMinimum(ScorerContract):
    plugin = SectionMinimumScorer()
    settings = {"minimum": "0.4", "pass_fraction": "0.6"}


class TestWeighted(ScorerContract):
    plugin = Weighted()
    settings = {"sections": [{"section": "A", "weight": "3"}]}


def settings(scorer, **given_settings):
    return scorer.settings_schema()().load(given_settings)


def item(scorer, fraction, points="4", state=None, certainty=None, **given_settings):
    fraction = D(fraction)
    score = Score(fraction, state or STATES.get(fraction, ScoreState.PARTIAL), certainty=certainty)
    policy = ItemPolicy(D(points), "A", settings(scorer, **given_settings))
    return scorer.score_item(score, policy).points


def items(**sections):
    """Return scores: for each section pairs of points and points at most."""
    return [
        ItemScore(None if points is None else D(points), D(most), section)
        for section, pairs in sections.items()
        for points, most in pairs
    ]


def total(scorer, scores, **given_settings):
    return scorer.score_attempt(scores, settings(scorer, **given_settings))


def grade(scorer, scores, **given_settings):
    loaded = settings(scorer, **given_settings)
    return scorer.grade(scorer.score_attempt(scores, loaded), loaded)


@pytest.mark.parametrize(
    ("fraction", "state", "changes", "points"),
    [
        ("0", ScoreState.WRONG, {}, "-1"),
        ("0", ScoreState.WRONG, {"wrong_costs": "1"}, "-4"),
        ("0", ScoreState.WRONG, {"wrong_costs": "1", "most_lost": "0.5"}, "-2"),
        ("0", ScoreState.UNANSWERED, {}, "0"),
        ("0", ScoreState.INVALID, {}, "0"),
        ("0.5", ScoreState.PARTIAL, {}, "2"),
        ("0.5", ScoreState.PARTIAL, {"partial_credit": False}, "0"),
        ("-0.5", ScoreState.WRONG, {}, "-1"),
        ("-0.5", ScoreState.WRONG, {"own_fractions": True}, "-2"),
        ("0", ScoreState.WRONG, {"own_fractions": True}, "-1"),
    ],
)
def test_a_wrong_answer_costs_and_no_answer_does_not(fraction, state, changes, points) -> None:
    assert item(Negative(), fraction, state=state, **changes) == D(points)


def test_a_total_below_zero_is_lifted_where_the_exam_wants_it() -> None:
    scores = items(A=[("-3", 4), ("1", 4)])
    assert total(Negative(), scores).points == 0
    assert total(Negative(), scores, total_floor=False).points == -2


def test_the_best_of_each_section_count_and_the_largest_can_be_reached() -> None:
    scores = items(A=[(1, 4), (3, 4), (2, 2)], B=[(1, 1), (0, 5)])
    assert total(BestN(), scores) == AttemptScore(D(7), D(16))
    assert total(BestN(), scores, count=2) == AttemptScore(D(6), D(14))
    one = {"sections": [{"section": "B", "count": 1}]}
    assert total(BestN(), scores, count=2, **one) == AttemptScore(D(6), D(13))
    none = {"sections": [{"section": "B", "count": 0}]}
    assert total(BestN(), scores, **none) == AttemptScore(D(6), D(10))


def test_the_best_wait_for_the_marker() -> None:
    score = total(BestN(), items(A=[(None, 4), (3, 4)]), count=1)
    assert score == AttemptScore(D(3), D(4), complete=False)


@pytest.mark.parametrize(
    ("scores", "changes", "passed"),
    [
        ({"A": [(9, 10)], "B": [(3, 10)]}, {"minimum": "0.4"}, False),
        ({"A": [(9, 10)], "B": [(4, 10)]}, {"minimum": "0.4"}, True),
        ({"A": [(4, 10)], "B": [(4, 10)]}, {"minimum": "0.4", "pass_fraction": "0.5"}, False),
        ({"A": [(9, 10)], "B": [(0, 0)]}, {"minimum": "0.4"}, True),
        ({"A": [(0, 10)], "B": [(0, 10)]}, {}, True),
        (
            {"A": [(9, 10)], "B": [(3, 10)]},
            {"minimum": "0.4", "sections": [{"section": "B", "minimum": "0.3"}]},
            True,
        ),
    ],
)
def test_who_misses_the_minimum_of_a_section_fails(scores, changes, passed) -> None:
    assert grade(SectionMinimumScorer(), items(**scores), **changes).passed is passed


def test_sections_count_by_their_weights() -> None:
    scores = items(A=[(5, 10)], B=[(2, 2)], C=[(0, 0)])
    assert total(Weighted(), scores).points == 9
    heavy = {"sections": [{"section": "A", "weight": "3"}]}
    assert total(Weighted(), scores, **heavy).points == D("7.5")
    only = {"sections": [{"section": "A", "weight": "0"}]}
    assert total(Weighted(), scores, **only).fraction == 1
    assert total(Weighted(), scores, other_weight="0").points == 0


@pytest.mark.parametrize(
    ("points", "changes", "label", "passed"),
    [
        (0, {}, "200", False),
        (5, {}, "500", True),
        (10, {}, "800", True),
        (6, {"cut_fraction": "0.6", "cut_score": "500"}, "500", True),
        (3, {"cut_fraction": "0.6", "cut_score": "500"}, "350", False),
        (8, {"cut_fraction": "0.6", "cut_score": "500"}, "650", True),
        ("8.03", {"cut_fraction": "0.6", "cut_score": "500", "rounding": "10"}, "650", True),
        ("3.333", {"rounding": "0.1"}, "400.0", False),
        (5, {"pass_fraction": "0.9"}, "500", False),
        (9, {"steps": [{"fraction": "0.8", "score": "700"}]}, "750", True),
        (5, {"grades": [{"label": "B", "from_fraction": "0.5"}]}, "500 (B)", True),
        (-2, {}, "200", False),
    ],
)
def test_points_lie_on_the_scale(points, changes, label, passed) -> None:
    found = grade(Scaled(), items(A=[(points, 10)]), **changes)
    assert (found.label, found.passed) == (label, passed)


@pytest.mark.parametrize(
    ("fraction", "certainty", "full", "points"),
    [
        ("1", 3, "highest", "6"), ("1", 2, "highest", "4"), ("1", 1, "highest", "2"),
        ("0", 1, "highest", "0"), ("0", 2, "highest", "-4"), ("0", 3, "highest", "-12"),
        ("0.5", 3, "highest", "3"), ("-0.3", 3, "highest", "-12"), ("1", None, "highest", "6"),
        ("1", 1, "lowest", "6"), ("1", 3, "lowest", "18"), ("0", 3, "lowest", "-36"),
    ],
)  # fmt: skip
def test_certainty_pays_and_costs(fraction, certainty, full, points) -> None:
    assert item(Certainty(), fraction, "6", certainty=certainty, full=full) == D(points)


def test_no_answer_costs_nothing_however_sure() -> None:
    assert item(Certainty(), "0", state=ScoreState.UNANSWERED, certainty=3) == 0


def test_only_the_certainty_scorer_counts_certainty() -> None:
    assert [scorer.key for scorer in SCORERS if scorer.counts_certainty] == ["certainty"]


@pytest.mark.parametrize(
    ("scorer", "wrong"),
    [
        (Negative(), {"wrong_costs": "2"}),
        (Negative(), {"most_lost": "NaN"}),
        (BestN(), {"count": 0}),
        (BestN(), {"sections": [{"section": "A", "count": 1}, {"section": "A", "count": 2}]}),
        (SectionMinimumScorer(), {"minimum": "-1"}),
        (Weighted(), {"other_weight": "Infinity"}),
        (Scaled(), {"lowest": "800", "highest": "200"}),
        (Scaled(), {"cut_fraction": "0.5", "cut_score": "900"}),
        (Scaled(), {"cut_fraction": "1", "cut_score": "800"}),
        (Scaled(), {"rounding": "3"}),
        (Certainty(), {"right_1": "-1"}),
    ],
)
def test_settings_that_make_no_sense_are_refused(scorer, wrong) -> None:
    with pytest.raises(ValidationError):
        settings(scorer, **wrong)


states = st.sampled_from([ScoreState.RIGHT, ScoreState.PARTIAL, ScoreState.WRONG])
responses = st.tuples(
    st.decimals(-1, 1, places=6),
    states,
    st.decimals(0, 100, places=4),
    st.sampled_from("ABC"),
    st.sampled_from([None, 1, 2, 3]),
)


@given(st.sampled_from(SCORERS), st.lists(responses, max_size=12))
def test_no_scorer_gives_more_than_all_or_trips_over_anything(scorer, given_responses) -> None:
    loaded = settings(scorer)
    scores = [
        scorer.score_item(Score(f, state, certainty=sure), ItemPolicy(points, section, loaded))
        for f, state, points, section, sure in given_responses
    ]
    score = scorer.score_attempt(scores, loaded)
    assert score.points <= score.max_points + D("1e-18")
    assert score.complete
    assert isinstance(scorer.grade(score, loaded).label, str)


THIRDS = Decimal("0.3333333"), Decimal("0.3333333"), Decimal("0.3333333"), Decimal(1)
"""Half of the points of four questions, of which three have thirds as files write them."""


@pytest.mark.parametrize(
    ("scorer", "given_settings", "label", "passed"),
    [
        (Negative(), {"pass_fraction": "0.5"}, "Passed", True),
        (Negative(), {"pass_fraction": "0.50001"}, "Failed", False),
        (Negative(), {"grades": [{"label": "C", "from_fraction": "0.5"}]}, "C", None),
        (SectionMinimumScorer(), {"minimum": "0.5"}, "Passed", True),
        (Scaled(), {"rounding": "0.01"}, "500.00", True),
    ],
)
def test_nobody_misses_a_mark_by_what_was_rounded(scorer, given_settings, label, passed) -> None:
    loaded = scorer.settings_schema()().load(given_settings)
    policy = ItemPolicy(Decimal(1), "A", loaded)
    items = [scorer.score_item(Score(one, ScoreState.PARTIAL), policy) for one in THIRDS]
    grade = scorer.grade(scorer.score_attempt(items, loaded), loaded)
    assert (grade.label, grade.passed) == (label, passed)


def test_shares_that_one_answer_adds_up_are_short_by_more_than_one() -> None:
    """Nine questions with two of three thirds and one that is right are seven of ten."""
    scorer = Negative()
    loaded = scorer.settings_schema()().load({"pass_fraction": "0.7"})
    policy = ItemPolicy(Decimal(1), "A", loaded)
    given = [Decimal("0.6666666")] * 9 + [Decimal(1)]
    items = [scorer.score_item(Score(one, ScoreState.PARTIAL), policy) for one in given]
    assert scorer.grade(scorer.score_attempt(items, loaded), loaded).passed
    items[0] = scorer.score_item(Score(Decimal("0.666666"), ScoreState.PARTIAL), policy)
    assert not scorer.grade(scorer.score_attempt(items, loaded), loaded).passed
