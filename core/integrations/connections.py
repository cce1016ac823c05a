"""Set up connections to partners: tested before they are saved, secrets encrypted, audited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from examhall.core.audit.operations import record
from examhall.core.contracts.base import Health, HealthStatus
from examhall.core.contracts.provider import Provider, ProviderError
from examhall.core.db import after_commit, database_now
from examhall.core.errors import ConflictError, InvalidError, PluginError
from examhall.core.integrations.models import Connection
from examhall.core.integrations.providers import (
    call_provider,
    configure_provider,
    redacted,
    secret_context,
)
from examhall.core.integrations.queries import find_connection, get_connection
from examhall.core.permissions import Permission, Principal
from examhall.core.registry.configuration import seal, unseal

if TYPE_CHECKING:
    from examhall.core.platform import Platform

STATES = ("enabled", "disabled")


def create_connection(
    platform: Platform,
    principal: Principal,
    *,
    provider: str,
    title: str,
    config: Mapping[str, Any],
    unchecked: bool = False,
) -> Connection:
    """Save a connection once its test passed, or without a test where `unchecked`.

    Raises InvalidError for a provider that cannot be used, and for a configuration that does not
    fit or did not pass.
    """
    principal.require(Permission.CONNECTIONS_MANAGE)
    connection_id = uuid4()
    sealed = _checked_config(platform, connection_id, provider, config, {}, unchecked)
    with platform.db.transaction() as session:
        now = database_now(session)
        connection = Connection(
            id=connection_id,
            provider_key=provider,
            title=title,
            config=sealed,
            created_by=principal.user_id,
            created_at=now,
            updated_at=now,
        )
        session.add(connection)
        session.flush()
        record(
            session,
            principal,
            "connection.created",
            "connection",
            connection_id,
            provider=provider,
            title=title,
            unchecked=unchecked,
        )
    return connection


def update_connection(
    platform: Platform,
    principal: Principal,
    connection_id: UUID,
    *,
    title: str | None = None,
    config: Mapping[str, Any] | None = None,
    state: str | None = None,
    unchecked: bool = False,
) -> Connection:
    """Change a connection; secrets that are not given stay. Enabling it sends what waits."""
    with platform.db.reading() as session:
        before = get_connection(session, principal, connection_id)
    sealed = None
    if config is not None:
        sealed = _checked_config(
            platform, connection_id, before.provider_key, config, before.config, unchecked
        )
    with platform.db.transaction() as session:
        connection = find_connection(session, connection_id)
        if sealed is not None:
            if connection.config != before.config:
                raise ConflictError("Somebody else changed the connection in the meantime.")
            connection.config = sealed
        if title is not None:
            connection.title = title
        if state is not None:
            connection.state = state
            connection.pause_reason = ""
        connection.updated_at = database_now(session)
        changed = {"title": title, "state": state, "config": sealed is not None or None}
        details = {name: value for name, value in changed.items() if value is not None}
        record(session, principal, "connection.changed", "connection", connection_id, **details)
        if connection.state == "enabled":
            job = str(connection_id)
            after_commit(session, lambda: platform.queue.enqueue("deliver_outbox", job))
    return connection


def check_connection(platform: Platform, principal: Principal, connection_id: UUID) -> Health:
    """Try a saved connection; what goes wrong is in the answer."""
    with platform.db.reading() as session:
        connection = get_connection(session, principal, connection_id)
    try:
        provider = configure_provider(platform, connection)
    except (PluginError, InvalidError) as error:
        return Health.failed(error.message, "Look at the connection's configuration.")
    return _check(platform, provider, connection_id)


def _checked_config(
    platform: Platform,
    connection_id: UUID,
    provider_key: str,
    config: Mapping[str, Any],
    stored: Mapping[str, Any],
    unchecked: bool,
) -> dict[str, Any]:
    try:
        provider = platform.plugins.provider(provider_key)
    except PluginError as error:
        raise InvalidError(error.message, provider=provider_key) from error
    schema = provider.config_schema()
    context = secret_context(connection_id)
    sealed = seal(schema, config, platform.vault, context, stored)
    raw = unseal(schema, sealed, platform.vault, context)
    configured = platform.plugins.configured(provider, raw)
    if not unchecked:
        health = _check(platform, configured, connection_id)
        if health.status is HealthStatus.FAILED:
            raise InvalidError(
                f"The test did not pass, nothing was saved: {health.message}", hint=health.hint
            )
    return sealed


def _check(platform: Platform, provider: Provider, connection_id: UUID) -> Health:
    try:
        health: Health = call_provider(platform, provider, connection_id, "check", expect=Health)
    except (ProviderError, PluginError) as error:
        return Health.failed(redacted(provider, error), "Look at the connection's configuration.")
    return Health(health.status, redacted(provider, Exception(health.message)), health.hint)
