"""What the exam page tells about itself, read with care: anybody can send anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from examhall.detectors.findings import finding_about
from examhall.plugins import Finding, Sample

STATE = "state"
MOST_NUMBER = 1_000_000
MOST_WORD = 60
HEARTBEAT = timedelta(seconds=3)
"""The page tells its state every second while something is the matter with it."""

JITTER = timedelta(seconds=2)
"""So much earlier than others a time may seem, for the browser's clock is known about only."""


@dataclass(frozen=True, slots=True)
class PageEvent:
    """One event: its type, and what it says."""

    type: str
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_state(self) -> bool:
        """Say whether it only tells how things are, not that they have just changed."""
        return self.type == STATE

    def flag(self, name: str) -> bool | None:
        """Return a value that is true or false, None for anything else."""
        value = self.data.get(name)
        return value if isinstance(value, bool) else None

    def number(self, name: str) -> int | None:
        """Return a whole number from 0 to a million, None for anything else."""
        value = self.data.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_NUMBER:
            return None
        return value

    def word(self, name: str) -> str:
        """Return a short text, an empty one for anything else."""
        value = self.data.get(name)
        return value if isinstance(value, str) and len(value) <= MOST_WORD else ""


def read_event(sample: Sample) -> PageEvent | None:
    """Return the event in a sample of the stream `browser`, None where there is none."""
    try:
        document = json.loads(sample.data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or not isinstance(document.get("type"), str):
        return None
    return PageEvent(document["type"], document)


def is_late(at: datetime, latest: datetime | None) -> bool:
    """Say whether something comes in after what happened later: it tells no present state."""
    return latest is not None and at < latest - JITTER


@dataclass(slots=True)
class Condition:
    """Something that lasts: since when, and until when it is known to have lasted."""

    since: datetime | None = None
    until: datetime | None = None

    def hold(self, at: datetime) -> tuple[datetime, datetime]:
        """Take note that it is so at a moment; return how long it has been so."""
        self.since = at if self.since is None else self.since
        self.until = at if self.until is None else max(self.until, at)
        return self.since, self.until

    def end(self, at: datetime, *, exact: bool) -> tuple[datetime, datetime] | None:
        """Take note that it is over; return how long it was so, None where it was not.

        `exact` says that it ended at this very moment. Else it was over by then, and what lies
        between is counted only where it is short.
        """
        since, until = self.since, self.until
        self.since = self.until = None
        if since is None or until is None:
            return None
        return since, max(until, at) if exact or at - until <= HEARTBEAT else until


def lasting(
    kind: str,
    text: str,
    span: tuple[datetime, datetime] | None,
    least: float,
    sample: Sample,
    *,
    detail: str = "",
    confidence: float = 1.0,
) -> list[Finding]:
    """Return a finding about something that lasted `least` seconds or more, else none."""
    if span is None:
        return []
    seconds = (span[1] - span[0]).total_seconds()
    if seconds < least:
        return []
    words = f"{text} for {seconds:.1f} s.{f' {detail}' if detail else ''}"
    return [finding_about(sample, kind, words, confidence, span=span)]
