"""Runs detectors over waiting chunks: in order within each session, each chunk once.

A worker takes several sessions at once where their chunks are small. Each is held and committed on
its own: one that fails goes back to the queue, and the others go on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from uuid import UUID, uuid4

from examhall.core.contracts.detector import Sample, Stream
from examhall.core.contracts.proctoring import Findings
from examhall.core.errors import EvidenceMissingError
from examhall.core.platform import Platform
from examhall.core.proctoring.analysis import (
    Batch,
    ChunkResult,
    HoldLostError,
    StoredSample,
    Taken,
    Verdict,
    commit_batch,
    last_words,
    load_batch,
    prolong_hold,
    release_session,
    take_session,
    take_waiting,
)
from examhall.core.proctoring.check_in import load_reference_samples
from examhall.core.proctoring.fusion import judge_session
from examhall.core.proctoring.operations import (
    has_waiting_chunks,
    is_ready_to_seal,
    seal_session,
)
from examhall.worker.load import LoadReporter
from examhall.worker.looks import read_sample, read_samples, tidy
from examhall.worker.observation import Work, run_detector
from examhall.worker.pace import Pace
from examhall.worker.states import SessionState, SessionStates, close_detectors

log = logging.getLogger(__name__)

TURN_SECONDS = 3.0
"""After so long other jobs get their turn."""

HOLD_SECONDS = 20.0
LEFT_ALONE_SECONDS = 30.0
"""How long a session that failed is left to its own job, which is tried again ever later."""

_states = SessionStates()
_pace = Pace()
_reporter = LoadReporter(_pace)
_failed: dict[UUID, float] = {}


def analyse_waiting(platform: Platform) -> None:
    """Analyse what waits in any session, the oldest first, for some seconds."""
    until = time.monotonic() + TURN_SECONDS
    while (taken := _take_waiting(platform)).batches or taken.broken:
        if taken.more:
            # Somebody who has nothing to do may begin with the others at once.
            platform.queue.enqueue("analyse_waiting")
        _analyse_taken(platform, taken)
        _reporter.report(platform)
        if time.monotonic() > until:
            platform.queue.enqueue("analyse_waiting")
            return


def analyse_session(platform: Platform, session_id: UUID) -> None:
    """Analyse what waits in a session, unless another worker is at it; seal it when it is over.

    Raises PluginError when the evidence store is away: the chunks wait for the next try.
    """
    until = time.monotonic() + TURN_SECONDS
    while True:
        holder, seconds = f"worker:{uuid4()}", _hold_seconds(platform)
        with platform.db.transaction() as session:
            taken_for = take_session(session, session_id, holder, seconds)
            batch = None if taken_for else load_batch(session, session_id)
        if batch is None:
            # Should the other one be dead, this is the moment at which its hold ends.
            platform.queue.enqueue("analyse_session", str(session_id), delay=taken_for)
            return
        if not batch.chunks:
            _end_if_over(platform, batch, holder)
            return
        for error in _analyse(platform, [batch], holder).values():
            raise error
        if time.monotonic() > until:
            platform.queue.enqueue("analyse_session", str(session_id))
            return


def _take_waiting(platform: Platform) -> Taken:
    now = time.monotonic()
    for session_id in [key for key, until in _failed.items() if until < now]:
        del _failed[session_id]
    holder, seconds = f"worker:{uuid4()}", _hold_seconds(platform)
    with platform.db.transaction() as session:
        taken = take_waiting(session, holder, seconds, without=list(_failed))
    _pace.note_wait(taken.waited, platform.settings.detection_late_seconds)
    return taken


def _analyse_taken(platform: Platform, taken: Taken) -> None:
    failed = dict(taken.broken)
    if taken.batches:
        holder = taken.batches[0].session.leased_by
        failed |= _analyse(platform, taken.batches, holder)
    for session_id, error in failed.items():
        log.warning("session %s could not be analysed: %r", session_id, error)
        _failed[session_id] = time.monotonic() + LEFT_ALONE_SECONDS
        platform.queue.enqueue("analyse_session", str(session_id), delay=1.0)


def _hold_seconds(platform: Platform) -> float:
    return max(HOLD_SECONDS, 2 * platform.settings.plugin_time_limit)


def _analyse(platform: Platform, batches: Sequence[Batch], holder: str) -> dict[UUID, Exception]:
    """Analyse batches that `holder` holds; returns what went wrong by session."""
    failed: dict[UUID, Exception] = {}
    works: list[Work] = []
    for batch in batches:
        try:
            works.append(_prepare(platform, batch))
        except Exception as error:  # noqa: BLE001 - one session is no other's misfortune
            failed[batch.session.id] = error
    works = _observe(platform, works, holder)
    for work in works:
        try:
            _conclude(platform, work, holder)
        except HoldLostError as error:
            log.info("%s", error)
        except Exception as error:  # noqa: BLE001
            failed[work.batch.session.id] = error
    _pace.note_frames(sum(work.batch.size for work in works))
    if failed:
        _release(platform, failed, holder)
    return failed


def _prepare(platform: Platform, batch: Batch) -> Work:
    """Read what a batch needs; raises PluginError when the evidence store is away."""
    with platform.db.reading() as session:
        photos = load_reference_samples(session, batch.session.id)
    results = {chunk.id: ChunkResult(chunk.id) for chunk in batch.chunks}
    looks = list(read_samples(platform, batch.chunks, results))
    references = list(_read_photos(platform, photos))
    return Work(batch, _states.take(platform, batch), results, looks, references)


def _read_photos(platform: Platform, photos: Iterable[StoredSample]) -> Iterable[Sample]:
    for photo in photos:
        try:
            yield read_sample(platform, Stream.CAMERA, photo)
        except EvidenceMissingError as error:
            log.info("a photo of the check-in cannot be used: %s", error.message)


def _observe(platform: Platform, works: list[Work], holder: str) -> list[Work]:
    """Let all detectors look; returns the work that is still ours to do."""
    seconds = _hold_seconds(platform)
    held_since = time.monotonic()
    for key in dict.fromkeys(key for work in works for key in work.detectors):
        run_detector(platform, _pace, key, [work for work in works if key in work.detectors])
        if time.monotonic() - held_since > seconds / 3:
            held_since = time.monotonic()
            works = _hold_on(platform, works, holder, seconds)
    return works


def _hold_on(platform: Platform, works: list[Work], holder: str, seconds: float) -> list[Work]:
    with platform.db.transaction() as session:
        ids = [work.batch.session.id for work in works]
        lost = prolong_hold(session, ids, holder, seconds)
    return [work for work in works if work.batch.session.id not in lost]


def _conclude(platform: Platform, work: Work, holder: str) -> None:
    """Add what was seen to the history, make incidents of it, and commit."""
    history = work.state.history
    is_late = False
    for chunk in work.batch.chunks:
        result = work.results[chunk.id]
        if result.readable:
            times = [sample.at for sample in chunk.samples]
            is_late |= history.reaches_back(times)
            history.add_chunk(chunk.stream, times, result.seen_by)
    results = list(work.results.values())
    _judge_and_commit(platform, work.batch, holder, work.state, results, again=is_late)


def _judge_and_commit(
    platform: Platform,
    batch: Batch,
    holder: str,
    state: SessionState,
    results: Sequence[ChunkResult],
    *,
    again: bool,
) -> None:
    """Commit results with the verdict on all findings; `again` asks for it without new ones."""
    findings = [
        Findings(origin.detector, finding)
        for result in results
        for origin, finding in result.findings
    ]
    state.history.add_findings(findings)
    verdict = state.verdict
    if findings or again or not state.is_judged:
        verdict = judge_session(platform, batch.session.policy, state.history)
    news = Verdict() if verdict == state.verdict else verdict
    commit_batch(platform, batch, holder, results, news)
    state.version += 1
    state.verdict = verdict
    state.is_judged = verdict.incidents is not None
    _states.keep(batch.session.id, state)


def _end_if_over(platform: Platform, batch: Batch, holder: str) -> None:
    """Seal a session that nothing waits in, if no chunk can come any more."""
    try:
        with platform.db.reading() as session:
            ready = is_ready_to_seal(session, batch.session, platform.settings.drain_seconds)
        if ready:
            _finish(platform, batch, holder)
    except HoldLostError as error:
        log.info("%s", error)
    finally:
        _release(platform, [batch.session.id], holder)
    with platform.db.reading() as session:
        has_news = has_waiting_chunks(session, batch.session.id)
    if has_news:
        platform.queue.enqueue("analyse_waiting")


def _finish(platform: Platform, batch: Batch, holder: str) -> None:
    """Hear the detectors' last words and seal the session."""
    state = _states.take(platform, batch)
    last = [tidy(origin, finding) for origin, finding in close_detectors(platform, state)]
    with platform.db.reading() as session:
        result = last_words(session, batch.session.id, last)
    if result is not None:
        _judge_and_commit(platform, batch, holder, state, [result], again=True)
    seal_session(platform, batch.session.id)


def _release(platform: Platform, session_ids: Iterable[UUID], holder: str) -> None:
    with platform.db.transaction() as session:
        for session_id in session_ids:
            release_session(session, session_id, holder)
