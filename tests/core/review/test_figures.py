"""The figures over an exam, and small helpers of the overview and the report."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examhall.core.review.figures import SessionFigures, against_median, summarise
from examhall.core.review.overview import Span, find_pauses
from examhall.core.review.report import pick_frames

START = datetime(2026, 3, 1, 10, tzinfo=UTC)
COUNTS = st.dictionaries(
    st.tuples(
        st.sampled_from(["face.missing", "technical.dark", "audio.speech"]),
        st.sampled_from(["low", "medium", "high", "technical"]),
    ),
    st.integers(0, 9),
)
SESSIONS = st.lists(
    st.builds(
        SessionFigures,
        session_id=st.just("s"),
        candidate=st.text(max_size=3),
        hours=st.floats(0, 5),
        incidents=COUNTS,
        integrity=st.none() | st.floats(0, 100),
        outcome=st.none() | st.sampled_from(["minor", "no_concern"]),
    ),
    max_size=8,
)


@given(SESSIONS)
def test_nothing_is_lost_and_technical_ones_stand_apart(sessions: list[SessionFigures]) -> None:
    found = summarise(sessions)
    assert sum(one.total for one in found.kinds) == sum(one.number for one in sessions)
    assert sum(one.total for one in found.technical) == sum(one.technical for one in sessions)
    assert sum(found.integrity) == sum(one.integrity is not None for one in sessions)
    assert sum(found.outcomes.values()) + found.undecided == len(sessions)
    rates = [one.rate or 0.0 for one in found.sessions]
    assert all(first >= second for first, second in pairwise(rates))


def test_rates_beside_the_median() -> None:
    hours = {"a": 1, "b": 2, "c": 4}
    sessions = [
        SessionFigures(name, name, hours=float(length), incidents={("face.missing", "low"): 4})
        for name, length in hours.items()
    ]
    found = summarise(sessions)
    assert found.median_rate == 2.0
    assert [against_median(one.rate, found.median_rate) for one in found.sessions] == [2, 1, 0.5]
    assert against_median(3.0, 0.0) is None
    assert against_median(None, 2.0) is None
    assert summarise([]).median_rate is None


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def test_pauses_are_read_from_the_steps() -> None:
    steps = [
        (at(0), "in_progress"),
        (at(5), "paused"),
        (at(7), "in_progress"),
        (at(9), "paused"),
        (at(9), "paused"),
    ]
    assert find_pauses(steps, at(12)) == [Span(at(5), at(7)), Span(at(9), at(12))]
    assert find_pauses([], at(1)) == []


@pytest.mark.parametrize(("number", "picked"), [(0, []), (2, [0, 1]), (5, [0, 2, 4])])
def test_frames_are_picked_from_all_along(number: int, picked: list[int]) -> None:
    assert pick_frames(list(range(number))) == picked
