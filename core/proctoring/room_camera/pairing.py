"""Joining a phone to a session: a code that is good once, exchanged for the phone's own token."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from examhall.core.audit.operations import record
from examhall.core.contracts.detector import Stream
from examhall.core.db import database_now
from examhall.core.errors import (
    ClosedError,
    ConflictError,
    NotFoundError,
    RateLimitedError,
    SignInRequiredError,
)
from examhall.core.exams.models import Exam
from examhall.core.permissions import Principal
from examhall.core.platform import Platform
from examhall.core.proctoring.models import ProctoringSession
from examhall.core.proctoring.operations import get_own_session, given_classes
from examhall.core.proctoring.policy import STREAM_CONSENT
from examhall.core.proctoring.room_camera.codes import (
    code_digest,
    make_code,
    make_token,
    token_digest,
)
from examhall.core.proctoring.room_camera.models import RoomCamera
from examhall.core.proctoring.room_camera.states import (
    Link,
    publish_room_camera,
    publish_to_wall,
)

CODE_LIFE = timedelta(minutes=5)
MOST_CODES = 20
"""Codes that one session can ask for within the life of a code."""

FRAME_SECONDS = 2.0
"""Seconds between two pictures of the room: it changes slowly, and phones have batteries."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """A code to show, once: it is kept nowhere."""

    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Joined:
    """What a phone needs to send pictures."""

    device_token: str
    session_id: UUID
    exam_title: str
    frame_seconds: float = FRAME_SECONDS


def make_pairing(session: Session, principal: Principal, attempt_id: UUID) -> Pairing:
    """Return a new code for one's own attempt; older ones that nobody used are worthless now.

    A phone that has joined stays until another one joins. Raises NotFoundError when the attempt is
    not theirs or not watched, ClosedError when its session is over, ConflictError when the exam
    asks for no room camera or there is no consent to it, RateLimitedError for too many codes.
    """
    watched = get_own_session(session, principal, attempt_id=attempt_id)
    if watched.state != "open":
        raise ClosedError("The exam is over: no phone is needed any more.")
    if Stream.ROOM.value not in watched.policy["streams"]:
        raise ConflictError("This exam asks for no room camera.")
    if STREAM_CONSENT[Stream.ROOM] not in given_classes(session, watched.id):
        raise ConflictError("Agree to the camera first, in the step Consent.")
    now = database_now(session)
    _check_rate(session, watched.id, now)
    session.execute(
        update(RoomCamera)
        .where(RoomCamera.session_id == watched.id, RoomCamera.joined_at.is_(None))
        .where(RoomCamera.expires_at > now)
        .values(expires_at=now)
    )
    code = make_code()
    row = RoomCamera(
        session_id=watched.id,
        pairing_sha256=code_digest(code),
        created_at=now,
        expires_at=now + CODE_LIFE,
    )
    session.add(row)
    session.flush()
    record(session, principal, "room_camera.code_made", "proctoring_session", watched.id)
    return Pairing(code, row.expires_at)


def get_invitation(session: Session, code: str) -> str:
    """Return the title of the exam that a code is for; looking does not use it up.

    Raises NotFoundError for no code of ours, ClosedError for one that is used or too old.
    """
    phone = _find_pairing(session, code)
    watched = session.get_one(ProctoringSession, phone.session_id)
    _check_usable(phone, watched, database_now(session))
    return session.get_one(Exam, watched.exam_id).title


def join_phone(session: Session, platform: Platform, code: str, address: str = "") -> Joined:
    """Exchange a code for a token of the phone's own; a phone that was there before has to go.

    Raises NotFoundError for no code of ours, ClosedError for one that is used or too old, or whose
    session is over.
    """
    session_id = _find_pairing(session, code).session_id
    watched = session.get_one(ProctoringSession, session_id, with_for_update=True)
    phone = _find_pairing(session, code)
    session.refresh(phone)
    now = database_now(session)
    _check_usable(phone, watched, now)
    _end_phones(session, session_id, now)
    token = make_token()
    phone.joined_at = phone.last_seen_at = now
    phone.device_sha256 = token_digest(token)
    session.flush()
    _record(session, watched, "room_camera.joined", address)
    publish_room_camera(session, platform, watched, Link.CONNECTED, now)
    publish_to_wall(session, platform, watched, Link.CONNECTED)
    title = session.get_one(Exam, watched.exam_id).title
    return Joined(token, session_id, title)


def leave(session: Session, platform: Platform, token: str, address: str = "") -> None:
    """End a phone's part; its token is worthless from now on.

    Raises SignInRequiredError for a token that is none, or no longer.
    """
    phone = get_phone(session, token)
    watched = session.get_one(ProctoringSession, phone.session_id, with_for_update=True)
    phone.ended_at = now = database_now(session)
    session.flush()
    _record(session, watched, "room_camera.left", address)
    publish_room_camera(session, platform, watched, Link.LOST, phone.last_seen_at or now)
    publish_to_wall(session, platform, watched, Link.LOST)


def get_phone(session: Session, token: str) -> RoomCamera:
    """Return the phone that a token belongs to. Raises SignInRequiredError."""
    phone = session.scalar(
        select(RoomCamera).where(
            RoomCamera.device_sha256 == token_digest(token), RoomCamera.ended_at.is_(None)
        )
    )
    if phone is None:
        raise SignInRequiredError(
            "This phone is not connected any more. Ask for a new code at the computer."
        )
    return phone


def _check_rate(session: Session, session_id: UUID, now: datetime) -> None:
    made = session.scalar(
        select(func.count()).where(
            RoomCamera.session_id == session_id, RoomCamera.created_at > now - CODE_LIFE
        )
    )
    if (made or 0) >= MOST_CODES:
        raise RateLimitedError("Too many codes were asked for. Wait a few minutes.")


def _find_pairing(session: Session, code: str) -> RoomCamera:
    phone = session.scalar(select(RoomCamera).where(RoomCamera.pairing_sha256 == code_digest(code)))
    if phone is None:
        raise NotFoundError("There is no such code. Look at it again, or ask for a new one.")
    return phone


def _check_usable(phone: RoomCamera, watched: ProctoringSession, now: datetime) -> None:
    if watched.state != "open":
        raise ClosedError("The exam is over: no phone is needed any more.")
    if phone.joined_at is not None:
        raise ClosedError("This code was used already. Ask for a new one at the computer.")
    if phone.expires_at <= now:
        raise ClosedError("This code is too old. Ask for a new one at the computer.")


def _end_phones(session: Session, session_id: UUID, now: datetime) -> None:
    session.execute(
        update(RoomCamera)
        .where(RoomCamera.session_id == session_id, RoomCamera.joined_at.is_not(None))
        .where(RoomCamera.ended_at.is_(None))
        .values(ended_at=now)
    )


def _record(session: Session, watched: ProctoringSession, action: str, address: str) -> None:
    """Write an audit entry about what was done with a phone in the candidate's name."""
    who = Principal(watched.user_id, "room camera", address=address)
    record(session, who, action, "proctoring_session", watched.id)
