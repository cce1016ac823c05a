"""How this installation is: one list of checks for the health page, the API and the doctor."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from examhall.core.contracts.base import Health, HealthStatus, Kind
from examhall.core.db import why_unusable
from examhall.core.errors import PluginError
from examhall.core.permissions import Permission, Principal
from examhall.core.proctoring.load import get_load
from examhall.core.queue import LANES
from examhall.core.schema import get_schema_state

if TYPE_CHECKING:
    from examhall.core.platform import Platform

FAR_BEHIND_SECONDS = 10.0
"""Chunks that wait so long for detectors are a limit that an admin should know of."""


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at (`database`, `plugin:detector/face`), how it is, how to mend it."""

    name: str
    status: HealthStatus
    message: str
    hint: str = ""


def check_health(platform: Platform, principal: Principal) -> list[Check]:
    """Look at every part; needs `health.read`."""
    principal.require(Permission.HEALTH_READ)
    parts: list[tuple[str, Callable[[Platform], Health]]] = [
        ("database", _database),
        ("schema", _schema),
        ("queue", _queue),
        ("evidence store", _evidence_store),
        ("detection", partial(_detection, principal)),
    ]
    checks = [Check(name, *_parts(probe(platform))) for name, probe in parts]
    return checks + [check for kind in Kind for check in _plugins(platform, kind)]


def worst(checks: list[Check]) -> HealthStatus:
    """Return the status that stands for all."""
    order = [HealthStatus.FAILED, HealthStatus.DEGRADED]
    return next((s for s in order if any(c.status is s for c in checks)), HealthStatus.OK)


def _parts(health: Health) -> tuple[HealthStatus, str, str]:
    return health.status, health.message, health.hint


def _database(platform: Platform) -> Health:
    start = time.perf_counter()
    try:
        with platform.db.reading() as session:
            session.execute(text("select 1"))
    except SQLAlchemyError as error:
        reason = why_unusable(error) or type(error).__name__
        return Health.failed(reason, "Look at EXAMHALL_DATABASE_URL and the server.")
    milliseconds = (time.perf_counter() - start) * 1000
    return Health.ok(f"{platform.db.engine.dialect.name}, {milliseconds:.1f} ms")


def _schema(platform: Platform) -> Health:
    try:
        state = get_schema_state(platform.db)
    except SQLAlchemyError as error:
        return Health.failed(type(error).__name__, "Look at the database first.")
    if state.is_current:
        return Health.ok(state.found)
    found = state.found or "empty"
    return Health.failed(f"{found}, needed is {state.needed}", state.advice)


def _queue(platform: Platform) -> Health:
    kind = "Redis" if platform.settings.redis_url else "in this process"
    if not platform.queue.is_reachable():
        return Health.failed("Redis does not answer.", "Look at EXAMHALL_REDIS_URL and the server.")
    waiting = sum(platform.queue.depth(lane) for lane in LANES)
    return Health.ok(f"{kind}, {waiting} jobs wait")


def _evidence_store(platform: Platform) -> Health:
    """Look at the store that evidence goes to now; others may be there and not in use."""
    try:
        store = platform.plugins.evidence_store(platform.settings.evidence_store)
        health: Health = platform.plugins.call(store, "health", expect=Health)
    except PluginError as error:
        return Health.failed(error.message, "Look at EXAMHALL_EVIDENCE_STORE and its plugin.")
    return health


def _detection(principal: Principal, platform: Platform) -> Health:
    """Say whether detectors keep up with the chunks that come in."""
    try:
        with platform.db.reading() as session:
            load = get_load(session, platform.plugins, principal)
    except SQLAlchemyError as error:
        return Health.failed(type(error).__name__, "Look at the database first.")
    message = f"{load.waiting_chunks} chunks wait"
    if load.waiting_chunks:
        message += f", the oldest for {load.oldest_seconds:.1f} s"
    if load.workers:
        message += f"; {load.samples_per_second:.1f} samples a second"
    if not load.slowed and load.oldest_seconds < FAR_BEHIND_SECONDS:
        return Health.ok(message)
    less = [f"{one.title} looks every {one.present:g} s" for one in load.slowed]
    return Health.degraded(
        "; ".join([message, *less]), "Start more processes of `examhall worker`."
    )


def _plugins(platform: Platform, kind: Kind) -> list[Check]:
    checks = []
    for plugin in platform.plugins.all(kind):
        try:
            health = platform.plugins.call(plugin, "health", expect=Health)
        except PluginError as error:
            health = Health.failed(error.message, "See the plugin's page.")
        checks.append(Check(f"plugin:{kind}/{plugin.key}", *_parts(health)))
    return checks
