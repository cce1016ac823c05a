"""Which proctor looks after which candidate."""

from collections import Counter
from random import Random
from uuid import UUID, uuid4

import pytest

from examhall.core.errors import ForbiddenError, InvalidError, NotFoundError
from examhall.core.permissions import Principal, Role
from examhall.core.proctoring.assignments.operations import (
    assign_sessions,
    split_evenly,
    split_sessions,
)
from examhall.core.proctoring.assignments.queries import list_proctors
from examhall.core.proctoring.operations import exam_channel
from examhall.core.proctoring.queries import list_sessions
from tests.core.attempts.world import World
from tests.core.proctoring.watching import watch


def ids(count: int) -> list[UUID]:
    return [UUID(int=number) for number in range(1, count + 1)]


def test_shares_differ_by_one_at_most_and_few_are_moved() -> None:
    random = Random(7)
    for _ in range(300):
        people = ids(random.randint(1, 6))
        known = [*people, None, UUID(int=99)]
        present = {one: random.choice(known) for one in ids(random.randint(1, 40))}
        plan = split_evenly(present, people)
        sizes = Counter(plan.values())
        assert plan.keys() == present.keys()
        assert max(sizes.values()) - min(sizes[one] for one in people) <= 1
        kept = sum(plan[one] == present[one] for one in present)
        least, larger = divmod(len(present), len(people))
        held = sorted((sum(who == one for who in present.values()) for one in people), reverse=True)
        best = sum(min(n, least + (rank < larger)) for rank, n in enumerate(held))
        assert kept == best


def test_splitting_twice_moves_nobody() -> None:
    people = ids(3)
    plan = split_evenly(dict.fromkeys(ids(10)), people)
    assert split_evenly(plan, people) == plan


@pytest.fixture
def proctors(world: World) -> list[Principal]:
    return [world.person(Role.PROCTOR) for _ in range(2)]


def assigned(world: World, who: Principal, exam_id: UUID) -> dict[UUID, UUID | None]:
    with world.platform.db.reading() as session:
        page = list_sessions(session, who, exam_id=exam_id)
        return {one.id: one.proctor_id for one in page.items}


def test_sessions_are_given_taken_and_divided(world: World, proctors: list[Principal]) -> None:
    first, second = proctors
    one = watch(world)
    others = [watch(world, exam_id=one.exam_id) for _ in range(3)]
    here, exam_id = world.platform, one.exam_id
    assert first.user_id
    assert second.user_id
    with here.live.subscribe(exam_channel(exam_id)) as wall:
        assign_sessions(here, first, exam_id, [one.session_id], second.user_id)
        told = wall.get(5)
    assert told is not None
    assert told.event == "assignment"
    assert told.data["sessions"] == {str(one.session_id): str(second.user_id)}
    split_sessions(here, first, exam_id, [first.user_id, second.user_id])
    plan = assigned(world, first, exam_id)
    assert Counter(plan.values()) == {first.user_id: 2, second.user_id: 2}
    assert plan[one.session_id] == second.user_id
    assign_sessions(here, first, exam_id, [others[0].session_id], None)
    assert assigned(world, first, exam_id)[others[0].session_id] is None
    with here.db.reading() as session:
        counts = {row.id: row.session_count for row in list_proctors(session, first, exam_id)}
    assert sum(counts.values()) == 3


def test_what_cannot_be_assigned(world: World, proctors: list[Principal]) -> None:
    one, elsewhere = watch(world), watch(world)
    here, exam_id, proctor = world.platform, one.exam_id, proctors[0]
    with pytest.raises(NotFoundError):
        assign_sessions(here, proctor, exam_id, [elsewhere.session_id], proctor.user_id)
    with pytest.raises(InvalidError):
        assign_sessions(here, proctor, exam_id, [one.session_id], one.candidate.user_id)
    with pytest.raises(InvalidError):
        split_sessions(here, proctor, exam_id, [uuid4()])
    with pytest.raises(ForbiddenError):
        split_sessions(here, world.person(Role.REVIEWER), exam_id, [uuid4()])
    assert assigned(world, proctor, exam_id) == {one.session_id: None}
