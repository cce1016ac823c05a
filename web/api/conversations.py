"""Conversations: what candidates and proctors write to one another while an exam runs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from examhall.core.paging import Page
from examhall.core.proctoring.messages import marks, operations, queries
from examhall.core.proctoring.messages.operations import Draft
from examhall.web.api.base import ApiBlueprint, ApiSchema, PageArguments, page_schema
from examhall.web.context import platform, principal

blueprint = ApiBlueprint(
    "conversations", __name__, description="Messages between candidates and proctors."
)

TEXT = validate.Length(1, operations.MAX_TEXT)
KINDS = ("message", "warning")


class DraftSchema(ApiSchema):
    """A message; the same `operation_id` again is the same message."""

    operation_id = fields.UUID(required=True)
    text = fields.String(required=True, validate=TEXT)


class ProctorDraftSchema(DraftSchema):
    """A message to a candidate; a warning has to be confirmed by the candidate."""

    kind = fields.String(load_default="message", validate=validate.OneOf(KINDS))


class ProctorMessageSchema(ApiSchema):
    """A message of a session's conversation."""

    id = fields.UUID(required=True)
    session_id = fields.UUID(required=True)
    operation_id = fields.UUID(required=True)
    sender = fields.String(required=True)
    kind = fields.String(required=True)
    author_name = fields.String(required=True)
    text = fields.String(required=True)
    sent_at = fields.DateTime(required=True)
    read_at = fields.DateTime(required=True, allow_none=True)
    acknowledged_at = fields.DateTime(required=True, allow_none=True)


class SeenSchema(ApiSchema):
    """Messages that were seen."""

    message_ids = fields.List(
        fields.UUID(), required=True, validate=validate.Length(1, marks.MOST_MARKED)
    )


class CandidateSeenSchema(SeenSchema):
    """Messages that the candidate has seen; `acknowledged` confirms the warnings among them."""

    acknowledged = fields.Boolean(truthy={True}, falsy={False}, load_default=False)


class UnreadSchema(ApiSchema):
    """How many messages of the candidate are still unread."""

    unread = fields.Integer(required=True)


class AnnouncedSchema(ApiSchema):
    """How many candidates an announcement has reached now."""

    count = fields.Integer(required=True)


@blueprint.route("/proctoring/sessions/<uuid:session_id>/messages", methods=["GET"])
@blueprint.arguments(PageArguments, location="query")
@blueprint.response(200, page_schema(ProctorMessageSchema))
def list_messages(arguments: dict[str, Any], session_id: UUID) -> Page[queries.MessageView]:
    """Show a session's conversation, the oldest message first."""
    with platform().db.reading() as session:
        return queries.list_messages(session, principal(), session_id, **arguments)


@blueprint.route("/proctoring/sessions/<uuid:session_id>/messages", methods=["POST"])
@blueprint.arguments(ProctorDraftSchema)
@blueprint.response(200, ProctorMessageSchema)
def write_to_candidate(data: dict[str, Any], session_id: UUID) -> queries.MessageView:
    """Write to a candidate, or warn."""
    return operations.write_to_candidate(platform(), principal(), session_id, Draft(**data))


@blueprint.route("/proctoring/sessions/<uuid:session_id>/messages/read", methods=["POST"])
@blueprint.arguments(SeenSchema)
@blueprint.response(200, UnreadSchema)
def mark_read(data: dict[str, Any], session_id: UUID) -> dict[str, int]:
    """Note that messages of the candidate were read."""
    ids = data["message_ids"]
    return {"unread": marks.mark_read_by_proctor(platform(), principal(), session_id, ids)}


@blueprint.route("/proctoring/exams/<uuid:exam_id>/announcements", methods=["POST"])
@blueprint.arguments(DraftSchema)
@blueprint.response(200, AnnouncedSchema)
def announce(data: dict[str, Any], exam_id: UUID) -> dict[str, int]:
    """Say something to all candidates of an exam who are being watched now."""
    return {"count": operations.announce(platform(), principal(), exam_id, Draft(**data))}


@blueprint.route("/attempts/<uuid:attempt_id>/messages", methods=["GET"])
@blueprint.arguments(PageArguments, location="query")
@blueprint.response(200, page_schema(ProctorMessageSchema))
def list_own_messages(arguments: dict[str, Any], attempt_id: UUID) -> Page[queries.MessageView]:
    """Show the conversation to its candidate."""
    with platform().db.reading() as session:
        return queries.list_own_messages(session, principal(), attempt_id, **arguments)


@blueprint.route("/attempts/<uuid:attempt_id>/messages", methods=["POST"])
@blueprint.arguments(DraftSchema)
@blueprint.response(200, ProctorMessageSchema)
def write_to_proctors(data: dict[str, Any], attempt_id: UUID) -> queries.MessageView:
    """Write to the proctors of one's own attempt."""
    return operations.write_to_proctors(platform(), principal(), attempt_id, Draft(**data))


@blueprint.route("/attempts/<uuid:attempt_id>/messages/read", methods=["POST"])
@blueprint.arguments(CandidateSeenSchema)
@blueprint.response(200)
def mark_own_read(data: dict[str, Any], attempt_id: UUID) -> None:
    """Note that the candidate has seen messages."""
    marks.mark_read_by_candidate(
        platform(),
        principal(),
        attempt_id,
        data["message_ids"],
        acknowledged=data["acknowledged"],
    )
