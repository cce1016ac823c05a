"""The manifest of a session: what its evidence was when it was sealed, in one text with one digest.

It is made from the database alone and always comes out the same: the digest that the audit trail
noted at the sealing shows whether any of it was changed since. The text is JSON with sorted keys
and no spaces, in ASCII, so that `sha256sum` of an exported file gives the digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.attempts.models import Attempt
from examhall.core.exams.models import ExamVersion
from examhall.core.permissions import Permission, Principal
from examhall.core.platform import Platform
from examhall.core.proctoring.access import get_session_for
from examhall.core.proctoring.models import Chunk, Evidence, FindingRecord, ProctoringSession

FORMAT = "examhall evidence manifest"
ROWS = 2000
"""So many rows are read from the database at once."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The text of a manifest (ASCII) and its sha256 in hex; `length` and `head` are the chain's."""

    text: str
    digest: str
    length: int
    head: str


def make_manifest(session: Session, session_id: UUID) -> Manifest:
    """Return the manifest of a session as it stands in the database now."""
    watched = session.get_one(ProctoringSession, session_id)
    chunks = list(_read_chunks(session, session_id))
    captured = _capture_times(chunks)
    links = list(_read_links(session, session_id, captured))
    head = links[-1]["link"] if links else str(session_id)
    body = {
        "format": FORMAT,
        "session": str(session_id),
        "attempt": str(watched.attempt_id),
        "exam": str(watched.exam_id),
        "exam_version": _describe_version(session, watched.attempt_id),
        "candidate": str(watched.user_id),
        # The rules that weigh findings may change later; each change is in the audit trail.
        "policy": {key: value for key, value in watched.policy.items() if key != "rules"},
        "started_at": _moment(watched.started_at),
        "ended_at": _moment(watched.ended_at),
        "chain": {"length": len(links), "head": head},
        "links": links,
        "chunks": [{key: chunk[key] for key in _CHUNK_KEYS} for chunk in chunks],
        "findings": _digest_findings(session, session_id),
    }
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return Manifest(text, hashlib.sha256(text.encode()).hexdigest(), len(links), head)


def get_manifest(platform: Platform, principal: Principal, session_id: UUID) -> Manifest:
    """Return a session's manifest to somebody who may see its evidence.

    Raises ForbiddenError without the permission, NotFoundError for another exam's session.
    """
    with platform.db.reading() as session:
        get_session_for(session, principal, Permission.EVIDENCE_READ, session_id)
        return make_manifest(session, session_id)


_CHUNK_KEYS = ("stream", "sequence", "digest", "started_at", "ended_at")


def _read_chunks(session: Session, session_id: UUID) -> Iterable[dict[str, Any]]:
    columns = (Chunk.stream, Chunk.sequence, Chunk.digest, Chunk.started_at, Chunk.ended_at)
    rows = session.execute(
        select(*columns, Chunk.samples)
        .where(Chunk.session_id == session_id)
        .order_by(Chunk.stream, Chunk.sequence)
        .execution_options(yield_per=ROWS)
    )
    for row in rows:
        yield {
            "stream": row.stream,
            "sequence": row.sequence,
            "digest": row.digest,
            "started_at": _moment(row.started_at),
            "ended_at": _moment(row.ended_at),
            "samples": row.samples,
        }


def _capture_times(chunks: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Return when each piece was captured first; equal bytes may have come several times."""
    first: dict[str, str] = {}
    for chunk in chunks:
        for sha256, at in list_samples(chunk["samples"]):
            first[sha256] = min(first.get(sha256, at), at)
    return first


def list_samples(value: Any) -> Iterator[tuple[str, str]]:
    """Yield the sha256 and the moment of each sample that a chunk's row lists.

    The row may have been tampered with: what is no sample is left out, and so comes to light.
    """
    for sample in value if isinstance(value, list) else []:
        found = (sample.get("sha256"), sample.get("at")) if isinstance(sample, dict) else ()
        if len(found) == 2 and isinstance(found[0], str) and isinstance(found[1], str):
            yield found[0], found[1]


def _read_links(
    session: Session, session_id: UUID, captured: dict[str, str]
) -> Iterable[dict[str, Any]]:
    columns = (Evidence.number, Evidence.sha256, Evidence.size, Evidence.content_type)
    rows = session.execute(
        select(*columns, Evidence.link_hash, Evidence.created_at)
        .where(Evidence.session_id == session_id)
        .order_by(Evidence.number)
        .execution_options(yield_per=ROWS)
    )
    for row in rows:
        yield {
            "number": row.number,
            "sha256": row.sha256,
            "size": row.size,
            "content_type": row.content_type,
            "captured_at": captured.get(row.sha256),
            "stored_at": _moment(row.created_at),
            "link": row.link_hash,
        }


def _digest_findings(session: Session, session_id: UUID) -> dict[str, Any]:
    columns = (
        FindingRecord.detector_key,
        FindingRecord.detector_version,
        FindingRecord.config_digest,
        FindingRecord.model_digest,
        FindingRecord.kind,
        FindingRecord.started_at,
        FindingRecord.ended_at,
        FindingRecord.confidence,
        FindingRecord.explanation,
        FindingRecord.evidence,
    )
    rows = session.execute(
        select(*columns)
        .where(FindingRecord.session_id == session_id)
        .execution_options(yield_per=ROWS)
    )
    lines = sorted(json.dumps([_plain(value) for value in row], sort_keys=True) for row in rows)
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return {"count": len(lines), "sha256": digest}


def _describe_version(session: Session, attempt_id: UUID) -> dict[str, Any]:
    row = session.execute(
        select(ExamVersion.id, ExamVersion.number, ExamVersion.digest)
        .join(Attempt, Attempt.exam_version_id == ExamVersion.id)
        .where(Attempt.id == attempt_id)
    ).one()
    return {"id": str(row.id), "number": row.number, "digest": row.digest}


def _moment(value: datetime | None) -> str | None:
    return value.astimezone(UTC).isoformat() if value else None


def _plain(value: Any) -> Any:
    return _moment(value) if isinstance(value, datetime) else value
