"""Evidence goes when its time is over, with a receipt; what is still needed stays."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from examhall.core.attempts.models import Attempt
from examhall.core.audit.models import AuditEntry
from examhall.core.audit.operations import KEY_PURPOSE, verify_chain
from examhall.core.errors import ConflictError, EvidenceMissingError, ForbiddenError, InvalidError
from examhall.core.permissions import SYSTEM, Role
from examhall.core.platform import Platform
from examhall.core.proctoring import check_in, chunks
from examhall.core.proctoring.evidence import read_evidence
from examhall.core.proctoring.models import IncidentRecord
from examhall.core.proctoring.verification import verify_session
from examhall.core.retention import objects, purge
from examhall.core.retention.keeping import get_keeping, lift_hold, place_hold
from examhall.core.retention.models import ObjectDeletion, PurgeReceipt
from tests.core.attempts.world import World, now
from tests.core.proctoring.scripted import ALONE
from tests.core.proctoring.watching import Watched, watch
from tests.core.retention.sealed import end, make_due, path_of, pieces, seal, seal_audit


def purge_due(platform: Platform) -> list[PurgeReceipt]:
    return purge.purge_due(platform, SYSTEM)


def test_what_is_over_goes_and_leaves_a_receipt(watched: Watched) -> None:
    seal(watched)
    rows, platform = pieces(watched), watched.platform
    assert purge_due(platform) == []
    make_due(watched)
    [due] = purge.list_due(platform, SYSTEM)
    assert (due.count, due.size, due.kept_because) == (6, sum(row.size for row in rows), [])
    [receipt] = purge_due(platform)
    assert (receipt.count, receipt.size, receipt.reason) == (6, due.size, "retention")
    assert not any(path_of(watched, row).exists() for row in rows)
    assert watched.session().purged_at is not None
    with pytest.raises(EvidenceMissingError, match="purged on"):
        read_evidence(platform, pieces(watched)[0])
    seal_audit(platform)
    found = verify_session(platform, SYSTEM, watched.session_id)
    assert (found.ok, found.purged, found.checked, found.head) == (True, 6, 0, receipt.chain_head)
    assert receipt.manifest_digest == found.manifest_digest
    with platform.db.reading() as session:
        assert verify_chain(session, keys=platform.vault.derive_all(KEY_PURPOSE)).is_whole
        assert session.scalar(select(AuditEntry.id).where(AuditEntry.action == "evidence.purged"))
    assert (purge_due(platform), purge.list_due(platform, SYSTEM)) == ([], [])
    for change in (update(PurgeReceipt).values(count=0), delete(PurgeReceipt)):
        with pytest.raises(IntegrityError), platform.db.transaction() as session:
            session.execute(change)


def test_the_time_is_the_exams_or_the_installations(world: World) -> None:
    short, usual = watch(world, retention_days=30), watch(world)
    for one, days in ((short, 30), (usual, world.platform.settings.evidence_retention_days)):
        seal(one, 1)
        row = one.session()
        assert row.retain_until is not None
        assert abs(row.retain_until - now() - timedelta(days=days)) < timedelta(minutes=5)


def test_an_object_that_another_session_names_stays(world: World, watched: Watched) -> None:
    other = watch(world, exam_id=watched.exam_id)
    chunk = watched.chunk([ALONE, ALONE])
    watched.send(chunk)
    other.send(chunk)
    for one in (watched, other):
        end(one)
    make_due(watched)
    [receipt] = purge_due(world.platform)
    assert receipt.count == 2
    assert all(path_of(other, row).exists() for row in pieces(other))
    seal_audit(world.platform)
    assert verify_session(world.platform, SYSTEM, other.session_id).ok
    make_due(other)
    assert len(purge_due(world.platform)) == 1
    assert not any(path_of(other, row).exists() for row in pieces(other))


@pytest.mark.parametrize("place", ["_find_wanted", "_delete", "_finish", "receipt"])
def test_a_purge_that_is_stopped_is_finished_by_the_next(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    class StoppedError(BaseException):
        pass

    def stop(*_: object, **__: object) -> None:
        raise StoppedError

    seal(watched)
    make_due(watched)
    with monkeypatch.context() as patch:
        patch.setattr(*(purge, "_write_receipt") if place == "receipt" else (objects, place), stop)
        with pytest.raises(StoppedError):
            purge_due(watched.platform)
    with watched.platform.db.reading() as session:
        assert purge.has_work(session)
    [receipt] = purge_due(watched.platform)
    assert receipt.count == 6
    assert not any(path_of(watched, row).exists() for row in pieces(watched))
    with watched.platform.db.reading() as session:
        assert not purge.has_work(session)
        assert all(session.scalars(select(ObjectDeletion.done)))


def test_equal_bytes_that_come_during_a_purge_are_there_afterwards(
    world: World, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They find their object in the store, and it is deleted before their row is committed."""
    late = watch(world, exam_id=watched.exam_id)
    chunk = watched.chunk([ALONE])
    watched.send(chunk)
    end(watched)
    make_due(watched)
    put = chunks._put_samples

    def put_then_purge(*arguments: object) -> object:
        refs = put(*arguments)
        if watched.session().purged_at is None:
            assert len(purge_due(world.platform)) == 1
        return refs

    monkeypatch.setattr(chunks, "_put_samples", put_then_purge)
    late.send(chunk)
    [row] = pieces(late)
    assert path_of(late, row).read_bytes() == chunk.uploads[0].data


