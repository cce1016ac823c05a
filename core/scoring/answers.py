"""What a question type says about a response, as the feedback modes need it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from examhall.core.attempts.modes.course import BLANK, Answer
from examhall.core.contracts.question_type import Score, ScoreState


def describe_answer(raw: Mapping[str, Any], score: Score | None, *, is_complete: bool) -> Answer:
    """Return the answer that a raw response is; `score` is None for one that cannot be read.

    Controls that hold nothing do not make an answer another one.
    """
    identity = json.dumps({name: raw[name] for name in sorted(raw) if raw[name]}, sort_keys=True)
    if score is None:
        return Answer(identity, is_given=True)
    if score.state is ScoreState.UNANSWERED:
        return BLANK
    if score.state is ScoreState.INVALID:
        return Answer(identity, is_given=True)
    return Answer(identity, True, is_complete, score.fraction, score.parts)
