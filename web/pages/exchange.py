"""Questions from files and into files, through the format plugins."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from examhall.core.contracts.base import Kind
from examhall.core.errors import ExamhallError
from examhall.core.exams.models import Exam
from examhall.core.exams.placing import place_questions
from examhall.core.exams.queries import get_exam_with_structure
from examhall.core.exams.transfer import (
    MAX_FILE,
    ImportedFile,
    export_questions,
    import_questions,
)
from examhall.core.permissions import Permission
from examhall.web.context import body_limit, platform, principal
from examhall.web.forms.parameters import read_uuid

blueprint = Blueprint("exchange", __name__, url_prefix="/questions/files")

Page = Response | str | tuple[str, int]


@blueprint.get("")
def show() -> str:
    """Choose a format; `exam` names the exam that is meant, without it it is the bank."""
    principal().require(Permission.QUESTIONS_WRITE)
    return _show()


@blueprint.get("/export")
def export() -> Response:
    """Hand out a file with the questions of an exam, or of the whole bank."""
    exam = _exam()
    ids = [item.question_id for part in exam.sections for item in part.items] if exam else []
    file = export_questions(platform(), principal(), request.args.get("format", "json"), ids)
    response = Response(file.content, mimetype=file.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{file.filename}"'
    return response


@blueprint.post("")
@body_limit(MAX_FILE)
def import_() -> Page:
    """Read a file into the bank, and into the exam that is meant, and say what became of it."""
    principal().require(Permission.QUESTIONS_WRITE)
    exam, upload = _exam(), request.files.get("file")
    data = upload.read() if upload else b""
    if not data:
        return _show(error="Choose a file that is not empty."), 422
    try:
        report = import_questions(platform(), principal(), request.form.get("format", ""), data)
    except ExamhallError as error:
        if error.status == 403:
            raise
        return _show(error=error.message), error.status
    ids = [entry.question_id for entry in report.questions if entry.question_id]
    if exam and ids:
        place_questions(platform(), principal(), exam.id, len(exam.sections), ids)
    return _show(report=report)


def _show(report: ImportedFile | None = None, error: str = "") -> str:
    formats = platform().plugins.all(Kind.FORMAT)
    return render_template(
        "questions/files.html", exam=_exam(), formats=formats, report=report, error=error
    )


def _exam() -> Exam | None:
    exam_id: UUID | None = read_uuid(request.args.get("exam"))
    if exam_id is None:
        return None
    with platform().db.reading() as session:
        return get_exam_with_structure(session, principal(), exam_id)
