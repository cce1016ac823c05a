"""Detectors that are waived for a candidate: not asked for, not looking, weighing nothing."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from examhall.core.attempts.models import Attempt
from examhall.core.attempts.operations import complete_check_in
from examhall.core.attempts.starting import start_attempt
from examhall.core.audit.models import AuditEntry
from examhall.core.errors import ForbiddenError, InvalidError, NotFoundError
from examhall.core.exams.registrations import update_registration
from examhall.core.permissions import Principal, Role
from examhall.core.proctoring.consents import get_consent_form
from examhall.core.proctoring.waivers import apply_waivers, list_open_waivers, waiver_titles
from tests.core.attempts.world import LEASE, World
from tests.core.proctoring.scripted import TWO
from tests.core.proctoring.watching import Watched, open_watching, watch

ALL = ["scripted", "audio", "identity"]
REASON = "Decision 12"


@pytest.fixture
def world(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    with open_watching(sqlite_url, tmp_path) as world:
        yield world


@pytest.fixture
def author(world: World) -> Principal:
    return world.person(Role.AUTHOR)


def registration_of(watched: Watched) -> UUID:
    with watched.platform.db.reading() as session:
        return session.get_one(Attempt, watched.attempt_id).registration_id


def waive(watched: Watched, author: Principal, *keys: str) -> UUID:
    registration_id = registration_of(watched)
    with watched.platform.db.transaction() as session:
        update_registration(
            session, author, registration_id, waived_detectors=list(keys), waiver_reason=REASON
        )
    return registration_id


def start(watched: Watched) -> None:
    complete_check_in(watched.platform, watched.candidate, watched.attempt_id)
    start_attempt(watched.platform, watched.candidate, watched.attempt_id, LEASE)


def asked(watched: Watched) -> list[str]:
    with watched.platform.db.reading() as session:
        form = get_consent_form(session, watched.candidate, watched.attempt_id)
    return [entry.key for entry in form.classes]


@pytest.mark.parametrize(
    ("waived", "consent", "streams"),
    [
        ([], ["biometric", "camera", "microphone"], ["camera", "microphone"]),
        (["audio"], ["biometric", "camera"], ["camera"]),
        (["identity"], ["camera", "microphone"], ["camera", "microphone"]),
        (["scripted", "identity"], ["camera", "microphone"], ["camera", "microphone"]),
    ],
)
def test_what_a_waived_detector_alone_needs_is_not_asked_for(
    world: World, waived: list[str], consent: list[str], streams: list[str]
) -> None:
    watched = watch(world, detectors=ALL, allowance={"waived_detectors": waived})
    assert asked(watched) == consent
    policy = watched.session().policy
    assert (policy["streams"], policy["waived"]) == (
        streams,
        [key for key in ALL if key in waived],
    )


def test_waiving_needs_a_reason(world: World, author: Principal) -> None:
    registration_id = registration_of(watch(world))
    with world.platform.db.transaction() as session, pytest.raises(InvalidError, match="why"):
        update_registration(session, author, registration_id, waived_detectors=["scripted"])


def test_a_waiver_holds_in_a_running_session_once_it_is_applied(
    world: World, author: Principal
) -> None:
    watched = watch(world)
    start(watched)
    watched.show([TWO] * 6)
    watched.analyse()
    registration_id = waive(watched, author, "scripted")
    assert watched.session().policy["waived"] == []
    [incident] = watched.incidents()
    assert Decimal(watched.session().integrity["score"]) < 100

    assert apply_waivers(world.platform, author, registration_id) == [watched.session_id]
    session = watched.session()
    assert session.policy["waived"] == ["scripted"]
    assert session.policy["streams"] == ["camera"]
    assert Decimal(session.integrity["score"]) == 100
    [incident] = watched.incidents()
    assert (incident.state, incident.noted_by) == ("dismissed", None)
    assert len(watched.findings()) == 6
    watched.show([TWO] * 6)
    watched.analyse()
    assert len(watched.findings()) == 6
    assert apply_waivers(world.platform, author, registration_id) == []
    with world.platform.db.reading() as reading:
        wanted = select(AuditEntry).where(AuditEntry.action == "proctoring.waived")
        entry = reading.scalars(wanted).one()
    assert entry.details == {"before": [], "after": ["scripted"], "reason": REASON}


def test_before_the_start_the_consent_is_asked_anew(world: World, author: Principal) -> None:
    watched = watch(world, detectors=ALL)
    apply_waivers(world.platform, author, waive(watched, author, "audio"))
    assert asked(watched) == ["biometric", "camera"]
    assert watched.session().policy["streams"] == ["camera"]
    watched.consent()
    start(watched)


def test_a_waiver_that_is_taken_back_leaves_the_open_session(
    world: World, author: Principal
) -> None:
    watched = watch(world)
    start(watched)
    apply_waivers(world.platform, author, waive(watched, author, "scripted"))
    assert apply_waivers(world.platform, author, waive(watched, author)) == []
    assert watched.session().policy["waived"] == ["scripted"]


def test_only_who_manages_registrations_waives(world: World, author: Principal) -> None:
    watched = watch(world)
    registration_id = waive(watched, author, "scripted")
    with pytest.raises(ForbiddenError):
        apply_waivers(world.platform, world.person(Role.PROCTOR), registration_id)
    elsewhere = world.person(Role.AUTHOR, world.exam())
    with world.platform.db.reading() as session, pytest.raises(NotFoundError):
        list_open_waivers(session, elsewhere, registration_id)
    with world.platform.db.reading() as session:
        [found] = list_open_waivers(session, author, registration_id)
    assert (found.waived, found.missing) == ([], ["scripted"])


def test_waivers_are_told_by_title(world: World) -> None:
    assert waiver_titles(world.platform.plugins, ["scripted", "gone"]) == ["Scripted", "gone"]
