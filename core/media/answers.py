"""Files that candidates hand in: stored first, then named by the response to their item.

An item takes files when its public variant says so:

    {"files": {"types": ["application/pdf", "image/*"], "max_bytes": 20971520, "max_count": 3}}
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from examhall.core.attempts.models import Attempt, AttemptItem
from examhall.core.attempts.queries import get_own_attempt
from examhall.core.attempts.saving import takes_responses
from examhall.core.contracts.services import EvidenceRef
from examhall.core.db import database_now
from examhall.core.errors import (
    ClosedError,
    ConflictError,
    InvalidError,
    LeaseLostError,
    NotFoundError,
)
from examhall.core.media.checks import MAX_BYTES, check_drawable, check_size, clean_name
from examhall.core.media.models import AttemptFile
from examhall.core.media.sniffing import sniff
from examhall.core.media.store import put_bytes
from examhall.core.permissions import Principal
from examhall.core.retention.objects import keep_objects

if TYPE_CHECKING:
    from examhall.core.platform import Platform

SPARE_FILES = 20
"""So many files more than an answer has may be sent: candidates record again and choose anew."""


def store_answer_file(
    platform: Platform,
    principal: Principal,
    attempt_id: UUID,
    item_id: UUID,
    *,
    lease_id: str,
    data: bytes,
    name: str,
) -> AttemptFile:
    """Store a file for an item of one's own attempt; the same file again is the one that is there.

    It is taken as long as a response would be. Raises NotFoundError for another's attempt,
    ClosedError when it is too late, LeaseLostError, InvalidError and TooLargeError for a file that
    the question does not take, ConflictError after too many files.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    with platform.db.reading() as session:
        drain = timedelta(seconds=platform.settings.drain_seconds)
        item = _find_item(session, principal, attempt_id, item_id, lease_id, drain)
        limits = _limits(item)
        known = _find_file(session, item_id, sha256)
        count = session.scalar(select(func.count()).where(AttemptFile.item_id == item_id)) or 0
    if known is not None:
        return known
    if count >= limits["max_count"] + SPARE_FILES:
        raise ConflictError("Too many files were sent for this question.", count=count)
    content_type = _check(data, limits)
    ref = put_bytes(platform, data, content_type)
    row = _write(platform, item, ref, content_type, clean_name(name))
    keep_objects(platform, row.store, [sha256], lambda: put_bytes(platform, data, content_type))
    return row


def _find_item(
    session: Session,
    principal: Principal,
    attempt_id: UUID,
    item_id: UUID,
    lease_id: str,
    drain: timedelta,
) -> AttemptItem:
    attempt: Attempt = get_own_attempt(session, principal, attempt_id)
    item = session.get(AttemptItem, item_id)
    if item is None or item.attempt_id != attempt_id:
        raise NotFoundError("The attempt has no such item.")
    if not takes_responses(attempt, database_now(session), drain):
        raise ClosedError("The attempt takes no files now.", state=attempt.state)
    if lease_id != attempt.lease_id:
        raise LeaseLostError("The attempt was taken over in another window.")
    return item


def _limits(item: AttemptItem) -> Mapping[str, Any]:
    limits = item.public.get("files")
    if not isinstance(limits, Mapping):
        raise InvalidError("This question takes no files.")
    return limits


def _check(data: bytes, limits: Mapping[str, Any]) -> str:
    check_size(data, min(limits["max_bytes"], MAX_BYTES))
    content_type = sniff(data)
    if not fits(content_type, limits["types"]):
        raise InvalidError(
            "This kind of file is not taken here, or the file is not what its name says.",
            content_type=content_type,
            types=list(limits["types"]),
        )
    check_drawable(data, content_type)
    return content_type


def fits(content_type: str, types: Sequence[str]) -> bool:
    """Say whether a content type is among some, of which `image/*` and the like name families."""
    family = f"{content_type.partition('/')[0]}/*"
    return content_type in types or family in types


def _find_file(session: Session, item_id: UUID, sha256: str) -> AttemptFile | None:
    return session.scalars(
        select(AttemptFile).where(AttemptFile.item_id == item_id, AttemptFile.sha256 == sha256)
    ).one_or_none()


def _write(
    platform: Platform, item: AttemptItem, ref: EvidenceRef, content_type: str, name: str
) -> AttemptFile:
    try:
        with platform.db.transaction() as session:
            row = AttemptFile(
                attempt_id=item.attempt_id,
                item_id=item.id,
                sha256=ref.sha256,
                size=ref.size,
                content_type=content_type,
                name=name,
                store=platform.settings.evidence_store,
                store_key=ref.key,
                created_at=database_now(session),
            )
            session.add(row)
            session.flush()
            return row
    except IntegrityError:
        # The same file came twice at once: a retry whose first try was only slow.
        with platform.db.reading() as session:
            known = _find_file(session, item.id, ref.sha256)
        if known is None:
            raise
        return known
