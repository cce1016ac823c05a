"""A person gets what is kept about them, and can be erased without breaking what must stay."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from examhall.core.accounts.models import User
from examhall.core.attempts.models import Attempt
from examhall.core.attempts.operations import complete_check_in
from examhall.core.attempts.starting import start_attempt
from examhall.core.audit.models import AuditEntry
from examhall.core.audit.operations import KEY_PURPOSE, verify_chain
from examhall.core.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RateLimitedError,
)
from examhall.core.exams.models import Registration
from examhall.core.integrations.models import Connection, OutboxMessage
from examhall.core.media.models import AttemptFile
from examhall.core.media.store import put_bytes
from examhall.core.permissions import SYSTEM, Principal, Role
from examhall.core.proctoring.messages.models import ProctorMessage
from examhall.core.proctoring.verification import verify_session
from examhall.core.retention import erasure
from examhall.core.retention.erasure import erase_person, pseudonym_of
from examhall.core.retention.export import export_person
from examhall.core.retention.keeping import place_hold
from examhall.core.retention.records import RECORDS
from tests.core.attempts.world import LEASE, World, now
from tests.core.proctoring.watching import Watched
from tests.core.retention.sealed import path_of, pieces, seal, seal_audit

FILE = b"%PDF-1.7 an answer"


def read(world: World, who: Principal, watched: Watched) -> dict[str, bytes]:
    assert watched.candidate.user_id is not None
    archive = export_person(world.platform, who, watched.candidate.user_id)
    with zipfile.ZipFile(io.BytesIO(b"".join(archive.parts))) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


def values(found: dict[str, bytes], name: str) -> Any:
    return json.loads(found[name])


def tell_partner(session: Session, attempt_id: UUID) -> None:
    """Write down a message about the attempt's result that a partner has got."""
    connection = Connection(
        provider_key="webhook", title="Register", config={}, created_at=now(), updated_at=now()
    )
    session.add(connection)
    session.flush()
    session.add(
        OutboxMessage(
            connection_id=connection.id,
            operation="push_result",
            payload={"candidate_login": "mira", "candidate_number": "A-17", "points": "3"},
            idempotency_key="result:1",
            ordering_key=f"attempt:{attempt_id}",
            state="delivered",
            due_at=now(),
            created_at=now(),
        )
    )


@pytest.fixture
def past(world: World, watched: Watched) -> Watched:
    """A candidate whose watched exam is over and marked, with a file and a message."""
    complete_check_in(world.platform, watched.candidate, watched.attempt_id)
    start_attempt(world.platform, watched.candidate, watched.attempt_id, LEASE)
    seal(watched, 4)
    ref = put_bytes(world.platform, FILE, "application/pdf")
    user_id = watched.candidate.user_id
    with world.platform.db.transaction() as session:
        attempt = session.get_one(Attempt, watched.attempt_id)
        attempt.state, attempt.grading_state = "submitted", "graded"
        attempt.review_state = "not_required"
        attempt.started_at = attempt.submitted_at = now()
        item_id = attempt.items[0].id
        session.add(
            AttemptFile(
                attempt_id=attempt.id,
                item_id=item_id,
                sha256=ref.sha256,
                size=ref.size,
                content_type="application/pdf",
                name="../my essay.pdf",
                store="folder",
                store_key=ref.key,
                created_at=now(),
            )
        )
        session.add(
            ProctorMessage(
                session_id=watched.session_id,
                operation_id=uuid4(),
                sender="candidate",
                kind="message",
                author_id=user_id,
                text="My name is Mira.",
                sent_at=now(),
            )
        )
        session.execute(
            update(Registration).values(candidate_number="A-17", waiver_reason="Mira is blind.")
        )
        tell_partner(session, attempt.id)
    return watched


