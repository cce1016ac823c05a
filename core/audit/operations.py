"""The audit trail: entries that are written with what they tell of, and chained afterwards.

An entry is written in the transaction of the change itself. A job then links the entries one by
one: each link's hash covers the entry and the hash before it, so that none can be changed or taken
out without breaking all that follow.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.orm import Session

from examhall.core.audit.models import AuditEntry
from examhall.core.paging import Page, get_page
from examhall.core.permissions import Permission, Principal

log = structlog.get_logger(__name__)

SEAL_BATCH = 1000
_COVERED = (
    AuditEntry.id,
    AuditEntry.at,
    AuditEntry.actor_id,
    AuditEntry.actor,
    AuditEntry.action,
    AuditEntry.object_type,
    AuditEntry.object_id,
    AuditEntry.details,
    AuditEntry.address,
)


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What a look at the whole chain found.

    `head` is the newest link's hash: noted elsewhere, it proves later that the end is all there.
    """

    sealed: int
    unsealed: int
    head: str
    problems: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing was changed, taken out or put in between."""
        return not self.problems


def record(
    session: Session,
    principal: Principal,
    action: str,
    object_type: str,
    object_id: UUID | str | int,
    **details: Any,
) -> None:
    """Write an entry, such as `record(session, who, "user.created", "user", user.id)`.

    `details` must hold no secrets; what JSON does not know is written as text.
    """
    record_all(session, principal, action, object_type, [(object_id, details)])


def record_all(
    session: Session,
    principal: Principal,
    action: str,
    object_type: str,
    objects: Sequence[tuple[UUID | str | int, Mapping[str, Any]]],
) -> None:
    """Write an entry for each of many objects, given with its details, in one statement."""
    now = datetime.now(UTC)
    entries = [
        {
            "at": now,
            "actor_id": principal.user_id,
            "actor": ("system" if principal.is_system else principal.name)[:200],
            "action": action,
            "object_type": object_type,
            "object_id": str(object_id)[:100],
            "details": json.loads(json.dumps(details, default=str, allow_nan=False)),
            "address": principal.address,
            "link_hash": "",
        }
        for object_id, details in objects
    ]
    if entries:
        session.execute(insert(AuditEntry), entries)


def list_entries(
    session: Session,
    principal: Principal,
    *,
    action: str = "",
    object_type: str = "",
    object_id: str = "",
    actor_id: UUID | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[AuditEntry]:
    """Return entries, newest first; needs `audit.read`."""
    principal.require(Permission.AUDIT_READ)
    wanted = {
        AuditEntry.action: action,
        AuditEntry.object_type: object_type,
        AuditEntry.object_id: object_id,
        AuditEntry.actor_id: actor_id,
    }
    statement = select(AuditEntry)
    for column, value in wanted.items():
        if value:
            statement = statement.where(column == value)
    return get_page(
        session, statement, (AuditEntry.id,), cursor=cursor, limit=limit, descending=True
    )


def seal_entries(session: Session, limit: int = SEAL_BATCH) -> int:
    """Link entries that are not linked yet, and return how many were.

    Two at once cannot both succeed: the loser's transaction fails on the link's number.
    """
    newest = select(AuditEntry.link_number, AuditEntry.link_hash).where(
        AuditEntry.link_number.is_not(None)
    )
    last = session.execute(
        newest.order_by(AuditEntry.link_number.desc()).limit(1).with_for_update()
    ).first()
    number, link = (last[0] or 0, last[1]) if last else (0, "")
    waiting = select(*_COVERED).where(AuditEntry.link_number.is_(None))
    rows = session.execute(waiting.order_by(AuditEntry.id).limit(limit)).all()
    for row in rows:
        number, link = number + 1, _link(link, row)
        statement = update(AuditEntry).where(AuditEntry.id == row.id)
        session.execute(statement.values(link_number=number, link_hash=link))
    if rows:
        log.info("audit.sealed", number=number, head=link)
    return len(rows)


def verify_chain(session: Session, known_link: str = "") -> ChainReport:
    """Look at every link; the report names what does not fit.

    `known_link` is a hash noted earlier, which must still be one of the links.
    """
    problems: list[str] = []
    expected, link, is_known = 1, "", not known_link
    statement = select(*_COVERED, AuditEntry.link_number, AuditEntry.link_hash)
    statement = statement.where(AuditEntry.link_number.is_not(None))
    rows = session.execute(
        statement.order_by(AuditEntry.link_number).execution_options(yield_per=SEAL_BATCH)
    )
    for row in rows:
        if row.link_number != expected:
            problems.append(f"link {expected} is missing before link {row.link_number}")
        elif _link(link, row) != row.link_hash:
            problems.append(f"link {row.link_number} (entry {row.id}) was changed")
        expected, link = row.link_number + 1, row.link_hash
        is_known = is_known or link == known_link
    if not is_known:
        problems.append("the known link is no longer there: the chain was cut or written anew")
    waiting = select(func.count()).where(AuditEntry.link_number.is_(None))
    return ChainReport(
        sealed=expected - 1,
        unsealed=session.execute(waiting).scalar_one(),
        head=link,
        problems=tuple(problems),
    )


def _link(before: str, row: Row[Any]) -> str:
    """Return the sha256 (hex) over the hash before and the entry as canonical JSON."""
    values: Sequence[Any] = [_plain(row._mapping[column.key]) for column in _COVERED]
    text = json.dumps([before, *values], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value) if isinstance(value, UUID) else value
