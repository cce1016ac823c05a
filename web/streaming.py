"""Server-sent events: one open answer that carries what the live broker tells."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator

from flask import Response

from examhall.core.live import LiveMessage, Subscription

RECONNECT_MILLISECONDS = 2000
LONGEST_SECONDS = 900.0
"""After this a stream ends and the browser opens a new one: who may watch is asked again."""

Messages = Iterable[LiveMessage]


def event_stream(first: Messages, subscription: Subscription) -> Response:
    """Return a response that sends `first`, then the subscription's messages until it is closed.

    Subscribe before reading what `first` tells, so that no change falls between the two.
    """
    response = Response(_lines(first, subscription), mimetype="text/event-stream")
    response.headers["X-Accel-Buffering"] = "no"
    response.call_on_close(subscription.close)
    return response


def _lines(first: Messages, subscription: Subscription) -> Iterator[str]:
    end = time.monotonic() + LONGEST_SECONDS
    yield f"retry: {RECONNECT_MILLISECONDS}\n\n"
    for message in first:
        yield _spell(message)
    for heard in subscription:
        yield ": still here\n\n" if heard is None else _spell(heard)
        if time.monotonic() > end:
            return


def _spell(message: LiveMessage) -> str:
    # JSON has no bare line breaks, so the data is always one line.
    return f"event: {message.event}\ndata: {json.dumps(dict(message.data))}\n\n"
