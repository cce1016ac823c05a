"""The JSON API: one service a module, each of which can run in a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from flask import Flask, Response, current_app, jsonify

from examhall.core.errors import SettingsError
from examhall.web.api.base import PREFIX, DecimalText, ExamhallApi, WholeNumber
from examhall.web.context import public

SERVICES = (
    "auth",
    "users",
    "audit",
    "health",
    "attempts",
    "questions",
    "exams",
    "scoring",
    "regrades",
    "analysis",
    "connections",
    "messages",
    "webhooks",
    "proctoring",
    "detection",
    "reviews",
    "room_camera",
    "check_ins",
    "conversations",
    "assignments",
    "frames",
    "evidence",
    "people",
    "plugins",
    "detectors",
    "question_types",
    "media",
    "files",
    # Add the name of your module in examhall.web.api here; it holds `blueprint`.
)

DESCRIPTION = """\
Every answer is the envelope `{"success", "data", "error", "timestamp"}`; errors have a stable
`code`. Lists come in pages: send `next_cursor` as `cursor` until it is null. A program signs in
at `/auth/token` and sends the access token as bearer; a page of this site uses its session cookie
and repeats the session's token in the header `X-CSRF-Token` with every write. A POST that makes
something takes an `Idempotency-Key`: the same key again gives the same answer and makes nothing.
"""

SECURITY_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "session": {"type": "apiKey", "in": "cookie", "name": "examhall"},
}


def init_api(app: Flask, services: Sequence[str] = ()) -> ExamhallApi:
    """Mount the services, or those that are named, with their document and its page.

    Raises SettingsError for a name that is none of ours.
    """
    if unknown := set(services) - set(SERVICES):
        raise SettingsError(
            f"EXAMHALL_SERVICES: {', '.join(sorted(unknown))} is no service. "
            f"There are: {', '.join(SERVICES)}."
        )
    app.config.update(
        API_TITLE="examhall",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        API_SPEC_OPTIONS={
            "info": {"description": DESCRIPTION},
            "servers": [{"url": "/"}],
            "security": [{"token": []}, {"session": []}],
            "components": {"securitySchemes": SECURITY_SCHEMES},
        },
    )
    api = ExamhallApi(app)
    api.register_field(WholeNumber, "integer", None)
    api.register_field(DecimalText, "string", "decimal")
    for name in services or SERVICES:
        api.register_service(import_module(f"examhall.web.api.{name}").blueprint)
    app.extensions["examhall.openapi"] = api.document
    app.add_url_rule(f"{PREFIX}/openapi.json", "openapi", show_document)
    return api


@public
def show_document() -> Response:
    """Return the API's document."""
    return jsonify(current_app.extensions["examhall.openapi"]())
