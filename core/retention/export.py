"""What is kept about one person, gathered into one archive that they can read.

The archive is a zip file that is made while it is sent: a few pieces are in memory at a time. Its
README says what each file holds.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from examhall.core.accounts.models import User
from examhall.core.attempts.models import Attempt
from examhall.core.audit.models import AuditEntry
from examhall.core.audit.operations import record
from examhall.core.db import database_now
from examhall.core.errors import (
    ConflictError,
    EvidenceMissingError,
    ForbiddenError,
    NotFoundError,
    RateLimitedError,
)
from examhall.core.media.store import Stored, read_bytes
from examhall.core.permissions import Permission, Principal
from examhall.core.platform import Platform
from examhall.core.retention.records import RECORDS, Scope, StoredFile, list_files

OWN_EXPORTS = 3
OWN_EXPORT_SECONDS = 3600
RUNNING = ("in_progress", "paused", "draining", "reopened")
SMALLEST_PART = 64 * 1024

README = """\
# What is kept about {login}

This archive was made at {moment} UTC. The files ending in `.json` are text; every moment in them
is in UTC. Nothing that is known of other people is in it: proctors, reviewers and markers are not
named.

{files}
- `evidence/` has what was recorded during watched exams, a folder for each session: pictures
  (.jpg), sound (.l16: 16-bit samples, 16 kHz, one channel, no header) and events of the browser
  (.json). Each name starts with the number of the piece in the session's chain.
- `answers/` has the files that were handed in, a folder for each attempt.
- `missing.json` lists files that should be here and are not, with the reason.

Evidence is removed when its time is over; what was removed is listed in `sessions.json` as purged.
{note}"""

OWN_NOTE = """
You made this archive yourself, so it leaves out what has not been released to you yet: scores, and
what is noted about a session before it is decided. Ask the institution for these.
"""


@dataclass(frozen=True, slots=True)
class Archive:
    """A name for the file, and its bytes in parts; they are read from the stores as they go."""

    filename: str
    parts: Iterator[bytes]


def export_person(platform: Platform, principal: Principal, user_id: UUID) -> Archive:
    """Return all that is kept about a person, to themselves or with `people.export`; audited.

    People get what was released to them, others everything. Raises ForbiddenError, NotFoundError,
    and for one's own archive ConflictError while an exam runs and RateLimitedError when it is asked
    for too often.
    """
    is_own = principal.user_id == user_id and not principal.may(Permission.PEOPLE_EXPORT)
    if not is_own:
        principal.require(Permission.PEOPLE_EXPORT)
    with platform.db.transaction() as session:
        user = session.get(User, user_id)
        if user is None:
            raise NotFoundError("There is no such user.")
        now = database_now(session)
        if is_own:
            _check_own(session, principal, now)
        record(session, principal, "person.exported", "user", user_id, own=is_own)
    with platform.db.reading() as session:
        scope = Scope(session, user_id, is_own)
        texts = {name: read(scope) for name, (_, read) in RECORDS.items()}
        files = list_files(scope)
    readme = _write_readme(user.login, now, is_own=is_own)
    name = f"examhall-{now:%Y-%m-%d}-{user_id.hex[:8]}.zip"
    return Archive(name, _write_archive(platform, now, readme, texts, files))


def _check_own(session: Session, principal: Principal, now: datetime) -> None:
    if principal.user_id is None:
        raise ForbiddenError("Sign in first.")
    running = select(Attempt.id).where(
        Attempt.user_id == principal.user_id, Attempt.state.in_(RUNNING)
    )
    if session.scalar(running.limit(1)) is not None:
        raise ConflictError("An exam is running. Come back when it is handed in.")
    since = now - timedelta(seconds=OWN_EXPORT_SECONDS)
    count = session.scalar(
        select(func.count()).where(
            AuditEntry.object_type == "user",
            AuditEntry.object_id == str(principal.user_id),
            AuditEntry.actor_id == principal.user_id,
            AuditEntry.action == "person.exported",
            AuditEntry.at > since,
        )
    )
    if (count or 0) >= OWN_EXPORTS:
        raise RateLimitedError("You have had your data several times. Come back in an hour.")


def _write_readme(login: str, now: datetime, *, is_own: bool) -> str:
    files = "\n".join(f"- `{name}` {meaning}" for name, (meaning, _) in RECORDS.items())
    note = OWN_NOTE if is_own else ""
    moment = f"{now.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    return README.format(login=login, moment=moment, files=files, note=note)


def _write_archive(
    platform: Platform,
    now: datetime,
    readme: str,
    texts: dict[str, object],
    files: Sequence[StoredFile],
) -> Iterator[bytes]:
    buffer = _Buffer()
    missing = []
    with zipfile.ZipFile(buffer, "w") as archive:

        def add(name: str, data: bytes, method: int = zipfile.ZIP_DEFLATED) -> None:
            info = zipfile.ZipInfo(name, now.timetuple()[:6])
            info.external_attr = 0o600 << 16
            archive.writestr(info, data, method)

        add("README.md", readme.encode())
        for name, value in texts.items():
            add(name, _to_json(value))
        for file in files:
            try:
                data = read_bytes(platform, _stored(file))
            except EvidenceMissingError as error:
                missing.append({"file": file.name, "reason": error.message})
            else:
                # Pictures and sound hardly get smaller.
                add(file.name, data, zipfile.ZIP_STORED)
            if buffer.size >= SMALLEST_PART:
                yield buffer.take()
        add("missing.json", _to_json(missing))
    yield buffer.take()


def _stored(file: StoredFile) -> Stored:
    return file


def _to_json(value: object) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str).encode()


class _Buffer(io.RawIOBase):
    """What a zip file is written into; it is emptied again and again, so nobody can go back."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self.size = 0

    def writable(self) -> bool:
        """Say that it can be written."""
        return True

    def write(self, data: object) -> int:
        """Take some bytes."""
        part = bytes(data)  # type: ignore[call-overload]
        self._parts.append(part)
        self.size += len(part)
        return len(part)

    def take(self) -> bytes:
        """Return what was written since the last time."""
        parts, self._parts, self.size = self._parts, [], 0
        return b"".join(parts)
