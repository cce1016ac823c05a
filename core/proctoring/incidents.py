"""Incidents: what fusion found, kept in step with the findings, and noted by people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.accounts.models import User
from examhall.core.audit.operations import record
from examhall.core.contracts.base import Kind
from examhall.core.contracts.detector import Detector
from examhall.core.contracts.proctoring import Incident
from examhall.core.db import after_commit, database_now
from examhall.core.errors import ForbiddenError, InvalidError, NotFoundError
from examhall.core.events.operations import emit
from examhall.core.permissions import Permission, Principal
from examhall.core.platform import Platform
from examhall.core.proctoring.access import require_somewhere
from examhall.core.proctoring.events import IncidentNoted, IncidentOpened
from examhall.core.proctoring.history import evidence_to_json
from examhall.core.proctoring.models import Evidence, IncidentRecord, ProctoringSession
from examhall.core.proctoring.operations import exam_channel
from examhall.core.proctoring.surroundings import find_surroundings
from examhall.core.registry.registry import Registry

WITHDRAWN = "Withdrawn: later samples or other rules do not bear it out."
MOST_EVIDENCE = 20
NOTED_STATES = frozenset({"open", "dismissed", "noted"})


class _Change(NamedTuple):
    row: IncidentRecord
    change: str


class _Piece(NamedTuple):
    """A stored object that an incident shows."""

    id: UUID
    content_type: str

    @property
    def can_be_seen(self) -> bool:
        """Whether people can see or hear it; an event they can only read."""
        return self.content_type.startswith(("image/", "audio/"))


def save_incidents(
    session: Session,
    platform: Platform,
    session_id: UUID,
    fused: Sequence[Incident],
    now: datetime,
) -> None:
    """Bring the stored incidents of a session in step with what fusion says now.

    An incident that grew keeps its row; one that late samples refute is withdrawn, unless a person
    has noted something about it already. Tells the wall after the commit.
    """
    watched = session.get_one(ProctoringSession, session_id)
    rows = list(
        session.scalars(
            select(IncidentRecord)
            .where(IncidentRecord.session_id == session_id)
            .order_by(IncidentRecord.started_at)
        )
    )
    distinct = {(one.kind, one.start): one for one in fused}
    matches = _match(rows, list(distinct.values()))
    pieces = _find_pieces(session, session_id, fused)
    changes: list[_Change] = []
    for incident, row in matches:
        changes += _save(session, session_id, incident, row, pieces, now)
    kept = {row.id for _, row in matches if row is not None}
    changes += [
        _withdraw(row, now)
        for row in rows
        if row.id not in kept and row.state == "open" and row.noted_by is None
    ]
    session.flush()
    for row, change in changes:
        if change == "opened":
            emit(session, IncidentOpened.of(watched, row))
        publish_incident(session, platform, watched, row, change)


def note_incident(
    session: Session,
    platform: Platform,
    principal: Principal,
    incident_id: UUID,
    state: str,
    note: str,
) -> IncidentRecord:
    """Write down what a person thinks of an incident: `open`, `dismissed` or `noted`, and why.

    Raises NotFoundError for another exam's, ForbiddenError for one of one's own session.
    """
    require_somewhere(principal, Permission.INCIDENTS_NOTE)
    if principal.user_id is None:
        raise ForbiddenError("Only a person can judge an incident.")
    if state not in NOTED_STATES:
        raise InvalidError("There is no such state.", state=sorted(NOTED_STATES))
    row = session.get(IncidentRecord, incident_id, with_for_update=True)
    if row is None or not principal.may(Permission.INCIDENTS_NOTE, row.session.exam_id):
        raise NotFoundError("There is no such incident.")
    if principal.user_id == row.session.user_id:
        raise ForbiddenError("Nobody judges what was noticed about themselves.")
    row.state, row.note, row.noted_by = state, note, principal.user_id
    row.updated_at = database_now(session)
    session.flush()
    record(session, principal, "incident.noted", "incident", row.id, state=state, note=note)
    emit(session, IncidentNoted.of(row.session, row))
    publish_incident(session, platform, row.session, row, "noted")
    return row


def incident_title(plugins: Registry, kind: str) -> str:
    """Return the words for a kind, from the detector that finds it."""
    for detector in plugins.all(Kind.DETECTOR):
        if isinstance(detector, Detector) and kind in detector.finding_kinds:
            return detector.finding_kinds[kind]
    return kind.replace(".", ": ").replace("_", " ").capitalize()


def describe_incident(plugins: Registry, row: IncidentRecord) -> dict[str, Any]:
    """Return an incident as the API and the live stream show it."""
    return {
        "id": str(row.id),
        "session_id": str(row.session_id),
        "kind": row.kind,
        "title": incident_title(plugins, row.kind),
        "severity": row.severity,
        "confidence": row.confidence,
        "explanation": row.explanation,
        "started_at": row.started_at.isoformat(),
        "ended_at": row.ended_at.isoformat(),
        "evidence": row.evidence,
        "finding_count": row.finding_count,
        "state": row.state,
        "note": row.note,
    }


def publish_incident(
    session: Session,
    platform: Platform,
    watched: ProctoringSession,
    row: IncidentRecord,
    change: str,
) -> None:
    """Tell the wall after the commit; `change` is opened, grown, withdrawn or noted."""
    user = session.get(User, watched.user_id)
    data = {
        **describe_incident(platform.plugins, row),
        "attempt_id": str(watched.attempt_id),
        "candidate_name": user.name if user else "",
        "change": change,
    }
    channel = exam_channel(watched.exam_id)
    after_commit(session, lambda: platform.live.publish(channel, "incident", data))


def _match(
    rows: Sequence[IncidentRecord], fused: Sequence[Incident]
) -> list[tuple[Incident, IncidentRecord | None]]:
    """Pair what fusion says with what is stored: by the same start first, then by overlap."""
    free = list(rows)
    pairs: list[tuple[Incident, IncidentRecord | None]] = []
    rest: list[Incident] = []
    for incident in fused:
        row = _first(
            row for row in free if (row.kind, row.started_at) == (incident.kind, incident.start)
        )
        if row is None:
            rest.append(incident)
        else:
            free.remove(row)
            pairs.append((incident, row))
    for incident in rest:
        row = _first(row for row in free if _overlap(row, incident))
        if row is not None:
            free.remove(row)
        pairs.append((incident, row))
    return pairs


def _first(rows: Iterable[IncidentRecord]) -> IncidentRecord | None:
    return next(iter(rows), None)


def _overlap(row: IncidentRecord, incident: Incident) -> bool:
    same = row.kind == incident.kind
    return same and row.started_at <= incident.end and incident.start <= row.ended_at


def _save(
    session: Session,
    session_id: UUID,
    incident: Incident,
    row: IncidentRecord | None,
    pieces: dict[str, _Piece],
    now: datetime,
) -> list[_Change]:
    if row is not None and not _differs(row, incident):
        return []
    evidence = _show(session, session_id, incident, pieces)
    change = "grown"
    if row is None:
        row = IncidentRecord(session_id=session_id, kind=incident.kind, created_at=now)
        session.add(row)
        change = "opened"
    if row.note == WITHDRAWN and row.noted_by is None:
        row.state, row.note = "open", ""
    row.started_at, row.ended_at = incident.start, incident.end
    row.severity, row.confidence = incident.severity.value, incident.confidence
    row.explanation, row.finding_count = incident.explanation, incident.finding_count
    row.evidence = evidence
    row.updated_at = now
    return [_Change(row, change)]


def _differs(row: IncidentRecord, incident: Incident) -> bool:
    stored = (row.started_at, row.ended_at, row.severity, row.confidence, row.finding_count)
    fused = (
        incident.start,
        incident.end,
        incident.severity.value,
        incident.confidence,
        incident.finding_count,
    )
    return stored != fused or row.explanation != incident.explanation or row.note == WITHDRAWN


def _withdraw(row: IncidentRecord, now: datetime) -> _Change:
    row.state, row.note, row.updated_at = "dismissed", WITHDRAWN, now
    return _Change(row, "withdrawn")


def _show(
    session: Session, session_id: UUID, incident: Incident, pieces: dict[str, _Piece]
) -> list[dict[str, Any]]:
    """Return an incident's evidence as it is stored, with pictures where there are events only."""
    frames = list(incident.evidence[:MOST_EVIDENCE])
    if not any(pieces[frame.sha256].can_be_seen for frame in frames if frame.sha256 in pieces):
        around = find_surroundings(session, session_id, incident.start)
        pieces.update(_find(session, session_id, {frame.sha256 for frame in around}))
        frames += around
    return [
        {
            "id": str(pieces[frame.sha256].id),
            "content_type": pieces[frame.sha256].content_type,
            **evidence_to_json(frame),
        }
        for frame in frames
        if frame.sha256 in pieces
    ]


def _find_pieces(
    session: Session, session_id: UUID, fused: Sequence[Incident]
) -> dict[str, _Piece]:
    wanted = {frame.sha256 for incident in fused for frame in incident.evidence}
    return _find(session, session_id, wanted)


def _find(session: Session, session_id: UUID, addresses: set[str]) -> dict[str, _Piece]:
    rows = session.execute(
        select(Evidence.sha256, Evidence.id, Evidence.content_type).where(
            Evidence.session_id == session_id, Evidence.sha256.in_(addresses)
        )
    )
    return {row.sha256: _Piece(row.id, row.content_type) for row in rows}
