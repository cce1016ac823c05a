"""The report about one session: a page, and the documents that plugins make of it."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, render_template

from examhall.core.review.report import build_document, list_session_reports, make_report
from examhall.web.context import platform, principal

blueprint = Blueprint("review_report", __name__, url_prefix="/review")


@blueprint.get("/<uuid:session_id>/report")
def show(session_id: UUID) -> str:
    """Show the report."""
    report = make_report(platform(), principal(), session_id)
    return render_template(
        "review/report.html",
        report=report,
        session_id=session_id,
        documents=list_session_reports(platform()),
        data={"links": f"/proctoring/sessions/{session_id}/links"},
    )


@blueprint.get("/<uuid:session_id>/report/<key>")
def download(session_id: UUID, key: str) -> Response:
    """Hand out the report as the document that a plugin makes of it."""
    document = build_document(platform(), principal(), session_id, key)
    response = Response(document.content, mimetype=document.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{document.filename}"'
    response.headers["Cache-Control"] = "no-store"
    return response
