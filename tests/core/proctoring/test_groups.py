"""Several sessions at once: each in order, held and committed on its own."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from examhall.core.db import database_now
from examhall.core.errors import PluginError
from examhall.core.proctoring.analysis import (
    BATCH_SAMPLES,
    release_session,
    take_session,
    take_waiting,
)
from examhall.core.proctoring.models import Chunk, Evidence, ProctoringSession
from examhall.plugins import Finding, Sample
from examhall.worker import detection
from examhall.worker.detection import analyse_waiting
from examhall.worker.forgotten import Reminders, find_forgotten_work
from examhall.worker.pace import Pace
from tests.core.attempts.world import World
from tests.core.proctoring.scripted import ALONE, RAISE, TWO, ScriptedDetector, look
from tests.core.proctoring.watching import Watched, open_watching, watch


@pytest.fixture
def world(sqlite_url: str, tmp_path: Path) -> Any:
    with open_watching(sqlite_url, tmp_path) as world:
        yield world


@pytest.fixture
def together(world: World, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let the detector look at several sessions at once; returns how many at each call."""
    calls: list[int] = []

    def analyze_many(
        self: ScriptedDetector, jobs: Sequence[tuple[Any, Sequence[Sample]]]
    ) -> list[list[Finding]]:
        calls.append(len(jobs))
        return [[found for sample in batch for found in look(sample)] for _, batch in jobs]

    detector = world.platform.plugins.detector("scripted")
    monkeypatch.setattr(type(detector), "analyze_many", analyze_many)
    return calls


def counts(watched: Watched) -> list[tuple[str, int]]:
    return [(row.kind, row.finding_count) for row in watched.incidents() if row.state == "open"]


def test_small_chunks_of_many_sessions_are_looked_at_together(
    world: World, together: list[int]
) -> None:
    people = [watch(world) for _ in range(4)]
    for _ in range(3):
        for watched in people:
            watched.show([TWO, TWO])
        analyse_waiting(world.platform)
    assert together == [4, 4, 4]
    assert [counts(watched) for watched in people] == [[("person.second", 6)]] * 4
    assert all(watched.session().leased_until is None for watched in people)


def test_the_oldest_come_first_and_no_more_than_one_can_see_in_a_second(world: World) -> None:
    people = [watch(world) for _ in range(3)]
    for watched in people:
        watched.show([ALONE] * 10, size=10)
    with world.platform.db.transaction() as session:
        taken = take_waiting(session, "somebody", 20.0)
    assert [batch.session.id for batch in taken.batches] == [one.session_id for one in people[:2]]
    assert sum(batch.size for batch in taken.batches[:-1]) < BATCH_SAMPLES
    assert (taken.more, taken.waiting) == (True, 3)
    with world.platform.db.transaction() as session:
        rest = take_waiting(session, "another", 20.0)
    assert [batch.session.id for batch in rest.batches] == [people[2].session_id]


def test_what_one_session_does_to_a_detector_is_no_others_loss(
    world: World, together: list[int]
) -> None:
    people = [watch(world) for _ in range(3)]
    for number, watched in enumerate(people):
        watched.show([RAISE if number == 1 else TWO] * 4, size=4)
    analyse_waiting(world.platform)
    assert together == [3]
    assert [counts(watched) for watched in people] == [
        [("person.second", 4)],
        [],
        [("person.second", 4)],
    ]
    assert [bool(watched.chunks()[0].note) for watched in people] == [False, True, False]


def test_a_session_that_cannot_be_read_goes_back_and_holds_up_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = watch(world), watch(world)
    for watched in (bad, good):
        watched.show([TWO] * 4, size=4)
    queued: list[tuple[str, ...]] = []
    monkeypatch.setattr(world.platform.queue, "enqueue", lambda *job, **_: queued.append(job))
    read = detection.read_samples

    def fail(platform: Any, chunks: Any, results: Any) -> Any:
        if chunks[0].id == bad.chunks()[0].id:
            raise PluginError("the store is away")
        return read(platform, chunks, results)

    monkeypatch.setattr(detection, "_failed", {})
    with monkeypatch.context() as patch:
        patch.setattr(detection, "read_samples", fail)
        analyse_waiting(world.platform)
        assert counts(good) == [("person.second", 4)]
        assert [row.state for row in bad.chunks()] == ["stored"]
        assert ("analyse_session", str(bad.session_id)) in queued
        with pytest.raises(PluginError):
            bad.analyse()
    bad.analyse()
    assert counts(bad) == [("person.second", 4)]


def test_a_sample_whose_link_is_lost_leaves_a_note_and_holds_up_nobody(world: World) -> None:
    bad, good = watch(world), watch(world)
    for watched in (bad, good):
        watched.show([TWO] * 5, size=5)
    lost = bad.chunks()[0].samples[0]["sha256"]
    with world.platform.db.transaction() as session:
        session.execute(delete(Evidence).where(Evidence.sha256 == lost))
    analyse_waiting(world.platform)
    assert [counts(watched) for watched in (bad, good)] == [
        [("person.second", 4)],
        [("person.second", 5)],
    ]
    [chunk] = bad.chunks()
    assert (chunk.state, chunk.seen_by) == ("analysed", {"scripted": [1, 2, 3, 4]})
    assert chunk.note == "sample 0: The chain of evidence has lost its link."


