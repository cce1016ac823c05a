"""Files that candidates hand in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_smorest.fields import Upload
from marshmallow import fields, validate

from examhall.core.attempts.responses import MAX_LEASE_LENGTH
from examhall.core.media.answers import store_answer_file
from examhall.core.media.checks import MAX_BYTES
from examhall.core.media.models import AttemptFile
from examhall.web.api.base import ApiBlueprint, ApiSchema, WholeNumber, body_limit
from examhall.web.context import platform, principal

blueprint = ApiBlueprint("files", __name__, description="Files that candidates hand in.")

FORM_LIMIT = MAX_BYTES + 64 * 1024


class AnswerFormSchema(ApiSchema):
    """From which window the file comes."""

    lease_id = fields.String(required=True, validate=validate.Length(1, MAX_LEASE_LENGTH))


class AnswerPartsSchema(ApiSchema):
    """The file itself."""

    file = Upload(required=True)


class AnswerFileSchema(ApiSchema):
    """A stored file: `reference` is what the response writes, `address` where a page finds it."""

    reference = fields.String(required=True)
    address = fields.String(required=True)
    content_type = fields.String(required=True)
    size = WholeNumber(required=True)
    name = fields.String(required=True)


@blueprint.route("/attempts/<uuid:attempt_id>/items/<uuid:item_id>/files", methods=["POST"])
@body_limit(FORM_LIMIT)
@blueprint.arguments(AnswerFormSchema, location="form")
@blueprint.arguments(AnswerPartsSchema, location="files")
@blueprint.response(201, AnswerFileSchema)
def store_file(
    form: dict[str, Any], parts: dict[str, Any], attempt_id: UUID, item_id: UUID
) -> AttemptFile:
    """Store a file for an answer; a repeated request gets the file that is there.

    The file is part of the answer once a saved response names its reference.
    """
    part = parts["file"]
    return store_answer_file(
        platform(),
        principal(),
        attempt_id,
        item_id,
        lease_id=form["lease_id"],
        data=part.read(),
        name=part.filename or "",
    )
