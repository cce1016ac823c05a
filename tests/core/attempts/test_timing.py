"""The deadline: min(hard close, start + all seconds of the ledger), exactly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examhall.core.attempts.timing import (
    MICROSECOND,
    Allowance,
    compute_deadline,
    opening_entries,
    running_clock,
    to_delta,
    to_seconds,
)

START = datetime(2030, 6, 1, 9, 0, tzinfo=UTC)
seconds = st.decimals(0, 86400, places=6)
limits = st.integers(1, 604800).map(Decimal)
multipliers = st.decimals(1, 4, places=3)
closes = st.none() | st.timedeltas(timedelta(seconds=1), timedelta(days=8)).map(START.__add__)
allowances = st.builds(
    Allowance,
    limit=st.none() | limits,
    multiplier=multipliers,
    fixed=st.integers(0, 7200).map(Decimal),
    hard_close=closes,
    stretches_close=st.booleans(),
)
entries = st.lists(st.tuples(st.sampled_from(["grant", "pause"]), seconds), max_size=8)


def deadline_of(
    allowance: Allowance, added: list[tuple[str, Decimal]] | None = None, *, paused: bool = False
) -> datetime | None:
    ledger = opening_entries(START, allowance) + (added or [])
    return compute_deadline(START, ledger, paused=paused)


def test_base_times_multiplier_plus_fixed() -> None:
    allowance = Allowance(Decimal(3600), Decimal("1.25"), Decimal(600))
    assert deadline_of(allowance) == START + timedelta(seconds=3600 * 1.25 + 600)


def test_the_hard_close_cuts() -> None:
    close = START + timedelta(minutes=30)
    assert deadline_of(Allowance(Decimal(3600), hard_close=close)) == close


def test_a_multiplier_stretches_the_way_to_the_hard_close() -> None:
    close = START + timedelta(minutes=30)
    allowance = Allowance(Decimal(3600), Decimal("1.5"), hard_close=close)
    assert deadline_of(allowance) == START + timedelta(minutes=45)


def test_the_exam_can_bar_that() -> None:
    close = START + timedelta(minutes=30)
    allowance = Allowance(Decimal(3600), Decimal(2), hard_close=close, stretches_close=False)
    assert deadline_of(allowance) == close


def test_without_limit_and_close_nothing_ends() -> None:
    assert deadline_of(Allowance(None), [("grant", Decimal(5))]) is None


def test_a_close_that_has_passed_is_not_stretched_further_into_the_past() -> None:
    close = START - timedelta(seconds=10)
    assert deadline_of(Allowance(None, Decimal(3), hard_close=close)) == close


@given(allowances, entries, seconds)
def test_a_grant_never_shortens(
    allowance: Allowance, added: list[tuple[str, Decimal]], more: Decimal
) -> None:
    before = deadline_of(allowance, added)
    after = deadline_of(allowance, [*added, ("grant", more)])
    assert (before is None) == (after is None)
    assert before is None or (after is not None and after >= before)


@given(limits, multipliers, entries, seconds)
def test_without_a_close_a_pause_adds_exactly_its_length(
    limit: Decimal, multiplier: Decimal, added: list[tuple[str, Decimal]], length: Decimal
) -> None:
    allowance = Allowance(limit, multiplier)
    before = deadline_of(allowance, added)
    after = deadline_of(allowance, [*added, ("pause", length)])
    assert before is not None
    assert after is not None
    assert to_seconds(after - before) == length


@given(allowances, entries)
def test_nothing_goes_beyond_the_hard_close(
    allowance: Allowance, added: list[tuple[str, Decimal]]
) -> None:
    deadline = deadline_of(allowance, added)
    if allowance.hard_close is not None:
        factor = allowance.multiplier if allowance.stretches_close else Decimal(1)
        way = to_seconds(allowance.hard_close - START) * factor
        assert deadline is not None
        assert to_seconds(deadline - START) <= way


@given(allowances, st.permutations(["grant", "pause", "grant"]), st.lists(seconds, min_size=3))
def test_the_order_of_the_ledger_does_not_matter(
    allowance: Allowance, kinds: list[str], amounts: list[Decimal]
) -> None:
    added = list(zip(kinds, amounts, strict=False))
    assert deadline_of(allowance, added) == deadline_of(allowance, added[::-1])


@given(limits, multipliers, multipliers)
def test_a_larger_multiplier_never_gives_less(limit: Decimal, one: Decimal, other: Decimal) -> None:
    close = START + timedelta(hours=1)
    small, large = sorted([one, other])
    less = deadline_of(Allowance(limit, small, hard_close=close))
    more = deadline_of(Allowance(limit, large, hard_close=close))
    assert less is not None
    assert more is not None
    assert less <= more


@given(allowances, entries)
def test_in_a_pause_only_the_hard_close_counts(
    allowance: Allowance, added: list[tuple[str, Decimal]]
) -> None:
    paused = deadline_of(allowance, added, paused=True)
    running = deadline_of(allowance, added)
    assert (paused is None) == (allowance.hard_close is None)
    assert paused is None or (running is not None and running <= paused)


@given(st.timedeltas(timedelta(days=-4000), timedelta(days=4000)))
def test_spans_lose_nothing(span: timedelta) -> None:
    assert to_delta(to_seconds(span)) == span


@given(st.decimals(-(10**6), 10**6, places=6))
def test_seconds_lose_nothing(amount: Decimal) -> None:
    assert to_seconds(to_delta(amount)) == amount


@pytest.mark.parametrize("fraction", ["0.000001", "0.5", "0.999999"])
def test_fractions_of_a_second_reach_the_client(fraction: str) -> None:
    now = START + to_delta(Decimal(fraction))
    clock = running_clock(now, "in_progress", START + timedelta(seconds=10), 3)
    assert clock.remaining_seconds == pytest.approx(float(10 - Decimal(fraction)), abs=1e-9)
    assert datetime.fromisoformat(clock.as_dict()["now"]) == now
    assert Decimal("0.000001") == MICROSECOND


def test_a_clock_never_runs_below_zero() -> None:
    clock = running_clock(START, "in_progress", START - timedelta(seconds=5), 1)
    assert clock.remaining_seconds == 0.0


def test_before_the_start_there_is_no_deadline_to_show() -> None:
    clock = running_clock(START, "authorized", START + timedelta(days=1), 0)
    assert (clock.deadline_at, clock.remaining_seconds) == (None, None)
