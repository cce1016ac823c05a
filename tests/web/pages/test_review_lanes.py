"""The lanes of a timeline, without a browser."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from examhall.core.review.overview import Overview, Save, Span
from examhall.web.pages.review_lanes import draw_lanes, lane_of

START = datetime(2026, 3, 1, 10, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def incident(kind: str, minutes: float, **changes: Any) -> dict[str, Any]:
    return {
        "id": kind,
        "kind": kind,
        "title": f"<{kind}>",
        "severity": "medium",
        "state": "open",
        "started_at": at(minutes).isoformat(),
        "ended_at": at(minutes + 0.01).isoformat(),
        **changes,
    }


def overview(**changes: Any) -> Overview:
    values: dict[str, Any] = {
        "start": at(0),
        "end": at(100),
        "coverage": {"camera": [Span(at(0), at(40)), Span(at(60), at(100))]},
        "incidents": [
            incident("face.missing", 10),
            incident("gaze.away", 99.999, severity="high"),
            incident("unheard.of", 50, state="dismissed", severity="low"),
        ],
        "seen_by": {},
        "pauses": [Span(at(40), at(60))],
        "saves": [Save(at(5), 1), Save(at(30), 2)],
        "ledger": [],
        "messages": [],
        "photos": [],
        "consents": [],
        "detectors": [],
        "waived": [],
        **changes,
    }
    return Overview(**values)


def test_everything_has_its_lane_and_stays_inside() -> None:
    lanes = draw_lanes(overview())
    assert [label for label, _ in lanes.labels] == ["Face", "Other", "Camera", "Answers"]
    svg = ET.fromstring(str(lanes.svg))
    drawn = {one.get("data-incident"): one for one in svg if one.get("data-incident")}
    assert set(drawn) == {"face.missing", "gaze.away", "unheard.of"}
    for one in svg.iter("rect"):
        left, width = float(one.get("x", "")), float(one.get("width", ""))
        assert 0 <= left <= left + width <= 1000
    assert drawn["face.missing"].get("x") == "100.00"
    assert "gone" in (drawn["unheard.of"].get("class") or "")
    assert "style=" not in lanes.svg


def test_a_session_without_anything_is_drawn() -> None:
    lanes = draw_lanes(overview(end=at(0), coverage={}, incidents=[], saves=[], pauses=[]))
    assert lanes.labels == []
    ET.fromstring(str(lanes.svg))


@pytest.mark.parametrize(
    ("kind", "lane"),
    [
        ("person.second", "person"),
        ("object.phone", "object"),
        ("audio.voices", "audio"),
        ("browser.hidden", "browser"),
        ("technical.dark", "technical"),
        ("third.party", "other"),
    ],
)
def test_kinds_belong_to_lanes(kind: str, lane: str) -> None:
    assert lane_of(kind) == lane
