"""The files of questions and of answers, for whoever may see them."""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response, request

from examhall.core.media.checks import SHOWN
from examhall.core.media.reading import FoundFile, find_file, read_file
from examhall.web.context import platform, principal

blueprint = Blueprint("media", __name__)

# Whatever a file holds, it can neither act nor call out, not even when it is opened by itself.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src 'self'; sandbox"


@blueprint.get("/media/<sha256>")
def show(sha256: str) -> Response:
    """Send a file of questions to everybody who is signed in, of an answer to whoever may see it.

    A browser asks each time whether it still may, and gets the bytes only once.
    """
    found = find_file(platform(), principal(), sha256)
    response = Response(mimetype=found.content_type)
    response.set_etag(found.sha256)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Content-Disposition"] = _disposition(found)
    if request.if_none_match.contains(found.sha256):
        response.status_code = 304
        return response
    data = read_file(platform(), found)
    response.set_data(data)
    response.make_conditional(request, accept_ranges=True, complete_length=len(data))
    return response


def _disposition(found: FoundFile) -> str:
    kind = "inline" if found.content_type in SHOWN else "attachment"
    if not found.name:
        return kind
    plain = "".join(c if c.isascii() and c not in '"\\' else "_" for c in found.name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(found.name, safe='')}"
