"""Gap match: words to drag into the gaps of a text."""

from __future__ import annotations

from examhall.plugins import Content, QuestionType, hookimpl
from examhall.question_types.gap_content import GapMatchContent
from examhall.question_types.gaps import GapQuestion


class GapMatch(GapQuestion):
    """Words and a text with gaps. A word goes into one gap, or into many where its author says so.

    Every gap is a menu, too, which is how it is filled by keyboard.
    """

    key = "gap_match"
    version = "1.0.0"
    title = "Gap match"
    summary = "A text with gaps, and words to drag into them."
    schema = GapMatchContent
    template = "gap_match.html"
    module = "words.js"

    def example(self) -> Content:
        return {
            "stem": "<p>Warm air [[1]] and cold air [[2]]; so the [[3]] begins to blow.</p>",
            "choices": [
                {"id": "rises", "text": "rises"},
                {"id": "sinks", "text": "sinks"},
                {"id": "wind", "text": "wind", "group": 2},
                {"id": "rain", "text": "rain", "group": 2},
                {"id": "melts", "text": "melts"},
            ],
        }


@hookimpl
def examhall_question_types() -> list[QuestionType]:
    """Return the gap match."""
    return [GapMatch()]
