"""The webhook provider: signed, once in effect, and clear about what went wrong."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examhall.plugins import (
    AuthFailedError,
    HealthStatus,
    OutboundMessage,
    PermanentError,
    ProviderContext,
    ProviderError,
    TransientError,
)
from examhall.providers.webhook import Webhook, retry_after, sign

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECRET = "sixteen characters or more"
MESSAGE = OutboundMessage("1", "push_result", {"points": "3"}, "result:1")


@dataclass
class Response:
    """An answer."""

    status_code: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    text: str = ""

    def json(self) -> Any:
        return json.loads(self.content)


@dataclass
class Http:
    """A session that keeps what it sent and gives one answer."""

    response: Response = field(default_factory=Response)
    sent: list[dict[str, Any]] = field(default_factory=list)

    def request(self, method: str, url: str, **options: Any) -> Response:
        self.sent.append({"method": method, "url": url, **options})
        return self.response


def provider() -> Webhook:
    return Webhook().configured({"url": "https://partner.example/hook", "secret": SECRET})


def context(http: Http) -> ProviderContext:
    return ProviderContext("c1", http, NOW)


def fail(status: int, headers: Mapping[str, str] | None = None) -> ProviderError:
    http = Http(Response(status, headers or {}))
    with pytest.raises(ProviderError) as caught:
        provider().deliver(context(http), MESSAGE)
    return caught.value


def test_a_call_is_signed_so_that_the_receiver_can_check_it() -> None:
    http = Http()
    provider().deliver(context(http), MESSAGE)
    (sent,) = http.sent
    assert (sent["method"], sent["url"]) == ("POST", "https://partner.example/hook")
    timestamp = sent["headers"]["X-Examhall-Timestamp"]
    assert timestamp == str(int(NOW.timestamp()))
    mac = hmac.new(SECRET.encode(), timestamp.encode() + b"." + sent["data"], hashlib.sha256)
    assert sent["headers"]["X-Examhall-Signature"] == f"sha256={mac.hexdigest()}"
    assert sent["headers"]["X-Examhall-Delivery"] == "result:1"
    assert json.loads(sent["data"]) == {
        "id": "result:1",
        "event": "push_result",
        "data": {"points": "3"},
    }


def test_our_own_calls_pass_our_own_check() -> None:
    http = Http()
    provider().deliver(context(http), MESSAGE)
    (sent,) = http.sent
    lower = {name.lower(): value for name, value in sent["headers"].items()}
    assert provider().verify_webhook(context(http), lower, sent["data"])
    assert not provider().verify_webhook(context(http), lower, sent["data"] + b" ")


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_success_is_an_acknowledgement(status: int) -> None:
    assert not provider().deliver(context(Http(Response(status))), MESSAGE).awaiting


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_signature_is_a_matter_of_credentials(status: int) -> None:
    assert isinstance(fail(status), AuthFailedError)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_trouble_over_there_is_worth_another_try(status: int) -> None:
    error = fail(status)
    assert isinstance(error, TransientError)
    assert error.retry_after is None


@pytest.mark.parametrize("status", [301, 302, 400, 404, 409, 410, 413, 422])
def test_a_refused_message_is_not_tried_again(status: int) -> None:
    assert isinstance(fail(status), PermanentError)


def test_the_receivers_wish_is_passed_on() -> None:
    error = fail(429, {"Retry-After": "120"})
    assert isinstance(error, TransientError)
    assert error.retry_after == 120


def test_a_wish_may_be_a_date() -> None:
    later = format_datetime(datetime(2026, 3, 1, 12, 1, 30, tzinfo=UTC), usegmt=True)
    assert retry_after(later, NOW) == 90
    earlier = format_datetime(datetime(2026, 3, 1, 11, 0, tzinfo=UTC), usegmt=True)
    assert retry_after(earlier, NOW) == 0


@given(st.text(max_size=60) | st.none())
def test_no_wish_breaks_anything(header: str | None) -> None:
    wish = retry_after(header, NOW)
    assert wish is None or wish >= 0


def test_an_operation_that_it_does_not_have_is_permanent() -> None:
    with pytest.raises(PermanentError):
        provider().deliver(context(Http()), OutboundMessage("1", "open_ticket", {}, "k"))


def test_the_test_sends_a_ping_and_says_how_it_went() -> None:
    http = Http()
    assert provider().check(context(http)).status is HealthStatus.OK
    assert json.loads(http.sent[0]["data"])["event"] == "ping"
    assert provider().check(context(Http(Response(500)))).status is HealthStatus.FAILED


@given(st.binary(max_size=200), st.integers(-1000, 1000))
def test_a_call_is_genuine_within_five_minutes(body: bytes, shift: int) -> None:
    timestamp = int(NOW.timestamp()) + shift
    headers = {
        "X-Examhall-Timestamp": str(timestamp),
        "X-Examhall-Signature": sign(SECRET, timestamp, body),
    }
    genuine = provider().verify_webhook(context(Http()), headers, body)
    assert genuine == (abs(shift) <= 300)


@given(st.dictionaries(st.text(), st.text()), st.binary())
def test_no_headers_break_the_check(headers: dict[str, str], body: bytes) -> None:
    assert provider().verify_webhook(context(Http()), headers, body) is False


@given(st.binary())
def test_a_body_is_read_or_refused(body: bytes) -> None:
    try:
        events = provider().parse_webhook(context(Http()), body)
    except PermanentError:
        return
    assert all(event.dedupe_key for event in events)


def test_one_event_or_several() -> None:
    one = {"id": "a", "event": "x", "data": {"n": 1}}
    (event,) = provider().parse_webhook(context(Http()), json.dumps(one).encode())
    assert (event.event_type, event.dedupe_key, event.data) == ("x", "a", {"n": 1})
    two = [one, {"id": "b", "event": "y"}]
    events = provider().parse_webhook(context(Http()), json.dumps(two).encode())
    assert [event.dedupe_key for event in events] == ["a", "b"]
