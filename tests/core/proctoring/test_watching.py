"""What the people who watch see, and what they write down."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from examhall.core.audit.models import AuditEntry
from examhall.core.errors import ForbiddenError, InvalidError, NotFoundError
from examhall.core.permissions import SYSTEM, Principal, Role
from examhall.core.proctoring.incidents import note_incident
from examhall.core.proctoring.models import IncidentRecord
from examhall.core.proctoring.queries import (
    get_session,
    list_incidents,
    list_open_incidents,
    list_sessions,
)
from tests.core.attempts.world import World
from tests.core.proctoring.scripted import ALONE, TWO
from tests.core.proctoring.watching import Watched, watch


@pytest.fixture
def incident(watched: Watched) -> IncidentRecord:
    watched.show([TWO] * 6)
    watched.analyse()
    return watched.incidents()[0]


def note(watched: Watched, who: Principal, incident_id: object, state: str = "noted") -> None:
    with watched.platform.db.transaction() as session:
        note_incident(session, watched.platform, who, incident_id, state, "A sister.")  # type: ignore[arg-type]


def test_nobody_notes_anything_about_their_own_session(
    watched: Watched, incident: IncidentRecord
) -> None:
    """What is dismissed cannot count, so a proctor who sits the exam leaves it to others."""
    user_id = watched.candidate.user_id
    both = Principal(user_id, "Both", frozenset({(Role.PROCTOR, None), (Role.CANDIDATE, None)}))
    with pytest.raises(ForbiddenError):
        note(watched, both, incident.id, "dismissed")
    assert watched.incidents()[0].state == "open"


def test_the_wall_shows_the_sessions_of_ones_exams(world: World, watched: Watched) -> None:
    elsewhere = watch(world)
    proctor = world.person(Role.PROCTOR, watched.exam_id)
    with world.platform.db.reading() as session:
        mine = list_sessions(session, proctor)
        assert [tile.id for tile in mine.items] == [watched.session_id]
        everything = list_sessions(session, world.person(Role.PROCTOR))
        assert {watched.session_id, elsewhere.session_id} <= {one.id for one in everything.items}
        with pytest.raises(NotFoundError):
            list_sessions(session, proctor, exam_id=elsewhere.exam_id)
        with pytest.raises(NotFoundError):
            get_session(session, proctor, elsewhere.session_id)
        with pytest.raises(ForbiddenError):
            list_sessions(session, watched.candidate)


def test_a_tile_says_what_matters(watched: Watched, incident: IncidentRecord) -> None:
    watched.show([ALONE] * 2)
    proctor = watched.world.person(Role.PROCTOR)
    with watched.platform.db.reading() as session:
        tile = get_session(session, proctor, watched.session_id)
    assert tile.candidate_name == watched.candidate.name
    assert tile.exam_title == "Geography"
    assert tile.open_incidents == {"high": 1}
    assert tile.waiting_chunks == 1
    assert tile.attempt_state == "created"


def test_incidents_come_in_pages(watched: Watched) -> None:
    for _ in range(3):
        watched.show([TWO] * 6 + [ALONE] * 20)
    watched.analyse()
    proctor = watched.world.person(Role.PROCTOR)
    with watched.platform.db.reading() as session:
        first = list_incidents(session, proctor, watched.session_id, limit=2)
        rest = list_incidents(session, proctor, watched.session_id, cursor=first.next_cursor)
        newest = list_open_incidents(session, proctor, watched.exam_id)
    assert (len(first.items), len(rest.items), len(newest)) == (2, 1, 3)
    assert newest[0].id == rest.items[0].id


def test_a_person_notes_an_incident(watched: Watched, incident: IncidentRecord) -> None:
    proctor = watched.world.person(Role.PROCTOR, watched.exam_id)
    note(watched, proctor, incident.id, "dismissed")
    [row] = watched.incidents()
    assert (row.state, row.note, row.noted_by) == ("dismissed", "A sister.", proctor.user_id)
    with watched.platform.db.reading() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "incident.noted")
        ).one()
    assert entry.details["state"] == "dismissed"


def test_what_a_person_noted_stays_while_the_incident_grows(
    watched: Watched, incident: IncidentRecord
) -> None:
    note(watched, watched.world.person(Role.PROCTOR), incident.id, "noted")
    watched.show([TWO] * 4)
    watched.analyse()
    [row] = watched.incidents()
    assert (row.id, row.state, row.note, row.finding_count) == (
        incident.id,
        "noted",
        "A sister.",
        10,
    )


def test_who_may_note_an_incident(watched: Watched, incident: IncidentRecord) -> None:
    world = watched.world
    for who in (watched.candidate, world.person(Role.AUTHOR), world.person(Role.ADMIN), SYSTEM):
        with pytest.raises(ForbiddenError):
            note(watched, who, incident.id)
    with pytest.raises(NotFoundError):
        note(watched, world.person(Role.PROCTOR, world.exam()), incident.id)
    with pytest.raises(NotFoundError):
        note(watched, world.person(Role.PROCTOR), uuid4())
    with pytest.raises(InvalidError):
        note(watched, world.person(Role.PROCTOR), incident.id, "guilty")
