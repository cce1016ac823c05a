"""Bulk work leaves the process as it was."""

import gc

from examhall.core.bulk import RARELY, collecting_rarely


def test_the_collector_is_as_before_once_everybody_is_done() -> None:
    before = gc.get_threshold()
    first, second = collecting_rarely(), collecting_rarely()
    with first:
        second.__enter__()
        assert gc.get_threshold() == RARELY
    assert gc.get_threshold() == RARELY
    second.__exit__(None, None, None)
    assert gc.get_threshold() == before
