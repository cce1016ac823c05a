"""What the tables hold about one person, as plain values for JSON, a function for each file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from examhall.core.accounts.models import RoleGrant, User
from examhall.core.attempts.models import (
    Attempt,
    AttemptItem,
    AttemptTransition,
    Receipt,
    ResponseRecord,
    ResponseRevision,
    TimeLedgerEntry,
)
from examhall.core.audit.models import AuditEntry
from examhall.core.db import Base
from examhall.core.exams.models import Exam, Registration
from examhall.core.media.models import AttemptFile
from examhall.core.proctoring.check_in_models import CheckInPhoto
from examhall.core.proctoring.messages.models import ProctorMessage
from examhall.core.proctoring.models import (
    Consent,
    Evidence,
    FindingRecord,
    IncidentRecord,
    ProctoringSession,
)
from examhall.core.retention.models import PurgeReceipt
from examhall.core.review.models import Appeal, Decision
from examhall.core.review.rules import RELEASED
from examhall.core.scoring.models import ItemScoreRecord, Outcome, ScoreRecord
from examhall.core.tries.models import ItemStep

Values = dict[str, Any]

ENDINGS = {"image/jpeg": "jpg", "audio/l16": "l16", "application/json": "json"}
SAFE = re.compile(r"[^\w.\- ()]")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the archive, and where its bytes lie."""

    name: str
    sha256: str
    size: int
    store: str
    store_key: str


class Scope:
    """Whose records are read, and whether the person reads them: then without what waits."""

    def __init__(self, session: Session, user_id: UUID, is_own: bool) -> None:
        self.session = session
        self.user_id = user_id
        self.is_own = is_own

    @cached_property
    def attempts(self) -> Sequence[Attempt]:
        """All attempts of the person."""
        statement = select(Attempt).where(Attempt.user_id == self.user_id)
        return self.session.scalars(statement.order_by(Attempt.created_at, Attempt.id)).all()

    @cached_property
    def attempt_ids(self) -> list[UUID]:
        """Their ids."""
        return [attempt.id for attempt in self.attempts]

    @cached_property
    def sessions(self) -> Sequence[ProctoringSession]:
        """All watched sessions of the person."""
        statement = select(ProctoringSession).where(ProctoringSession.user_id == self.user_id)
        return self.session.scalars(statement.order_by(ProctoringSession.started_at)).all()

    @cached_property
    def session_ids(self) -> list[UUID]:
        """Their ids."""
        return [watched.id for watched in self.sessions]

    @cached_property
    def told_session_ids(self) -> list[UUID]:
        """Return the sessions about which the reader may know what was noted."""
        if not self.is_own:
            return self.session_ids
        told = {attempt.id for attempt in self.attempts if attempt.review_state in RELEASED}
        return [watched.id for watched in self.sessions if watched.attempt_id in told]

    def rows(self, table: type[Base], condition: Any, *order: Any) -> Iterable[Any]:
        """Return rows of a table in order."""
        return self.session.scalars(select(table).where(condition).order_by(*order))


def read_account(scope: Scope) -> Values:
    """Return the account without what proves who one is."""
    user = scope.session.get_one(User, scope.user_id)
    grants = scope.rows(RoleGrant, RoleGrant.user_id == scope.user_id, RoleGrant.granted_at)
    return {
        **values_of(user, "password_hash", "session_version"),
        "roles": [values_of(grant, "id", "user_id", "granted_by") for grant in grants],
    }


def read_registrations(scope: Scope) -> list[Values]:
    """Return the exams that the person was registered for, with their allowances."""
    rows = scope.session.execute(
        select(Registration, Exam.title)
        .join(Exam, Exam.id == Registration.exam_id)
        .where(Registration.user_id == scope.user_id)
        .order_by(Registration.created_at, Registration.id)
    )
    return [{"exam": title, **values_of(row, "user_id")} for row, title in rows]


def read_attempts(scope: Scope) -> list[Values]:
    """Return the attempts with all that was answered, and what happened to them."""
    return [_read_attempt(scope, attempt) for attempt in scope.attempts]


