"""One detector after the other looks at what is new in some sessions.

A detector that fails leaves a note at the chunk and a failure on the plugin page: the chunk counts
as analysed, the session goes on, and nothing is held against the candidate. Where it looks at
several sessions at once and fails, each is shown to it alone: one bad picture is nobody else's.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from examhall.core.contracts.detector import Detector, Finding, Sample, Stream
from examhall.core.errors import PluginError
from examhall.core.platform import Platform
from examhall.core.proctoring.analysis import Batch, ChunkResult
from examhall.core.proctoring.policy import active_detectors
from examhall.worker.looks import Look, choose, sort_in
from examhall.worker.pace import Pace
from examhall.worker.states import FIRST_LOOK, OpenDetector, SessionState, open_detector

CONFIRMED = 3
"""What was found so many times in a row needs no further haste."""


@dataclass(slots=True)
class Work:
    """A batch of one session on its way through the detectors.

    `references` are the photos of the check-in.
    """

    batch: Batch
    state: SessionState
    results: dict[UUID, ChunkResult]
    looks: Sequence[Look]
    references: Sequence[Sample] = ()

    @property
    def detectors(self) -> list[str]:
        """The keys of the detectors that look at this session."""
        return active_detectors(self.batch.session.policy)


@dataclass(slots=True)
class _Turn:
    """What one detector is about to look at in one session."""

    work: Work
    opened: OpenDetector
    wanted: list[Look]

    @property
    def samples(self) -> list[Sample]:
        return [look.sample for look in self.wanted]


def run_detector(platform: Platform, pace: Pace, key: str, works: Sequence[Work]) -> None:
    """Let one detector look at the batches; what it sees goes into the chunks' results."""
    turns = [turn for work in works if (turn := _prepare(platform, pace, key, work)) is not None]
    if len(turns) > 1 and _gains_by_many(turns) and _look_together(platform, pace, turns):
        return
    for turn in turns:
        _look_alone(platform, pace, turn)


def _prepare(platform: Platform, pace: Pace, key: str, work: Work) -> _Turn | None:
    """Return what a detector wants to see of a batch; None where it does not look."""
    try:
        if platform.plugins.detector(key).consent_class not in work.batch.consent:
            return None
        opened = open_detector(platform, work.state, key, work.references)
    except PluginError as error:
        _note_failure(work, key, error)
        return None

    def cadence(stream: Stream) -> float:
        # One sighting is no incident: a detector that found something looks again as soon as it
        # usually does, however much waits, and the next looks bear it out or not.
        is_unsure = 0 < opened.hits < CONFIRMED
        return opened.plugin.cadence * (1 if is_unsure else pace.factor(key, stream))

    wanted = choose(opened.plugin.watched_streams, cadence, opened.last_look, work.looks)
    return _Turn(work, opened, wanted) if wanted else None


def _gains_by_many(turns: Sequence[_Turn]) -> bool:
    plugin = turns[0].opened.plugin
    has_own = type(plugin).analyze_many is not Detector.analyze_many
    return has_own and all(turn.opened.plugin is plugin for turn in turns)


def _look_together(platform: Platform, pace: Pace, turns: Sequence[_Turn]) -> bool:
    """Let a detector look at several sessions at once; say whether that went well."""
    plugin = turns[0].opened.plugin
    jobs = [(turn.opened.state, turn.samples) for turn in turns]
    began = time.perf_counter()
    try:
        answers = platform.plugins.call(
            plugin,
            "analyze_many",
            jobs,
            expect=list[list[Finding]],
            limit=sum(_limit(platform, turn) for turn in turns),
        )
    except PluginError:
        answers = []
    if len(answers) != len(turns):
        # Their states may have seen half of it: each begins anew, and alone.
        for turn in turns:
            turn.work.state.detectors.pop(plugin.key, None)
        return _look_anew(platform, pace, turns)
    pace.note_work(plugin, sum(map(_pictures, turns)), time.perf_counter() - began)
    for turn, findings in zip(turns, answers, strict=True):
        _write_down(turn, findings)
    return True


def _look_anew(platform: Platform, pace: Pace, turns: Sequence[_Turn]) -> bool:
    for turn in turns:
        key = turn.opened.plugin.key
        try:
            turn.opened = open_detector(platform, turn.work.state, key, turn.work.references)
        except PluginError as error:
            _note_failure(turn.work, key, error)
        else:
            _look_alone(platform, pace, turn)
    return True


def _look_alone(platform: Platform, pace: Pace, turn: _Turn) -> None:
    plugin = turn.opened.plugin
    is_first = not turn.opened.last_look
    began = time.perf_counter()
    try:
        findings = platform.plugins.call(
            plugin,
            "analyze",
            turn.opened.state,
            turn.samples,
            expect=list[Finding],
            limit=_limit(platform, turn),
        )
    except PluginError as error:
        turn.work.state.detectors.pop(plugin.key, None)
        _note_failure(turn.work, plugin.key, error)
        return
    if not is_first:
        pace.note_work(plugin, _pictures(turn), time.perf_counter() - began)
    _write_down(turn, findings)


def _limit(platform: Platform, turn: _Turn) -> float:
    patience = 1 if turn.opened.last_look else FIRST_LOOK
    return patience * platform.settings.plugin_time_limit


def _pictures(turn: _Turn) -> int:
    return len(turn.wanted)


def _write_down(turn: _Turn, findings: Sequence[Finding]) -> None:
    for look in turn.wanted:
        turn.opened.last_look[look.sample.stream] = look.sample.at
        seen = look.result.seen_by.setdefault(turn.opened.origin.detector, [])
        seen.append(look.index)
    turn.opened.hits = turn.opened.hits + 1 if findings else 0
    sort_in(turn.opened.origin, findings, turn.wanted)


def _note_failure(work: Work, key: str, error: PluginError) -> None:
    for look in work.looks:
        if look.index == 0:
            look.result.notes.append(f"{key}: {error.message}")
