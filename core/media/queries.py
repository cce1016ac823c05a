"""Reading the files of questions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.contracts.formats import MEDIA_REFERENCE, MediaFile
from examhall.core.errors import NotFoundError
from examhall.core.media.models import MediaRecord
from examhall.core.media.store import read_bytes

if TYPE_CHECKING:
    from examhall.core.platform import Platform

BATCH = 500


def get_media(session: Session, sha256: str) -> MediaRecord:
    """Return a file of questions by the sha256 of its bytes; knowing it is the permission."""
    row = session.get(MediaRecord, sha256)
    if row is None:
        raise NotFoundError("There is no such file.")
    return row


def find_references(contents: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the sha256 of every file that contents name, each once, in their order."""
    texts = (json.dumps(content, ensure_ascii=False, default=str) for content in contents)
    return list(dict.fromkeys(sha for text in texts for sha in MEDIA_REFERENCE.findall(text)))


def collect_media(
    platform: Platform, contents: Iterable[Mapping[str, Any]]
) -> dict[str, MediaFile]:
    """Return the files that contents name, by their reference; what is not there is left out.

    Call it outside of any transaction. Raises EvidenceMissingError, PluginError.
    """
    wanted = find_references(contents)
    rows: list[MediaRecord] = []
    with platform.db.reading() as session:
        for start in range(0, len(wanted), BATCH):
            chosen = MediaRecord.sha256.in_(wanted[start : start + BATCH])
            rows += session.scalars(select(MediaRecord).where(chosen))
    known = {row.sha256: row for row in rows}
    found = [known[sha256] for sha256 in wanted if sha256 in known]
    files = [MediaFile(read_bytes(platform, row), row.content_type, row.name) for row in found]
    return {file.reference: file for file in files}
