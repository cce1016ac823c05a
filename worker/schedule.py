"""The periodic work, as one list, and the thread that does it.

It runs in the serve process where jobs are threads, else in every `examhall worker`; there one of
them leads and the others stand by.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from examhall.core.attempts.sweep import sweep_attempts
from examhall.core.audit.operations import KEY_PURPOSE, seal_entries
from examhall.core.db import why_unusable
from examhall.core.platform import Platform
from examhall.core.retention.purge import has_work
from examhall.worker.forgotten import Reminders

log = logging.getLogger(__name__)

TICK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Periodic:
    """Something short that is done again and again; it waits for the database alone."""

    name: str
    seconds: float
    work: Callable[[Platform], object]


def periodic_work(platform: Platform) -> list[Periodic]:
    """Return all periodic work."""
    sweep = platform.settings.sweep_seconds
    reminders = Reminders()
    return [
        Periodic("sweep_attempts", sweep, sweep_attempts),
        Periodic("maintain_queue", 1.0, maintain_queue),
        Periodic("find_forgotten_work", sweep, reminders.remind),
        Periodic("seal_audit", 1.0, seal_audit),
        Periodic("wake_purge", 10.0, wake_purge),
    ]


def maintain_queue(platform: Platform) -> None:
    """Do what the queue itself needs."""
    platform.queue.maintain()


def seal_audit(platform: Platform) -> None:
    """Link new audit entries into the chain."""
    keys = platform.vault.derive_all(KEY_PURPOSE)
    with platform.db.transaction() as session:
        seal_entries(session, keys=keys)


def wake_purge(platform: Platform) -> None:
    """Have evidence purged whose time is over."""
    with platform.db.reading() as session:
        is_due = has_work(session)
    if is_due:
        platform.queue.enqueue("purge_evidence")


class Schedule:
    """A thread that does the periodic work while its process leads."""

    def __init__(self, platform: Platform, work: list[Periodic] | None = None) -> None:
        self._platform = platform
        self._work = periodic_work(platform) if work is None else work
        self._due = {periodic.name: 0.0 for periodic in self._work}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="examhall-schedule", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after what is being done."""
        self._stopped.set()
        self._thread.join(5.0)

    def _run(self) -> None:
        while not self._stopped.is_set():
            if self._platform.queue.lead():
                self._do_due_work()
            self._stopped.wait(TICK_SECONDS)

    def _do_due_work(self) -> None:
        for periodic in self._work:
            if self._stopped.is_set() or time.monotonic() < self._due[periodic.name]:
                continue
            self._due[periodic.name] = time.monotonic() + periodic.seconds
            try:
                periodic.work(self._platform)
            except Exception as error:
                reason = why_unusable(error)
                if reason is None:
                    log.exception("periodic work %s failed", periodic.name)
                else:
                    log.warning("periodic work %s has to wait: %s", periodic.name, reason)
