"""Calls from partners; each is verified by the connection's provider."""

from __future__ import annotations

from uuid import UUID

from flask import request
from marshmallow import fields

from examhall.core.integrations.inbox import receive_webhook
from examhall.web.api.base import ApiBlueprint, ApiSchema
from examhall.web.context import platform, public

blueprint = ApiBlueprint(
    "webhooks", __name__, url_prefix="/webhooks", description="Calls from partners."
)


class ReceivedSchema(ApiSchema):
    """`new` is false for a call that was received before."""

    new = fields.Boolean(required=True)


@blueprint.route("/<uuid:connection_id>", methods=["POST"])
@public
@blueprint.response(202, ReceivedSchema)
def take_call(connection_id: UUID) -> dict[str, bool]:
    """Take a partner's call: store it as it is, act on it later.

    The body and its signature are as the connection's provider asks for.
    """
    raw = request.get_data(cache=False)
    return {"new": receive_webhook(platform(), connection_id, dict(request.headers), raw)}
