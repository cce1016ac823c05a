"""Server-sent events: one open answer that carries what the live broker tells."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from threading import Lock
from typing import cast

from flask import Flask, Response, current_app

from examhall.core.errors import RateLimitedError
from examhall.core.live import LiveMessage, Subscription
from examhall.web.limits import caller

STREAMS = "examhall.streams"
RETRY_SECONDS = 15

RECONNECT_MILLISECONDS = 2000
LONGEST_SECONDS = 900.0
"""After this a stream ends and the browser opens a new one."""

CHECK_SECONDS = 30.0
"""So often it is asked whether somebody may still follow."""

MOST_OF_PERSON = 20
"""Streams of one person: windows that were closed a moment ago are still among them."""

Messages = Iterable[LiveMessage]


class OpenStreams:
    """Counts the open streams of a process: each holds a thread that somebody's save may need."""

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._guard = Lock()
        self._people: Counter[str] = Counter()

    def enter(self, person: str) -> Callable[[], None]:
        """Count one more, and return what counts it off; raises RateLimitedError for too many."""
        with self._guard:
            if self._people[person] >= MOST_OF_PERSON:
                raise RateLimitedError(
                    "You have too many live windows open. Close some.", retry_after=RETRY_SECONDS
                )
            if self._most is not None and self._people.total() >= self._most:
                raise RateLimitedError(
                    "The server carries no more live streams. Everything else works as before.",
                    retry_after=RETRY_SECONDS,
                )
            self._people[person] += 1
        return partial(self._leave, person)

    def _leave(self, person: str) -> None:
        with self._guard:
            self._people[person] -= 1
            if self._people[person] <= 0:
                del self._people[person]


def init_streams(app: Flask, most: int | None = None) -> None:
    """Let an application have up to `most` streams at once, None for as many as people open."""
    app.extensions[STREAMS] = OpenStreams(most)


def event_stream(
    first: Messages, subscription: Subscription, may_follow: Callable[[], bool] = lambda: True
) -> Response:
    """Return a response that sends `first`, then the subscription's messages until it is closed.

    It ends as well when `may_follow`, asked now and then, says no. Subscribe before reading what
    `first` tells, so that no change falls between the two. Raises RateLimitedError, with the
    subscription closed, where too many are open.
    """
    try:
        leave = cast("OpenStreams", current_app.extensions[STREAMS]).enter(caller())
    except RateLimitedError:
        subscription.close()
        raise
    response = Response(_lines(first, subscription, may_follow), mimetype="text/event-stream")
    response.headers["X-Accel-Buffering"] = "no"
    response.call_on_close(subscription.close)
    response.call_on_close(leave)
    return response


def _lines(
    first: Messages, subscription: Subscription, may_follow: Callable[[], bool]
) -> Iterator[str]:
    end = time.monotonic() + LONGEST_SECONDS
    asked = time.monotonic()
    yield f"retry: {RECONNECT_MILLISECONDS}\n\n"
    for message in first:
        yield _spell(message)
    for heard in subscription:
        if time.monotonic() - asked > CHECK_SECONDS:
            if not may_follow():
                return
            asked = time.monotonic()
        yield ": still here\n\n" if heard is None else _spell(heard)
        if time.monotonic() > end:
            return


def _spell(message: LiveMessage) -> str:
    # JSON has no bare line breaks, so the data is always one line.
    return f"event: {message.event}\ndata: {json.dumps(dict(message.data))}\n\n"
