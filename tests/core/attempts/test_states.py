"""The three machines take the steps of their tables and no others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from examhall.core.attempts.models import Attempt, AttemptTransition
from examhall.core.attempts.queries import lock_attempt
from examhall.core.attempts.states import (
    ATTEMPT_EDGES,
    EDGES,
    GRADING_EDGES,
    REVIEW_EDGES,
    AttemptState,
    GradingState,
    Machine,
    ReviewState,
    can_move,
    move,
)
from examhall.core.errors import ConflictError
from examhall.core.events.models import Event
from tests.core.attempts.world import Sitting, World, now, open_world

STATES: dict[Machine, list[str]] = {
    Machine.ATTEMPT: [str(state) for state in AttemptState],
    Machine.GRADING: [str(state) for state in GradingState],
    Machine.REVIEW: [str(state) for state in ReviewState],
}
FIELDS = {
    Machine.ATTEMPT: "state",
    Machine.GRADING: "grading_state",
    Machine.REVIEW: "review_state",
}


def test_every_state_stands_in_its_table() -> None:
    assert set(ATTEMPT_EDGES) == set(AttemptState)
    assert set(GRADING_EDGES) == set(GradingState)
    assert set(REVIEW_EDGES) == set(ReviewState)


@pytest.mark.parametrize("machine", list(Machine))
def test_every_state_can_be_reached_from_the_first(machine: Machine) -> None:
    reached, border = set(), {STATES[machine][0]}
    while border:
        reached |= border
        border = {to for source in border for to in EDGES[machine][source]} - reached
    assert reached == set(STATES[machine])


def test_a_submission_is_never_undone_but_by_reopening() -> None:
    assert ATTEMPT_EDGES[AttemptState.SUBMITTED] == {AttemptState.REOPENED, AttemptState.VOIDED}


def test_a_step_is_written_down_and_told(world: World, sitting: Sitting) -> None:
    with world.platform.db.transaction() as session:
        attempt = lock_attempt(session, sitting.attempt_id)
        move(session, attempt, Machine.ATTEMPT, "paused", "user:1", "fire alarm")
    with world.platform.db.reading() as session:
        last = session.scalars(
            select(AttemptTransition).order_by(AttemptTransition.id.desc())
        ).first()
        event = session.scalars(select(Event).order_by(Event.number.desc())).first()
    assert last is not None
    assert (last.source, last.target, last.actor, last.reason) == (
        "in_progress",
        "paused",
        "user:1",
        "fire alarm",
    )
    assert event is not None
    assert event.event_type == "attempt.paused"
    assert event.subject == f"attempt:{sitting.attempt_id}"


def test_a_step_that_is_not_in_the_table_changes_nothing(world: World, sitting: Sitting) -> None:
    with world.platform.db.transaction() as session:
        attempt = lock_attempt(session, sitting.attempt_id)
        with pytest.raises(ConflictError):
            move(session, attempt, Machine.ATTEMPT, "created", "user:1")
    assert sitting.attempt().state == "in_progress"


class AttemptMachines(RuleBasedStateMachine):
    """Random steps of all machines on a real attempt; a plain model says which ones must work."""

    world: World

    @initialize()
    def begin(self) -> None:
        self.sitting = self.world.sitting(start=False)
        self.sitting.change(started_at=now(), submitted_at=now())
        attempt = self.sitting.attempt()
        self.model = {machine: getattr(attempt, FIELDS[machine]) for machine in Machine}
        self.steps = len(self._transitions())

    @rule(machine=st.sampled_from(list(Machine)), data=st.data())
    def step(self, machine: Machine, data: st.DataObject) -> None:
        target = data.draw(st.sampled_from(STATES[machine]))
        allowed = can_move(machine, self.model[machine], target)
        try:
            with self.world.platform.db.transaction() as session:
                attempt = lock_attempt(session, self.sitting.attempt_id)
                move(session, attempt, machine, target, "test")
        except ConflictError:
            assert not allowed
        else:
            assert allowed
            self.model[machine] = target
            self.steps += 1

    @invariant()
    def database_agrees(self) -> None:
        attempt = self.sitting.attempt()
        assert {machine: getattr(attempt, FIELDS[machine]) for machine in Machine} == self.model
        assert len(self._transitions()) == self.steps

    def _transitions(self) -> list[Any]:
        with self.world.platform.db.reading() as session:
            return list(
                session.scalars(
                    select(AttemptTransition).where(
                        AttemptTransition.attempt_id == self.sitting.attempt_id
                    )
                )
            )

    def teardown(self) -> None:
        with self.world.platform.db.transaction() as session:
            attempt = session.get_one(Attempt, self.sitting.attempt_id)
            attempt.state = "voided"


@pytest.fixture
def quick_world(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    with open_world(sqlite_url, tmp_path) as world:
        yield world


def test_random_steps_never_leave_the_tables(quick_world: World) -> None:
    AttemptMachines.world = quick_world
    test = AttemptMachines.TestCase
    test.settings = settings(
        max_examples=15,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    test("runTest").runTest()
