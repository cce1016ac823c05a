"""A phone as room camera: a code for the candidate, and what the phone sends with its own token."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import segno
from flask import url_for
from marshmallow import fields, validate

from examhall.core.proctoring.room_camera import chunks, pairing, states
from examhall.web.api.base import ApiBlueprint, ApiSchema, body_limit
from examhall.web.api.chunk_form import CHUNK_LIMIT, read_chunk
from examhall.web.api.proctoring_schemas import ChunkFilesSchema, ChunkFormSchema
from examhall.web.context import platform, principal, public
from examhall.web.limits import DEVICE_HEADER, device_limited, joining_limited
from examhall.web.sessions import address

blueprint = ApiBlueprint(
    "room_camera", __name__, description="A phone as second camera, joined by a code."
)

WANTED = ("off", "optional", "required")
LINKS = tuple(one.value for one in states.Link)


class RoomCameraSchema(ApiSchema):
    """Whether the exam wants a phone, and how it is; silent for `lost_after` seconds it is lost."""

    wanted = fields.String(required=True, validate=validate.OneOf(["off", "optional", "required"]))
    state = fields.String(
        required=True, validate=validate.OneOf([one.value for one in states.Link])
    )
    seen_at = fields.DateTime(required=True, allow_none=True)
    lost_after = fields.Float(required=True)


class PairingSchema(ApiSchema):
    """A code that is good once; `picture` is a QR code of `address` as the URI of an SVG."""

    code = fields.String(required=True)
    address = fields.String(required=True)
    picture = fields.String(required=True)
    expires_at = fields.DateTime(required=True)


class CodeSchema(ApiSchema):
    """What was scanned or typed."""

    code = fields.String(required=True, validate=validate.Length(1, 40))


class JoinedSchema(ApiSchema):
    """The phone's own token; the phone sends it with everything in the header X-Device-Token."""

    device_token = fields.String(required=True)
    session_id = fields.UUID(required=True)
    exam_title = fields.String(required=True)
    frame_seconds = fields.Float(required=True)


class DeviceSchema(ApiSchema):
    """Which phone asks."""

    device_token = fields.String(
        required=True, data_key=DEVICE_HEADER, validate=validate.Length(1, 200)
    )


class RoomAcknowledgementSchema(ApiSchema):
    """The server's word that a chunk is stored; the phone ends once `session_open` is false."""

    sequence = fields.Integer(required=True)
    stored = fields.Boolean(required=True)
    session_open = fields.Boolean(required=True)


@blueprint.route("/attempts/<uuid:attempt_id>/room-camera", methods=["GET"])
@blueprint.response(200, RoomCameraSchema)
def show_room_camera(attempt_id: UUID) -> states.RoomCameraState:
    """Show how the room camera of one's own attempt is."""
    with platform().db.reading() as session:
        return states.get_room_camera(session, principal(), attempt_id)


@blueprint.route("/attempts/<uuid:attempt_id>/room-camera", methods=["POST"])
@blueprint.response(200, PairingSchema)
def make_pairing(attempt_id: UUID) -> dict[str, Any]:
    """Make a code to join a phone with; those before that nobody used are worthless now."""
    with platform().db.transaction() as session:
        made = pairing.make_pairing(session, principal(), attempt_id)
    target = url_for("room_camera.invitation", code=made.code, _external=True)
    return {
        "code": made.code,
        "address": url_for("room_camera.ask", _external=True),
        "picture": segno.make(target, error="m", micro=False).svg_data_uri(border=4),
        "expires_at": made.expires_at,
    }


@blueprint.route("/room-camera/join", methods=["POST"])
@public
@joining_limited
@blueprint.arguments(CodeSchema)
@blueprint.response(200, JoinedSchema)
def join(data: dict[str, Any]) -> pairing.Joined:
    """Exchange a code for a token of the phone's own; a code is good once, for five minutes."""
    with platform().db.transaction() as session:
        return pairing.join_phone(session, platform(), data["code"], address())


@blueprint.route("/room-camera/chunks", methods=["POST"])
@public
@device_limited
@body_limit(CHUNK_LIMIT)
@blueprint.arguments(DeviceSchema, location="headers")
@blueprint.arguments(ChunkFormSchema, location="form")
@blueprint.arguments(ChunkFilesSchema, location="files")
@blueprint.response(200, RoomAcknowledgementSchema)
def store_chunk(
    device: dict[str, Any], form: dict[str, Any], files: dict[str, Any]
) -> chunks.RoomAcknowledgement:
    """Store a chunk of the stream `room`; the answer comes when it is stored for good."""
    new = read_chunk(form["meta"], files["sample"])
    return chunks.store_room_chunk(platform(), device["device_token"], new)


@blueprint.route("/room-camera/leave", methods=["POST"])
@public
@blueprint.arguments(DeviceSchema, location="headers")
@blueprint.response(200)
def leave(device: dict[str, Any]) -> None:
    """Disconnect a phone; its token is worthless from now on."""
    with platform().db.transaction() as session:
        pairing.leave(session, platform(), device["device_token"], address())
