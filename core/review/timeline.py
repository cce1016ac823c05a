"""The recording of a session, a window at a time: which samples there are, and what happened."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.contracts.detector import Stream
from examhall.core.errors import EvidenceMissingError, InvalidError
from examhall.core.permissions import Permission, Principal
from examhall.core.platform import Platform
from examhall.core.proctoring.access import get_session_for
from examhall.core.proctoring.evidence import read_evidence
from examhall.core.proctoring.incidents import describe_incident
from examhall.core.proctoring.models import Chunk, Evidence, IncidentRecord

USUAL_WINDOW = timedelta(minutes=10)
LONGEST_WINDOW = timedelta(minutes=30)
MOST_EVENTS = 500
HEARTBEAT = "state"
AT_ONCE = 500
LONGEST_CHUNK = timedelta(minutes=3)
"""Chunks are found by their start; none is longer."""


@dataclass(frozen=True, slots=True)
class Sample:
    """When a sample was captured, and the evidence that it is; None once that was purged."""

    at: datetime
    id: UUID | None


@dataclass(frozen=True, slots=True)
class BrowserEvent:
    """What the exam page noted: `type` such as `tab.hidden`, and whatever else it said."""

    at: datetime
    type: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the recording: samples by stream in order of time, without browser events.

    `events` are the browser's; its heartbeats are left out. `events_left_off` counts those beyond
    the first MOST_EVENTS that were looked at.
    """

    start: datetime
    end: datetime
    samples: Mapping[str, Sequence[Sample]]
    incidents: Sequence[Mapping[str, Any]]
    events: Sequence[BrowserEvent]
    events_left_off: int


def get_window(
    platform: Platform,
    principal: Principal,
    session_id: UUID,
    start: datetime | None = None,
    end: datetime | None = None,
) -> Window:
    """Return what was recorded from `start` (the beginning) until before `end` (10 min later).

    Raises InvalidError for more than 30 minutes, NotFoundError for another exam's session. Call it
    outside of any transaction: browser events are read from the evidence store.
    """
    with platform.db.reading() as session:
        watched = get_session_for(session, principal, Permission.EVIDENCE_READ, session_id)
        first = start or find_beginning(session, session_id) or watched.started_at
        last = _end_of(first, end)
        samples = _read_samples(session, session_id, first, last)
        pieces = _find_pieces(session, session_id, samples)
        incidents = [
            describe_incident(platform.plugins, row)
            for row in _incidents(session, session_id, first, last)
        ]
    browser = samples.pop(Stream.BROWSER.value, [])
    events = _read_events(platform, browser[:MOST_EVENTS], pieces)
    return Window(
        start=first,
        end=last,
        samples={
            stream: [Sample(at, _usable(pieces.get(sha256))) for at, sha256 in found]
            for stream, found in samples.items()
        },
        incidents=incidents,
        events=events,
        events_left_off=max(0, len(browser) - MOST_EVENTS),
    )


def find_beginning(session: Session, session_id: UUID) -> datetime | None:
    """Return when the first chunk of a session starts; None without any."""
    return session.scalar(
        select(Chunk.started_at)
        .where(Chunk.session_id == session_id)
        .order_by(Chunk.started_at)
        .limit(1)
    )


def _end_of(start: datetime, end: datetime | None) -> datetime:
    try:
        last = end or start + USUAL_WINDOW
    except OverflowError as error:
        raise InvalidError("That is no time of an exam.", start="Too late.") from error
    if not timedelta(0) < last - start <= LONGEST_WINDOW:
        minutes = int(LONGEST_WINDOW.total_seconds() // 60)
        raise InvalidError(
            f"A window ends after its start, and within {minutes} minutes.", end="Out of range."
        )
    return last


def _read_samples(
    session: Session, session_id: UUID, start: datetime, end: datetime
) -> dict[str, list[tuple[datetime, str]]]:
    try:
        earliest = start - LONGEST_CHUNK
    except OverflowError:
        earliest = start
    rows = session.execute(
        select(Chunk.stream, Chunk.samples)
        .where(
            Chunk.session_id == session_id,
            Chunk.started_at >= earliest,
            Chunk.started_at < end,
            Chunk.ended_at >= start,
        )
        .order_by(Chunk.started_at)
    )
    found: dict[str, list[tuple[datetime, str]]] = {}
    for stream, samples in rows:
        for sample in samples:
            at = datetime.fromisoformat(sample["at"])
            if start <= at < end:
                found.setdefault(stream, []).append((at, sample["sha256"]))
    return {stream: sorted(entries) for stream, entries in found.items()}


def _find_pieces(
    session: Session, session_id: UUID, samples: Mapping[str, Sequence[tuple[datetime, str]]]
) -> dict[str, Evidence]:
    wanted = sorted({sha256 for entries in samples.values() for _, sha256 in entries})
    pieces: dict[str, Evidence] = {}
    for begin in range(0, len(wanted), AT_ONCE):
        some = wanted[begin : begin + AT_ONCE]
        rows = session.scalars(
            select(Evidence).where(Evidence.session_id == session_id, Evidence.sha256.in_(some))
        )
        pieces.update((row.sha256, row) for row in rows)
    return pieces


def _usable(piece: Evidence | None) -> UUID | None:
    return piece.id if piece is not None and piece.purged_at is None else None


def _incidents(
    session: Session, session_id: UUID, start: datetime, end: datetime
) -> Iterable[IncidentRecord]:
    return session.scalars(
        select(IncidentRecord)
        .where(
            IncidentRecord.session_id == session_id,
            IncidentRecord.started_at < end,
            IncidentRecord.ended_at >= start,
        )
        .order_by(IncidentRecord.started_at, IncidentRecord.id)
    ).all()


def _read_events(
    platform: Platform, entries: Sequence[tuple[datetime, str]], pieces: Mapping[str, Evidence]
) -> list[BrowserEvent]:
    """Return events that can still be read; what is gone leaves a gap and stops nothing."""
    events = []
    for at, sha256 in entries:
        piece = pieces.get(sha256)
        if piece is None or piece.purged_at is not None:
            continue
        try:
            data = json.loads(read_evidence(platform, piece).data)
        except (EvidenceMissingError, ValueError):
            continue
        kind = str(data.pop("type", ""))
        if kind != HEARTBEAT:
            events.append(BrowserEvent(at, kind, data))
    return events
