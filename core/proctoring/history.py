"""All that was seen in one session so far, as fusion wants it: in order of time."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.contracts.detector import Box, Finding, FrameEvidence, Stream
from examhall.core.contracts.proctoring import Findings, Integrity, SessionView
from examhall.core.proctoring.models import Chunk, FindingRecord, ProctoringSession


@dataclass(slots=True)
class History:
    """The samples, the looks of detectors and the findings of a session."""

    session_id: UUID
    started_at: datetime
    waived: frozenset[str]
    samples: dict[Stream, list[datetime]] = field(default_factory=dict)
    seen: dict[str, list[datetime]] = field(default_factory=dict)
    findings: list[Findings] = field(default_factory=list)
    last_end: datetime | None = None

    def reaches_back(self, times: Sequence[datetime]) -> bool:
        """Say whether samples are as early as some finding, so that they may bear on it."""
        return self.last_end is not None and bool(times) and min(times) <= self.last_end

    def add_chunk(
        self, stream: Stream, times: Sequence[datetime], seen_by: Mapping[str, Sequence[int]]
    ) -> None:
        """Add a chunk's samples, and who looked at which of them (by index)."""
        _insert(self.samples.setdefault(stream, []), times)
        for detector, indexes in seen_by.items():
            _insert(self.seen.setdefault(detector, []), [times[index] for index in indexes])

    def add_findings(self, findings: Sequence[Findings]) -> None:
        """Add findings, whenever they were made."""
        for entry in findings:
            insort(self.findings, entry, key=_order)
            if self.last_end is None or entry.finding.end > self.last_end:
                self.last_end = entry.finding.end

    def view(self) -> SessionView:
        """Return what fusion sees; nothing that a plugin does to it comes back here."""
        return SessionView(
            id=str(self.session_id),
            started_at=self.started_at,
            samples={stream: tuple(times) for stream, times in self.samples.items()},
            seen={detector: tuple(times) for detector, times in self.seen.items()},
            waived=self.waived,
        )


def load_history(session: Session, watched: ProctoringSession) -> History:
    """Read a session's history from the database."""
    history = History(watched.id, watched.started_at, frozenset(watched.policy["waived"]))
    chunks = session.execute(
        select(Chunk.stream, Chunk.samples, Chunk.seen_by)
        .where(Chunk.session_id == watched.id, Chunk.state == "analysed")
        .order_by(Chunk.started_at)
    )
    for stream, samples, seen_by in chunks:
        times = [datetime.fromisoformat(sample["at"]) for sample in samples]
        history.add_chunk(Stream(stream), times, seen_by)
    rows = session.scalars(select(FindingRecord).where(FindingRecord.session_id == watched.id))
    history.add_findings([Findings(row.detector_key, to_finding(row)) for row in rows])
    return history


def to_finding(row: FindingRecord) -> Finding:
    """Return a stored finding as the detector had it."""
    return Finding(
        kind=row.kind,
        start=row.started_at,
        end=row.ended_at,
        confidence=row.confidence,
        explanation=row.explanation,
        evidence=tuple(evidence_from_json(entry) for entry in row.evidence),
    )


def evidence_to_json(frame: FrameEvidence) -> dict[str, Any]:
    """Return a frame's address and boxes as they are stored."""
    boxes = [
        {
            "left": round(box.left, 4),
            "top": round(box.top, 4),
            "width": round(box.width, 4),
            "height": round(box.height, 4),
            "label": box.label[:100],
        }
        for box in frame.boxes[:50]
    ]
    return {"sha256": frame.sha256, "at": frame.at.isoformat(), "boxes": boxes}


def evidence_from_json(entry: Mapping[str, Any]) -> FrameEvidence:
    """Return what `evidence_to_json` wrote."""
    boxes = tuple(Box(**box) for box in entry["boxes"])
    return FrameEvidence(entry["sha256"], datetime.fromisoformat(entry["at"]), boxes)


def integrity_to_json(integrity: Integrity) -> dict[str, Any]:
    """Return a score as it is stored: what each kind took, and what each incident took and why."""
    return {
        "score": str(integrity.score),
        "contributions": {kind: str(amount) for kind, amount in integrity.contributions.items()},
        "incidents": [
            {
                "kind": one.kind,
                "started_at": one.start.isoformat(),
                "amount": str(one.amount),
                "explanation": one.explanation[:500],
            }
            for one in integrity.incidents
        ],
    }


def _insert(times: list[datetime], new: Sequence[datetime]) -> None:
    """Add moments, each once; nearly always they come after all others."""
    for moment in new:
        if not times or moment > times[-1]:
            times.append(moment)
        elif times[index := bisect_left(times, moment)] != moment:
            times.insert(index, moment)


def _order(entry: Findings) -> tuple[Any, ...]:
    finding = entry.finding
    return (finding.start, finding.end, finding.kind, entry.detector, finding.explanation)
