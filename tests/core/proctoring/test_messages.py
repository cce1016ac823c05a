"""The conversation of candidates and proctors."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from examhall.core.audit.models import AuditEntry
from examhall.core.errors import (
    ClosedError,
    ConflictError,
    ExamhallError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    RateLimitedError,
)
from examhall.core.permissions import Principal, Role
from examhall.core.proctoring.messages.marks import mark_read_by_candidate, mark_read_by_proctor
from examhall.core.proctoring.messages.operations import (
    CANDIDATE_MESSAGES,
    Draft,
    announce,
    write_to_candidate,
    write_to_proctors,
)
from examhall.core.proctoring.messages.queries import MessageView, list_messages, list_own_messages
from examhall.core.proctoring.operations import close_session, exam_channel
from examhall.core.proctoring.queries import get_session
from tests.core.attempts.world import World
from tests.core.proctoring.watching import Watched, watch


@pytest.fixture
def proctor(world: World) -> Principal:
    return world.person(Role.PROCTOR)


def draft(text: str = "Hello", kind: str = "message") -> Draft:
    return Draft(uuid4(), text, kind)


def history(watched: Watched, who: Principal) -> list[MessageView]:
    with watched.platform.db.reading() as session:
        return list(list_messages(session, who, watched.session_id).items)


def own_history(watched: Watched) -> list[MessageView]:
    with watched.platform.db.reading() as session:
        page = list_own_messages(session, watched.candidate, watched.attempt_id)
        return list(page.items)


def unread(watched: Watched, who: Principal) -> int:
    with watched.platform.db.reading() as session:
        return get_session(session, who, watched.session_id).unread_messages


def test_both_sides_have_the_whole_conversation(watched: Watched, proctor: Principal) -> None:
    here = watched.platform
    asked = write_to_proctors(here, watched.candidate, watched.attempt_id, draft(" May I? "))
    assert (asked.text, asked.sender) == ("May I?", "candidate")
    assert unread(watched, proctor) == 1
    write_to_candidate(here, proctor, watched.session_id, draft("Yes."))
    assert [one.text for one in history(watched, proctor)] == ["May I?", "Yes."]
    mine = own_history(watched)
    assert [one.text for one in mine] == ["May I?", "Yes."]
    # Candidates do not learn who of the proctors wrote.
    assert mine[1].author_name == ""
    assert mark_read_by_proctor(here, proctor, watched.session_id, [asked.id]) == 0
    assert unread(watched, proctor) == 0
    assert own_history(watched)[0].read_at is not None


def test_live_channels_carry_messages_and_marks(watched: Watched, proctor: Principal) -> None:
    here = watched.platform
    with (
        here.live.subscribe(f"attempt:{watched.attempt_id}") as candidate,
        here.live.subscribe(exam_channel(watched.exam_id)) as wall,
    ):
        sent = write_to_candidate(here, proctor, watched.session_id, draft("Hello", "warning"))
        heard, seen = candidate.get(5), wall.get(5)
        assert heard is not None
        assert seen is not None
        assert (heard.event, heard.data["author_name"]) == ("message", "")
        assert (seen.event, seen.data["author_name"]) == ("message", proctor.name)
        mark_read_by_candidate(
            here, watched.candidate, watched.attempt_id, [sent.id], acknowledged=True
        )
        mark = wall.get(5)
        assert mark is not None
        assert (mark.event, mark.data["acknowledged_ids"]) == ("read", [str(sent.id)])
    assert history(watched, proctor)[0].acknowledged_at is not None


def test_a_message_that_is_sent_twice_is_one(watched: Watched, proctor: Principal) -> None:
    here, once = watched.platform, draft("Once")
    first = write_to_proctors(here, watched.candidate, watched.attempt_id, once)
    again = write_to_proctors(here, watched.candidate, watched.attempt_id, once)
    assert first == again
    assert len(history(watched, proctor)) == 1
    other = replace(once, text="Something else")
    with pytest.raises(ConflictError):
        write_to_proctors(here, watched.candidate, watched.attempt_id, other)


def test_an_announcement_reaches_everybody_once(world: World, proctor: Principal) -> None:
    first = watch(world)
    second = watch(world, exam_id=first.exam_id)
    elsewhere = watch(world)
    said = draft("Ten minutes left.")
    assert announce(world.platform, proctor, first.exam_id, said) == 2
    late = watch(world, exam_id=first.exam_id)
    assert announce(world.platform, proctor, first.exam_id, said) == 1
    for one in (first, second, late):
        assert [(row.kind, row.text) for row in own_history(one)] == [
            ("announcement", "Ten minutes left.")
        ]
    assert own_history(elsewhere) == []
    assert announce(world.platform, proctor, first.exam_id, draft("More")) == 3


def test_warnings_and_announcements_are_audited(watched: Watched, proctor: Principal) -> None:
    here = watched.platform
    write_to_candidate(here, proctor, watched.session_id, draft("Just words"))
    warning = write_to_candidate(here, proctor, watched.session_id, draft("Alone!", "warning"))
    announce(here, proctor, watched.exam_id, draft("To all"))
    with here.db.reading() as session:
        rows = session.execute(
            select(AuditEntry.action, AuditEntry.actor_id, AuditEntry.details).where(
                AuditEntry.action.in_(["candidate.warned", "exam.announced"])
            )
        ).all()
    assert [row.action for row in rows] == ["candidate.warned", "exam.announced"]
    assert {row.actor_id for row in rows} == {proctor.user_id}
    assert rows[0].details == {"message_id": str(warning.id)}


def test_only_warnings_are_confirmed(watched: Watched, proctor: Principal) -> None:
    here = watched.platform
    plain = write_to_candidate(here, proctor, watched.session_id, draft())
    ids = [plain.id, uuid4()]
    mark_read_by_candidate(here, watched.candidate, watched.attempt_id, ids, acknowledged=True)
    mark_read_by_proctor(here, proctor, watched.session_id, ids)
    row = history(watched, proctor)[0]
    assert (row.read_at is not None, row.acknowledged_at) == (True, None)


def test_a_candidate_cannot_flood_the_proctors(watched: Watched, proctor: Principal) -> None:
    here = watched.platform
    for number in range(CANDIDATE_MESSAGES):
        write_to_proctors(here, watched.candidate, watched.attempt_id, draft(str(number)))
    with pytest.raises(RateLimitedError):
        write_to_proctors(here, watched.candidate, watched.attempt_id, draft("one more"))
    write_to_candidate(here, proctor, watched.session_id, draft("Proctors can."))
    assert len(history(watched, proctor)) == CANDIDATE_MESSAGES + 1


def test_nobody_writes_once_the_session_is_over(watched: Watched, proctor: Principal) -> None:
    here = watched.platform
    write_to_candidate(here, proctor, watched.session_id, draft())
    with here.db.transaction() as session:
        close_session(session, here, watched.attempt_id)
    with pytest.raises(ClosedError):
        write_to_candidate(here, proctor, watched.session_id, draft())
    with pytest.raises(ClosedError):
        write_to_proctors(here, watched.candidate, watched.attempt_id, draft())
    assert announce(here, proctor, watched.exam_id, draft()) == 0
    assert len(own_history(watched)) == 1


BAD = [" ", "x" * 1001, "a\0b", "half \ud800 pair"]


def test_texts_that_cannot_be_sent(watched: Watched, proctor: Principal) -> None:
    here = watched.platform
    for text in BAD:
        with pytest.raises(InvalidError):
            write_to_candidate(here, proctor, watched.session_id, draft(text))
        with pytest.raises(InvalidError):
            write_to_proctors(here, watched.candidate, watched.attempt_id, draft(text))
        with pytest.raises(InvalidError):
            announce(here, proctor, watched.exam_id, draft(text))
    assert history(watched, proctor) == []


def test_who_may_write_and_read(world: World, watched: Watched) -> None:
    here, stranger = world.platform, world.person(Role.CANDIDATE)
    reviewer = world.person(Role.REVIEWER)
    other = Principal(uuid4(), "p", frozenset({(Role.PROCTOR, uuid4())}))
    session_id, attempt_id = watched.session_id, watched.attempt_id

    def refuses(error: type[ExamhallError], call: Callable[..., Any], *args: Any) -> None:
        with pytest.raises(error):
            call(here, *args)

    refuses(ForbiddenError, write_to_candidate, reviewer, session_id, draft())
    refuses(ForbiddenError, write_to_candidate, watched.candidate, session_id, draft())
    refuses(NotFoundError, write_to_candidate, other, session_id, draft())
    refuses(
        InvalidError,
        write_to_candidate,
        world.person(Role.PROCTOR),
        session_id,
        draft(kind="announcement"),
    )
    refuses(NotFoundError, write_to_proctors, stranger, attempt_id, draft())
    refuses(ForbiddenError, announce, reviewer, watched.exam_id, draft())
    refuses(NotFoundError, announce, other, watched.exam_id, draft())
    refuses(ForbiddenError, mark_read_by_proctor, reviewer, session_id, [uuid4()])
    refuses(NotFoundError, mark_read_by_candidate, stranger, attempt_id, [uuid4()])
    many = [uuid4() for _ in range(201)]
    refuses(InvalidError, mark_read_by_proctor, world.person(Role.PROCTOR), session_id, many)
    assert history(watched, reviewer) == []
