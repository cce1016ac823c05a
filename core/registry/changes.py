"""What an admin does with plugins: look, switch on and off, configure. All of it is audited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from examhall.core.audit.operations import record
from examhall.core.contracts.base import Kind, Plugin
from examhall.core.db import database_now
from examhall.core.errors import NotFoundError, PluginError
from examhall.core.permissions import Permission, Principal
from examhall.core.registry import states
from examhall.core.registry.descriptions import PluginDescription
from examhall.core.registry.forms import FormField
from examhall.core.registry.loading import Refusal

if TYPE_CHECKING:
    from examhall.core.registry.registry import Registry

RECENTLY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class FailureView:
    """One failed call, for people."""

    at: datetime
    version: str
    operation: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class PluginDetails:
    """Everything that an admin sees of one plugin; `config` has `{"set": true}` for secrets."""

    description: PluginDescription
    config: Mapping[str, Any]
    form: tuple[FormField, ...]
    failures: tuple[FailureView, ...]


@dataclass(frozen=True, slots=True)
class PluginOverview:
    """All loaded plugins, and what was refused."""

    plugins: Sequence[PluginDescription]
    refusals: Sequence[Refusal]


def list_plugins(registry: Registry, principal: Principal) -> PluginOverview:
    """Return all plugins; needs `plugins.manage`. Works without a database as well."""
    principal.require(Permission.PLUGINS_MANAGE)
    described = registry.describe()
    if registry.refresh_if_possible():
        described = _with_failures(registry, registry.describe())
    return PluginOverview(described, registry.refusals)


def _with_failures(
    registry: Registry, described: Sequence[PluginDescription]
) -> list[PluginDescription]:
    with registry.db.reading() as session:
        failures = states.count_failures(session, database_now(session) - RECENTLY)
    return [replace(it, failures=failures.get((it.kind, it.key), 0)) for it in described]


def get_plugin(registry: Registry, principal: Principal, kind: str, key: str) -> PluginDetails:
    """Return one plugin with its form, configuration and latest failures."""
    principal.require(Permission.PLUGINS_MANAGE)
    registry.refresh()
    (description,) = _with_failures(registry, [_description(registry, kind, key)])
    config: Mapping[str, Any] = {}
    form: tuple[FormField, ...] = ()
    if description.configurable:
        entry = registry.entry(kind, key)
        config, form = entry.masked_config(), entry.form()
    with registry.db.reading() as session:
        failures = tuple(
            FailureView(row.at, row.version, row.operation, row.reason, row.message)
            for row in states.list_failures(session, kind, key)
        )
    return PluginDetails(description, config, form, failures)


def change_plugin(
    registry: Registry,
    principal: Principal,
    kind: Kind | str,
    key: str,
    *,
    enabled: bool | None = None,
    config: Mapping[str, Any] | None = None,
) -> None:
    """Switch a plugin or replace its configuration, in all processes within seconds.

    A secret that `config` leaves out, or gives as `{"set": true}`, stays; null removes it.
    Switching on ends a pause. Raises NotFoundError, and InvalidError that names the fields.
    """
    principal.require(Permission.PLUGINS_MANAGE)
    registry.refresh()
    _description(registry, kind, key)
    changes: dict[str, Any] = {}
    if config is not None:
        entry = registry.entry(kind, key)
        entry.require_configurable()
        changes["config"] = entry.seal(config)
    if enabled is not None:
        changes["enabled"] = enabled
        if enabled:
            changes["paused_until"] = None
    if not changes:
        return
    with registry.db.transaction() as session:
        states.write_state(session, str(kind), key, changes, principal.user_id)
        record(
            session,
            principal,
            "plugin.changed",
            "plugin",
            f"{kind}/{key}",
            **({"enabled": enabled} if enabled is not None else {}),
            **({"fields": sorted(config)} if config is not None else {}),
        )
    registry.refresh()


@dataclass(frozen=True, slots=True)
class QuestionTypeView:
    """A usable question type for editors; `example` is a complete question to start from."""

    key: str
    version: str
    title: str
    summary: str
    form: tuple[FormField, ...]
    example: Mapping[str, Any]


def list_question_types(registry: Registry, principal: Principal) -> list[QuestionTypeView]:
    """Return the usable question types with the forms of their content; needs `questions.write`.

    A type that cannot say what its content is is left out.
    """
    if not principal.may_somewhere(Permission.QUESTIONS_WRITE):
        principal.require(Permission.QUESTIONS_WRITE)
    found = []
    for plugin in registry.all(Kind.QUESTION_TYPE):
        try:
            found.append(_question_type_view(registry, plugin))
        except PluginError:
            continue
    return found


def _question_type_view(registry: Registry, plugin: Plugin) -> QuestionTypeView:
    schema = registry.call(plugin, "content_schema", expect=type)
    example = registry.call(plugin, "example", expect=Mapping[str, Any])
    form = registry.entry(plugin.kind, plugin.key).form_of(schema)
    return QuestionTypeView(
        plugin.key, plugin.version, plugin.title, plugin.summary, form, dict(example)
    )


def _description(registry: Registry, kind: str, key: str) -> PluginDescription:
    for description in registry.describe():
        if (description.kind, description.key) == (kind, key):
            return description
    raise NotFoundError("There is no such plugin.")
