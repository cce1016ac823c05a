from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from examhall.core.db import open_database
from examhall.core.registry.registry import Registry
from examhall.core.settings import load_settings
from examhall.core.vault import open_vault
from tests.core.registry.site import Site

MakeRegistry = Callable[..., Registry]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A folder that plugins can be installed into."""
    folder = Site(tmp_path / "site")
    yield folder
    folder.remove()


@pytest.fixture
def make_registry(site: Site, tmp_path: Path) -> Iterator[MakeRegistry]:
    """Make registries with the site's plugins: each is like a process of its own."""
    opened = []

    def make(url: str, *, environ=None, breaker=None, **overrides) -> Registry:
        overrides = {
            "plugin_poll_seconds": 0.2,
            "plugin_time_limit": 1.0,
            "plugin_load_limit": 3.0,
        } | overrides
        settings = load_settings({}, data_dir=tmp_path, database_url=url, **overrides)
        db = open_database(url)
        registry = Registry(
            settings, db, open_vault(settings), environ=environ or {}, breaker=breaker
        )
        registry.load(site.points())
        registry.refresh()
        opened.append((registry, db))
        return registry

    yield make
    for registry, db in opened:
        registry.close()
        db.dispose()
