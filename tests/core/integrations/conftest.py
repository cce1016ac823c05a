"""A platform with a partner's server on this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from examhall.core.integrations import delivery
from examhall.core.platform import Platform, open_platform
from examhall.core.settings import load_settings
from tests.partner import LOOPBACK


@pytest.fixture
def platform(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Platform]:
    """A platform on each database that may call this machine; no failed message is due at once."""
    monkeypatch.setattr(delivery._random, "uniform", lambda low, high: high)
    settings = load_settings(
        {},
        data_dir=tmp_path,
        database_url=database_url,
        outbound_networks=[LOOPBACK],
        allow_plain_http=True,
    )
    platform = open_platform(settings)
    yield platform
    platform.close()
