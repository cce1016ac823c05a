"""Write domain events as JSON lines, to the log or to a file."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from marshmallow import Schema, fields, validate

from examhall.plugins import EventEnvelope, EventSink, Health, hookimpl

logger = logging.getLogger("examhall.events")


class LogConfig(Schema):
    """Where the lines go."""

    path = fields.String(
        load_default="",
        validate=validate.Length(max=1000),
        metadata={
            "label": "File",
            "help": "A file that lines are added to; empty: the logger examhall.events.",
        },
    )


def to_json(event: EventEnvelope) -> str:
    """Return the envelope as one line of JSON."""
    content: dict[str, Any] = {
        "event_type": event.event_type,
        "timestamp": event.timestamp.isoformat(),
        "user_id": event.user_id,
        "exam_id": event.exam_id,
        "course_id": event.course_id,
        "metadata": dict(event.metadata),
        "event_id": event.event_id,
        "topic": event.topic,
    }
    return json.dumps(content)


class LogSink(EventSink):
    """Writes each event as a line."""

    key = "log"
    version = "1.0"
    title = "Event log"
    summary = "Domain events as JSON lines in the log or in a file."

    def config_schema(self) -> type[Schema]:
        return LogConfig

    def health(self) -> Health:
        path = self.config.get("path")
        if path and not os.access(Path(path).parent, os.W_OK):
            return Health.failed(
                f"{path} cannot be written.", "Make its folder, or choose another file."
            )
        return Health.ok()

    def emit(self, events: Sequence[EventEnvelope]) -> None:
        lines = [to_json(event) for event in events]
        if path := self.config.get("path"):
            # One write with O_APPEND: lines of several processes do not mix.
            text = "".join(line + "\n" for line in lines).encode()
            with Path(path).open("ab", buffering=0) as file:
                if file.write(text) < len(text):
                    raise OSError(f"{path}: the disk is full")
        else:
            for line in lines:
                logger.info("%s", line)


@hookimpl
def examhall_event_sinks() -> list[EventSink]:
    """Return the sink."""
    return [LogSink()]
