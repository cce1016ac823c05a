"""Chunks: checked, stored, written down, and only then acknowledged."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Uuid, bindparam, exists, func, select
from sqlalchemy.orm import Session

from examhall.core.contracts.detector import Stream
from examhall.core.contracts.services import EvidenceRef
from examhall.core.db import after_commit, database_now
from examhall.core.errors import (
    ClosedError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    RateLimitedError,
    TooLargeError,
)
from examhall.core.permissions import Principal
from examhall.core.platform import Platform
from examhall.core.proctoring.clock import LONGEST_DELAY, next_offset, to_server_time
from examhall.core.proctoring.evidence import append_evidence, put_evidence
from examhall.core.proctoring.models import Chunk, Consent, Evidence, ProctoringSession
from examhall.core.proctoring.operations import (
    exam_channel,
    get_own_session,
    takes_chunks,
)
from examhall.core.proctoring.policy import STREAM_CONSENT, expected_samples
from examhall.core.proctoring.room_camera.models import RoomCamera
from examhall.core.proctoring.samples import Upload, check_sample, content_type_of
from examhall.core.retention.objects import keep_objects

MAX_SAMPLES = 40
MAX_CHUNK_BYTES = 16_000_000
MAX_SEQUENCE = 10_000_000
MAX_DURATION = timedelta(seconds=120)
SOUND_BYTES = 32_000
"""Bytes of a second of sound: 16 kHz, 16 bits, one channel."""

SPARE_SOUND = 5.0
"""Seconds of sound that a chunk may have beyond its length: devices' clocks differ a little."""
OWN_STREAMS = frozenset(Stream) - {Stream.ROOM}
"""What the candidate's browser sends; the room is seen by another device, with its own token."""


@dataclass(frozen=True, slots=True)
class NewChunk:
    """A chunk as the browser sends it; all moments are by the browser's clock.

    `sent_at` is the moment of sending: with it the server can tell a long wait from a wrong clock.
    """

    stream: str
    sequence: int
    started_at: datetime
    ended_at: datetime
    uploads: tuple[Upload, ...]
    sent_at: datetime | None = None

    @property
    def reference(self) -> tuple[datetime, bool]:
        """The moment by which the clocks are compared, and whether it is that of sending.

        A clock that was set between capture and sending makes `sent_at` worthless.
        """
        if self.sent_at and timedelta(0) <= self.sent_at - self.ended_at <= LONGEST_DELAY:
            return self.sent_at, True
        return self.ended_at, False

    @property
    def digest(self) -> str:
        """The sha256 of what makes it this chunk: everything but the moment of sending."""
        parts = [self.stream, str(self.sequence), self.started_at.isoformat()]
        parts.append(self.ended_at.isoformat())
        parts += [f"{upload.at.isoformat()} {upload.sha256}" for upload in self.uploads]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Sender:
    """A device that may send: for which session, which streams, and the row that has its clock.

    `note(session, at, ref, now)` is called in the transaction with the newest sample of a chunk.
    """

    watched: ProctoringSession
    streams: frozenset[Stream]
    clock: ProctoringSession | RoomCamera
    note: Callable[[Session, datetime, EvidenceRef, datetime], None]


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The server's word that a chunk is stored for good."""

    session_id: UUID
    stream: str
    sequence: int
    digest: str
    stored: bool = True


def store_chunk(
    platform: Platform, principal: Principal, session_id: UUID, new: NewChunk
) -> Acknowledgement:
    """Store a chunk of the candidate's own session; the same chunk again changes nothing.

    Raises NotFoundError for another's session, ClosedError when it is over, ForbiddenError for a
    stream without policy or consent, InvalidError and TooLargeError for bad content, ConflictError
    for another chunk under a sequence number in use.
    """

    def find_sender(session: Session) -> Sender:
        watched = get_own_session(session, principal, session_id=session_id)

        def note(session: Session, at: datetime, ref: EvidenceRef, now: datetime) -> None:
            watched.last_chunk_at = now
            if new.stream == Stream.CAMERA:
                _note_frame(session, platform, watched, at, ref)

        return Sender(watched, OWN_STREAMS, watched, note)

    return store_from(platform, find_sender, new)


