"""How a session's room camera is at present, for its candidate and for those who watch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.db import after_commit, database_now
from examhall.core.errors import ConflictError
from examhall.core.permissions import Principal
from examhall.core.platform import Platform
from examhall.core.proctoring.models import ProctoringSession
from examhall.core.proctoring.operations import exam_channel, find_session, get_own_session
from examhall.core.proctoring.room_camera.models import RoomCamera

LOST_AFTER = timedelta(seconds=15)
"""A phone sends every two seconds; after so long a silence it is lost."""


class Link(StrEnum):
    """How the phone is joined."""

    NONE = "none"
    CONNECTED = "connected"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class RoomCameraState:
    """What the exam wants (`off`, `optional`, `required`), and how the newest phone is.

    `lost_after` are the seconds of silence after `seen_at` that make a connected phone a lost one.
    """

    wanted: str
    state: Link
    seen_at: datetime | None
    lost_after: float


def get_room_camera(session: Session, principal: Principal, attempt_id: UUID) -> RoomCameraState:
    """Return how the room camera of one's own attempt is.

    Raises NotFoundError when the attempt is not theirs or not watched.
    """
    return read_state(session, get_own_session(session, principal, attempt_id=attempt_id))


def read_state(session: Session, watched: ProctoringSession) -> RoomCameraState:
    """Return how a session's room camera is."""
    wanted = watched.policy.get("room_camera", "off")
    phone = find_newest_phone(session, watched.id)
    state = Link.NONE if phone is None else link_of(phone, database_now(session))
    seen_at = phone.last_seen_at if phone else None
    return RoomCameraState(wanted, state, seen_at, LOST_AFTER.total_seconds())


def require_room_camera(session: Session, attempt_id: UUID) -> None:
    """Raise ConflictError while an exam that needs a room camera has none that is connected."""
    watched = find_session(session, attempt_id)
    if watched is None or watched.policy.get("room_camera") != "required":
        return
    if read_state(session, watched).state is not Link.CONNECTED:
        raise ConflictError(
            "This exam needs a phone as room camera, and none is connected. Scan the code with "
            "your phone.",
            room_camera="required",
        )


def find_newest_phone(session: Session, session_id: UUID) -> RoomCamera | None:
    """Return the phone that joined last, whether it is still there or not."""
    return session.scalar(
        select(RoomCamera)
        .where(RoomCamera.session_id == session_id, RoomCamera.joined_at.is_not(None))
        .order_by(RoomCamera.joined_at.desc(), RoomCamera.id)
        .limit(1)
    )


def link_of(phone: RoomCamera, now: datetime) -> Link:
    """Say how a phone that has joined is at a moment."""
    seen = phone.last_seen_at
    if phone.ended_at is not None or seen is None or now - seen > LOST_AFTER:
        return Link.LOST
    return Link.CONNECTED


def publish_room_camera(
    session: Session, platform: Platform, watched: ProctoringSession, state: Link, now: datetime
) -> None:
    """Tell the candidate's pages, after the commit, that the phone was seen or has left."""
    data = {"state": state.value, "seen_at": now.isoformat()}
    _publish(session, platform, f"attempt:{watched.attempt_id}", data)


def publish_to_wall(
    session: Session, platform: Platform, watched: ProctoringSession, state: Link
) -> None:
    """Tell those who watch, after the commit, that a phone has joined or left."""
    data = {"session_id": str(watched.id), "state": state.value}
    _publish(session, platform, exam_channel(watched.exam_id), data)


def _publish(session: Session, platform: Platform, channel: str, data: Mapping[str, Any]) -> None:
    after_commit(session, lambda: platform.live.publish(channel, "room_camera", data))
