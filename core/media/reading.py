"""Handing out files: of questions to everybody who is signed in, of answers to few."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.attempts.models import Attempt
from examhall.core.attempts.queries import owns
from examhall.core.errors import NotFoundError, SignInRequiredError
from examhall.core.media.models import AttemptFile, MediaRecord
from examhall.core.media.store import read_bytes
from examhall.core.permissions import Permission, Principal

if TYPE_CHECKING:
    from examhall.core.platform import Platform

SHA256 = re.compile(r"[0-9a-f]{64}\Z")
READERS = (Permission.SCORES_READ, Permission.SCORES_MARK, Permission.ATTEMPTS_READ)
"""Any of these, for the exam, lets somebody else than the candidate see a candidate's file."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that somebody may see, and where its bytes lie."""

    sha256: str
    size: int
    content_type: str
    name: str
    store: str
    store_key: str


def find_file(platform: Platform, principal: Principal, sha256: str) -> FoundFile:
    """Return a file by the sha256 of its bytes; NotFoundError for those of other people."""
    if principal.user_id is None:
        raise SignInRequiredError("Sign in first.")
    row: MediaRecord | AttemptFile | None = None
    if SHA256.match(sha256):
        with platform.db.reading() as session:
            row = session.get(MediaRecord, sha256)
            row = row or _find_answer_file(session, principal, sha256)
    if row is None:
        raise NotFoundError("There is no such file.")
    return FoundFile(row.sha256, row.size, row.content_type, row.name, row.store, row.store_key)


def read_file(platform: Platform, found: FoundFile) -> bytes:
    """Return a file's bytes. Raises EvidenceMissingError when they are gone, PluginError."""
    return read_bytes(platform, found)


def _find_answer_file(session: Session, principal: Principal, sha256: str) -> AttemptFile | None:
    rows = session.execute(
        select(AttemptFile, Attempt)
        .join(Attempt, Attempt.id == AttemptFile.attempt_id)
        .where(AttemptFile.sha256 == sha256)
        .order_by(AttemptFile.created_at, AttemptFile.id)
    )
    for file, attempt in rows:
        if owns(principal, attempt):
            return file
        if any(principal.may(permission, attempt.exam_id) for permission in READERS):
            return file
    return None
