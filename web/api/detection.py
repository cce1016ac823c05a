"""Detection: how detectors keep up with what is recorded."""

from __future__ import annotations

from marshmallow import fields

from examhall.core.proctoring.load import DetectionLoad, get_load
from examhall.web.api.base import ApiBlueprint, ApiSchema
from examhall.web.context import platform, principal

blueprint = ApiBlueprint(
    "detection",
    __name__,
    url_prefix="/detection",
    description="How detectors keep up with what is recorded.",
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


@blueprint.route("/load", methods=["GET"])
@blueprint.response(200, LoadSchema)
def show_load() -> DetectionLoad:
    """Show what waits for detectors, and which of them look less often than usual."""
    with platform().db.reading() as session:
        return get_load(session, platform().plugins, principal())
