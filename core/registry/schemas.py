"""Schemas of plugins at work: their fields, validators and hooks are the plugin's own code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from examhall.core.contracts.base import Plugin

if TYPE_CHECKING:
    from examhall.core.registry.registry import Registry


def load_settings_of(registry: Registry, plugin: Plugin, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `settings_schema` of a plugin makes of stored settings.

    They passed when they were stored, but the schema may be another one since. PluginCallError,
    noted against the plugin, where it does not take them now.
    """
    schema = registry.call(plugin, "settings_schema", expect=type)
    values: dict[str, Any] = registry.caller.call_plugin(
        plugin,
        registry.entry(plugin.kind, plugin.key).source,
        "settings_schema",
        lambda: schema().load(dict(raw)),
        Mapping,
        None,
    )
    return values
