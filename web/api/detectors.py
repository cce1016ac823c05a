"""Detectors: how they are, what they were last measured to be worth."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from examhall.core.contracts.base import HealthStatus
from examhall.core.proctoring.evaluations import list_detectors, list_evaluations
from examhall.web.api.base import ApiBlueprint, ApiSchema
from examhall.web.context import platform, principal

blueprint = ApiBlueprint(
    "detectors", __name__, url_prefix="/detectors", description="What looks at candidates."
)


class EvaluationSchema(ApiSchema):
    """The figures of a detector on one labelled set."""

    at = fields.DateTime(required=True)
    detector = fields.String(required=True)
    version = fields.String(required=True)
    config_digest = fields.String(required=True)
    model_digest = fields.String(required=True)
    manifest = fields.String(required=True)
    manifest_digest = fields.String(required=True)
    samples = fields.Integer(required=True)
    figures = fields.Dict(keys=fields.String(), values=fields.Float(), required=True)
    groups = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String(), values=fields.Float()),
        required=True,
    )
    measured_by = fields.String(required=True)
    is_current = fields.Boolean(
        required=True,
        metadata={"description": "Whether version, configuration and model are those in use."},
    )


class ThresholdSchema(ApiSchema):
    """One value of a detector's configuration."""

    name = fields.String(required=True)
    label = fields.String(required=True)
    help = fields.String(required=True)
    value = fields.Raw(required=True, allow_none=True)


class DetectorSchema(ApiSchema):
    """A detector in use; `latest` is null where it was never measured here."""

    key = fields.String(required=True)
    title = fields.String(required=True)
    summary = fields.String(required=True)
    version = fields.String(required=True)
    consent_class = fields.String(required=True)
    streams = fields.List(fields.String(), required=True)
    finding_kinds = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    can_be_measured = fields.Boolean(required=True)
    status = fields.Enum(HealthStatus, by_value=fields.String(), required=True)
    message = fields.String(required=True)
    hint = fields.String(required=True)
    model_digest = fields.String(required=True)
    thresholds = fields.List(fields.Nested(ThresholdSchema), required=True)
    latest = fields.Nested(EvaluationSchema, required=True, allow_none=True)


@blueprint.route("", methods=["GET"])
@blueprint.response(200, DetectorSchema(many=True))
def show_detectors() -> Any:
    """List the detectors in use with their health, thresholds and last figures."""
    return list_detectors(platform(), principal())


@blueprint.route("/<key>/evaluations", methods=["GET"])
@blueprint.response(200, EvaluationSchema(many=True))
def show_evaluations(key: str) -> Any:
    """List the last fifty evaluations of a detector, the newest first."""
    return list_evaluations(platform(), principal(), key)
