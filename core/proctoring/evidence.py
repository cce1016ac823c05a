"""Evidence: stored by content, chained per session, shown through short-lived signed links."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from examhall.core.audit.operations import record
from examhall.core.contracts.services import EvidenceRef
from examhall.core.db import database_now
from examhall.core.errors import (
    EvidenceAlteredError,
    EvidenceMissingError,
    ForbiddenError,
    NotFoundError,
    PluginError,
)
from examhall.core.permissions import Permission, Principal
from examhall.core.platform import Platform
from examhall.core.proctoring.access import require_somewhere
from examhall.core.proctoring.models import Evidence, ProctoringSession


@dataclass(frozen=True, slots=True)
class EvidenceLink:
    """What the query of a signed link says; good for one person until `expires_at`."""

    evidence_id: UUID
    user_id: UUID
    expires: int
    signature: str

    @property
    def expires_at(self) -> datetime:
        """The end of the link's life."""
        return datetime.fromtimestamp(self.expires, UTC)


@dataclass(frozen=True, slots=True)
class EvidenceContent:
    """Bytes out of the store, checked against their address."""

    data: bytes
    content_type: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ChainReport:
    """Whether a session's chain holds, how long it is, and where it is broken (`number`)."""

    ok: bool
    length: int
    head: str
    broken_at: int | None = None


def put_evidence(platform: Platform, data: bytes, content_type: str) -> EvidenceRef:
    """Store bytes durably; call it outside of any transaction. Raises PluginError."""
    plugins = platform.plugins
    store = plugins.evidence_store(platform.settings.evidence_store)
    ref: EvidenceRef = plugins.call(store, "put", data, content_type, expect=EvidenceRef)
    if ref.sha256 != hashlib.sha256(data).hexdigest() or ref.size != len(data):
        raise PluginError(f"The evidence store {store.key} did not store what it was given.")
    return ref


def read_evidence(platform: Platform, row: Evidence) -> EvidenceContent:
    """Return a piece of evidence, whole and unchanged; call it outside of any transaction.

    Raises EvidenceMissingError when it is gone or altered, PluginError when the store is away.
    """
    if row.purged_at is not None:
        raise EvidenceMissingError(
            f"This evidence was purged on {row.purged_at:%d %B %Y}.",
            purged_at=row.purged_at.isoformat(),
        )
    store = platform.plugins.evidence_store(row.store)
    ref = EvidenceRef(row.sha256, row.size, row.store_key)
    data: bytes = platform.plugins.call(store, "get", ref, expect=bytes)
    if hashlib.sha256(data).hexdigest() != row.sha256:
        raise EvidenceAlteredError("This evidence is not what was stored.")
    return EvidenceContent(data, row.content_type, row.sha256)


def append_evidence(
    session: Session,
    session_id: UUID,
    store: str,
    content_type: str,
    refs: Sequence[EvidenceRef],
    now: datetime,
) -> None:
    """Add what is new to the session's chain; the caller holds the session's row and flushes."""
    wanted = {ref.sha256: ref for ref in refs}
    known = {"session_id": session_id, "addresses": list(wanted)}
    for sha256 in session.scalars(_KNOWN, known):
        del wanted[sha256]
    number, previous = _head(session, session_id)
    for ref in wanted.values():
        number += 1
        previous = link_hash(previous, ref.sha256, ref.size, number)
        session.add(
            Evidence(
                session_id=session_id,
                number=number,
                sha256=ref.sha256,
                size=ref.size,
                content_type=content_type,
                store=store,
                store_key=ref.key,
                link_hash=previous,
                created_at=now,
            )
        )


def link_hash(previous: str, sha256: str, size: int, number: int) -> str:
    """Return the hash of one link of the chain."""
    return hashlib.sha256(f"{previous}|{sha256}|{size}|{number}".encode()).hexdigest()


def verify_session_chain(session: Session, session_id: UUID) -> ChainReport:
    """Compute the chain anew from what the rows say; `head` is the last link that fits."""
    previous, number = str(session_id), 0
    rows = session.execute(
        select(Evidence.number, Evidence.sha256, Evidence.size, Evidence.link_hash)
        .where(Evidence.session_id == session_id)
        .order_by(Evidence.number)
    )
    for row in rows:
        number += 1
        expected = link_hash(previous, row.sha256, row.size, number)
        if row.number != number or expected != row.link_hash:
            return ChainReport(False, number, previous, broken_at=number)
        previous = expected
    return ChainReport(True, number, previous)


def make_link(platform: Platform, principal: Principal, evidence_id: UUID) -> EvidenceLink:
    """Return a link that only the person who asks can use, for a short time; it is audited.

    Raises ForbiddenError without the permission to read evidence, NotFoundError for another exam's.
    """
    with platform.db.transaction() as session:
        row = _get_readable(session, principal, evidence_id)
        if principal.user_id is None:
            raise ForbiddenError("Only a person can follow a link.")
        end = database_now(session) + timedelta(seconds=platform.settings.evidence_link_seconds)
        expires = int(end.timestamp())
        record(
            session,
            principal,
            "evidence.linked",
            "evidence",
            row.id,
            session_id=str(row.session_id),
            sha256=row.sha256,
        )
    signature = sign_link(platform, evidence_id, principal.user_id, expires)
    return EvidenceLink(evidence_id, principal.user_id, expires, signature)


def open_link(platform: Platform, principal: Principal, link: EvidenceLink) -> EvidenceContent:
    """Return what a link shows, to the person it was made for, while it lasts.

    Raises ForbiddenError for a link that is forged, expired or somebody else's.
    """
    require_somewhere(principal, Permission.EVIDENCE_READ)
    expected = sign_link(platform, link.evidence_id, link.user_id, link.expires)
    if not hmac.compare_digest(expected.encode(), link.signature.encode()):
        raise ForbiddenError("This link is not ours.")
    if link.user_id != principal.user_id:
        raise ForbiddenError("This link was made for somebody else.")
    with platform.db.reading() as session:
        if database_now(session).timestamp() > link.expires:
            raise ForbiddenError("This link has expired. Ask for a new one.")
        row = _get_readable(session, principal, link.evidence_id)
    return read_evidence(platform, row)


def _head(session: Session, session_id: UUID) -> tuple[int, str]:
    head = session.execute(_HEAD, {"session_id": session_id}).one_or_none()
    return (head.number, head.link_hash) if head else (0, str(session_id))


# Made once: every chunk that comes in asks these.
_KNOWN = select(Evidence.sha256).where(
    Evidence.session_id == bindparam("session_id"),
    Evidence.sha256.in_(bindparam("addresses", expanding=True)),
)
_HEAD = (
    select(Evidence.number, Evidence.link_hash)
    .where(Evidence.session_id == bindparam("session_id"))
    .order_by(Evidence.number.desc())
    .limit(1)
)


def _get_readable(session: Session, principal: Principal, evidence_id: UUID) -> Evidence:
    require_somewhere(principal, Permission.EVIDENCE_READ)
    row = session.get(Evidence, evidence_id)
    watched = session.get(ProctoringSession, row.session_id) if row else None
    if row is None or watched is None:
        raise NotFoundError("There is no such evidence.")
    if not principal.may(Permission.EVIDENCE_READ, watched.exam_id):
        raise NotFoundError("There is no such evidence.")
    return row


def sign_link(platform: Platform, evidence_id: UUID, user_id: UUID, expires: int) -> str:
    """Return the signature of a link: hex of an HMAC with a key of its own."""
    message = f"{evidence_id}\n{user_id}\n{expires}".encode()
    return hmac.new(platform.vault.derive("evidence"), message, hashlib.sha256).hexdigest()
