"""The question bank: questions with versions, import and export."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Response, request
from marshmallow import fields, validate

from examhall.core.exams.models import Question, QuestionVersion
from examhall.core.exams.operations import add_question_version, archive_question, create_question
from examhall.core.exams.queries import (
    get_question,
    get_question_version,
    list_question_versions,
    list_questions,
)
from examhall.core.exams.transfer import (
    MAX_FILE,
    ImportedFile,
    export_questions,
    import_questions,
)
from examhall.core.paging import Page
from examhall.web.api.base import (
    ApiBlueprint,
    ApiSchema,
    PageArguments,
    WholeNumber,
    body_limit,
    idempotent,
    page_schema,
)
from examhall.web.context import platform, principal

blueprint = ApiBlueprint(
    "questions", __name__, url_prefix="/questions", description="The question bank."
)

TITLE = validate.Length(1, 300)
ID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
KEY = validate.Regexp(r"^[a-z][a-z0-9_]{0,99}\Z")


class QuestionSchema(ApiSchema):
    """A question in the bank."""

    id = fields.UUID(required=True)
    title = fields.String(required=True)
    type = fields.String(required=True)
    archived = fields.Boolean(required=True)
    latest_number = WholeNumber(required=True)
    created_at = fields.DateTime(required=True)


class QuestionVersionSchema(ApiSchema):
    """What a question says, key and all."""

    id = fields.UUID(required=True)
    question_id = fields.UUID(required=True)
    number = WholeNumber(required=True)
    type = fields.String(required=True)
    content = fields.Dict(keys=fields.String(), required=True)
    content_version = WholeNumber(required=True)
    plugin_version = fields.String(required=True)
    created_at = fields.DateTime(required=True)


class FullQuestionSchema(QuestionSchema):
    """A question with its newest version."""

    version = fields.Nested(QuestionVersionSchema, required=True)


class NewQuestionSchema(ApiSchema):
    """A question to put into the bank; `content` has the form of its type's schema."""

    title = fields.String(required=True, validate=TITLE)
    type = fields.String(required=True, validate=KEY)
    content = fields.Dict(keys=fields.String(), required=True)


class NewVersionSchema(ApiSchema):
    """What a question says from now on."""

    title = fields.String(validate=TITLE)
    content = fields.Dict(keys=fields.String(), required=True)


class QuestionChangeSchema(ApiSchema):
    """Whether the question is out of the bank's list."""

    archived = fields.Boolean(required=True)


class QuestionListSchema(PageArguments):
    """Which questions are asked for."""

    search = fields.String(load_default="", validate=validate.Length(max=200))
    type = fields.String(load_default="", validate=validate.Length(max=100))
    archived = fields.Boolean(load_default=False)


class FormatSchema(ApiSchema):
    """Which format the file has."""

    format = fields.String(load_default="json", validate=KEY)


class ExportSchema(FormatSchema):
    """Which questions are written, all that are not archived without `ids`."""

    ids = fields.String(
        load_default="",
        validate=validate.Regexp(rf"^({ID}(,{ID}){{0,199}})?\Z"),
        metadata={"description": "Up to 200 identifiers, with commas between."},
    )


class ImportedSchema(ApiSchema):
    """What became of one question of a file; `notes` say what was lost or why it was refused."""

    identifier = fields.String(required=True)
    fidelity = fields.String(
        required=True, validate=validate.OneOf(["exact", "approximated", "refused"])
    )
    notes = fields.List(fields.String(), required=True)
    question_id = fields.UUID(required=True, allow_none=True)


class ImportReportSchema(ApiSchema):
    """What became of a file; with `problems` nothing was read."""

    questions = fields.List(fields.Nested(ImportedSchema), required=True)
    problems = fields.List(fields.String(), required=True)


def _full(question: Question, version: QuestionVersion) -> dict[str, Any]:
    return {**vars(question), "version": version}


@blueprint.route("", methods=["GET"])
@blueprint.arguments(QuestionListSchema, location="query")
@blueprint.response(200, page_schema(QuestionSchema))
def show_questions(query: dict[str, Any]) -> Page[Question]:
    """List the bank, the newest first."""
    query["type_key"] = query.pop("type")
    with platform().db.reading() as session:
        return list_questions(session, principal(), **query)


@blueprint.route("", methods=["POST"])
@idempotent
@body_limit(MAX_FILE)
@blueprint.arguments(NewQuestionSchema)
@blueprint.response(201, FullQuestionSchema)
def make_question(data: dict[str, Any]) -> dict[str, Any]:
    """Put a question into the bank."""
    question = create_question(platform(), principal(), **data)
    with platform().db.reading() as session:
        return _full(question, get_question_version(session, principal(), question.id))


@blueprint.route("/<uuid:question_id>", methods=["GET"])
@blueprint.response(200, FullQuestionSchema)
def show_question(question_id: UUID) -> dict[str, Any]:
    """Show a question with its newest version."""
    with platform().db.reading() as session:
        question = get_question(session, principal(), question_id)
        return _full(question, get_question_version(session, principal(), question_id))


@blueprint.route("/<uuid:question_id>", methods=["PATCH"])
@blueprint.arguments(QuestionChangeSchema)
@blueprint.response(200, QuestionSchema)
def change_question(data: dict[str, Any], question_id: UUID) -> Question:
    """Take a question out of the bank's list, or bring it back."""
    with platform().db.transaction() as session:
        return archive_question(session, principal(), question_id, archived=data["archived"])


@blueprint.route("/<uuid:question_id>/versions", methods=["GET"])
@blueprint.response(200, QuestionVersionSchema(many=True))
def show_versions(question_id: UUID) -> Sequence[QuestionVersion]:
    """List a question's versions, the newest first."""
    with platform().db.reading() as session:
        return list_question_versions(session, principal(), question_id)


@blueprint.route("/<uuid:question_id>/versions", methods=["POST"])
@idempotent
@blueprint.arguments(NewVersionSchema)
@blueprint.response(201, QuestionVersionSchema)
def make_version(data: dict[str, Any], question_id: UUID) -> QuestionVersion:
    """Write the next version; published exams keep theirs."""
    return add_question_version(
        platform(), principal(), question_id, data["content"], title=data.get("title")
    )


@blueprint.route("/import", methods=["POST"])
@idempotent
@body_limit(MAX_FILE)
@blueprint.arguments(FormatSchema, location="query")
@blueprint.response(200, ImportReportSchema)
@blueprint.doc(
    requestBody={
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
)
def read_file(query: dict[str, Any]) -> ImportedFile:
    """Read a file into the bank; the body is the file itself."""
    return import_questions(platform(), principal(), query["format"], request.get_data())


@blueprint.route("/export", methods=["GET"])
@blueprint.arguments(ExportSchema, location="query")
@blueprint.response(
    200,
    {},
    content_type="*/*",
    description="The file.",
)
def write_file(query: dict[str, Any]) -> Response:
    """Write questions of the bank into a file."""
    ids = [UUID(text) for text in query["ids"].split(",") if text]
    file = export_questions(platform(), principal(), query["format"], ids)
    response = Response(file.content, mimetype=file.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{file.filename}"'
    return response
