"""Findings that stand alone: one makes an incident, near ones share it, nothing is told twice."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examhall.plugins import Finding, Findings, FrameEvidence, Incident, SessionView, Severity
from examhall.plugins.fusion.rules import RULES, find_rule
from examhall.plugins.fusion.temporal import examhall_fuse_findings, examhall_integrity

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
QUIET = 20
"""Looks without a finding before what is told."""

CADENCES = {"object": 1.0, "room": 1.0, "audio": 1.0}
LATEST = 3.5
"""Seconds after a change; a chunk of a second and its analysis come on top of it."""


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def span(kind: str, first: float, last: float) -> Findings:
    text = f"{RULES[kind].text} for {last - first:.1f} s. More."
    evidence = (FrameEvidence(f"{last:064.1f}", at(last)),)
    return Findings("browser", Finding(kind, at(first), at(last), 1.0, text, evidence))


def fuse(findings: list[Findings], policy: dict[str, Any] | None = None) -> list[Incident]:
    return examhall_fuse_findings(SessionView("1", START, {}, {}), findings, policy or {})


def test_one_event_is_enough() -> None:
    [incident] = fuse([span("browser.print", 5, 5)])
    assert (incident.start, incident.end, incident.finding_count) == (at(5), at(5), 1)
    assert incident.severity is Severity.MEDIUM


def test_events_that_repeat_are_counted() -> None:
    [incident] = fuse([span("browser.clipboard", second, second) for second in (5, 25, 45)])
    assert incident.explanation.startswith("Copy, cut or paste was used 3 times within 40.0 s.")


def test_what_grows_is_told_once_with_its_whole_length() -> None:
    [incident] = fuse([span("browser.hidden", 3, second) for second in range(4, 16)])
    assert (incident.start, incident.end) == (at(3), at(15))
    assert incident.explanation == "The exam page was hidden for 12.0 s. More."
    assert 1 <= len(incident.evidence) <= 6


spans = st.lists(
    st.tuples(st.integers(0, 200), st.integers(0, 30)).map(
        lambda pair: span("browser.hidden", pair[0], sum(pair))
    ),
    max_size=12,
)


@settings(max_examples=60)
@given(spans, st.randoms())
def test_the_order_of_arrival_does_not_matter(findings: list[Findings], random: Any) -> None:
    shuffled = list(findings)
    random.shuffle(shuffled)
    assert fuse(shuffled) == fuse(findings)


@settings(max_examples=60)
@given(spans)
def test_incidents_cover_all_findings_and_lie_apart(findings: list[Findings]) -> None:
    found = fuse(findings)
    assert sum(one.finding_count for one in found) == len(findings)
    gap = RULES["browser.hidden"].merge_gap
    for first, second in pairwise(found):
        assert (second.start - first.end).total_seconds() > gap


def test_faults_weigh_nothing_and_no_frame_stands_alone() -> None:
    for kind, rule in RULES.items():
        known = kind.startswith(("browser.", "technical."))
        assert rule.alone == known, kind
        if kind.startswith("technical."):
            assert (rule.severity, rule.weight) == (Severity.TECHNICAL, 0)
            long = Incident(kind, START, at(3600), rule.severity, 1.0, "Off.")
            assert examhall_integrity([long], {}).score == 100
        elif not known:
            assert rule.least >= 2


def test_an_exam_cannot_let_frames_stand_alone() -> None:
    policy = {"rules": {"person.second": {"alone": 1, "least": 1}}}
    assert find_rule("person.second", policy) == RULES["person.second"]


@pytest.mark.parametrize(
    "kind", sorted(k for k, rule in RULES.items() if not rule.alone and rule.window <= 5)
)
def test_a_change_is_told_in_time(kind: str) -> None:
    every = CADENCES.get(kind.partition(".")[0], 0.5)
    for hits in range(1, 12):
        moments = [at(n * every) for n in range(QUIET + hits)]
        found = [
            Findings("d", Finding(kind, moment, moment, 0.9, "Seen.")) for moment in moments[QUIET:]
        ]
        view = SessionView("1", START, {}, {"d": moments})
        if examhall_fuse_findings(view, found, {"frame_seconds": every}):
            assert hits > 1
            assert (hits - 1) * every <= LATEST
            return
    pytest.fail(f"{kind} was never told")
