"""One process's examhall: settings, database, plugins, queue and live stream in one place.

`open_platform` is the only place where the parts meet; nothing is made at import.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

import examhall.core.models  # noqa: F401 - SQLAlchemy must know every table that a key leads to
from examhall.core.attempts.writer import GroupWriter
from examhall.core.clock import Clock, SystemClock
from examhall.core.db import Database, open_database
from examhall.core.live import LiveBroker, open_live_broker
from examhall.core.queue import JobQueue, open_queue
from examhall.core.registry.registry import Registry, open_registry
from examhall.core.settings import Settings
from examhall.core.vault import Vault, open_vault


@dataclass
class Platform:
    """Everything that an operation may need besides its session."""

    settings: Settings
    db: Database
    vault: Vault
    plugins: Registry
    queue: JobQueue
    live: LiveBroker
    clock: Clock = field(default_factory=SystemClock)
    saves: GroupWriter = field(init=False)

    def __post_init__(self) -> None:
        self.saves = GroupWriter(
            self.db, self._score_again, drain_seconds=self.settings.drain_seconds
        )

    def _score_again(self, attempt_id: UUID) -> None:
        self.queue.enqueue("score_attempt", str(attempt_id))

    def close(self) -> None:
        """Stop the threads and close the connections of this process."""
        self.saves.stop()
        self.queue.close()
        self.plugins.close()
        self.live.close()
        self.db.dispose()


def open_platform(settings: Settings) -> Platform:
    """Return the platform for these settings; the database must be up to date."""
    db = open_database(settings.database_url, pool_size=settings.pool_size)
    vault = open_vault(settings)
    return Platform(
        settings=settings,
        db=db,
        vault=vault,
        plugins=open_registry(settings, db, vault),
        queue=open_queue(settings),
        live=open_live_broker(settings),
    )
