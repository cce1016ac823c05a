"""Wrong answers to QTI items, for tests: found by trying."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from examhall.plugins import FormatErrors, Raw, ScoreState, Variant
from examhall.plugins.qti.answers import control_names

if TYPE_CHECKING:
    from examhall.plugins import QuestionType

WRONG = {ScoreState.WRONG, ScoreState.PARTIAL, ScoreState.NEEDS_MANUAL}
TEXTS = ("1", "2", "3", "0", "-1", "999", "no such answer")


def guess_wrong(question_type: QuestionType, variant: Variant) -> Raw:
    """Return a response that is not right; an empty one where there is none such."""
    for raw in _guesses(variant):
        response = question_type.parse(variant, raw)
        if isinstance(response, FormatErrors) or not response.data:
            continue
        score = question_type.score(variant, response)
        if score.state in WRONG and score.fraction < 1:
            return raw
    return {}


def _guesses(variant: Variant) -> Iterator[dict[str, Any]]:
    for control in variant.public["interactions"]:
        names = control_names(control)
        for text in _values(control):
            for name in names:
                yield {name: text}
            yield dict.fromkeys(names, text)
        yield {name: str(len(names) - place) for place, name in enumerate(names)}
        yield {name: str(1 + place) for place, name in enumerate(names)}


def _values(control: Mapping[str, Any]) -> Iterator[str]:
    for part in ("choices", "columns"):
        for choice in control.get(part, ()) or ():
            yield choice["value"]
    yield from TEXTS
