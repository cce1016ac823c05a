"""Reading decisions and appeals of one session."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.proctoring.models import ProctoringSession
from examhall.core.review.models import Appeal, Decision
from examhall.core.review.rules import Round

USUAL_DAYS = 14
_ORDER = list(Round)


def list_decisions(session: Session, session_id: UUID) -> list[Decision]:
    """Return the decisions about a session, the first round first."""
    rows = session.scalars(select(Decision).where(Decision.session_id == session_id))
    return order_decisions(rows)


def order_decisions(rows: Iterable[Decision]) -> list[Decision]:
    """Return decisions about one session in the order of their rounds."""
    return sorted(rows, key=lambda row: _ORDER.index(Round(row.round)))


def find_appeal(session: Session, session_id: UUID) -> Appeal | None:
    """Return the candidate's appeal, None without one."""
    return session.scalar(select(Appeal).where(Appeal.session_id == session_id))


def counting_decision(decisions: Sequence[Decision]) -> Decision:
    """Return the decision that counts: the last round's. Raises IndexError for none."""
    return decisions[-1]


def are_differing(decisions: Sequence[Decision]) -> bool:
    """Say whether the two reviewers concluded differently."""
    pair = [one for one in decisions if one.round != Round.APPEAL]
    if len(pair) < 2:
        return False
    first, second = pair
    return first.outcome != second.outcome or {one["id"] for one in first.incidents} != {
        one["id"] for one in second.incidents
    }


def read_days(watched: ProctoringSession) -> int:
    """Return how many days the candidate has for an appeal."""
    return int(watched.policy.get("appeal_days", USUAL_DAYS))
