"""Stories of browser events, told to a detector one after the other."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from examhall.plugins import Detector, Finding, Findings, Incident, Sample, SessionView, Stream
from examhall.plugins.fusion.temporal import examhall_fuse_findings

START = datetime(2026, 11, 21, 9, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def event(seconds: float, name: str, **data: Any) -> Sample:
    content = json.dumps({"type": name, **data}).encode()
    return Sample(Stream.BROWSER, at(seconds), content, f"{seconds:064.1f}")


def beats(first: float, last: float, **data: Any) -> list[Sample]:
    """Return a heartbeat each second."""
    return [event(first + n, "state", **data) for n in range(int(last - first) + 1)]


def look(detector: Detector, samples: Sequence[Sample]) -> list[Finding]:
    state = detector.open()
    return [one for sample in samples for one in detector.analyze(state, [sample])]


def incidents(detector: Detector, samples: Sequence[Sample]) -> list[Incident]:
    found = [Findings(detector.key, one) for one in look(detector, samples)]
    seen = {detector.key: tuple(sample.at for sample in samples)}
    return examhall_fuse_findings(SessionView("1", START, {}, seen), found, {})


def span(one: Finding | Incident) -> tuple[str, float, float]:
    return (
        one.kind,
        round((one.start - START).total_seconds(), 3),
        round((one.end - START).total_seconds(), 3),
    )
