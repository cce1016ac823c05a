"""Fixtures for tests of attempts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.attempts.world import Sitting, World, open_world


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A platform on each database, with a drain time of two minutes."""
    with open_world(database_url, tmp_path) as world:
        yield world


@pytest.fixture
def sitting(world: World) -> Sitting:
    """A candidate whose attempt runs for an hour."""
    return world.sitting({"time": {"limit_seconds": 3600}})
