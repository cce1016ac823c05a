"""Questions from files and into files, through the format plugins."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from examhall.core.contracts.base import Kind
from examhall.core.errors import ExamhallError, InvalidError
from examhall.core.exams.models import Exam
from examhall.core.exams.placing import place_questions
from examhall.core.exams.queries import get_exam_with_structure
from examhall.core.exams.reports import get_report, keep_report, list_reports, read_report
from examhall.core.exams.transfer import (
    MAX_FILE,
    ImportedFile,
    check_questions,
    export_exam,
    export_questions,
    import_questions,
)
from examhall.core.permissions import Permission
from examhall.web.context import body_limit, platform, principal
from examhall.web.forms.parameters import read_uuid
from examhall.web.pages.questions import type_titles

blueprint = Blueprint("exchange", __name__, url_prefix="/questions/files")

Page = Response | str | tuple[str, int]


@blueprint.get("")
def show() -> str:
    """Choose a format; `exam` names the exam that is meant, without it it is the bank."""
    principal().require(Permission.QUESTIONS_WRITE)
    return _show()


@blueprint.get("/export")
def export() -> Page:
    """Hand out a file with an exam and its questions, or with the whole bank."""
    principal().require(Permission.QUESTIONS_WRITE)
    exam, key = _exam(), request.args.get("format", "json")
    try:
        if exam:
            file = export_exam(platform(), principal(), exam.id, key)
        else:
            file = export_questions(platform(), principal(), key)
    except InvalidError as error:
        return _show(not_written=error.message), error.status
    response = Response(file.content, mimetype=file.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{file.filename}"'
    return response


@blueprint.post("")
@body_limit(MAX_FILE)
def import_() -> Page:
    """Say what an import of the file would make, or import it and lead to the report."""
    principal().require(Permission.QUESTIONS_WRITE)
    exam, upload = _exam(), request.files.get("file")
    data, name = (upload.read(), upload.filename or "") if upload else (b"", "")
    key = request.form.get("format", "")
    if not data:
        return _show(error="Choose a file that is not empty."), 422
    try:
        if request.form.get("_action") == "check":
            return _show(report=check_questions(platform(), principal(), key, data, name))
        report = import_questions(platform(), principal(), key, data, name, make_exam=exam is None)
        if not report.questions:
            return _show(report=report)
        report = _place(exam, report)
        with platform().db.transaction() as session:
            row = keep_report(
                session,
                principal(),
                report,
                filename=name,
                exam_id=exam.id if exam else None,
            )
    except ExamhallError as error:
        if error.status == 403:
            raise
        return _show(error=error.message), error.status
    return redirect(url_for("exchange.show_report", report_id=row.id))


@blueprint.get("/reports/<uuid:report_id>")
def show_report(report_id: UUID) -> str:
    """Show what became of a file once more."""
    with platform().db.reading() as session:
        row = get_report(session, principal(), report_id)
    return render_template(
        "questions/report.html",
        row=row,
        report=read_report(row),
        formats=_format_titles(),
        types=type_titles(),
    )


def _place(exam: Exam | None, report: ImportedFile) -> ImportedFile:
    """Put what was imported at the end of the exam that is meant."""
    ids = [entry.question_id for entry in report.questions if entry.question_id]
    if exam is None or not ids:
        return report
    try:
        place_questions(platform(), principal(), exam.id, len(exam.sections), ids)
    except InvalidError as error:
        note = f"The questions are in the bank, but not in the exam. {error.message}"
        return replace(report, exam_notes=(*report.exam_notes, note))
    return report


def _show(report: ImportedFile | None = None, error: str = "", not_written: str = "") -> str:
    with platform().db.reading() as session:
        reports = list_reports(session, principal())
    return render_template(
        "questions/files.html",
        exam=_exam(),
        formats=platform().plugins.all(Kind.FORMAT),
        titles=_format_titles(),
        types=type_titles(),
        reports=reports,
        report=report,
        error=error,
        not_written=not_written,
    )


def _format_titles() -> dict[str, str]:
    return {one.key: one.title for one in platform().plugins.all(Kind.FORMAT)}


def _exam() -> Exam | None:
    exam_id: UUID | None = read_uuid(request.args.get("exam"))
    if exam_id is None:
        return None
    with platform().db.reading() as session:
        return get_exam_with_structure(session, principal(), exam_id)
