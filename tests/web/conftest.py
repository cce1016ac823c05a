"""Fixtures for tests of the web application."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient

from examhall.core.platform import Platform, open_platform
from examhall.core.settings import load_settings
from examhall.web.app import create_app
from tests import once
from tests.web.people import People

CHEAP = {"password_memory_kib": 1024, "password_rounds": 1}


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """Write log lines without coloured tracebacks, which take longer than a test."""
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()]
    )


@pytest.fixture(scope="session", autouse=True)
def applications_compiled_once() -> Iterator[None]:
    """Compile rules and templates once: it takes most of the time of making an application."""
    with once.rules_compiled_once(), once.templates_compiled_once():
        yield


@pytest.fixture
def make_platform(sqlite_url: str, tmp_path: Path) -> Iterator[Callable[..., Platform]]:
    """Open platforms on one database; settings are given by name."""
    opened = []

    def make(**settings: Any) -> Platform:
        given = {
            "data_dir": tmp_path / "data",
            "database_url": sqlite_url,
            "rate_limits": False,
            **CHEAP,
            **settings,
        }
        opened.append(open_platform(load_settings({}, **given)))
        return opened[-1]

    yield make
    for platform in opened:
        platform.close()


@pytest.fixture
def platform(make_platform: Callable[..., Platform]) -> Platform:
    return make_platform()


@pytest.fixture
def app(platform: Platform) -> Flask:
    app = create_app(platform)
    app.testing = False
    return app


@pytest.fixture
def people(platform: Platform) -> People:
    """A person of each role, all with the same password."""
    return People(platform)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
