"""The newest frames of many sessions in one answer: what the wall asks for all the time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import ValidationError, fields, validate

from examhall.core.proctoring.frames import MOST_FRAMES, LastFrame, read_last_frames
from examhall.web.api.base import ApiBlueprint, ApiSchema
from examhall.web.context import platform, principal

blueprint = ApiBlueprint("frames", __name__, description="The newest frames of live sessions.")


class SessionList(fields.String):
    """Identifiers of sessions with commas between them."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        words = super()._deserialize(value, attr, data, **kwargs).split(",")
        if len(words) > MOST_FRAMES:
            raise ValidationError(f"Name up to {MOST_FRAMES} sessions.")
        try:
            return [UUID(word) for word in words]
        except ValueError as error:
            raise ValidationError("Give identifiers with commas between them.") from error


class FramesArguments(ApiSchema):
    """Whose frames are asked for."""

    exam_id = fields.UUID(required=True)
    sessions = SessionList(required=True, validate=validate.Length(min=1))


@blueprint.route("/proctoring/frames", methods=["GET"])
@blueprint.arguments(FramesArguments, location="query")
@blueprint.doc(responses={"200": {"description": "Frames, packed.", "content": {}}})
def show_frames(arguments: dict[str, Any]) -> Response:
    """Show the newest camera frames of sessions of an exam, packed into one body.

    The body is the length of the head as four bytes, the most significant first; the head, a JSON
    list of `session_id`, `at`, `sha256` and `size`; then the JPEG files in the same order. Sessions
    without a frame are left out.
    """
    found = read_last_frames(platform(), principal(), arguments["exam_id"], arguments["sessions"])
    response = Response(pack_frames(found), mimetype="application/octet-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def pack_frames(found: Sequence[LastFrame]) -> bytes:
    """Return the body that `show_frames` describes."""
    head = json.dumps(
        [
            {
                "session_id": str(one.session_id),
                "at": one.at.isoformat(),
                "sha256": one.content.sha256,
                "size": len(one.content.data),
            }
            for one in found
        ]
    ).encode()
    parts = [len(head).to_bytes(4, "big"), head, *(one.content.data for one in found)]
    return b"".join(parts)
