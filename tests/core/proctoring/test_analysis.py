"""Analysis: each chunk once, in order, whatever detectors, workers and the network do."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from examhall.core.audit.models import AuditEntry
from examhall.core.contracts.base import Kind
from examhall.core.errors import PluginError
from examhall.core.events.models import Event
from examhall.core.platform import Platform, open_platform
from examhall.core.proctoring.operations import close_session, find_sessions_to_seal
from examhall.core.registry.models import PluginFailure
from examhall.core.settings import load_settings
from tests.core.attempts.world import World
from tests.core.proctoring.scripted import ALONE, EMPTY, HANG, RAISE, RUBBISH, TWO
from tests.core.proctoring.slow_worker import analyse_slowly
from tests.core.proctoring.watching import Watched, load_scripted, open_watching, watch
from tests.processes import kill, start_until_ready


@contextmanager
def another_process(watched: Watched) -> Iterator[Platform]:
    """A second platform on the same database and evidence, as another worker has it."""
    settings = watched.platform.settings
    platform = open_platform(
        load_settings({}, database_url=settings.database_url, data_dir=settings.data_dir)
    )
    load_scripted(platform)
    try:
        yield platform
    finally:
        platform.close()


def summary(watched: Watched) -> list[tuple[str, str, int]]:
    return [(row.kind, row.state, row.finding_count) for row in watched.incidents()]


def test_findings_carry_where_they_are_from(watched: Watched) -> None:
    watched.show([ALONE, TWO])
    watched.analyse()
    [finding] = watched.findings()
    detector = watched.platform.plugins.detector("scripted")
    assert (finding.detector_key, finding.detector_version) == ("scripted", "1.0")
    assert finding.config_digest == watched.platform.plugins.config_digest(detector)
    assert finding.model_digest == "ab" * 32
    [chunk] = watched.chunks()
    assert finding.evidence[0]["sha256"] == chunk.samples[1]["sha256"]
    assert (chunk.state, chunk.seen_by, chunk.note) == ("analysed", {"scripted": [0, 1]}, "")


def test_one_frame_makes_no_incident(watched: Watched) -> None:
    watched.show([ALONE] * 4 + [TWO] + [ALONE] * 4 + [EMPTY] + [ALONE] * 2)
    watched.analyse()
    assert len(watched.findings()) == 2
    assert watched.incidents() == []


def test_a_second_person_and_an_empty_chair_become_one_incident_each(watched: Watched) -> None:
    watched.show([ALONE] * 4 + [TWO] * 8 + [ALONE] * 20 + [EMPTY] * 10 + [ALONE] * 4)
    watched.analyse()
    assert summary(watched) == [("person.second", "open", 8), ("face.missing", "open", 10)]
    second = watched.incidents()[0]
    assert second.severity == "high"
    assert second.evidence
    assert "8 of 8 samples over 3.5 s" in second.explanation
    assert float(watched.session().integrity["score"]) < 100


def test_an_incident_keeps_its_row_while_it_grows(watched: Watched) -> None:
    rows = set()
    for _ in range(6):
        watched.show([TWO, TWO])
        watched.analyse()
        rows |= {(row.id, row.started_at) for row in watched.incidents()}
    assert len(rows) == 1
    assert summary(watched) == [("person.second", "open", 12)]


def test_the_batches_do_not_change_the_result(world: World) -> None:
    story = [ALONE] * 4 + [TWO] * 6 + [ALONE] * 6 + [EMPTY] * 12 + [ALONE] * 4
    results = []
    for size in (1, 2, 5):
        watched = watch(world)
        for at in range(0, len(story), size):
            watched.send(watched.chunk(story[at : at + size]))
            if size != 5:
                watched.analyse()
        watched.analyse()
        results.append(summary(watched))
    assert results[0] == results[1] == results[2] != []


def test_what_arrives_late_is_analysed_where_it_belongs(watched: Watched) -> None:
    chunks = [watched.chunk([TWO, TWO]) for _ in range(5)]
    for index in (0, 4, 2, 1, 3):
        watched.send(chunks[index])
        watched.analyse()
    assert [row[:2] for row in summary(watched) if row[1] == "open"] == [("person.second", "open")]
    assert [row.finding_count for row in watched.incidents() if row.state == "open"] == [10]


def test_analysing_again_changes_nothing(watched: Watched) -> None:
    watched.show([TWO] * 6)
    watched.analyse()
    before = (len(watched.findings()), summary(watched), watched.session().analysis_version)
    watched.analyse()
    assert (len(watched.findings()), summary(watched), watched.session().analysis_version) == before


@pytest.mark.parametrize("fault", [RAISE, RUBBISH])
def test_a_broken_detector_is_a_failure_and_no_incident(watched: Watched, fault: int) -> None:
    watched.show([ALONE, fault, ALONE, ALONE])
    watched.analyse()
    watched.show([TWO] * 6)
    watched.analyse()
    first = watched.chunks()[0]
    assert first.state == "analysed"
    assert "scripted" in first.note
    assert first.seen_by == {}
    assert summary(watched) == [("person.second", "open", 6)]
    watched.platform.plugins.flush()
    with watched.platform.db.reading() as session:
        failures = session.scalars(select(PluginFailure)).all()
    assert [(row.key, row.operation) for row in failures] == [("scripted", "analyze")]


def test_a_detector_that_hangs_is_left_behind(database_url: str, tmp_path: Path) -> None:
    with open_watching(database_url, tmp_path, plugin_time_limit=0.3) as world:
        watched = watch(world)
        watched.show([HANG, ALONE])
        began = time.monotonic()
        watched.analyse()
        assert time.monotonic() - began < 5
        watched.show([TWO] * 6)
        watched.analyse()
        assert summary(watched) == [("person.second", "open", 6)]


def test_a_detector_that_keeps_failing_is_paused_and_the_session_goes_on(watched: Watched) -> None:
    for _ in range(12):
        watched.show([RAISE, ALONE])
        watched.analyse()
    assert {row.state for row in watched.chunks()} == {"analysed"}
    assert watched.incidents() == []
    watched.platform.plugins.flush()
    with pytest.raises(PluginError, match="pause"):
        watched.platform.plugins.detector("scripted")
    assert watched.send(watched.chunk([ALONE])).stored


def test_a_disabled_detector_does_not_look(watched: Watched) -> None:
    watched.platform.plugins.set_enabled(Kind.DETECTOR, "scripted", False)
    watched.show([TWO] * 6)
    watched.analyse()
    assert watched.findings() == []
    assert {row.state for row in watched.chunks()} == {"analysed"}


def test_a_waived_detector_does_not_look_but_the_camera_is_recorded(world: World) -> None:
    watched = watch(world, allowance={"waived_detectors": ["scripted"]})
    watched.show([TWO] * 6)
    watched.analyse()
    assert watched.findings() == []
    assert watched.session().last_frame_sha256


def test_evidence_that_is_gone_is_noted(watched: Watched) -> None:
    watched.show([TWO, TWO])
    [chunk] = watched.chunks()
    sha256 = chunk.samples[0]["sha256"]
    folder = watched.platform.settings.data_dir / "evidence"
    (folder / sha256[:2] / sha256).unlink()
    watched.analyse()
    [chunk] = watched.chunks()
    assert (chunk.state, chunk.seen_by) == ("analysed", {"scripted": [1]})
    assert "gone" in chunk.note


def test_while_one_worker_holds_a_session_no_other_analyses_it(watched: Watched) -> None:
    watched.show([TWO] * 24)
    with another_process(watched) as other:
        threads = [
            threading.Thread(target=watched.analyse, args=[platform])
            for platform in (watched.platform, other) * 3
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        watched.analyse(other)
    assert len(watched.findings()) == 24
    assert summary(watched) == [("person.second", "open", 24)]


def test_sessions_move_between_workers(watched: Watched) -> None:
    with another_process(watched) as other:
        for platform in (watched.platform, other, watched.platform, other):
            watched.show([TWO] * 4)
            watched.analyse(platform)
    assert summary(watched) == [("person.second", "open", 16)]
    assert watched.session().analysis_version == 4


def test_a_worker_whose_hold_ran_out_writes_nothing(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.show([TWO] * 6)
    with another_process(watched) as other:
        detector = other.plugins.detector("scripted")
        judge = watched.platform.plugins.first

        def late(hook: str, **arguments: object) -> object:
            monkeypatch.setattr(watched.platform.plugins, "first", judge)
            with watched.platform.db.transaction() as session:
                row = watched.session()
                row.leased_until = None
                session.merge(row)
            watched.analyse(other)
            return judge(hook, **arguments)

        assert detector.key == "scripted"
        monkeypatch.setattr(watched.platform.plugins, "first", late)
        watched.analyse()
    assert len(watched.findings()) == 6
    assert watched.session().analysis_version == 1
    assert summary(watched) == [("person.second", "open", 6)]


def test_a_fusion_that_fails_leaves_the_incidents(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.show([TWO] * 6)
    watched.analyse()
    watched.platform.plugins.set_enabled("hooks", "fusion.temporal", False)
    watched.show([TWO] * 6)
    watched.analyse()
    assert summary(watched) == [("person.second", "open", 6)]
    watched.platform.plugins.set_enabled("hooks", "fusion.temporal", True)
    watched.show([ALONE] * 2)
    watched.analyse()
    assert summary(watched) == [("person.second", "open", 12)]


def test_late_samples_withdraw_what_they_refute(watched: Watched) -> None:
    story = ([TWO], [ALONE] * 2, [TWO], [ALONE] * 2, [TWO])
    chunks = [watched.chunk(widths) for widths in story]
    for index in (0, 2, 4):
        watched.send(chunks[index])
    watched.analyse()
    assert summary(watched) == [("person.second", "open", 3)]
    for index in (1, 3):
        watched.send(chunks[index])
    watched.analyse()
    [row] = watched.incidents()
    assert row.state == "dismissed"
    assert row.note.startswith("Withdrawn")


def test_an_incident_is_told_on_the_wall_and_as_an_event(watched: Watched) -> None:
    with watched.platform.live.subscribe(f"exam:{watched.exam_id}") as subscription:
        watched.show([TWO] * 6)
        watched.analyse()
        messages = [subscription.get(1) for _ in range(4)]
    kinds = [message.event for message in messages if message]
    assert kinds == ["frame", "frame", "frame", "incident"]
    told = messages[-1]
    assert told is not None
    assert told.data["title"] == "Second person in view"
    assert told.data["candidate_name"] == watched.candidate.name
    assert told.data["change"] == "opened"
    assert told.data["evidence"][0]["id"]
    with watched.platform.db.reading() as session:
        types = session.scalars(
            select(Event.event_type).where(Event.event_type.like("proctoring.%"))
        ).all()
    assert types == ["proctoring.session_opened", "proctoring.incident_opened"]


def test_a_closed_session_is_sealed_when_nothing_can_come_any_more(watched: Watched) -> None:
    drain = watched.platform.settings.drain_seconds
    watched.show([ALONE] * 4)
    with watched.platform.db.transaction() as session:
        close_session(session, watched.platform, watched.attempt_id)
    watched.analyse()
    assert watched.session().state == "closed"
    watched.age(drain + 1)
    with watched.platform.db.reading() as session:
        assert find_sessions_to_seal(session, drain) == [watched.session_id]
    watched.analyse()
    assert watched.session().state == "sealed"
    with watched.platform.db.reading() as session:
        assert find_sessions_to_seal(session, drain) == []
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "proctoring.sealed")
        ).one()
    assert entry.details["length"] == 4
    assert entry.details["ok"] is True


def test_a_worker_killed_in_the_middle_leaves_nothing_half_done(
    watched: Watched,
) -> None:
    story = [ALONE] * 8 + [TWO] * 16 + [ALONE] * 16 + [EMPTY] * 16 + [ALONE] * 8
    watched.show(story)
    settings = watched.platform.settings
    for wait in (0.0, 0.15, 0.3):
        worker = start_until_ready(
            analyse_slowly, settings.database_url, settings.data_dir, watched.session_id
        )
        time.sleep(wait)
        kill(worker)
        release(watched)
    while any(row.state == "stored" for row in watched.chunks()):
        watched.analyse()
    assert len(watched.findings()) == 32
    assert summary(watched) == [("person.second", "open", 16), ("face.missing", "open", 16)]


def release(watched: Watched) -> None:
    """Let the dead worker's hold run out."""
    with watched.platform.db.transaction() as session:
        row = watched.session()
        if row.leased_until is not None:
            row.leased_until -= timedelta(minutes=5)
        session.merge(row)


def test_nobody_is_looked_at_after_the_end(watched: Watched) -> None:
    """A browser or phone that goes on for a while shows somebody who is done and may talk."""
    with watched.platform.db.transaction() as session:
        close_session(session, watched.platform, watched.attempt_id)
    watched.age(30)
    watched.clock = watched.sending_clock() - timedelta(seconds=60)
    watched.send(watched.chunk([ALONE] * 2))
    watched.clock += timedelta(seconds=40)
    watched.show([TWO] * 8)
    watched.analyse()
    assert watched.findings() == watched.incidents() == []
    assert [len(chunk.samples) for chunk in watched.chunks()] == [2] * 5
    assert {chunk.state for chunk in watched.chunks()} == {"analysed"}
    seen = [chunk.seen_by.get("scripted", []) for chunk in watched.chunks()]
    assert seen == [[0, 1], [], [], [], []]
