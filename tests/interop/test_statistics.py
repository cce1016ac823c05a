"""Whole exams have the figures, marks and counts that another program gives them."""

from pathlib import Path

from tests.interop.statistics import run


def test_everything_is_equal(shared: Path) -> None:
    reports = run(shared)
    assert {name: differences for name, _, _, differences in reports if differences} == {}
    assert sum(total for _, _, total, _ in reports) > 360
