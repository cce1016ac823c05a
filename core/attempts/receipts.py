"""Receipts: what was handed in, in a form that anyone can verify.

A receipt's digest is the sha256 of its payload as canonical JSON (sorted keys, no
white space, UTF-8). The payload names the attempt, the digest of the exam version, the time of
submission and, for every item with a response, its revision and the sha256 of the response. So the
receipt can be computed again from the database at any time, and by nobody else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from examhall.core.attempts.events import LateResponsesTaken
from examhall.core.attempts.models import Attempt, Receipt, ResponseRecord, ResponseRevision
from examhall.core.attempts.queries import find_receipt
from examhall.core.attempts.states import GradingState, Machine, move
from examhall.core.db import database_now
from examhall.core.events.operations import emit
from examhall.core.exams.models import ExamVersion

Stored = tuple[UUID, int, Any]
"""A response as it is stored: item, revision, raw."""


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
    (receipt,) = issue_receipts(session, [attempt])
    return receipt


def issue_receipts(session: Session, attempts: Sequence[Attempt]) -> list[Receipt]:
    """Write down what several attempts consist of now, each under its next number."""
    session.flush()
    ids = [attempt.id for attempt in attempts]
    now = database_now(session)
    numbers = _last_numbers(session, ids)
    digests = _version_digests(session, {attempt.exam_version_id for attempt in attempts})
    counted = _counted_responses(session, ids)
    receipts = []
    for attempt in attempts:
        payload = {
            "attempt_id": str(attempt.id),
            "number": numbers.get(attempt.id, 0) + 1,
            "exam_version_digest": digests[attempt.exam_version_id],
            "submitted_at": attempt.submitted_at.isoformat() if attempt.submitted_at else "",
            "responses": _describe(counted.get(attempt.id, [])),
        }
        receipts.append(
            Receipt(
                attempt_id=attempt.id,
                number=payload["number"],
                digest=digest_of(payload),
                payload=payload,
                issued_at=now,
            )
        )
    session.add_all(receipts)
    session.flush()
    return receipts


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
        "responses": _describe(_listed_responses(session, attempt.id, revisions)),
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


def _last_numbers(session: Session, ids: Sequence[UUID]) -> dict[UUID, int]:
    rows = session.execute(
        select(Receipt.attempt_id, func.max(Receipt.number))
        .where(Receipt.attempt_id.in_(ids))
        .group_by(Receipt.attempt_id)
    )
    return {row[0]: row[1] for row in rows}


def _version_digests(session: Session, ids: Collection[UUID]) -> dict[UUID, str]:
    rows = session.execute(
        select(ExamVersion.id, ExamVersion.digest).where(ExamVersion.id.in_(ids))
    )
    return {row[0]: row[1] for row in rows}


def _counted_responses(session: Session, ids: Sequence[UUID]) -> dict[UUID, list[Stored]]:
    """Return the revisions that count, by attempt."""
    revision = ResponseRevision
    rows = session.execute(
        select(revision.attempt_id, revision.item_id, revision.revision, revision.raw)
        .join(
            ResponseRecord,
            (ResponseRecord.item_id == revision.item_id)
            & (ResponseRecord.revision == revision.revision),
        )
        .where(ResponseRecord.attempt_id.in_(ids))
    )
    counted: dict[UUID, list[Stored]] = {}
    for attempt_id, item_id, number, raw in rows:
        counted.setdefault(attempt_id, []).append((item_id, number or 0, raw))
    return counted


def _listed_responses(
    session: Session, attempt_id: UUID, revisions: Mapping[UUID, int]
) -> list[Stored]:
    """Return the revisions that a receipt lists."""
    revision = ResponseRevision
    rows = session.execute(
        select(revision.item_id, revision.revision, revision.raw).where(
            revision.attempt_id == attempt_id, revision.revision.is_not(None)
        )
    )
    return [
        (item_id, number, raw)
        for item_id, number, raw in rows
        if number is not None and revisions.get(item_id) == number
    ]


def _describe(stored: Iterable[Stored]) -> list[dict[str, Any]]:
    """Return item, revision and digest of responses, in the order of the items."""
    entries = [
        {"item_id": str(item_id), "revision": number, "sha256": digest_of(raw)}
        for item_id, number, raw in stored
    ]
    return sorted(entries, key=lambda entry: str(entry["item_id"]))
