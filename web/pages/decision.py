"""The candidate's appeal against what was decided about their session."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from examhall.core.errors import InvalidError
from examhall.core.review.operations import appeal_decision
from examhall.web.context import platform, principal
from examhall.web.pages.candidate import show_result

blueprint = Blueprint("decision", __name__)

Page = Response | tuple[str | Response, int]


@blueprint.post("/attempts/<uuid:attempt_id>/appeal")
def appeal(attempt_id: UUID) -> Page:
    """Take the appeal, or say what is missing."""
    comment = request.form.get("comment", "")
    try:
        with platform().db.transaction() as session:
            appeal_decision(session, principal(), attempt_id, comment)
    except InvalidError as error:
        return show_result(attempt_id, appeal_error=error.message, comment=comment), error.status
    address = url_for("candidate.result", attempt_id=attempt_id)
    return redirect(f"{address}#review-of-session")
