"""Exams: settings, structure, publication, registrations."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import fields, validate

from examhall.core.exams.bank import MAX_TAG, MAX_TAGS
from examhall.core.exams.copies import bring_back_exam, duplicate_exam
from examhall.core.exams.models import Exam, ExamVersion, Registration
from examhall.core.exams.operations import archive_exam, create_exam, update_exam
from examhall.core.exams.publication import publish_exam
from examhall.core.exams.queries import (
    get_exam_with_structure,
    list_exams,
    list_registrations,
    list_versions,
)
from examhall.core.exams.registrations import register_candidate, update_registration
from examhall.core.exams.structure import (
    MAX_ITEMS,
    DrawPlan,
    ItemPlan,
    SectionPlan,
    replace_structure,
)
from examhall.core.exams.transfer import export_exam
from examhall.core.paging import Page
from examhall.core.proctoring.waivers import apply_waivers
from examhall.web.api.base import (
    ApiBlueprint,
    ApiSchema,
    DecimalText,
    PageArguments,
    WholeNumber,
    idempotent,
    page_schema,
)
from examhall.web.context import platform, principal

blueprint = ApiBlueprint("exams", __name__, description="Making and publishing exams.")

TITLE = validate.Length(1, 300)
KEYS = validate.Length(max=100)


class ExamSchema(ApiSchema):
    """An exam; `revision` grows with every change."""

    id = fields.UUID(required=True)
    title = fields.String(required=True)
    course_id = fields.String(required=True)
    state = fields.String(
        required=True, validate=validate.OneOf(["draft", "published", "archived"])
    )
    settings = fields.Dict(keys=fields.String(), required=True)
    revision = WholeNumber(required=True)
    created_at = fields.DateTime(required=True)


class ItemSchema(ApiSchema):
    """A question's place in an exam."""

    id = fields.UUID(required=True)
    question_id = fields.UUID(required=True)
    title = fields.String(attribute="question.title", required=True)
    type = fields.String(attribute="question.type", required=True)
    points = DecimalText(required=True)


class DrawSchema(ApiSchema):
    """A random pick: so many questions of the bank with all tags, of one type where given."""

    count = WholeNumber(required=True, validate=validate.Range(1, MAX_ITEMS))
    tags = fields.List(
        fields.String(validate=validate.Length(1, MAX_TAG)),
        load_default=list,
        validate=validate.Length(max=MAX_TAGS),
    )
    type = fields.String(load_default="", validate=validate.Length(max=100))
    points = DecimalText(load_default=Decimal(1), validate=validate.Range(0, 1_000_000))


class SectionSchema(ApiSchema):
    """A part of an exam: `pick` of its items for each candidate, all where it is null."""

    id = fields.UUID(required=True)
    title = fields.String(required=True)
    pick = WholeNumber(required=True, allow_none=True)
    shuffle = fields.Boolean(required=True)
    items = fields.List(fields.Nested(ItemSchema), required=True)
    draws = fields.List(fields.Nested(DrawSchema), required=True)


class FullExamSchema(ExamSchema):
    """An exam with its structure."""

    sections = fields.List(fields.Nested(SectionSchema), required=True)


class NewExamSchema(ApiSchema):
    """An exam to make; settings that are left out get their defaults."""

    title = fields.String(required=True, validate=TITLE)
    course_id = fields.String(load_default="", validate=validate.Length(max=100))
    settings = fields.Dict(keys=fields.String(), load_default=dict)


class RevisionSchema(ApiSchema):
    """The revision that the change was made on top of."""

    revision = WholeNumber(required=True, validate=validate.Range(1, 2**31 - 1))


class ExamChangeSchema(RevisionSchema):
    """What to change of an exam; settings are replaced as a whole."""

    title = fields.String(validate=TITLE)
    course_id = fields.String(validate=validate.Length(max=100))
    settings = fields.Dict(keys=fields.String())


class NewItemSchema(ApiSchema):
    """A question's place in the new structure."""

    question_id = fields.UUID(required=True)
    points = DecimalText(load_default=Decimal(1), validate=validate.Range(0, 1_000_000))


class NewSectionSchema(ApiSchema):
    """A section of the new structure."""

    title = fields.String(load_default="", validate=validate.Length(max=300))
    items = fields.List(
        fields.Nested(NewItemSchema), load_default=list, validate=validate.Length(max=MAX_ITEMS)
    )
    pick = WholeNumber(load_default=None, allow_none=True, validate=validate.Range(1, MAX_ITEMS))
    shuffle = fields.Boolean(load_default=False)
    draws = fields.List(
        fields.Nested(DrawSchema), load_default=list, validate=validate.Length(max=50)
    )


