"""What this process remembers of the sessions that it analyses: detectors' states and history.

A state is good for the version of the session at which it was left. When another worker has gone
on in between, it is thrown away and made anew from the database.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from examhall.core.contracts.base import Kind
from examhall.core.contracts.detector import Detector, Finding, Sample, Stream
from examhall.core.errors import PluginError
from examhall.core.platform import Platform
from examhall.core.proctoring.analysis import Batch, Origin, Verdict
from examhall.core.proctoring.history import History, load_history

MOST_SESSIONS = 500

FIRST_LOOK = 3
"""How many times the usual time limit a detector has when it works for the first time."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class OpenDetector:
    """A detector at work on one session; `state` is its own.

    `hits` is how many of its batches in a row had findings, up to now.
    """

    plugin: Detector
    origin: Origin
    state: Any
    last_look: dict[Stream, datetime] = field(default_factory=dict)
    calibrated_by: tuple[str, ...] = ()
    hits: int = 0


@dataclass(slots=True)
class SessionState:
    """One session as this process knows it.

    `is_judged` says that the verdict is about all findings there are.
    """

    version: int
    history: History
    detectors: dict[str, OpenDetector] = field(default_factory=dict)
    verdict: Verdict = field(default_factory=Verdict)
    is_judged: bool = False


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


def open_detector(
    platform: Platform, state: SessionState, key: str, references: Sequence[Sample]
) -> OpenDetector:
    """Return a detector at work on a session, opened anew when its configuration has changed.

    It has learned from `references`, the photos of the check-in; whichever process opens it, it
    learns from the same. Raises PluginError when it is missing, disabled or paused, or cannot be
    opened.
    """
    plugin = platform.plugins.detector(key)
    digest = platform.plugins.config_digest(plugin)
    opened = state.detectors.get(key)
    if opened is None or opened.origin.config_digest != digest:
        model = platform.plugins.call(plugin, "model_digest", expect=str)
        opened = OpenDetector(
            plugin=plugin,
            origin=Origin(key, plugin.version, digest, model[:64]),
            state=platform.plugins.call(plugin, "open"),
        )
        state.detectors[key] = opened
    _calibrate(platform, opened, references)
    return opened


def _calibrate(platform: Platform, opened: OpenDetector, references: Sequence[Sample]) -> None:
    """Show a detector who checked in, each photo once. One that cannot learn works without."""
    plugin = opened.plugin
    addresses = tuple(sample.sha256 for sample in references)
    can_learn = type(plugin).calibrate is not Detector.calibrate and Stream.CAMERA in plugin.streams
    if not can_learn or not references or opened.calibrated_by == addresses:
        return
    opened.calibrated_by = addresses
    limit = FIRST_LOOK * platform.settings.plugin_time_limit
    try:
        platform.plugins.call(plugin, "calibrate", opened.state, list(references), limit=limit)
    except PluginError as error:
        log.warning("detector %s has to do without calibration: %s", plugin.key, error.message)
        opened.state = platform.plugins.call(plugin, "open")


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
