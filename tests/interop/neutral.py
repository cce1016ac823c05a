"""Questions and responses in the neutral form of the Moodle material, as examhall has them.

The form is described by the material itself: a question is a JSON object with a `type` of Moodle's
names; a response names texts, not the shuffled numbers that a browser sends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any

from examhall.plugins import PortableQuestion, QuestionType, Raw, Variant
from tests.interop import neutral_basics as basics
from tests.interop import neutral_words as words
from tests.interop.neutral_basics import Neutral, text_of


def find_type(key: str) -> QuestionType:
    """Return a bundled question type; LookupError where there is none of this key."""
    for point in entry_points(group="examhall", name=f"question_type.{key}"):
        [plugin] = point.load().examhall_question_types()
        found: QuestionType = plugin
        return found
    raise LookupError(f"There is no question type {key!r}.")


def read_question(data: Neutral) -> PortableQuestion:
    """Return a neutral question; LookupError for a type that is not known."""
    key, build = QUESTIONS[data["type"]]
    content = {**_common(data), **build(data)}
    return PortableQuestion(key, data.get("name", ""), content)


def read_response(data: Neutral, variant: Variant, response: Neutral) -> Raw:
    """Return what a browser would send for a neutral response."""
    return RESPONSES[data["type"]](data, variant, response)


def _common(data: Neutral) -> dict[str, Any]:
    hints = [
        {
            "text": hint.get("hint") or hint.get("text") or "-",
            "show_count": bool(hint.get("shownumcorrect")),
            "clear_wrong": bool(hint.get("clearwrong")),
        }
        for hint in data.get("hints", ())
    ]
    stem = data.get("text") or data.get("name") or "-"
    return {"stem": stem, "penalty": text_of(data.get("penalty", 0)), "hints": hints}


QUESTIONS: Mapping[str, tuple[str, Callable[[Neutral], dict[str, Any]]]] = {
    "multichoice": ("choice", basics.choice_content),
    "truefalse": ("choice", basics.choice_content),
    "shortanswer": ("text_entry", basics.text_content),
    "numerical": ("numeric", basics.number_content),
    "essay": ("essay", basics.essay_content),
    "match": ("match", words.match_content),
    "ordering": ("order", words.order_content),
    "ddwtos": ("gap_match", words.gap_content),
    "gapselect": ("inline_choice", words.gap_content),
    "multianswer": ("cloze", words.cloze_content),
    "calculated": ("calculated", words.calculated_content),
    "calculatedsimple": ("calculated", words.calculated_content),
    "ddimageortext": ("graphic_gap_match", words.label_content),
    "ddmarker": ("position_object", words.marker_content),
}

RESPONSES: Mapping[str, Callable[[Neutral, Variant, Neutral], Raw]] = {
    "multichoice": basics.enter_choice,
    "truefalse": basics.enter_choice,
    "shortanswer": basics.enter_text,
    "numerical": basics.enter_number,
    "essay": basics.enter_text,
    "match": words.enter_pairs,
    "ordering": words.enter_order,
    "ddwtos": words.enter_gaps,
    "gapselect": words.enter_gaps,
    "multianswer": words.enter_cloze,
    "calculated": basics.enter_number,
    "calculatedsimple": basics.enter_number,
    "ddimageortext": words.enter_labels,
    "ddmarker": words.enter_marks,
}
