"""What a review says about an answer."""

from __future__ import annotations

from dataclasses import dataclass

from examhall.plugins import FormatErrors, QuestionType, Raw, ScoreState, Variant
from examhall.question_types.shared import VERDICTS

TONES = {
    ScoreState.RIGHT: "ok",
    ScoreState.PARTIAL: "warn",
    ScoreState.WRONG: "bad",
    ScoreState.INVALID: "bad",
    ScoreState.NEEDS_MANUAL: "accent",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """A title, its tone (`ok`, `warn`, `bad`, `accent` or none) and the author's feedback."""

    title: str
    tone: str
    feedback: str

    @classmethod
    def of(cls, question_type: QuestionType, variant: Variant, raw: Raw | None) -> Verdict:
        """Judge what a candidate sent."""
        response = question_type.parse(variant, raw or {})
        if isinstance(response, FormatErrors):
            return cls(VERDICTS[ScoreState.INVALID], "bad", " ".join(response.messages))
        score = question_type.score(variant, response)
        return cls(VERDICTS[score.state], TONES.get(score.state, ""), score.feedback)
