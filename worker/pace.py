"""How often detectors look while more comes in than they can look at.

When chunks wait too long, or wait while there is no time left, the detector that costs most looks
half as often, then whichever costs most after that. Each step is taken back once nothing waits and
there is time for what it adds. Chunks are never left out: only fewer of their pictures are looked
at, and `seen_by` says which. Sound and browser events are always heard in full: they cost little,
and half a sentence would be none.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from examhall.core.contracts.detector import Detector, Stream

PICTURES = frozenset({Stream.CAMERA, Stream.SCREEN, Stream.ROOM})
CALM_SECONDS = 0.5
STEP_SECONDS = 1.0
BACK_SECONDS = 6.0
"""How long it must have been calm for each step back up."""

MOST = 8
"""No detector looks less often than every eighth time."""

SLOWEST_SECONDS = 10.0
"""No detector looks less often than that, whatever its usual cadence."""

FULL = 0.95
FULL_SECONDS = 3.0
"""Who has looked for so much of the last seconds has more to do than there is time for."""

BUSY = 0.85
"""The share of its time that a process may spend on looks after a step back up."""

WEIGHT = 0.2
RATE_SECONDS = 10.0
"""How far back the rate of samples is told."""


@dataclass(slots=True)
class _Known:
    """A detector as this process met it; `cost` are seconds of work for one look."""

    cadence: float
    cost: float
    factor: int = 1

    @property
    def burden(self) -> float:
        """Seconds of work for a second of one candidate."""
        return self.cost / max(0.1, self.cadence * self.factor)

    @property
    def can_rest(self) -> bool:
        """Say whether it may look even less often."""
        slower = self.cadence * self.factor * 2
        return self.cadence > 0 and self.factor < MOST and slower <= SLOWEST_SECONDS


class Pace:
    """The cadences of this process's detectors under the present load."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._guard = threading.Lock()
        self._known: dict[str, _Known] = {}
        self._steps: list[str] = []
        self._changed_at = clock()
        self._looked_at = clock()
        self._calm_since: float | None = None
        self._frames: deque[tuple[float, int]] = deque()
        self._work: deque[tuple[float, str, float]] = deque()

    def note_wait(self, seconds: float, late: float) -> None:
        """Take note of how long the oldest chunk had waited when it was taken.

        From `late` seconds on it calls for a step down, and sooner where all time is taken.
        """
        with self._guard:
            now = self._clock()
            if now - self._looked_at > BACK_SECONDS:
                # Nothing came in meanwhile: calm enough.
                self._calm_since = self._looked_at if self._calm_since is None else self._calm_since
            self._looked_at = now
            if seconds <= CALM_SECONDS:
                self._step_up(now)
                return
            self._calm_since = None
            if seconds > late:
                self._step_down(now, STEP_SECONDS)
            elif seconds > late / 2 and self._worked(now, FULL_SECONDS) > FULL * FULL_SECONDS:
                # What the last step has brought is seen after that time.
                self._step_down(now, FULL_SECONDS)

    def note_work(self, detector: Detector, looks: int, seconds: float) -> None:
        """Take note of what a detector's looks cost; only those at pictures can become fewer."""
        with self._guard:
            now = self._clock()
            self._work.append((now, detector.key, seconds))
            _forget(self._work, now - BACK_SECONDS)
            if not looks or not detector.streams & PICTURES:
                return
            cost = seconds / looks
            known = self._known.get(detector.key)
            if known is None:
                self._known[detector.key] = _Known(detector.cadence, cost)
                return
            known.cadence = detector.cadence
            known.cost += WEIGHT * (cost - known.cost)

    def note_frames(self, count: int) -> None:
        """Take note of samples that are done with."""
        with self._guard:
            self._frames.append((self._clock(), count))

    def factor(self, key: str, stream: Stream) -> int:
        """Return how many times its usual cadence a detector waits between two looks."""
        if stream not in PICTURES:
            return 1
        with self._guard:
            known = self._known.get(key)
            return known.factor if known else 1

    def factors(self) -> Mapping[str, int]:
        """Return the factors of the detectors that look less often than usual."""
        with self._guard:
            return {key: one.factor for key, one in self._known.items() if one.factor > 1}

    def rate(self) -> float:
        """Return the samples a second that were done with in the last seconds."""
        with self._guard:
            _forget(self._frames, self._clock() - RATE_SECONDS)
            return sum(count for _, count in self._frames) / RATE_SECONDS

    def _step_down(self, now: float, pause: float) -> None:
        if now - self._changed_at < pause:
            return
        able = {key: one for key, one in self._known.items() if one.can_rest}
        if able:
            key = max(able, key=lambda key: (able[key].burden, key))
            able[key].factor *= 2
            self._steps.append(key)
            self._changed_at = now

    def _step_up(self, now: float) -> None:
        if self._calm_since is None:
            self._calm_since = now
        while self._steps and now - self._calm_since >= BACK_SECONDS:
            if not self._has_time(now):
                # However long it stays calm: one step at a time once there is time again.
                self._calm_since = now - BACK_SECONDS
                return
            self._known[self._steps.pop()].factor //= 2
            self._calm_since += BACK_SECONDS
            self._changed_at = now

    def _has_time(self, now: float) -> bool:
        """Say whether the last step can be taken back: twice as many looks take twice as long."""
        more = self._worked(now, BACK_SECONDS, self._steps[-1])
        return more + self._worked(now, BACK_SECONDS) <= BUSY * BACK_SECONDS

    def _worked(self, now: float, span: float, key: str | None = None) -> float:
        """Return how many of the last `span` seconds went into looks, of one detector or all."""
        return sum(
            seconds
            for at, of, seconds in self._work
            if at > now - span and (key is None or key == of)
        )


def _forget(entries: deque[Any], before: float) -> None:
    """Drop the entries, each of which begins with its time, that are older."""
    while entries and entries[0][0] < before:
        entries.popleft()