def _read_attempt(scope: Scope, attempt: Attempt) -> Values:
    def rows(table: Any, *skip: str) -> list[Values]:
        found = scope.rows(table, table.attempt_id == attempt.id, *table.__table__.primary_key)
        return [values_of(row, "attempt_id", *skip) for row in found]

    hidden: tuple[str, ...] = ("seed", "scoring", "lease_id", "lease_version", "user_id")
    if scope.is_own and attempt.review_state not in RELEASED:
        hidden = (*hidden, "review_state")
    items = scope.rows(AttemptItem, AttemptItem.attempt_id == attempt.id, AttemptItem.position)
    return {
        **values_of(attempt, *hidden),
        "items": [
            values_of(item, "attempt_id", "public", "secret", "exam_version_item_id")
            for item in items
        ],
        "responses": rows(ResponseRecord, "lease_id"),
        "revisions": rows(ResponseRevision, "lease_id"),
        "checks": rows(ItemStep, "kept", *(("fraction", "raw_fraction") if scope.is_own else ())),
        "files": rows(AttemptFile, "store", "store_key"),
        "time": rows(TimeLedgerEntry, "actor"),
        "states": [] if scope.is_own else rows(AttemptTransition, "actor"),
        "receipts": rows(Receipt),
    }


def read_scores(scope: Scope) -> list[Values]:
    """Return scores with their items: the released ones for oneself, all for others."""
    wanted = ScoreRecord.attempt_id.in_(scope.attempt_ids)
    if scope.is_own:
        released = [a.id for a in scope.attempts if a.grading_state == "released"]
        shown = select(Outcome.score_id).where(Outcome.attempt_id.in_(released))
        wanted = ScoreRecord.id.in_(shown)
    scores = scope.rows(ScoreRecord, wanted, ScoreRecord.attempt_id, ScoreRecord.version)
    return [
        {
            **values_of(score, "config_digest"),
            "items": [
                values_of(item, "score_id", "marked_by", "config_digest")
                for item in scope.rows(
                    ItemScoreRecord, ItemScoreRecord.score_id == score.id, ItemScoreRecord.id
                )
            ],
        }
        for score in scores
    ]


def read_consents(scope: Scope) -> list[Values]:
    """Return what the person agreed to or refused."""
    rows = scope.rows(Consent, Consent.session_id.in_(scope.session_ids), Consent.at, Consent.id)
    return [values_of(row, "id") for row in rows]


def read_sessions(scope: Scope) -> list[Values]:
    """Return the watched sessions: under which policy, what was recorded, what was purged."""
    return [_read_session(scope, watched) for watched in scope.sessions]


def _read_session(scope: Scope, watched: ProctoringSession) -> Values:
    def rows(table: Any, order: Any, *skip: str) -> list[Values]:
        found = scope.rows(table, table.session_id == watched.id, order)
        return [values_of(row, "session_id", *skip) for row in found]

    hidden = ["leased_by", "leased_until", "analysis_version", "user_id", "clock_offset"]
    if watched.id not in scope.told_session_ids:
        hidden.append("integrity")
    return {
        **values_of(watched, *hidden),
        "evidence": rows(Evidence, Evidence.number, "store", "store_key", "id"),
        "photos": rows(CheckInPhoto, CheckInPhoto.at, "id"),
        "purges": rows(PurgeReceipt, PurgeReceipt.at, "actor"),
    }


def read_incidents(scope: Scope) -> list[Values]:
    """Return what a person was asked to look at, and what they noted."""
    chosen = IncidentRecord.session_id.in_(scope.told_session_ids)
    rows = scope.rows(IncidentRecord, chosen, IncidentRecord.started_at, IncidentRecord.id)
    return [values_of(row, "noted_by") for row in rows]


def read_findings(scope: Scope) -> list[Values]:
    """Return what the detectors saw."""
    chosen = FindingRecord.session_id.in_(scope.told_session_ids)
    rows = scope.rows(FindingRecord, chosen, FindingRecord.started_at, FindingRecord.id)
    return [values_of(row, "config_digest", "id") for row in rows]


