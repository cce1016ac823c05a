"""The bundled question types keep the contract that third parties keep."""

from examhall.plugins.testing import QuestionTypeContract
from examhall.question_types.choice import Choice
from examhall.question_types.essay import Essay
from examhall.question_types.numeric import Numeric
from examhall.question_types.text_entry import TextEntry


class TestChoice(QuestionTypeContract):
    plugin = Choice()
    contents = (
        {
            "stem": "<p>Which are even?</p>",
            "mode": "multiple",
            "options": [
                {"text": "two", "correct": True},
                {"text": "four", "correct": True},
                {"text": "five"},
            ],
        },
        {"stem": "<p>Ice floats.</p>", "mode": "true_false", "answer": True},
    )


class TestTextEntry(QuestionTypeContract):
    plugin = TextEntry()
    contents = ({"stem": "Say it.", "answers": [{"text": "*hello\\**"}], "case_sensitive": True},)


class TestNumeric(QuestionTypeContract):
    plugin = Numeric()
    contents = (
        {
            "stem": "About a hundred?",
            "answers": [{"value": "100", "tolerance": "0.1", "tolerance_kind": "relative"}],
        },
    )


class TestEssay(QuestionTypeContract):
    plugin = Essay()
    contents = ({"stem": "Anything."},)
