"""Fixtures for tests of regrading."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from examhall.core.permissions import Principal, Role
from tests.exam_house import House, open_house


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """A platform on each database."""
    with open_house(database_url, tmp_path) as house:
        yield house


@pytest.fixture
def author(house: House) -> Principal:
    return house.person(Role.AUTHOR)