class StructureSchema(RevisionSchema):
    """The whole structure; what is not named in it goes."""

    sections = fields.List(
        fields.Nested(NewSectionSchema), required=True, validate=validate.Length(max=MAX_ITEMS)
    )


class ExamVersionSchema(ApiSchema):
    """A published exam; `digest` is the sha256 over all that it says."""

    id = fields.UUID(required=True)
    exam_id = fields.UUID(required=True)
    number = WholeNumber(required=True)
    digest = fields.String(required=True)
    published_at = fields.DateTime(required=True)


class RegistrationSchema(ApiSchema):
    """A candidate's place in an exam."""

    id = fields.UUID(required=True)
    exam_id = fields.UUID(required=True)
    user_id = fields.UUID(required=True)
    candidate_number = fields.String(required=True)
    multiplier = DecimalText(required=True)
    extra_seconds = WholeNumber(required=True)
    max_attempts = WholeNumber(required=True)
    waived_detectors = fields.List(fields.String(), required=True)
    waived_rules = fields.List(fields.String(), required=True)
    waiver_reason = fields.String(required=True)
    created_at = fields.DateTime(required=True)


class AllowanceChangeSchema(ApiSchema):
    """What the candidate is given beyond the exam's own settings."""

    candidate_number = fields.String(validate=validate.Length(max=40))
    multiplier = DecimalText(validate=validate.Range(1, 10))
    extra_seconds = WholeNumber(validate=validate.Range(0, 604800))
    max_attempts = WholeNumber(validate=validate.Range(1, 1000))
    waived_detectors = fields.List(fields.String(validate=validate.Length(1, 100)), validate=KEYS)
    waived_rules = fields.List(fields.String(validate=validate.Length(1, 100)), validate=KEYS)
    waiver_reason = fields.String(validate=validate.Length(max=500))


class AppliedWaiversSchema(ApiSchema):
    """The proctoring sessions that changed."""

    sessions = fields.List(fields.UUID(), required=True)


class NewRegistrationSchema(AllowanceChangeSchema):
    """A candidate's place to make."""

    user_id = fields.UUID(required=True)


class ExamListSchema(PageArguments):
    """Which exams are asked for."""

    search = fields.String(load_default="", validate=validate.Length(max=200))
    state = fields.String(
        load_default="", validate=validate.OneOf(["", "draft", "published", "archived"])
    )


class FormatSchema(ApiSchema):
    """Which format the file has."""

    format = fields.String(
        load_default="json", validate=validate.Regexp(r"^[a-z][a-z0-9_]{0,99}\Z")
    )


def _full(exam_id: UUID) -> Exam:
    with platform().db.reading() as session:
        return get_exam_with_structure(session, principal(), exam_id)


@blueprint.route("/exams", methods=["GET"])
@blueprint.arguments(ExamListSchema, location="query")
@blueprint.response(200, page_schema(ExamSchema))
def show_exams(query: dict[str, Any]) -> Page[Exam]:
    """List the exams that one may see, the newest first."""
    with platform().db.reading() as session:
        return list_exams(session, principal(), **query)


@blueprint.route("/exams", methods=["POST"])
@idempotent
@blueprint.arguments(NewExamSchema)
@blueprint.response(201, FullExamSchema)
def make_exam(data: dict[str, Any]) -> Exam:
    """Make an empty exam."""
    with platform().db.transaction() as session:
        return create_exam(session, principal(), **data)


@blueprint.route("/exams/<uuid:exam_id>", methods=["GET"])
@blueprint.response(200, FullExamSchema)
def show_exam(exam_id: UUID) -> Exam:
    """Show an exam with its structure."""
    return _full(exam_id)


@blueprint.route("/exams/<uuid:exam_id>", methods=["PATCH"])
@blueprint.arguments(ExamChangeSchema)
@blueprint.response(200, FullExamSchema)
def change_exam(data: dict[str, Any], exam_id: UUID) -> Exam:
    """Change title, course or settings."""
    with platform().db.transaction() as session:
        update_exam(session, principal(), exam_id, **data)
    return _full(exam_id)


