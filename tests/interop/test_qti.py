"""QTI items, expressions and rules come to the outcomes that another engine gives them."""

import pytest

from tests.interop.qti import run

SHARES = {"qti expressions": 1, "qti response_processing": 1, "qti item_cases": 0.99}


@pytest.fixture(scope="module")
def rows(shared):
    return {name: (equal, total, differences) for name, equal, total, differences in run(shared)}


@pytest.mark.parametrize("name", SHARES)
def test_the_outcomes_are_those_of_another_engine(rows, name):
    equal, total, differences = rows[name]
    assert total
    assert equal >= SHARES[name] * total, differences[:20]
