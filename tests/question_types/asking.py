"""Helpers for tests of question types."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from examhall.plugins import Content, QuestionType, Response, Score, Variant

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


def stored(question_type: QuestionType, content: Mapping[str, Any]) -> Content:
    """Return content as the database keeps it."""
    schema = question_type.content_schema()()
    return dict(schema.dump(schema.load(content)))


def ask(question_type: QuestionType, content: Mapping[str, Any], seed: int = 1) -> Variant:
    """Return a candidate's edition."""
    return question_type.prepare(stored(question_type, content), seed, "en")


def answer(question_type: QuestionType, variant: Variant, raw: Any) -> Score:
    """Score what a browser sent; it must be readable."""
    response = question_type.parse(variant, raw)
    assert isinstance(response, Response), response
    return question_type.score(variant, response)


def fraction(question_type: QuestionType, content: Mapping[str, Any], raw: Any) -> Decimal:
    """Return what a browser's answer to a question is worth."""
    return answer(question_type, ask(question_type, content), raw).fraction


def paths(question_type: QuestionType, content: Mapping[str, Any]) -> set[str]:
    """Return the paths of what `validate` finds wrong."""
    found = question_type.validate(stored(question_type, content))
    return {issue.path for issue in found if issue.severity == "error"}
