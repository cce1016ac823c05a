"""Access rules: who may see, start, go on with or submit an exam, and until when."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from marshmallow import Schema

from examhall.core.contracts.base import Kind, NoConfiguration, Plugin


class Stage(StrEnum):
    """When a rule is asked."""

    SEE = "see"
    CHECK_IN = "check_in"
    START = "start"
    RESUME = "resume"


@dataclass(frozen=True, slots=True)
class AccessContext:
    """What a rule may know; `settings` are the exam's settings for this rule."""

    now: datetime
    exam_id: str
    user_id: str
    settings: Mapping[str, Any]
    address: str = ""
    answers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Allow:
    """The rule has no objection."""


@dataclass(frozen=True, slots=True)
class Deny:
    """The rule objects; the reason is for the candidate."""

    reason: str


@dataclass(frozen=True, slots=True)
class Challenge:
    """The candidate has to answer something first (a room code)."""

    schema: type[Schema]
    prompt: str


class AccessRule(Plugin):
    """A condition for taking an exam."""

    kind: ClassVar[Kind] = Kind.ACCESS_RULE
    overridable: ClassVar[bool] = True
    """Whether an allowance of a registration may set the rule aside."""

    def settings_schema(self) -> type[Schema]:
        """Return the schema of an exam's settings for this rule."""
        return NoConfiguration

    @abstractmethod
    def check(self, context: AccessContext, stage: Stage) -> Allow | Deny | Challenge:
        """Decide."""

    def answer(self, context: AccessContext) -> Allow | Deny:
        """Judge the answers to a challenge: `context.answers`, as its schema loaded them."""
        return Deny("This rule asks nothing.")

    def deadline(self, context: AccessContext) -> datetime | None:
        """Return a time at which the exam closes for everybody, None for no such time."""
        return None
