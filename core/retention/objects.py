"""Taking objects out of an evidence store, where the same bytes may belong to several rows.

An object goes when no row names it any more. Between the moment at which a writer finds that its
bytes are in the store already and the moment at which its row is committed, nothing shows that they
are wanted. So a deletion is written down before the rows are looked through, and whoever has stored
something looks for deletions after their own commit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam, delete, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from examhall.core.contracts.services import EvidenceRef
from examhall.core.db import database_now
from examhall.core.media.models import AttemptFile, MediaRecord
from examhall.core.platform import Platform
from examhall.core.proctoring.models import Evidence
from examhall.core.retention.models import ObjectDeletion

BATCH = 500
REMEMBERED = timedelta(hours=1)
"""A finished deletion is remembered longer than any upload takes from its store to its commit."""

WAIT_SECONDS = 15.0
POLL_SECONDS = 0.05
DELETERS = 8


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object in a store."""

    store: str
    sha256: str
    size: int
    key: str


def write_down_deletions(session: Session, objects: Iterable[StoredObject]) -> None:
    """Note what `delete_pending` shall delete; call it where the rows that named it are removed."""
    now = database_now(session)
    unique = {(one.store, one.sha256): one for one in objects}
    values = [
        {
            "store": one.store,
            "sha256": one.sha256,
            "size": one.size,
            "store_key": one.key,
            "at": now,
            "done": False,
        }
        for _, one in sorted(unique.items())
    ]
    if not values:
        return
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(ObjectDeletion)
    keys = [ObjectDeletion.store, ObjectDeletion.sha256]
    again = {"at": now, "done": False}
    session.execute(statement.on_conflict_do_update(index_elements=keys, set_=again), values)


def delete_pending(platform: Platform) -> int:
    """Delete what is written down, unless some row names it; return how many objects went.

    Call it outside of any transaction. Raises PluginError when a store is away: a repeated call
    goes on where this one ended.
    """
    count = 0
    while True:
        with platform.db.reading() as session:
            rows = session.scalars(
                select(ObjectDeletion)
                .where(ObjectDeletion.done.is_(False))
                .order_by(ObjectDeletion.at, ObjectDeletion.store, ObjectDeletion.sha256)
                .limit(BATCH)
            ).all()
            wanted = _find_wanted(session, [row.sha256 for row in rows])
        if not rows:
            return count
        doomed = [row for row in rows if (row.store, row.sha256) not in wanted]
        _delete(platform, doomed)
        count += len(doomed)
        with platform.db.transaction() as session:
            _finish(session, rows)


def keep_objects(
    platform: Platform, store: str, addresses: Iterable[str], put_again: Callable[[], object]
) -> None:
    """Make sure that what was stored and committed just now was not deleted in between.

    `put_again` stores it once more; it is called when one of the addresses (sha256) was deleted a
    short while ago. Hardly ever more than one question to the database.
    """
    wanted = {"store": store, "addresses": list(set(addresses))}
    end = time.monotonic() + WAIT_SECONDS
    while True:
        with platform.db.reading() as session:
            states = session.scalars(_STATES, wanted).all()
        if not states:
            return
        if all(states) or time.monotonic() > end:
            put_again()
            return
        time.sleep(POLL_SECONDS)


_STATES = select(ObjectDeletion.done).where(
    ObjectDeletion.store == bindparam("store"),
    ObjectDeletion.sha256.in_(bindparam("addresses", expanding=True)),
)


def _find_wanted(session: Session, addresses: Sequence[str]) -> set[tuple[str, str]]:
    """Return which objects a row still names, by store and address."""
    statements = (
        select(Evidence.store, Evidence.sha256).where(
            Evidence.sha256.in_(addresses), Evidence.purged_at.is_(None)
        ),
        select(MediaRecord.store, MediaRecord.sha256).where(MediaRecord.sha256.in_(addresses)),
        select(AttemptFile.store, AttemptFile.sha256).where(AttemptFile.sha256.in_(addresses)),
    )
    return {
        (row.store, row.sha256) for statement in statements for row in session.execute(statement)
    }


def _delete(platform: Platform, doomed: Sequence[ObjectDeletion]) -> None:
    def remove(row: ObjectDeletion) -> None:
        store = platform.plugins.evidence_store(row.store)
        ref = EvidenceRef(row.sha256, row.size, row.store_key)
        platform.plugins.call(store, "delete", ref, expect=type(None))

    with ThreadPoolExecutor(DELETERS, thread_name_prefix="examhall-purge") as pool:
        list(pool.map(remove, doomed))


def _finish(session: Session, rows: Sequence[ObjectDeletion]) -> None:
    """Mark deletions as done, but none that was written down again meanwhile; forget old ones."""
    addresses = [(row.store, row.sha256, row.at) for row in rows]
    now = database_now(session)
    session.execute(
        update(ObjectDeletion)
        .where(
            tuple_(ObjectDeletion.store, ObjectDeletion.sha256, ObjectDeletion.at).in_(addresses)
        )
        .values(done=True, at=now)
    )
    session.execute(
        delete(ObjectDeletion).where(
            ObjectDeletion.done.is_(True), ObjectDeletion.at < now - REMEMBERED
        )
    )
