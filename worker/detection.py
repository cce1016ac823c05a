"""Runs detectors over the waiting chunks of a session, in order, each chunk once.

A detector that fails leaves a note at the chunk and a failure on the plugin page: the chunk counts
as analysed, the session goes on, and nothing is held against the candidate.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid4

from examhall.core.contracts.detector import Finding
from examhall.core.contracts.proctoring import Findings
from examhall.core.errors import PluginError
from examhall.core.platform import Platform
from examhall.core.proctoring.analysis import (
    Batch,
    ChunkResult,
    HoldLostError,
    commit_batch,
    last_words,
    load_batch,
    release_session,
    take_session,
)
from examhall.core.proctoring.fusion import judge_session
from examhall.core.proctoring.operations import is_ready_to_seal, seal_session
from examhall.core.proctoring.policy import active_detectors
from examhall.worker.looks import Look, choose, read_samples, sort_in, tidy
from examhall.worker.states import SessionState, SessionStates, close_detectors, open_detector

log = logging.getLogger(__name__)

MOST_BATCHES = 20
"""After so many batches other sessions get their turn."""

HOLD_SECONDS = 20.0
FIRST_LOOK = 3
"""How many times the usual time limit a detector has when it looks for the first time."""

_states = SessionStates()


def analyse_session(platform: Platform, session_id: UUID) -> None:
    """Analyse what waits in a session, unless another worker is at it.

    Raises PluginError when the evidence store is away: the chunks wait for the next try.
    """
    holder = f"worker:{uuid4()}"
    seconds = max(HOLD_SECONDS, 2 * platform.settings.plugin_time_limit)
    with platform.db.transaction() as session:
        taken_for = take_session(session, session_id, holder, seconds)
    if taken_for:
        # Should the other one be dead, this is the moment at which its hold ends.
        platform.queue.enqueue("analyse_session", str(session_id), delay=taken_for)
        return
    try:
        _analyse_batches(platform, session_id, holder, seconds)
    except HoldLostError as error:
        log.info("%s", error)
    finally:
        with platform.db.transaction() as session:
            waiting = release_session(session, session_id, holder)
    if waiting:
        platform.queue.enqueue("analyse_session", str(session_id))


def _analyse_batches(platform: Platform, session_id: UUID, holder: str, seconds: float) -> None:
    for _ in range(MOST_BATCHES):
        with platform.db.reading() as session:
            batch = load_batch(session, session_id)
        if batch.chunks:
            _analyse_batch(platform, batch, holder, seconds)
            continue
        with platform.db.reading() as session:
            ready = is_ready_to_seal(session, batch.session, platform.settings.drain_seconds)
        if ready:
            _finish(platform, batch, holder, seconds)
        return


def _analyse_batch(platform: Platform, batch: Batch, holder: str, seconds: float) -> None:
    state = _states.take(platform, batch)
    results = {chunk.id: ChunkResult(chunk.id) for chunk in batch.chunks}
    looks = list(read_samples(platform, batch.chunks, results))
    for key in active_detectors(batch.session.policy):
        _run_detector(platform, state, key, batch, looks)
    for chunk in batch.chunks:
        result = results[chunk.id]
        if result.readable:
            times = [sample.at for sample in chunk.samples]
            state.history.add_chunk(chunk.stream, times, result.seen_by)
    _judge_and_commit(platform, batch, holder, seconds, state, list(results.values()))


def _judge_and_commit(
    platform: Platform,
    batch: Batch,
    holder: str,
    seconds: float,
    state: SessionState,
    results: Sequence[ChunkResult],
) -> None:
    findings = [
        Findings(origin.detector, finding)
        for result in results
        for origin, finding in result.findings
    ]
    state.history.add_findings(findings)
    verdict = judge_session(platform, batch.session.policy, state.history)
    news = replace(verdict, incidents=None) if verdict == state.verdict else verdict
    commit_batch(platform, batch, holder, seconds, results, news)
    state.version += 1
    state.verdict = verdict
    _states.keep(batch.session.id, state)


def _finish(platform: Platform, batch: Batch, holder: str, seconds: float) -> None:
    """Hear the detectors' last words and seal the session."""
    state = _states.take(platform, batch)
    last = [tidy(origin, finding) for origin, finding in close_detectors(platform, state)]
    with platform.db.reading() as session:
        result = last_words(session, batch.session.id, last)
    if result is not None:
        _judge_and_commit(platform, batch, holder, seconds, state, [result])
    with platform.db.transaction() as session:
        seal_session(session, platform, batch.session.id)


def _run_detector(
    platform: Platform, state: SessionState, key: str, batch: Batch, looks: Sequence[Look]
) -> None:
    """Let one detector look at a batch; what it sees goes into the chunks' results."""
    try:
        opened = open_detector(platform, state, key)
        if opened.plugin.consent_class not in batch.consent:
            return
        wanted = choose(opened.plugin.streams, opened.plugin.cadence, opened.last_look, looks)
        if not wanted:
            return
        samples = [look.sample for look in wanted]
        patience = 1 if opened.last_look else FIRST_LOOK
        findings = platform.plugins.call(
            opened.plugin,
            "analyze",
            opened.state,
            samples,
            expect=list[Finding],
            limit=patience * platform.settings.plugin_time_limit,
        )
    except PluginError as error:
        state.detectors.pop(key, None)
        for look in looks:
            if look.index == 0:
                look.result.notes.append(f"{key}: {error.message}")
        return
    for look in wanted:
        opened.last_look[look.sample.stream] = look.sample.at
        look.result.seen_by.setdefault(key, []).append(look.index)
    sort_in(opened.origin, findings, wanted)
