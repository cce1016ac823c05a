"""Incidents of findings that stand alone: events, and spans of time that a detector is sure of."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from examhall.plugins import Finding, FrameEvidence, Incident
from examhall.plugins.fusion.rules import Rule

MOST_EVIDENCE = 6
CONTINUED = 6.0
"""Spans so many seconds apart are one: a page tells its state every five seconds at least."""

SHORT_GAP = 10.0
"""Where the rule joins what lies farther apart, it is not counted how often it was."""


def join_events(rule: Rule, found: Sequence[Finding]) -> Iterator[Incident]:
    """Make one incident of all findings of a kind that are closer than the rule's merge gap."""
    beginnings: dict[datetime, list[Finding]] = defaultdict(list)
    for finding in found:
        beginnings[finding.start].append(finding)
    # What lasts is found again and again as it grows: its first and its last finding say it all.
    ends = {start: _first_and_last(inside) for start, inside in beginnings.items()}
    for group in _groups([finding for pair in ends.values() for finding in pair], rule.merge_gap):
        start, end = group[0].start, max(finding.end for finding in group)
        if (end - start).total_seconds() < rule.min_length:
            continue
        inside = [
            one for begin in dict.fromkeys(f.start for f in group) for one in beginnings[begin]
        ]
        yield Incident(
            kind=group[0].kind,
            start=start,
            end=end,
            severity=rule.severity,
            confidence=round(math.fsum(one.confidence for one in inside) / len(inside), 4),
            explanation=_explain(rule, group),
            evidence=choose_evidence(sorted(group, key=_by_end)),
            finding_count=len(inside),
        )


def _first_and_last(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    first, last = min(findings, key=_by_end), max(findings, key=_by_end)
    return (first,) if first is last else (first, last)


def choose_evidence(inside: Sequence[Finding]) -> tuple[FrameEvidence, ...]:
    """Return the first frames, the surest and the last, in order of time."""
    shown = [finding for finding in inside if finding.evidence]
    surest = sorted(shown, key=lambda finding: (-finding.confidence, finding.end))
    frames: dict[str, FrameEvidence] = {}
    for finding in [*shown[:2], *shown[-1:], *surest]:
        for frame in finding.evidence:
            if len(frames) < MOST_EVIDENCE:
                frames.setdefault(frame.sha256, frame)
    return tuple(sorted(frames.values(), key=lambda frame: (frame.at, frame.sha256)))


def _groups(found: Sequence[Finding], gap: float) -> Iterator[list[Finding]]:
    """Yield findings that touch or lie closer than `gap` seconds, in order of their start."""
    group: list[Finding] = []
    end: datetime | None = None
    ordered = sorted(found, key=lambda one: (one.start, one.end, one.explanation))
    for finding in ordered:
        if end is not None and (finding.start - end).total_seconds() > gap:
            yield group
            group, end = [], None
        group.append(finding)
        end = finding.end if end is None else max(end, finding.end)
    if group:
        yield group


def _explain(rule: Rule, inside: Sequence[Finding]) -> str:
    """Say how long it lasted, or how often it happened, and what the last finding says more."""
    start, end = inside[0].start, max(finding.end for finding in inside)
    gap = CONTINUED if rule.merge_gap <= SHORT_GAP else rule.merge_gap
    spans = list(_groups([one for one in inside if one.end > one.start], gap))
    seconds = sum(_length(span) for span in spans)
    words = rule.text
    if spans:
        words += f" for {seconds:.1f} s" + (f", {len(spans)} times" if len(spans) > 1 else "")
    elif len(moments := {one.start for one in inside}) > 1:
        words += f" {len(moments)} times within {(end - start).total_seconds():.1f} s"
    last = max(inside, key=_by_end).explanation
    head, _, rest = last.partition(". ")
    more = rest if head.startswith(rule.text) else last
    return f"{words}. {more}".strip()


def _length(span: Sequence[Finding]) -> float:
    end = max(finding.end for finding in span)
    return (end - span[0].start).total_seconds()


def _by_end(finding: Finding) -> tuple[datetime, datetime, str]:
    return finding.end, finding.start, finding.explanation
