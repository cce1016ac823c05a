"""Regrades of an exam: what could be counted anew, how far it is, the difference, the release."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from examhall.core.errors import ConflictError, InvalidError
from examhall.core.exams.queries import get_exam
from examhall.core.permissions import Permission
from examhall.core.regrading.operations import (
    Replacement,
    discard_regrade,
    release_regrade,
    start_regrade,
)
from examhall.core.regrading.options import find_options
from examhall.core.regrading.queries import (
    get_summary,
    list_changes,
    list_question_changes,
    list_runs,
    read_changes,
)
from examhall.web.context import platform, principal
from examhall.web.csv_files import csv_file
from examhall.web.forms.parameters import read_uuid

blueprint = Blueprint("regrades", __name__)

Page = Response | str


@blueprint.get("/exams/<uuid:exam_id>/regrades")
def index(exam_id: UUID) -> str:
    """Show what a regrade could do, and those that there were."""
    options = find_options(platform(), principal(), exam_id)
    with platform().db.reading() as session:
        exam = get_exam(session, principal(), exam_id, Permission.SCORES_READ)
        runs = list_runs(session, principal(), exam_id)
    return render_template("exams/regrades.html", exam=exam, options=options, runs=runs)


@blueprint.post("/exams/<uuid:exam_id>/regrades")
def start(exam_id: UUID) -> Response:
    """Begin to count."""
    ids = [found for text in request.form.getlist("question") if (found := read_uuid(text))]
    scoring = None
    try:
        if request.form.get("scoring"):
            scoring = find_options(platform(), principal(), exam_id).scoring
        run = start_regrade(
            platform(),
            principal(),
            exam_id,
            questions=[Replacement(one) for one in dict.fromkeys(ids)],
            scoring=scoring,
            reason=request.form.get("reason", "").strip(),
        )
    except (ConflictError, InvalidError) as error:
        flash(error.message, "warn")
        for problem in error.details.get("problems", ()):
            flash(str(problem.get("message", "")), "warn")
        return redirect(url_for("regrades.index", exam_id=exam_id))
    return redirect(url_for("regrades.show", run_id=run.id))


@blueprint.get("/regrades/<uuid:run_id>")
def show(run_id: UUID) -> str:
    """Show how far a regrade is, and what it changes."""
    with platform().db.reading() as session:
        summary = get_summary(session, principal(), run_id)
        exam = get_exam(session, principal(), summary.run.exam_id, Permission.SCORES_READ)
        cursor = request.args.get("cursor")
        page = list_changes(session, principal(), run_id, cursor=cursor, limit=100)
        questions = list_question_changes(session, principal(), run_id)
    return render_template(
        "exams/regrade.html", exam=exam, summary=summary, page=page, questions=questions
    )


@blueprint.get("/regrades/<uuid:run_id>/changes.csv")
def download(run_id: UUID) -> Response:
    """Hand out what changes for whom."""
    head = (
        "candidate",
        "number",
        "state",
        "old_points",
        "new_points",
        "old_grade",
        "new_grade",
        "old_passed",
        "new_passed",
        "reason",
    )
    with platform().db.reading() as session:
        rows = [
            (
                row.name,
                row.candidate_number,
                row.attempt.state,
                row.attempt.old_points,
                row.attempt.new_points,
                row.attempt.old_grade,
                row.attempt.new_grade,
                row.attempt.old_passed,
                row.attempt.new_passed,
                row.attempt.reason,
            )
            for row in read_changes(session, principal(), run_id)
        ]
    return csv_file("regrade.csv", head, rows)


@blueprint.post("/regrades/<uuid:run_id>/release")
def release(run_id: UUID) -> Response:
    """Release what was counted."""
    return _change(run_id, release_regrade, "The new results are being released.")


@blueprint.post("/regrades/<uuid:run_id>/discard")
def discard(run_id: UUID) -> Response:
    """Give the regrade up."""
    return _change(run_id, discard_regrade, "The regrade is discarded. All scores stay.")


def _change(run_id: UUID, operation: Callable[..., object], told: str) -> Response:
    try:
        operation(platform(), principal(), run_id)
        flash(told)
    except ConflictError as error:
        flash(error.message, "warn")
    return redirect(url_for("regrades.show", run_id=run_id))
