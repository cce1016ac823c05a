"""Whether a session's evidence is all there and unchanged, and what says so.

Three things must agree: the chain of links in the database, the objects in the evidence store, and
the entry that the audit trail got when the session was sealed. That entry is itself part of a chain
that is signed with a key outside of the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.audit.models import AuditEntry
from examhall.core.audit.operations import KEY_PURPOSE, record, verify_entry
from examhall.core.db import database_now
from examhall.core.errors import EvidenceAlteredError, EvidenceMissingError
from examhall.core.permissions import Permission, Principal
from examhall.core.platform import Platform
from examhall.core.proctoring.access import get_session_for
from examhall.core.proctoring.evidence import ChainReport, read_evidence, verify_session_chain
from examhall.core.proctoring.manifest import list_samples, make_manifest
from examhall.core.proctoring.models import Chunk, Evidence, ProctoringSession
from examhall.core.retention.models import PurgeReceipt

READERS = 8
"""So many objects are read at once: stores on the network answer slowly, but many at a time."""

MOST_NAMED = 1000
"""So many damaged objects are named one by one."""


class Damage(StrEnum):
    """What can be wrong with one stored object."""

    MISSING = "missing"
    ALTERED = "altered"


@dataclass(frozen=True, slots=True)
class DamagedObject:
    """A piece of evidence that is not as it was stored; `number` is its link."""

    number: int
    sha256: str
    damage: Damage


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found. `problems` are sentences for people; evidence that was purged is none.

    `checked` objects with `size` bytes were read from the store, `purged` ones were removed with a
    receipt. `sealed_at` is None while the session still grows.
    """

    session_id: UUID
    state: str
    at: datetime
    length: int
    head: str
    manifest_digest: str
    checked: int
    size: int
    purged: int
    sealed_at: datetime | None = None
    objects: Sequence[DamagedObject] = ()
    problems: Sequence[str] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is missing and nothing was changed."""
        return not self.problems


@dataclass(slots=True)
class _Records:
    """What the database says of a session.

    `unlinked` counts the samples of chunks that no link of the chain names; `purges` are the purges
    in the audit trail, by the receipt that each names.
    """

    watched: ProctoringSession
    chain: ChainReport
    manifest_digest: str
    sealings: Sequence[AuditEntry]
    receipts: Sequence[PurgeReceipt]
    purges: Mapping[str, int]
    unlinked: int = 0
    present: list[Evidence] = field(default_factory=list)
    purged: list[Evidence] = field(default_factory=list)
    audit_problems: list[str] = field(default_factory=list)


def verify_session(platform: Platform, principal: Principal, session_id: UUID) -> Verification:
    """Check a session's evidence, all of it, and note the result in the audit trail.

    Raises ForbiddenError or NotFoundError for whoever may not see its evidence, PluginError when
    the evidence store is away: then nothing is said about the evidence.
    """
    with platform.db.reading() as session:
        get_session_for(session, principal, Permission.EVIDENCE_READ, session_id)
        records = _read_records(session, platform, session_id)
        now = database_now(session)
    objects = _check_objects(platform, records.present)
    problems = [*_chain_problems(records), *_object_problems(objects), *_purge_problems(records)]
    sealing = records.sealings[0] if records.sealings else None
    result = Verification(
        session_id=session_id,
        state=records.watched.state,
        at=now,
        length=records.chain.length,
        head=records.chain.head,
        manifest_digest=records.manifest_digest,
        checked=len(records.present),
        size=sum(row.size for row in records.present),
        purged=len(records.purged),
        sealed_at=sealing.at if sealing else None,
        objects=objects[:MOST_NAMED],
        problems=problems,
    )
    _note(platform, principal, result)
    return result


def _read_records(session: Session, platform: Platform, session_id: UUID) -> _Records:
    records = _Records(
        watched=session.get_one(ProctoringSession, session_id),
        chain=verify_session_chain(session, session_id),
        manifest_digest=make_manifest(session, session_id).digest,
        sealings=_read_entries(session, session_id, "proctoring.sealed"),
        receipts=session.scalars(
            select(PurgeReceipt).where(PurgeReceipt.session_id == session_id)
        ).all(),
        purges={
            str(entry.details.get("receipt")): entry.details.get("count", 0)
            for entry in _read_entries(session, session_id, "evidence.purged")
        },
    )
    rows = session.scalars(
        select(Evidence).where(Evidence.session_id == session_id).order_by(Evidence.number)
    )
    for row in rows:
        (records.purged if row.purged_at else records.present).append(row)
    linked = {row.sha256 for row in (*records.present, *records.purged)}
    records.unlinked = len(_read_samples(session, session_id) - linked)
    if records.sealings:
        keys = platform.vault.derive_all(KEY_PURPOSE)
        records.audit_problems = verify_entry(session, records.sealings[0].id, keys)
    return records


def _read_entries(session: Session, session_id: UUID, action: str) -> Sequence[AuditEntry]:
    """Return what the audit trail says of a session, the first entry first."""
    return session.scalars(
        select(AuditEntry)
        .where(
            AuditEntry.object_type == "proctoring_session",
            AuditEntry.object_id == str(session_id),
            AuditEntry.action == action,
        )
        .order_by(AuditEntry.id)
    ).all()


def _read_samples(session: Session, session_id: UUID) -> set[str]:
    """Return the sha256 of all samples that the chunks of a session list."""
    lists = session.scalars(select(Chunk.samples).where(Chunk.session_id == session_id))
    return {sha256 for samples in lists for sha256, _ in list_samples(samples)}


def _check_objects(platform: Platform, rows: Sequence[Evidence]) -> list[DamagedObject]:
    """Read every object; the first error of the store itself ends it."""

    def check(row: Evidence) -> DamagedObject | None:
        try:
            content = read_evidence(platform, row)
        except EvidenceAlteredError:
            return DamagedObject(row.number, row.sha256, Damage.ALTERED)
        except EvidenceMissingError:
            return DamagedObject(row.number, row.sha256, Damage.MISSING)
        # The sha256 fits, so the size in the database is what was changed.
        wrong = len(content.data) != row.size
        return DamagedObject(row.number, row.sha256, Damage.ALTERED) if wrong else None

    with ThreadPoolExecutor(READERS, thread_name_prefix="examhall-verify") as pool:
        return [damaged for damaged in pool.map(check, rows) if damaged is not None]


def _chain_problems(records: _Records) -> Iterable[str]:
    chain, watched = records.chain, records.watched
    if not chain.ok:
        yield f"The chain does not fit at link {chain.broken_at}."
    if records.unlinked:
        yield f"The chain has no link for {records.unlinked} of the samples that came in."
    if watched.state == "sealed" and not records.sealings:
        yield "The audit trail has no entry of the sealing."
    if watched.state != "sealed" and records.sealings:
        yield "The session was sealed, and its state was changed afterwards."
    if records.sealings:
        yield from _sealing_problems(records, records.sealings[0].details)


def _sealing_problems(records: _Records, sealed: Mapping[str, Any]) -> Iterable[str]:
    chain = records.chain
    if len(records.sealings) > 1:
        yield "The audit trail has more than one entry of the sealing. The first one counts."
    if sealed.get("length") != chain.length:
        yield f"{sealed.get('length')} links were sealed, {chain.length} are there."
    elif sealed.get("head") != chain.head:
        yield "The head of the chain is not the one that was sealed."
    if sealed.get("manifest") != records.manifest_digest:
        yield "The manifest is not the one that was sealed: something that it lists was changed."
    for problem in records.audit_problems:
        yield f"The audit trail does not vouch for the sealing: {problem}."


def _object_problems(objects: Sequence[DamagedObject]) -> Iterable[str]:
    for damage in Damage:
        found = [one for one in objects if one.damage is damage]
        if found:
            count = "1 object is" if len(found) == 1 else f"{len(found)} objects are"
            yield f"{count} {damage} in the evidence store, the first at link {found[0].number}."


def _purge_problems(records: _Records) -> Iterable[str]:
    receipts = sum(receipt.count for receipt in records.receipts)
    if len(records.purged) != receipts:
        yield f"{len(records.purged)} objects are marked as purged, receipts name {receipts}."
    for receipt in records.receipts:
        if records.purges.get(str(receipt.id)) != receipt.count:
            yield f"The audit trail does not vouch for the purge receipt {receipt.id}."


def _note(platform: Platform, principal: Principal, result: Verification) -> None:
    details: dict[str, Any] = {
        "ok": result.ok,
        "head": result.head,
        "manifest": result.manifest_digest,
        "problems": len(result.problems),
    }
    with platform.db.transaction() as session:
        record(
            session,
            principal,
            "evidence.verified",
            "proctoring_session",
            result.session_id,
            **details,
        )
