"""Operators on texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from examhall.plugins.qti.operators.base import Apply, Attributes, Operand, is_on, operator, singles
from examhall.plugins.qti.patterns import compile_pattern
from examhall.plugins.qti.values import BaseType, Cardinality, boolean

if TYPE_CHECKING:
    from examhall.plugins.qti.state import State

STRING = frozenset({BaseType.STRING})


@operator("stringMatch", 2, 2)
def string_match(attributes: Attributes) -> Apply:
    """Compare two texts; with `substring` (2.0) the second has to be within the first."""
    exact = is_on(attributes, "caseSensitive", True)
    partial = is_on(attributes, "substring", False)

    def apply(_state: State, operands: Sequence[Operand]) -> Operand:
        texts = singles("stringMatch", operands, STRING)
        if texts is None:
            return None
        first, second = texts if exact else [text.lower() for text in texts]
        return boolean(second in first if partial else first == second)

    return apply


@operator("substring", 2, 2)
def substring(attributes: Attributes) -> Apply:
    """Say whether the first text is within the second."""
    exact = is_on(attributes, "caseSensitive", True)

    def apply(_state: State, operands: Sequence[Operand]) -> Operand:
        texts = singles("substring", operands, STRING)
        if texts is None:
            return None
        first, second = texts if exact else [text.lower() for text in texts]
        return boolean(first in second)

    return apply


@operator("patternMatch", 1, 1)
def pattern_match(attributes: Attributes) -> Apply:
    """Match a text against a regular expression of XML Schema, from its start to its end."""
    pattern = attributes.get("pattern", "")
    is_reference = pattern.startswith("{") and pattern.endswith("}")
    if not is_reference:
        compile_pattern(pattern)

    def find_pattern(state: State) -> str:
        value = state.find(pattern[1:-1]) if is_reference else None
        if value is None or value.cardinality is not Cardinality.SINGLE:
            return pattern
        return str(value.data)

    def apply(state: State, operands: Sequence[Operand]) -> Operand:
        texts = singles("patternMatch", operands, STRING)
        if texts is None:
            return None
        return boolean(compile_pattern(find_pattern(state))(texts[0]))

    return apply
