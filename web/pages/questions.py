"""The question bank: search, an editor made from each type's schema, preview, versions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from examhall.core.contracts.base import Kind
from examhall.core.errors import ExamhallError, InvalidError
from examhall.core.exams.bank import (
    archive_questions,
    change_question,
    list_questions,
    list_tags,
    tag_questions,
)
from examhall.core.exams.copies import duplicate_question
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
from examhall.web.pages.question_editor import Editor, split_tags

blueprint = Blueprint("questions", __name__, url_prefix="/questions")

Page = Response | str | tuple[str, int]


def type_titles() -> dict[str, str]:
    """Return the titles of the question types in use, by key."""
    types = platform().plugins.all(Kind.QUESTION_TYPE)
    return {one.key: one.title for one in sorted(types, key=lambda one: one.title)}


@blueprint.get("")
def index() -> str:
    """Search the bank."""
    wanted = read_filters()
    with platform().db.reading() as session:
        page = list_questions(
            session,
            principal(),
            search=wanted["search"].strip(),
            type_key=wanted["type"],
            tags=[wanted["tag"]] if wanted["tag"] else [],
            archived=bool(wanted["archived"]),
            cursor=request.args.get("cursor"),
        )
        tags = list_tags(session, principal())
    return render_template(
        "questions/list.html", page=page, types=type_titles(), tags=tags, filters=wanted
    )


def read_filters() -> dict[str, Any]:
    """Return what a list of questions is narrowed by, as the address or the form says."""
    names = ("search", "type", "tag", "archived")
    return {name: request.values.get(name, "") for name in names}


@blueprint.post("/bulk")
def change_many() -> Response:
    """Tag the ticked questions, or take them out of the bank's list."""
    principal().require(Permission.QUESTIONS_WRITE)
    action = request.form.get("_action", "")
    tags = split_tags(request.form.get("tags", ""))
    ids = [found for text in request.form.getlist("question") if (found := read_uuid(text))]
    if not ids or (action in {"add", "remove"} and not tags):
        flash("Tick some questions first." if not ids else "Write a tag first.", "warn")
        return redirect(url_for("questions.index", **read_filters()))
    try:
        with platform().db.transaction() as session:
            changed = _change_many(session, action, ids, tags)
    except InvalidError as error:
        flash(error.message, "warn")
    else:
        flash("1 question has changed." if changed == 1 else f"{changed} questions have changed.")
    return redirect(url_for("questions.index", **read_filters()))


def _change_many(session: Session, action: str, ids: list[UUID], tags: list[str]) -> int:
    match action:
        case "add":
            return tag_questions(session, principal(), ids, add=tags)
        case "remove":
            return tag_questions(session, principal(), ids, remove=tags)
        case "archive" | "back":
            return archive_questions(session, principal(), ids, archived=action == "archive")
    raise InvalidError("Choose what to do with the questions.")


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
            tags=editor.tags,
            points=editor.read_points(),
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
        points = editor.read_points()
        stored = add_question_version(
            platform(), principal(), question_id, editor.values, title=editor.title
        )
        if principal().may(Permission.QUESTIONS_WRITE):
            with platform().db.transaction() as session:
                change_question(session, principal(), question_id, tags=editor.tags, points=points)
    except ExamhallError as error:
        return _show_editor(editor.refused(error), **known), error.status
    same = stored.number == version.number
    flash("Saved." if same else f"Saved as version {stored.number}.")
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


@blueprint.post("/<uuid:question_id>/duplicate")
def duplicate(question_id: UUID) -> Response:
    """Make a copy and open it."""
    copy = duplicate_question(platform(), principal(), question_id)
    flash(f"“{copy.title}” is in the bank.")
    return redirect(url_for("questions.edit", question_id=copy.id))


def _show_editor(editor: Editor, **known: Any) -> str:
    editor.draw(platform(), principal())
    bank = principal().may(Permission.QUESTIONS_WRITE)
    with platform().db.reading() as session:
        tags = list_tags(session, principal()) if bank else []
    return render_template(
        "questions/editor.html", editor=editor, place=_place(), bank=bank, tags=tags, **known
    )


def _place() -> tuple[UUID | None, int]:
    """Return the exam and section that the author came from, as the address names them."""
    section = read_number(request.values.get("section")) or 0
    return read_uuid(request.values.get("exam")), section
