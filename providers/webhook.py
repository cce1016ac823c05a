"""Signed webhooks: tell any program of results, and hear from it.

Every call is a POST of JSON with three headers. `X-Examhall-Timestamp` is the time in seconds since
1970; `X-Examhall-Signature` is `sha256=` and the HMAC-SHA256, in hex and with the shared secret, of
the timestamp, a dot and the body; `X-Examhall-Delivery` is the same each time a message is tried,
so that the receiver can drop what it has. Calls to examhall carry the first two in the same form.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from marshmallow import Schema, fields, validate

from examhall.plugins import (
    Acknowledgement,
    AuthFailedError,
    Health,
    HttpResponse,
    InboundEvent,
    OutboundMessage,
    PermanentError,
    Provider,
    ProviderContext,
    ProviderError,
    TransientError,
    hookimpl,
)

SIGNATURE = "X-Examhall-Signature"
TIMESTAMP = "X-Examhall-Timestamp"
DELIVERY = "X-Examhall-Delivery"
TOLERANCE_SECONDS = 300


class WebhookConfig(Schema):
    """Where the calls go and how they are signed."""

    url = fields.Url(
        required=True,
        schemes={"http", "https"},
        require_tld=False,
        metadata={"label": "Address", "help": "Where examhall sends its calls (https)."},
    )
    secret = fields.String(
        required=True,
        validate=validate.Length(min=16, max=200),
        metadata={
            "label": "Shared secret",
            "help": "At least 16 characters; the receiver checks the signature with it.",
            "secret": True,
        },
    )


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """Return the signature header's value."""
    mac = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return "sha256=" + mac.hexdigest()


def retry_after(header: str | None, now: datetime) -> float | None:
    """Read a Retry-After header, seconds or a date; None where it says nothing usable."""
    text = (header or "").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


class Webhook(Provider):
    """Sends signed calls to one address."""

    key = "webhook"
    version = "1.0"
    title = "Webhook"
    summary = "Signed calls to any program, and back."
    capabilities = frozenset({"push_result", "push_event"})

    def config_schema(self) -> type[Schema]:
        return WebhookConfig

    def check(self, context: ProviderContext) -> Health:
        try:
            self._post(context, "ping", "ping", {})
        except ProviderError as error:
            return Health.failed(str(error), "Check the address and the shared secret.")
        return Health.ok("The receiver answered.")

    def push_result(self, context: ProviderContext, message: OutboundMessage) -> Acknowledgement:
        """Tell of a released result."""
        return self._send(context, message)

    def push_event(self, context: ProviderContext, message: OutboundMessage) -> Acknowledgement:
        """Tell of anything else."""
        return self._send(context, message)

    def verify_webhook(
        self, context: ProviderContext, headers: Mapping[str, str], raw: bytes
    ) -> bool:
        given = {name.lower(): value for name, value in headers.items()}
        timestamp = given.get(TIMESTAMP.lower(), "")
        if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
            return False
        expected = sign(self.config["secret"], int(timestamp), raw)
        genuine = hmac.compare_digest(
            expected.encode(), given.get(SIGNATURE.lower(), "").encode("utf-8", "replace")
        )
        return genuine and abs(context.now.timestamp() - int(timestamp)) <= TOLERANCE_SECONDS

    def parse_webhook(self, context: ProviderContext, raw: bytes) -> list[InboundEvent]:
        """Read `{"id": ..., "event": ..., "data": {...}}`, or a list of such objects."""
        try:
            content = json.loads(raw)
            plain = json.dumps(content, allow_nan=False, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            raise PermanentError("the body is not JSON") from error
        if b"\\u0000" in plain:
            raise PermanentError("the body holds a NUL character")
        entries = content if isinstance(content, list) else [content]
        return [_read_event(entry) for entry in entries]

    def _send(self, context: ProviderContext, message: OutboundMessage) -> Acknowledgement:
        self._post(context, message.operation, message.idempotency_key, message.payload)
        return Acknowledgement()

    def _post(
        self, context: ProviderContext, event: str, delivery: str, data: Mapping[str, Any]
    ) -> None:
        body = json.dumps({"id": delivery, "event": event, "data": dict(data)}).encode()
        timestamp = int(context.now.timestamp())
        response = context.http.request(
            "POST",
            self.config["url"],
            data=body,
            headers={
                "Content-Type": "application/json",
                TIMESTAMP: str(timestamp),
                SIGNATURE: sign(self.config["secret"], timestamp, body),
                DELIVERY: delivery,
            },
        )
        _judge(response, context.now)


def _judge(response: HttpResponse, now: datetime) -> None:
    status = response.status_code
    if 200 <= status < 300:
        return
    if status in {401, 403}:
        raise AuthFailedError(f"The receiver refused the signature ({status}).")
    if status in {408, 425, 429} or status >= 500:
        wish = retry_after(response.headers.get("Retry-After"), now)
        raise TransientError(f"The receiver cannot take it now ({status}).", wish)
    raise PermanentError(f"The receiver refused the message ({status}).")


def _read_event(entry: Any) -> InboundEvent:
    event = entry if isinstance(entry, dict) else {}
    name, identity, data = event.get("event"), event.get("id"), event.get("data", {})
    if not (isinstance(name, str) and isinstance(identity, str) and isinstance(data, dict)):
        raise PermanentError('an event needs the texts "id" and "event", and an object "data"')
    if not (0 < len(name) <= 100 and 0 < len(identity) <= 150):
        raise PermanentError('"id" or "event" is empty or too long')
    return InboundEvent(name, identity, data)


@hookimpl
def examhall_providers() -> list[Provider]:
    """Return the provider."""
    return [Webhook()]
