"""Whether evidence is all there, how long it is kept, and what keeps it longer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import fields, validate

from examhall.core.proctoring.manifest import get_manifest
from examhall.core.proctoring.verification import Damage, Verification, verify_session
from examhall.core.retention.keeping import (
    MOST_REASON,
    Keeping,
    get_keeping,
    lift_hold,
    place_hold,
)
from examhall.web.api.base import ApiBlueprint, ApiSchema
from examhall.web.context import platform, principal

blueprint = ApiBlueprint(
    "evidence",
    __name__,
    url_prefix="/proctoring/sessions/<uuid:session_id>",
    description="Proving and keeping evidence.",
)


class DamagedObjectSchema(ApiSchema):
    """A piece of evidence that is not as it was stored."""

    number = fields.Integer(required=True)
    sha256 = fields.String(required=True)
    damage = fields.Enum(Damage, by_value=True, required=True)


class VerificationSchema(ApiSchema):
    """What was found; `problems` are sentences for people."""

    session_id = fields.UUID(required=True)
    ok = fields.Boolean(required=True)
    state = fields.String(required=True)
    at = fields.DateTime(required=True)
    sealed_at = fields.DateTime(required=True, allow_none=True)
    length = fields.Integer(required=True)
    head = fields.String(required=True)
    manifest_digest = fields.String(required=True)
    checked = fields.Integer(required=True)
    size = fields.Integer(required=True)
    purged = fields.Integer(required=True)
    objects = fields.List(fields.Nested(DamagedObjectSchema), required=True)
    problems = fields.List(fields.String(), required=True)


class HoldSchema(ApiSchema):
    """Why evidence is kept whatever the time."""

    reason = fields.String(required=True, validate=validate.Length(1, MOST_REASON))


class PlacedHoldSchema(HoldSchema):
    """A hold, and since when it is there."""

    placed_at = fields.DateTime(required=True)


class PurgeReceiptSchema(ApiSchema):
    """What was removed, and what proves which pieces they were."""

    id = fields.UUID(required=True)
    reason = fields.String(required=True)
    count = fields.Integer(required=True)
    size = fields.Integer(required=True)
    chain_length = fields.Integer(required=True)
    chain_head = fields.String(required=True)
    manifest_digest = fields.String(required=True)
    at = fields.DateTime(required=True)


class KeepingSchema(ApiSchema):
    """How long a session's evidence is kept; `kept_because` are reasons in words."""

    session_id = fields.UUID(required=True)
    state = fields.String(required=True)
    retain_until = fields.DateTime(required=True, allow_none=True)
    purged_at = fields.DateTime(required=True, allow_none=True)
    hold = fields.Nested(PlacedHoldSchema, required=True, allow_none=True)
    kept_because = fields.List(fields.String(), required=True)
    receipts = fields.List(fields.Nested(PurgeReceiptSchema), required=True)


@blueprint.route("/verification", methods=["POST"])
@blueprint.response(200, VerificationSchema)
def verify(session_id: UUID) -> Verification:
    """Read all evidence of a session and compare it with what was sealed; it is audited."""
    return verify_session(platform(), principal(), session_id)


@blueprint.route("/manifest", methods=["GET"])
@blueprint.doc(responses={"200": {"description": "The manifest, as JSON.", "content": {}}})
def show_manifest(session_id: UUID) -> Response:
    """Return the manifest as it is sealed: the sha256 of the bytes is its digest."""
    found = get_manifest(platform(), principal(), session_id)
    response = Response(found.text, mimetype="application/json")
    name = f"manifest-{session_id}.json"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.set_etag(found.digest)
    return response


@blueprint.route("/keeping", methods=["GET"])
@blueprint.response(200, KeepingSchema)
def show_keeping(session_id: UUID) -> Keeping:
    """Say how long a session's evidence is kept, and why longer."""
    with platform().db.reading() as session:
        return get_keeping(session, principal(), session_id)


@blueprint.route("/hold", methods=["PUT"])
@blueprint.arguments(HoldSchema)
@blueprint.response(200)
def hold(data: dict[str, Any], session_id: UUID) -> None:
    """Keep a session's evidence until the hold is lifted."""
    place_hold(platform(), principal(), session_id, data["reason"])


@blueprint.route("/hold", methods=["DELETE"])
@blueprint.response(200)
def release(session_id: UUID) -> None:
    """End a hold."""
    lift_hold(platform(), principal(), session_id)
