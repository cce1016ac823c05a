"""Reviewing recorded sessions: the timeline, evidence in batches, decisions and appeals."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, url_for

from examhall.core.errors import NotFoundError
from examhall.core.proctoring.evidence import EvidenceLink
from examhall.core.proctoring.links import Links, make_links
from examhall.core.review import candidate, queries, timeline
from examhall.core.review.models import Appeal
from examhall.core.review.operations import NewDecision, appeal_decision, decide_session
from examhall.web.api import review_schemas as schemas
from examhall.web.api.base import ApiBlueprint
from examhall.web.api.proctoring_schemas import LinkArguments
from examhall.web.context import platform, principal
from examhall.web.evidence_files import send_evidence

blueprint = ApiBlueprint("reviews", __name__, description="Reviewing recorded sessions.")


@blueprint.route("/proctoring/sessions/<uuid:session_id>/timeline", methods=["GET"])
@blueprint.arguments(schemas.WindowArguments, location="query")
@blueprint.response(200, schemas.WindowSchema)
def show_timeline(arguments: dict[str, Any], session_id: UUID) -> timeline.Window:
    """Show what was recorded in a window of a session, of thirty minutes at most."""
    return timeline.get_window(platform(), principal(), session_id, **arguments)


@blueprint.route("/proctoring/sessions/<uuid:session_id>/links", methods=["POST"])
@blueprint.arguments(schemas.IdsSchema)
@blueprint.response(200, schemas.LinksSchema)
def link_evidence(data: dict[str, Any], session_id: UUID) -> dict[str, Any]:
    """Make links to up to 100 pieces of a session's evidence; one audit entry names them all."""
    links = make_links(platform(), principal(), session_id, data["ids"])
    return _links(links, "api_proctoring.show_evidence")


@blueprint.route("/reviews", methods=["GET"])
@blueprint.arguments(schemas.ReviewArguments, location="query")
@blueprint.response(200, schemas.ReviewPageSchema)
def list_reviews(arguments: dict[str, Any]) -> queries.ReviewPage:
    """List closed sessions of the exams that one decides about."""
    with platform().db.reading() as session:
        return queries.list_reviews(session, principal(), **arguments)


@blueprint.route("/reviews/<uuid:session_id>", methods=["GET"])
@blueprint.response(200, schemas.ReviewSchema)
def show_review(session_id: UUID) -> dict[str, Any]:
    """Show what was decided about a session."""
    return _describe(session_id)


@blueprint.route("/reviews/<uuid:session_id>/decisions", methods=["POST"])
@blueprint.arguments(schemas.NewDecisionSchema)
@blueprint.response(200, schemas.ReviewSchema)
def decide(data: dict[str, Any], session_id: UUID) -> dict[str, Any]:
    """Decide about a session in the round that is due; no score changes by it."""
    new = NewDecision(data["round"], data["outcome"], data["reason"], data["incidents"])
    here = platform()
    with here.db.transaction() as session:
        decide_session(session, here.plugins, principal(), session_id, new)
    return _describe(session_id)


@blueprint.route("/attempts/<uuid:attempt_id>/decision", methods=["GET"])
@blueprint.response(200, schemas.OwnReviewSchema)
def show_own_review(attempt_id: UUID) -> candidate.OwnReview:
    """Show the candidate what was decided about their attempt, once it is."""
    with platform().db.reading() as session:
        found = candidate.find_own_review(session, principal(), attempt_id)
    if found is None:
        raise NotFoundError("Nothing is decided about this attempt.")
    return found


@blueprint.route("/attempts/<uuid:attempt_id>/decision/links", methods=["POST"])
@blueprint.arguments(schemas.IdsSchema)
@blueprint.response(200, schemas.LinksSchema)
def link_own_evidence(data: dict[str, Any], attempt_id: UUID) -> dict[str, Any]:
    """Make links, for the candidate alone, to evidence that counts against them."""
    links = candidate.make_own_links(platform(), principal(), attempt_id, data["ids"])
    return _links(links, "api_reviews.show_own_evidence", attempt_id=attempt_id)


@blueprint.route(
    "/attempts/<uuid:attempt_id>/decision/evidence/<uuid:evidence_id>", methods=["GET"]
)
@blueprint.arguments(LinkArguments, location="query")
@blueprint.doc(responses={"200": {"description": "The evidence itself.", "content": {}}})
def show_own_evidence(arguments: dict[str, Any], attempt_id: UUID, evidence_id: UUID) -> Response:
    """Show the candidate what their link leads to."""
    link = EvidenceLink(
        evidence_id, arguments["user"], arguments["expires"], arguments["signature"]
    )
    return send_evidence(candidate.open_own_link(platform(), principal(), attempt_id, link))


@blueprint.route("/attempts/<uuid:attempt_id>/appeal", methods=["POST"])
@blueprint.arguments(schemas.NewAppealSchema)
@blueprint.response(200, schemas.AppealSchema)
def appeal(data: dict[str, Any], attempt_id: UUID) -> Appeal:
    """Appeal once against what was decided about one's own attempt."""
    with platform().db.transaction() as session:
        return appeal_decision(session, principal(), attempt_id, data["comment"])


def _links(links: Links, endpoint: str, **values: Any) -> dict[str, Any]:
    made = [
        {
            "id": one.evidence_id,
            "content_type": links.content_types[one.evidence_id],
            "url": url_for(
                endpoint,
                evidence_id=one.evidence_id,
                expires=one.expires,
                user=one.user_id,
                signature=one.signature,
                **values,
            ),
        }
        for one in links.items
    ]
    return {"links": made, "purged": links.purged, "expires_at": links.expires_at}


def _describe(session_id: UUID) -> dict[str, Any]:
    with platform().db.reading() as session:
        found = queries.get_review(session, principal(), session_id)
    return {
        "session_id": found.watched.id,
        "attempt_id": found.watched.attempt_id,
        "exam_id": found.watched.exam_id,
        "exam_title": found.exam_title,
        "candidate_name": found.candidate_name,
        "candidate_number": found.candidate_number,
        "state": found.attempt.review_state,
        "due": found.due.value if found.due else None,
        "bar": found.bar,
        "decisions": [
            {
                "round": row.round,
                "outcome": row.outcome,
                "reason": row.reason,
                "at": row.at,
                "incidents": row.incidents,
                "reviewer_name": name,
            }
            for row, name in found.decisions
        ],
        "differing": found.differing,
        "appeal": found.appeal,
        "appeal_ends": found.appeal_ends,
    }
