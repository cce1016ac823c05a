"""Archives that are sent while they are made."""

from __future__ import annotations

from flask import Response

from examhall.core.retention.export import Archive


def send_archive(archive: Archive) -> Response:
    """Return an archive as a download."""
    response = Response(archive.parts, mimetype="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{archive.filename}"'
    return response
