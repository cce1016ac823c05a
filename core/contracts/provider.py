"""Providers: partners that examhall tells things and hears things from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Protocol

from examhall.core.contracts.base import Health, Kind, Plugin


class ProviderError(Exception):
    """The base of what may go wrong with a partner; the message is for the admin."""


class TransientError(ProviderError):
    """Worth trying again; `retry_after` is the partner's own wish in seconds."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PermanentError(ProviderError):
    """Trying again will not help: a person has to look."""


class AuthFailedError(ProviderError):
    """The partner refused our credentials: the connection is paused until an admin mends it."""


class ConfigError(ProviderError):
    """The connection's configuration cannot work."""


class HttpResponse(Protocol):
    """The part of a `requests` response that providers use."""

    @property
    def status_code(self) -> int:
        """The status of the answer."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers; their names are found in any case."""

    @property
    def content(self) -> bytes:
        """The body."""

    @property
    def text(self) -> str:
        """The body as text."""

    def json(self) -> Any:
        """Return the decoded body."""


class HttpSession(Protocol):
    """The guarded HTTP session: time limits, no private addresses, no environment proxies."""

    def request(self, method: str, url: str, **options: Any) -> HttpResponse:
        """Send a request with the options of `requests`; failures are TransientError."""


@dataclass(frozen=True, slots=True)
class ProviderContext:
    """What core hands a provider for one call: HTTP, the clock and the connection's name."""

    connection_id: str
    http: HttpSession
    now: datetime
    allow_plain_http: bool = False


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """A message to a partner; the idempotency key stays the same over every try."""

    id: str
    operation: str
    payload: Mapping[str, Any]
    idempotency_key: str
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The partner's receipt; `awaiting` where a later message confirms it."""

    remote_id: str = ""
    awaiting: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InboundEvent:
    """Something a partner told us; `dedupe_key` is the same each time it is told."""

    event_type: str
    dedupe_key: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """A piece of a partner's stream with the cursor to go on from."""

    events: Sequence[InboundEvent]
    cursor: str | None = None


class Provider(Plugin):
    """A partner system; one configured copy for each connection.

    `capabilities` names the operations it has, each a method
    `operation(self, context, message) -> Acknowledgement` (`push_result`, `open_ticket`, ...).
    """

    kind: ClassVar[Kind] = Kind.PROVIDER
    capabilities: ClassVar[frozenset[str]] = frozenset()

    def check(self, context: ProviderContext) -> Health:
        """Try the connection, as the admin's "test" button does; change nothing over there."""
        return Health.ok()

    def deliver(self, context: ProviderContext, message: OutboundMessage) -> Acknowledgement:
        """Run the operation that the message names."""
        if message.operation not in self.capabilities:
            raise PermanentError(f"{self.title} cannot do {message.operation}")
        operation = getattr(self, message.operation)
        result: Acknowledgement = operation(context, message)
        return result

    def pull(self, context: ProviderContext, stream: str, cursor: str | None) -> Page:
        """Read what is new since `cursor`."""
        return Page(())

    def verify_webhook(
        self, context: ProviderContext, headers: Mapping[str, str], raw: bytes
    ) -> bool:
        """Say whether a call to us really comes from the partner; refuse by default."""
        return False

    def parse_webhook(self, context: ProviderContext, raw: bytes) -> list[InboundEvent]:
        """Read a verified call."""
        return []
