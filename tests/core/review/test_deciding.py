"""Deciding and appealing: who may, when, what is kept and told."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from examhall.core.audit.models import AuditEntry
from examhall.core.errors import (
    ClosedError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
)
from examhall.core.events.models import Event
from examhall.core.permissions import SYSTEM, Role
from examhall.core.proctoring.models import IncidentRecord
from examhall.core.review import operations
from examhall.core.review.models import Appeal, Decision
from examhall.core.review.reading import are_differing, list_decisions
from tests.core.attempts.world import World
from tests.core.proctoring.scripted import ALONE
from tests.core.review.reviewing import Reviewed, mark_analysed, review


def test_a_decision_is_kept_told_and_audited(reviewed: Reviewed) -> None:
    assert reviewed.state() == "queued"
    decision = reviewed.decide()
    assert reviewed.state() == "decided"
    [counted] = decision.incidents
    assert counted["title"] == "Second person in view"
    assert counted["evidence"][0]["id"] == str(reviewed.pieces[1])
    [event] = [one for one in reviewed.rows(Event) if one.event_type.endswith("session_decided")]
    assert event.data["outcome"] == "concern"
    assert event.data["released"] is True
    with reviewed.watched.platform.db.reading() as session:
        wanted = select(AuditEntry).where(AuditEntry.action == "session.decided")
        entry = session.scalars(wanted).one()
    assert entry.actor_id == reviewed.reviewer.user_id
    assert entry.details["reason"] == decision.reason
    with pytest.raises(ConflictError, match="decided"):
        reviewed.decide()
    assert len(reviewed.rows(Decision)) == 1


def test_what_counts_stays_as_it_was(reviewed: Reviewed) -> None:
    reviewed.decide()
    with reviewed.watched.platform.db.transaction() as session:
        row = session.get_one(IncidentRecord, reviewed.incidents["person.second"])
        row.explanation = "Something else."
    [decision] = reviewed.rows(Decision)
    assert decision.incidents[0]["explanation"] == "This may be person.second."
    with pytest.raises(IntegrityError), reviewed.watched.platform.db.transaction() as session:
        session.execute(text("update decisions set outcome = 'minor'"))


def test_nothing_is_decided_before_the_session_is_closed_and_analysed(world: World) -> None:
    running = review(world, closed=False)
    with pytest.raises(ConflictError, match="still runs"):
        running.decide()
    closed = review(world)
    closed.watched.show([ALONE, ALONE])
    with pytest.raises(ConflictError, match="analysed"):
        closed.decide()
    mark_analysed(closed.watched)
    closed.decide()
    assert closed.state() == "decided"


BAD: list[tuple[dict[str, Any], str]] = [
    ({"outcome": "guilty"}, "Choose"),
    ({"kinds": ()}, "Tick"),
    ({"outcome": "no_concern"}, "only where"),
    ({"kinds": ("technical.dark",)}, "technical"),
    ({"reason": "   "}, "reason"),
    ({"reason": "x" * 4001}, "4000"),
    ({"reason": "a\x00b"}, "NUL"),
]


def test_a_decision_that_does_not_fit_together_is_refused(reviewed: Reviewed) -> None:
    for changes, words in BAD:
        with pytest.raises(InvalidError, match=words):
            reviewed.decide(**changes)
    other = review(reviewed.world)
    reviewed.incidents["elsewhere"] = other.incidents["face.missing"]
    with pytest.raises(InvalidError, match="not of this session"):
        reviewed.decide(kinds=("elsewhere",))
    with pytest.raises(ConflictError, match="faster"):
        reviewed.decide(due="second")
    assert reviewed.rows(Decision) == []
    assert reviewed.state() == "queued"


def test_who_may_decide(reviewed: Reviewed) -> None:
    world = reviewed.world
    for role in (Role.PROCTOR, Role.CANDIDATE, Role.ADMIN, Role.AUTHOR, Role.AUDITOR):
        with pytest.raises(ForbiddenError):
            reviewed.decide(by=world.person(role))
    with pytest.raises(NotFoundError):
        reviewed.decide(by=world.person(Role.REVIEWER, world.exam()))
    with pytest.raises(ForbiddenError, match="Only a person"):
        reviewed.decide(by=SYSTEM)
    both = frozenset({(Role.CANDIDATE, None), (Role.REVIEWER, None)})
    with pytest.raises(ForbiddenError, match="their own"):
        reviewed.decide(by=replace(reviewed.candidate, grants=both))


def test_a_second_reviewer_is_another_person_and_counts(world: World) -> None:
    reviewed = review(world, second_reviewer=True)
    reviewed.decide("void_proposed", ("face.missing", "person.second"))
    assert reviewed.state() == "second_review"
    with pytest.raises(NotFoundError):
        reviewed.appeal()
    with pytest.raises(ForbiddenError, match="another person"):
        reviewed.decide("minor", due="second")
    other = world.person(Role.REVIEWER, reviewed.watched.exam_id)
    reviewed.decide("minor", by=other, due="second")
    assert reviewed.state() == "decided"
    with world.platform.db.reading() as session:
        decisions = list_decisions(session, reviewed.watched.session_id)
    assert [one.outcome for one in decisions] == ["void_proposed", "minor"]
    assert are_differing(decisions)


def test_no_concern_needs_no_second_reviewer_and_holds_nothing(world: World) -> None:
    reviewed = review(world, second_reviewer=True)
    reviewed.decide("no_concern", ())
    assert reviewed.state() == "decided"
    with pytest.raises(ConflictError, match="nothing to appeal"):
        reviewed.appeal()


def test_an_appeal_is_decided_by_another_reviewer_and_is_final(reviewed: Reviewed) -> None:
    world = reviewed.world
    with pytest.raises(NotFoundError):
        reviewed.appeal()
    reviewed.decide()
    with pytest.raises(InvalidError):
        reviewed.appeal("  ")
    assert reviewed.appeal().state == "open"
    assert reviewed.state() == "appealed"
    with pytest.raises(ConflictError, match="once"):
        reviewed.appeal()
    other = world.person(Role.REVIEWER)
    with pytest.raises(ForbiddenError, match="another reviewer"):
        reviewed.decide("no_concern", (), due="appeal")
    for outcome, kind in (("void_proposed", "person.second"), ("minor", "face.missing")):
        with pytest.raises(InvalidError, match="nothing worse"):
            reviewed.decide(outcome, (kind,), by=other, due="appeal")
    reviewed.decide("no_concern", (), by=other, due="appeal")
    assert reviewed.state() == "final"
    assert reviewed.rows(Appeal)[0].state == "decided"
    with pytest.raises(ConflictError):
        reviewed.decide(by=other, due="appeal")


def test_the_only_reviewer_decides_the_appeal_too(reviewed: Reviewed) -> None:
    reviewed.world.person(Role.REVIEWER, reviewed.world.exam())
    reviewed.decide()
    reviewed.appeal()
    reviewed.decide("concern", due="appeal")
    assert reviewed.state() == "final"


def test_an_appeal_has_its_days(reviewed: Reviewed, monkeypatch: pytest.MonkeyPatch) -> None:
    decision = reviewed.decide()
    late = decision.at + timedelta(days=14, seconds=1)
    monkeypatch.setattr(operations, "database_now", lambda _: late)
    with pytest.raises(ClosedError, match="over"):
        reviewed.appeal()
    monkeypatch.setattr(operations, "database_now", lambda _: late - timedelta(seconds=2))
    reviewed.appeal()
    assert reviewed.state() == "appealed"
