"""One plugin of this process: as it was loaded, as it is configured, whether it may be used."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from marshmallow import Schema

from examhall.core.contracts.base import Kind, Plugin
from examhall.core.errors import ExamhallError, InvalidError, PluginError
from examhall.core.registry import configuration
from examhall.core.registry.calls import Caller
from examhall.core.registry.descriptions import PluginDescription, PluginStatus
from examhall.core.registry.forms import FormField, describe_form
from examhall.core.registry.loading import Loaded, describe_error
from examhall.core.registry.states import StoredState
from examhall.core.vault import Vault

P = TypeVar("P", bound=Plugin)

log = logging.getLogger(__name__)


class Entry:
    """A loaded plugin and its state in this process."""

    def __init__(
        self, loaded: Loaded, caller: Caller, vault: Vault, environ: Mapping[str, str]
    ) -> None:
        self.plugin = loaded.plugin
        self.source = loaded.source
        self.schema = loaded.schema
        self.paused_until: datetime | None = None
        self._caller = caller
        self._vault = vault
        self._environment = configuration.read_environment(
            loaded.schema, loaded.plugin.kind, loaded.plugin.key, environ
        )
        self._state: StoredState | None = None
        self._copy: Plugin | None = None
        self._digest = ""
        self._fault = ""

    @property
    def context(self) -> str:
        """What the secrets of this plugin are sealed for."""
        return f"plugin {self.plugin.kind.value}/{self.plugin.key}"

    @property
    def is_configured_here(self) -> bool:
        """Whether the plugin itself has a configuration; a provider's connections have it."""
        return self.plugin.kind is not Kind.PROVIDER

    def apply(self, state: StoredState) -> None:
        """Follow what is stored; a new copy is made only for a new configuration."""
        before, self._state = self._state, state
        self.paused_until = state.paused_until
        if before is None or before.config != state.config:
            self._configure(state.config)

    def _configure(self, stored: Mapping[str, Any]) -> None:
        self._copy, self._fault = None, ""
        if not self.is_configured_here:
            self._copy = self.plugin
            self._digest = configuration.digest(self.plugin.key, self.plugin.version, {})
            return
        try:
            values = self._load(self.raw_config(stored))
            # First: what configured() makes of the values is the plugin's own affair.
            self._digest = self._digest_of(values)
            self._copy = self._copy_with(self.plugin, values)
        except ExamhallError as error:
            self._fault = error.message
            log.warning("%s cannot be used: %s", self.context, error.message)

    def raw_config(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """Return the configuration that counts: stored, else from the environment."""
        own = self._run(
            lambda: configuration.unseal(self.schema, stored, self._vault, self.context)
        )
        return {**self._environment, **own}

    def configure_copy(self, plugin: P, raw: Mapping[str, Any]) -> P:
        """Return a copy of the plugin that uses a raw configuration; InvalidError names fields."""
        return self._copy_with(plugin, self._load(raw))

    def _load(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = self._run(lambda: configuration.load_config(self.schema, raw))
        return values

    def _copy_with(self, plugin: P, values: dict[str, Any]) -> P:
        copy: P = self._run(lambda: plugin.configured(values))
        if type(copy) is not type(plugin):
            raise PluginError("configured() returned something else")
        return copy

    def seal(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is to be stored for a configuration that a person gave, after checking it."""
        kept = self._state.config if self._state else {}
        sealed: dict[str, Any] = self._run(
            lambda: configuration.seal(self.schema, config, self._vault, self.context, kept)
        )
        values = self._load(self.raw_config(sealed))
        self._digest_of(values)
        self._copy_with(self.plugin, values)
        return sealed

    def masked_config(self) -> dict[str, Any]:
        """Return the configuration in use for people, without its secrets."""
        stored = self._state.config if self._state else {}
        both = {**self._environment, **stored}
        masked: dict[str, Any] = self._run(lambda: configuration.mask(self.schema, both))
        return masked

    def form(self) -> tuple[FormField, ...]:
        """Return the form of the configuration."""
        return self.form_of(self.schema)

    def form_of(self, schema: type[Schema]) -> tuple[FormField, ...]:
        """Return the form of a schema of this plugin; PluginError where it cannot be made."""
        form: tuple[FormField, ...] = self._run(lambda: describe_form(schema))
        return form

    def digest(self, plugin: Plugin) -> str:
        """Return the digest of the copy in use, or of another copy (a connection's)."""
        if plugin is self._copy:
            return self._digest
        return self._digest_of(plugin.config)

    def _digest_of(self, values: Mapping[str, Any]) -> str:
        def compute() -> str:
            # The values are objects of the plugin's own, with methods of its own.
            shown = configuration.without_secrets(self.schema, values)
            return configuration.digest(self.plugin.key, self.plugin.version, shown)

        named: str = self._run(compute)
        return named

    def _run(self, call: Any) -> Any:
        try:
            return self._caller.run(self.source.name, call, self.source.bundled)
        except ExamhallError:
            raise
        except Exception as error:
            raise PluginError(describe_error(error)) from error

    # State

    def is_paused(self, now: datetime) -> bool:
        """Say whether the circuit breaker is open."""
        return self.paused_until is not None and now < self.paused_until

    def usable(self, now: datetime) -> Plugin | None:
        """Return the configured copy, None where the plugin may not be used."""
        enabled = self._state is None or self._state.enabled
        return self._copy if enabled and not self.is_paused(now) else None

    def status(self, now: datetime) -> PluginStatus:
        """Return whether the plugin is in use."""
        if self._state is not None and not self._state.enabled:
            return PluginStatus.DISABLED
        if self._fault:
            return PluginStatus.MISCONFIGURED
        return PluginStatus.PAUSED if self.is_paused(now) else PluginStatus.ENABLED

    def reason_unusable(self, now: datetime) -> str:
        """Say why the plugin is not in use, in words for an admin."""
        status = self.status(now)
        if status is PluginStatus.DISABLED:
            return "it is switched off"
        if status is PluginStatus.MISCONFIGURED:
            return self._fault
        if status is PluginStatus.PAUSED and self.paused_until is not None:
            return f"paused after failures until {self.paused_until:%H:%M:%S} UTC"
        return ""

    def describe(self, now: datetime) -> PluginDescription:
        """Return the plugin for people."""
        return PluginDescription(
            kind=self.plugin.kind.value,
            key=self.plugin.key,
            version=self.plugin.version,
            title=self.plugin.title,
            summary=self.plugin.summary,
            distribution=self.source.distribution,
            distribution_version=self.source.version,
            entry_point=self.source.name,
            bundled=self.source.bundled,
            status=self.status(now),
            reason=self.reason_unusable(now),
            paused_until=self.paused_until if self.is_paused(now) else None,
            configurable=self.is_configured_here and bool(configuration.members_of(self.schema)),
        )

    def require_configurable(self) -> None:
        """Raise InvalidError for a provider, whose connections are configured instead."""
        if not self.is_configured_here:
            raise InvalidError("A provider is configured for each of its connections.")
