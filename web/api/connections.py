"""Connections to partners, and the messages that go through them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from examhall.core.contracts.base import Health, Kind
from examhall.core.errors import NotFoundError
from examhall.core.integrations.connections import (
    STATES,
    check_connection,
    create_connection,
    update_connection,
)
from examhall.core.integrations.models import Connection, OutboxMessage
from examhall.core.integrations.queries import get_connection, list_connections, list_messages
from examhall.core.paging import Page
from examhall.core.registry.configuration import mask
from examhall.web.api.base import (
    ApiBlueprint,
    ApiSchema,
    PageArguments,
    idempotent,
    page_schema,
)
from examhall.web.context import platform, principal

blueprint = ApiBlueprint(
    "connections",
    __name__,
    url_prefix="/connections",
    description="Connections to partners, and their messages.",
)

MESSAGE_STATES = ("pending", "leased", "delivered", "awaiting_ack", "dead")


class ConnectionSchema(ApiSchema):
    """A connection; a secret of its configuration is only said to be set."""

    id = fields.UUID(required=True)
    provider = fields.String(required=True)
    title = fields.String(required=True)
    config = fields.Dict(keys=fields.String(), required=True)
    state = fields.String(required=True, validate=validate.OneOf(["enabled", "disabled", "paused"]))
    pause_reason = fields.String(required=True)
    created_at = fields.DateTime(required=True)
    updated_at = fields.DateTime(required=True)


class NewConnectionSchema(ApiSchema):
    """A connection to make; it is tested first, unless `unchecked`."""

    provider = fields.String(required=True, validate=validate.Length(1, 100))
    title = fields.String(required=True, validate=validate.Length(1, 200))
    config = fields.Dict(keys=fields.String(), load_default=dict)
    unchecked = fields.Boolean(load_default=False)


class ConnectionChangeSchema(ApiSchema):
    """What to change; secrets that are left out of the configuration stay."""

    title = fields.String(validate=validate.Length(1, 200))
    config = fields.Dict(keys=fields.String())
    state = fields.String(validate=validate.OneOf(STATES))
    unchecked = fields.Boolean()


class CheckSchema(ApiSchema):
    """What a test found."""

    status = fields.String(required=True, validate=validate.OneOf(["ok", "degraded", "failed"]))
    message = fields.String(required=True)
    hint = fields.String(required=True)


class MessageSchema(ApiSchema):
    """A message to a partner."""

    id = fields.UUID(required=True)
    connection_id = fields.UUID(required=True)
    operation = fields.String(required=True)
    payload = fields.Dict(keys=fields.String(), required=True)
    idempotency_key = fields.String(required=True)
    ordering_key = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(MESSAGE_STATES))
    tries = fields.Integer(required=True)
    due_at = fields.DateTime(required=True)
    last_error = fields.String(required=True)
    remote_id = fields.String(required=True)
    provider_version = fields.String(required=True)
    config_digest = fields.String(required=True)
    created_at = fields.DateTime(required=True)
    delivered_at = fields.DateTime(required=True, allow_none=True)


class MessageListSchema(PageArguments):
    """Which messages are asked for."""

    state = fields.String(load_default=None, validate=validate.OneOf(MESSAGE_STATES))


@blueprint.route("", methods=["GET"])
@blueprint.arguments(PageArguments, location="query")
@blueprint.response(200, page_schema(ConnectionSchema))
def show_connections(query: dict[str, Any]) -> Page[dict[str, Any]]:
    """List the connections by title."""
    with platform().db.reading() as session:
        page = list_connections(session, principal(), **query)
    return Page([_describe(connection) for connection in page.items], page.next_cursor)


@blueprint.route("", methods=["POST"])
@idempotent
@blueprint.arguments(NewConnectionSchema)
@blueprint.response(201, ConnectionSchema)
def make_connection(data: dict[str, Any]) -> dict[str, Any]:
    """Test a connection, and save it when the test passed."""
    return _describe(create_connection(platform(), principal(), **data))


@blueprint.route("/<uuid:connection_id>", methods=["GET"])
@blueprint.response(200, ConnectionSchema)
def show_connection(connection_id: UUID) -> dict[str, Any]:
    """Show a connection."""
    with platform().db.reading() as session:
        return _describe(get_connection(session, principal(), connection_id))


@blueprint.route("/<uuid:connection_id>", methods=["PATCH"])
@blueprint.arguments(ConnectionChangeSchema)
@blueprint.response(200, ConnectionSchema)
def change_connection(data: dict[str, Any], connection_id: UUID) -> dict[str, Any]:
    """Change a connection; a new configuration is tested first, unless `unchecked`."""
    return _describe(update_connection(platform(), principal(), connection_id, **data))


@blueprint.route("/<uuid:connection_id>/test", methods=["POST"])
@blueprint.response(200, CheckSchema)
def try_connection(connection_id: UUID) -> Health:
    """Try a connection; that it does not work is an answer, not an error."""
    return check_connection(platform(), principal(), connection_id)


@blueprint.route("/<uuid:connection_id>/messages", methods=["GET"])
@blueprint.arguments(MessageListSchema, location="query")
@blueprint.response(200, page_schema(MessageSchema))
def show_messages(query: dict[str, Any], connection_id: UUID) -> Page[OutboxMessage]:
    """List a connection's messages, newest first."""
    with platform().db.reading() as session:
        return list_messages(session, principal(), connection_id, **query)


def _describe(connection: Connection) -> dict[str, Any]:
    return {
        "id": connection.id,
        "provider": connection.provider_key,
        "title": connection.title,
        "config": _masked(connection),
        "state": connection.state,
        "pause_reason": connection.pause_reason,
        "created_at": connection.created_at,
        "updated_at": connection.updated_at,
    }


def _masked(connection: Connection) -> dict[str, Any]:
    """Return the configuration without secrets; nothing of it where its provider is gone."""
    try:
        entry = platform().plugins.entry(Kind.PROVIDER, connection.provider_key)
    except NotFoundError:
        return {}
    return mask(entry.schema, connection.config)
