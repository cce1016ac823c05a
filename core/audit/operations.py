"""The audit trail: entries that are written with what they tell of, and chained afterwards.

An entry is written in the transaction of the change itself. A job then links the entries one by
one: each link's hash covers the entry and the hash before it, so that none can be changed or taken
out without breaking all that follow. Each hash is signed with a key of the vault (HMAC-SHA256), so
that whoever can write the database alone cannot write the chain anew.
"""

from __future__ import annotations

import hmac
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

from examhall.core.accounts.models import User
from examhall.core.audit.models import AuditEntry
from examhall.core.paging import Page, get_page
from examhall.core.permissions import Permission, Principal

log = structlog.get_logger(__name__)

SEAL_BATCH = 1000
KEY_PURPOSE = "audit"
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
_LINKED = (*_COVERED, AuditEntry.link_number, AuditEntry.link_hash, AuditEntry.link_mac)


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

    `details` must hold no secrets and no names of people, who may have themselves erased: their ids
    say as much. What JSON does not know is written as text.
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
            "actor": principal.actor if principal.user_id else principal.name[:200],
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


def name_actors(session: Session, entries: Sequence[AuditEntry]) -> dict[UUID, str]:
    """Return the present names of the people who did what some entries say."""
    wanted = {entry.actor_id for entry in entries if entry.actor_id}
    rows = session.execute(select(User.id, User.name).where(User.id.in_(wanted)))
    return dict(rows.all())


def seal_entries(session: Session, limit: int = SEAL_BATCH, keys: Sequence[bytes] = ()) -> int:
    """Link entries that are not linked yet, and return how many were.

    `keys` are the vault's for KEY_PURPOSE, newest first: the newest signs. Two at once cannot both
    succeed: the loser's transaction fails on the link's number.
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
        mac = sign_link(keys[0], link) if keys else ""
        session.execute(statement.values(link_number=number, link_hash=link, link_mac=mac))
    if rows:
        log.info("audit.sealed", number=number, head=link)
    return len(rows)


def verify_chain(session: Session, known_link: str = "", keys: Sequence[bytes] = ()) -> ChainReport:
    """Look at every link; the report names what does not fit.

    `known_link` is a hash noted earlier, which must still be one of the links. With `keys` every
    link must be signed with one of them.
    """
    problems: list[str] = []
    expected, link, is_known = 1, "", not known_link
    statement = select(*_LINKED).where(AuditEntry.link_number.is_not(None))
    rows = session.execute(
        statement.order_by(AuditEntry.link_number).execution_options(yield_per=SEAL_BATCH)
    )
    for row in rows:
        if row.link_number != expected:
            problems.append(f"link {expected} is missing before link {row.link_number}")
        elif _link(link, row) != row.link_hash:
            problems.append(f"link {row.link_number} (entry {row.id}) was changed")
        elif keys and not is_signed(row.link_hash, row.link_mac, keys):
            problems.append(f"link {row.link_number} (entry {row.id}) is not signed with our key")
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


def verify_entry(session: Session, entry_id: int, keys: Sequence[bytes]) -> list[str]:
    """Return what is wrong with one entry's own link and the next one: nothing for a good one."""
    entry = session.execute(select(*_LINKED).where(AuditEntry.id == entry_id)).one()
    if entry.link_number is None:
        return ["its audit entry is not chained yet"]
    statement = select(*_LINKED).where(
        AuditEntry.link_number.between(entry.link_number - 1, entry.link_number + 1)
    )
    around = {row.link_number: row for row in session.execute(statement)}
    before, after = around.get(entry.link_number - 1), around.get(entry.link_number + 1)
    problems = []
    if before is None and entry.link_number > 1:
        problems.append("the audit entry before its own is missing")
    elif _link(before.link_hash if before else "", entry) != entry.link_hash:
        problems.append("its audit entry was changed")
    elif not is_signed(entry.link_hash, entry.link_mac, keys):
        problems.append("its audit entry is not signed with our key")
    if after is not None and _link(entry.link_hash, after) != after.link_hash:
        problems.append("the audit entry after its own does not follow from it")
    return problems


def sign_link(key: bytes, link: str) -> str:
    """Return the HMAC-SHA256 (hex) of a link's hash."""
    return hmac.new(key, link.encode(), sha256).hexdigest()


def is_signed(link: str, mac: str, keys: Sequence[bytes]) -> bool:
    """Say whether one of the keys signed a link."""
    # As bytes: what was put into the database may be any text, which the comparison refuses.
    return any(hmac.compare_digest(sign_link(key, link).encode(), mac.encode()) for key in keys)


def _link(before: str, row: Row[Any]) -> str:
    """Return the sha256 (hex) over the hash before and the entry as canonical JSON."""
    values: Sequence[Any] = [_plain(row._mapping[column.key]) for column in _COVERED]
    text = json.dumps([before, *values], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value) if isinstance(value, UUID) else value
