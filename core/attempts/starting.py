"""Starting an attempt: every candidate's edition of each question, the ledger, the deadline."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from examhall.core.attempts.access import find_closing_time, require_access
from examhall.core.attempts.leases import check_lease, set_lease
from examhall.core.attempts.models import Attempt, AttemptItem
from examhall.core.attempts.queries import get_own_attempt, lock_attempt
from examhall.core.attempts.registrations import access_question, find_hard_close
from examhall.core.attempts.states import RUNNING, AttemptState, Machine, ask_plugins, move
from examhall.core.attempts.timing import (
    Allowance,
    add_entry,
    opening_entries,
    publish_clock,
    set_deadline,
)
from examhall.core.contracts.access_rule import Stage
from examhall.core.contracts.question_type import Variant
from examhall.core.db import database_now
from examhall.core.errors import ClosedError, ConflictError
from examhall.core.exams.editions import choose_positions
from examhall.core.exams.models import ExamVersion, ExamVersionItem, Registration
from examhall.core.permissions import Principal
from examhall.core.proctoring.room_camera.states import require_room_camera

if TYPE_CHECKING:
    from examhall.core.platform import Platform

LOCALE = "en"


@dataclass(frozen=True, slots=True)
class _Plan:
    """All that the start needs, read before its transaction."""

    attempt: Attempt
    registration: Registration
    version: ExamVersion
    items: list[ExamVersionItem]
    now: datetime


def start_attempt(
    platform: Platform, principal: Principal, attempt_id: UUID, lease_id: str
) -> Attempt:
    """Start the clock and prepare the content, in this window.

    Starting again what runs takes the lease and changes nothing else. Raises ForbiddenError with an
    access rule's reason, ConflictError while the attempt is not authorized or a required room
    camera is not connected, and PluginError when a question cannot be prepared: the clock has not
    started then.
    """
    check_lease(lease_id)
    plan = _read(platform, principal, attempt_id)
    if plan.attempt.state in RUNNING:
        return _take_over(platform, attempt_id, lease_id)
    if plan.attempt.state != AttemptState.AUTHORIZED:
        raise ConflictError("The attempt cannot be started now.", state=plan.attempt.state)
    question = access_question(plan.registration, plan.version, principal.address)
    require_access(platform, question, Stage.START, plan.now)
    closing = find_closing_time(platform, question, plan.now)
    hard_close = find_hard_close(plan.version, closing)
    ask_plugins(platform.plugins, plan.attempt, AttemptState.IN_PROGRESS, principal.actor)
    items = prepare_items(platform, plan.attempt, plan.items)
    with platform.db.transaction() as session:
        attempt = lock_attempt(session, attempt_id)
        if attempt.state not in RUNNING:
            require_room_camera(session, attempt_id)
            session.add_all(items)
            _begin(session, attempt, plan, hard_close, principal.actor)
        set_lease(platform, session, attempt, lease_id)
        publish_clock(session, platform.live, attempt)
        return attempt


def prepare_items(
    platform: Platform, attempt: Attempt, items: list[ExamVersionItem]
) -> list[AttemptItem]:
    """Return the candidate's edition of each item; raises PluginError."""
    return [_prepare(platform, attempt, item, place) for place, item in enumerate(items, 1)]


def allowance_of(
    registration: Registration, version: ExamVersion, hard_close: datetime | None
) -> Allowance:
    """Return what the exam and the registration say about the time."""
    time: dict[str, Any] = version.content["settings"]["time"]
    limit = time.get("limit_seconds")
    return Allowance(
        limit=None if limit is None else Decimal(limit),
        multiplier=Decimal(registration.multiplier),
        fixed=Decimal(registration.extra_seconds),
        hard_close=hard_close,
        stretches_close=bool(time.get("multiplier_stretches_close", True)),
    )


def item_seed(attempt: Attempt, position: int) -> int:
    """Return the seed of an item's variant: 62 bits that depend on attempt and place alone."""
    return seed_of(attempt.seed, position)


def seed_of(attempt_seed: int, position: int) -> int:
    """Return the seed of the item at a place of the exam, for an attempt's own seed."""
    digest = hashlib.sha256(f"{attempt_seed}:{position}".encode()).digest()
    return int.from_bytes(digest[:8]) >> 2


def _read(platform: Platform, principal: Principal, attempt_id: UUID) -> _Plan:
    with platform.db.reading() as session:
        attempt = get_own_attempt(session, principal, attempt_id)
        version = session.get_one(ExamVersion, attempt.exam_version_id)
        return _Plan(
            attempt=attempt,
            registration=session.get_one(Registration, attempt.registration_id),
            version=version,
            items=find_items(session, version, attempt.seed),
            now=database_now(session),
        )


def find_items(session: Session, version: ExamVersion, seed: int) -> list[ExamVersionItem]:
    """Return the items of one candidate's edition, in their order."""
    chosen = choose_positions(version.content, seed)
    items = session.scalars(
        select(ExamVersionItem)
        .where(ExamVersionItem.exam_version_id == version.id, ExamVersionItem.position.in_(chosen))
        .options(joinedload(ExamVersionItem.question_version))
    )
    by_position = {item.position: item for item in items}
    return [by_position[position] for position in chosen]


def _take_over(platform: Platform, attempt_id: UUID, lease_id: str) -> Attempt:
    with platform.db.transaction() as session:
        attempt = lock_attempt(session, attempt_id)
        if attempt.state not in RUNNING:
            raise ClosedError("The attempt is over.", state=attempt.state)
        if attempt.lease_id != lease_id:
            set_lease(platform, session, attempt, lease_id)
        return attempt


def _begin(
    session: Session, attempt: Attempt, plan: _Plan, hard_close: datetime | None, actor: str
) -> None:
    now = database_now(session)
    if hard_close is not None and hard_close <= now:
        raise ClosedError("The exam is closed.", closed_at=hard_close.isoformat())
    attempt.started_at = now
    for kind, seconds in opening_entries(
        now, allowance_of(plan.registration, plan.version, hard_close)
    ):
        add_entry(session, attempt, kind, seconds, "system")
    set_deadline(session, attempt)
    move(session, attempt, Machine.ATTEMPT, AttemptState.IN_PROGRESS, actor)


def _prepare(
    platform: Platform, attempt: Attempt, item: ExamVersionItem, place: int
) -> AttemptItem:
    source = item.question_version
    plugin = platform.plugins.question_type(source.type)
    content: Any = source.content
    if source.content_version != plugin.content_version:
        content = platform.plugins.call(
            plugin, "migrate", content, source.content_version, expect=dict
        )
    seed = item_seed(attempt, item.position)
    variant = platform.plugins.call(plugin, "prepare", content, seed, LOCALE, expect=Variant)
    return AttemptItem(
        attempt_id=attempt.id,
        exam_version_item_id=item.id,
        position=place,
        section=item.section,
        points=item.points,
        type=source.type,
        plugin_version=plugin.version,
        public=dict(variant.public),
        secret=dict(variant.secret),
    )