def store_from(
    platform: Platform, find_sender: Callable[[Session], Sender], new: NewChunk
) -> Acknowledgement:
    """Store a chunk of whichever device `find_sender` returns, or raises the error for.

    It is asked twice: before anything is stored, and again while the session's row is held.
    """
    stream = _check_shape(new)
    with platform.db.reading() as session:
        sender = find_sender(session)
        if stream not in sender.streams:
            raise ForbiddenError("Another device sends that stream.", stream=stream.value)
        session_id = sender.watched.id
        answer = Acknowledgement(session_id, new.stream, new.sequence, new.digest)
        standing = _look_up(session, session_id, stream, new)
        if not standing.is_known:
            _check_allowed(platform, sender.watched, stream, standing)
            _check_rate(sender.watched, standing)
    if standing.is_known:
        _keep_samples(platform, stream, new)
        return answer
    for upload in new.uploads:
        check_sample(stream, upload)
    refs = _put_samples(platform, stream, new)
    with platform.db.transaction() as session:
        _lock(session, session_id)
        sender = find_sender(session)
        standing = _look_up(session, session_id, stream, new)
        if not standing.is_known:
            _check_allowed(platform, sender.watched, stream, standing)
            _write(session, platform, sender, new, refs, standing.now)
    _keep_samples(platform, stream, new)
    return answer


def _put_samples(platform: Platform, stream: Stream, new: NewChunk) -> list[EvidenceRef]:
    return [put_evidence(platform, up.data, content_type_of(stream)) for up in new.uploads]


def _keep_samples(platform: Platform, stream: Stream, new: NewChunk) -> None:
    """Store the samples once more if a purge of equal ones came in between."""
    addresses = [upload.sha256 for upload in new.uploads]
    store = platform.settings.evidence_store
    keep_objects(platform, store, addresses, lambda: _put_samples(platform, stream, new))


def _check_shape(new: NewChunk) -> Stream:
    try:
        stream = Stream(new.stream)
    except ValueError as error:
        raise InvalidError("There is no such stream.", stream=sorted(Stream)) from error
    if not 0 <= new.sequence <= MAX_SEQUENCE:
        raise InvalidError("The sequence number is out of bounds.", sequence=MAX_SEQUENCE)
    if not 1 <= len(new.uploads) <= MAX_SAMPLES:
        raise InvalidError(f"A chunk has 1 to {MAX_SAMPLES} samples.", samples=MAX_SAMPLES)
    if sum(len(upload.data) for upload in new.uploads) > MAX_CHUNK_BYTES:
        raise TooLargeError(f"A chunk may have {MAX_CHUNK_BYTES} bytes.", limit=MAX_CHUNK_BYTES)
    _check_times(new)
    if stream is Stream.MICROPHONE:
        _check_sound(new)
    return stream


def _check_times(new: NewChunk) -> None:
    times = [new.started_at, *(upload.at for upload in new.uploads), new.ended_at]
    if any(moment.tzinfo is None for moment in times):
        raise InvalidError("Give moments with their time zone.")
    if times != sorted(times):
        raise InvalidError("Samples lie in order between the chunk's start and end.")
    if new.ended_at - new.started_at > MAX_DURATION:
        raise InvalidError("The chunk is too long.", seconds=MAX_DURATION.total_seconds())


def _check_sound(new: NewChunk) -> None:
    """Refuse more sound than the chunk lasts: a minute sent each second would keep workers busy."""
    seconds = sum(len(upload.data) for upload in new.uploads) / SOUND_BYTES
    if seconds > (new.ended_at - new.started_at).total_seconds() + SPARE_SOUND:
        raise TooLargeError("There is more sound than the chunk lasts.", seconds=round(seconds, 1))


@dataclass(frozen=True, slots=True)
class _Standing:
    """What the database says of a session when a chunk comes; `pieces` is how much it has."""

    now: datetime
    is_known: bool
    is_consented: bool
    pieces: int