def test_an_archive_has_everything_and_says_what_it_is(world: World, past: Watched) -> None:
    found = read(world, world.person(Role.ADMIN), past)
    assert set(RECORDS) < set(found)
    readme = found["README.md"].decode()
    assert all(f"`{name}`" in readme for name in RECORDS)
    account = values(found, "account.json")
    assert account["id"] == str(past.candidate.user_id)
    assert "password_hash" not in account
    [attempt] = values(found, "attempts.json")
    assert len(attempt["items"]) == 3
    assert [entry["consent_class"] for entry in values(found, "consents.json")] == ["camera"]
    [session] = values(found, "sessions.json")
    assert len(session["evidence"]) == 4
    assert [one["text"] for one in values(found, "messages.json")] == ["My name is Mira."]
    assert "proctoring.sealed" in [one["action"] for one in values(found, "audit.json")]
    pictures = sorted(name for name in found if name.startswith("evidence/"))
    assert [found[name] for name in pictures] == [
        path_of(past, row).read_bytes() for row in pieces(past)
    ]
    [answer] = [name for name in found if name.startswith("answers/")]
    assert found[answer] == FILE
    assert ".." not in answer
    assert values(found, "missing.json") == []


def test_an_archive_names_what_is_missing(world: World, past: Watched) -> None:
    path_of(past, pieces(past)[1]).unlink()
    found = read(world, SYSTEM, past)
    [missing] = values(found, "missing.json")
    assert "000002-" in missing["file"]
    assert len([name for name in found if name.startswith("evidence/")]) == 3


def test_people_get_their_own_data_but_not_what_waits(world: World, past: Watched) -> None:
    with world.platform.db.transaction() as session:
        session.get_one(Attempt, past.attempt_id).review_state = "queued"
    found = read(world, past.candidate, past)
    assert values(found, "incidents.json") == []
    assert "integrity" not in values(found, "sessions.json")[0]
    assert values(found, "scores.json") == []
    assert len([name for name in found if name.startswith("evidence/")]) == 4
    for _ in range(2):
        read(world, past.candidate, past)
    with pytest.raises(RateLimitedError):
        read(world, past.candidate, past)


def test_nobody_gets_the_data_of_others(world: World, past: Watched) -> None:
    assert past.candidate.user_id is not None
    for role in (Role.CANDIDATE, Role.REVIEWER, Role.AUDITOR, Role.AUTHOR):
        with pytest.raises(ForbiddenError):
            export_person(world.platform, world.person(role), past.candidate.user_id)
        with pytest.raises(ForbiddenError):
            erase_person(world.platform, world.person(role), past.candidate.user_id)
    with pytest.raises(ForbiddenError):
        erase_person(world.platform, past.candidate, past.candidate.user_id)
    with pytest.raises(NotFoundError):
        export_person(world.platform, SYSTEM, uuid4())
    with pytest.raises(NotFoundError):
        erase_person(world.platform, SYSTEM, uuid4())


def test_ones_own_data_waits_while_an_exam_runs(world: World) -> None:
    sitting = world.sitting()
    assert sitting.candidate.user_id is not None
    with pytest.raises(ConflictError, match="running"):
        export_person(world.platform, sitting.candidate, sitting.candidate.user_id)


def test_an_erased_person_is_gone_and_the_record_holds(world: World, past: Watched) -> None:
    admin, user_id = world.person(Role.ADMIN), past.candidate.user_id
    assert user_id is not None
    with world.platform.db.reading() as session:
        before = session.get_one(User, user_id)
    receipt = erase_person(world.platform, admin, user_id)
    assert receipt.removed == {"evidence": 4, "answer_files": 1, "messages": 1}
    assert not any(path_of(past, row).exists() for row in pieces(past))
    with world.platform.db.reading() as session:
        user = session.get_one(User, user_id)
        assert (user.login, user.active, user.email) == (pseudonym_of(user_id), False, "")
        assert user.grants == []
        assert session.scalars(select(AttemptFile)).all() == []
        assert [row.text for row in session.scalars(select(ProctorMessage))] == ["(erased)"]
        [registration] = session.scalars(select(Registration))
        assert (registration.candidate_number, registration.waiver_reason) == ("", "")
        assert session.get(Attempt, past.attempt_id) is not None
        [told] = session.scalars(select(OutboxMessage.payload))
        assert told == {
            "candidate_login": user.login,
            "candidate_number": user.login,
            "points": "3",
        }
        trail = repr([(row.actor, row.details) for row in session.scalars(select(AuditEntry))])
    assert before.login not in trail
    assert before.name not in trail
    assert "My name" not in repr([path.name for path in _files(world.platform.settings.data_dir)])
    assert not any(path.read_bytes() == FILE for path in _files(world.platform.settings.data_dir))
    seal_audit(world.platform)
    with world.platform.db.reading() as session:
        assert verify_chain(session, keys=world.platform.vault.derive_all(KEY_PURPOSE)).is_whole
    assert verify_session(world.platform, SYSTEM, past.session_id).ok
    with pytest.raises(ConflictError, match="erased already"):
        erase_person(world.platform, admin, user_id)
    assert values(read(world, SYSTEM, past), "account.json")["login"] == receipt.pseudonym


