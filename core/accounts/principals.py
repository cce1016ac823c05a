"""Who somebody is, kept for a few seconds so that a save does not read the account each time."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from uuid import UUID

from examhall.core.accounts.queries import find_account
from examhall.core.db import Database
from examhall.core.permissions import Principal

MOST = 50_000


@dataclass(frozen=True, slots=True)
class _Entry:
    principal: Principal
    session_version: int
    until: float


class PrincipalCache:
    """Principals by user and session version; each is at most `seconds` old."""

    def __init__(self, db: Database, seconds: float = 5.0) -> None:
        self._db = db
        self._seconds = seconds
        self._entries: dict[UUID, _Entry] = {}

    def get(self, user_id: UUID, session_version: int, address: str = "") -> Principal | None:
        """Return the principal, None where the account is closed or the version is outdated."""
        entry = self._entries.get(user_id)
        now = time.monotonic()
        if entry is None or entry.until < now or entry.session_version != session_version:
            entry = self._load(user_id, now)
        if entry is None or entry.session_version != session_version:
            return None
        if entry.principal.address != address:
            return replace(entry.principal, address=address)
        return entry.principal

    def forget(self, user_id: UUID) -> None:
        """Read the account again at the next request to this process."""
        self._entries.pop(user_id, None)

    def _load(self, user_id: UUID, now: float) -> _Entry | None:
        with self._db.reading() as session:
            account = find_account(session, user_id)
        if account is None:
            self.forget(user_id)
            return None
        if len(self._entries) >= MOST:
            self._entries.clear()
        entry = _Entry(account.principal, account.session_version, now + self._seconds)
        self._entries[user_id] = entry
        return entry
