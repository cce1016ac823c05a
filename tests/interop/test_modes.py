"""Whole attempts of Moodle's tests come out here as they do there."""

from pathlib import Path

from tests.interop.modes import run

AT_LEAST = 97

CONTRADICTORY = {"test_display_of_right_answer_when_shuffled"}
"""Here the material names other right answers than those that Moodle graded as right."""


def test_whole_attempts_and_certainty_are_equal(shared: Path) -> None:
    (_, equal, total, differences), certainty = run(shared)
    assert 100 * equal >= AT_LEAST * total, differences
    unknown = [text for text in differences if not any(name in text for name in CONTRADICTORY)]
    assert unknown == []
    assert certainty[1] == certainty[2], certainty
