"""The photos of the check-in, for the candidate who takes them and for the people who watch."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask_smorest.fields import Upload as FilePart
from marshmallow import fields

from examhall.core.proctoring import check_in
from examhall.core.proctoring.check_in import Photo
from examhall.core.proctoring.samples import MAX_SAMPLE_BYTES, Upload
from examhall.web.api.base import ApiBlueprint, ApiSchema, WholeNumber, body_limit
from examhall.web.context import platform, principal

blueprint = ApiBlueprint("check_ins", __name__, description="Photos of the check-in.")

FORM_LIMIT = MAX_SAMPLE_BYTES + 64 * 1024


class PhotoPartsSchema(ApiSchema):
    """A JPEG, sent as a form."""

    photo = FilePart(required=True)


class PhotoSchema(ApiSchema):
    """A photo in use. Who may read evidence asks `/evidence/<evidence_id>/link` for it."""

    kind = fields.String(required=True)
    number = WholeNumber(required=True)
    at = fields.DateTime(required=True)
    evidence_id = fields.UUID(required=True)
    sha256 = fields.String(required=True)


@blueprint.route("/attempts/<uuid:attempt_id>/check-in-photos", methods=["GET"])
@blueprint.response(200, PhotoSchema(many=True))
def list_own_photos(attempt_id: UUID) -> list[Photo]:
    """List the photos of one's own check-in."""
    with platform().db.reading() as session:
        return check_in.list_own_photos(session, principal(), attempt_id)


@blueprint.route("/attempts/<uuid:attempt_id>/check-in-photos/<kind>", methods=["POST"])
@body_limit(FORM_LIMIT)
@blueprint.arguments(PhotoPartsSchema, location="files")
@blueprint.response(200, PhotoSchema)
def store_photo(parts: dict[str, Any], attempt_id: UUID, kind: str) -> Photo:
    """Store a photo of one's own check-in, `face` or `document`; the last one counts."""
    part = parts["photo"]
    upload = Upload(datetime.now(UTC), part.read(), part.mimetype)
    return check_in.store_photo(platform(), principal(), attempt_id, kind, upload)


@blueprint.route("/proctoring/sessions/<uuid:session_id>/check-in-photos", methods=["GET"])
@blueprint.response(200, PhotoSchema(many=True))
def list_photos(session_id: UUID) -> list[Photo]:
    """List the photos of a session that one may watch."""
    with platform().db.reading() as session:
        return check_in.list_photos(session, principal(), session_id)