def test_a_photo_that_comes_during_a_purge_of_its_like_is_there_afterwards(
    world: World, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunk = watched.chunk([ALONE])
    watched.send(chunk)
    end(watched)
    make_due(watched)
    late = watch(world, face_photo=True)
    put = check_in.put_evidence

    def put_then_purge(*arguments: Any) -> object:
        ref = put(*arguments)
        if watched.session().purged_at is None:
            assert len(purge_due(world.platform)) == 1
        return ref

    monkeypatch.setattr(check_in, "put_evidence", put_then_purge)
    [upload] = chunk.uploads
    check_in.store_photo(world.platform, late.candidate, late.attempt_id, "face", upload)
    [row] = pieces(late)
    assert path_of(late, row).read_bytes() == upload.data


def test_a_repeated_chunk_heals_what_a_purge_took(world: World, watched: Watched) -> None:
    """A server that died between its commit and its second look never acknowledged the chunk."""
    chunk = watched.chunk([ALONE])
    watched.send(chunk)
    [row] = pieces(watched)
    with world.platform.db.transaction() as session:
        found = objects.StoredObject(row.store, row.sha256, row.size, row.store_key)
        objects.write_down_deletions(session, [found])
        session.flush()
        session.execute(update(ObjectDeletion).values(done=True))
    path_of(watched, row).unlink()
    watched.send(chunk)
    assert hashlib.sha256(path_of(watched, row).read_bytes()).hexdigest() == row.sha256


def test_what_is_still_needed_is_kept(world: World, watched: Watched) -> None:
    seal(watched)
    make_due(watched)

    def set_review(state: str) -> None:
        with world.platform.db.transaction() as session:
            attempt = session.get_one(Attempt, watched.attempt_id)
            attempt.review_state = state

    for state, reason in (("second_review", "review is open"), ("appealed", "appeal is open")):
        set_review(state)
        [due] = purge.list_due(world.platform, SYSTEM)
        assert reason in due.kept_because[0]
        assert purge_due(world.platform) == []
        with pytest.raises(ConflictError, match=reason):
            purge.purge_session(world.platform, SYSTEM, watched.session_id, purge.Reason.RETENTION)
    set_review("final")
    assert len(purge_due(world.platform)) == 1


def test_incidents_that_nobody_judged_are_kept_and_stay_without_pictures(watched: Watched) -> None:
    seal(watched)
    make_due(watched)
    moment = watched.session().started_at
    with watched.platform.db.transaction() as session:
        session.get_one(Attempt, watched.attempt_id).review_state = "queued"
        session.add(
            IncidentRecord(
                session_id=watched.session_id,
                kind="face.missing",
                started_at=moment,
                ended_at=moment,
                severity="high",
                confidence=0.9,
                explanation="No face was seen.",
                created_at=moment,
                updated_at=moment,
            )
        )
    assert purge_due(watched.platform) == []
    with watched.platform.db.transaction() as session:
        # A proctor who bears it out leaves the decision to the reviewer.
        session.execute(update(IncidentRecord).values(state="noted"))
    assert purge_due(watched.platform) == []
    with watched.platform.db.transaction() as session:
        session.execute(update(IncidentRecord).values(state="dismissed"))
    assert len(purge_due(watched.platform)) == 1
    assert [row.kind for row in watched.incidents()] == ["face.missing"]


def test_a_hold_keeps_evidence_until_it_is_lifted(world: World, watched: Watched) -> None:
    seal(watched)
    make_due(watched)
    reviewer = world.person(Role.REVIEWER, watched.exam_id)
    with pytest.raises(InvalidError):
        place_hold(world.platform, reviewer, watched.session_id, "  ")
    place_hold(world.platform, reviewer, watched.session_id, "A complaint is pending.")
    with pytest.raises(ConflictError):
        place_hold(world.platform, reviewer, watched.session_id, "Again.")
    with world.platform.db.reading() as session:
        keeping = get_keeping(session, reviewer, watched.session_id)
    assert list(keeping.kept_because) == ["it is on hold: A complaint is pending"]
    assert purge_due(world.platform) == []
    with pytest.raises(ForbiddenError):
        lift_hold(world.platform, world.person(Role.PROCTOR), watched.session_id)
    lift_hold(world.platform, world.person(Role.ADMIN), watched.session_id)
    lift_hold(world.platform, reviewer, watched.session_id)
    assert len(purge_due(world.platform)) == 1
    with pytest.raises(ConflictError):
        place_hold(world.platform, reviewer, watched.session_id, "Too late.")


def test_only_admins_purge(world: World) -> None:
    for role in (Role.REVIEWER, Role.PROCTOR, Role.AUDITOR):
        with pytest.raises(ForbiddenError):
            purge.purge_due(world.platform, world.person(role))
    assert purge.purge_due(world.platform, world.person(Role.ADMIN)) == []
