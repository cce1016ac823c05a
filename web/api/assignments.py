"""Assignments: which proctor looks after which candidate."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from examhall.core.proctoring.assignments import operations, queries
from examhall.web.api.base import ApiBlueprint, ApiSchema
from examhall.web.context import platform, principal

blueprint = ApiBlueprint(
    "assignments",
    __name__,
    url_prefix="/proctoring/exams",
    description="Which proctor looks after which candidate.",
)


class ProctorSchema(ApiSchema):
    """Somebody who can be assigned, with the number of live sessions they have."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    session_count = fields.Integer(required=True)


class AssignmentSchema(ApiSchema):
    """Sessions for one proctor; null takes them from whoever has them."""

    session_ids = fields.List(
        fields.UUID(), required=True, validate=validate.Length(1, operations.MOST_ASSIGNED)
    )
    proctor_id = fields.UUID(required=True, allow_none=True)


class SplitSchema(ApiSchema):
    """The proctors among whom all live sessions are divided."""

    proctor_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(1, 200))


class AssignedSchema(ApiSchema):
    """The proctor of each session, null for nobody."""

    sessions = fields.Dict(keys=fields.UUID(), values=fields.UUID(allow_none=True), required=True)


@blueprint.route("/<uuid:exam_id>/proctors", methods=["GET"])
@blueprint.response(200, ProctorSchema(many=True))
def list_proctors(exam_id: UUID) -> list[queries.Proctor]:
    """List the people who can be assigned."""
    with platform().db.reading() as session:
        return queries.list_proctors(session, principal(), exam_id)


@blueprint.route("/<uuid:exam_id>/assignments", methods=["POST"])
@blueprint.arguments(AssignmentSchema)
@blueprint.response(200, AssignedSchema)
def assign(data: dict[str, Any], exam_id: UUID) -> dict[str, operations.Plan]:
    """Let a proctor look after sessions."""
    plan = operations.assign_sessions(
        platform(), principal(), exam_id, data["session_ids"], data["proctor_id"]
    )
    return {"sessions": plan}


@blueprint.route("/<uuid:exam_id>/assignments/split", methods=["POST"])
@blueprint.arguments(SplitSchema)
@blueprint.response(200, AssignedSchema)
def split(data: dict[str, Any], exam_id: UUID) -> dict[str, operations.Plan]:
    """Divide all live sessions among proctors, as evenly as it goes."""
    plan = operations.split_sessions(platform(), principal(), exam_id, data["proctor_ids"])
    return {"sessions": plan}
