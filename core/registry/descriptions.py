"""How the registry tells people about plugins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class PluginStatus(StrEnum):
    """Whether a loaded plugin is in use, and if not, why."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    PAUSED = "paused"
    MISCONFIGURED = "misconfigured"


@dataclass(frozen=True, slots=True)
class PluginDescription:
    """One loaded plugin; `kind` is `hooks` for the plain hooks of an entry point.

    `reason` says why it is paused or misconfigured, and `hooks` which plain hooks it implements.
    """

    kind: str
    key: str
    version: str
    title: str
    summary: str
    distribution: str
    distribution_version: str
    entry_point: str
    bundled: bool
    status: PluginStatus
    reason: str = ""
    paused_until: datetime | None = None
    configurable: bool = False
    hooks: tuple[str, ...] = ()
    failures: int = 0
    """Failed calls in all processes within the last day."""
