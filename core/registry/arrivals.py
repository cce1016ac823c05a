"""Plugins that are installed while examhall runs: found by looking at the folders of sys.path."""

from __future__ import annotations

import importlib
import os
import sys
from importlib.metadata import EntryPoint, entry_points

from examhall.core.registry.loading import GROUP, identify

Stamps = tuple[tuple[str, int], ...]


class Arrivals:
    """Notices new entry points once an installation has come to rest."""

    def __init__(self) -> None:
        self._known = {_identity(point) for point in entry_points(group=GROUP)}
        self._settled = self._latest = _stamps()

    def check(self) -> list[EntryPoint]:
        """Return entry points that are new since the last call; mostly a few calls of stat.

        Nothing is read while folders still change: half an installation cannot be imported.
        """
        stamps = _stamps()
        before, self._latest = self._latest, stamps
        if stamps == self._settled or stamps != before:
            return []
        self._settled = stamps
        importlib.invalidate_caches()
        found = {_identity(point): point for point in entry_points(group=GROUP)}
        new = [point for identity, point in found.items() if identity not in self._known]
        self._known |= set(found)
        return new


def _identity(point: EntryPoint) -> tuple[str, str, str, str]:
    name, version = identify(point.dist) if point.dist is not None else ("", "")
    return point.name, point.value, name, version


def _stamps() -> Stamps:
    found = []
    for path in sys.path:
        try:
            found.append((path, os.stat(path or ".").st_mtime_ns))
        except OSError:
            continue
    return tuple(found)
