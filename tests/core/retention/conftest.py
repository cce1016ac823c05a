"""Fixtures for tests of keeping and removing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.attempts.world import World
from tests.core.proctoring.watching import Watched, open_watching, watch


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A platform on each database, with a detector that does what pictures say."""
    with open_watching(database_url, tmp_path, drain_seconds=0) as world:
        yield world


@pytest.fixture
def watched(world: World) -> Watched:
    """A candidate who has consented to the camera."""
    return watch(world)
