"""The browser's clock seen from the server: only its differences are believed.

The smallest difference between "received" and "sent" that a session has shown is the best guess of
how far the clocks are apart, because every delay makes it larger.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

STEP_SECONDS = 30.0
"""No request is on its way for so long: a larger jump means that the browser's clock was set."""

LONGEST_DELAY = timedelta(days=1)
"""How long a chunk may have waited on the candidate's device."""


def next_offset(known: float | None, received: datetime, reference: datetime, sent: bool) -> float:
    """Return the seconds to add to the browser's clock.

    `reference` is what the browser's clock showed when the chunk was sent (`sent`), or when its
    last sample was captured, which may have been long before.
    """
    candidate = (received - reference).total_seconds()
    step = STEP_SECONDS if sent else LONGEST_DELAY.total_seconds()
    if known is None or candidate < known or candidate - known > step:
        return candidate
    return known


def to_server_time(
    times: Sequence[datetime], offset: float, *, earliest: datetime, latest: datetime
) -> list[datetime]:
    """Map moments in ascending order to the server's clock.

    None lies before `earliest` or after `latest`; the distances between them are kept as far as
    they fit.
    """
    shift = timedelta(seconds=offset)
    late = max(timedelta(0), earliest - (times[0] + shift))
    return [min(latest, moment + shift + late) for moment in times]
