"""What an order is worth: all ways of partial credit.

An order is a list: in each position the place where its item belongs (from 0), None where the
position is empty. The ways are those of Moodle's question type "ordering".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from itertools import pairwise

from examhall.question_types.shared import ONE, ZERO

Order = Sequence[int | None]


def grade_order(grading: str, order: Order) -> Decimal:
    """Return the fraction that an order earns; a single item is right in its only place."""
    if list(order) == list(range(len(order))):
        return ONE
    return _WAYS[grading](order)


def _in_place(order: Order) -> Decimal:
    return _share(sum(item == place for place, item in enumerate(order)), len(order))


def _next(order: Order) -> Decimal:
    """Count items before the one that belongs behind them; the last has none."""
    pairs = _neighbours(order)
    return _share(sum(after == item + 1 for item, after in pairs), len(order) - 1)


def _next_or_end(order: Order) -> Decimal:
    """Count the same, and the last item where nothing stands behind it."""
    return _share(_followed(order), len(order))


def _previous_and_next(order: Order) -> Decimal:
    """Count for each item the one before and the one behind it, the ends included."""
    backwards = [None if item is None else len(order) - 1 - item for item in reversed(order)]
    return _share(_followed(order) + _followed(backwards), 2 * len(order))


def _all_before_and_after(order: Order) -> Decimal:
    """Count pairs of items of which the one that belongs before the other stands before it."""
    placed = [item for item in order if item is not None]
    pairs = ((item, after) for n, item in enumerate(placed) for after in placed[n + 1 :])
    size = len(order)
    return _share(sum(item < after for item, after in pairs), size * (size - 1) // 2)


def _longest_ordered(order: Order) -> Decimal:
    """Count the longest row of items in order, others in between; one item is no row."""
    return _longest(order, lambda last, item: last < item)


def _longest_contiguous(order: Order) -> Decimal:
    """Count the longest row of items that belong right behind each other.

    Others may stand in between, as in Moodle: a, x, b, c has the row a, b, c.
    """
    return _longest(order, lambda last, item: last + 1 == item)


def _distance(order: Order) -> Decimal:
    """Let each item earn less the farther it is from its place."""
    most = len(order) - 1
    earned = sum(most - abs(item - place) for place, item in enumerate(order) if item is not None)
    return _share(earned, most * len(order))


def _longest(order: Order, follows: Callable[[int, int], bool]) -> Decimal:
    best: list[tuple[int, int]] = []
    for item in order:
        if item is not None:
            rows = [length for last, length in best if follows(last, item)]
            best.append((item, 1 + max(rows, default=0)))
    longest = max((length for _, length in best), default=0)
    return _share(longest if longest > 1 else 0, len(order))


def _followed(order: Order) -> int:
    found = sum(after == item + 1 for item, after in _neighbours(order))
    return found + (order[-1] == len(order) - 1)


def _neighbours(order: Order) -> Iterable[tuple[int, int]]:
    for item, after in pairwise(order):
        if item is not None and after is not None:
            yield item, after


def _share(count: int, whole: int) -> Decimal:
    return Decimal(count) / max(whole, 1)


_WAYS: dict[str, Callable[[Order], Decimal]] = {
    "all_or_nothing": lambda _: ZERO,
    "absolute_position": _in_place,
    "relative_next_exclude_last": _next,
    "relative_next_include_last": _next_or_end,
    "relative_one_previous_and_next": _previous_and_next,
    "relative_all_previous_and_next": _all_before_and_after,
    "longest_ordered_subset": _longest_ordered,
    "longest_contiguous_subset": _longest_contiguous,
    "relative_to_correct": _distance,
}