def _files(folder: Path) -> list[Path]:
    return [path for path in (folder / "evidence").rglob("*") if path.is_file()]


@pytest.mark.parametrize("place", ["_erase_rows", "delete_pending"])
def test_an_erasure_that_is_stopped_is_finished(
    world: World, past: Watched, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    class StoppedError(BaseException):
        pass

    def stop(*_: object, **__: object) -> None:
        raise StoppedError

    user_id = past.candidate.user_id
    assert user_id is not None
    with monkeypatch.context() as patch:
        patch.setattr(erasure, place, stop)
        with pytest.raises(StoppedError):
            erase_person(world.platform, SYSTEM, user_id)
    if place == "_erase_rows":
        assert erase_person(world.platform, SYSTEM, user_id).removed["answer_files"] == 1
    else:
        erasure.delete_pending(world.platform)
    assert not any(path.read_bytes() == FILE for path in _files(world.platform.settings.data_dir))


def test_nobody_is_erased_while_something_is_open(world: World, past: Watched) -> None:
    user_id = past.candidate.user_id
    assert user_id is not None

    def refuse(reason: str) -> None:
        with pytest.raises(ConflictError, match=reason):
            erase_person(world.platform, SYSTEM, user_id)

    def change(**columns: str) -> None:
        with world.platform.db.transaction() as session:
            session.execute(update(Attempt).where(Attempt.id == past.attempt_id).values(**columns))

    change(grading_state="manual")
    refuse("not marked yet")
    change(grading_state="graded", review_state="appealed")
    refuse("appeal is open")
    change(review_state="final", state="in_progress")
    refuse("is not over")
    change(state="submitted")
    with world.platform.db.transaction() as session:
        session.execute(update(OutboxMessage).values(state="pending"))
    refuse("on its way to a partner")
    with world.platform.db.transaction() as session:
        session.execute(update(OutboxMessage).values(state="delivered"))
    place_hold(world.platform, SYSTEM, past.session_id, "A complaint.")
    refuse("on hold")
    admin = world.person(Role.ADMIN)
    assert admin.user_id is not None
    with pytest.raises(ConflictError, match="your own"):
        erase_person(world.platform, admin, admin.user_id)
    with pytest.raises(ConflictError, match="administrator"):
        erase_person(world.platform, SYSTEM, admin.user_id)
    assert len([row for row in pieces(past) if row.purged_at is None]) == 4


def test_a_hold_that_comes_in_between_keeps_the_evidence(
    world: World, past: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_id = past.candidate.user_id
    assert user_id is not None
    purge = erasure.purge_session

    def hold_first(*args: Any, **options: Any) -> object:
        place_hold(world.platform, SYSTEM, past.session_id, "A complaint.")
        return purge(*args, **options)

    monkeypatch.setattr(erasure, "purge_session", hold_first)
    with pytest.raises(ConflictError, match="on hold: A complaint"):
        erase_person(world.platform, SYSTEM, user_id)
    assert [row.purged_at for row in pieces(past)] == [None] * 4
