"""All jobs by name: plain functions with ids as arguments. Each may run twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from examhall.core.events.delivery import deliver_events
from examhall.core.integrations.delivery import deliver_messages
from examhall.core.integrations.inbox import apply_message
from examhall.core.platform import Platform
from examhall.core.regrading.counting import count_slice
from examhall.core.regrading.releasing import release_slice
from examhall.core.retention.purge import purge_in_turn
from examhall.core.scoring import operations as scoring
from examhall.worker import detection


def score_attempt(platform: Platform, attempt_id: str) -> None:
    """Score an attempt that was handed in."""
    scoring.score_attempt(platform, UUID(attempt_id))


def analyse_waiting(platform: Platform) -> None:
    """Look at new chunks, whichever proctoring sessions they are from."""
    detection.analyse_waiting(platform)


def analyse_session(platform: Platform, session_id: str) -> None:
    """Look at a proctoring session's new chunks, and seal it when it is over."""
    detection.analyse_session(platform, UUID(session_id))


def deliver_outbox(platform: Platform, connection_id: str) -> None:
    """Send what is due to one partner."""
    deliver_messages(platform, UUID(connection_id))


def apply_inbox(platform: Platform, message_id: str) -> None:
    """Act on something that a partner told us."""
    apply_message(platform, UUID(message_id))


def emit_events(platform: Platform) -> None:
    """Bring domain events to their sinks."""
    deliver_events(platform)


def count_regrade(platform: Platform, run_id: str, number: str) -> None:
    """Count a slice of a regrade; what is left when the time is up goes back into the queue."""
    if not count_slice(platform, UUID(run_id), int(number)):
        platform.queue.enqueue("count_regrade", run_id, number)


def release_regrade(platform: Platform, run_id: str, number: str) -> None:
    """Release a slice of a regrade, as `count_regrade` counts one."""
    if not release_slice(platform, UUID(run_id), int(number)):
        platform.queue.enqueue("release_regrade", run_id, number)


def purge_evidence(platform: Platform) -> None:
    """Remove evidence whose time is over."""
    purge_in_turn(platform)


JOBS: Mapping[str, Callable[..., Any]] = {
    "score_attempt": score_attempt,
    "analyse_waiting": analyse_waiting,
    "analyse_session": analyse_session,
    "deliver_outbox": deliver_outbox,
    "apply_inbox": apply_inbox,
    "emit_events": emit_events,
    "count_regrade": count_regrade,
    "release_regrade": release_regrade,
    "purge_evidence": purge_evidence,
}
