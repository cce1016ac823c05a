"""What happens in a review, as domain events."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from examhall.core.proctoring.events import ProctoringEvent
from examhall.core.proctoring.models import ProctoringSession
from examhall.core.review.models import Appeal, Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionDecided(ProctoringEvent):
    """A reviewer decided about a session; `released` says whether the candidate sees it now."""

    event_type: ClassVar[str] = "proctoring.session_decided"

    decision_id: str = ""
    round: str = ""
    outcome: str = ""
    incidents: int = 0
    released: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionAppealed(ProctoringEvent):
    """The candidate appealed against the decision."""

    event_type: ClassVar[str] = "proctoring.session_appealed"

    appeal_id: str = ""


def session_decided(
    watched: ProctoringSession, decision: Decision, *, released: bool
) -> SessionDecided:
    """Return the event for a decision."""
    return replace(
        SessionDecided.of(watched),
        decision_id=str(decision.id),
        round=decision.round,
        outcome=decision.outcome,
        incidents=len(decision.incidents),
        released=released,
    )


def session_appealed(watched: ProctoringSession, appeal: Appeal) -> SessionAppealed:
    """Return the event for an appeal."""
    return replace(SessionAppealed.of(watched), appeal_id=str(appeal.id))
