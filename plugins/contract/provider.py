"""The contract of providers: what they make of a partner's good and bad days."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema

from examhall.core.registry.configuration import is_secret
from examhall.plugins import (
    Acknowledgement,
    AuthFailedError,
    Health,
    HealthStatus,
    InboundEvent,
    OutboundMessage,
    Page,
    PermanentError,
    Provider,
    ProviderContext,
    ProviderError,
    TransientError,
)
from examhall.plugins.contract.base import PluginContract, hostile, require_shape, values
from examhall.plugins.contract.fakes import FakeHttp, FakeResponse, timed_out

NOW = datetime(2026, 1, 1, 9, tzinfo=UTC)
RESULT = {
    "attempt_id": "a9f0c1de-5d52-4a2b-bf6c-3f2f4f3a1c55",
    "exam_id": "0c8ad4d4-54d4-4bb1-9a5c-91e2b58df0a1",
    "exam_title": "Physics <1> & more",
    "user_id": "3d1f8a5e-9d1c-4d55-8a38-6f0e6f6b5f11",
    "login": "ada",
    "points": "7.5",
    "max_points": "10",
    "passed": True,
    "grade": "B",
}
RUBBISH = (b"", b"<html>", b"[]", b"null", b"{", b"\xff\xfe", b'{"id": {"x": []}}', b"[" * 5000)


def _json_bytes() -> st.SearchStrategy[bytes]:
    """Return bodies that are JSON, of any shape."""
    return values.map(lambda value: json.dumps(value).encode())


class ProviderContract(PluginContract):
    """Set `plugin`, and in `payloads` an example payload for each capability.

    `good_answer` is what the partner says when all is well. A provider that does not speak HTTP
    sets `speaks_http = False` and overrides `context`.
    """

    plugin: ClassVar[Provider]
    payloads: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    good_answer: ClassVar[FakeResponse] = FakeResponse(200, b'{"id": "1", "key": "K-1"}')
    streams: ClassVar[tuple[str, ...]] = ()
    """Names for `pull`."""
    speaks_http: ClassVar[bool] = True

    @pytest.fixture(autouse=True)
    def no_network(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Bar everything but the session that core hands over."""

        def refuse(*_: Any, **__: Any) -> NoReturn:
            raise AssertionError("a provider calls out through context.http alone")

        monkeypatch.setattr(socket.socket, "connect", refuse)
        monkeypatch.setattr(socket, "create_connection", refuse)
        monkeypatch.setattr(socket, "getaddrinfo", refuse)

    def context(self, http: FakeHttp) -> ProviderContext:
        """Return what core hands over for one call."""
        return ProviderContext("3f0b9c52-1111-4222-8333-9a6b1c2d3e4f", http, NOW)

    def message(self, operation: str, attempt: int = 1) -> OutboundMessage:
        """Return a message; the same one at each attempt."""
        payload = self.payloads.get(operation, RESULT)
        return OutboundMessage("7d9f", operation, payload, f"key-of-{operation}-7d9f", attempt)

    def deliver(self, subject: Provider, operation: str, http: FakeHttp) -> Acknowledgement:
        """Deliver one message."""
        done = subject.deliver(self.context(http), self.message(operation))
        require_shape(done, Acknowledgement)
        return done

    def refused(self, subject: Provider, operation: str, http: FakeHttp) -> ProviderError:
        """Deliver a message that the partner does not take; return the error."""
        with pytest.raises(ProviderError) as caught:
            self.deliver(subject, operation, http)
        assert str(caught.value).strip(), "the error says nothing to the admin"
        assert not self.leaks(str(caught.value)), "the error tells a secret"
        return caught.value

    def secrets(self) -> list[str]:
        """Return the secrets of the configuration in use."""
        schema: type[Schema] = self.plugin.config_schema()
        config = self.configure(self.config).config
        names = [name for name, field in schema().fields.items() if is_secret(field)]
        return [str(config[name]) for name in names if config.get(name)]

    def leaks(self, text: str) -> bool:
        """Say whether a text holds a secret."""
        return any(secret in text for secret in self.secrets())

    @property
    def operations(self) -> list[str]:
        """The operations that can be tested over HTTP."""
        return sorted(self.plugin.capabilities) if self.speaks_http else []

    def test_a_message_is_delivered(self, subject: Any) -> None:
        for operation in self.operations:
            http = FakeHttp(self.good_answer)
            self.deliver(subject, operation, http)
            assert http.requests, f"{operation} told the partner nothing"
            for request in http.requests:
                assert request.url.startswith(("https://", "http://"))
                assert not self.leaks(request.url), "a secret stands in an address"

    def test_the_partner_can_tell_a_repetition(self, subject: Any) -> None:
        for operation in self.operations:
            http = FakeHttp(self.good_answer)
            key = self.message(operation).idempotency_key
            for attempt in (1, 2):
                subject.deliver(self.context(http), self.message(operation, attempt))
            sent = " ".join(request.everything() for request in http.requests)
            assert sent.count(key) >= 2, f"{operation} does not send the idempotency key"

    def test_an_operation_that_it_has_not_is_refused_for_good(self, subject: Any) -> None:
        error = self.refused(subject, "no_such_operation", FakeHttp(self.good_answer))
        assert isinstance(error, PermanentError)

    def test_no_answer_is_tried_again(self, subject: Any) -> None:
        for operation in self.operations:
            assert isinstance(self.refused(subject, operation, timed_out()), TransientError)

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_a_broken_partner_is_tried_again(self, subject: Any, status: int) -> None:
        for operation in self.operations:
            http = FakeHttp(FakeResponse(status, b"<h1>sorry</h1>"))
            assert isinstance(self.refused(subject, operation, http), TransientError)

    def test_a_busy_partner_is_tried_again_when_it_wants(self, subject: Any) -> None:
        for operation in self.operations:
            http = FakeHttp(FakeResponse(429, b"", {"Retry-After": "17"}))
            error = self.refused(subject, operation, http)
            assert isinstance(error, TransientError)
            assert error.retry_after == 17

    @pytest.mark.parametrize("wish", ["soon", "", "-1", "1e9", "9" * 400, "\u0663"])
    def test_a_rubbish_wish_does_not_matter(self, subject: Any, wish: str) -> None:
        for operation in self.operations:
            http = FakeHttp(FakeResponse(429, b"", {"Retry-After": wish}))
            error = self.refused(subject, operation, http)
            assert isinstance(error, TransientError)
            assert error.retry_after is None or error.retry_after >= 0

    def test_refused_credentials_pause_the_connection(self, subject: Any) -> None:
        for operation in self.operations:
            http = FakeHttp(FakeResponse(401, b'{"error": "unauthorized"}'))
            assert isinstance(self.refused(subject, operation, http), AuthFailedError)

    def test_a_message_that_is_not_wanted_is_not_repeated(self, subject: Any) -> None:
        for operation in self.operations:
            http = FakeHttp(FakeResponse(400, b'{"error": "no such field"}'))
            assert isinstance(self.refused(subject, operation, http), PermanentError)

    @pytest.mark.parametrize("status", [200, 302, 404, 500])
    @pytest.mark.parametrize("body", RUBBISH)
    def test_a_rubbish_answer_is_no_crash(self, subject: Any, status: int, body: bytes) -> None:
        for operation in self.operations:
            try:
                self.deliver(subject, operation, FakeHttp(FakeResponse(status, body)))
            except ProviderError as error:
                assert not self.leaks(str(error))

    def test_the_connection_can_be_tried(self, subject: Any) -> None:
        if self.speaks_http:
            health = subject.check(self.context(FakeHttp(self.good_answer)))
            require_shape(health, Health)
            assert health.status is HealthStatus.OK
        for bad in (timed_out(), FakeHttp(FakeResponse(401)), FakeHttp(FakeResponse(500, b"?"))):
            try:
                health = subject.check(self.context(bad))
            except ProviderError as error:
                assert not self.leaks(str(error))
            else:
                require_shape(health, Health)
                if bad.requests:
                    assert health.status is not HealthStatus.OK
                assert not self.leaks(f"{health.message} {health.hint}")

    def signed(self, subject: Provider) -> tuple[Mapping[str, str], bytes] | None:
        """Return headers and body of a genuine webhook call at NOW, None for no webhooks."""
        return None

    def test_a_genuine_webhook_is_taken_and_an_altered_one_refused(self, subject: Any) -> None:
        signed = self.signed(subject)
        if signed is None:
            return
        headers, raw = signed
        context = self.context(FakeHttp(self.good_answer))
        assert subject.verify_webhook(context, headers, raw) is True
        assert subject.verify_webhook(context, headers, raw + b" ") is False
        assert subject.verify_webhook(context, {}, raw) is False
        events = subject.parse_webhook(context, raw)
        require_shape(events, list[InboundEvent])
        assert events == subject.parse_webhook(context, raw), "dedupe keys change"

    @hostile
    @given(
        headers=st.dictionaries(st.text(max_size=20), st.text(max_size=40), max_size=4),
        raw=st.one_of(st.binary(max_size=200), st.sampled_from(RUBBISH)),
    )
    def test_a_strangers_call_is_refused(
        self, subject: Any, headers: dict[str, str], raw: bytes
    ) -> None:
        context = self.context(FakeHttp(self.good_answer))
        assert subject.verify_webhook(context, headers, raw) is False
        signed = self.signed(subject)
        if signed is not None:
            forged = dict.fromkeys(signed[0], next(iter(headers.values()), "x"))
            assert subject.verify_webhook(context, forged, raw) is False

    @hostile
    @given(raw=st.one_of(st.binary(max_size=200), st.sampled_from(RUBBISH), _json_bytes()))
    def test_a_rubbish_call_is_no_crash(self, subject: Any, raw: bytes) -> None:
        try:
            events = subject.parse_webhook(self.context(FakeHttp(self.good_answer)), raw)
        except ProviderError:
            return
        require_shape(events, list[InboundEvent])

    def test_what_is_new_is_read_page_by_page(self, subject: Any) -> None:
        for stream in (*self.streams, "no_such_stream"):
            for answer in (self.good_answer, *(FakeResponse(200, body) for body in RUBBISH)):
                try:
                    page = subject.pull(self.context(FakeHttp(answer)), stream, None)
                except ProviderError:
                    continue
                require_shape(page, Page)
