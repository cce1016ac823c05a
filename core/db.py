"""The database: engine, sessions, portable column types, transactions.

SQLite gets WAL, BEGIN IMMEDIATE for writers and a first-come-first-served write lock within the
process: its own busy handler starves writers for seconds. PostgreSQL needs none of that.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

from alembic import command
from alembic.config import Config
from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    Uuid,
    create_engine,
    event,
    func,
    make_url,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator

JSONValue = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class UTCDateTime(TypeDecorator[datetime]):
    """A moment, always aware and in UTC; SQLite keeps it as text without a zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """The type of the values; a decorator's is unknown otherwise."""
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive moments, which mean something else on every machine."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The base of all tables; every constraint has a name that errors and migrations can use."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UTCDateTime(),
        UUID: Uuid(),
        dict[str, Any]: JSONValue,
        list[Any]: JSONValue,
    }


class FairLock:
    """A mutual exclusion that serves whoever came first."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._queue: deque[threading.Lock] = deque()
        self._held = False

    def acquire(self) -> None:
        """Wait for one's turn."""
        with self._guard:
            if not self._held:
                self._held = True
                return
            turn = threading.Lock()
            turn.acquire()
            self._queue.append(turn)
        turn.acquire()

    def release(self) -> None:
        """Hand on to the next in the queue."""
        with self._guard:
            if self._queue:
                self._queue.popleft().release()
            else:
                self._held = False


class Database:
    """The way to the database: `transaction()` to write, `reading()` to read."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._sessions = sessionmaker(engine, expire_on_commit=False)
        reader = engine.execution_options(examhall_write=False)
        self._reading_sessions = sessionmaker(reader, expire_on_commit=False, autoflush=False)
        self._write_lock = FairLock()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Open a session that commits at the end, or rolls everything back on an error.

        Functions added with `after_commit` run when the data is there for everybody.
        """
        if self.is_sqlite:
            self._write_lock.acquire()
        try:
            with self._sessions() as session:
                with session.begin():
                    yield session
                callbacks: list[Callable[[], None]] = session.info.pop("after_commit", [])
        finally:
            if self.is_sqlite:
                self._write_lock.release()
        for callback in callbacks:
            callback()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a session that only reads."""
        with self._reading_sessions() as session:
            yield session

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def after_commit(session: Session, callback: Callable[[], None]) -> None:
    """Run `callback` once the transaction is committed, and never if it is rolled back."""
    session.info.setdefault("after_commit", []).append(callback)


def database_now(session: Session) -> datetime:
    """Return the database's clock, with its fractions of a second."""
    if session.get_bind().dialect.name == "sqlite":
        text: str = session.execute(_SQLITE_NOW).scalar_one()
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    moment: datetime = session.execute(_POSTGRESQL_NOW).scalar_one()
    return moment.astimezone(UTC)


def why_unusable(error: BaseException) -> str | None:
    """Say in a line why the database cannot do now what it could do before.

    It is away, full or read-only, or another transaction is in the way: the same may work a moment
    later. None for every other error.
    """
    if isinstance(error, PoolTimeoutError):
        return "no connection is free"
    if not isinstance(error, DBAPIError):
        return None
    is_lost = error.statement is None and isinstance(error, OperationalError | InterfaceError)
    state = getattr(error.orig, "sqlstate", None) or ""
    name = getattr(error.orig, "sqlite_errorname", None) or ""
    is_passing = state[:2] in _PASSING_STATES or state == _READ_ONLY or _PASSING_NAMES & {name}
    if not (error.connection_invalidated or is_lost or is_passing):
        return None
    first, *_ = str(error.orig).strip().splitlines() or [type(error).__name__]
    return first


# PostgreSQL's classes: connection, rollback, resources, operator's intervention, system.
_PASSING_STATES = frozenset(["08", "40", "53", "57", "58"])
_READ_ONLY = "25006"
_PASSING_NAMES = frozenset(
    f"SQLITE_{name}" for name in ("BUSY", "LOCKED", "FULL", "READONLY", "IOERR", "CANTOPEN")
)

_SQLITE_NOW = select(func.strftime("%Y-%m-%dT%H:%M:%f", "now"))
_POSTGRESQL_NOW = select(func.clock_timestamp())


def open_database(url: str, *, pool_size: int = 20) -> Database:
    """Return a database for a SQLAlchemy address (`postgresql://` means psycopg)."""
    address = make_url(url)
    if address.drivername in {"postgres", "postgresql"}:
        address = address.set(drivername="postgresql+psycopg")
    if address.get_backend_name() == "sqlite":
        return Database(_sqlite_engine(address, pool_size))
    return Database(
        create_engine(
            address,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=False,
            connect_args={name: _PATIENCE[name] for name in _PATIENCE.keys() - address.query},
        )
    )


# A machine that is gone says nothing: without these a request waits for it for many minutes.
_PATIENCE = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}


def _sqlite_engine(address: Any, pool_size: int) -> Engine:
    if address.database:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        address,
        pool_size=pool_size,
        max_overflow=pool_size,
        connect_args={"timeout": 30, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        _keep_private(address.database)
        # The driver's own transaction handling is off: it would begin late and deferred.
        connection.isolation_level = None
        for pragma in ("journal_mode=wal", "synchronous=full", "foreign_keys=on"):
            connection.execute(f"pragma {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        writing = connection.get_execution_options().get("examhall_write", True)
        connection.exec_driver_sql("begin immediate" if writing else "begin")

    return engine


def _keep_private(file: str | None) -> None:
    """Take a file that was made this moment from everybody else; SQLite's other files follow it."""
    if file and Path(file).is_file() and Path(file).stat().st_size == 0:
        Path(file).chmod(0o600)


def alembic_config(url: str) -> Config:
    """Return an Alembic configuration that works from a wheel and from a checkout."""
    config = Config()
    config.set_main_option("script_location", "examhall.core:migrations")
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def upgrade(url: str) -> None:
    """Bring the schema up to date."""
    command.upgrade(alembic_config(url), "head")
