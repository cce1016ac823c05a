"""A partner's call is verified, stored as it came, and acted on once."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from examhall.core.contracts.provider import Acknowledgement
from examhall.core.errors import ForbiddenError, NotFoundError
from examhall.core.events.models import Event
from examhall.core.integrations import delivery
from examhall.core.integrations.connections import update_connection
from examhall.core.integrations.inbox import apply_message, receive_webhook
from examhall.core.integrations.models import InboxMessage, OutboxMessage
from examhall.core.permissions import SYSTEM
from examhall.core.platform import Platform
from examhall.core.queue.threads import ThreadQueue
from examhall.providers.webhook import sign
from tests.core.integrations.world import SECRET, connect, event_types, messages, queue


def body(identity: str = "e1", event: str = "seat.changed", **data: Any) -> bytes:
    return json.dumps({"id": identity, "event": event, "data": data}).encode()


def headers(
    platform: Platform, raw: bytes, *, shift: int = 0, secret: str = SECRET
) -> dict[str, str]:
    timestamp = int(platform.clock.now().timestamp()) + shift
    return {
        "X-Examhall-Timestamp": str(timestamp),
        "X-Examhall-Signature": sign(secret, timestamp, raw),
    }


def receive(platform: Platform, connection_id: UUID, raw: bytes) -> bool:
    return receive_webhook(platform, connection_id, headers(platform, raw), raw)


def inbox(platform: Platform, prefix: str = "raw:") -> list[InboxMessage]:
    with platform.db.reading() as session:
        rows = select(InboxMessage).where(InboxMessage.dedupe_key.startswith(prefix))
        return list(session.scalars(rows.order_by(InboxMessage.received_at)))


def apply_all(platform: Platform) -> None:
    for message in inbox(platform):
        apply_message(platform, message.id)


def told(platform: Platform) -> list[dict[str, Any]]:
    with platform.db.reading() as session:
        events = select(Event.data).where(Event.event_type == "partner.event_received")
        return list(session.scalars(events.order_by(Event.number)))


@pytest.fixture
def connection_id(platform: Platform) -> UUID:
    return connect(platform, "https://partner.example").id


def test_a_genuine_call_is_stored_and_acted_on(platform: Platform, connection_id: UUID) -> None:
    raw = body(seat=7)
    assert receive(platform, connection_id, raw)
    assert isinstance(platform.queue, ThreadQueue)
    assert platform.queue.depth("delivery") == 1
    assert inbox(platform)[0].raw == raw
    apply_all(platform)
    (data,) = told(platform)
    assert (data["name"], data["data"]) == ("seat.changed", {"seat": 7})
    assert inbox(platform)[0].state == "applied"


def test_a_call_that_is_repeated_changes_nothing(platform: Platform, connection_id: UUID) -> None:
    assert receive(platform, connection_id, body())
    assert not receive(platform, connection_id, body())
    apply_all(platform)
    assert not receive(platform, connection_id, body())
    apply_all(platform)
    assert len(told(platform)) == 1


def test_an_event_that_comes_in_two_calls_counts_once(
    platform: Platform, connection_id: UUID
) -> None:
    one = {"id": "e1", "event": "a", "data": {}}
    two = {"id": "e2", "event": "b", "data": {}}
    receive(platform, connection_id, json.dumps([one]).encode())
    receive(platform, connection_id, json.dumps([one, two]).encode())
    apply_all(platform)
    assert [event["name"] for event in told(platform)] == ["a", "b"]


def test_a_job_that_runs_twice_at_once_acts_once(platform: Platform, connection_id: UUID) -> None:
    receive(platform, connection_id, body())
    (message,) = inbox(platform)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: apply_message(platform, message.id), range(4)))
    assert len(told(platform)) == 1


def test_calls_that_are_not_genuine_are_refused(platform: Platform, connection_id: UUID) -> None:
    raw = body()
    good = headers(platform, raw)
    wrong = [
        {},
        {"X-Examhall-Signature": good["X-Examhall-Signature"]},
        {**good, "X-Examhall-Signature": "sha256=" + "0" * 64},
        {**good, "X-Examhall-Signature": "ü"},
        {**good, "X-Examhall-Timestamp": "now"},
        {**good, "X-Examhall-Timestamp": "9" * 400},
        headers(platform, raw, secret="another secret of the same length"),
        headers(platform, raw, shift=-301),
        headers(platform, raw, shift=400),
        headers(platform, raw + b" "),
    ]
    for given in wrong:
        with pytest.raises(ForbiddenError):
            receive_webhook(platform, connection_id, given, raw)
    assert inbox(platform) == []


def test_unknown_and_disabled_connections_are_not_found(
    platform: Platform, connection_id: UUID
) -> None:
    with pytest.raises(NotFoundError):
        receive(platform, uuid4(), body())
    update_connection(platform, SYSTEM, connection_id, state="disabled")
    with pytest.raises(NotFoundError):
        receive(platform, connection_id, body())


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[1]",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"id": 1, "event": "a"}',
        b'{"id": "", "event": "a"}',
        b'{"id": "a", "event": "a", "data": []}',
        b'{"id": "a", "event": "a", "data": {"x": "\\u0000"}}',
        b'{"id": "a", "event": "a", "data": {"x": "\\ud800"}}',
        b'{"id": "a", "event": "a", "data": {"x": NaN}}',
        json.dumps({"id": "x" * 5000, "event": "a"}).encode(),
    ],
)
def test_a_signed_call_that_cannot_be_read_is_kept_and_failed(
    platform: Platform, connection_id: UUID, raw: bytes
) -> None:
    assert receive(platform, connection_id, raw)
    apply_all(platform)
    (message,) = inbox(platform)
    assert (message.state, message.raw) == ("failed", raw)
    assert message.last_error
    assert told(platform) == []


@pytest.mark.parametrize(
    ("event", "state"), [("message.acknowledged", "delivered"), ("message.rejected", "dead")]
)
def test_a_late_answer_settles_the_message_that_awaits_it(
    platform: Platform, connection_id: UUID, event: str, state: str
) -> None:
    queue(platform, "one")
    queue(platform, "two")
    with platform.db.transaction() as session:
        session.execute(update(OutboxMessage).values(state="awaiting_ack"))
    receive(platform, connection_id, body("e1", event, idempotency_key="one", reason="full"))
    receive(platform, connection_id, body("e2", event))
    apply_all(platform)
    assert [message.state for message in messages(platform)] == [state, "awaiting_ack"]
    told_of = "message.delivered" if state == "delivered" else "message.died"
    assert event_types(platform).count(told_of) == 1


def test_an_answer_that_is_faster_than_the_sending_settles_its_message(
    platform: Platform, connection_id: UUID
) -> None:
    queue(platform, "one")
    leased = delivery._lease_next(platform, connection_id)
    assert leased is not None
    receive(platform, connection_id, body("e1", "message.acknowledged", idempotency_key="one"))
    apply_all(platform)
    delivery._finish(platform, leased, Acknowledgement(awaiting=True))
    (message,) = messages(platform)
    assert (message.state, message.leased_until) == ("delivered", None)
    assert event_types(platform).count("message.delivered") == 1


def test_a_failed_call_that_comes_again_is_tried_anew(
    platform: Platform, connection_id: UUID
) -> None:
    assert receive(platform, connection_id, body())
    with platform.db.transaction() as session:
        session.execute(update(InboxMessage).values(state="failed", tries=5))
    assert receive(platform, connection_id, body())
    apply_all(platform)
    assert [(message.state, message.tries) for message in inbox(platform)] == [("applied", 0)]
    assert not receive(platform, connection_id, body())
    assert len(told(platform)) == 1
