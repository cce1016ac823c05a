"""Signed links to many pieces of a session's evidence at once, noted as one look at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.audit.operations import record
from examhall.core.db import database_now
from examhall.core.errors import ForbiddenError, InvalidError, NotFoundError
from examhall.core.permissions import Permission, Principal
from examhall.core.platform import Platform
from examhall.core.proctoring.access import get_session_for
from examhall.core.proctoring.evidence import EvidenceLink, sign_link
from examhall.core.proctoring.models import Evidence

MOST_LINKS = 100


@dataclass(frozen=True, slots=True)
class Links:
    """Links to pieces of one session; `purged` are those whose time is over."""

    items: tuple[EvidenceLink, ...]
    content_types: Mapping[UUID, str]
    purged: tuple[UUID, ...]
    expires_at: datetime


def make_links(
    platform: Platform, principal: Principal, session_id: UUID, ids: Sequence[UUID]
) -> Links:
    """Return links that only the person who asks can use, for a short time.

    One audit entry names all pieces. Raises InvalidError for none or more than MOST_LINKS,
    NotFoundError when a piece is not of this session.
    """
    with platform.db.transaction() as session:
        watched = get_session_for(session, principal, Permission.EVIDENCE_READ, session_id)
        return link_pieces(session, platform, principal, watched.id, ids)


def link_pieces(
    session: Session,
    platform: Platform,
    principal: Principal,
    session_id: UUID,
    ids: Sequence[UUID],
) -> Links:
    """Sign links for somebody of whom the caller knows that they may see these pieces."""
    wanted = list(dict.fromkeys(ids))
    if not wanted or len(wanted) > MOST_LINKS:
        raise InvalidError(f"Ask for 1 to {MOST_LINKS} pieces.", ids=f"1 to {MOST_LINKS}.")
    if principal.user_id is None:
        raise ForbiddenError("Only a person can follow a link.")
    rows = {
        row.id: row
        for row in session.scalars(
            select(Evidence).where(Evidence.session_id == session_id, Evidence.id.in_(wanted))
        )
    }
    if len(rows) != len(wanted):
        raise NotFoundError("There is no such evidence.")
    kept = [one for one in wanted if rows[one].purged_at is None]
    end = database_now(session) + timedelta(seconds=platform.settings.evidence_link_seconds)
    expires = int(end.timestamp())
    record(
        session,
        principal,
        "evidence.linked",
        "proctoring_session",
        session_id,
        evidence=[str(one) for one in kept],
    )
    user_id = principal.user_id
    links = tuple(
        EvidenceLink(one, user_id, expires, sign_link(platform, one, user_id, expires))
        for one in kept
    )
    return Links(
        items=links,
        content_types={one: rows[one].content_type for one in kept},
        purged=tuple(one for one in wanted if rows[one].purged_at is not None),
        expires_at=datetime.fromtimestamp(expires, UTC),
    )