def read_decisions(scope: Scope) -> list[Values]:
    """Return what was decided about the sessions, and the person's appeals."""
    told = scope.told_session_ids
    decisions = scope.rows(Decision, Decision.session_id.in_(told), Decision.at, Decision.id)
    appeals = scope.rows(Appeal, Appeal.session_id.in_(scope.session_ids), Appeal.at)
    return [
        *({"type": "decision", **values_of(row, "reviewer_id")} for row in decisions),
        *({"type": "appeal", **values_of(row)} for row in appeals),
    ]


def read_messages(scope: Scope) -> list[Values]:
    """Return the conversations with proctors."""
    chosen = ProctorMessage.session_id.in_(scope.session_ids)
    rows = scope.rows(ProctorMessage, chosen, ProctorMessage.sent_at, ProctorMessage.id)
    return [values_of(row, "author_id", "operation_id") for row in rows]


def read_audit(scope: Scope) -> list[Values]:
    """Return what the audit trail says of what the person did.

    Others see as well what was done to the account, the attempts and the sessions.
    """
    chosen = AuditEntry.actor_id == scope.user_id
    if not scope.is_own:
        objects = [scope.user_id, *scope.attempt_ids, *scope.session_ids]
        about = AuditEntry.object_id.in_([str(one) for one in objects])
        chosen = or_(chosen, about)
    rows = scope.rows(AuditEntry, chosen, AuditEntry.id)
    return [
        {**values_of(row, "link_mac", "actor_id", "actor"), "by": _by(scope, row)} for row in rows
    ]


def _by(scope: Scope, entry: AuditEntry) -> str:
    if entry.actor_id == scope.user_id:
        return "this person"
    return "somebody else" if entry.actor_id else entry.actor


def list_files(scope: Scope) -> list[StoredFile]:
    """Return the evidence that is still there and the files that were handed in."""
    evidence = scope.rows(
        Evidence,
        Evidence.session_id.in_(scope.session_ids) & Evidence.purged_at.is_(None),
        Evidence.session_id,
        Evidence.number,
    )
    answers = scope.rows(
        AttemptFile,
        AttemptFile.attempt_id.in_(scope.attempt_ids),
        AttemptFile.attempt_id,
        AttemptFile.created_at,
        AttemptFile.id,
    )
    found = [
        _stored_file(
            f"evidence/{row.session_id}/{row.number:06d}-{row.sha256[:8]}"
            f".{ENDINGS.get(row.content_type, 'bin')}",
            row,
        )
        for row in evidence
    ]
    for row in answers:
        name = SAFE.sub("_", row.name).strip(". ")[-100:] or "file"
        found.append(_stored_file(f"answers/{row.attempt_id}/{row.sha256[:8]}-{name}", row))
    return found


def _stored_file(name: str, row: Any) -> StoredFile:
    return StoredFile(name, row.sha256, row.size, row.store, row.store_key)


def values_of(row: Base, *skip: str) -> Values:
    """Return a row's columns but for `skip`, as JSON has values."""
    return {
        column.key: _plain(getattr(row, column.key))
        for column in row.__mapper__.column_attrs
        if column.key not in skip
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value) if isinstance(value, UUID | Decimal) else value


Reader = Callable[[Scope], object]

RECORDS: Mapping[str, tuple[str, Reader]] = {
    "account.json": ("is the account: login, name, e-mail address, roles.", read_account),
    "registrations.json": (
        "are the exams that you were registered for, with extra time and waivers.",
        read_registrations,
    ),
    "attempts.json": (
        "are the exams that you sat: every answer with its revisions, files, receipts, times.",
        read_attempts,
    ),
    "scores.json": ("are the points, for each attempt and each question.", read_scores),
    "consents.json": ("is what you agreed to before watched exams, and when.", read_consents),
    "sessions.json": (
        "are the watched exams: by which rules, which evidence there is, and what was purged.",
        read_sessions,
    ),
    "findings.json": ("is what programs saw in the recordings.", read_findings),
    "incidents.json": (
        "are the places in the recordings that people were asked to look at, with their notes.",
        read_incidents,
    ),
    "decisions.json": ("is what was decided about watched exams, and appeals.", read_decisions),
    "messages.json": ("are the messages with proctors during exams.", read_messages),
    "audit.json": ("is what the audit trail noted.", read_audit),
}
"""The files of an archive in order, each with what it holds and the function that reads it."""
