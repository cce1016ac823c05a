"""The database: moments, transactions, what runs after a commit, fair writers."""

import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import DBAPIError, OperationalError, StatementError

from examhall.core import db
from examhall.core.accounts.models import User
from examhall.core.db import (
    Database,
    FairLock,
    after_commit,
    database_now,
    open_database,
    why_unusable,
)


@pytest.fixture
def database(database_url):
    database = open_database(database_url)
    yield database
    database.dispose()


def add_user(session, login: str, created_at: datetime | None = None) -> User:
    user = User(login=login, name=login, created_at=created_at or datetime.now(UTC))
    session.add(user)
    session.flush()
    return user


def count_users(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(User))


def test_a_moment_comes_back_in_utc_to_the_microsecond(database):
    moment = datetime(2026, 3, 29, 3, 0, 0, 123457, tzinfo=timezone(timedelta(hours=2)))
    with database.transaction() as session:
        add_user(session, "ada", moment)
    with database.reading() as session:
        stored = session.scalars(select(User)).one().created_at
    assert stored == moment
    assert stored.tzinfo is UTC


def test_a_moment_without_a_zone_is_refused(database):
    with (
        pytest.raises(StatementError, match="time zone"),
        database.transaction() as session,
    ):
        add_user(session, "ada", datetime(2026, 3, 29))  # noqa: DTZ001 - what is refused
    assert count_users(database) == 0


def test_the_databases_clock_is_close_to_ours_and_has_fractions(database):
    with database.reading() as session:
        moments = [database_now(session) for _ in range(5)]
        time.sleep(0.002)
        moments.append(database_now(session))
    assert abs(moments[0] - datetime.now(UTC)) < timedelta(seconds=5)
    assert any(moment.microsecond for moment in moments)


def test_an_error_rolls_everything_back_and_runs_nothing_afterwards(database):
    ran = []

    def fail() -> None:
        with database.transaction() as session:
            add_user(session, "ada")
            after_commit(session, lambda: ran.append("never"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert count_users(database) == 0
    assert ran == []


def test_what_waits_for_the_commit_sees_the_data(database):
    seen = []
    with database.transaction() as session:
        add_user(session, "ada")
        after_commit(session, lambda: seen.append(count_users(database)))
        assert seen == []
    assert seen == [1]


def test_many_writers_all_get_their_turn(database):
    def write() -> None:
        with database.transaction() as session:
            add_user(session, str(uuid4()))

    threads = [threading.Thread(target=write) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert count_users(database) == 16


def test_a_reader_does_not_wait_for_a_writer(database):
    with database.transaction() as session:
        add_user(session, "ada")
        assert count_users(database) == 0


@given(st.integers(2, 6))
def test_the_lock_serves_whoever_came_first(waiting):
    lock = FairLock()
    served = []
    lock.acquire()

    def take(number: int) -> None:
        lock.acquire()
        served.append(number)
        lock.release()

    threads = []
    for number in range(waiting):
        thread = threading.Thread(target=take, args=(number,))
        thread.start()
        while len(lock._queue) <= number:
            time.sleep(0.0005)
        threads.append(thread)
    lock.release()
    for thread in threads:
        thread.join(10)
    assert served == list(range(waiting))


def test_nobody_else_on_the_machine_reads_a_new_sqlite_database(tmp_path):
    file = tmp_path / "new.db"
    database = open_database(f"sqlite:///{file}")
    with database.transaction() as session:
        session.execute(text("create table t (x)"))
        modes = {path.name: path.stat().st_mode & 0o077 for path in tmp_path.iterdir()}
    assert modes == {"new.db": 0, "new.db-wal": 0, "new.db-shm": 0}
    database.dispose()
    # What an operator sets stays.
    file.chmod(0o640)
    database = open_database(f"sqlite:///{file}")
    with database.reading() as session:
        session.execute(text("select * from t"))
    assert file.stat().st_mode & 0o777 == 0o640
    database.dispose()


@pytest.mark.parametrize(
    ("state", "is_passing"),
    [
        ("57P01", True),  # the operator ends it
        ("53300", True),  # too many connections
        ("53100", True),  # the disk is full
        ("40P01", True),  # a deadlock
        ("25006", True),  # a standby that only reads
        ("42703", False),  # no such column
        ("42501", False),  # no right
    ],
)
def test_what_passes_is_told_apart_from_what_is_wrong(state, is_passing):
    kind = psycopg.errors.lookup(state)
    error = DBAPIError.instance("select 1", {}, kind("it is so\nDETAIL: more of it"), psycopg.Error)
    assert why_unusable(error) == ("it is so" if is_passing else None)


def test_a_server_that_is_not_there_passes():
    database = open_database("postgresql://somebody@127.0.0.1:1/nothing")
    with pytest.raises(OperationalError) as caught, database.reading() as session:
        session.execute(select(1))
    assert "refused" in (why_unusable(caught.value) or "")


def test_a_sqlite_file_that_cannot_be_opened_passes(tmp_path):
    database = open_database(f"sqlite:///{tmp_path}")
    with pytest.raises(OperationalError) as caught, database.reading() as session:
        session.execute(select(1))
    assert why_unusable(caught.value) == "unable to open database file"


def test_a_missing_table_does_not_pass(tmp_path):
    database = open_database(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(OperationalError) as caught, database.reading() as session:
        session.execute(text("select * from nothing"))
    assert why_unusable(caught.value) is None
    database.dispose()


@pytest.mark.parametrize("query", ["", "?connect_timeout=3"])
def test_a_server_that_says_nothing_is_not_waited_for(query, monkeypatch):
    asked = {}

    def make(address, **options):
        asked.update(options["connect_args"])
        return create_engine(address, **options)

    monkeypatch.setattr(db, "create_engine", make)
    open_database(f"postgresql://somebody@127.0.0.1:1/nothing{query}")
    # What the address says itself counts.
    assert asked.get("connect_timeout") == (None if query else 10)
    assert asked["tcp_user_timeout"] == 30_000
