"""Question types score as Moodle's do."""

import pytest

from tests.interop.moodle_types import run

ROWS = 10


@pytest.fixture(scope="module")
def rows(shared):
    return list(run(shared))


def test_every_grade_and_every_function_is_moodles(rows):
    assert len(rows) == ROWS
    for name, equal, total, differences in rows:
        assert equal == total > 0, (name, differences)
