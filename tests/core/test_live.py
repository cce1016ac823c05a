"""Messages reach all who watch, in order; who falls behind is told so."""

import threading
import time
from collections.abc import Iterator

import pytest

from examhall.core.live import BACKLOG, LiveBroker, LiveMessage, open_live_broker
from examhall.core.settings import load_settings
from tests.services.process import free_port
from tests.services.redis import RedisServer


@pytest.fixture(params=["process", pytest.param("redis", marks=pytest.mark.services)])
def broker(request: pytest.FixtureRequest) -> Iterator[LiveBroker]:
    url = request.getfixturevalue("redis_url") if request.param == "redis" else ""
    broker = open_live_broker(load_settings({}, redis_url=url))
    yield broker
    broker.close()


def test_a_message_reaches_all_who_watch_the_channel(broker: LiveBroker) -> None:
    with broker.subscribe("exam:1") as one, broker.subscribe("exam:1", "exam:2") as two:
        broker.publish("exam:1", "incident", {"id": 7})
        for subscription in (one, two):
            assert subscription.get(5) == LiveMessage("incident", {"id": 7})


def test_other_channels_are_not_heard(broker: LiveBroker) -> None:
    with broker.subscribe("attempt:1") as subscription:
        broker.publish("attempt:2", "clock", {})
        broker.publish("attempt:1", "state", {})
        assert subscription.get(5) == LiveMessage("state", {})


def test_messages_come_in_order(broker: LiveBroker) -> None:
    with broker.subscribe("exam:1") as subscription:
        for number in range(BACKLOG // 2):
            broker.publish("exam:1", "frame", {"number": number})
        got = [subscription.get(5) for _ in range(BACKLOG // 2)]
    assert [message and message.data["number"] for message in got] == list(range(BACKLOG // 2))


def test_silence_is_a_heartbeat(broker: LiveBroker) -> None:
    subscription = broker.subscribe("exam:1", heartbeat=0.05)
    assert next(iter(subscription)) is None
    subscription.close()


def test_who_falls_behind_gets_a_resync_and_the_newest(broker: LiveBroker) -> None:
    with broker.subscribe("exam:1") as slow, broker.subscribe("exam:1") as fast:
        for number in range(BACKLOG + 50):
            broker.publish("exam:1", "frame", {"number": number})
            fast.get(5)
        first = slow.get(5)
        assert first is not None
        assert first.event == "resync"
        rest = [slow.get(0.2) for _ in range(BACKLOG)]
        assert rest[-1] == LiveMessage("frame", {"number": BACKLOG + 49})
        assert slow.get(0.05) is None


def test_closing_ends_the_iteration(broker: LiveBroker) -> None:
    subscription = broker.subscribe("exam:1", heartbeat=30)
    threading.Timer(0.1, subscription.close).start()
    assert list(subscription) == []


def test_closing_the_broker_ends_every_iteration(broker: LiveBroker) -> None:
    subscription = broker.subscribe("exam:1", heartbeat=30)
    threading.Timer(0.1, broker.close).start()
    assert list(subscription) == []


@pytest.mark.services
def test_messages_cross_processes(redis_url: str) -> None:
    settings = load_settings({}, redis_url=redis_url)
    here, there = open_live_broker(settings), open_live_broker(settings)
    with here.subscribe("exam:1") as subscription:
        there.publish("exam:1", "session", {"state": "open"})
        assert subscription.get(5) == LiveMessage("session", {"state": "open"})
    here.close()
    there.close()


@pytest.mark.services
def test_after_redis_was_away_everybody_reads_anew() -> None:
    server = RedisServer()
    broker = open_live_broker(load_settings({}, redis_url=server.url))
    subscription = broker.subscribe("exam:1")
    port = server.port
    server.stop()
    broker.publish("exam:1", "frame", {})
    again = RedisServer(port)
    message = subscription.get(10)
    assert message is not None
    assert message.event == "resync"
    deadline = time.monotonic() + 5
    broker.publish("exam:1", "frame", {"number": 1})
    assert subscription.get(deadline - time.monotonic()) == LiveMessage("frame", {"number": 1})
    broker.close()
    again.stop()


def test_a_redis_that_is_away_raises_nothing() -> None:
    broker = open_live_broker(load_settings({}, redis_url=f"redis://127.0.0.1:{free_port()}/0"))
    broker.publish("exam:1", "frame", {})
    with broker.subscribe("exam:1", heartbeat=0.05) as subscription:
        assert subscription.get(0.05) is None
    broker.close()
