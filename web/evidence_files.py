"""Evidence as an answer: never kept by a cache on the way, never guessed at by a browser."""

from __future__ import annotations

from flask import Response

from examhall.core.proctoring.evidence import EvidenceContent
from examhall.core.proctoring.sound import serve


def send_evidence(content: EvidenceContent, cache: str = "no-store") -> Response:
    """Return an answer with a piece of evidence; its ETag is the sha256 of what is stored."""
    served = serve(content)
    response = Response(served.data, mimetype=served.content_type)
    response.headers["Cache-Control"] = cache
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.set_etag(served.sha256)
    return response
