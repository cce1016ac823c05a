"""How cadences give way to a backlog, and come back."""

from collections.abc import Sequence
from typing import Any

import pytest

from examhall.core.contracts.detector import Stream
from examhall.plugins import Detector, Finding, Sample
from examhall.worker.pace import MOST, SLOWEST_SECONDS, Pace

LATE = 1.25


class Fake(Detector):
    """Looks at the camera or listens."""

    def __init__(self, key: str, cadence: float, stream: Stream = Stream.CAMERA) -> None:
        self.key = key
        self.cadence = cadence  # type: ignore[misc]
        self.streams = frozenset({stream})  # type: ignore[misc]

    def analyze(self, state: Any, batch: Sequence[Sample]) -> list[Finding]:
        return []


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pace(clock: Clock) -> Pace:
    """Objects cost 50 ms a look, faces 8 ms, sound 1 ms."""
    pace = Pace(clock)
    pace.note_work(Fake("objects", 1.0), 10, 0.5)
    pace.note_work(Fake("face", 0.25), 10, 0.08)
    pace.note_work(Fake("audio", 1.0, Stream.MICROPHONE), 10, 0.01)
    return pace


def wait(pace: Pace, clock: Clock, waited: float, seconds: float) -> None:
    """Take chunks that have waited so long, twice a second."""
    for _ in range(int(seconds * 2)):
        clock.now += 0.5
        pace.note_wait(waited, LATE)


def test_without_a_backlog_everything_looks_as_usual(pace: Pace, clock: Clock) -> None:
    wait(pace, clock, 0.2, 60)
    assert pace.factors() == {}
    assert pace.factor("objects", Stream.CAMERA) == 1


def test_the_costliest_gives_way_first(pace: Pace, clock: Clock) -> None:
    wait(pace, clock, 3.0, 1)
    assert pace.factors() == {"objects": 2}


def test_the_cheap_one_gives_way_once_it_costs_most(pace: Pace, clock: Clock) -> None:
    wait(pace, clock, 3.0, 2)
    assert pace.factors() == {"objects": 2, "face": 2}
    wait(pace, clock, 3.0, 1)
    assert pace.factors() == {"objects": 4, "face": 2}


def test_there_is_an_end_to_it(pace: Pace, clock: Clock) -> None:
    wait(pace, clock, 30.0, 60)
    assert pace.factors() == {"objects": 8, "face": 8}
    assert max(pace.factors().values()) == MOST


def test_a_rare_look_does_not_become_a_look_in_a_while(clock: Clock) -> None:
    pace = Pace(clock)
    pace.note_work(Fake("identity", 5.0), 1, 0.1)
    wait(pace, clock, 30.0, 60)
    assert 5.0 * pace.factor("identity", Stream.CAMERA) == SLOWEST_SECONDS


def test_sound_and_events_are_heard_in_full(pace: Pace, clock: Clock) -> None:
    pace.note_work(Fake("browser", 0.0, Stream.BROWSER), 10, 5.0)
    wait(pace, clock, 30.0, 60)
    assert {"audio", "browser"}.isdisjoint(pace.factors())
    assert pace.factor("objects", Stream.MICROPHONE) == 1


def test_each_step_is_taken_back_when_it_stays_calm(pace: Pace, clock: Clock) -> None:
    wait(pace, clock, 3.0, 2)
    wait(pace, clock, 0.1, 7)
    assert pace.factors() == {"objects": 2}
    wait(pace, clock, 0.1, 7)
    assert pace.factors() == {}


def test_a_moment_of_calm_is_not_enough(pace: Pace, clock: Clock) -> None:
    wait(pace, clock, 3.0, 1)
    for _ in range(10):
        wait(pace, clock, 0.1, 3)
        wait(pace, clock, 0.8, 1)
    assert pace.factors() == {"objects": 2}


def test_time_without_work_counts_as_calm(pace: Pace, clock: Clock) -> None:
    wait(pace, clock, 3.0, 3)
    clock.now += 600
    pace.note_wait(0.0, LATE)
    assert pace.factors() == {}


def work(pace: Pace, clock: Clock, share: float, seconds: float, waited: float = 0.1) -> None:
    """Let `objects` keep the process busy for a share of some seconds."""
    for _ in range(int(seconds * 2)):
        clock.now += 0.5
        pace.note_work(Fake("objects", 1.0), 1, 0.5 * share)
        pace.note_wait(waited, LATE)


def test_without_a_moment_of_rest_it_gives_way_before_it_is_late(pace: Pace, clock: Clock) -> None:
    wait(pace, clock, 0.1, 20)
    work(pace, clock, 0.8, 10, waited=0.7)
    assert pace.factors() == {}
    work(pace, clock, 1.0, 4, waited=0.7)
    assert pace.factors() == {"objects": 2}


def test_no_step_is_taken_back_that_there_is_no_time_for(pace: Pace, clock: Clock) -> None:
    wait(pace, clock, 3.0, 1)
    work(pace, clock, 0.5, 60)
    assert pace.factors() == {"objects": 2}
    work(pace, clock, 0.3, 20)
    assert pace.factors() == {}


def test_when_there_is_time_again_steps_are_taken_back_one_by_one(pace: Pace, clock: Clock) -> None:
    wait(pace, clock, 3.0, 3)
    slow = pace.factors()
    assert slow == {"objects": 4, "face": 2}
    work(pace, clock, 0.9, 60)
    assert pace.factors() == slow
    while pace.factors() == slow:
        work(pace, clock, 0.1, 0.5)
    assert pace.factors() == {"objects": 2, "face": 2}


def test_the_rate_is_that_of_the_last_seconds(pace: Pace, clock: Clock) -> None:
    pace.note_frames(50)
    clock.now += 5
    pace.note_frames(50)
    assert pace.rate() == pytest.approx(10.0)
    clock.now += 6
    assert pace.rate() == pytest.approx(5.0)
