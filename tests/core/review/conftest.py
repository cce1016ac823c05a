"""Fixtures for tests of the review."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.attempts.world import World
from tests.core.proctoring.watching import open_watching
from tests.core.review.reviewing import Reviewed, review


@pytest.fixture
def world(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    """A platform with the scripted detector."""
    with open_watching(sqlite_url, tmp_path) as world:
        yield world


@pytest.fixture
def reviewed(world: World) -> Reviewed:
    """A closed session with two incidents, and a reviewer."""
    return review(world)
