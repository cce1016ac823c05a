"""Asking the access rules that an exam's settings name.

A rule that fails or is missing keeps the door shut, with words that say so: who may take an exam
must not depend on a plugin's mood. A registration can set aside rules that allow it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from marshmallow import Schema, ValidationError

from examhall.core.contracts.access_rule import (
    AccessContext,
    AccessRule,
    Allow,
    Challenge,
    Deny,
    Stage,
)
from examhall.core.errors import ForbiddenError, PluginError
from examhall.core.registry.schemas import load_settings_of

if TYPE_CHECKING:
    from examhall.core.platform import Platform


@dataclass(frozen=True, slots=True)
class AccessQuestion:
    """For which exam and candidate the rules are asked.

    `settings` are the exam's settings for each rule and `answers` the candidate's answers to
    challenges, both by the rule's key.
    """

    exam_id: UUID
    user_id: UUID
    settings: Mapping[str, Mapping[str, Any]]
    waived: frozenset[str] = frozenset()
    address: str = ""
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a rule keeps the door shut.

    Where the candidate can answer something, `prompt` asks it, `schema` is that of the answer, and
    `reason` says what was wrong with an answer that was given.
    """

    rule: str
    reason: str
    prompt: str = ""
    schema: type[Schema] | None = None


def require_access(
    platform: Platform, question: AccessQuestion, stage: Stage, now: datetime
) -> None:
    """Raise ForbiddenError with the first rule's reason for saying no."""
    refusal = find_refusal(platform, question, stage, now)
    if refusal is not None:
        raise ForbiddenError(
            refusal.reason, rule=refusal.rule, stage=str(stage), challenge=refusal.prompt
        )


def find_refusal(
    platform: Platform, question: AccessQuestion, stage: Stage, now: datetime
) -> Refusal | None:
    """Return the first rule's reason for saying no, None when all agree."""
    for key in question.settings:
        try:
            rule = platform.plugins.access_rule(key)
            if rule.overridable and key in question.waived:
                continue
            refusal = _ask(platform, rule, _context(platform, rule, question, now), stage)
        except PluginError:
            refusal = Refusal(key, f"The access rule {key!r} cannot be checked now.")
        if refusal is not None:
            return refusal
    return None


def find_closing_time(
    platform: Platform, question: AccessQuestion, now: datetime
) -> datetime | None:
    """Return the earliest time at which a rule closes the exam; raises PluginError."""
    return min(_closing_times(platform, question, now), default=None)


def _closing_times(
    platform: Platform, question: AccessQuestion, now: datetime
) -> Iterator[datetime]:
    for key in question.settings:
        rule = platform.plugins.access_rule(key)
        if rule.overridable and key in question.waived:
            continue
        closing: datetime | None = platform.plugins.call(
            rule, "deadline", _context(platform, rule, question, now), expect=(datetime, type(None))
        )
        if closing is not None:
            if closing.tzinfo is None:
                raise PluginError(f"The access rule {key!r} gave a time without a zone.")
            yield closing


def _ask(
    platform: Platform, rule: AccessRule, context: AccessContext, stage: Stage
) -> Refusal | None:
    verdict = platform.plugins.call(rule, "check", context, stage, expect=(Allow, Deny, Challenge))
    if isinstance(verdict, Challenge):
        return _challenge(platform, rule, context, verdict)
    return Refusal(rule.key, verdict.reason) if isinstance(verdict, Deny) else None


def _challenge(
    platform: Platform, rule: AccessRule, context: AccessContext, asked: Challenge
) -> Refusal | None:
    """Let the rule judge the answer, if there is one; it gets what its schema made of it."""
    if not context.answers:
        return Refusal(rule.key, asked.prompt, asked.prompt, asked.schema)
    try:
        answers = asked.schema().load(dict(context.answers))
    except ValidationError as error:
        reason = f"The answer cannot be used. {_spell(error.normalized_messages())}"
        return Refusal(rule.key, reason, asked.prompt, asked.schema)
    verdict = platform.plugins.call(
        rule, "answer", replace(context, answers=answers), expect=(Allow, Deny)
    )
    if isinstance(verdict, Allow):
        return None
    return Refusal(rule.key, verdict.reason, asked.prompt, asked.schema)


def _spell(messages: Mapping[str, Any]) -> str:
    """Return what is wrong with the fields of an answer, in one line."""
    return " ".join(f"{name}: {' '.join(map(str, texts))}" for name, texts in messages.items())


def _context(
    platform: Platform, rule: AccessRule, question: AccessQuestion, now: datetime
) -> AccessContext:
    return AccessContext(
        now=now,
        exam_id=str(question.exam_id),
        user_id=str(question.user_id),
        settings=load_settings_of(platform.plugins, rule, question.settings[rule.key]),
        address=question.address,
        answers=question.answers.get(rule.key, {}),
    )
