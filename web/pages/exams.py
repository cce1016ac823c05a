"""Exams: the list, the builder of sections and items, preview, publication, versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from examhall.core.errors import ExamhallError, InvalidError
from examhall.core.exams.bank import list_questions, list_tags
from examhall.core.exams.copies import bring_back_exam, duplicate_exam
from examhall.core.exams.draws import find_pools
from examhall.core.exams.models import Exam, Question
from examhall.core.exams.operations import archive_exam, create_exam
from examhall.core.exams.placing import place_questions
from examhall.core.exams.preview import preview_exam
from examhall.core.exams.publication import publish_exam
from examhall.core.exams.queries import (
    get_exam,
    get_exam_with_structure,
    list_exams,
    list_versions,
)
from examhall.core.exams.structure import replace_structure
from examhall.core.permissions import Permission
from examhall.web.context import platform, principal
from examhall.web.forms.errors import error_messages, reword
from examhall.web.forms.parameters import read_number, read_uuid
from examhall.web.pages.exam_structure import Structure, count_for_candidate, problem_link
from examhall.web.pages.question_editor import read_raw
from examhall.web.pages.questions import type_titles

blueprint = Blueprint("exams", __name__, url_prefix="/exams")

Page = Response | str | tuple[str, int]


@blueprint.get("")
def index() -> str:
    """List the exams."""
    return _index({})


@blueprint.post("")
def create() -> Page:
    """Make an empty exam and open it."""
    title = request.form.get("title", "")
    try:
        with platform().db.transaction() as session:
            exam = create_exam(session, principal(), title)
    except InvalidError as error:
        return _index(error_messages(error), title), error.status
    flash(f"“{exam.title}” was made. Add questions, then publish it.")
    return redirect(url_for("exams.show", exam_id=exam.id))


@blueprint.get("/<uuid:exam_id>")
def show(exam_id: UUID) -> str:
    """Show the builder."""
    exam = _exam(exam_id)
    return _show(exam, Structure.stored(exam))


@blueprint.post("/<uuid:exam_id>")
def save(exam_id: UUID) -> Page:
    """Store sections and items as the pressed button leaves them, or show the form again."""
    structure = Structure.sent(request.form)
    try:
        with platform().db.transaction() as session:
            plan = structure.plan()
            replace_structure(session, principal(), exam_id, structure.revision, plan)
    except ExamhallError as error:
        if error.status not in {409, 422}:
            raise
        return _show(_exam(exam_id), structure.refused(error)), error.status
    verb, _, section = structure.action.partition(":")
    if verb == "bank":
        return redirect(url_for("exams.choose", exam_id=exam_id, section=section))
    if verb == "new":
        return redirect(url_for("questions.new", exam=exam_id, section=section))
    if verb == "save":
        flash("Saved.")
    anchor = structure.anchor
    return redirect(url_for("exams.show", exam_id=exam_id, focus=anchor, _anchor=anchor))


@blueprint.get("/<uuid:exam_id>/add")
def choose(exam_id: UUID) -> str:
    """Search the bank for questions to add to a section."""
    exam = _exam(exam_id)
    principal().require(Permission.EXAMS_WRITE, exam_id)
    search, type_key = request.args.get("search", ""), request.args.get("type", "")
    tag = request.args.get("tag", "")
    with platform().db.reading() as session:
        page = list_questions(
            session,
            principal(),
            search=search.strip(),
            type_key=type_key,
            tags=[tag] if tag else [],
            cursor=request.args.get("cursor"),
        )
        tags = list_tags(session, principal())
    section = read_number(request.args.get("section")) or 0
    filters = {"search": search, "type": type_key, "tag": tag, "section": section}
    inside = {item.question_id for part in exam.sections for item in part.items}
    return render_template(
        "exams/choose.html",
        exam=exam,
        page=page,
        types=type_titles(),
        tags=tags,
        filters=filters,
        section=section,
        inside=inside,
    )


@blueprint.post("/<uuid:exam_id>/add")
def add(exam_id: UUID) -> Page:
    """Add the ticked questions to a section."""
    _exam(exam_id)
    principal().require(Permission.EXAMS_WRITE, exam_id)
    section = read_number(request.form.get("section")) or 0
    ids = [found for text in request.form.getlist("question") if (found := read_uuid(text))]
    if not ids:
        flash("Tick at least one question.", "warn")
        return redirect(url_for("exams.choose", exam_id=exam_id, section=section))
    place_questions(platform(), principal(), exam_id, section, ids)
    flash("1 question was added." if len(ids) == 1 else f"{len(ids)} questions were added.")
    return redirect(url_for("exams.show", exam_id=exam_id, _anchor=f"section-{section}"))


@blueprint.get("/<uuid:exam_id>/preview")
def preview(exam_id: UUID) -> str:
    """Show the exam as a candidate will see it."""
    return _preview(exam_id, read_number(request.args.get("seed")) or 1, {})


@blueprint.post("/<uuid:exam_id>/preview/<int:number>")
def try_answer(exam_id: UUID, number: int) -> str:
    """Show the preview with an answer to one question scored; nothing is stored."""
    seed = read_number(request.form.get("_seed")) or 1
    return _preview(exam_id, seed, {number: read_raw(request.form)})


@blueprint.post("/<uuid:exam_id>/publish")
def publish(exam_id: UUID) -> Page:
    """Publish, or list all that is in the way."""
    try:
        version = publish_exam(platform(), principal(), exam_id)
    except InvalidError as error:
        exam = _exam(exam_id)
        problems = _problems(exam, error.details.get("problems", []))
        return _show(exam, Structure.stored(exam), problems), error.status
    flash(f"Version {version.number} is published. New attempts get this one.")
    return redirect(url_for("exams.show", exam_id=exam_id))


@blueprint.post("/<uuid:exam_id>/archive")
def archive(exam_id: UUID) -> Response:
    """Put the exam away."""
    revision = read_number(request.form.get("revision")) or 0
    with platform().db.transaction() as session:
        archive_exam(session, principal(), exam_id, revision)
    flash("The exam is archived: nobody can be registered for it any more.")
    return redirect(url_for("exams.index"))


@blueprint.post("/<uuid:exam_id>/restore")
def bring_back(exam_id: UUID) -> Response:
    """Take the exam out of the archive."""
    revision = read_number(request.form.get("revision")) or 0
    with platform().db.transaction() as session:
        bring_back_exam(session, principal(), exam_id, revision)
    flash("The exam is back.")
    return redirect(url_for("exams.show", exam_id=exam_id))


@blueprint.post("/<uuid:exam_id>/duplicate")
def duplicate(exam_id: UUID) -> Response:
    """Make a draft with the same settings and questions, and open it."""
    with platform().db.transaction() as session:
        copy = duplicate_exam(session, principal(), exam_id)
    flash(f"“{copy.title}” was made. It has no candidates yet.")
    return redirect(url_for("exams.show", exam_id=copy.id))


@blueprint.get("/<uuid:exam_id>/versions")
def versions(exam_id: UUID) -> str:
    """List what was published."""
    with platform().db.reading() as session:
        exam = get_exam(session, principal(), exam_id)
        found = list_versions(session, principal(), exam_id)
    return render_template("exams/versions.html", exam=exam, versions=found)


def _index(errors: dict[str, list[str]], title: str = "") -> str:
    search, state = request.args.get("search", ""), request.args.get("state", "")
    with platform().db.reading() as session:
        page = list_exams(
            session,
            principal(),
            search=search.strip(),
            state=state,
            cursor=request.args.get("cursor"),
        )
    filters = {"search": search, "state": state}
    return render_template(
        "exams/list.html", page=page, filters=filters, errors=errors, title_typed=title
    )


def _preview(exam_id: UUID, seed: int, answers: dict[int, dict[str, Any]]) -> str:
    exam = _exam(exam_id)
    sections = preview_exam(platform(), principal(), exam_id, seed=seed, answers=answers)
    return render_template("exams/preview.html", exam=exam, sections=sections, seed=seed)


def _exam(exam_id: UUID) -> Exam:
    with platform().db.reading() as session:
        return get_exam_with_structure(session, principal(), exam_id)


def _show(exam: Exam, structure: Structure, problems: Sequence[dict[str, Any]] = ()) -> str:
    questions: dict[str, Question] = {
        str(item.question_id): item.question for part in exam.sections for item in part.items
    }
    bank = principal().may(Permission.QUESTIONS_WRITE)
    with platform().db.reading() as session:
        pools = {pool.path: pool for pool in find_pools(session, exam).values()}
        tags = list_tags(session, principal()) if bank else []
    return render_template(
        "exams/builder.html",
        pools=pools,
        tags=tags,
        each=count_for_candidate(exam),
        exam=exam,
        structure=structure,
        questions=questions,
        problems=problems,
        types=type_titles(),
    )


def _problems(exam: Exam, problems: Sequence[dict[str, str]]) -> list[dict[str, Any]]:
    """Return what is in the way of publication, each with the place where it is mended."""
    found = []
    for problem in problems:
        endpoint, anchor, parameters = problem_link(problem["path"], exam)
        link = url_for(endpoint, _anchor=anchor, **parameters)
        found.append({"message": reword(problem["message"]), "link": link})
    return found
