"""A message reaches the partner once in effect, in order, or a person sees why not."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from examhall.core.contracts.base import Kind
from examhall.core.db import database_now
from examhall.core.errors import ConflictError, ForbiddenError, NotFoundError
from examhall.core.integrations import delivery
from examhall.core.integrations.connections import update_connection
from examhall.core.integrations.delivery import MOST_TRIES, backoff
from examhall.core.integrations.models import Connection, OutboxMessage
from examhall.core.integrations.operations import queue_message, replay_message
from examhall.core.integrations.queries import find_connections_with_due_messages, list_messages
from examhall.core.permissions import NOBODY, SYSTEM, Principal, Role
from examhall.core.platform import Platform
from tests.core.integrations.world import (
    SECRET,
    connect,
    connection_now,
    deliver,
    event_types,
    let_time_pass,
    messages,
    queue,
)
from tests.partner import Answer, partner


def test_a_message_is_delivered_and_noted(platform: Platform) -> None:
    with partner() as server:
        connection = connect(platform, server.url)
        queue(platform, "result:1", points="7.5")
        deliver(platform, connection)
        deliver(platform, connection)
    (call,) = server.calls
    assert json.loads(call.body) == {
        "id": "result:1",
        "event": "push_result",
        "data": {"points": "7.5"},
    }
    (message,) = messages(platform)
    assert (message.state, message.tries, message.last_error) == ("delivered", 1, "")
    assert message.delivered_at is not None
    assert message.provider_version
    assert len(message.config_digest) == 64
    assert event_types(platform) == ["message.delivered"]


def test_the_same_idempotency_key_is_one_message(platform: Platform) -> None:
    with partner() as server:
        connection = connect(platform, server.url)
        assert len(queue(platform, "result:1")) == 1
        assert queue(platform, "result:1") == []
        deliver(platform, connection)
        assert queue(platform, "result:1") == []
        deliver(platform, connection)
    assert len(server.calls) == 1


def test_many_at_once_queue_one_message(platform: Platform) -> None:
    connect(platform, "https://partner.example")
    with ThreadPoolExecutor(8) as pool:
        written = list(pool.map(lambda _: queue(platform, "result:1"), range(16)))
    assert sum(map(len, written)) == 1


def test_a_rolled_back_change_tells_nobody(platform: Platform) -> None:
    connect(platform, "https://partner.example")
    with platform.db.transaction() as session:
        queue_message(session, platform, "push_result", {}, idempotency_key="a")
        session.rollback()
    assert messages(platform) == []


def test_every_connection_that_can_gets_the_message(platform: Platform) -> None:
    with partner() as server:
        one, two = connect(platform, server.url), connect(platform, server.url)
        off = connect(platform, server.url)
        update_connection(platform, SYSTEM, off.id, state="disabled")
        assert len(queue(platform, "a")) == 2
        assert queue(platform, "b", operation="open_ticket") == []
        deliver(platform, one)
        deliver(platform, two)
        deliver(platform, off)
    assert len(server.calls) == 2


def test_a_failed_message_is_tried_again_with_the_same_key(platform: Platform) -> None:
    with partner(Answer(500), Answer(503)) as server:
        connection = connect(platform, server.url)
        queue(platform, "result:1")
        for _ in range(3):
            deliver(platform, connection)
            let_time_pass(platform)
    assert {call.headers["X-Examhall-Delivery"] for call in server.calls} == {"result:1"}
    assert len(server.calls) == 3
    (message,) = messages(platform)
    assert (message.state, message.tries) == ("delivered", 3)


def test_a_message_waits_before_the_next_try(platform: Platform) -> None:
    with partner(Answer(500)) as server:
        connection = connect(platform, server.url)
        queue(platform, "result:1")
        began = datetime.now(UTC)
        deliver(platform, connection)
    (message,) = messages(platform)
    assert message.state == "pending"
    assert message.due_at > began
    assert "500" in message.last_error


def test_the_partners_wish_holds_for_all_messages(platform: Platform) -> None:
    with partner(Answer(429, {"Retry-After": "30"})) as server:
        connection = connect(platform, server.url)
        began = datetime.now(UTC)
        for key in ("a", "b", "c"):
            queue(platform, key)
        deliver(platform, connection)
        deliver(platform, connection)
    assert len(server.calls) == 1
    waits = [(message.due_at - began).total_seconds() for message in messages(platform)]
    assert all(29.5 <= wait < 60 for wait in waits)


def test_a_message_that_never_arrives_is_dead_after_its_tries(platform: Platform) -> None:
    with partner() as server:
        server.answer = lambda call: Answer(500)
        connection = connect(platform, server.url)
        queue(platform, "a")
        for _ in range(MOST_TRIES + 3):
            deliver(platform, connection)
            let_time_pass(platform)
    assert len(server.calls) == MOST_TRIES
    (message,) = messages(platform)
    assert message.state == "dead"
    assert event_types(platform) == ["message.died"]


def test_a_refused_message_is_dead_at_once_and_others_go_on(platform: Platform) -> None:
    with partner(Answer(400)) as server:
        connection = connect(platform, server.url)
        queue(platform, "bad")
        queue(platform, "good")
        deliver(platform, connection)
    assert [message.state for message in messages(platform)] == ["dead", "delivered"]


def test_a_dead_letter_can_be_sent_again(platform: Platform) -> None:
    with partner(Answer(400)) as server:
        connection = connect(platform, server.url)
        (message_id,) = queue(platform, "a")
        deliver(platform, connection)
        with platform.db.transaction() as session:
            replay_message(session, platform, SYSTEM, message_id)
        deliver(platform, connection)
        with pytest.raises(ConflictError), platform.db.transaction() as session:
            replay_message(session, platform, SYSTEM, message_id)
    assert [call.headers["X-Examhall-Delivery"] for call in server.calls] == ["a", "a"]
    assert messages(platform)[0].state == "delivered"


def test_only_who_manages_connections_sees_and_replays_messages(platform: Platform) -> None:
    connection = connect(platform, "https://partner.example")
    (message_id,) = queue(platform, "a")
    author = Principal(None, "author", frozenset({(Role.AUTHOR, None)}))
    for principal in (author, NOBODY):
        with platform.db.transaction() as session:
            with pytest.raises(Exception, match=r"allowed|Sign in"):
                replay_message(session, platform, principal, message_id)
            with pytest.raises(Exception, match=r"allowed|Sign in"):
                list_messages(session, principal, connection.id)
    with platform.db.transaction() as session, pytest.raises(NotFoundError):
        replay_message(session, platform, SYSTEM, connection.id)
    with pytest.raises(ForbiddenError):
        update_connection(platform, Principal(message_id, "x"), connection.id, title="x")


def test_refused_credentials_pause_the_connection_and_keep_its_messages(platform: Platform) -> None:
    with partner(Answer(401)) as server:
        connection = connect(platform, server.url)
        queue(platform, "a")
        deliver(platform, connection)
        paused = connection_now(platform, connection)
        assert paused.state == "paused"
        assert "401" in paused.pause_reason
        queue(platform, "b")
        deliver(platform, connection)
        assert len(server.calls) == 1
        with platform.db.reading() as session:
            assert find_connections_with_due_messages(session) == []
        update_connection(platform, SYSTEM, connection.id, state="enabled")
        deliver(platform, connection)
    assert [message.state for message in messages(platform)] == ["delivered", "delivered"]
    assert [message.tries for message in messages(platform)] == [1, 1]
    assert event_types(platform)[0] == "connection.paused"
    assert connection_now(platform, connection).pause_reason == ""


def test_an_address_inside_pauses_the_connection(platform: Platform) -> None:
    connection = connect(platform, "http://169.254.169.254/latest")
    queue(platform, "a")
    deliver(platform, connection)
    assert "EXAMHALL_OUTBOUND_NETWORKS" in connection_now(platform, connection).pause_reason


def test_messages_of_one_key_go_one_after_the_other(platform: Platform) -> None:
    with partner(Answer(500)) as server:
        connection = connect(platform, server.url)
        for number in range(3):
            queue(platform, f"one:{number}", order="one", number=number)
        queue(platform, "two:0", order="two")
        deliver(platform, connection)
        keys = [call.headers["X-Examhall-Delivery"] for call in server.calls]
        assert keys == ["one:0", "two:0"]
        let_time_pass(platform)
        deliver(platform, connection)
    keys = [call.headers["X-Examhall-Delivery"] for call in server.calls]
    assert keys[2:] == ["one:0", "one:1", "one:2"]


def test_messages_of_one_transaction_keep_their_order(platform: Platform) -> None:
    with partner() as server:
        connection = connect(platform, server.url)
        with platform.db.transaction() as session:
            for number in range(20):
                queue_message(
                    session,
                    platform,
                    "push_result",
                    {},
                    idempotency_key=str(number),
                    ordering_key="attempt",
                )
        deliver(platform, connection)
    keys = [call.headers["X-Examhall-Delivery"] for call in server.calls]
    assert keys == [str(number) for number in range(20)]


def test_many_workers_send_each_message_once_and_in_order(platform: Platform) -> None:
    with partner() as server:
        connection = connect(platform, server.url)
        for number in range(30):
            queue(platform, f"{number:02}", order=str(number % 3))
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: deliver(platform, connection), range(4)))
        deliver(platform, connection)
    keys = [call.headers["X-Examhall-Delivery"] for call in server.calls]
    assert sorted(keys) == [f"{number:02}" for number in range(30)]
    for order in range(3):
        of_one_key = [key for key in keys if int(key) % 3 == order]
        assert of_one_key == sorted(of_one_key)


def test_a_message_of_a_dead_worker_is_sent_again(platform: Platform) -> None:
    with partner() as server:
        connection = connect(platform, server.url)
        queue(platform, "a")
        assert delivery._lease_next(platform, connection.id) is not None
        deliver(platform, connection)
        assert server.calls == []
        let_time_pass(platform)
        deliver(platform, connection)
    assert len(server.calls) == 1
    assert messages(platform)[0].tries == 2


def test_a_message_that_ends_its_workers_is_dead_after_its_tries(platform: Platform) -> None:
    with partner() as server:
        connection = connect(platform, server.url)
        queue(platform, "poison")
        queue(platform, "good")
        with platform.db.transaction() as session:
            session.execute(
                update(OutboxMessage)
                .where(OutboxMessage.idempotency_key == "poison")
                .values(state="leased", tries=MOST_TRIES, leased_until=database_now(session))
            )
        deliver(platform, connection)
    assert [call.headers["X-Examhall-Delivery"] for call in server.calls] == ["good"]
    poison, good = messages(platform)
    assert (poison.state, good.state) == ("dead", "delivered")
    assert "worker ended" in poison.last_error
    assert "message.died" in event_types(platform)


def test_a_worker_that_lost_its_lease_changes_nothing(platform: Platform) -> None:
    with partner() as server:
        connection = connect(platform, server.url)
        queue(platform, "a")
        late = delivery._lease_next(platform, connection.id)
        assert late is not None
        let_time_pass(platform)
        deliver(platform, connection)
        assert delivery._deliver(platform, late)
    assert len(server.calls) == 2
    assert event_types(platform) == ["message.delivered"]


def test_a_long_call_keeps_its_lease(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "LEASE_SECONDS", 0.6)
    monkeypatch.setattr(delivery, "RENEW_SECONDS", 0.1)
    with partner(Answer(wait=1.5)) as server:
        connection = connect(platform, server.url)
        queue(platform, "a")
        thread = threading.Thread(target=deliver, args=(platform, connection))
        thread.start()
        time.sleep(1.0)
        deliver(platform, connection)
        thread.join()
    assert len(server.calls) == 1


def test_secrets_do_not_get_into_the_messages_error(platform: Platform) -> None:
    connection = connect(platform, "https://partner.example")
    provider = delivery.configure_provider(platform, connection)
    words = delivery.redacted(provider, RuntimeError(f"cannot use {SECRET}"))
    assert words == "cannot use [secret]"


@given(st.integers(1, 1000), st.floats(0, 1e12))
def test_the_wait_is_at_least_the_wish_and_bounded(tries: int, wish: float) -> None:
    seconds = backoff(tries, wish)
    assert min(wish, 86400) <= seconds <= 86400 + 900


def test_a_configuration_that_does_not_fit_any_more_pauses_the_connection(
    platform: Platform,
) -> None:
    connection = connect(platform, "https://partner.example")
    queue(platform, "a")
    with platform.db.transaction() as session:
        config = {**connection.config, "url": "nowhere"}
        session.execute(update(Connection).values(config=config))
    deliver(platform, connection)
    assert "url" in connection_now(platform, connection).pause_reason
    assert messages(platform)[0].tries == 0


def test_messages_wait_while_their_provider_is_switched_off(platform: Platform) -> None:
    with partner() as server:
        connection = connect(platform, server.url)
        platform.plugins.set_enabled(Kind.PROVIDER, "webhook", False)
        assert len(queue(platform, "a")) == 1
        deliver(platform, connection)
        assert connection_now(platform, connection).state == "enabled"
        platform.plugins.set_enabled(Kind.PROVIDER, "webhook", True)
        deliver(platform, connection)
    assert len(server.calls) == 1
