"""The audit trail."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from examhall.core.audit.operations import list_entries, name_actors
from examhall.core.paging import Page
from examhall.web.api.base import ApiBlueprint, ApiSchema, PageArguments, page_schema
from examhall.web.context import platform, principal

blueprint = ApiBlueprint("audit", __name__, url_prefix="/audit", description="Who did what, when.")


class AuditEntrySchema(ApiSchema):
    """One action; `link_hash` is empty until the entry is chained, a second or so later."""

    id = fields.Integer(required=True)
    at = fields.DateTime(required=True)
    actor_id = fields.UUID(required=True, allow_none=True)
    actor = fields.String(required=True)
    action = fields.String(required=True)
    object_type = fields.String(required=True)
    object_id = fields.String(required=True)
    details = fields.Dict(keys=fields.String(), required=True)
    address = fields.String(required=True)
    link_number = fields.Integer(required=True, allow_none=True)
    link_hash = fields.String(required=True)


class AuditListSchema(PageArguments):
    """Which entries are asked for."""

    action = fields.String(load_default="", validate=validate.Length(max=100))
    object_type = fields.String(load_default="", validate=validate.Length(max=60))
    object_id = fields.String(load_default="", validate=validate.Length(max=100))
    actor_id = fields.UUID(load_default=None)


@blueprint.route("", methods=["GET"])
@blueprint.arguments(AuditListSchema, location="query")
@blueprint.response(200, page_schema(AuditEntrySchema))
def show_entries(query: dict[str, Any]) -> Page[dict[str, Any]]:
    """List the entries, newest first; people have the names that they have today."""
    with platform().db.reading() as session:
        page = list_entries(session, principal(), **query)
        names = name_actors(session, page.items)
    shown = [
        {**vars(entry), "actor": names.get(entry.actor_id, entry.actor)}
        if entry.actor_id
        else vars(entry)
        for entry in page.items
    ]
    return Page(shown, page.next_cursor)
