"""An exam's settings: time, access, scoring and proctoring, each plugin's part from its schema."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from examhall.core.errors import ExamhallError
from examhall.core.exams.models import Exam
from examhall.core.exams.operations import update_exam
from examhall.core.exams.queries import get_exam, require_for_exam
from examhall.core.permissions import Permission
from examhall.web.context import platform, principal
from examhall.web.pages.settings_form import HEAD, MARKING, TEXTS, TIME, SettingsForm

blueprint = Blueprint("exam_settings", __name__, url_prefix="/exams")

Page = Response | str | tuple[str, int]


@blueprint.get("/<uuid:exam_id>/settings")
def show(exam_id: UUID) -> str:
    """Show the settings."""
    exam = _exam(exam_id)
    return _show(exam, SettingsForm.stored(platform(), exam))


@blueprint.post("/<uuid:exam_id>/settings")
def save(exam_id: UUID) -> Page:
    """Store the settings, or show the form again."""
    exam = _exam(exam_id)
    form = SettingsForm.sent(platform(), exam, request.form)
    if not form.wants_saving:
        return _show(exam, form)
    try:
        form.require_right()
        with platform().db.transaction() as session:
            update_exam(
                session,
                principal(),
                exam_id,
                form.revision,
                title=form.head.get("title", ""),
                course_id=form.head.get("course_id", ""),
                settings=form.settings,
            )
    except ExamhallError as error:
        return _show(exam, form.refused(error)), error.status
    published = exam.state == "published"
    flash("Saved. Publish again to let new attempts have it." if published else "Saved.")
    return redirect(url_for("exam_settings.show", exam_id=exam_id))


def _show(exam: Exam, form: SettingsForm) -> str:
    return render_template(
        "exams/settings.html",
        exam=exam,
        form=form,
        head=HEAD,
        texts=TEXTS,
        time=TIME,
        marking=MARKING,
    )


def _exam(exam_id: UUID) -> Exam:
    require_for_exam(principal(), Permission.EXAMS_WRITE, exam_id)
    with platform().db.reading() as session:
        return get_exam(session, principal(), exam_id)
