"""What a candidate sees of a review: the decision, what counts against them, and its evidence."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from examhall.core.attempts.models import Attempt
from examhall.core.attempts.states import ReviewState
from examhall.core.db import database_now
from examhall.core.errors import ForbiddenError, NotFoundError
from examhall.core.permissions import Principal
from examhall.core.platform import Platform
from examhall.core.proctoring.evidence import (
    EvidenceContent,
    EvidenceLink,
    read_evidence,
    sign_link,
)
from examhall.core.proctoring.links import Links, link_pieces
from examhall.core.proctoring.models import Evidence, ProctoringSession
from examhall.core.proctoring.operations import get_own_session
from examhall.core.review.models import Appeal, Decision
from examhall.core.review.reading import (
    counting_decision,
    find_appeal,
    list_decisions,
    read_days,
)
from examhall.core.review.rules import APPEALABLE, RELEASED, Outcome, Round, appeal_ends


@dataclass(frozen=True, slots=True)
class OwnDecision:
    """A decision as its candidate reads it; no reviewer is named."""

    round: str
    outcome: str
    reason: str
    at: datetime
    incidents: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class OwnReview:
    """All that a candidate learns of the review of their attempt.

    `reviewers` counts the people whose decisions led to `decision`; `on_appeal` is what became of
    the appeal. `can_appeal` holds until `appeal_ends`.
    """

    state: str
    reviewers: int
    decision: OwnDecision
    appeal: Appeal | None
    on_appeal: OwnDecision | None
    can_appeal: bool
    appeal_ends: datetime


def find_own_review(session: Session, principal: Principal, attempt_id: UUID) -> OwnReview | None:
    """Return what was decided about one's own attempt; None before that, or unwatched."""
    try:
        watched = get_own_session(session, principal, attempt_id=attempt_id)
    except NotFoundError:
        return None
    state = session.get_one(Attempt, watched.attempt_id).review_state
    if state not in RELEASED:
        return None
    decisions = list_decisions(session, watched.id)
    appeal = find_appeal(session, watched.id)
    before = [one for one in decisions if one.round != Round.APPEAL]
    released = counting_decision(before)
    ends = appeal_ends(released.at, read_days(watched))
    return OwnReview(
        state=state,
        reviewers=len(before),
        decision=_own(released),
        appeal=appeal,
        on_appeal=_own(decisions[-1]) if state == ReviewState.FINAL else None,
        can_appeal=(
            appeal is None
            and Outcome(released.outcome) in APPEALABLE
            and database_now(session) <= ends
        ),
        appeal_ends=ends,
    )


def make_own_links(
    platform: Platform, principal: Principal, attempt_id: UUID, ids: Sequence[UUID]
) -> Links:
    """Return links to evidence that counts against the candidate who asks; audited.

    Raises NotFoundError for any other piece, and before the decision is released.
    """
    with platform.db.transaction() as session:
        watched = _require_released(session, principal, attempt_id)
        if not set(ids) <= _shown_pieces(session, watched):
            raise NotFoundError("There is no such evidence.")
        return link_pieces(session, platform, principal, watched.id, ids)


def open_own_link(
    platform: Platform, principal: Principal, attempt_id: UUID, link: EvidenceLink
) -> EvidenceContent:
    """Return what a link shows to the candidate for whom it was made, while it lasts.

    Raises NotFoundError for what does not count against them, ForbiddenError for a link that is
    forged, expired or somebody else's.
    """
    with platform.db.reading() as session:
        watched = _require_released(session, principal, attempt_id)
        expected = sign_link(platform, link.evidence_id, link.user_id, link.expires)
        is_ours = hmac.compare_digest(expected.encode(), link.signature.encode())
        if not is_ours or link.user_id != principal.user_id:
            raise ForbiddenError("This link was not made for you.")
        if database_now(session).timestamp() > link.expires:
            raise ForbiddenError("This link has expired. Ask for a new one.")
        row = session.get(Evidence, link.evidence_id)
        if row is None or row.id not in _shown_pieces(session, watched):
            raise NotFoundError("There is no such evidence.")
    return read_evidence(platform, row)


def _require_released(
    session: Session, principal: Principal, attempt_id: UUID
) -> ProctoringSession:
    watched = get_own_session(session, principal, attempt_id=attempt_id)
    if session.get_one(Attempt, watched.attempt_id).review_state not in RELEASED:
        raise NotFoundError("Nothing is decided about this attempt.")
    return watched


def _shown_pieces(session: Session, watched: ProctoringSession) -> set[UUID]:
    """Return the evidence of the incidents that count in what the candidate is shown."""
    decisions = list_decisions(session, watched.id)
    before = [one for one in decisions if one.round != Round.APPEAL]
    shown = [counting_decision(before), *decisions[len(before) :]]
    return {
        UUID(frame["id"])
        for decision in shown
        for incident in decision.incidents
        for frame in incident["evidence"]
    }


def _own(decision: Decision) -> OwnDecision:
    return OwnDecision(
        round=decision.round,
        outcome=decision.outcome,
        reason=decision.reason,
        at=decision.at,
        incidents=decision.incidents,
    )
