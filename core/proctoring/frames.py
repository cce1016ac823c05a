"""The newest frames of sessions, for the people who watch now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from examhall.core.contracts.detector import Stream
from examhall.core.errors import ExamhallError, InvalidError, NotFoundError
from examhall.core.permissions import Permission, Principal
from examhall.core.platform import Platform
from examhall.core.proctoring.access import get_session_for
from examhall.core.proctoring.evidence import EvidenceContent, read_evidence
from examhall.core.proctoring.models import Chunk, Evidence, ProctoringSession
from examhall.core.proctoring.queries import require_exam

PICTURES = frozenset({Stream.CAMERA, Stream.SCREEN, Stream.ROOM})
MOST_FRAMES = 50


@dataclass(frozen=True, slots=True)
class LastFrame:
    """A session's newest camera frame: when it was taken, and its bytes."""

    session_id: UUID
    at: datetime
    content: EvidenceContent


def read_last_frames(
    platform: Platform, principal: Principal, exam_id: UUID, session_ids: Sequence[UUID]
) -> list[LastFrame]:
    """Return the newest camera frames of some sessions of an exam, those that have one.

    One look at the database serves a whole wall. What cannot be read is left out: one lost picture
    hides no others. Call it outside of any transaction.
    """
    if len(session_ids) > MOST_FRAMES:
        raise InvalidError(f"Ask for up to {MOST_FRAMES} frames at once.", sessions=MOST_FRAMES)
    with platform.db.reading() as session:
        require_exam(session, principal, exam_id)
        rows = session.execute(
            select(ProctoringSession.id, ProctoringSession.last_frame_at, Evidence)
            .join(
                Evidence,
                and_(
                    Evidence.session_id == ProctoringSession.id,
                    Evidence.sha256 == ProctoringSession.last_frame_sha256,
                ),
            )
            .where(ProctoringSession.exam_id == exam_id, ProctoringSession.id.in_(session_ids))
            .order_by(ProctoringSession.id)
        ).all()
    found = []
    for session_id, at, row in rows:
        try:
            found.append(LastFrame(session_id, at or row.created_at, read_evidence(platform, row)))
        except ExamhallError:
            continue
    return found


def get_last_frame(
    session: Session,
    principal: Principal,
    session_id: UUID,
    stream: Stream = Stream.CAMERA,
) -> Evidence:
    """Return where the newest frame of a session's camera, screen or room camera lies.

    Raises NotFoundError when there is none yet or the session is another exam's.
    """
    if stream not in PICTURES:
        raise InvalidError("There are no frames of that stream.", stream=sorted(PICTURES))
    watched = get_session_for(session, principal, Permission.PROCTORING_WATCH, session_id)
    row = session.scalar(
        select(Evidence).where(
            Evidence.session_id == watched.id,
            Evidence.sha256 == _last_sha256(session, watched, stream),
        )
    )
    if row is None:
        raise NotFoundError("There is no frame yet.")
    return row


def _last_sha256(session: Session, watched: ProctoringSession, stream: Stream) -> str:
    if stream is Stream.CAMERA:
        return watched.last_frame_sha256
    samples = session.scalar(
        select(Chunk.samples)
        .where(Chunk.session_id == watched.id, Chunk.stream == stream.value)
        .order_by(Chunk.ended_at.desc(), Chunk.sequence.desc())
        .limit(1)
    )
    return samples[-1]["sha256"] if samples else ""
