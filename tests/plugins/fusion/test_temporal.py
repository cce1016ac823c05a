"""Temporal rules: the same findings give the same incidents, and one frame gives none."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examhall.plugins import (
    Finding,
    Findings,
    FrameEvidence,
    Incident,
    SessionView,
    Severity,
    Stream,
)
from examhall.plugins.fusion.rules import OTHER, RULES, find_rule
from examhall.plugins.fusion.temporal import examhall_fuse_findings, examhall_integrity

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
KINDS = {"m": "face.missing", "s": "person.second", "x": "hat.red"}


def fuse(story: str, *, every: float = 0.5, policy: dict[str, Any] | None = None) -> list[Incident]:
    """Fuse a story of frames: `.` for nothing, `m` no face, `s` second person, `-` no sample."""
    view, findings = tell(story, every)
    return examhall_fuse_findings(view, findings, policy or {"frame_seconds": every})


def tell(story: str, every: float = 0.5) -> tuple[SessionView, list[Findings]]:
    moments = [START + timedelta(seconds=every * index) for index in range(len(story))]
    times = [at for at, letter in zip(moments, story, strict=True) if letter != "-"]
    findings = [
        Findings("face", finding(KINDS[letter], at))
        for at, letter in zip(moments, story, strict=True)
        if letter in KINDS
    ]
    return SessionView("1", START, {Stream.CAMERA: times}, {"face": times}), findings


def finding(kind: str, at: datetime, confidence: float = 0.9) -> Finding:
    frame = FrameEvidence(f"{at.timestamp():064.1f}", at)
    return Finding(kind, at, at, confidence, "Seen.", (frame,))


def seconds(incident: Incident) -> tuple[str, float, float]:
    start, end = incident.start - START, incident.end - START
    return (incident.kind, start.total_seconds(), end.total_seconds())


@pytest.mark.parametrize(
    ("story", "found"),
    [
        ("", []),
        ("......", []),
        ("...s......s......s...", []),
        ("..m....m....m....m....m", []),
        ("mm..mm..mm..mm..mm..mm", []),
        ("....sss.....", [("person.second", 2.0, 3.0)]),
        ("....s.s.s...", [("person.second", 2.0, 4.0)]),
        ("sss", [("person.second", 0.0, 1.0)]),
        ("....mmmmm...", [("face.missing", 2.0, 4.0)]),
        ("....mmmm....", []),
        ("....mm.mmm..", [("face.missing", 2.0, 4.5)]),
        ("sssss......sssss", [("person.second", 0.0, 7.5)]),
        (
            "sssss" + "." * 20 + "sssss",
            [("person.second", 0.0, 2.0), ("person.second", 12.5, 14.5)],
        ),
        ("xxx.....", [("hat.red", 0.0, 1.0)]),
    ],
)
def test_stories(story: str, found: list[tuple[str, float, float]]) -> None:
    assert [seconds(incident) for incident in fuse(story)] == found


@pytest.mark.parametrize(("letter", "limit"), [("s", 2.0), ("m", 3.0)])
def test_a_change_is_noticed_within_three_seconds(letter: str, limit: float) -> None:
    calm = "." * 20
    first = next(count for count in range(1, 20) if fuse(calm + letter * count))
    assert first * 0.5 <= limit


@pytest.mark.parametrize("every", [0.2, 0.5, 1.0, 2.0, 5.0, 10.0])
@pytest.mark.parametrize("letter", ["s", "m"])
def test_slow_and_quick_cameras_are_judged_alike(every: float, letter: str) -> None:
    assert len(fuse("." * 10 + letter * 30 + "." * 10, every=every)) == 1
    assert fuse("." * 10 + letter + "." * 10, every=every) == []


def test_without_samples_nothing_is_taken_for_a_hit() -> None:
    assert fuse("mm" + "-" * 200 + "mm") == []


stories = st.text("....msx-", max_size=60)


@given(stories, st.randoms())
def test_the_order_of_arrival_does_not_matter(story: str, random: Any) -> None:
    view, findings = tell(story)
    shuffled = list(findings)
    random.shuffle(shuffled)
    policy = {"frame_seconds": 0.5}
    assert examhall_fuse_findings(view, shuffled, policy) == examhall_fuse_findings(
        view, findings, policy
    )


@given(stories)
def test_every_incident_rests_on_several_frames(story: str) -> None:
    for incident in fuse(story):
        rule = find_rule(incident.kind, {})
        assert incident.finding_count >= rule.least
        assert START <= incident.start < incident.end
        assert incident.evidence
        assert 0 <= incident.confidence <= 1


@given(stories, stories)
def test_an_incident_keeps_its_start_while_samples_are_added(before: str, after: str) -> None:
    starts = {(one.kind, one.start) for one in fuse(before)}
    later = fuse(before + after)
    for kind, start in starts:
        assert any(one.kind == kind and one.start <= start <= one.end for one in later)
    if after == "":
        assert starts == {(one.kind, one.start) for one in later}


@given(st.text(".s", max_size=40))
def test_incidents_of_a_kind_do_not_overlap(story: str) -> None:
    spans = [(one.start, one.end) for one in fuse(story)]
    assert all(first[1] < second[0] for first, second in pairwise(spans))


def test_two_detectors_that_see_the_same_make_one_incident() -> None:
    view, findings = tell("....sssss....")
    both = [*findings, *(Findings("objects", one.finding) for one in findings)]
    view = SessionView("1", START, view.samples, {**view.seen, "objects": view.seen["face"]})
    [incident] = examhall_fuse_findings(view, both, {})
    assert "5 of 5 samples" in incident.explanation


def test_a_waived_detector_counts_for_nothing() -> None:
    view, findings = tell("sssssss")
    waived = SessionView("1", START, view.samples, view.seen, frozenset({"face"}))
    assert examhall_fuse_findings(waived, findings, {}) == []


def test_an_exam_can_change_the_rules() -> None:
    calm = {"rules": {"person.second": {"least": 8, "share": 0.9, "window": 5}}}
    assert fuse("..sssss....", policy=calm) == []
    off = {"rules": {"person.second": {"enabled": False}}}
    assert fuse("..sssss....", policy=off) == []
    mild = {"rules": {"person.second": {"severity": "low"}}}
    assert fuse("..sssss....", policy=mild)[0].severity is Severity.LOW


@pytest.mark.parametrize(
    "changes",
    [
        7,
        {"least": 0},
        {"least": 1},
        {"least": "many"},
        {"share": float("nan")},
        {"window": -1},
        {"severity": "guilty"},
        {"enabled": "yes"},
        {"weight": True},
        {"text": ""},
        {"colour": "red"},
    ],
)
def test_what_cannot_be_used_leaves_the_rule_as_it_is(changes: Any) -> None:
    policy = {"rules": {"person.second": changes}}
    assert find_rule("person.second", policy) == RULES["person.second"]


def test_an_unknown_kind_has_a_mild_rule() -> None:
    assert find_rule("hat.red", {}) == OTHER
    assert find_rule("technical.camera_off", {}).weight == 0


def test_no_setting_holds_a_fault_of_technology_against_anybody() -> None:
    kind = "technical.dark"
    raised = {"rules": {kind: {"weight": 10, "severity": "high", "window": 5}}}
    rule = find_rule(kind, raised)
    assert (rule.weight, rule.severity, rule.window) == (0, Severity.TECHNICAL, 5)
    assert examhall_integrity([incident(kind, 600)], raised).score == 100
    lowered = {"rules": {"gaze.away": {"severity": "technical"}}}
    assert examhall_integrity([incident("gaze.away", 600)], lowered).score == 100


def incident(kind: str, length: float, confidence: float = 1.0) -> Incident:
    end = START + timedelta(seconds=length)
    return Incident(kind, START, end, Severity.HIGH, confidence, "Seen.")


def test_the_integrity_score_starts_at_a_hundred() -> None:
    assert examhall_integrity([], {}).score == 100
    technical = examhall_integrity([incident("technical.camera_off", 600)], {})
    assert technical.score == 100


@given(st.lists(st.tuples(st.sampled_from(sorted(RULES)), st.floats(1, 9000)), max_size=20))
def test_the_integrity_score_adds_up(spans: Sequence[tuple[str, float]]) -> None:
    integrity = examhall_integrity([incident(kind, length) for kind, length in spans], {})
    taken = sum(integrity.contributions.values(), Decimal(0))
    assert integrity.score == max(Decimal(0), 100 - taken)
    assert all(amount >= 0 for amount in integrity.contributions.values())


def test_a_rule_can_be_weighed_anew() -> None:
    second = [incident("person.second", 60)]
    assert examhall_integrity(second, {}).score == 70
    light = {"rules": {"person.second": {"weight": "0.5"}}}
    assert examhall_integrity(second, light).score == 99


def test_a_long_exam_is_fused_quickly() -> None:
    view, findings = tell("m" * 7200 + "." * 14400)
    began = datetime.now(UTC)
    assert len(examhall_fuse_findings(view, findings, {})) == 1
    assert (datetime.now(UTC) - began).total_seconds() < 2
