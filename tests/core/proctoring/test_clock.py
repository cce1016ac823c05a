"""The browser's clock may show anything; only its differences count."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examhall.core.proctoring.clock import next_offset, to_server_time
from tests.core.proctoring.scripted import ALONE
from tests.core.proctoring.watching import Watched

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
moments = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)).map(  # noqa: DTZ001
    lambda moment: moment.replace(tzinfo=UTC)
)
gaps = st.lists(st.floats(0, 10), min_size=1, max_size=10)


@given(moments, gaps, st.none() | st.floats(-1e10, 1e10), st.booleans())
def test_no_sample_is_in_the_future_or_before_the_session(
    start: datetime, steps: list[float], known: float | None, sent: bool
) -> None:
    times = [start]
    for step in steps:
        times.append(min(times[-1] + timedelta(seconds=step), datetime.max.replace(tzinfo=UTC)))
    earliest = NOW - timedelta(hours=1)
    offset = next_offset(known, NOW, times[-1], sent)
    mapped = to_server_time(times, offset, earliest=earliest, latest=NOW)
    assert mapped == sorted(mapped)
    assert all(earliest <= moment <= NOW for moment in mapped)


def test_the_quickest_request_tells_the_difference_of_the_clocks() -> None:
    offset = None
    for delay in (5.0, 0.2, 3.0):
        browser = NOW + timedelta(days=400)
        offset = next_offset(offset, NOW + timedelta(seconds=delay), browser, sent=True)
    assert offset == pytest.approx(0.2 - 400 * 86400)


def test_a_clock_that_was_set_back_is_followed() -> None:
    offset = next_offset(None, NOW, NOW, sent=True)
    assert next_offset(offset, NOW, NOW - timedelta(hours=1), sent=True) == 3600


def test_waiting_on_the_device_does_not_move_a_sample(watched: Watched) -> None:
    chunk = watched.chunk([ALONE], sent_at=watched.clock + timedelta(minutes=10))
    watched.send(chunk)
    [row] = watched.chunks()
    waited = (row.received_at - row.started_at).total_seconds()
    assert waited == pytest.approx(600, abs=1)


def test_a_clock_that_was_set_between_capture_and_sending_loses_nothing(watched: Watched) -> None:
    for moved in (timedelta(hours=-5), timedelta(days=400)):
        chunk = watched.chunk([ALONE], sent_at=watched.clock + moved)
        assert watched.send(chunk).stored
    for row in watched.chunks():
        assert row.ended_at <= row.received_at


def test_a_wrong_clock_places_samples_now(watched: Watched) -> None:
    for year in (1, 1970, 2038, 9998, 2001):
        watched.clock = datetime(year, 6, 1, tzinfo=UTC)
        watched.send(watched.chunk([ALONE, ALONE], sent_at=None))
    for row in watched.chunks():
        assert row.ended_at <= row.received_at
        assert (row.received_at - row.started_at).total_seconds() < 5
