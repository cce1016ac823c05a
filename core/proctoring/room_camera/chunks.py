"""Pictures of the room: stored by the rules that hold for all chunks, for a phone's own token."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from examhall.core.contracts.detector import Stream
from examhall.core.contracts.services import EvidenceRef
from examhall.core.platform import Platform
from examhall.core.proctoring.chunks import NewChunk, Sender, store_from
from examhall.core.proctoring.models import ProctoringSession
from examhall.core.proctoring.room_camera.pairing import get_phone
from examhall.core.proctoring.room_camera.states import Link, publish_room_camera


@dataclass(frozen=True, slots=True)
class RoomAcknowledgement:
    """The server's word that a chunk is stored for good; a phone stops once `session_open` is no.

    What waited on the phone is still taken for a while, so that the refusal of a chunk would come
    too late to end the recording.
    """

    sequence: int
    session_open: bool
    stored: bool = True


def store_room_chunk(platform: Platform, token: str, new: NewChunk) -> RoomAcknowledgement:
    """Store a chunk of the phone that a token belongs to; the same chunk again changes nothing.

    Raises SignInRequiredError for a token that is none or no longer, ForbiddenError for another
    stream than the room, and else what `store_chunk` raises.
    """
    states = []

    def find_sender(session: Session) -> Sender:
        phone = get_phone(session, token)
        watched = session.get_one(ProctoringSession, phone.session_id)

        states.append(watched.state)

        def note(session: Session, at: datetime, ref: EvidenceRef, now: datetime) -> None:
            phone.last_seen_at = now
            if phone.last_frame_at is None or at >= phone.last_frame_at:
                phone.last_frame_at, phone.last_frame_sha256 = at, ref.sha256
            publish_room_camera(session, platform, watched, Link.CONNECTED, now)

        return Sender(watched, frozenset({Stream.ROOM}), phone, note)

    store_from(platform, find_sender, new)
    return RoomAcknowledgement(new.sequence, session_open=states[-1] == "open")
