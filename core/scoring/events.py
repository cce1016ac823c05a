"""What happens to scores, as domain events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from examhall.core.events.base import DomainEvent, Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptScored(DomainEvent):
    """An attempt got a new score version; points are texts, nothing is rounded."""

    event_type: ClassVar[str] = "attempt.scored"
    topic: ClassVar[Topic] = Topic.ASSESSMENT

    attempt_id: str
    version: int
    points: str
    max_points: str
    complete: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeReleased(DomainEvent):
    """A result was released: the candidate sees it and partners are told."""

    event_type: ClassVar[str] = "outcome.released"
    topic: ClassVar[Topic] = Topic.CERTIFICATION

    attempt_id: str
    outcome_number: int
    points: str
    max_points: str
    grade: str
    passed: bool | None
    candidate_login: str
    candidate_number: str
    exam_title: str
