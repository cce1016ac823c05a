"""Matches, orders and gaps in a text keep the contract of question types."""

from examhall.plugins.testing import QuestionTypeContract
from examhall.question_types.gap_match import GapMatch
from examhall.question_types.inline_choice import InlineChoice
from examhall.question_types.match import Match
from examhall.question_types.order import Order


class TestMatch(QuestionTypeContract):
    plugin = Match()
    contents = (
        {
            "stem": "Classify the animals.",
            "stems": [
                {"text": "Dog", "answer_id": "a1"},
                {"text": "Frog", "answer_id": "a2"},
                {"text": "Toad", "answer_id": "a3"},
            ],
            "answers": [
                {"id": "a1", "text": "Mammal"},
                {"id": "a2", "text": "Amphibian"},
                {"id": "a3", "text": "Amphibian"},
                {"id": "a4", "text": "<math><mi>x</mi></math>"},
            ],
            "shuffle": False,
        },
    )


class TestOrder(QuestionTypeContract):
    plugin = Order()
    contents = (
        {
            "stem": "Sort.",
            "items": [{"text": text} for text in ("ant", "bee", "cat", "dog", "emu", "fox", "gnu")],
            "grading": "relative_to_correct",
            "select": "contiguous",
            "select_count": 4,
            "layout": "horizontal",
        },
        {
            "stem": "Sort.",
            "items": [{"text": text} for text in ("ant", "bee", "cat", "ant")],
            "grading": "all_or_nothing",
            "select": "random",
            "select_count": 3,
            "shuffle": False,
        },
    )


class TestGapMatch(QuestionTypeContract):
    plugin = GapMatch()
    contents = (
        {
            "stem": '<p title="[[1]]">7 [[1]] 11 [[2]] 13 [[1]] 17</p><p>[[gap 1]]</p>',
            "choices": [{"text": "+", "infinite": True}, {"text": "<b>minus</b>"}],
        },
    )


class TestInlineChoice(QuestionTypeContract):
    plugin = InlineChoice()
    contents = (
        {
            "stem": "The [[1]] [[3]].",
            "choices": [{"text": text, "group": n // 2 + 1} for n, text in enumerate("abcd")],
            "shuffle": False,
        },
    )
