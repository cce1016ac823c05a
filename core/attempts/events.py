"""What happens to attempts, as domain events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from examhall.core.events.base import DomainEvent, Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptEvent(DomainEvent):
    """Something happened to the attempt that is the subject."""

    event_type: ClassVar[str] = "attempt.changed"
    topic: ClassVar[Topic] = Topic.ASSESSMENT

    attempt_id: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptCreated(AttemptEvent):
    """A candidate opened an attempt."""

    event_type: ClassVar[str] = "attempt.created"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptStateChanged(AttemptEvent):
    """One of the three machines (`attempt`, `grading`, `review`) made a step."""

    event_type: ClassVar[str] = "attempt.state_changed"

    machine: str
    source: str
    target: str
    actor: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptStarted(AttemptStateChanged):
    """The clock runs."""

    event_type: ClassVar[str] = "attempt.started"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptPaused(AttemptStateChanged):
    """A proctor stopped the clock."""

    event_type: ClassVar[str] = "attempt.paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptResumed(AttemptStateChanged):
    """The clock runs again."""

    event_type: ClassVar[str] = "attempt.resumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptSubmitted(AttemptStateChanged):
    """The attempt was handed in: by the candidate, the deadline, a proctor or the system."""

    event_type: ClassVar[str] = "attempt.submitted"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptTerminated(AttemptStateChanged):
    """A proctor ended the attempt."""

    event_type: ClassVar[str] = "attempt.terminated"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptTimeGranted(AttemptEvent):
    """A person gave the attempt more seconds."""

    event_type: ClassVar[str] = "attempt.time_granted"

    seconds: str
    actor: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LateResponsesTaken(AttemptEvent):
    """Responses that were waiting on the candidate's device came in after the deadline."""

    event_type: ClassVar[str] = "attempt.late_responses_taken"

    receipt_number: int
