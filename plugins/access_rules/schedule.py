"""Access rule `schedule`: an exam that opens and closes at given times."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from examhall.plugins import AccessContext, AccessRule, Allow, Deny, Stage, hookimpl

BEGINNING = frozenset({Stage.CHECK_IN, Stage.START})


class ScheduleSettings(Schema):
    """When an exam opens and closes; leave one out for no such time."""

    opens = fields.AwareDateTime(
        load_default=None,
        allow_none=True,
        format="iso",
        metadata={"label": "Opens", "help": "Nobody checks in before."},
    )
    closes = fields.AwareDateTime(
        load_default=None,
        allow_none=True,
        format="iso",
        metadata={"label": "Closes", "help": "Everybody's attempt ends by then."},
    )

    @validates_schema
    def _in_order(self, data: dict[str, Any], **_: Any) -> None:
        opens, closes = data.get("opens"), data.get("closes")
        if opens and closes and closes <= opens:
            raise ValidationError("The exam closes before it opens.", "closes")


class Schedule(AccessRule):
    """Keeps the exam shut before it opens and after it closes.

    Reasons name times in UTC, the one that is the same for every reader of a message.
    """

    key = "schedule"
    version = "1.0"
    title = "Schedule"
    summary = "The exam opens and closes at given times."

    def settings_schema(self) -> type[Schema]:
        return ScheduleSettings

    def check(self, context: AccessContext, stage: Stage) -> Allow | Deny:
        opens, closes = context.settings["opens"], context.settings["closes"]
        if stage not in BEGINNING:
            return Allow()
        if opens is not None and context.now < opens:
            return Deny(f"The exam opens at {spell(opens)}.")
        if closes is not None and context.now >= closes:
            return Deny(f"The exam closed at {spell(closes)}.")
        return Allow()

    def deadline(self, context: AccessContext) -> datetime | None:
        closes: datetime | None = context.settings["closes"]
        return closes


def spell(moment: datetime) -> str:
    """Return a moment in UTC, for a person."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


@hookimpl
def examhall_access_rules() -> list[AccessRule]:
    """Return the one rule of this module."""
    return [Schedule()]
