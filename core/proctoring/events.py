"""What happens in proctoring, as domain events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from examhall.core.events.base import DomainEvent, Topic
from examhall.core.proctoring.models import IncidentRecord, ProctoringSession


@dataclass(frozen=True, slots=True, kw_only=True)
class ProctoringEvent(DomainEvent):
    """Something about the proctoring session of the attempt that is the subject."""

    event_type: ClassVar[str] = "proctoring.changed"
    topic: ClassVar[Topic] = Topic.PROCTORING

    session_id: str

    @classmethod
    def of(cls, watched: ProctoringSession) -> Self:
        """Return the event for a session."""
        return cls(
            subject=f"attempt:{watched.attempt_id}",
            user_id=watched.user_id,
            exam_id=watched.exam_id,
            session_id=str(watched.id),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProctoringSessionOpened(ProctoringEvent):
    """A candidate's attempt is watched from now on."""

    event_type: ClassVar[str] = "proctoring.session_opened"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProctoringSessionClosed(ProctoringEvent):
    """The watched part is over; queued chunks may still come in."""

    event_type: ClassVar[str] = "proctoring.session_closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProctoringSessionSealed(ProctoringEvent):
    """Everything is analysed, and the evidence chain has ended."""

    event_type: ClassVar[str] = "proctoring.session_sealed"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentEvent(DomainEvent):
    """Something about one incident of a session."""

    event_type: ClassVar[str] = "proctoring.incident_changed"
    topic: ClassVar[Topic] = Topic.PROCTORING

    session_id: str
    incident_id: str
    kind: str
    severity: str
    started_at: str

    @classmethod
    def of(cls, watched: ProctoringSession, incident: IncidentRecord) -> Self:
        """Return the event for an incident."""
        return cls(
            subject=f"attempt:{watched.attempt_id}",
            user_id=watched.user_id,
            exam_id=watched.exam_id,
            session_id=str(watched.id),
            incident_id=str(incident.id),
            kind=incident.kind,
            severity=incident.severity,
            started_at=incident.started_at.isoformat(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentOpened(IncidentEvent):
    """Fusion made an incident for a person to look at."""

    event_type: ClassVar[str] = "proctoring.incident_opened"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentNoted(IncidentEvent):
    """A person looked at an incident and dismissed or noted it."""

    event_type: ClassVar[str] = "proctoring.incident_noted"
