"""What this process remembers of the sessions that it analyses: detectors' states and history.

A state is good for the version of the session at which it was left. When another worker has gone
on in between, it is thrown away and made anew from the database.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from examhall.core.contracts.base import Kind
from examhall.core.contracts.detector import Detector, Finding, Stream
from examhall.core.errors import PluginError
from examhall.core.platform import Platform
from examhall.core.proctoring.analysis import Batch, Origin, Verdict
from examhall.core.proctoring.history import History, load_history

MOST_SESSIONS = 500


@dataclass(slots=True)
class OpenDetector:
    """A detector at work on one session; `state` is its own."""

    plugin: Detector
    origin: Origin
    state: Any
    last_look: dict[Stream, datetime] = field(default_factory=dict)


@dataclass(slots=True)
class SessionState:
    """One session as this process knows it."""

    version: int
    history: History
    detectors: dict[str, OpenDetector] = field(default_factory=dict)
    verdict: Verdict = field(default_factory=Verdict)


class SessionStates:
    """The sessions of this process; those not touched for longest are forgotten first."""

    def __init__(self, most: int = MOST_SESSIONS) -> None:
        self._most = most
        self._guard = threading.Lock()
        self._states: OrderedDict[UUID, SessionState] = OrderedDict()

    def take(self, platform: Platform, batch: Batch) -> SessionState:
        """Take a session's state out, read anew where it is not of the batch's version."""
        with self._guard:
            state = self._states.pop(batch.session.id, None)
        if state is not None and state.version == batch.version:
            return state
        with platform.db.reading() as session:
            return SessionState(batch.version, load_history(session, batch.session))

    def keep(self, session_id: UUID, state: SessionState) -> None:
        """Put a state back, once what it knows is committed."""
        with self._guard:
            self._states[session_id] = state
            while len(self._states) > self._most:
                self._states.popitem(last=False)


def open_detector(platform: Platform, state: SessionState, key: str) -> OpenDetector:
    """Return a detector at work on a session, opened anew when its configuration has changed.

    Raises PluginError when it is missing, disabled or paused, or cannot be opened.
    """
    plugin = platform.plugins.detector(key)
    digest = platform.plugins.config_digest(plugin)
    known = state.detectors.get(key)
    if known is not None and known.origin.config_digest == digest:
        return known
    model = platform.plugins.call(plugin, "model_digest", expect=str)
    opened = OpenDetector(
        plugin=plugin,
        origin=Origin(key, plugin.version, digest, model[:64]),
        state=platform.plugins.call(plugin, "open"),
    )
    state.detectors[key] = opened
    return opened


def close_detectors(platform: Platform, state: SessionState) -> list[tuple[Origin, Finding]]:
    """Close all detectors of a session; return what only the end of it showed."""
    last: list[tuple[Origin, Finding]] = []
    for key in list(state.detectors):
        opened = state.detectors.pop(key)
        if platform.plugins.find(Kind.DETECTOR, key) is None:
            continue
        try:
            findings = platform.plugins.call(
                opened.plugin, "close", opened.state, expect=list[Finding]
            )
        except PluginError:
            continue
        last += [(opened.origin, finding) for finding in findings]
    return last
