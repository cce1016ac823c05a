"""The registry: every plugin of this process, configured and ready, found by kind and key.

All processes follow the same rows (`plugin_states`): a thread looks for changes every few seconds,
so what an admin decides has effect everywhere without a restart.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sqlalchemy.exc import SQLAlchemyError

import examhall.core.models  # noqa: F401 - SQLAlchemy must know every table that a key leads to
from examhall.core.clock import Clock, SystemClock
from examhall.core.contracts.access_rule import AccessRule
from examhall.core.contracts.base import Installation, Kind, Plugin
from examhall.core.contracts.detector import Detector
from examhall.core.contracts.formats import Format
from examhall.core.contracts.provider import Provider
from examhall.core.contracts.question_type import QuestionType
from examhall.core.contracts.scorer import Scorer
from examhall.core.contracts.services import EvidenceStore, SignIn
from examhall.core.db import Database, why_unusable
from examhall.core.errors import NotFoundError, PluginCallError, PluginError
from examhall.core.permissions import SYSTEM, Principal
from examhall.core.registry import states
from examhall.core.registry.arrivals import Arrivals
from examhall.core.registry.breaker import BreakerPolicy, FailureRecorder
from examhall.core.registry.calls import UNANSWERED, Caller
from examhall.core.registry.changes import change_plugin
from examhall.core.registry.configuration import digest
from examhall.core.registry.descriptions import PluginDescription
from examhall.core.registry.entries import Entry
from examhall.core.registry.hooks import PlainHooks
from examhall.core.registry.loading import GROUP, Loader, Refusal
from examhall.core.settings import Settings
from examhall.core.vault import Vault

if TYPE_CHECKING:
    import click

P = TypeVar("P", bound=Plugin)

BATCH_OF_CALLS = 200
"""How many calls share one guard: few enough for the time limit of a single one."""

log = logging.getLogger(__name__)


class Registry:
    """The plugins of this process."""

    def __init__(
        self,
        settings: Settings,
        db: Database,
        vault: Vault,
        *,
        environ: Mapping[str, str] | None = None,
        breaker: BreakerPolicy | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.db = db
        self.vault = vault
        self.environ = os.environ if environ is None else environ
        self._settings = settings
        self._clock = clock or SystemClock()
        self._recorder = FailureRecorder(db, breaker or BreakerPolicy(), on_pause=self.refresh)
        self.caller = Caller(
            settings.plugin_time_limit, self._recorder, traced=settings.trace_hooks
        )
        installation = Installation(settings.data_dir, settings.models_dir)
        self._loader = Loader(
            partial(self.caller.run, limit=settings.plugin_load_limit), installation
        )
        self._hooks = PlainHooks(self._loader, self.caller, self._clock)
        self._entries: dict[tuple[str, str], Entry] = {}
        self._active: dict[tuple[str, str], Plugin] = {}
        self._stored: Mapping[tuple[str, str], states.StoredState] = {}
        self._fingerprint: tuple[int, int] | None = None
        self._arrivals: Arrivals | None = None
        self._refreshing = threading.Lock()
        self._closed = threading.Event()
        self._watcher: threading.Thread | None = None

    # Loading

    def load(self, points: Iterable[EntryPoint]) -> None:
        """Load entry points, with the states that were read last."""
        with self._refreshing:
            self._loader.load(points)
            new = {
                name: Entry(loaded, self.caller, self.vault, self.environ)
                for name, loaded in self._loader.plugins.items()
                if name not in self._entries
            }
            # Other threads may be going through the old dictionary.
            self._entries = {**self._entries, **new}
            self._apply(self._stored)

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """What was refused at load, and why."""
        return tuple(self._loader.refusals)

    # Finding

    def get(self, kind: Kind | str, key: str) -> Plugin:
        """Return a usable plugin; PluginError says why there is none."""
        plugin = self._active.get((kind, key))
        return plugin if plugin is not None else self._get_slowly(kind, key)

    def find(self, kind: Kind | str, key: str) -> Plugin | None:
        """Return a usable plugin, None where there is none."""
        try:
            return self.get(kind, key)
        except PluginError:
            return None

    def all(self, kind: Kind | str) -> list[Plugin]:
        """Return the usable plugins of a kind, in the order of their titles."""
        keys = [key for found, key in self._entries if found == kind]
        plugins = [plugin for key in keys if (plugin := self.find(kind, key)) is not None]
        return sorted(plugins, key=lambda plugin: (plugin.title, plugin.key))

    def question_type(self, key: str) -> QuestionType:
        """Return a question type, as `get` does; its contract was checked when it was loaded."""
        return cast("QuestionType", self.get(Kind.QUESTION_TYPE, key))

    def scorer(self, key: str) -> Scorer:
        """Return a scorer, as `get` does."""
        return cast("Scorer", self.get(Kind.SCORER, key))

    def detector(self, key: str) -> Detector:
        """Return a detector, as `get` does."""
        return cast("Detector", self.get(Kind.DETECTOR, key))

    def provider(self, key: str) -> Provider:
        """Return a provider without configuration, as `get` does: see `configured`."""
        return cast("Provider", self.get(Kind.PROVIDER, key))

    def access_rule(self, key: str) -> AccessRule:
        """Return an access rule, as `get` does."""
        return cast("AccessRule", self.get(Kind.ACCESS_RULE, key))

    def format(self, key: str) -> Format:
        """Return a format, as `get` does."""
        return cast("Format", self.get(Kind.FORMAT, key))

    def sign_in(self, key: str) -> SignIn:
        """Return a sign-in method, as `get` does."""
        return cast("SignIn", self.get(Kind.SIGN_IN, key))

    def evidence_store(self, key: str) -> EvidenceStore:
        """Return an evidence store, as `get` does."""
        return cast("EvidenceStore", self.get(Kind.EVIDENCE_STORE, key))

    def _get_slowly(self, kind: str, key: str) -> Plugin:
        """Wake a plugin whose pause is over, or say what is the matter with it."""
        entry = self._entries.get((kind, key))
        if entry is None:
            raise PluginError(f"There is no {kind} {key!r}.", kind=str(kind), key=key)
        plugin = entry.usable(self._clock.now())
        if plugin is None:
            reason = entry.reason_unusable(self._clock.now())
            raise PluginError(f"{entry.plugin.title}: {reason}", kind=str(kind), key=key)
        return plugin

    # Calling

    def call(
        self,
        plugin: Plugin,
        operation: str,
        /,
        *args: Any,
        expect: Any = None,
        limit: float | None = None,
        **kwargs: Any,
    ) -> Any:
        """Call a method of a plugin, guarded.

        An error, more than `limit` seconds (plugin_time_limit by default) or a result that is not
        what `expect` says (a class, several, or an annotation such as `list[Finding]`; the fields
        of value types are checked as well) is noted against the plugin and raises PluginCallError.
        ProviderError, EvidenceMissingError and FormatError are answers and pass. A call that may
        hang in a library should give a `limit`: it then runs in a thread that can be left behind.
        """
        entry = self._entries.get((plugin.kind, plugin.key))
        if entry is not None and entry.paused_until is not None:
            self._require_awake(entry)
        return self.caller.call_plugin(
            plugin,
            entry.source if entry else None,
            operation,
            lambda: getattr(plugin, operation)(*args, **kwargs),
            expect,
            limit,
        )

    def call_all(
        self, plugin: Plugin, operation: str, calls: Sequence[tuple[Any, ...]], *, expect: Any
    ) -> list[Any]:
        """Call a method once for each tuple of arguments, many calls under one guard.

        Returns the answers in order. What fails is called again by itself, as `call` does, and
        has its PluginCallError in the place of an answer: one bad call takes no other along.
        """
        entry = self._entries.get((plugin.kind, plugin.key))
        source = entry.source if entry else None
        answers: list[Any] = []
        for start in range(0, len(calls), BATCH_OF_CALLS):
            batch = calls[start : start + BATCH_OF_CALLS]
            if entry is not None and entry.paused_until is not None:
                answers += [UNANSWERED] * len(batch)
            else:
                answers += self.caller.try_batch(plugin, source, operation, batch, expect)
        for place, answer in enumerate(answers):
            if answer is UNANSWERED:
                answers[place] = self._call_or_error(plugin, operation, calls[place], expect)
        return answers

    def _call_or_error(
        self, plugin: Plugin, operation: str, arguments: tuple[Any, ...], expect: Any
    ) -> Any:
        try:
            return self.call(plugin, operation, *arguments, expect=expect)
        except PluginCallError as error:
            return error

    def _require_awake(self, entry: Entry) -> None:
        if entry.is_paused(self._clock.now()):
            raise PluginCallError(
                f"{entry.plugin.title}: {entry.reason_unusable(self._clock.now())}",
                kind=entry.plugin.kind.value,
                key=entry.plugin.key,
                reason="paused",
            )

    def first(self, hook_name: str, **arguments: Any) -> Any:
        """Return the first answer to a plain hook; a plugin that fails is passed over."""
        return self._hooks.first(hook_name, arguments)

    def notify(self, hook_name: str, **arguments: Any) -> None:
        """Tell every plugin that has the hook; a plugin that fails is passed over."""
        self._hooks.notify(hook_name, arguments)

    def blueprints(self) -> list[Any]:
        """Return the Flask blueprints of all plugins."""
        answers = self._hooks.collect("examhall_blueprints", {}, expect=list)
        return [blueprint for _, blueprints in answers for blueprint in blueprints]

    def migrations(self) -> list[tuple[str, Path]]:
        """Return the folders with plugins' own migrations, each with its entry point's name."""
        answers = self._hooks.collect("examhall_migrations", {}, expect=Path)
        return [(source.name, folder) for source, folder in answers]

    def add_commands(self, group: click.Group) -> None:
        """Let plugins add commands."""
        self._hooks.notify("examhall_commands", {"group": group})

    # Configuration

    def config_digest(self, plugin: Plugin) -> str:
        """Return the sha256 (hex) of a plugin's key, version and configuration without secrets."""
        entry = self._entries.get((plugin.kind, plugin.key))
        if entry is not None:
            return entry.digest(plugin)
        return digest(plugin.key, plugin.version, plugin.config)

    def configured(self, plugin: P, raw: Mapping[str, Any]) -> P:
        """Return a copy with a raw configuration of its own (secrets in clear): a connection's.

        Raises InvalidError that names the fields.
        """
        return self.entry(plugin.kind, plugin.key).configure_copy(plugin, raw)

    def entry(self, kind: Kind | str, key: str) -> Entry:
        """Return everything known about a loaded plugin; NotFoundError for an unknown one."""
        entry = self._entries.get((kind, key))
        if entry is None:
            raise NotFoundError(f"There is no {kind} {key!r}.")
        return entry

    def describe(self) -> list[PluginDescription]:
        """Return all loaded plugins with their states, by kind and key, plain hooks last."""
        now = self._clock.now()
        found = [self._entries[name].describe(now) for name in sorted(self._entries)]
        return found + self._hooks.describe(now)

    def set_enabled(
        self, kind: Kind | str, key: str, enabled: bool, principal: Principal = SYSTEM
    ) -> None:
        """Switch a plugin on or off in all processes; needs `plugins.manage`."""
        change_plugin(self, principal, kind, key, enabled=enabled)

    def configure(
        self,
        kind: Kind | str,
        key: str,
        config: Mapping[str, Any],
        principal: Principal = SYSTEM,
    ) -> None:
        """Store a configuration for all processes; needs `plugins.manage`. See `seal`."""
        change_plugin(self, principal, kind, key, config=config)

    # Following the rows

    def refresh(self) -> bool:
        """Follow what is stored; say whether anything had changed."""
        with self._refreshing:
            with self.db.reading() as session:
                fingerprint = states.get_fingerprint(session)
                if fingerprint == self._fingerprint:
                    return False
                stored = states.list_states(session)
            self._apply(stored)
            self._fingerprint = fingerprint
        return True

    def refresh_if_possible(self) -> bool:
        """Follow what is stored; without its tables all stays as it is. Say whether it worked."""
        try:
            self.refresh()
        except SQLAlchemyError as error:
            reason = why_unusable(error) or type(error).__name__
            log.warning("what is stored about plugins cannot be read: %s", reason)
            return False
        return True

    def _apply(self, stored: Mapping[tuple[str, str], states.StoredState]) -> None:
        self._stored = stored
        now = self._clock.now()
        active: dict[tuple[str, str], Plugin] = {}
        for name, entry in self._entries.items():
            entry.apply(stored.get(name, states.StoredState()))
            plugin = entry.usable(now)
            if plugin is not None:
                active[name] = plugin
        self._hooks.apply(
            {key: state for (kind, key), state in stored.items() if kind == states.HOOKS}
        )
        self._active = active

    def start(self) -> None:
        """Start the thread that follows changes made by other processes, and installations."""
        self._arrivals = self._arrivals or Arrivals()
        if self._watcher is None or not self._watcher.is_alive():
            self._watcher = threading.Thread(
                target=self._watch, name="examhall-plugin-watch", daemon=True
            )
            self._watcher.start()

    def _watch(self) -> None:
        while not self._closed.wait(self._settings.plugin_poll_seconds):
            try:
                self.refresh_if_possible()
                self._welcome_arrivals()
                self.caller.pool.nudge()
            except Exception:
                # A broken installation must not end the watch: what admins decide still counts.
                log.exception("looking for changes of plugins failed")

    def _welcome_arrivals(self) -> None:
        """Load what was installed since; a new version of something loaded waits for a restart."""
        new = self._arrivals.check() if self._arrivals is not None else []
        if new:
            log.info("new plugins: %s", ", ".join(point.name for point in new))
            self.load(new)

    def flush(self) -> None:
        """Wait until all failures noted so far are written. Not inside a transaction."""
        self._recorder.flush()

    def close(self) -> None:
        """Write what waits and stop the threads."""
        self._closed.set()
        self._recorder.close()
        self.caller.close()
        if self._watcher is not None and self._watcher.is_alive():
            self._watcher.join(5.0)


def open_registry(settings: Settings, db: Database, vault: Vault) -> Registry:
    """Return a registry with every installed plugin; `start` makes it follow changes."""
    registry = Registry(settings, db, vault)
    registry.load(entry_points(group=GROUP))
    registry.refresh_if_possible()
    return registry