@blueprint.route("/exams/<uuid:exam_id>/structure", methods=["PUT"])
@blueprint.arguments(StructureSchema)
@blueprint.response(200, FullExamSchema)
def change_structure(data: dict[str, Any], exam_id: UUID) -> Exam:
    """Replace sections and items."""
    plans = [
        SectionPlan(
            title=section["title"],
            items=[ItemPlan(**item) for item in section["items"]],
            pick=section["pick"],
            shuffle=section["shuffle"],
            draws=[
                DrawPlan(draw["count"], tuple(draw["tags"]), draw["type"], draw["points"])
                for draw in section["draws"]
            ],
        )
        for section in data["sections"]
    ]
    with platform().db.transaction() as session:
        replace_structure(session, principal(), exam_id, data["revision"], plans)
    return _full(exam_id)


@blueprint.route("/exams/<uuid:exam_id>/publish", methods=["POST"])
@blueprint.response(200, ExamVersionSchema)
def publish(exam_id: UUID) -> ExamVersion:
    """Freeze the exam into a version that candidates take; all problems are told at once."""
    return publish_exam(platform(), principal(), exam_id)


@blueprint.route("/exams/<uuid:exam_id>/archive", methods=["POST"])
@blueprint.arguments(RevisionSchema)
@blueprint.response(200, ExamSchema)
def put_away(data: dict[str, Any], exam_id: UUID) -> Exam:
    """Put an exam away."""
    with platform().db.transaction() as session:
        return archive_exam(session, principal(), exam_id, data["revision"])


@blueprint.route("/exams/<uuid:exam_id>/restore", methods=["POST"])
@blueprint.arguments(RevisionSchema)
@blueprint.response(200, ExamSchema)
def bring_back(data: dict[str, Any], exam_id: UUID) -> Exam:
    """Take an exam out of the archive."""
    with platform().db.transaction() as session:
        return bring_back_exam(session, principal(), exam_id, data["revision"])


@blueprint.route("/exams/<uuid:exam_id>/duplicate", methods=["POST"])
@idempotent
@blueprint.response(201, FullExamSchema)
def duplicate(exam_id: UUID) -> Exam:
    """Make a draft with the same settings and questions."""
    with platform().db.transaction() as session:
        copy = duplicate_exam(session, principal(), exam_id)
    return _full(copy.id)


@blueprint.route("/exams/<uuid:exam_id>/export", methods=["GET"])
@blueprint.arguments(FormatSchema, location="query")
@blueprint.response(200, {}, content_type="*/*", description="The file.")
def write_file(query: dict[str, Any], exam_id: UUID) -> Response:
    """Write the exam with its questions into a file."""
    file = export_exam(platform(), principal(), exam_id, query["format"])
    response = Response(file.content, mimetype=file.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{file.filename}"'
    return response


@blueprint.route("/exams/<uuid:exam_id>/versions", methods=["GET"])
@blueprint.response(200, ExamVersionSchema(many=True))
def show_versions(exam_id: UUID) -> Sequence[ExamVersion]:
    """List the published versions, the newest first."""
    with platform().db.reading() as session:
        return list_versions(session, principal(), exam_id)


@blueprint.route("/exams/<uuid:exam_id>/registrations", methods=["GET"])
@blueprint.arguments(PageArguments, location="query")
@blueprint.response(200, page_schema(RegistrationSchema))
def show_registrations(query: dict[str, Any], exam_id: UUID) -> Page[Registration]:
    """List the candidates' places."""
    with platform().db.reading() as session:
        return list_registrations(session, principal(), exam_id, **query)


@blueprint.route("/exams/<uuid:exam_id>/registrations", methods=["POST"])
@idempotent
@blueprint.arguments(NewRegistrationSchema)
@blueprint.response(201, RegistrationSchema)
def make_registration(data: dict[str, Any], exam_id: UUID) -> Registration:
    """Give a candidate a place."""
    user_id = data.pop("user_id")
    with platform().db.transaction() as session:
        return register_candidate(session, principal(), exam_id, user_id, **data)


@blueprint.route("/registrations/<uuid:registration_id>", methods=["PATCH"])
@blueprint.arguments(AllowanceChangeSchema)
@blueprint.response(200, RegistrationSchema)
def change_registration(data: dict[str, Any], registration_id: UUID) -> Registration:
    """Change a candidate's allowances."""
    with platform().db.transaction() as session:
        return update_registration(session, principal(), registration_id, **data)


@blueprint.route("/registrations/<uuid:registration_id>/waivers", methods=["POST"])
@blueprint.response(200, AppliedWaiversSchema)
def waive_in_open_attempts(registration_id: UUID) -> dict[str, Any]:
    """Bring what is waived into the candidate's open attempt; it is audited."""
    return {"sessions": apply_waivers(platform(), principal(), registration_id)}
