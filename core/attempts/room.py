"""The exam room: what the candidate's page shows. Content goes out only while the clock runs."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.accounts.models import User
from examhall.core.attempts.certainty import without_certainty
from examhall.core.attempts.models import Attempt, AttemptItem, ResponseRecord
from examhall.core.attempts.queries import get_own_attempt
from examhall.core.attempts.states import AttemptState
from examhall.core.attempts.timing import Clock, read_clock
from examhall.core.contracts.question_type import Fragment, Variant, View
from examhall.core.errors import PluginError
from examhall.core.exams.models import ExamVersion, Registration
from examhall.core.proctoring.models import ProctoringSession
from examhall.core.proctoring.policy import wanted_photos
from examhall.core.tries.progress import Progress, describe_progress
from examhall.core.tries.queries import NO_TRIES, StoredTries, read_tries
from examhall.core.tries.treatment import Treatment

if TYPE_CHECKING:
    from examhall.core.permissions import Principal
    from examhall.core.platform import Platform

log = logging.getLogger(__name__)

CONTENT_STATES = frozenset({AttemptState.IN_PROGRESS, AttemptState.DRAINING})
NOTICE = (
    '<p class="notice" role="alert">This question cannot be shown at the moment. '
    "Go on with the others and tell your invigilator; your answers are safe.</p>"
)


@dataclass(frozen=True, slots=True)
class RoomItem:
    """One item as the candidate sees it."""

    id: UUID
    position: int
    section: str
    points: str
    type: str
    type_title: str
    html: str
    module: str | None
    styles: tuple[str, ...]
    raw: Mapping[str, Any] | None
    revision: int
    flagged: bool
    shown: bool
    progress: Progress


@dataclass(frozen=True, slots=True)
class Room:
    """The exam room of an attempt; `items` is empty unless the clock runs."""

    attempt: Attempt
    exam_title: str
    instructions: str
    candidate_name: str
    candidate_number: str
    clock: Clock
    items: list[RoomItem]
    proctoring: Mapping[str, Any] | None


def get_room(platform: Platform, principal: Principal, attempt_id: UUID) -> Room:
    """Return the room of one's own attempt; an item that cannot be drawn carries a notice."""
    with platform.db.reading() as session:
        attempt = get_own_attempt(session, principal, attempt_id)
        version = session.get_one(ExamVersion, attempt.exam_version_id)
        registration = session.get_one(Registration, attempt.registration_id)
        name = session.get_one(User, attempt.user_id).name
        clock = read_clock(session, attempt)
        rows = _read_items(session, attempt) if attempt.state in CONTENT_STATES else []
        tries = read_tries(session, attempt) if rows else {}
        watched = session.scalars(
            select(ProctoringSession).where(ProctoringSession.attempt_id == attempt_id)
        ).one_or_none()
    settings = version.content["settings"]
    treatment = Treatment.of(settings["scoring"])
    flagged = set(map(str, attempt.flagged))
    progress = {
        item.id: _progress(platform, treatment, item, tries.get(item.id, NO_TRIES))
        for item, _ in rows
    }
    return Room(
        attempt=attempt,
        exam_title=str(version.content["title"]),
        instructions=str(settings.get("instructions", "")),
        candidate_name=name,
        candidate_number=registration.candidate_number,
        clock=clock,
        items=[
            _show(platform, item, response, flagged, progress[item.id]) for item, response in rows
        ],
        proctoring=_watching(watched),
    )


def _read_items(
    session: Session, attempt: Attempt
) -> list[tuple[AttemptItem, ResponseRecord | None]]:
    rows = session.execute(
        select(AttemptItem, ResponseRecord)
        .join(ResponseRecord, ResponseRecord.item_id == AttemptItem.id, isouter=True)
        .where(AttemptItem.attempt_id == attempt.id)
        .order_by(AttemptItem.position)
    )
    return [(item, response) for item, response in rows]


def _progress(
    platform: Platform, treatment: Treatment, item: AttemptItem, stored: StoredTries
) -> Progress:
    return describe_progress(platform.plugins, treatment, item, stored.content, stored.steps)


def _show(
    platform: Platform,
    item: AttemptItem,
    response: ResponseRecord | None,
    flagged: set[str],
    progress: Progress,
) -> RoomItem:
    raw = response.raw if response else None
    title, fragment = _render(platform, item, raw)
    return RoomItem(
        id=item.id,
        position=item.position,
        section=item.section,
        points=format(item.points.normalize(), "f"),
        type=item.type,
        type_title=title,
        html=fragment.html if fragment else NOTICE,
        module=fragment.module if fragment else None,
        styles=fragment.styles if fragment else (),
        raw=raw,
        revision=response.revision if response else 0,
        flagged=str(item.id) in flagged,
        shown=fragment is not None,
        progress=progress,
    )


def _render(
    platform: Platform, item: AttemptItem, raw: Mapping[str, Any] | None
) -> tuple[str, Fragment | None]:
    """Return the type's title and the item's HTML; None for an item that cannot be drawn."""
    plugin = platform.plugins.find("question_type", item.type)
    if plugin is None:
        log.warning("the question type %s of item %s is missing", item.type, item.id)
        return item.type, None
    # Only the public part: rendering for the candidate has no use for the key.
    variant = Variant(public=item.public)
    try:
        fragment = platform.plugins.call(
            plugin,
            "render",
            variant,
            View.ANSWER,
            None if raw is None else without_certainty(raw),
            name=f"item{item.position}",
            expect=Fragment,
        )
    except PluginError as error:
        log.warning("item %s cannot be drawn: %s", item.id, error.message)
        return plugin.title, None
    return plugin.title, fragment


def _watching(watched: ProctoringSession | None) -> dict[str, Any] | None:
    """Return what the page has to record, None where nobody watches."""
    if watched is None or watched.state != "open":
        return None
    policy = watched.policy
    return {
        "session_id": watched.id,
        "streams": policy["streams"],
        "room_camera": policy.get("room_camera", "off"),
        "frame_seconds": policy["frame_seconds"],
        "chunk_seconds": policy["chunk_seconds"],
        "screen_seconds": policy.get("screen_seconds", 5.0),
        "photos": wanted_photos(policy),
        "fullscreen": policy.get("fullscreen", False),
    }
