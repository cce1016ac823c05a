"""Calls that can neither raise into core nor keep it waiting for ever.

Two ways, by how far the code is trusted. Bundled plugins run in the caller's own thread, which
costs microseconds; a watchdog interrupts what takes too long. All others run in a thread of a
small pool: the caller goes on at the time limit whatever the plugin does, the thread is
interrupted, and one that cannot be (it hangs outside Python's own code) is given up. What such a
call does to its decimal context stays its own.
"""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from decimal import localcontext
from queue import Empty, SimpleQueue
from typing import Any

from examhall.core.errors import PluginError

MOST_IDLE = 16
MOST_STUCK = 4
"""How many calls of one owner may hang before the next one is refused at once."""

WATCH_SECONDS = 0.2

Call = Callable[[], Any]


class CallTimedOutError(Exception):
    """The call was given up at its time limit."""


class OwnerStuckError(Exception):
    """Earlier calls of the same owner still hang."""


class CallEndedError(PluginError):
    """The call raised what is meant to end more than a call, such as CancelledError."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(f"it raised {type(error).__name__}, which no plugin may")


class Interrupt(BaseException):
    """Raised inside a plugin's code when its time is up."""


class CallPool:
    """Runs calls in threads of their own."""

    def __init__(self) -> None:
        self._forget_threads()

    def _forget_threads(self) -> None:
        self._pid = os.getpid()
        self._idle: deque[_CallThread] = deque()
        self._stuck: dict[str, set[_CallThread]] = {}

    def run(self, owner: str, call: Call, limit: float) -> Any:
        """Return what `call` returns or raise what it raises, after at most `limit` seconds.

        Raises CallTimedOutError at the limit, OwnerStuckError when too many calls of this owner
        hang already, CallEndedError for what is neither an Exception nor SystemExit: in a thread
        of the pool even KeyboardInterrupt is nobody's Ctrl-C.
        """
        if self._pid != os.getpid():
            self._forget_threads()  # they stayed behind in the process that forked this one
        if len(self.stuck(owner)) >= MOST_STUCK:
            raise OwnerStuckError(f"{MOST_STUCK} earlier calls still hang")
        job = _Job(copy_context().run, call)
        thread = self._take()
        thread.jobs.put(job)
        try:
            job.wait(limit)
        except Empty:
            if job.give_up(thread):
                self._stuck.setdefault(owner, set()).add(thread)
                raise CallTimedOutError from None
        return job.outcome()

    def stuck(self, owner: str) -> set[_CallThread]:
        """Return the threads in which calls of this owner still hang."""
        threads = self._stuck.get(owner)
        if not threads:
            return set()
        for thread in [thread for thread in threads if not thread.is_alive()]:
            threads.discard(thread)
        return threads

    def nudge(self) -> None:
        """Interrupt once more what still hangs; a plugin may have swallowed the first time."""
        for owner in list(self._stuck):
            for thread in list(self.stuck(owner)):
                interrupt(thread.ident)

    def close(self) -> None:
        """End the idle threads; threads that hang end with the process."""
        while self._idle:
            self._idle.pop().jobs.put(None)

    def _take(self) -> _CallThread:
        try:
            return self._idle.pop()
        except IndexError:
            thread = _CallThread(self._idle)
            thread.start()
            return thread


