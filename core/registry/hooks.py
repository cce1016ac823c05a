"""Plain hooks: every implementation is called by itself, guarded, in pluggy's order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import pluggy

from examhall.core.clock import Clock
from examhall.core.contracts.events import Veto
from examhall.core.contracts.proctoring import Incident, Integrity
from examhall.core.errors import NotFoundError, PluginCallError
from examhall.core.registry.calls import Caller
from examhall.core.registry.descriptions import PluginDescription, PluginStatus
from examhall.core.registry.loading import CONTRACTS, Loader, Source
from examhall.core.registry.states import HOOKS, StoredState

ANSWERS: dict[str, Any] = {
    "examhall_before_transition": Veto,
    "examhall_fuse_findings": list[Incident],
    "examhall_integrity": Integrity,
}
LIMITS = {"examhall_before_transition": 2.0}
"""Seconds for hooks that are called inside a transaction."""


@dataclass(frozen=True, slots=True)
class _Implementation:
    """One function of one entry point."""

    source: Source
    hook: pluggy.HookImpl

    def call(self, arguments: Mapping[str, Any]) -> Any:
        return self.hook.function(*(arguments[name] for name in self.hook.argnames))


class PlainHooks:
    """The hooks that register nothing: events, filters, vetoes."""

    def __init__(self, loader: Loader, caller: Caller, clock: Clock) -> None:
        self._loader = loader
        self._caller = caller
        self._clock = clock
        self._states: Mapping[str, StoredState] = {}

    def apply(self, stored: Mapping[str, StoredState]) -> None:
        """Follow what is stored, by name of the entry point."""
        self._states = stored

    def first(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Return the first answer that is not None and has the right shape."""
        expected = ANSWERS.get(name)
        expect = (expected, None) if expected is not None else None
        for answer in self._answers(name, arguments, expect):
            if answer[1] is not None:
                return answer[1]
        return None

    def notify(self, name: str, arguments: Mapping[str, Any]) -> None:
        """Call every implementation."""
        for _ in self._answers(name, arguments, None):
            pass

    def collect(
        self, name: str, arguments: Mapping[str, Any], expect: Any
    ) -> list[tuple[Source, Any]]:
        """Return every answer with where it came from."""
        return list(self._answers(name, arguments, expect))

    def _answers(
        self, name: str, arguments: Mapping[str, Any], expect: Any
    ) -> Iterator[tuple[Source, Any]]:
        for implementation in self._usable(name):
            source = implementation.source
            call = partial(implementation.call, arguments)
            try:
                answer = self._caller.call_hook(source, name, call, expect, LIMITS.get(name))
            except PluginCallError:
                continue
            yield source, answer

    def _usable(self, name: str) -> list[_Implementation]:
        caller: pluggy.HookCaller = getattr(self._loader.hooks.hook, name)
        found = [
            _Implementation(self._loader.sources[hook.plugin_name], hook)
            for hook in reversed(caller.get_hookimpls())
            if hook.plugin_name in self._loader.sources
        ]
        if not self._states:
            return found
        now = self._clock.now()
        return [it for it in found if self._status(it.source.name, now) is PluginStatus.ENABLED]

    def _status(self, name: str, now: datetime) -> PluginStatus:
        state = self._states.get(name, StoredState())
        if not state.enabled:
            return PluginStatus.DISABLED
        paused = state.paused_until is not None and now < state.paused_until
        return PluginStatus.PAUSED if paused else PluginStatus.ENABLED

    def names(self) -> dict[str, tuple[str, ...]]:
        """Return the plain hooks of every entry point that has any."""
        found: dict[str, list[str]] = {}
        for caller in vars(self._loader.hooks.hook).values():
            if isinstance(caller, pluggy.HookCaller) and caller.name not in CONTRACTS:
                for hook in caller.get_hookimpls():
                    found.setdefault(hook.plugin_name, []).append(caller.name)
        return {name: tuple(sorted(hooks)) for name, hooks in sorted(found.items())}

    def describe(self, now: datetime) -> list[PluginDescription]:
        """Return each entry point with plain hooks."""
        return [
            self._description(self._loader.sources[name], hooks, now)
            for name, hooks in self.names().items()
            if name in self._loader.sources
        ]

    def require(self, name: str) -> None:
        """Raise NotFoundError for an entry point without plain hooks."""
        if name not in self.names():
            raise NotFoundError(f"There are no hooks of {name!r}.")

    def _description(
        self, source: Source, hooks: tuple[str, ...], now: datetime
    ) -> PluginDescription:
        status = self._status(source.name, now)
        until = self._states.get(source.name, StoredState()).paused_until
        paused = status is PluginStatus.PAUSED and until is not None
        return PluginDescription(
            kind=HOOKS,
            key=source.name,
            version=source.version,
            title=source.name,
            summary=", ".join(hooks),
            distribution=source.distribution,
            distribution_version=source.version,
            entry_point=source.name,
            bundled=source.bundled,
            status=status,
            reason=f"paused after failures until {until:%H:%M:%S} UTC" if paused else "",
            paused_until=until if paused else None,
            hooks=hooks,
        )
