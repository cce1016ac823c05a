"""What happens to exams, as domain events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from examhall.core.events.base import DomainEvent, Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamCreated(DomainEvent):
    """Somebody made an exam."""

    event_type: ClassVar[str] = "exam.created"
    topic: ClassVar[Topic] = Topic.ASSESSMENT

    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamPublished(DomainEvent):
    """An exam was frozen into a version that candidates can take."""

    event_type: ClassVar[str] = "exam.published"
    topic: ClassVar[Topic] = Topic.ASSESSMENT

    title: str
    exam_version_id: str
    number: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateRegistered(DomainEvent):
    """A candidate got a place in an exam; `user_id` is theirs."""

    event_type: ClassVar[str] = "candidate.registered"
    topic: ClassVar[Topic] = Topic.ASSESSMENT

    registration_id: str
    candidate_number: str
