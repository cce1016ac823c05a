"""Tells the database how this process keeps up, so that the health page can show it."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Mapping
from uuid import uuid4

from sqlalchemy.exc import SQLAlchemyError

from examhall.core.platform import Platform
from examhall.core.proctoring.load import report_load
from examhall.worker.pace import Pace

REPORT_SECONDS = 3.0

log = logging.getLogger(__name__)


class LoadReporter:
    """Reports every few seconds while there is work, and at once when a cadence changes."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._name = f"{socket.gethostname()[:60]}:{os.getpid()}:{uuid4().hex[:8]}"
        self._told: Mapping[str, int] = {}
        self._due = 0.0

    def report(self, platform: Platform) -> None:
        """Write down what there is to say, if it is time."""
        factors = self._pace.factors()
        now = time.monotonic()
        if now < self._due and factors == self._told:
            return
        try:
            with platform.db.transaction() as session:
                report_load(session, self._name, round(self._pace.rate(), 2), factors)
        except SQLAlchemyError as error:
            log.warning("the load cannot be told: %s", type(error).__name__)
        if factors != self._told:
            log.info("cadences under load: %s", dict(factors) or "as usual")
        self._told, self._due = factors, now + REPORT_SECONDS