def test_a_session_with_broken_rows_is_left_to_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = watch(world), watch(world)
    for watched in (bad, good):
        watched.show([TWO] * 4, size=4)
    with world.platform.db.transaction() as session:
        row = session.get_one(Chunk, bad.chunks()[0].id)
        row.samples = [{"at": "never"}]
        row.received_at -= timedelta(hours=1)
    with world.platform.db.transaction() as session:
        taken = take_waiting(session, "somebody", 20.0)
        release_session(session, good.session_id, "somebody")
    # Detectors do not look less often for what nobody can analyse.
    assert (list(taken.broken), taken.waited < 1800) == ([bad.session_id], True)
    queued: list[tuple[str, ...]] = []
    monkeypatch.setattr(world.platform.queue, "enqueue", lambda *job, **_: queued.append(job))
    monkeypatch.setattr(detection, "_failed", {})
    analyse_waiting(world.platform)
    assert counts(good) == [("person.second", 4)]
    assert ("analyse_session", str(bad.session_id)) in queued
    assert bad.session().leased_until is None
    assert [row.state for row in bad.chunks()] == ["stored"]


def test_a_lost_session_is_not_committed_and_the_others_are(
    world: World, together: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    lost, kept = watch(world), watch(world)
    for watched in (lost, kept):
        watched.show([TWO] * 4, size=4)
    observe = detection._observe

    def slowly(*arguments: Any) -> Any:
        with world.platform.db.transaction() as session:
            row = session.get_one(ProctoringSession, lost.session_id)
            row.leased_by = "another"
        return observe(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(detection, "_observe", slowly)
        analyse_waiting(world.platform)
    assert counts(kept) == [("person.second", 4)]
    assert lost.findings() == []
    assert lost.session().leased_by == "another"
    with world.platform.db.transaction() as session:
        release_session(session, lost.session_id, "another")
    lost.analyse()
    assert counts(lost) == [("person.second", 4)]


class Late(Pace):
    """Was told of a long backlog already."""

    def factor(self, key: str, stream: Any) -> int:
        return 4


def test_under_load_a_detector_looks_less_often_and_no_chunk_is_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detection, "_pace", Late())
    watched = watch(world)
    watched.show([TWO] * 16, size=4)
    watched.analyse()
    chunks = watched.chunks()
    assert {row.state for row in chunks} == {"analysed"}
    # Half a second lies between two frames, and the detector wants to look every quarter.
    assert [row.seen_by for row in chunks] == [{"scripted": [0, 2]}] * 4
    assert counts(watched) == [("person.second", 8)]
    assert "8 of 8 samples" in watched.incidents()[0].explanation


def test_what_was_seen_once_is_looked_at_again_at_once_even_under_load(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detection, "_pace", Late())
    watched = watch(world)
    for width in (ALONE, TWO, TWO, TWO, TWO, ALONE, ALONE):
        watched.show([width] * 2)
        watched.analyse()
    # Every second frame, until something is seen; then all frames of the next two chunks.
    looks = [len(row.seen_by["scripted"]) for row in watched.chunks()]
    assert looks == [1, 1, 2, 2, 1, 1, 1]


def test_a_backlog_slows_a_slow_detector_down_until_it_is_gone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    pace = Pace(lambda: now[0])
    monkeypatch.setattr(detection, "_pace", pace)
    monkeypatch.setattr(detection._reporter, "_pace", pace)
    monkeypatch.setattr(pace, "note_work", lambda *_: None)
    Pace.note_work(pace, world.platform.plugins.detector("scripted"), 10, 1.0)
    watched = watch(world)
    for waited in (10, 0):
        watched.show([ALONE] * 4, size=4)
        with world.platform.db.transaction() as session:
            for row in session.scalars(select(Chunk).where(Chunk.state == "stored")):
                row.received_at -= timedelta(seconds=waited)
        now[0] += 30
        analyse_waiting(world.platform)
        slowed = pace.factors()
        assert slowed == ({"scripted": 2} if waited else {})
    assert {row.state for row in watched.chunks()} == {"analysed"}


def test_what_waits_behind_a_session_that_gets_nowhere_is_reminded_of(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    reminders, queued = Reminders(), []
    monkeypatch.setattr(world.platform.queue, "enqueue", lambda *job, **_: queued.append(job))
    for seconds in (60, 30):
        watched = watch(world)
        watched.show([ALONE] * 2)
        queued.clear()
        with world.platform.db.transaction() as session:
            session.execute(
                update(Chunk)
                .where(Chunk.session_id == watched.session_id)
                .values(received_at=database_now(session) - timedelta(seconds=seconds))
            )
        for _ in range(2):
            reminders.remind(world.platform)
        assert queued.count(("analyse_waiting",)) == 1


def test_forgotten_chunks_are_found_and_held_sessions_wait_for_the_end_of_the_hold(
    world: World,
) -> None:
    free, held = watch(world), watch(world)
    for watched in (free, held):
        watched.show([ALONE] * 2)
    with world.platform.db.transaction() as session:
        for row in session.scalars(select(Chunk)):
            row.received_at -= timedelta(seconds=10)
        take_session(session, held.session_id, "a worker that died", 20.0)
    with world.platform.db.reading() as session:
        found = [(work.job, work.args) for work in find_forgotten_work(session, 120)]
    assert ("analyse_waiting", ()) in found
    assert ("analyse_session", (str(held.session_id),)) in found
    assert ("analyse_session", (str(free.session_id),)) not in found
