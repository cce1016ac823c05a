"""A question's versions: what each changed, how it looked, and bringing one back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from examhall.core.exams.copies import Change, compare_content, restore_question_version
from examhall.core.exams.models import QuestionVersion
from examhall.core.exams.preview import preview_question
from examhall.core.exams.queries import (
    find_user_names,
    get_question,
    get_question_version,
    list_question_versions,
)
from examhall.web.context import platform, principal
from examhall.web.forms.parameters import read_number
from examhall.web.pages.question_editor import Editor

blueprint = Blueprint("question_versions", __name__, url_prefix="/questions")

SHOWN = 50


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version with what it changed of the one before it."""

    version: QuestionVersion
    author: str
    changes: Sequence[Change]


@blueprint.get("/<uuid:question_id>/versions")
def index(question_id: UUID) -> str:
    """List the versions, the newest first."""
    with platform().db.reading() as session:
        question = get_question(session, principal(), question_id)
        versions = list_question_versions(session, principal(), question_id)
        names = find_user_names(session, [version.created_by for version in versions])
    before: list[Mapping[str, Any] | None] = [*(one.content for one in versions[1:]), None]
    rows = [
        VersionRow(
            version,
            names.get(version.created_by, "") if version.created_by else "",
            compare_content(older, version.content) if older is not None else (),
        )
        for version, older in list(zip(versions, before, strict=True))[:SHOWN]
    ]
    return render_template("questions/versions.html", question=question, rows=rows)


@blueprint.get("/<uuid:question_id>/versions/<int:number>")
def show(question_id: UUID, number: int) -> str:
    """Show a version as a candidate sees it."""
    seed = read_number(request.args.get("seed")) or 1
    with platform().db.reading() as session:
        question = get_question(session, principal(), question_id)
        version = get_question_version(session, principal(), question_id, number)
    editor = Editor.stored(platform(), question, version)
    preview = preview_question(platform(), principal(), question.type, editor.values, seed=seed)
    return render_template(
        "questions/version.html",
        question=question,
        version=version,
        preview=preview,
        described=editor.described,
        seed=seed,
    )


@blueprint.post("/<uuid:question_id>/versions/<int:number>/restore")
def restore(question_id: UUID, number: int) -> Response:
    """Make an older version the newest."""
    stored = restore_question_version(platform(), principal(), question_id, number)
    flash(f"Version {number} is back as version {stored.number}.")
    return redirect(url_for("questions.edit", question_id=question_id))
