"""An exam's results: every attempt with its newest score, and the release."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from examhall.core.errors import ConflictError
from examhall.core.exams.queries import get_exam
from examhall.core.scoring.operations import release_outcome
from examhall.core.scoring.queries import list_scores
from examhall.web.context import platform, principal
from examhall.web.forms.parameters import read_uuid

blueprint = Blueprint("results", __name__, url_prefix="/exams")


@blueprint.get("/<uuid:exam_id>/results")
def index(exam_id: UUID) -> str:
    """List attempts and scores."""
    with platform().db.reading() as session:
        exam = get_exam(session, principal(), exam_id)
        page = list_scores(
            session, principal(), exam_id, cursor=request.args.get("cursor"), limit=100
        )
    return render_template("exams/results.html", exam=exam, page=page)


@blueprint.post("/<uuid:exam_id>/results")
def release(exam_id: UUID) -> Response:
    """Release the chosen attempts' results; those that cannot be are named."""
    ids = [found for text in request.form.getlist("attempt") if (found := read_uuid(text))]
    released, refused = 0, set()
    for attempt_id in ids:
        try:
            release_outcome(platform(), principal(), attempt_id)
            released += 1
        except ConflictError as error:
            refused.add(error.message)
    if released:
        flash("1 result is released." if released == 1 else f"{released} results are released.")
    for reason in sorted(refused):
        flash(f"Not released: {reason}", "warn")
    if not ids:
        flash("Tick at least one attempt.", "warn")
    return redirect(url_for("results.index", exam_id=exam_id))
