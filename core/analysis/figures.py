"""The figures of classical test theory, on plain lists of marks. Floats: these are estimates.

Sources: F. M. Lord and M. R. Novick, Statistical Theories of Mental Test Scores (1968), for
covariances, discrimination and the standard error of measurement; L. J. Cronbach, Coefficient
alpha and the internal structure of tests, Psychometrika 16 (1951); R. A. Fisher's k-statistics
(Kendall and Stuart, The Advanced Theory of Statistics, volume 1, chapter 12) for skewness and
kurtosis. The names and scales (percent) are those that docs.moodle.org describes under "Quiz
statistics calculations", so that figures can be compared.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

Numbers = Sequence[float]

NO_SPREAD = 1e-9
"""Marks are kept to the millionth: what differs by less differs by the way floats are added."""


@dataclass(frozen=True, slots=True)
class ItemFigures:
    """How one item did; None where there are too few attempts, or all earned the same.

    `facility` is the mean share of the points (0 to 1), `deviation` the standard deviation of it,
    the rest is in percent.
    """

    count: int
    facility: float | None = None
    deviation: float | None = None
    discrimination_index: float | None = None
    discriminative_efficiency: float | None = None
    point_biserial: float | None = None
    covariance: float | None = None
    covariance_max: float | None = None
    mark_variance: float | None = None
    other_variance: float | None = None
    total_covariance: float | None = None


@dataclass(frozen=True, slots=True)
class ExamFigures:
    """How an exam did: points, but `alpha` and `error_ratio`, which are in percent.

    `alpha` is Cronbach's coefficient of internal consistency, `standard_error` that of measurement.
    """

    count: int
    mean: float | None = None
    median: float | None = None
    deviation: float | None = None
    skewness: float | None = None
    kurtosis: float | None = None
    alpha: float | None = None
    error_ratio: float | None = None
    standard_error: float | None = None


def item_figures(
    marks: Numbers, others: Numbers, max_points: float, totals: Numbers | None = None
) -> ItemFigures:
    """Return how an item did whose `marks` (points) stand beside what was earned elsewhere.

    `others` are the attempts' points without this item, `totals` with it (their sum by default).
    """
    count = len(marks)
    if not count or not max_points:
        return ItemFigures(count)
    totals = [a + b for a, b in zip(marks, others, strict=True)] if totals is None else totals
    facility = fmean(marks) / max_points
    if count < 2:
        return ItemFigures(count, facility)
    variance, other = covariance(marks, marks), covariance(others, others)
    together = covariance(marks, others)
    most = covariance(sorted(marks), sorted(others))
    return ItemFigures(
        count=count,
        facility=facility,
        deviation=math.sqrt(variance) / max_points,
        discrimination_index=_percent(together, math.sqrt(variance * other)),
        discriminative_efficiency=_percent(together, most),
        point_biserial=correlation(marks, totals),
        covariance=together,
        covariance_max=most,
        mark_variance=variance,
        other_variance=other,
        total_covariance=covariance(marks, totals),
    )


def effective_weights(items: Sequence[ItemFigures]) -> list[float | None]:
    """Return how much each item really adds to the spread of the totals, in percent.

    The weight of an item is the root of its covariance with the total, as a share of the sum of
    these roots. An item whose covariance is negative has none: nothing can be said of it.
    """
    roots = [_root(item.total_covariance) for item in items]
    total = math.fsum(root for root in roots if root is not None)
    return [None if root is None or not total else 100 * root / total for root in roots]


def intended_weights(max_points: Numbers) -> list[float]:
    """Return each item's share of the points, in percent."""
    total = math.fsum(max_points)
    return [100 * one / total if total else 0.0 for one in max_points]


