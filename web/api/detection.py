"""Detection: how detectors keep up with what is recorded, and other rules for what they found."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields

from examhall.core.proctoring.load import DetectionLoad, get_load
from examhall.core.proctoring.reweighing import Reweighed, reweigh_sessions
from examhall.web.api.base import ApiBlueprint, ApiSchema
from examhall.web.context import platform, principal

blueprint = ApiBlueprint(
    "detection",
    __name__,
    url_prefix="/detection",
    description="How detectors keep up, and other rules for what they found.",
)


class CadenceSchema(ApiSchema):
    """Seconds between two looks of a detector, as it wants and at present."""

    key = fields.String(required=True)
    title = fields.String(required=True)
    cadence = fields.Float(required=True)
    present = fields.Float(required=True)
    is_slowed = fields.Boolean(required=True)


class LoadSchema(ApiSchema):
    """What waits, for how long, and how fast the workers are."""

    waiting_chunks = fields.Integer(required=True)
    waiting_sessions = fields.Integer(required=True)
    oldest_seconds = fields.Float(required=True)
    workers = fields.Integer(required=True)
    samples_per_second = fields.Float(required=True)
    detectors = fields.List(fields.Nested(CadenceSchema), required=True)


class RulesSchema(ApiSchema):
    """Rules by kind of finding; `dry_run` only says what would come of them."""

    rules = fields.Dict(
        keys=fields.String(), values=fields.Dict(keys=fields.String()), required=True
    )
    dry_run = fields.Boolean(load_default=False)


class ReweighedSchema(ApiSchema):
    """One session before and after; a score is null where none was computed."""

    session_id = fields.UUID(required=True)
    candidate_name = fields.String(required=True)
    score_before = fields.String(required=True, allow_none=True)
    score_after = fields.String(required=True, allow_none=True)
    incidents_before = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    incidents_after = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    is_changed = fields.Boolean(required=True)


class ReweighingSchema(ApiSchema):
    """All sessions of an exam."""

    sessions = fields.List(fields.Nested(ReweighedSchema), required=True)


@blueprint.route("/load", methods=["GET"])
@blueprint.response(200, LoadSchema)
def show_load() -> DetectionLoad:
    """Show what waits for detectors, and which of them look less often than usual."""
    with platform().db.reading() as session:
        return get_load(session, platform().plugins, principal())


@blueprint.route("/exams/<uuid:exam_id>/reweigh", methods=["POST"])
@blueprint.arguments(RulesSchema)
@blueprint.response(200, ReweighingSchema)
def reweigh(data: dict[str, Any], exam_id: UUID) -> dict[str, list[Reweighed]]:
    """Make incidents and scores of all sessions anew, from the stored findings by other rules."""
    sessions = reweigh_sessions(
        platform(), principal(), exam_id, data["rules"], dry_run=data["dry_run"]
    )
    return {"sessions": sessions}
