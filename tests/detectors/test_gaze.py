"""A look aside is one from the person's own middle, which has to be learned with care."""

from collections.abc import Mapping
from typing import Any

import pytest

from examhall.detectors.gaze import (
    GazeConfiguration,
    GazeDetector,
    Look,
    _Habit,
    _moments,
    _read_spans,
)


def watch(*stretches: tuple[float, int], head: float = 0.0) -> list[float]:
    """Return the turns that are found while somebody looks so far aside for so many looks."""
    detector = GazeDetector().configured(GazeConfiguration().load({}))
    habit = _Habit()
    looks = [Look(eyes, head) for eyes, count in stretches for _ in range(count)]
    return [look.eyes for look in looks if detector._judge(habit, look)]


def test_looks_aside_are_found_from_the_persons_own_middle() -> None:
    assert watch((-0.1, 20), (0.7, 10), (-0.1, 20), (-0.8, 10)) == [0.7] * 10 + [-0.8] * 10


@pytest.mark.parametrize("count", [5, 10, 20])
def test_five_seconds_are_enough_to_learn_from_at_one_two_or_four_looks_a_second(
    count: int,
) -> None:
    assert watch((0.0, count), (-0.7, count), (0.0, count)) == [-0.7] * count


@pytest.mark.parametrize("aside", [0.7, -0.7])
def test_who_begins_with_a_look_aside_is_not_accused_for_looking_straight(aside: float) -> None:
    assert watch((aside, 20), (0.0, 40)) == []
    assert watch((aside, 20), (0.0, 40), (aside, 8)) == [aside] * 8


def test_a_young_habit_finds_large_turns_only() -> None:
    assert watch((0.1, 6), (-0.35, 6)) == []
    assert watch((0.1, 12), (-0.35, 6)) == [-0.35] * 6


def test_who_sits_otherwise_than_at_first_is_learned_anew() -> None:
    found = watch((0.4, 20), (-0.1, 400))
    assert len(found) <= 40
    assert watch((0.4, 20), (-0.1, 400), (-0.6, 8))[-8:] == [-0.6] * 8


def test_who_always_looks_past_the_camera_has_a_habit_as_well() -> None:
    assert watch((0.6, 100)) == []
    assert watch((0.6, 100), (0.0, 8)) == [0.0] * 8


def test_a_long_look_aside_does_not_become_a_habit() -> None:
    assert watch((0.0, 120), (0.7, 100)) == [0.7] * 100


@pytest.mark.parametrize("note", ["2.5 s centre, 5 s left", "2.5 s center, 5 s left, 3 s center"])
def test_spans_are_read_from_words(note: str) -> None:
    assert _read_spans({"scene": "gaze_video", "note": note}) == [(2.5, 7.5)]


class _Video:
    """A video with frames at these milliseconds."""

    def __init__(self, rate: float, times: list[float]) -> None:
        self.rate = rate
        self.times = times
        self.at = -1

    def grab(self) -> bool:
        self.at += 1
        return self.at < len(self.times)

    def get(self, what: int) -> float:
        values: Mapping[int, Any] = {0: self.times[max(self.at, 0)], 5: self.rate}
        return float(values[what])


@pytest.mark.vision
@pytest.mark.parametrize(
    ("rate", "times", "wanted"),
    [
        (1000, [0, 40, 500, 2000], [0, 0.04, 0.5, 2]),
        (10, [0, 0, 0], [0, 0.1, 0.2]),
        (0, [0, 0, 0], [0, 0.04, 0.08]),
        (float("inf"), [0, 0], [0, 0.04]),
    ],
)
def test_frames_have_the_times_that_the_video_tells(
    rate: float, times: list[float], wanted: list[float]
) -> None:
    assert list(_moments(_Video(rate, times))) == pytest.approx(wanted)
