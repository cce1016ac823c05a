"""The log sink writes each event as one line of JSON."""

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from examhall.plugins import EventEnvelope, HealthStatus
from examhall.plugins.event_sinks.log import LogSink

EVENT = EventEnvelope(
    event_id="e1",
    event_type="attempt.submitted",
    topic="assessment.events",
    timestamp=datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
    subject="attempt:1",
    user_id="u1",
    exam_id="x1",
    course_id=None,
    metadata={"name": "Zoë\nnew line"},
)
LINE = {
    "event_type": "attempt.submitted",
    "timestamp": "2026-03-01T12:00:00+00:00",
    "user_id": "u1",
    "exam_id": "x1",
    "course_id": None,
    "metadata": {"name": "Zoë\nnew line"},
    "event_id": "e1",
    "topic": "assessment.events",
}


def test_events_go_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "examhall.events")
    LogSink().configured({"path": ""}).emit([EVENT, EVENT])
    assert [json.loads(record.getMessage()) for record in caplog.records] == [LINE, LINE]


def test_events_go_to_a_file(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    sink = LogSink().configured({"path": str(path)})
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: sink.emit([EVENT] * 5), range(20)))
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [LINE] * 100


def test_a_file_that_cannot_be_written_raises(tmp_path: Path) -> None:
    sink = LogSink().configured({"path": str(tmp_path / "no" / "events.jsonl")})
    assert sink.health().status is HealthStatus.FAILED
    with pytest.raises(OSError, match="no"):
        sink.emit([EVENT])