def exam_figures(
    totals: Numbers, item_variances: Numbers, sums: Numbers | None = None
) -> ExamFigures:
    """Return how an exam did; `item_variances` are those of the marks of its items.

    `sums` are the attempts' marks of all items together, where the totals are counted in another
    way: alpha is about these.

    Skewness is k3 / k2^(3/2) and kurtosis k4 / k2^2 of Fisher's k-statistics, 0 for a normal
    distribution. Alpha is k / (k - 1) * (1 - sum of the items' variances / variance of the
    totals); the error ratio is the root of 1 - alpha, and the standard error that part of the
    standard deviation.
    """
    count = len(totals)
    if not count:
        return ExamFigures(0)
    mean, middle = fmean(totals), median(totals)
    if count < 2:
        return ExamFigures(count, mean, middle)
    variance = covariance(totals, totals)
    deviation = math.sqrt(variance)
    together = variance if sums is None else covariance(sums, sums)
    alpha = cronbach_alpha(item_variances, together)
    ratio = None if alpha is None else 100 * math.sqrt(max(0.0, 1 - alpha / 100))
    return ExamFigures(
        count=count,
        mean=mean,
        median=middle,
        deviation=deviation,
        skewness=skewness(totals),
        kurtosis=kurtosis(totals),
        alpha=alpha,
        error_ratio=ratio,
        standard_error=None if ratio is None else ratio * deviation / 100,
    )


def covariance(left: Numbers, right: Numbers) -> float:
    """Return the covariance of a sample (divided by n - 1); 0 for fewer than two."""
    if len(left) < 2:
        return 0.0
    pairs = zip(_deviations(left), _deviations(right), strict=True)
    return math.fsum(a * b for a, b in pairs) / (len(left) - 1)


def correlation(left: Numbers, right: Numbers) -> float | None:
    """Return Pearson's coefficient in percent (for a mark of 0 or 1: point-biserial)."""
    spread = math.sqrt(covariance(left, left) * covariance(right, right))
    return _percent(covariance(left, right), spread)


def cronbach_alpha(item_variances: Numbers, total_variance: float) -> float | None:
    """Return alpha in percent; None for fewer than two items or equal totals."""
    count = len(item_variances)
    if count < 2 or total_variance <= 0:
        return None
    return 100 * count / (count - 1) * (1 - math.fsum(item_variances) / total_variance)


def skewness(values: Numbers) -> float | None:
    """Return k3 / k2^(3/2); positive where the long tail lies above the mean."""
    count = len(values)
    moments = _moments(values)
    if count < 3 or moments[2] <= 0:
        return None
    k2 = count * moments[2] / (count - 1)
    k3 = count**2 * moments[3] / ((count - 1) * (count - 2))
    return k3 / float(k2**1.5)


def kurtosis(values: Numbers) -> float | None:
    """Return k4 / k2^2; positive where there are more values far out than in a normal one."""
    count = len(values)
    moments = _moments(values)
    if count < 4 or moments[2] <= 0:
        return None
    k2 = count * moments[2] / (count - 1)
    inner = (count + 1) * moments[4] - 3 * (count - 1) * moments[2] ** 2
    k4 = count**2 * inner / ((count - 1) * (count - 2) * (count - 3))
    return k4 / k2**2


def histogram(values: Numbers, most: float, bins: int = 20) -> list[int]:
    """Return how many values lie in each of `bins` equal parts of 0 to `most`, ends included."""
    counts = [0] * bins
    for value in values:
        share = value / most if most > 0 else 0.0
        counts[min(bins - 1, max(0, math.floor(share * bins + 1e-9)))] += 1
    return counts


def _moments(values: Numbers) -> dict[int, float]:
    """Return the second to fourth central moments (divided by n)."""
    deviations = _deviations(values)
    return {
        power: math.fsum(one**power for one in deviations) / max(1, len(values))
        for power in (2, 3, 4)
    }


def _deviations(values: Numbers) -> list[float]:
    """Return how far each value lies from their mean."""
    if not values or max(values) - min(values) < NO_SPREAD:
        return [0.0] * len(values)
    mean = fmean(values)
    return [value - mean for value in values]


def _percent(part: float, whole: float) -> float | None:
    # Rounding leaves a little of a spread that is none.
    return 100 * part / whole if abs(whole) > 1e-12 else None


def _root(value: float | None) -> float | None:
    if value is None or value < -1e-12:
        return None
    return math.sqrt(max(0.0, value))
