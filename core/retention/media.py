"""Files of questions that nobody names any more: uploaded once, and then not used."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from examhall.core.attempts.models import AttemptItem, ResponseRevision
from examhall.core.audit.operations import record_all
from examhall.core.contracts.formats import MEDIA_REFERENCE
from examhall.core.db import database_now
from examhall.core.errors import InvalidError
from examhall.core.exams.models import Exam, ExamVersion, QuestionVersion
from examhall.core.media.models import MediaRecord
from examhall.core.permissions import Permission, Principal
from examhall.core.platform import Platform
from examhall.core.retention.objects import StoredObject, delete_pending, write_down_deletions

LEAST_DAYS = 1
ROWS = 500

_NAMING: tuple[InstrumentedAttribute[Any], ...] = (
    QuestionVersion.content,
    Exam.settings,
    ExamVersion.content,
    AttemptItem.public,
    AttemptItem.secret,
    ResponseRevision.raw,
)
"""Everything in which a file of a question may be named."""


def list_unnamed(platform: Platform, principal: Principal, days: int) -> list[MediaRecord]:
    """Return the files that nothing names and that were stored at least `days` days ago."""
    principal.require(Permission.EVIDENCE_PURGE)
    with platform.db.reading() as session:
        return _find_unnamed(session, days)


def purge_media(platform: Platform, principal: Principal, days: int) -> list[MediaRecord]:
    """Delete the files that `list_unnamed` finds, and return what they were; audited."""
    principal.require(Permission.EVIDENCE_PURGE)
    with platform.db.transaction() as session:
        found = _find_unnamed(session, days)
        write_down_deletions(
            session, [StoredObject(row.store, row.sha256, row.size, row.store_key) for row in found]
        )
        for row in found:
            session.delete(row)
        told = [(row.sha256, {"size": row.size, "type": row.content_type}) for row in found]
        record_all(session, principal, "media.purged", "media", told)
    delete_pending(platform)
    return found


def _find_unnamed(session: Session, days: int) -> list[MediaRecord]:
    if days < LEAST_DAYS:
        raise InvalidError("Younger files may belong to a question that is being written.")
    before = database_now(session) - timedelta(days=days)
    rows = session.scalars(
        select(MediaRecord).where(MediaRecord.created_at < before).order_by(MediaRecord.created_at)
    ).all()
    named = set(_find_names(session)) if rows else set()
    return [row for row in rows if row.sha256 not in named]


def _find_names(session: Session) -> Iterable[str]:
    for column in _NAMING:
        for value in session.scalars(select(column).execution_options(yield_per=ROWS)):
            yield from MEDIA_REFERENCE.findall(json.dumps(value, ensure_ascii=False))
