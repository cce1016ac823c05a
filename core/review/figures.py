"""Irregularities over an exam in numbers, without a database. A number is no verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

SEVERITIES = ("low", "medium", "high")
BINS = 10


@dataclass(frozen=True, slots=True)
class SessionFigures:
    """One session. `incidents` counts, by kind and severity, those that nobody has dismissed.

    `hours` is how long the attempt lasted; `outcome` is that of the decision which counts.
    """

    session_id: str
    candidate: str
    hours: float
    incidents: Mapping[tuple[str, str], int] = field(default_factory=dict)
    dismissed: int = 0
    integrity: float | None = None
    state: str = "queued"
    outcome: str | None = None
    differing: bool = False
    appeal: str | None = None
    appeal_changed: bool = False

    @property
    def number(self) -> int:
        """How many incidents there are, without technical ones."""
        return sum(n for (_, severity), n in self.incidents.items() if severity in SEVERITIES)

    @property
    def technical(self) -> int:
        """How many technical incidents there are."""
        return sum(n for (_, severity), n in self.incidents.items() if severity not in SEVERITIES)

    @property
    def rate(self) -> float | None:
        """Incidents an hour, without technical ones; None for an attempt without length."""
        return self.number / self.hours if self.hours > 0 else None


@dataclass(frozen=True, slots=True)
class KindFigures:
    """A kind of incident: how many by severity, and in how many sessions."""

    kind: str
    counts: Mapping[str, int]
    sessions: int

    @property
    def total(self) -> int:
        """How many in all."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class ExamFigures:
    """An exam. `integrity` counts sessions by tenths of the score, the lowest first.

    `median_rate` is the middle one of the sessions' incidents an hour.
    """

    sessions: Sequence[SessionFigures]
    kinds: Sequence[KindFigures]
    technical: Sequence[KindFigures]
    median_rate: float | None
    integrity: Sequence[int]
    outcomes: Mapping[str, int]
    undecided: int
    differing: int
    appeals: int
    appeals_open: int
    appeals_changed: int


def summarise(sessions: Sequence[SessionFigures]) -> ExamFigures:
    """Return an exam's figures; sessions come with the highest rate first."""
    rates = [one.rate for one in sessions if one.rate is not None]
    return ExamFigures(
        sessions=sorted(sessions, key=lambda one: (-(one.rate or 0.0), one.candidate)),
        kinds=_kinds(sessions, SEVERITIES),
        technical=_kinds(sessions, ("technical",)),
        median_rate=median(rates) if rates else None,
        integrity=_bins([one.integrity for one in sessions if one.integrity is not None]),
        outcomes=Counter(one.outcome for one in sessions if one.outcome),
        undecided=sum(one.outcome is None for one in sessions),
        differing=sum(one.differing for one in sessions),
        appeals=sum(one.appeal is not None for one in sessions),
        appeals_open=sum(one.appeal == "open" for one in sessions),
        appeals_changed=sum(one.appeal_changed for one in sessions),
    )


def against_median(rate: float | None, middle: float | None) -> float | None:
    """Return how many times the median a rate is; None where there is nothing to compare with."""
    return rate / middle if rate is not None and middle else None


def _kinds(sessions: Sequence[SessionFigures], severities: Sequence[str]) -> list[KindFigures]:
    counts: dict[str, Counter[str]] = {}
    seen: Counter[str] = Counter()
    for one in sessions:
        here = [
            (kind, severity, number)
            for (kind, severity), number in one.incidents.items()
            if number and severity in severities
        ]
        seen.update({kind for kind, _, _ in here})
        for kind, severity, number in here:
            counts.setdefault(kind, Counter())[severity] += number
    found = [KindFigures(kind, dict(by), seen[kind]) for kind, by in counts.items()]
    return sorted(found, key=lambda one: (-one.total, one.kind))


def _bins(scores: Sequence[float]) -> list[int]:
    bins = [0] * BINS
    for score in scores:
        bins[min(BINS - 1, max(0, int(score // (100 / BINS))))] += 1
    return bins
