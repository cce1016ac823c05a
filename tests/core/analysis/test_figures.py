"""The figures of an exam, on numbers that can be worked out by hand."""

import math
from statistics import stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examhall.core.analysis.figures import (
    correlation,
    cronbach_alpha,
    effective_weights,
    exam_figures,
    histogram,
    intended_weights,
    item_figures,
    kurtosis,
    skewness,
)

MARKS = [1.0, 1.0, 0.0, 1.0, 0.0]
OTHERS = [3.0, 2.0, 1.0, 2.0, 2.0]
points = st.lists(st.floats(0, 100), min_size=4, max_size=30)


def test_an_item_by_hand():
    item = item_figures(MARKS, OTHERS, 1.0)
    assert item.facility == pytest.approx(0.6)
    assert item.deviation == pytest.approx(math.sqrt(0.3))
    assert item.covariance == pytest.approx(0.25)
    assert item.discrimination_index == pytest.approx(100 * 0.25 / math.sqrt(0.3 * 0.5))
    assert item.discriminative_efficiency == pytest.approx(100 * 0.25 / 0.25)
    assert item.total_covariance == pytest.approx(0.55)
    assert item.point_biserial == pytest.approx(100 * 0.55 / math.sqrt(0.3 * 1.3))


def test_where_nothing_can_be_said_nothing_is():
    assert item_figures([], [], 1.0).facility is None
    assert item_figures([1.0], [2.0], 2.0).facility == 0.5
    assert item_figures([1.0], [2.0], 2.0).deviation is None
    same = item_figures([1.0, 1.0, 1.0], [1.0, 2.0, 3.0], 1.0)
    assert (same.deviation, same.discrimination_index, same.point_biserial) == (0.0, None, None)
    assert item_figures([0.0, 0.0], [1.0, 2.0], 0.0).facility is None
    assert exam_figures([], []).mean is None
    assert exam_figures([3.0], [0.0]).alpha is None
    assert cronbach_alpha([1.0], 2.0) is None
    assert (skewness([1.0, 1.0, 1.0]), kurtosis([2.0] * 5)) == (None, None)


def test_weights_are_shares_of_all():
    assert intended_weights([1.0, 3.0]) == [25.0, 75.0]
    assert intended_weights([0.0]) == [0.0]
    items = [item_figures(MARKS, OTHERS, 1.0), item_figures(OTHERS, MARKS, 3.0)]
    weights = effective_weights(items)
    assert sum(weights) == pytest.approx(100)
    against = item_figures([0.0, 1.0], [9.0, 1.0], 1.0)
    assert effective_weights([against]) == [None]


def test_an_exam_by_hand():
    exam = exam_figures([2.0, 4.0, 4.0, 6.0], [0.5, 1.0])
    assert (exam.mean, exam.median, exam.count) == (4.0, 4.0, 4)
    assert exam.deviation == pytest.approx(stdev([2.0, 4.0, 4.0, 6.0]))
    assert exam.alpha == pytest.approx(100 * 2 * (1 - 1.5 / (8 / 3)))
    assert exam.error_ratio == pytest.approx(100 * math.sqrt(1 - exam.alpha / 100))
    assert exam.standard_error == pytest.approx(exam.error_ratio * exam.deviation / 100)
    assert exam.skewness == pytest.approx(0)
    # The values of a textbook: 1, 2, 3, 4, 10 (as spreadsheets give SKEW and KURT).
    assert skewness([1.0, 2.0, 3.0, 4.0, 10.0]) == pytest.approx(1.697056, abs=1e-6)
    assert kurtosis([1.0, 2.0, 3.0, 4.0, 10.0]) == pytest.approx(3.152, abs=1e-6)


def test_a_histogram_has_everybody():
    assert histogram([0.0, 0.1, 5.0, 10.0], 10.0, 10) == [2, 0, 0, 0, 0, 1, 0, 0, 0, 1]
    assert histogram([-1.0, 12.0], 10.0, 2) == [1, 1]
    assert histogram([1.0], 0.0, 3) == [1, 0, 0]


@given(points, st.randoms(use_true_random=False))
def test_figures_stay_within_their_bounds(values, chance):
    marks = [float(chance.random() < 0.5) for _ in values]
    item = item_figures(marks, values, 1.0)
    assert 0 <= item.facility <= 1
    for figure in (item.discrimination_index, item.point_biserial, correlation(values, values)):
        assert figure is None or -100.001 <= figure <= 100.001
    assert sum(histogram(values, 100.0)) == len(values)


@pytest.mark.parametrize("totals", [[0.1] * 3, [3.333333] * 5, [0.1 + 0.2, 0.3, 0.3, 0.3]])
def test_equal_totals_have_no_spread_however_floats_were_added(totals: list[float]) -> None:
    exam = exam_figures(totals, [0.01, 0.02])
    assert (exam.deviation, exam.alpha, exam.standard_error) == (0, None, None)
    assert (exam.skewness, exam.kurtosis) == (None, None)
    item = item_figures(totals, list(range(len(totals))), 5.0)
    assert (item.mark_variance, item.covariance, item.point_biserial) == (0, 0, None)
