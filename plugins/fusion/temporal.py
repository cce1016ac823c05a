"""Make incidents of findings by temporal rules, and an integrity score of incidents.

The same findings and samples give the same incidents, in whatever order they came in. An incident
keeps its start while it grows: its first hot window does not change when samples are added behind.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any

from examhall.plugins import (
    Contribution,
    Finding,
    Findings,
    Incident,
    Integrity,
    SessionView,
    hookimpl,
)
from examhall.plugins.fusion.events import choose_evidence, join_events
from examhall.plugins.fusion.rules import Rule, find_rule

WIDEST = 4.0
"""How many times its length a window may be widened to when samples are few."""

SLACK = 1.5
"""How much longer the time between two samples may be than the exam's settings say."""

FULL_SCORE = Decimal(100)
MOST_TIMES = 4
"""One kind of incident takes so many times its weight at most."""


@dataclass(frozen=True, slots=True)
class _Looks:
    """When a detector looked, in order of time, and the seconds that lie between two looks."""

    moments: Sequence[datetime]
    interval: float

    def count(self, after: datetime, until: datetime) -> int:
        return bisect_right(self.moments, until) - bisect_right(self.moments, after)


@dataclass(frozen=True, slots=True)
class _Span:
    """Findings `first` to `last` (inclusive) of one kind, in order of time."""

    first: int
    last: int


@hookimpl(trylast=True)
def examhall_fuse_findings(
    session: SessionView, findings: Sequence[Findings], policy: dict[str, Any]
) -> list[Incident]:
    """Apply each kind's rule to its findings, whichever detectors they are from."""
    groups: dict[str, list[Findings]] = defaultdict(list)
    for entry in findings:
        if entry.detector not in session.waived:
            groups[entry.finding.kind].append(entry)
    incidents: list[Incident] = []
    for kind, entries in groups.items():
        looks = _looks(session, {entry.detector for entry in entries}, policy)
        found = [entry.finding for entry in entries]
        incidents += _fuse(find_rule(kind, policy), found, looks)
    return sorted(incidents, key=lambda incident: (incident.start, incident.kind, incident.end))


@hookimpl(trylast=True)
def examhall_integrity(incidents: Sequence[Incident], policy: dict[str, Any]) -> Integrity:
    """Take from 100 each incident's weight, times its confidence, more the longer it lasted.

    An incident counts its weight once at its start and once more for each doubling of its length in
    minutes; one kind takes four times its weight at most.
    """
    taken: dict[str, Decimal] = {}
    parts: list[Contribution] = []
    for incident in incidents:
        rule = find_rule(incident.kind, policy)
        amount, why = _weigh(rule, incident)
        so_far = taken.get(incident.kind, Decimal(0))
        rest_of_kind = MOST_TIMES * rule.weight - so_far
        if amount > rest_of_kind:
            amount = rest_of_kind
            why += f", but one kind takes {MOST_TIMES * rule.weight} at most"
        taken[incident.kind] = so_far + amount
        if amount > 0:
            cents = amount.quantize(Decimal("0.01"))
            parts.append(Contribution(incident.kind, incident.start, cents, why))
    contributions = {kind: amount.quantize(Decimal("0.1")) for kind, amount in taken.items()}
    rest = FULL_SCORE - sum(contributions.values(), Decimal(0))
    return Integrity(max(Decimal(0), rest), contributions, tuple(parts))


def _weigh(rule: Rule, incident: Incident) -> tuple[Decimal, str]:
    """Return what an incident takes by itself, and the sum in words."""
    minutes = (incident.end - incident.start).total_seconds() / 60
    length = 1 + math.log2(1 + minutes)
    factor = Decimal(str(round(incident.confidence * length, 3)))
    why = (
        f"weight {rule.weight} x certainty {incident.confidence:.2f} x {length:.2f} "
        f"for {minutes:.1f} minutes"
    )
    return rule.weight * factor, why


def _fuse(rule: Rule, found: list[Finding], looks: _Looks) -> Iterator[Incident]:
    if not rule.enabled:
        return
    if rule.alone:
        yield from join_events(rule, found)
        return
    found = sorted(found, key=lambda finding: (finding.end, finding.start, finding.explanation))
    for span in _merge(rule, found, _hot_spans(rule, found, looks)):
        inside = found[span.first : span.last + 1]
        start = min(finding.start for finding in inside)
        end = inside[-1].end
        if (end - start).total_seconds() >= rule.min_length:
            yield _incident(rule, inside, start, end, looks)


def _hot_spans(rule: Rule, found: Sequence[Finding], looks: _Looks) -> Iterator[_Span]:
    """Return, for each finding that ends a hot window, the findings in that window."""
    moments = [finding.end for finding in found]
    for last, moment in enumerate(moments):
        if last + 1 < len(moments) and moments[last + 1] == moment:
            continue
        opens = _window_start(rule, looks, moment)
        first = bisect_right(moments, opens)
        hits = len(set(moments[first : last + 1]))
        total = looks.count(opens, moment)
        if hits >= rule.least and hits >= rule.share * total - 1e-9:
            yield _Span(first, last)


def _window_start(rule: Rule, looks: _Looks, end: datetime) -> datetime:
    """Return the moment after which the window begins."""
    opens = end - timedelta(seconds=rule.window)
    wanted = math.ceil(rule.least / rule.share - 1e-9)
    if rule.fixed or looks.count(opens, end) >= wanted:
        return opens
    longest = max(rule.window * WIDEST, wanted * looks.interval * SLACK)
    widest = end - timedelta(seconds=longest)
    before_first = bisect_right(looks.moments, end) - wanted - 1
    if before_first < 0:
        return widest
    return min(opens, max(widest, looks.moments[before_first]))


def _merge(rule: Rule, found: Sequence[Finding], spans: Iterator[_Span]) -> list[_Span]:
    merged: list[_Span] = []
    for span in spans:
        if merged:
            before = merged[-1]
            gap = (found[span.first].start - found[before.last].end).total_seconds()
            if gap <= rule.merge_gap:
                merged[-1] = _Span(before.first, max(before.last, span.last))
                continue
        merged.append(span)
    return merged


def _incident(
    rule: Rule,
    inside: Sequence[Finding],
    start: datetime,
    end: datetime,
    looks: _Looks,
) -> Incident:
    hits = len({finding.end for finding in inside})
    total = max(hits, looks.count(start, end) + 1)
    seconds = (end - start).total_seconds()
    return Incident(
        kind=inside[0].kind,
        start=start,
        end=end,
        severity=rule.severity,
        confidence=round(math.fsum(one.confidence for one in inside) / len(inside), 4),
        explanation=(
            f"{rule.text} in {hits} of {total} samples over {seconds:.1f} s. "
            f"{inside[-1].explanation}"
        ),
        evidence=choose_evidence(inside),
        finding_count=len(inside),
    )


def _looks(session: SessionView, detectors: set[str], policy: Mapping[str, Any]) -> _Looks:
    times = [session.seen.get(detector, ()) for detector in sorted(detectors)]
    moments = times[0] if len(times) == 1 else sorted(set(chain.from_iterable(times)))
    return _Looks(moments, float(policy.get("frame_seconds", 0.5)))
