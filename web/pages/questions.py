"""The question bank: search, an editor made from each type's schema, preview, versions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from examhall.core.contracts.base import Kind
from examhall.core.errors import ExamhallError
from examhall.core.exams.bank import list_questions
from examhall.core.exams.operations import add_question_version, archive_question, create_question
from examhall.core.exams.placing import place_questions
from examhall.core.exams.queries import (
    get_question,
    get_question_version,
    list_question_versions,
)
from examhall.core.permissions import Permission
from examhall.web.context import platform, principal
from examhall.web.forms.parameters import read_number, read_uuid
from examhall.web.pages.question_editor import Editor

blueprint = Blueprint("questions", __name__, url_prefix="/questions")

Page = Response | str | tuple[str, int]


def type_titles() -> dict[str, str]:
    """Return the titles of the question types in use, by key."""
    types = platform().plugins.all(Kind.QUESTION_TYPE)
    return {one.key: one.title for one in sorted(types, key=lambda one: one.title)}


@blueprint.get("")
def index() -> str:
    """Search the bank."""
    search, type_key = request.args.get("search", ""), request.args.get("type", "")
    archived = request.args.get("archived") == "1"
    with platform().db.reading() as session:
        page = list_questions(
            session,
            principal(),
            search=search.strip(),
            type_key=type_key,
            archived=archived,
            cursor=request.args.get("cursor"),
        )
    filters = {"search": search, "type": type_key, "archived": "1" if archived else None}
    return render_template(
        "questions/list.html", page=page, types=type_titles(), filters=filters, archived=archived
    )


@blueprint.get("/new")
def new() -> str:
    """Choose a type, then write a question of it."""
    principal().require(Permission.QUESTIONS_WRITE)
    type_key = request.args.get("type")
    if not type_key:
        types = sorted(platform().plugins.all(Kind.QUESTION_TYPE), key=lambda one: one.title)
        return render_template("questions/types.html", types=types, place=_place())
    editor = Editor.empty(platform(), type_key, example=request.args.get("example") == "1")
    return _show_editor(editor)


@blueprint.post("/new")
def create() -> Page:
    """Store a new question, or show the form again."""
    principal().require(Permission.QUESTIONS_WRITE)
    type_key = request.form.get("_type") or request.form.get("type", "")
    editor = Editor.sent(platform(), type_key, request.form)
    if not editor.wants_saving:
        return _show_editor(editor)
    try:
        editor.require_readable()
        question = create_question(
            platform(),
            principal(),
            title=editor.title,
            type=editor.type.key,
            content=editor.values,
        )
    except ExamhallError as error:
        return _show_editor(editor.refused(error)), error.status
    exam_id, section = _place()
    if exam_id is None:
        flash(f"“{question.title}” is in the bank.")
        return redirect(url_for("questions.edit", question_id=question.id))
    place_questions(platform(), principal(), exam_id, section, [question.id])
    flash(f"“{question.title}” was added to the exam.")
    return redirect(url_for("exams.show", exam_id=exam_id, _anchor=f"section-{section}"))


@blueprint.get("/<uuid:question_id>")
def edit(question_id: UUID) -> str:
    """Show a question in its editor; `version` shows an older one."""
    number = read_number(request.args.get("version"))
    with platform().db.reading() as session:
        question = get_question(session, principal(), question_id)
        version = get_question_version(session, principal(), question_id, number)
        versions = list_question_versions(session, principal(), question_id)
    editor = Editor.stored(platform(), question, version)
    return _show_editor(editor, question=question, version=version, versions=versions)


@blueprint.post("/<uuid:question_id>")
def save(question_id: UUID) -> Page:
    """Write the next version, or show the form again."""
    with platform().db.reading() as session:
        question = get_question(session, principal(), question_id)
        version = get_question_version(session, principal(), question_id)
        versions = list_question_versions(session, principal(), question_id)
    editor = Editor.sent(platform(), question.type, request.form)
    known = {"question": question, "version": version, "versions": versions}
    if not editor.wants_saving:
        return _show_editor(editor, **known)
    try:
        editor.require_readable()
        stored = add_question_version(
            platform(), principal(), question_id, editor.values, title=editor.title
        )
    except ExamhallError as error:
        return _show_editor(editor.refused(error), **known), error.status
    same = stored.number == version.number
    flash("Nothing has changed." if same else f"Saved as version {stored.number}.")
    exam_id, section = _place()
    if exam_id is not None:
        return redirect(url_for("exams.show", exam_id=exam_id, _anchor=f"section-{section}"))
    return redirect(url_for("questions.edit", question_id=question_id))


@blueprint.post("/<uuid:question_id>/archive")
def archive(question_id: UUID) -> Response:
    """Take a question out of the bank's list, or bring it back."""
    archived = request.form.get("archived") == "1"
    with platform().db.transaction() as session:
        archive_question(session, principal(), question_id, archived=archived)
    flash("The question is archived." if archived else "The question is back in the bank.")
    return redirect(url_for("questions.edit", question_id=question_id))


def _show_editor(editor: Editor, **known: Any) -> str:
    editor.draw(platform(), principal())
    return render_template("questions/editor.html", editor=editor, place=_place(), **known)


def _place() -> tuple[UUID | None, int]:
    """Return the exam and section that the author came from, as the address names them."""
    section = read_number(request.values.get("section")) or 0
    return read_uuid(request.values.get("exam")), section
