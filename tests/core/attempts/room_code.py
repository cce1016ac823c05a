"""Access rules that ask for something, for tests."""

from typing import Any

from marshmallow import Schema, fields, validate

from examhall.core.contracts.access_rule import (
    AccessContext,
    AccessRule,
    Allow,
    Challenge,
    Deny,
    Stage,
)
from examhall.plugins import hookimpl


class CodeSchema(Schema):
    """What is asked."""

    code = fields.String(
        required=True, validate=validate.Length(1, 10), metadata={"label": "Room code"}
    )


class NumberSchema(Schema):
    """What the second rule asks."""

    seat = fields.Integer(required=True, metadata={"label": "Seat"})


class RoomCode(AccessRule):
    """Lets in who knows the code."""

    key = "room_code"
    version = "1.0"
    title = "Room code"

    def check(self, context: AccessContext, stage: Stage) -> Allow | Deny | Challenge:
        asks = stage is Stage.CHECK_IN
        return Challenge(CodeSchema, "Type the code on the board.") if asks else Allow()

    def answer(self, context: AccessContext) -> Allow | Deny:
        right = context.answers["code"] == "4711"
        return Allow() if right else Deny("This is not the code on the board.")


class Seat(AccessRule):
    """Lets in who says an even number."""

    key = "seat"
    version = "1.0"
    title = "Seat"

    def check(self, context: AccessContext, stage: Stage) -> Allow | Deny | Challenge:
        return Challenge(NumberSchema, "Which seat?") if stage is Stage.CHECK_IN else Allow()

    def answer(self, context: AccessContext) -> Allow | Deny:
        return Deny("Even seats only.") if context.answers["seat"] % 2 else Allow()


@hookimpl
def examhall_access_rules() -> list[Any]:
    return [RoomCode(), Seat()]
