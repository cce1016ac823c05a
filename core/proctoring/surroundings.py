"""Pictures from around a moment, for incidents that rest on events alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.contracts.detector import FrameEvidence, Stream
from examhall.core.proctoring.models import Chunk

BEFORE = timedelta(seconds=3)
AFTER = timedelta(seconds=10)
MOST_CHUNKS = 20


def find_surroundings(session: Session, session_id: UUID, start: datetime) -> list[FrameEvidence]:
    """Return the first picture of the screen and of the camera from the start of something on.

    Where none came in the ten seconds after it, the last one of the three seconds before. They do
    not change while the incident grows.
    """
    streams = (Stream.SCREEN, Stream.CAMERA)
    found = (_find_picture(session, session_id, stream, start) for stream in streams)
    return [frame for frame in found if frame is not None]


def _find_picture(
    session: Session, session_id: UUID, stream: Stream, start: datetime
) -> FrameEvidence | None:
    frames = [
        frame
        for frame in _pictures(session, session_id, stream, start)
        if start - BEFORE <= frame.at <= start + AFTER
    ]
    after = [frame for frame in frames if frame.at >= start]
    return after[0] if after else frames[-1] if frames else None


def _pictures(
    session: Session, session_id: UUID, stream: Stream, start: datetime
) -> Iterator[FrameEvidence]:
    rows = session.scalars(
        select(Chunk.samples)
        .where(
            Chunk.session_id == session_id,
            Chunk.stream == stream.value,
            Chunk.ended_at >= start - BEFORE,
            Chunk.started_at <= start + AFTER,
        )
        .order_by(Chunk.started_at)
        .limit(MOST_CHUNKS)
    )
    for samples in rows:
        for sample in samples:
            yield FrameEvidence(sample["sha256"], datetime.fromisoformat(sample["at"]))
