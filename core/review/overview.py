"""Everything about one session that its reviewer should see beside the recording itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import case, extract, func, or_, select
from sqlalchemy.orm import Session

from examhall.core.attempts.models import (
    AttemptItem,
    AttemptTransition,
    ResponseRevision,
    TimeLedgerEntry,
)
from examhall.core.attempts.states import AttemptState, Machine
from examhall.core.contracts.base import Kind
from examhall.core.contracts.detector import Stream
from examhall.core.permissions import Principal
from examhall.core.platform import Platform
from examhall.core.proctoring.check_in import Photo, list_photos
from examhall.core.proctoring.incidents import describe_incident
from examhall.core.proctoring.messages.queries import MessageView, list_messages
from examhall.core.proctoring.models import (
    Chunk,
    Consent,
    FindingRecord,
    IncidentRecord,
    ProctoringSession,
)

LONGEST_GAP = timedelta(seconds=10)
MOST_MESSAGES = 200


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a session's time."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class SeenBy:
    """A detector as it was when it made findings."""

    title: str
    version: str
    model_digest: str
    config_digest: str


@dataclass(frozen=True, slots=True)
class Save:
    """When an answer to an item (counted from 1) arrived."""

    at: datetime
    item: int


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """Seconds given to or kept from the attempt, with who did it and why."""

    at: datetime
    kind: str
    seconds: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class Overview:
    """What there is about a session. `coverage` says by stream when it was recorded.

    `detectors` and `waived` are titles; `seen_by` names by kind of incident who found it.
    """

    start: datetime
    end: datetime
    coverage: Mapping[str, Sequence[Span]]
    incidents: Sequence[Mapping[str, Any]]
    seen_by: Mapping[str, Sequence[SeenBy]]
    pauses: Sequence[Span]
    saves: Sequence[Save]
    ledger: Sequence[LedgerLine]
    messages: Sequence[MessageView]
    photos: Sequence[Photo]
    consents: Sequence[Consent]
    detectors: Sequence[str]
    waived: Sequence[str]


def make_overview(
    session: Session, platform: Platform, principal: Principal, watched: ProctoringSession
) -> Overview:
    """Return the overview of a session that the caller may review."""
    still = timedelta(seconds=2 * float(watched.policy.get("screen_seconds") or 0))
    coverage = _coverage(session, watched.id, max(LONGEST_GAP, still))
    spans = [span for found in coverage.values() for span in found]
    ended = watched.ended_at or watched.last_chunk_at or watched.started_at
    rows = session.scalars(
        select(IncidentRecord)
        .where(IncidentRecord.session_id == watched.id)
        .order_by(IncidentRecord.started_at, IncidentRecord.id)
    ).all()
    ends = [span.end for span in spans] + [row.ended_at for row in rows]
    start = min([span.start for span in spans] or [watched.started_at])
    return Overview(
        start=start,
        end=max([*ends, start + timedelta(seconds=1)] if ends else [ended]),
        coverage=coverage,
        incidents=[_describe(platform, row) for row in rows],
        seen_by=_seen_by(session, platform, watched.id),
        pauses=find_pauses(_transitions(session, watched.attempt_id), ended),
        saves=_saves(session, watched.attempt_id),
        ledger=_ledger(session, watched.attempt_id),
        messages=list_messages(session, principal, watched.id, limit=MOST_MESSAGES).items,
        photos=list_photos(session, principal, watched.id),
        consents=_consents(session, watched.id),
        detectors=_titles(platform, watched.policy["detectors"]),
        waived=_titles(platform, watched.policy["waived"]),
    )


def _describe(platform: Platform, row: IncidentRecord) -> dict[str, Any]:
    """Return an incident as all show it, and its `length` in seconds."""
    length = (row.ended_at - row.started_at).total_seconds()
    return {**describe_incident(platform.plugins, row), "length": length}


def find_pauses(steps: Iterable[tuple[datetime, str]], ended: datetime) -> list[Span]:
    """Return when an attempt was paused, from its states in order of time."""
    pauses: list[Span] = []
    since: datetime | None = None
    for at, state in steps:
        if state == AttemptState.PAUSED:
            since = since or at
        elif since is not None:
            pauses.append(Span(since, at))
            since = None
    return pauses if since is None else [*pauses, Span(since, max(since, ended))]


def _coverage(session: Session, session_id: UUID, screen_gap: timedelta) -> dict[str, list[Span]]:
    """Return when each stream was recorded; the database looks for the gaps among many chunks.

    Stills of the screen may be taken rarely: less than `screen_gap` between two is no gap.
    """
    before = func.lag(Chunk.ended_at, type_=Chunk.ended_at.type).over(
        partition_by=Chunk.stream, order_by=Chunk.started_at
    )
    mine = (
        select(Chunk.stream, Chunk.started_at, before.label("before"))
        .where(Chunk.session_id == session_id)
        .subquery()
    )
    gap = extract("epoch", mine.c.started_at) - extract("epoch", mine.c.before)
    most = case(
        (mine.c.stream == Stream.SCREEN.value, screen_gap.total_seconds()),
        else_=LONGEST_GAP.total_seconds(),
    )
    starts = session.execute(
        select(mine.c.stream, mine.c.started_at, mine.c.before)
        .where(or_(mine.c.before.is_(None), gap > most))
        .order_by(mine.c.stream, mine.c.started_at)
    ).all()
    last = session.execute(
        select(Chunk.stream, func.max(Chunk.ended_at))
        .where(Chunk.session_id == session_id)
        .group_by(Chunk.stream)
    )
    ends: dict[str, datetime] = dict(last.all())
    spans: dict[str, list[Span]] = {stream: [] for stream in sorted(ends)}
    for row, following in zip(starts, [*starts[1:], None], strict=True):
        same = following is not None and following.stream == row.stream
        end = following.before if same and following is not None else ends[row.stream]
        spans[row.stream].append(Span(row.started_at, end))
    return spans


def _seen_by(session: Session, platform: Platform, session_id: UUID) -> dict[str, list[SeenBy]]:
    columns = (
        FindingRecord.kind,
        FindingRecord.detector_key,
        FindingRecord.detector_version,
        FindingRecord.model_digest,
        FindingRecord.config_digest,
    )
    rows = session.execute(
        select(*columns).where(FindingRecord.session_id == session_id).distinct().order_by(*columns)
    )
    found: dict[str, list[SeenBy]] = defaultdict(list)
    for kind, key, version, model, config in rows:
        found[kind].append(SeenBy(_titles(platform, [key])[0], version, model, config))
    return dict(found)


def _titles(platform: Platform, keys: Sequence[str]) -> list[str]:
    plugins = {plugin.key: plugin.title for plugin in platform.plugins.all(Kind.DETECTOR)}
    return [plugins.get(key, key) for key in keys]


def _transitions(session: Session, attempt_id: UUID) -> list[tuple[datetime, str]]:
    rows = session.execute(
        select(AttemptTransition.at, AttemptTransition.target)
        .where(
            AttemptTransition.attempt_id == attempt_id,
            AttemptTransition.machine == Machine.ATTEMPT.value,
        )
        .order_by(AttemptTransition.id)
    )
    return [(row.at, row.target) for row in rows]


def _saves(session: Session, attempt_id: UUID) -> list[Save]:
    rows = session.execute(
        select(ResponseRevision.saved_at, AttemptItem.position)
        .join(AttemptItem, AttemptItem.id == ResponseRevision.item_id)
        .where(ResponseRevision.attempt_id == attempt_id)
        .order_by(ResponseRevision.saved_at, ResponseRevision.id)
    )
    return [Save(at, position) for at, position in rows]


def _ledger(session: Session, attempt_id: UUID) -> list[LedgerLine]:
    rows = session.scalars(
        select(TimeLedgerEntry)
        .where(TimeLedgerEntry.attempt_id == attempt_id)
        .order_by(TimeLedgerEntry.id)
    )
    return [LedgerLine(row.at, row.kind, row.seconds, row.reason) for row in rows]


def _consents(session: Session, session_id: UUID) -> list[Consent]:
    rows = session.scalars(
        select(Consent).where(Consent.session_id == session_id).order_by(Consent.consent_class)
    )
    return list(rows)
