"""Fixtures for all tests: servers, databases, the machine's parts, and the guards.

A server is started once for each test process, at the first test that asks for
it. Its state is new for each test: a database of its own, an empty Redis.
"""

import gc
import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import hypothesis
import pytest

from tests import once
from tests.loopback import refuse_outside_connections
from tests.requirements import missing, shared_folder
from tests.services.postgres import PostgresServer
from tests.services.process import NotInstalledError
from tests.services.redis import RedisServer
from tests.services.s3 import S3Server

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")

# What a person has set for tests; all other settings would change what is tested.
SETTINGS_FOR_TESTS = {
    "EXAMHALL_CHROMIUM",
    "EXAMHALL_MODELS_DIR",
    "EXAMHALL_REQUIRE_ALL",
    "EXAMHALL_SHARED",
}

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("examhall", deadline=None)
hypothesis.settings.load_profile("examhall")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run files with slow tests first, so that at the end no process waits for one of them."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish() -> None:
    """Let the garbage collector leave aside what was imported: it stays to the end."""
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def only_loopback() -> Iterator[None]:
    """Fail every test that connects to another machine."""
    with refuse_outside_connections():
        yield


@pytest.fixture(scope="session", autouse=True)
def no_settings_from_outside() -> Iterator[None]:
    """Hide the settings of the shell that the tests were started from."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith("EXAMHALL_") and name not in SETTINGS_FOR_TESTS:
                patch.delenv(name)
        yield


@pytest.fixture(scope="session", autouse=True)
def code_read_once_for_examples() -> Iterator[None]:
    """Let other processes find what Hypothesis knows of the code: to read it takes ten seconds."""
    with pytest.MonkeyPatch.context() as patch:
        kept = Path(__file__).parents[1] / ".hypothesis"
        patch.setenv("HYPOTHESIS_STORAGE_DIRECTORY", str(kept))
        yield


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """Take back what a command of a test has set up for the log of its process."""
    loggers = [logging.getLogger(), logging.getLogger("alembic.runtime.migration")]
    before = [(logger, logger.level, logger.handlers[:]) for logger in loggers]
    yield
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running PostgreSQL: ``url(name)``, ``create_database()``, ``drop_database(name)``."""
    try:
        server = PostgresServer()
    except NotInstalledError as error:
        missing(str(error))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A running Redis: ``url``, ``flush()``."""
    try:
        server = RedisServer()
    except NotInstalledError as error:
        missing(str(error))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """A running S3: ``endpoint``, ``url``, ``access_key``, ``secret_key``, ``bucket``."""
    try:
        server = S3Server()
    except NotInstalledError as error:
        missing(str(error))
    yield server
    server.stop()


def migrate(url: str) -> None:
    """Bring a database up to date.

    The import waits until here so that a fault in core's models fails the tests
    that need a database and not all others with them.
    """
    from examhall.core.db import upgrade

    upgrade(url)


@pytest.fixture(scope="session")
def platforms_made_cheaply() -> Iterator[None]:
    """Do once in this process what every platform on a database would do again."""
    with once.statements_compiled_once(), once.plugins_found_once():
        yield


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer, platforms_made_cheaply: None) -> str:
    """The name of a migrated database that others are copied from."""
    name = postgres_server.create_database()
    migrate(postgres_server.url(name))
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory, platforms_made_cheaply: None) -> Path:
    """A migrated database file that others are copied from."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrate(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as database:
        # All is in the one file then.
        database.execute("pragma wal_checkpoint(truncate)")
    return path


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """The URL of a migrated PostgreSQL database that only this test uses."""
    name = postgres_server.borrow_database(postgres_template)
    yield postgres_server.url(name)
    postgres_server.give_back(name, postgres_template)


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a migrated SQLite database that only this test uses."""
    path = tmp_path / "examhall.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a migrated database; the test runs once on each kind."""
    name = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    return str(request.getfixturevalue(name))


@pytest.fixture
def empty_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a PostgreSQL database with nothing in it, for tests of migrations."""
    name = postgres_server.create_database()
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with nothing in it; the test runs once on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return str(request.getfixturevalue("empty_postgres_url"))


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The URL of a Redis with nothing in it."""
    redis_server.flush()
    return redis_server.url


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with media, models and examples too large for the repository.

    It lies outside the repository, so a clone without it is no fault; one that
    was named and is not there is.
    """
    folder = shared_folder()
    if folder.is_dir():
        return folder.resolve()
    if os.environ.get("EXAMHALL_SHARED") or os.environ.get("EXAMHALL_REQUIRE_ALL") == "1":
        missing(f"the folder {folder} (EXAMHALL_SHARED) does not exist")
    pytest.skip(f"no folder with shared files at {folder}; set EXAMHALL_SHARED")


@pytest.fixture(scope="session")
def models_dir(request: pytest.FixtureRequest) -> Path:
    """The folder with the detectors' models."""
    if named := os.environ.get("EXAMHALL_MODELS_DIR"):
        if Path(named).is_dir():
            return Path(named)
        missing(f"the folder {named} (EXAMHALL_MODELS_DIR) does not exist")
    return Path(request.getfixturevalue("shared")) / "models"


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The program of a Chromium, for Playwright's ``executable_path``."""
    named = os.environ.get("EXAMHALL_CHROMIUM")
    names = (named,) if named else CHROMIUMS
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        missing(f"no browser: {', '.join(names)} not found")
    return path
