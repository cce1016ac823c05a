"""Samples on their way through the detectors of one session."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from examhall.core.contracts.detector import Finding, Sample, Stream
from examhall.core.errors import EvidenceMissingError
from examhall.core.platform import Platform
from examhall.core.proctoring.analysis import ChunkResult, Origin, StoredChunk, StoredSample
from examhall.core.proctoring.evidence import read_evidence

MOST_FINDINGS = 200
"""How many findings of one detector about one chunk are kept."""

MOST_TEXT = 2000
TOLERANCE = 0.8
"""Samples may come this much faster than a detector's cadence and still be looked at."""


@dataclass(slots=True)
class Look:
    """A sample, its place in its chunk, and the result that it adds to."""

    result: ChunkResult
    index: int
    sample: Sample


def read_samples(
    platform: Platform, chunks: Sequence[StoredChunk], results: dict[UUID, ChunkResult]
) -> Iterator[Look]:
    """Read all samples from the evidence store; one that is missing leaves a note at its chunk.

    Raises PluginError when the store is away.
    """
    for chunk in chunks:
        result = results[chunk.id]
        for index, stored in enumerate(chunk.samples):
            try:
                sample = read_sample(platform, chunk.stream, stored)
            except EvidenceMissingError as error:
                result.notes.append(f"sample {index}: {error.message}")
            else:
                yield Look(result, index, sample)
        result.readable = not result.notes or len(result.notes) < len(chunk.samples)


def read_sample(platform: Platform, stream: Stream, stored: StoredSample) -> Sample:
    """Read one sample; raises EvidenceMissingError, and PluginError when the store is away."""
    if stored.evidence is None:
        raise EvidenceMissingError("The chain of evidence has lost its link.")
    content = read_evidence(platform, stored.evidence)
    return Sample(stream, stored.at, content.data, content.sha256)


def choose(
    streams: frozenset[Stream],
    cadence: Callable[[Stream], float],
    last_look: Mapping[Stream, datetime],
    looks: Sequence[Look],
) -> list[Look]:
    """Return the samples that a detector wants to see, in order of time.

    `cadence` gives the seconds that lie between two looks at a stream.
    """
    last = dict(last_look)
    wanted = []
    for look in sorted(looks, key=lambda look: look.sample.at):
        sample = look.sample
        before = last.get(sample.stream)
        soon = before is not None and abs(sample.at - before) < timedelta(
            seconds=cadence(sample.stream) * TOLERANCE
        )
        if sample.stream in streams and not soon:
            last[sample.stream] = sample.at
            wanted.append(look)
    return wanted


def sort_in(origin: Origin, findings: Sequence[Finding], wanted: Sequence[Look]) -> None:
    """Give each finding to the chunk that it is about; one about nothing shown is dropped."""
    by_address = {look.sample.sha256: look for look in wanted}
    kept: Counter[UUID] = Counter()
    for finding in findings:
        shown = [frame for frame in finding.evidence if frame.sha256 in by_address]
        about = [look for look in wanted if finding.start <= look.sample.at <= finding.end]
        look = about[-1] if about else by_address[shown[-1].sha256] if shown else None
        if look is None or kept[look.result.chunk_id] >= MOST_FINDINGS:
            continue
        kept[look.result.chunk_id] += 1
        look.result.findings.append(tidy(origin, replace(finding, evidence=tuple(shown))))


def tidy(origin: Origin, finding: Finding) -> tuple[Origin, Finding]:
    """Return a finding with a text of bearable length."""
    if len(finding.explanation) > MOST_TEXT:
        finding = replace(finding, explanation=finding.explanation[:MOST_TEXT])
    return origin, finding
