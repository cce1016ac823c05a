"""The question bank: questions with versions, import and export."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import Response, request
from marshmallow import fields, validate

from examhall.core.exams.bank import (
    MAX_AT_ONCE,
    MAX_POINTS,
    MAX_TAG,
    MAX_TAGS,
    TagCount,
    archive_questions,
    change_question,
    list_questions,
    list_tags,
    tag_questions,
)
from examhall.core.exams.copies import (
    Change,
    compare_content,
    duplicate_question,
    restore_question_version,
)
from examhall.core.exams.models import Question, QuestionVersion
from examhall.core.exams.operations import add_question_version, create_question
from examhall.core.exams.queries import (
    get_question,
    get_question_version,
    list_question_versions,
)
from examhall.core.exams.transfer import (
    MAX_FILE,
    ImportedFile,
    check_questions,
    export_questions,
    import_questions,
)
from examhall.core.paging import Page
from examhall.web.api.base import (
    ApiBlueprint,
    ApiSchema,
    DecimalText,
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
POINTS = validate.Range(0, MAX_POINTS)
FILE = {
    "required": True,
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}
KEY = validate.Regexp(r"^[a-z][a-z0-9_]{0,99}\Z")


TAG = fields.String(validate=validate.Length(1, MAX_TAG))


class QuestionSchema(ApiSchema):
    """A question in the bank."""

    id = fields.UUID(required=True)
    title = fields.String(required=True)
    type = fields.String(required=True)
    tags = fields.List(fields.String(), required=True)
    points = DecimalText(required=True)
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
    tags = fields.List(TAG, load_default=list, validate=validate.Length(max=MAX_TAGS))
    points = DecimalText(load_default=Decimal(1), validate=POINTS)


class NewVersionSchema(ApiSchema):
    """What a question says from now on."""

    title = fields.String(validate=TITLE)
    content = fields.Dict(keys=fields.String(), required=True)


class QuestionChangeSchema(ApiSchema):
    """What to change beside the versions; `archived` questions are out of the bank's list."""

    archived = fields.Boolean()
    tags = fields.List(TAG, validate=validate.Length(max=MAX_TAGS))
    points = DecimalText(validate=POINTS)


class BulkChangeSchema(ApiSchema):
    """What to change of many questions at once."""

    ids = fields.List(
        fields.UUID(), required=True, validate=validate.Length(min=1, max=MAX_AT_ONCE)
    )
    add_tags = fields.List(TAG, load_default=list, validate=validate.Length(max=MAX_TAGS))
    remove_tags = fields.List(TAG, load_default=list, validate=validate.Length(max=MAX_TAGS))
    archived = fields.Boolean(load_default=None, allow_none=True)


class BulkResultSchema(ApiSchema):
    """How many questions changed."""

    changed = WholeNumber(required=True)


class TagSchema(ApiSchema):
    """A tag with the number of questions that have it."""

    tag = fields.String(required=True)
    questions = WholeNumber(required=True)


class ChangeSchema(ApiSchema):
    """A place where two versions differ; a text is empty where there is nothing."""

    path = fields.String(required=True)
    before = fields.String(required=True)
    after = fields.String(required=True)


class QuestionListSchema(PageArguments):
    """Which questions are asked for."""

    search = fields.String(load_default="", validate=validate.Length(max=200))
    type = fields.String(load_default="", validate=validate.Length(max=100))
    tag = fields.List(
        TAG,
        load_default=list,
        validate=validate.Length(max=20),
        metadata={"description": "Give it more than once: all of them must be there."},
    )
    archived = fields.Boolean(load_default=False)


class FormatSchema(ApiSchema):
    """Which format the file has."""

    format = fields.String(load_default="json", validate=KEY)


class ReadSchema(ApiSchema):
    """Which format the file has; where it is left empty, name and content of the file decide."""

    format = fields.String(
        load_default="json", validate=validate.Regexp(r"^([a-z][a-z0-9_]{0,99})?\Z")
    )
    filename = fields.String(load_default="", validate=validate.Length(max=300))


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
    title = fields.String(required=True)
    type = fields.String(required=True)


