"""What the fusion of findings into incidents sees and returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from examhall.core.contracts.detector import Finding, FrameEvidence, Stream


class Severity(StrEnum):
    """How soon a person should look; it says nothing about guilt."""

    TECHNICAL = "technical"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session as fusion sees it: when each stream was sampled, whether anything was found or not.

    Without the empty samples "in 8 of 10 frames" could not be told. `seen` has, by detector's key,
    when that detector looked: it may look at fewer samples than there are, or have failed on some.
    """

    id: str
    started_at: datetime
    samples: Mapping[Stream, Sequence[datetime]]
    seen: Mapping[str, Sequence[datetime]] = field(default_factory=dict)
    waived: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Incident:
    """Something a person should look at, made of findings by a temporal rule."""

    kind: str
    start: datetime
    end: datetime
    severity: Severity
    confidence: float
    explanation: str
    evidence: tuple[FrameEvidence, ...] = ()
    finding_count: int = 0


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one incident (its kind and start) took from an integrity score, and why so much."""

    kind: str
    start: datetime
    amount: Decimal
    explanation: str


@dataclass(frozen=True, slots=True)
class Integrity:
    """A number between 0 (look closely) and 100, with what each kind of incident took away.

    `incidents` has the same by incident, for those that took something.
    """

    score: Decimal
    contributions: Mapping[str, Decimal] = field(default_factory=dict)
    incidents: Sequence[Contribution] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """A finding with the detector that made it."""

    detector: str
    finding: Finding
