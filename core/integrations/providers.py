"""Providers at work: configured for a connection, called under guard, their secrets kept quiet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any
from uuid import UUID

from examhall.core.contracts.provider import Provider, ProviderContext
from examhall.core.integrations.http import GuardedSession, redact
from examhall.core.integrations.models import Connection
from examhall.core.registry.configuration import unseal, without_secrets

if TYPE_CHECKING:
    from examhall.core.platform import Platform

CALL_SECONDS = 60.0
"""How long one operation of a provider may take."""


def secret_context(connection_id: UUID) -> str:
    """Return what a connection's secrets are bound to: they open for no other one."""
    return f"connection:{connection_id}"


def configure_provider(platform: Platform, connection: Connection) -> Provider:
    """Return the connection's provider with its configuration.

    Raises PluginError while the provider cannot be used, InvalidError when a newer version of it
    does not take the stored configuration.
    """
    provider = platform.plugins.provider(connection.provider_key)
    schema = provider.config_schema()
    raw = unseal(schema, connection.config, platform.vault, secret_context(connection.id))
    return platform.plugins.configured(provider, raw)


def call_provider(
    platform: Platform,
    provider: Provider,
    connection_id: UUID,
    operation: str,
    *args: Any,
    expect: Any,
) -> Any:
    """Call an operation with its context. Raises what the provider may raise, and PluginError."""
    with closing(GuardedSession(platform.settings)) as http:
        context = ProviderContext(
            connection_id=str(connection_id),
            http=http,
            now=platform.clock.now(),
            allow_plain_http=platform.settings.allow_plain_http,
        )
        return platform.plugins.call(
            provider, operation, context, *args, expect=expect, limit=CALL_SECONDS
        )


def redacted(provider: Provider, error: Exception) -> str:
    """Return an error's words without any of the provider's secrets."""
    known = set(_texts(provider.config))
    harmless = set(_texts(without_secrets(provider.config_schema(), provider.config)))
    return redact(str(error), known - harmless)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from _texts(member)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from _texts(member)
