"""Guarded calls: run foreign code, judge what comes back, note what went wrong."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from examhall.core.contracts.base import Kind, Plugin
from examhall.core.contracts.formats import FormatError
from examhall.core.contracts.provider import ProviderError
from examhall.core.errors import EvidenceMissingError, PluginCallError, PluginError
from examhall.core.registry.breaker import FailureRecorder
from examhall.core.registry.guard import CallPool, CallTimedOutError, OwnerStuckError, Watchdog
from examhall.core.registry.loading import Source, describe_error
from examhall.core.registry.shapes import find_fault
from examhall.core.registry.states import HOOKS, Failure

PASSED_ON = (ProviderError, EvidenceMissingError, FormatError)
"""What a contract lets a plugin raise: an answer, no failure."""

LEAST_LIMITS: dict[str, float] = {Kind.DETECTOR: 60.0, Kind.FORMAT: 60.0, Kind.REPORT: 60.0}
"""Seconds that a kind gets at least: models load at their first use, files may be large."""

UNANSWERED: Any = object()
"""Stands where a call in a batch gave nothing that can be used."""

log = logging.getLogger(__name__)
trace = logging.getLogger("examhall.hooks")


class Caller:
    """Makes every call into a plugin of this process."""

    def __init__(self, time_limit: float, recorder: FailureRecorder, *, traced: bool) -> None:
        self.time_limit = time_limit
        self.pool = CallPool()
        self._watchdog = Watchdog()
        self._recorder = recorder
        self._traced = traced

    def run(
        self, owner: str, call: Callable[[], Any], bundled: bool, limit: float | None = None
    ) -> Any:
        """Run foreign code; raises what it raises, but never lets it end the process."""
        seconds = self.time_limit if limit is None else limit
        try:
            if bundled:
                return self._watchdog.run(call, seconds)
            return self.pool.run(owner, call, seconds)
        except CallTimedOutError:
            raise PluginError("it did not come back in time") from None
        except SystemExit:
            raise PluginError("it tried to end the process") from None

    def call_plugin(
        self,
        plugin: Plugin,
        source: Source | None,
        operation: str,
        call: Callable[[], Any],
        expect: Any,
        limit: float | None,
    ) -> Any:
        """Make one call on a plugin object; PluginCallError when it fails."""
        failure = (plugin.kind.value, plugin.key, plugin.version, operation)
        trusted = source is not None and source.bundled and limit is None
        if limit is None:
            limit = max(LEAST_LIMITS.get(plugin.kind, 0.0), self.time_limit)
        return self._guarded(failure, call, expect, trusted, limit)

    def try_batch(
        self,
        plugin: Plugin,
        source: Source | None,
        operation: str,
        calls: Sequence[tuple[Any, ...]],
        expect: Any,
    ) -> list[Any]:
        """Make many calls of one operation under one guard, which costs as much as a single call.

        Nothing is noted: a call that failed has UNANSWERED in its place, and all have it when the
        time for a single call was not enough for all. Who made them repeats them one by one.
        """
        limit = max(LEAST_LIMITS.get(plugin.kind, 0.0), self.time_limit)

        def run() -> list[Any]:
            method = getattr(plugin, operation)
            return [_attempt(method, arguments, expect) for arguments in calls]

        try:
            if source is not None and source.bundled:
                return list(self._watchdog.run(run, limit))
            return list(self.pool.run(f"{plugin.kind}/{plugin.key}", run, limit))
        except (Exception, SystemExit):  # noqa: BLE001 - the single calls that follow note it
            return [UNANSWERED] * len(calls)

    def call_hook(
        self, source: Source, name: str, call: Callable[[], Any], expect: Any, limit: float | None
    ) -> Any:
        """Make one call of a plain hook; PluginCallError when it fails."""
        if self._traced:
            trace.info("hook %s of %s", name, source.name)
        failure = (HOOKS, source.name, source.version, name)
        return self._guarded(failure, call, expect, source.bundled, limit or self.time_limit)

    def _guarded(
        self,
        name: tuple[str, str, str, str],
        call: Callable[[], Any],
        expect: Any,
        trusted: bool,
        limit: float,
    ) -> Any:
        if self._traced:
            trace.info("call %s/%s %s", name[0], name[1], name[3])
        try:
            if trusted:
                result = self._watchdog.run(call, limit)
            else:
                result = self.pool.run(f"{name[0]}/{name[1]}", call, limit)
        except PASSED_ON:
            raise
        except CallTimedOutError:
            raise self._failed(name, "timeout", f"no answer in {limit:g} seconds") from None
        except OwnerStuckError as error:
            raise self._failed(name, "timeout", str(error)) from None
        except (Exception, SystemExit) as error:
            raise self._failed(name, "error", describe_error(error), error) from error
        if expect is not None:
            self._check(name, result, expect)
        return result

    def _check(self, name: tuple[str, str, str, str], result: Any, expect: Any) -> None:
        try:
            fault = find_fault(result, expect)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a mapping of the plugin's own
            fault = describe_error(error)
        if fault is not None:
            raise self._failed(name, "shape", f"wrong result: {fault}")

    def _failed(
        self,
        name: tuple[str, str, str, str],
        reason: str,
        message: str,
        error: BaseException | None = None,
    ) -> PluginCallError:
        kind, key, version, operation = name
        log.warning(
            "plugin %s/%s %s: %s failed: %s", kind, key, version, operation, message, exc_info=error
        )
        self._recorder.record(Failure(kind, key, version, operation, reason, message[:2000]))
        return PluginCallError(
            f"The plugin {key} did not do its work ({operation}: {message}).",
            kind=kind,
            key=key,
            operation=operation,
            reason=reason,
        )

    def close(self) -> None:
        """End the threads that can be ended."""
        self._watchdog.close()
        self.pool.close()


def _attempt(method: Callable[..., Any], arguments: tuple[Any, ...], expect: Any) -> Any:
    try:
        result = method(*arguments)
        return UNANSWERED if find_fault(result, expect) is not None else result
    except Exception:  # noqa: BLE001 - the single call that follows notes it
        return UNANSWERED
