"""The database's side of analysis: who holds a session, what waits, and one commit for a batch.

A chunk, its findings and the incidents that follow from them become visible in one transaction,
and only for the worker that holds the session at its present version: a chunk counts once, whoever
dies in the middle.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, func, insert, or_, select, update
from sqlalchemy.orm import Session

from examhall.core.contracts.detector import Finding, Stream
from examhall.core.contracts.proctoring import Incident, Integrity
from examhall.core.db import database_now
from examhall.core.platform import Platform
from examhall.core.proctoring.history import evidence_to_json, integrity_to_json
from examhall.core.proctoring.incidents import save_incidents
from examhall.core.proctoring.models import Chunk, Evidence, FindingRecord, ProctoringSession
from examhall.core.proctoring.operations import given_classes

BATCH_CHUNKS = 24
BATCH_SAMPLES = 16
"""How much is analysed before it is committed: what people wait for stays about a second."""

MOST_TOGETHER = 16
"""How many sessions one worker takes at once."""

LAST_WORDS = 1_000_000
"""The first ordinal of findings that a detector makes when it is closed."""


class HoldLostError(Exception):
    """Another worker has gone on with the session."""


@dataclass(frozen=True, slots=True)
class StoredSample:
    """A sample that waits for detectors: when it was captured and where it lies.

    `evidence` is None where the chain has lost its link.
    """

    at: datetime
    evidence: Evidence | None


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk that waits for detectors."""

    id: UUID
    stream: Stream
    started_at: datetime
    ended_at: datetime
    samples: tuple[StoredSample, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Waiting chunks of one session in order, with what is needed to analyse them."""

    session: ProctoringSession
    version: int
    consent: frozenset[str]
    chunks: tuple[StoredChunk, ...]

    @property
    def size(self) -> int:
        """How many samples it has."""
        return sum(len(chunk.samples) for chunk in self.chunks)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a worker took: a batch of each session; `more` says that other sessions still wait.

    `broken` are sessions whose rows cannot be read, and why: nobody holds these. `waited` are the
    seconds that the oldest chunk of the others had waited for a worker, `waiting` counts the chunks
    that nobody was at.
    """

    batches: tuple[Batch, ...]
    broken: Mapping[UUID, Exception]
    more: bool
    waited: float
    waiting: int


@dataclass(frozen=True, slots=True)
class Origin:
    """Which detector, in which state, made a finding."""

    detector: str
    version: str
    config_digest: str
    model_digest: str


@dataclass(slots=True)
class ChunkResult:
    """What the detectors made of one chunk: `seen_by` has the indexes that each looked at."""

    chunk_id: UUID
    findings: list[tuple[Origin, Finding]] = field(default_factory=list)
    seen_by: dict[str, list[int]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    readable: bool = True
    first_ordinal: int = 0


def last_words(
    session: Session, session_id: UUID, findings: list[tuple[Origin, Finding]]
) -> ChunkResult | None:
    """Return what detectors said when they were closed, as a result about the last chunk."""
    chunk_id = session.scalar(
        select(Chunk.id)
        .where(Chunk.session_id == session_id)
        .order_by(Chunk.ended_at.desc(), Chunk.sequence.desc())
        .limit(1)
    )
    if chunk_id is None or not findings:
        return None
    return ChunkResult(chunk_id, findings, first_ordinal=LAST_WORDS)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What fusion made of the whole session; None leaves what is stored."""

    incidents: Sequence[Incident] | None = None
    integrity: Integrity | None = None


def take_session(session: Session, session_id: UUID, holder: str, seconds: float) -> float:
    """Hold a session for `seconds`; returns 0, or the seconds that somebody else still has it.

    Raises HoldLostError when there is no such session.
    """
    now = database_now(session)
    done = session.execute(
        update(ProctoringSession)
        .where(
            ProctoringSession.id == session_id,
            or_(_is_free(now), ProctoringSession.leased_by == holder),
        )
        .values(leased_by=holder, leased_until=now + timedelta(seconds=seconds))
    )
    if _changed(done):
        return 0.0
    until = session.scalar(
        select(ProctoringSession.leased_until).where(ProctoringSession.id == session_id)
    )
    if until is None:
        raise HoldLostError(f"there is no session {session_id} to hold")
    return max(0.1, (until - now).total_seconds())


def take_waiting(
    session: Session, holder: str, seconds: float, *, without: Collection[UUID] = ()
) -> Taken:
    """Hold the sessions that have waited longest, as many as make up one batch together.

    Sessions that somebody else holds, and those in `without`, are left alone.
    """
    now = database_now(session)
    oldest = func.min(Chunk.received_at)
    statement = (
        select(Chunk.session_id, oldest, func.count())
        .join(ProctoringSession, ProctoringSession.id == Chunk.session_id)
        .where(Chunk.state == "stored", _is_free(now))
        .group_by(Chunk.session_id)
        .order_by(oldest, Chunk.session_id)
    )
    rows = [row for row in session.execute(statement).all() if row[0] not in without]
    batches: list[Batch] = []
    broken: dict[UUID, Exception] = {}
    for session_id, _, _ in rows[:MOST_TOGETHER]:
        room = BATCH_SAMPLES - sum(batch.size for batch in batches)
        if room > 0 and _take_if_free(session, session_id, holder, now, seconds):
            try:
                batches.append(load_batch(session, session_id, room))
            except (AttributeError, LookupError, TypeError, ValueError) as error:
                # Somebody has changed its rows. That is no other session's misfortune.
                broken[session_id] = error
                release_session(session, session_id, holder)
    oldest_since = next((since for key, since, _ in rows if key not in broken), now)
    return Taken(
        tuple(batches),
        broken,
        more=len(rows) > len(batches) + len(broken),
        waited=max(0.0, (now - oldest_since).total_seconds()),
        waiting=sum(count for _, _, count in rows),
    )


def prolong_hold(
    session: Session, session_ids: Collection[UUID], holder: str, seconds: float
) -> frozenset[UUID]:
    """Hold on to sessions for `seconds` more; returns those that somebody else has by now."""
    until = database_now(session) + timedelta(seconds=seconds)
    held = session.scalars(
        update(ProctoringSession)
        .where(ProctoringSession.id.in_(session_ids), ProctoringSession.leased_by == holder)
        .values(leased_until=until)
        .returning(ProctoringSession.id)
    )
    return frozenset(session_ids) - frozenset(held)


def release_session(session: Session, session_id: UUID, holder: str) -> None:
    """Give a session back. Look for waiting chunks afterwards: some came while it was held.

    Every chunk is stored under the same lock of the session's row, so that one which is missed
    then was committed after the release, and its own wake-up finds the session free.
    """
    session.execute(
        update(ProctoringSession)
        .where(ProctoringSession.id == session_id, ProctoringSession.leased_by == holder)
        .values(leased_by="", leased_until=None)
    )


def load_batch(session: Session, session_id: UUID, room: int = BATCH_SAMPLES) -> Batch:
    """Return the oldest waiting chunks of a session: `room` samples, but one chunk at least."""
    watched = session.get_one(ProctoringSession, session_id)
    waiting = session.scalars(
        select(Chunk)
        .where(Chunk.session_id == session_id, Chunk.state == "stored")
        .order_by(Chunk.started_at, Chunk.stream, Chunk.sequence)
        .limit(BATCH_CHUNKS)
    )
    rows: list[Chunk] = []
    for row in waiting.all():
        room -= len(row.samples)
        if rows and room < 0:
            break
        rows.append(row)
    wanted = {sample["sha256"] for row in rows for sample in row.samples}
    evidence = {
        row.sha256: row
        for row in session.scalars(
            select(Evidence).where(Evidence.session_id == session_id, Evidence.sha256.in_(wanted))
        )
    }
    return Batch(
        session=watched,
        version=watched.analysis_version,
        consent=given_classes(session, session_id),
        chunks=tuple(_stored_chunk(row, evidence, watched.ended_at) for row in rows),
    )


def commit_batch(
    platform: Platform,
    batch: Batch,
    holder: str,
    results: Sequence[ChunkResult],
    verdict: Verdict,
) -> None:
    """Write what a batch showed, and give the session back (see `release_session`).

    Raises HoldLostError, with nothing written, when somebody else went on with the session.
    """
    with platform.db.transaction() as session:
        now = database_now(session)
        _move_on(session, batch, holder)
        _write_chunks(session, results, now)
        _write_findings(session, batch.session.id, results)
        _write_verdict(session, platform, batch.session.id, verdict, now)


def commit_verdict(
    session: Session, platform: Platform, batch: Batch, holder: str, verdict: Verdict
) -> None:
    """Write another verdict on the same findings, and give the session back; see commit_batch."""
    _move_on(session, batch, holder)
    _write_verdict(session, platform, batch.session.id, verdict, database_now(session))


def _write_verdict(
    session: Session, platform: Platform, session_id: UUID, verdict: Verdict, now: datetime
) -> None:
    if verdict.incidents is not None:
        save_incidents(session, platform, session_id, verdict.incidents, now)
    if verdict.integrity is not None:
        watched = session.get_one(ProctoringSession, session_id)
        watched.integrity = integrity_to_json(verdict.integrity)


def _move_on(session: Session, batch: Batch, holder: str) -> None:
    done = session.execute(
        update(ProctoringSession)
        .where(
            ProctoringSession.id == batch.session.id,
            ProctoringSession.analysis_version == batch.version,
            ProctoringSession.leased_by == holder,
        )
        .values(analysis_version=batch.version + 1, leased_by="", leased_until=None)
    )
    if not _changed(done):
        raise HoldLostError(f"session {batch.session.id} is analysed by somebody else")


def _write_chunks(session: Session, results: Sequence[ChunkResult], now: datetime) -> None:
    rows = [
        {
            "id": result.chunk_id,
            "state": "analysed" if result.readable else "failed",
            "analysed_at": now,
            "seen_by": result.seen_by,
            "note": "; ".join(result.notes)[:500],
        }
        for result in results
        if result.first_ordinal < LAST_WORDS
    ]
    if rows:
        session.execute(update(Chunk), rows)


def _write_findings(session: Session, session_id: UUID, results: Sequence[ChunkResult]) -> None:
    rows = [row for result in results for row in _finding_rows(session_id, result)]
    if rows:
        session.execute(insert(FindingRecord), rows)


def _finding_rows(session_id: UUID, result: ChunkResult) -> Iterator[dict[str, Any]]:
    ordinals: dict[str, int] = {}
    for origin, finding in result.findings:
        ordinal = ordinals.get(origin.detector, result.first_ordinal)
        ordinals[origin.detector] = ordinal + 1
        yield {
            "session_id": session_id,
            "chunk_id": result.chunk_id,
            "detector_key": origin.detector,
            "detector_version": origin.version,
            "config_digest": origin.config_digest,
            "model_digest": origin.model_digest,
            "ordinal": ordinal,
            "kind": finding.kind,
            "started_at": finding.start,
            "ended_at": finding.end,
            "confidence": finding.confidence,
            "explanation": finding.explanation,
            "evidence": [evidence_to_json(frame) for frame in finding.evidence],
        }


def _stored_chunk(
    row: Chunk, evidence: Mapping[str, Evidence], ended_at: datetime | None
) -> StoredChunk:
    """Return a chunk without what was captured after the end: who is done may go and talk."""
    times = [datetime.fromisoformat(sample["at"]) for sample in row.samples]
    samples = tuple(
        StoredSample(at, evidence.get(sample["sha256"]))
        for at, sample in zip(times, row.samples, strict=True)
        if ended_at is None or at <= ended_at
    )
    return StoredChunk(row.id, Stream(row.stream), row.started_at, row.ended_at, samples)


def _is_free(now: datetime) -> ColumnElement[bool]:
    """Return the condition that nobody holds a session."""
    until = ProctoringSession.leased_until
    return or_(until.is_(None), until <= now)


def _take_if_free(
    session: Session, session_id: UUID, holder: str, now: datetime, seconds: float
) -> bool:
    """Hold a session, unless somebody is at it; waits for no lock."""
    row = session.scalar(
        select(ProctoringSession)
        .where(ProctoringSession.id == session_id, _is_free(now))
        .with_for_update(skip_locked=True)
    )
    if row is None:
        return False
    row.leased_by, row.leased_until = holder, now + timedelta(seconds=seconds)
    session.flush()
    return True


def _changed(result: object) -> bool:
    return cast("CursorResult[Any]", result).rowcount == 1
