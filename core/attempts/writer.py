"""Group commit: requests put their operations in a queue, one thread commits them together.

One commit for many candidates costs little more than one for a single candidate, and one fair
writer never makes a candidate wait for seconds. While a group is being committed the next one
gathers, so the groups grow with the load and nobody waits when there is none.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from examhall.core.attempts.responses import SaveOperation, SaveReport, SaveResult
from examhall.core.attempts.saving import save_responses
from examhall.core.db import Database, why_unusable
from examhall.core.errors import ExamhallError

log = logging.getLogger(__name__)

GROUP_LIMIT = 200
"""Operations in one commit at most; a longer one would make the others wait."""

ANSWER_SECONDS = 30.0
"""How long a caller waits for the database before the save counts as failed."""


RETRY_SECONDS = 5


class SaveFailedError(ExamhallError):
    """The database did not take the response; the client keeps it and tries again."""

    code = "save_failed"
    status = 503


@dataclass(slots=True)
class _Order:
    """The operations of one caller, and the place where it waits for their results."""

    operations: Sequence[SaveOperation]
    done: threading.Event = field(default_factory=threading.Event)
    results: list[SaveResult] = field(default_factory=list)


class GroupWriter:
    """The one writer of responses of a process; its thread starts with the first save.

    `rescore` is called with an attempt's id after late responses of it were committed.
    """

    def __init__(
        self, db: Database, rescore: Callable[[UUID], None], *, drain_seconds: int
    ) -> None:
        self._db = db
        self._rescore = rescore
        self._drain_seconds = drain_seconds
        self._orders: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def save(self, operations: Sequence[SaveOperation]) -> list[SaveResult]:
        """Return the results, in order, once they are committed.

        Raises SaveFailedError when the database does not answer in time; the operations may then
        have been saved or not, and a replay tells.
        """
        order = _Order(operations)
        with self._guard:
            if self._stopped:
                raise SaveFailedError(
                    "The server is stopping. The answer is kept on your device.",
                    retry_after=RETRY_SECONDS,
                )
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="examhall-saves", daemon=True
                )
                self._thread.start()
            self._orders.put(order)
        if not order.done.wait(ANSWER_SECONDS):
            raise SaveFailedError(
                "The database does not answer. The answer is kept on your device.",
                retry_after=RETRY_SECONDS,
            )
        return order.results

    def stop(self) -> None:
        """Take no more orders, commit those that wait, and end the thread."""
        with self._guard:
            self._stopped = True
            thread = self._thread
            if thread is not None:
                self._orders.put(None)
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        going_on = True
        while going_on:
            group, going_on = self._gather()
            if group:
                self._commit(group)

    def _gather(self) -> tuple[list[_Order], bool]:
        """Wait for one order, then take what has come meanwhile; False at the end of all orders."""
        order = self._orders.get()
        group: list[_Order] = []
        size = 0
        while order is not None:
            group.append(order)
            size += len(order.operations)
            if size >= GROUP_LIMIT:
                return group, True
            try:
                order = self._orders.get_nowait()
            except queue.Empty:
                return group, True
        return group, False

    def _commit(self, group: list[_Order]) -> None:
        """Commit a group; one that fails as a whole is tried operation by operation."""
        operations = [operation for order in group for operation in order.operations]
        try:
            report = self._save(operations)
        except Exception:  # noqa: BLE001 - the thread's outer edge: every caller gets an answer
            log.warning("a group of %d saves failed, trying one by one", len(operations))
            report = self._save_one_by_one(operations)
        results = iter(report.results)
        for order in group:
            order.results = [next(results) for _ in order.operations]
            order.done.set()
        for attempt_id in report.rescore:
            self._rescore(attempt_id)

    def _save(self, operations: Sequence[SaveOperation]) -> SaveReport:
        with self._db.transaction() as session:
            return save_responses(session, operations, drain_seconds=self._drain_seconds)

    def _save_one_by_one(self, operations: Sequence[SaveOperation]) -> SaveReport:
        total = SaveReport([], [])
        for operation in operations:
            try:
                report = self._save([operation])
            except Exception as error:  # noqa: BLE001 - likewise
                _note_failure(operation, error)
                report = SaveReport([_failure(operation, error)], [])
            total.results.extend(report.results)
            total.rescore.extend(report.rescore)
        return total


def _note_failure(operation: SaveOperation, error: Exception) -> None:
    reason = why_unusable(error)
    log.error(
        "a save of attempt %s failed%s",
        operation.attempt_id,
        f": {reason}" if reason else "",
        exc_info=None if reason else error,
    )


def _failure(operation: SaveOperation, error: Exception) -> SaveResult:
    if not isinstance(error, ExamhallError):
        error = SaveFailedError(
            "The database did not take the answer. It is kept on your device.",
            retry_after=RETRY_SECONDS,
        )
    return SaveResult(operation.item_id, operation.operation_id, error=error)