class _Job:
    """One call on its way through a thread, and its outcome."""

    __slots__ = ("_answer", "_lock", "_over", "call", "error", "result", "run_in_context")

    def __init__(self, run_in_context: Callable[..., Any], call: Call) -> None:
        self.run_in_context = run_in_context
        self.call = call
        self.result: Any = None
        self.error: BaseException | None = None
        self._answer: SimpleQueue[None] = SimpleQueue()
        self._lock = threading.Lock()
        self._over = False

    def perform(self) -> None:
        """Make the call; runs in the thread of the pool."""
        try:
            self.result = self.run_in_context(_call_apart, self.call)
        except BaseException as error:  # noqa: BLE001 - it is raised again where the caller waits
            self.error = error

    def finish(self) -> bool:
        """Hand the outcome over; False when nobody waits for it any more."""
        with self._lock:
            in_time, self._over = not self._over, True
        self._answer.put(None)
        return in_time

    def wait(self, limit: float) -> None:
        """Wait for the outcome; Empty at the limit."""
        self._answer.get(timeout=limit)

    def give_up(self, thread: _CallThread) -> bool:
        """Interrupt the call; False when it has just ended."""
        with self._lock:
            if self._over:
                return False
            self._over = True
            interrupt(thread.ident)
            return True

    def outcome(self) -> Any:
        """Return or raise what the call did."""
        if self.error is None:
            return self.result
        if isinstance(self.error, Exception | SystemExit):
            raise self.error
        raise CallEndedError(self.error) from self.error


def _call_apart(call: Call) -> Any:
    # A copied context has the caller's own decimal context, not a copy of it.
    with localcontext():
        return call()


class _CallThread(threading.Thread):
    """A thread that makes one call after the other until one is given up."""

    def __init__(self, idle: deque[_CallThread]) -> None:
        super().__init__(name="examhall-plugin-call", daemon=True)
        self.jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._pool = idle

    def run(self) -> None:
        """Serve; an interrupt that arrives after its call has ended ends the thread as well."""
        try:
            while (job := self.jobs.get()) is not None:
                job.perform()
                if not job.finish() or len(self._pool) >= MOST_IDLE:
                    return
                del job
                self._pool.append(self)
        except Interrupt:
            return


class Watchdog:
    """Interrupts calls that run in their caller's own thread."""

    def __init__(self) -> None:
        self._forget_calls()

    def _forget_calls(self) -> None:
        self._pid = os.getpid()
        self._running: dict[int, tuple[float, int]] = {}
        self._interrupting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def run(self, call: Call, limit: float) -> Any:
        """Return what `call` returns or raise what it raises.

        Raises CallTimedOutError when it took longer than `limit` seconds: Python code is
        interrupted about then, other code when it comes back to Python. CallEndedError is raised
        as by the pool, but KeyboardInterrupt passes.
        """
        if self._thread is None or self._pid != os.getpid():
            self._start()
        watched = (time.monotonic() + limit, threading.get_ident())
        try:
            self._running[id(watched)] = watched
            try:
                result = call()
            finally:
                in_time = self._running.pop(id(watched), None) is not None
                if not in_time:
                    self._take_interrupt_back()
        except Interrupt:
            raise CallTimedOutError from None
        except (Exception, SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise CallEndedError(error) from error
        if not in_time:
            raise CallTimedOutError
        return result

    def close(self) -> None:
        """End the watching thread."""
        self._closed.set()

    def _take_interrupt_back(self) -> None:
        """Make sure that no interrupt is raised later, in somebody else's code."""
        with self._interrupting:
            clear_interrupt(threading.get_ident())

    def _start(self) -> None:
        if self._pid != os.getpid():
            self._forget_calls()
        self._thread = threading.Thread(
            target=self._watch, args=(self._closed,), name="examhall-plugin-watchdog", daemon=True
        )
        self._thread.start()

    def _watch(self, closed: threading.Event) -> None:
        while not closed.wait(WATCH_SECONDS):
            now = time.monotonic()
            for key, (deadline, thread) in list(self._running.items()):
                if deadline < now:
                    self._interrupt(key, thread)

    def _interrupt(self, key: int, thread: int) -> None:
        with self._interrupting:
            # Whoever takes the entry out decides: here it is the time limit.
            if self._running.pop(key, None) is not None:
                interrupt(thread)


def interrupt(thread: int | None) -> None:
    """Raise Interrupt in a thread, as soon as it runs Python code."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread or 0), ctypes.py_object(Interrupt)
    )


def clear_interrupt(thread: int) -> None:
    """Take back an Interrupt that was not raised yet."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), None)
