"""Fixtures for journeys in one process: a hall with people in it, served to a real browser."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright
from waitress import create_server

from examhall.core.platform import Platform, open_platform
from examhall.core.settings import load_settings
from examhall.web.app import create_app
from tests.journeys.browser import launch_chromium
from tests.journeys.hall import Hall
from tests.journeys.room import Faults


def run_until_closed(server: Any) -> None:
    """Serve until another thread closes the server, whose sockets are gone then."""
    with contextlib.suppress(OSError):
        server.run()


@pytest.fixture
def serve() -> Iterator[Callable[[Platform], str]]:
    """Serve platforms on free ports, jobs and all; gives the address."""
    running = []

    def start(platform: Platform) -> str:
        server = create_server(create_app(platform), host="127.0.0.1", port=0, threads=24)
        thread = threading.Thread(target=run_until_closed, args=(server,), daemon=True)
        thread.start()
        platform.plugins.start()
        platform.queue.start(platform)
        running.append((platform, server, thread))
        return f"http://127.0.0.1:{server.effective_port}"

    yield start
    for platform, server, thread in running:
        # The streams end first: their threads would hold the server up.
        platform.live.close()
        server.close()
        thread.join(5)


@pytest.fixture
def hall(sqlite_url: str, tmp_path: Path, serve: Callable[[Platform], str]) -> Iterator[Hall]:
    """A served platform with people who have passwords."""
    settings = load_settings(
        {},
        data_dir=tmp_path / "data",
        database_url=sqlite_url,
        rate_limits=False,
        password_memory_kib=1024,
        password_rounds=1,
        sweep_seconds=0.5,
    )
    platform = open_platform(settings)
    yield Hall(platform, serve(platform))
    platform.close()


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def chromium(playwright: Playwright, chromium_path: str) -> Iterator[Browser]:
    """A Chromium with a drawn picture before its camera."""
    with launch_chromium(playwright, chromium_path) as browser:
        yield browser


@pytest.fixture
def device(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser profile of one candidate's device."""
    yield from new_device(chromium)


@pytest.fixture
def other_device(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser profile of somebody else's device."""
    yield from new_device(chromium)


def new_device(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def faults() -> Iterator[Faults]:
    """Watch pages with it; what they do wrong fails the test at its end."""
    found = Faults()
    yield found
    found.check()
