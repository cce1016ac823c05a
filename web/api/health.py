"""Whether this process lives, and how the installation is."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from examhall.core.contracts.base import HealthStatus
from examhall.core.health import check_health, worst
from examhall.web.api.base import ApiBlueprint, ApiSchema, public
from examhall.web.context import platform, principal

blueprint = ApiBlueprint(
    "health", __name__, url_prefix="/health", description="How the installation is."
)


class LiveSchema(ApiSchema):
    """A sign of life."""

    status = fields.String(required=True)


class CheckSchema(ApiSchema):
    """One part, and how to mend it."""

    name = fields.String(required=True)
    status = fields.Enum(HealthStatus, by_value=fields.String(), required=True)
    message = fields.String(required=True)
    hint = fields.String(required=True)


class HealthSchema(ApiSchema):
    """All parts; the worst one's status stands for all."""

    status = fields.Enum(HealthStatus, by_value=fields.String(), required=True)
    checks = fields.List(fields.Nested(CheckSchema), required=True)


@blueprint.route("/live", methods=["GET"])
@public
@blueprint.response(200, LiveSchema)
def show_life() -> dict[str, str]:
    """Answer, for whoever watches over the process."""
    return {"status": "ok"}


@blueprint.route("", methods=["GET"])
@blueprint.response(200, HealthSchema)
def show_health() -> dict[str, Any]:
    """Look at every part of the installation."""
    checks = check_health(platform(), principal())
    return {"status": worst(checks), "checks": checks}
