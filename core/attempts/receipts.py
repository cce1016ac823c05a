"""Receipts: what was handed in, in a form that anyone can verify.

A receipt's digest is the sha256 of its payload as canonical JSON (sorted keys, no
white space, UTF-8). The payload names the attempt, the digest of the exam version, the time of
submission and, for every item with a response, its revision and the sha256 of the response. So the
receipt can be computed again from the database at any time, and by nobody else.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.attempts.events import LateResponsesTaken
from examhall.core.attempts.models import Attempt, Receipt, ResponseRecord, ResponseRevision
from examhall.core.attempts.queries import find_receipt
from examhall.core.attempts.states import GradingState, Machine, move
from examhall.core.db import database_now
from examhall.core.events.operations import emit
from examhall.core.exams.models import ExamVersion


@dataclass(frozen=True, slots=True)
class Verification:
    """What a receipt's digest proves; `latest` is False once late responses made a new receipt."""

    valid: bool
    number: int = 0
    submitted_at: str = ""
    issued_at: datetime | None = None
    responses: int = 0
    latest: bool = False


def renew_receipt(session: Session, attempt_id: UUID) -> Receipt:
    """Issue a new receipt for a locked attempt that late responses were added to.

    Its scoring starts again.
    """
    attempt = session.get_one(Attempt, attempt_id)
    if attempt.grading_state != GradingState.PENDING:
        reason = "Late responses came in."
        move(session, attempt, Machine.GRADING, GradingState.PENDING, "system", reason)
    receipt = issue_receipt(session, attempt)
    emit(
        session,
        LateResponsesTaken(
            subject=f"attempt:{attempt.id}",
            user_id=attempt.user_id,
            exam_id=attempt.exam_id,
            attempt_id=str(attempt.id),
            number=attempt.number,
            receipt_number=receipt.number,
        ),
    )
    return receipt


def issue_receipt(session: Session, attempt: Attempt) -> Receipt:
    """Write down what the attempt consists of now, under the next number."""
    session.flush()
    last = find_receipt(session, attempt.id)
    rows = session.execute(
        select(ResponseRecord.item_id, ResponseRecord.revision).where(
            ResponseRecord.attempt_id == attempt.id
        )
    )
    revisions = {row.item_id: row.revision for row in rows}
    payload = {
        "attempt_id": str(attempt.id),
        "number": last.number + 1 if last else 1,
        "exam_version_digest": session.get_one(ExamVersion, attempt.exam_version_id).digest,
        "submitted_at": attempt.submitted_at.isoformat() if attempt.submitted_at else "",
        "responses": _describe(session, attempt.id, revisions),
    }
    receipt = Receipt(
        attempt_id=attempt.id,
        number=payload["number"],
        digest=digest_of(payload),
        payload=payload,
        issued_at=database_now(session),
    )
    session.add(receipt)
    session.flush()
    return receipt


def verify_receipt(session: Session, digest: str) -> Verification:
    """Compute the receipt again from the stored revisions; anyone may ask, and learns no more."""
    receipt = session.scalars(select(Receipt).where(Receipt.digest == digest)).first()
    if receipt is None:
        return Verification(valid=False)
    attempt = session.get_one(Attempt, receipt.attempt_id)
    stored = receipt.payload.get("responses", [])
    revisions = {UUID(entry["item_id"]): int(entry["revision"]) for entry in stored}
    payload = {
        **receipt.payload,
        "attempt_id": str(attempt.id),
        "exam_version_digest": session.get_one(ExamVersion, attempt.exam_version_id).digest,
        "responses": _describe(session, attempt.id, revisions),
    }
    last = find_receipt(session, attempt.id)
    return Verification(
        valid=digest_of(payload) == digest,
        number=receipt.number,
        submitted_at=receipt.payload["submitted_at"],
        issued_at=receipt.issued_at,
        responses=len(stored),
        latest=last is not None and last.id == receipt.id,
    )


def canonical_json(value: Any) -> bytes:
    """Return the one spelling of a JSON value that digests are made of."""
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()


def digest_of(value: Any) -> str:
    """Return the sha256 of a JSON value's canonical form, in hexadecimal."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def _describe(
    session: Session, attempt_id: UUID, revisions: dict[UUID, int]
) -> list[dict[str, Any]]:
    """Return item, revision and digest of the stored responses, read back from the database."""
    rows = session.execute(
        select(ResponseRevision.item_id, ResponseRevision.revision, ResponseRevision.raw).where(
            ResponseRevision.attempt_id == attempt_id,
            ResponseRevision.revision.is_not(None),
        )
    )
    return sorted(
        (
            {"item_id": str(item_id), "revision": revision, "sha256": digest_of(raw)}
            for item_id, revision, raw in rows
            if revisions.get(item_id) == revision
        ),
        key=lambda entry: str(entry["item_id"]),
    )
