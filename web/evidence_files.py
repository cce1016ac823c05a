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
    # The address is a signed link: no other page may learn it, and the bytes can do nothing.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.set_etag(served.sha256)
    return response
