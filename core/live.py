"""The live stream: what happens now, for whoever watches. Nothing in it is kept.

A watcher that falls behind loses the oldest messages and gets a `resync` instead, upon which it
reads the present state anew; so does every watcher after Redis was away.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from examhall.core.settings import Settings

log = logging.getLogger(__name__)

BACKLOG = 200
HEARTBEAT_SECONDS = 15.0
PREFIX = "examhall:live:"
RECONNECT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class LiveMessage:
    """One message: `event` names its kind, `data` is a JSON object."""

    event: str
    data: Mapping[str, Any] = field(default_factory=dict)


RESYNC = LiveMessage("resync")


class Subscription:
    """The messages of some channels, in order, until it is closed."""

    def __init__(self, hub: Hub, channels: tuple[str, ...], heartbeat: float) -> None:
        self.channels = channels
        self._hub = hub
        self._heartbeat = heartbeat
        self._changed = threading.Condition()
        self._messages: deque[LiveMessage] = deque()
        self._behind = False
        self._closed = False

    def __iter__(self) -> Iterator[LiveMessage | None]:
        while not self._closed:
            message = self.get(self._heartbeat)
            if not self._closed:
                yield message

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(self, timeout: float) -> LiveMessage | None:
        """Return the next message, or None when none comes within `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(
                lambda: bool(self._messages or self._behind or self._closed), timeout
            )
            if self._behind:
                self._behind = False
                return RESYNC
            return self._messages.popleft() if self._messages else None

    def close(self) -> None:
        """End the iteration and take no more messages."""
        self._hub.remove(self)
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def put(self, message: LiveMessage) -> None:
        """Add a message; the oldest goes when there are too many."""
        with self._changed:
            if len(self._messages) >= BACKLOG:
                self._messages.popleft()
                self._behind = True
            self._messages.append(message)
            self._changed.notify()

    def resync(self) -> None:
        """Forget what waits: the watcher has to read everything anew."""
        with self._changed:
            self._messages.clear()
            self._behind = True
            self._changed.notify()


class LiveBroker(Protocol):
    """Carries messages from those who publish to those who watch."""

    def publish(self, channel: str, event: str, data: Mapping[str, Any]) -> None:
        """Send to all who watch the channel. Call it after the commit; never raises."""

    def subscribe(self, *channels: str, heartbeat: float = HEARTBEAT_SECONDS) -> Subscription:
        """Watch channels; the iterator gives None after `heartbeat` seconds of silence."""

    def close(self) -> None:
        """End all subscriptions."""


class Hub:
    """The subscriptions of this process by channel."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._channels: dict[str, set[Subscription]] = {}

    def add(self, channels: tuple[str, ...], heartbeat: float) -> Subscription:
        """Make a subscription."""
        subscription = Subscription(self, channels, heartbeat)
        with self._guard:
            for channel in channels:
                self._channels.setdefault(channel, set()).add(subscription)
        return subscription

    def remove(self, subscription: Subscription) -> None:
        """Forget a subscription."""
        with self._guard:
            for channel in subscription.channels:
                watchers = self._channels.get(channel, set())
                watchers.discard(subscription)
                if not watchers:
                    self._channels.pop(channel, None)

    def watchers(self, channel: str) -> list[Subscription]:
        """Return who watches a channel."""
        with self._guard:
            return list(self._channels.get(channel, ()))

    def everybody(self) -> set[Subscription]:
        """Return all subscriptions."""
        with self._guard:
            return {one for watchers in self._channels.values() for one in watchers}

    def close(self) -> None:
        """Close all subscriptions."""
        for subscription in self.everybody():
            subscription.close()


class LocalBroker:
    """A broker for one process."""

    def __init__(self) -> None:
        self._hub = Hub()

    def publish(self, channel: str, event: str, data: Mapping[str, Any]) -> None:
        """Send a message; see LiveBroker."""
        for subscription in self._hub.watchers(channel):
            subscription.put(LiveMessage(event, data))

    def subscribe(self, *channels: str, heartbeat: float = HEARTBEAT_SECONDS) -> Subscription:
        """Watch channels; see LiveBroker."""
        return self._hub.add(channels, heartbeat)

    def close(self) -> None:
        """End all subscriptions."""
        self._hub.close()


class RedisBroker:
    """A broker for many processes: one Redis subscription a process, fanned out here."""

    def __init__(self, url: str) -> None:
        self._redis: Redis = Redis.from_url(
            url,
            socket_connect_timeout=2,
            socket_timeout=5,
            health_check_interval=30,
            retry=Retry(NoBackoff(), 1),
        )
        self._hub = Hub()
        self._guard = threading.Lock()
        self._listening = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def publish(self, channel: str, event: str, data: Mapping[str, Any]) -> None:
        """Send a message; see LiveBroker."""
        text = json.dumps({"event": event, "data": data})
        try:
            self._redis.publish(PREFIX + channel, text)
        except RedisError as error:
            log.warning("a live message for %s is lost: %s", channel, error)

    def subscribe(self, *channels: str, heartbeat: float = HEARTBEAT_SECONDS) -> Subscription:
        """Watch channels; see LiveBroker."""
        subscription = self._hub.add(channels, heartbeat)
        with self._guard:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._listen, name="examhall-live", daemon=True
                )
                self._thread.start()
        self._listening.wait(2.0)
        return subscription

    def close(self) -> None:
        """End all subscriptions and the thread."""
        self._closed.set()
        self._hub.close()
        if self._thread is not None:
            self._thread.join(2.0)
        self._redis.close()

    def _listen(self) -> None:
        first = True
        while not self._closed.is_set():
            try:
                self._receive(first)
            except RedisError as error:
                log.warning("the live stream is away: %s", error)
                self._listening.set()
                self._closed.wait(RECONNECT_SECONDS)
            first = False

    def _receive(self, first: bool) -> None:
        with self._redis.pubsub() as pubsub:  # type: ignore[no-untyped-call]
            pubsub.psubscribe(PREFIX + "*")
            while not self._closed.is_set():
                message = pubsub.get_message(timeout=0.5)
                if message is None:
                    continue
                if message["type"] == "psubscribe":
                    self._connected(first)
                elif message["type"] == "pmessage":
                    self._spread(message["channel"].decode(), message["data"])

    def _connected(self, first: bool) -> None:
        self._listening.set()
        if not first:
            for subscription in self._hub.everybody():
                subscription.resync()

    def _spread(self, channel: str, raw: bytes) -> None:
        watchers = self._hub.watchers(channel.removeprefix(PREFIX))
        if not watchers:
            return
        content = json.loads(raw)
        message = LiveMessage(content["event"], content["data"])
        for subscription in watchers:
            subscription.put(message)


def open_live_broker(settings: Settings) -> LiveBroker:
    """Return the broker that the settings ask for."""
    return RedisBroker(settings.redis_url) if settings.redis_url else LocalBroker()
