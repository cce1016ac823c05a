"""Dead letters: messages that a person may send again."""

from __future__ import annotations

from uuid import UUID

from examhall.core.integrations.models import OutboxMessage
from examhall.core.integrations.operations import replay_message
from examhall.web.api.base import ApiBlueprint
from examhall.web.api.connections import MessageSchema
from examhall.web.context import platform, principal

blueprint = ApiBlueprint(
    "messages", __name__, url_prefix="/messages", description="Messages that did not arrive."
)


@blueprint.route("/<uuid:message_id>/replay", methods=["POST"])
@blueprint.response(200, MessageSchema)
def send_again(message_id: UUID) -> OutboxMessage:
    """Send a dead letter again."""
    with platform().db.transaction() as session:
        return replay_message(session, platform(), principal(), message_id)
