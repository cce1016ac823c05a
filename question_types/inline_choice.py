"""Inline choice: menus in a text."""

from __future__ import annotations

from examhall.plugins import Content, QuestionType, hookimpl
from examhall.question_types.gap_content import InlineChoiceContent
from examhall.question_types.gaps import GapQuestion


class InlineChoice(GapQuestion):
    """A text with a menu in each gap. A gap offers the choices of one group."""

    key = "inline_choice"
    version = "1.0.0"
    title = "Inline choice"
    summary = "A text with a menu in each gap."
    schema = InlineChoiceContent
    template = "inline_choice.html"

    def example(self) -> Content:
        return {
            "stem": "<p>The [[1]] of a circle is [[4]] times its [[2]].</p>",
            "choices": [
                {"id": "circumference", "text": "circumference"},
                {"id": "diameter", "text": "diameter"},
                {"id": "chord", "text": "chord"},
                {"id": "pi", "text": "π", "group": 2},
                {"id": "two", "text": "two", "group": 2},
            ],
        }


@hookimpl
def examhall_question_types() -> list[QuestionType]:
    """Return the inline choice."""
    return [InlineChoice()]
