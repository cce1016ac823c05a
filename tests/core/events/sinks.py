"""A plugin for tests: sinks that remember, fail and refuse as they are told, and the hook."""

from collections.abc import Callable, Sequence

from examhall.plugins import EventEnvelope, EventSink, hookimpl

Rule = Callable[[EventEnvelope], bool]

heard: list[EventEnvelope] = []


class MemorySink(EventSink):
    """Remembers what it got; raises for events that `refuses` names."""

    version = "1.0"
    summary = "Remembers events."

    def __init__(self, key: str) -> None:
        self.key = key
        self.title = key
        self.got: list[EventEnvelope] = []
        self.batches: list[int] = []
        self.refuses: list[Rule] = []

    def emit(self, events: Sequence[EventEnvelope]) -> None:
        self.batches.append(len(events))
        for event in events:
            if any(rule(event) for rule in self.refuses):
                raise OSError("not now")
        self.got.extend(events)


one, two = MemorySink("one"), MemorySink("two")


def forget() -> None:
    """Start anew."""
    heard.clear()
    for sink in (one, two):
        sink.got.clear()
        sink.batches.clear()
        sink.refuses.clear()


@hookimpl
def examhall_event_sinks() -> list[EventSink]:
    return [one, two]


@hookimpl
def examhall_event(event: EventEnvelope) -> None:
    heard.append(event)