def _look_up(session: Session, session_id: UUID, stream: Stream, new: NewChunk) -> _Standing:
    """Read where a chunk stands; raises ConflictError for another chunk under its number."""
    row = session.execute(
        _STANDING,
        {
            "session_id": session_id,
            "stream": new.stream,
            "sequence": new.sequence,
            "consent_class": STREAM_CONSENT[stream],
        },
    ).one()
    if row.digest is not None and row.digest != new.digest:
        raise ConflictError("Another chunk has this sequence number.", sequence=new.sequence)
    return _Standing(
        database_now(session), row.digest is not None, row.is_consented, row.pieces or 0
    )


_SESSION = bindparam("session_id", type_=Uuid())
# Made once, and one question instead of three: chunks come in by the second.
_STANDING = select(
    select(Chunk.digest)
    .where(
        Chunk.session_id == _SESSION,
        Chunk.stream == bindparam("stream"),
        Chunk.sequence == bindparam("sequence"),
    )
    .scalar_subquery()
    .label("digest"),
    exists()
    .where(
        Consent.session_id == _SESSION,
        Consent.consent_class == bindparam("consent_class"),
        Consent.given.is_(True),
    )
    .label("is_consented"),
    select(func.max(Evidence.number))
    .where(Evidence.session_id == _SESSION)
    .scalar_subquery()
    .label("pieces"),
)
_LOCK = select(ProctoringSession.id).where(ProctoringSession.id == _SESSION).with_for_update()


def _check_allowed(
    platform: Platform, watched: ProctoringSession, stream: Stream, standing: _Standing
) -> None:
    if not takes_chunks(watched, standing.now, platform.settings.drain_seconds):
        raise ClosedError("The proctoring session is over.")
    if stream.value not in watched.policy["streams"]:
        raise ForbiddenError("This exam does not record that stream.", stream=stream.value)
    if not standing.is_consented:
        raise ForbiddenError("There is no consent to record that stream.", stream=stream.value)


def _check_rate(watched: ProctoringSession, standing: _Standing) -> None:
    """Refuse more samples than four times what the policy asks for: storage is finite."""
    seconds = (standing.now - watched.started_at).total_seconds()
    if standing.pieces > 400 + 4 * expected_samples(watched.policy, seconds):
        raise RateLimitedError("More samples came than the exam asks for.")


def _lock(session: Session, session_id: UUID) -> None:
    """Hold the session's row: the evidence chain grows by one writer at a time."""
    session.execute(_LOCK, {"session_id": session_id})


def _write(
    session: Session,
    platform: Platform,
    sender: Sender,
    new: NewChunk,
    refs: Sequence[EvidenceRef],
    now: datetime,
) -> None:
    watched, clock = sender.watched, sender.clock
    reference, sent = new.reference
    clock.clock_offset = next_offset(clock.clock_offset, now, reference, sent)
    moments = [new.started_at, *(upload.at for upload in new.uploads), new.ended_at]
    started, *times, ended = to_server_time(
        moments, clock.clock_offset, earliest=watched.started_at, latest=now
    )
    store = platform.settings.evidence_store
    append_evidence(session, watched.id, store, content_type_of(Stream(new.stream)), refs, now)
    session.add(
        Chunk(
            session_id=watched.id,
            stream=new.stream,
            sequence=new.sequence,
            digest=new.digest,
            started_at=started,
            ended_at=ended,
            samples=[
                {"at": at.isoformat(), "sha256": ref.sha256, "size": ref.size}
                for at, ref in zip(times, refs, strict=True)
            ],
            received_at=now,
        )
    )
    sender.note(session, times[-1], refs[-1], now)
    session.flush()
    after_commit(session, lambda: platform.queue.enqueue("analyse_waiting"))


def _note_frame(
    session: Session,
    platform: Platform,
    watched: ProctoringSession,
    at: datetime,
    ref: EvidenceRef,
) -> None:
    """Remember the newest camera frame, and tell the wall."""
    if watched.last_frame_at and at < watched.last_frame_at:
        return
    watched.last_frame_at, watched.last_frame_sha256 = at, ref.sha256
    channel = exam_channel(watched.exam_id)
    frame = {"session_id": str(watched.id), "at": at.isoformat(), "sha256": ref.sha256}
    after_commit(session, lambda: platform.live.publish(channel, "frame", frame))
