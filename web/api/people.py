"""What is kept about a person, for themselves and for admins, and its erasure."""

from __future__ import annotations

from uuid import UUID

from flask import Response
from marshmallow import fields, validate

from examhall.core.retention.erasure import erase_person
from examhall.core.retention.export import export_person
from examhall.core.retention.models import ErasureReceipt
from examhall.web.api.base import ApiBlueprint, ApiSchema
from examhall.web.archives import send_archive
from examhall.web.context import platform, principal
from examhall.web.sessions import principals

blueprint = ApiBlueprint(
    "people",
    __name__,
    url_prefix="/users/<uuid:user_id>",
    description="What is kept about people, and its erasure.",
)


class ErasureSchema(ApiSchema):
    """The word that nothing can be brought back; without it nothing happens."""

    confirm = fields.String(required=True, validate=validate.Equal("erase"))


class ErasureReceiptSchema(ApiSchema):
    """That a person was erased; `removed` counts what went."""

    id = fields.UUID(required=True)
    user_id = fields.UUID(required=True)
    pseudonym = fields.String(required=True)
    removed = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    at = fields.DateTime(required=True)


@blueprint.route("/archive", methods=["POST"])
@blueprint.doc(responses={"200": {"description": "A zip file.", "content": {}}})
def export(user_id: UUID) -> Response:
    """Return all that is kept about a person as a zip file; its README explains each file.

    People get their own, as far as it was released to them; admins get everybody's.
    """
    return send_archive(export_person(platform(), principal(), user_id))


@blueprint.route("/erasure", methods=["POST"])
@blueprint.arguments(ErasureSchema)
@blueprint.response(200, ErasureReceiptSchema)
def erase(_data: dict[str, str], user_id: UUID) -> ErasureReceipt:
    """Erase a person: evidence, photos, messages, files and names go, scores stay without them."""
    receipt = erase_person(platform(), principal(), user_id)
    principals().forget(user_id)
    return receipt
