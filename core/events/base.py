"""The shape of domain events: past-tense frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID


class Topic(StrEnum):
    """Where an event belongs."""

    USER = "user.events"
    COURSE = "course.events"
    ASSESSMENT = "assessment.events"
    CERTIFICATION = "certification.events"
    PROCTORING = "proctoring.events"
    PROVIDER = "provider.events"


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainEvent:
    """Something that happened; fields that a subclass adds travel as `metadata`.

    Events of one `subject` (`attempt:<id>`) reach every sink in order.
    """

    event_type: ClassVar[str]
    topic: ClassVar[Topic]

    subject: str
    user_id: UUID | None = None
    exam_id: UUID | None = None
    course_id: str = ""

    def metadata(self) -> dict[str, Any]:
        """Return the subclass's own fields in a form that JSON can carry."""
        shared = {"subject", "user_id", "exam_id", "course_id"}
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self) if f.name not in shared}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | dict | list):
        return value
    return str(value)
