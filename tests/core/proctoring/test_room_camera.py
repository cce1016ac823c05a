"""A phone as room camera: joined once, sends the room and nothing else, dies with its session."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from examhall.core.attempts.operations import complete_check_in
from examhall.core.attempts.starting import start_attempt
from examhall.core.audit.models import AuditEntry
from examhall.core.db import database_now
from examhall.core.errors import (
    ClosedError,
    ConflictError,
    ExamhallError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    RateLimitedError,
    SignInRequiredError,
    TooLargeError,
)
from examhall.core.permissions import Role
from examhall.core.proctoring import evidence
from examhall.core.proctoring.chunks import NewChunk
from examhall.core.proctoring.operations import close_session
from examhall.core.proctoring.room_camera import codes, pairing, states
from examhall.core.proctoring.room_camera.chunks import RoomAcknowledgement, store_room_chunk
from examhall.core.proctoring.room_camera.models import RoomCamera
from examhall.core.proctoring.room_camera.states import Link
from tests.core.attempts.world import LEASE, World
from tests.core.proctoring.scripted import ALONE
from tests.core.proctoring.watching import Watched, open_watching, watch


@dataclass
class Phone:
    """A phone beside the computer of a watched candidate."""

    watched: Watched
    token: str

    def chunk(self, **changes: Any) -> NewChunk:
        return self.watched.chunk([ALONE], **{"stream": "room", **changes})

    def send(self, chunk: NewChunk | None = None) -> RoomAcknowledgement:
        return store_room_chunk(self.watched.platform, self.token, chunk or self.chunk())


def make_code(watched: Watched) -> str:
    with watched.platform.db.transaction() as session:
        return pairing.make_pairing(session, watched.candidate, watched.attempt_id).code


def join(watched: Watched, code: str = "") -> Phone:
    code = code or make_code(watched)
    with watched.platform.db.transaction() as session:
        joined = pairing.join_phone(session, watched.platform, code)
    assert joined.session_id == watched.session_id
    return Phone(watched, joined.device_token)


def leave(phone: Phone) -> None:
    with phone.watched.platform.db.transaction() as session:
        pairing.leave(session, phone.watched.platform, phone.token)


def state(watched: Watched) -> Link:
    with watched.platform.db.reading() as session:
        return states.get_room_camera(session, watched.candidate, watched.attempt_id).state


def change_phones(watched: Watched, change: Callable[[RoomCamera], None]) -> None:
    with watched.platform.db.transaction() as session:
        for row in session.scalars(select(RoomCamera)):
            change(row)


def fall_silent(row: RoomCamera) -> None:
    assert row.last_seen_at is not None
    row.last_seen_at -= timedelta(seconds=16)


def grow_old(row: RoomCamera) -> None:
    row.created_at -= pairing.CODE_LIFE


def expire(row: RoomCamera) -> None:
    row.expires_at -= pairing.CODE_LIFE


@pytest.fixture
def world(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    """A platform on SQLite: what differs between databases is tried once, on each."""
    with open_watching(sqlite_url, tmp_path) as world:
        yield world


@pytest.fixture
def watched(world: World) -> Watched:
    """A candidate who has consented, in an exam that needs a room camera."""
    return watch(world, room_camera="required")


def test_a_phone_sends_the_room_by_the_rules_of_every_chunk(
    database_url: str, tmp_path: Path
) -> None:
    with open_watching(database_url, tmp_path) as world:
        send_the_room(watch(world, room_camera="required"))


def send_the_room(watched: Watched) -> None:
    phone = join(watched)
    chunk = phone.chunk()
    assert phone.send(chunk) == RoomAcknowledgement(0, session_open=True)
    assert phone.send(chunk) == phone.send(replace(chunk, sent_at=None))
    watched.show([ALONE])
    assert sorted(row.stream for row in watched.chunks()) == ["camera", "room"]
    with watched.platform.db.reading() as session:
        assert evidence.verify_session_chain(session, watched.session_id).length == 2
        [row] = session.scalars(select(RoomCamera))
        assert row.last_frame_sha256 == chunk.uploads[0].sha256
        kept = {row.pairing_sha256, row.device_sha256}
        assert phone.token not in kept
    assert watched.session().last_frame_sha256 != chunk.uploads[0].sha256
    leave(phone)
    assert join(watched).send().stored


def test_a_code_is_good_once_and_for_five_minutes(watched: Watched) -> None:
    code = make_code(watched)
    join(watched, f" {code.lower().replace('-', '')}")
    with pytest.raises(ClosedError, match="used already"):
        join(watched, code)
    late = make_code(watched)
    change_phones(watched, expire)
    with watched.platform.db.reading() as session, pytest.raises(ClosedError, match="too old"):
        pairing.get_invitation(session, late)
    with pytest.raises(ClosedError, match="too old"):
        join(watched, late)
    with pytest.raises(NotFoundError, match="no such code"):
        join(watched, "00000-00000")


def test_a_newer_code_makes_the_older_one_worthless(watched: Watched) -> None:
    first, second = make_code(watched), make_code(watched)
    with pytest.raises(ClosedError):
        join(watched, first)
    with watched.platform.db.reading() as session:
        assert pairing.get_invitation(session, second) == "Geography"
    join(watched, second)


def test_codes_are_not_made_without_end(watched: Watched) -> None:
    for _ in range(pairing.MOST_CODES):
        make_code(watched)
    with pytest.raises(RateLimitedError):
        make_code(watched)
    change_phones(
        watched, lambda row: setattr(row, "created_at", row.created_at - pairing.CODE_LIFE)
    )
    assert make_code(watched)


def test_the_next_phone_takes_the_place_of_the_first(watched: Watched) -> None:
    first = join(watched)
    first.send()
    second = join(watched)
    with pytest.raises(SignInRequiredError, match="not connected any more"):
        first.send()
    second.send()
    leave(second)
    for one in (first, second):
        with pytest.raises(SignInRequiredError):
            leave(one)
    with pytest.raises(SignInRequiredError):
        second.send()
    with watched.platform.db.reading() as session:
        wanted = select(AuditEntry.action).where(AuditEntry.action.like("room_camera.%"))
        actions = session.scalars(wanted.order_by(AuditEntry.id)).all()
    assert actions == [*["room_camera.code_made", "room_camera.joined"] * 2, "room_camera.left"]


def test_a_token_opens_no_other_session(watched: Watched, world: World) -> None:
    other = watch(world, exam_id=watched.exam_id)
    phone, others = join(watched), join(other)
    others.send(phone.chunk())
    assert watched.chunks() == []
    assert [row.stream for row in other.chunks()] == ["room"]
    stranger = world.person(Role.CANDIDATE)
    with watched.platform.db.transaction() as session, pytest.raises(NotFoundError):
        pairing.make_pairing(session, stranger, watched.attempt_id)
    with watched.platform.db.reading() as session, pytest.raises(NotFoundError):
        states.get_room_camera(session, stranger, watched.attempt_id)
    with pytest.raises(SignInRequiredError):
        store_room_chunk(watched.platform, "", phone.chunk())


def test_a_phone_sends_no_other_stream_and_the_browser_not_the_room(watched: Watched) -> None:
    phone = join(watched)
    with pytest.raises(ForbiddenError, match="Another device"):
        phone.send(phone.chunk(stream="camera"))
    with pytest.raises(ForbiddenError, match="Another device"):
        watched.send(watched.chunk([ALONE], stream="room"))
    assert watched.chunks() == []


def oversize(chunk: NewChunk) -> NewChunk:
    [upload] = chunk.uploads
    return replace(chunk, uploads=(replace(upload, data=upload.data[:-2] + b"0" * 2_000_000),))


def cut_off(chunk: NewChunk) -> NewChunk:
    [upload] = chunk.uploads
    return replace(chunk, uploads=(replace(upload, data=upload.data[:-20]),))


@pytest.mark.parametrize(("spoil", "error"), [(oversize, TooLargeError), (cut_off, InvalidError)])
def test_bad_pictures_are_refused_and_the_phone_goes_on(
    watched: Watched, spoil: Callable[[NewChunk], NewChunk], error: type[ExamhallError]
) -> None:
    phone = join(watched)
    with pytest.raises(error):
        phone.send(spoil(phone.chunk()))
    assert watched.chunks() == []
    assert phone.send().stored


def test_the_token_dies_with_its_session(watched: Watched) -> None:
    phone, unused = join(watched), make_code(watched)
    with watched.platform.db.transaction() as session:
        close_session(session, watched.platform, watched.attempt_id)
    assert phone.send() == RoomAcknowledgement(0, session_open=False)
    watched.age(watched.platform.settings.drain_seconds + 1)
    with pytest.raises(ClosedError):
        phone.send()
    with pytest.raises(ClosedError, match="exam is over"):
        join(watched, unused)
    with pytest.raises(ClosedError, match="exam is over"):
        make_code(watched)


def test_a_code_needs_an_exam_that_asks_and_a_person_who_agrees(world: World) -> None:
    with pytest.raises(ConflictError, match="no room camera"):
        make_code(watch(world))
    undecided = watch(world, consent=False, room_camera="optional")
    with pytest.raises(ConflictError, match="Consent"):
        make_code(undecided)


def test_nobody_starts_without_the_room_camera_that_is_required(watched: Watched) -> None:
    here, who, attempt_id = watched.platform, watched.candidate, watched.attempt_id
    with pytest.raises(ConflictError, match="phone as room camera"):
        complete_check_in(here, who, attempt_id)
    join(watched)
    complete_check_in(here, who, attempt_id)
    change_phones(watched, fall_silent)
    assert state(watched) is Link.LOST
    with pytest.raises(ConflictError, match="phone as room camera"):
        start_attempt(here, who, attempt_id, LEASE)
    phone = join(watched)
    start_attempt(here, who, attempt_id, LEASE)
    leave(phone)
    assert state(watched) is Link.LOST
    assert start_attempt(here, who, attempt_id, LEASE).state == "in_progress"


def test_an_optional_room_camera_holds_nobody_up(world: World) -> None:
    watched = watch(world, room_camera="optional")
    assert state(watched) is Link.NONE
    complete_check_in(watched.platform, watched.candidate, watched.attempt_id)
    start_attempt(watched.platform, watched.candidate, watched.attempt_id, LEASE)


def test_the_candidate_and_the_wall_hear_of_the_phone(watched: Watched) -> None:
    live = watched.platform.live
    own, wall = (
        live.subscribe(f"attempt:{watched.attempt_id}"),
        live.subscribe(f"exam:{watched.exam_id}"),
    )
    phone = join(watched)
    phone.send()
    leave(phone)
    heard = [own.get(0) for _ in range(3)]
    assert [message and message.data["state"] for message in heard] == [
        "connected",
        "connected",
        "lost",
    ]
    seen = [message for message in (wall.get(0), wall.get(0)) if message]
    assert [(one.event, one.data["state"]) for one in seen] == [
        ("room_camera", "connected"),
        ("room_camera", "lost"),
    ]


def test_the_clocks_of_phone_and_computer_are_kept_apart(watched: Watched) -> None:
    watched.show([ALONE])
    offset = watched.session().clock_offset
    phone = join(watched)
    ahead = timedelta(hours=3)
    chunk = phone.chunk()
    uploads = tuple(replace(one, at=one.at + ahead) for one in chunk.uploads)
    phone.send(
        replace(
            chunk,
            uploads=uploads,
            started_at=chunk.started_at + ahead,
            ended_at=chunk.ended_at + ahead,
            sent_at=chunk.ended_at + ahead,
        )
    )
    assert watched.session().clock_offset == offset
    with watched.platform.db.reading() as session:
        now = database_now(session)
    [room] = [row for row in watched.chunks() if row.stream == "room"]
    assert now - timedelta(seconds=30) < room.ended_at <= now


def test_codes_are_read_as_people_type_them() -> None:
    code = codes.make_code()
    assert len(code) == codes.LENGTH + 1
    assert codes.code_digest("0OIL1-ABCDE") == codes.code_digest("oo1li abcde")
    assert codes.code_digest(code) != codes.code_digest(codes.make_code())