class ImportReportSchema(ApiSchema):
    """What became of a file; with `problems` nothing was read.

    `exam_title` is there where the file holds an exam, `exam_id` once it was made.
    """

    format = fields.String(required=True)
    exam_id = fields.UUID(required=True, allow_none=True)
    exam_title = fields.String(required=True)
    exam_notes = fields.List(fields.String(), required=True)

    questions = fields.List(fields.Nested(ImportedSchema), required=True)
    problems = fields.List(fields.String(), required=True)


def _full(question: Question, version: QuestionVersion) -> dict[str, Any]:
    return {**vars(question), "tags": question.tags, "version": version}


@blueprint.route("", methods=["GET"])
@blueprint.arguments(QuestionListSchema, location="query")
@blueprint.response(200, page_schema(QuestionSchema))
def show_questions(query: dict[str, Any]) -> Page[Question]:
    """List the bank, the newest first."""
    query["type_key"], query["tags"] = query.pop("type"), query.pop("tag")
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
def describe_question(data: dict[str, Any], question_id: UUID) -> Question:
    """Change tags or points, take a question out of the bank's list, or bring it back."""
    with platform().db.transaction() as session:
        return change_question(session, principal(), question_id, **data)


@blueprint.route("/tags", methods=["GET"])
@blueprint.response(200, TagSchema(many=True))
def show_tags() -> list[TagCount]:
    """List the bank's tags."""
    with platform().db.reading() as session:
        return list_tags(session, principal())


@blueprint.route("/bulk", methods=["POST"])
@blueprint.arguments(BulkChangeSchema)
@blueprint.response(200, BulkResultSchema)
def change_many(data: dict[str, Any]) -> dict[str, int]:
    """Tag many questions, or take them out of the bank's list, in one go."""
    ids, archived = data["ids"], data["archived"]
    with platform().db.transaction() as session:
        changed = tag_questions(
            session, principal(), ids, add=data["add_tags"], remove=data["remove_tags"]
        )
        if archived is not None:
            moved = archive_questions(session, principal(), ids, archived=archived)
            changed = max(changed, moved)
    return {"changed": changed}


@blueprint.route("/<uuid:question_id>/duplicate", methods=["POST"])
@idempotent
@blueprint.response(201, FullQuestionSchema)
def duplicate(question_id: UUID) -> dict[str, Any]:
    """Put a copy of a question into the bank."""
    copy = duplicate_question(platform(), principal(), question_id)
    with platform().db.reading() as session:
        return _full(copy, get_question_version(session, principal(), copy.id))


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


@blueprint.route("/<uuid:question_id>/versions/<int:number>/changes", methods=["GET"])
@blueprint.response(200, ChangeSchema(many=True))
def show_changes(question_id: UUID, number: int) -> list[Change]:
    """Say what a version changed of the one before it."""
    with platform().db.reading() as session:
        version = get_question_version(session, principal(), question_id, number)
        if number == 1:
            return []
        before = get_question_version(session, principal(), question_id, number - 1)
        return compare_content(before.content, version.content)


@blueprint.route("/<uuid:question_id>/versions/<int:number>/restore", methods=["POST"])
@idempotent
@blueprint.response(201, QuestionVersionSchema)
def restore(question_id: UUID, number: int) -> QuestionVersion:
    """Write an older version once more as the newest."""
    return restore_question_version(platform(), principal(), question_id, number)


@blueprint.route("/check", methods=["POST"])
@body_limit(MAX_FILE)
@blueprint.arguments(ReadSchema, location="query")
@blueprint.response(200, ImportReportSchema)
@blueprint.doc(requestBody=FILE)
def check_file(query: dict[str, Any]) -> ImportedFile:
    """Say what an import of the body would make; nothing is stored."""
    data = request.get_data()
    return check_questions(platform(), principal(), query["format"], data, query["filename"])


@blueprint.route("/import", methods=["POST"])
@idempotent
@body_limit(MAX_FILE)
@blueprint.arguments(ReadSchema, location="query")
@blueprint.response(200, ImportReportSchema)
@blueprint.doc(requestBody=FILE)
def read_file(query: dict[str, Any]) -> ImportedFile:
    """Read a file into the bank; the body is the file itself."""
    data = request.get_data()
    return import_questions(platform(), principal(), query["format"], data, query["filename"])


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
