"""Storing the files of questions."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from examhall.core.contracts.formats import MediaFile
from examhall.core.db import database_now
from examhall.core.errors import InvalidError, TooLargeError
from examhall.core.media.checks import check_media, clean_name
from examhall.core.media.models import MediaRecord
from examhall.core.media.store import put_bytes
from examhall.core.permissions import Permission, Principal

if TYPE_CHECKING:
    from examhall.core.platform import Platform


def store_media(platform: Platform, principal: Principal, data: bytes, name: str) -> MediaRecord:
    """Store a file that questions can show; the same bytes again are the file that is there.

    What it is, its bytes say. Raises InvalidError or TooLargeError with the reason.
    """
    principal.require(Permission.QUESTIONS_WRITE)
    content_type = check_media(data)
    sha256 = hashlib.sha256(data).hexdigest()
    with platform.db.transaction() as session:
        known = session.get(MediaRecord, sha256)
        if known is not None:
            # It is wanted anew: what nobody names is removed some time after it was stored.
            known.created_at = database_now(session)
    if known is not None:
        return known
    ref = put_bytes(platform, data, content_type)
    try:
        with platform.db.transaction() as session:
            row = MediaRecord(
                sha256=sha256,
                size=ref.size,
                content_type=content_type,
                name=clean_name(name),
                store=platform.settings.evidence_store,
                store_key=ref.key,
                created_by=principal.user_id,
                created_at=database_now(session),
            )
            session.add(row)
            session.flush()
            return row
    except IntegrityError:
        # Somebody else has stored the same bytes meanwhile.
        with platform.db.reading() as session:
            return session.get_one(MediaRecord, sha256)


def store_imported(
    platform: Platform, principal: Principal, files: Sequence[MediaFile]
) -> list[str]:
    """Store the files of an import; returns for people what was not taken, and why."""
    problems = []
    for file in files:
        try:
            store_media(platform, principal, file.data, file.name)
        except (InvalidError, TooLargeError) as error:
            name = clean_name(file.name) or file.reference
            problems.append(f"The file {name} was not taken. {error.message}")
    return problems
