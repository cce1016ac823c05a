"""QTI's expressions, made into Python functions once and called for each response.

Source: QTI 2.1 information model, section "Expressions". An operator that the standard does not
name here is refused when the expression is compiled, not guessed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module

from lxml import etree

from examhall.plugins.qti.declarations import Declaration, Kind, read_base_type
from examhall.plugins.qti.errors import ProcessingError, QtiError
from examhall.plugins.qti.operators.base import (
    Apply,
    find_number,
    make_operator,
)
from examhall.plugins.qti.state import State
from examhall.plugins.qti.values import (
    BaseType,
    Cardinality,
    Value,
    integer,
    is_null,
    members,
    number,
    parse_scalar,
    scalar_key,
    single,
)
from examhall.plugins.qti.xml import children, local_name

Evaluate = Callable[[State], Value | None]
MAX_DEPTH = 100
_MODULES = ("logic", "containers", "numbers", "mathematics", "texts")
_TEST_ONLY = {
    "testVariables", "outcomeMaximum", "outcomeMinimum", "numberCorrect", "numberIncorrect",
    "numberPresented", "numberResponded", "numberSelected",
}  # fmt: skip


def compile_expression(element: etree._Element, depth: int = 0) -> Evaluate:
    """Return the function that evaluates an expression; raises QtiError for one that cannot be."""
    if depth > MAX_DEPTH:
        raise QtiError("An expression is nested too deep.")
    name = local_name(element)
    attributes = {str(key): str(value) for key, value in element.attrib.items()}
    if name in _LEAVES:
        return _LEAVES[name](attributes, element.text or "")
    if name in _TEST_ONLY:
        return lambda state: state.test_value(name, attributes)
    apply = find_operator(name, attributes, len(children(element)))
    operands = tuple(compile_expression(child, depth + 1) for child in children(element))
    if len(operands) == 1:
        only = operands[0]
        return lambda state: apply(state, [only(state)])
    return lambda state: apply(state, [operand(state) for operand in operands])


def find_operator(name: str, attributes: Mapping[str, str], count: int | None = None) -> Apply:
    """Return an operator; raises QtiError for an unknown one or a wrong number of operands."""
    _load_operators()
    return make_operator(name, attributes, count)


@cache
def _load_operators() -> None:
    for module in _MODULES:
        import_module(f"examhall.plugins.qti.operators.{module}")


def _base_value(attributes: Mapping[str, str], text: str) -> Evaluate:
    base_type = read_base_type(attributes.get("baseType"))
    # A line break is a program's indentation; spaces in a line may be meant.
    words = text.strip() if "\n" in text else text
    value = single(base_type, parse_scalar(base_type, words))
    return lambda _state: value


def _variable(attributes: Mapping[str, str], _text: str) -> Evaluate:
    identifier, weight = attributes.get("identifier", ""), attributes.get("weightIdentifier", "")
    if weight:
        return lambda state: state.find_weighted(identifier, weight)
    return lambda state: state.find(identifier)


def _default(attributes: Mapping[str, str], _text: str) -> Evaluate:
    identifier = attributes.get("identifier", "")
    return lambda state: state.find_default(identifier)


def _correct(attributes: Mapping[str, str], _text: str) -> Evaluate:
    identifier = attributes.get("identifier", "")
    return lambda state: state.find_correct(identifier)


def _null(_attributes: Mapping[str, str], _text: str) -> Evaluate:
    return lambda _state: None


def _math_constant(attributes: Mapping[str, str], _text: str) -> Evaluate:
    constants = {"pi": math.pi, "e": math.e}
    name = attributes.get("name", "")
    if name not in constants:
        raise QtiError(f"Unknown constant {name[:60]!r}.")
    value = single(BaseType.FLOAT, constants[name])
    return lambda _state: value


def _random_integer(attributes: Mapping[str, str], _text: str) -> Evaluate:
    def roll(state: State) -> Value | None:
        low, high, step = (
            _bound(state, attributes, name, fallback)
            for name, fallback in (("min", "0"), ("max", ""), ("step", "1"))
        )
        if not all(map(math.isfinite, (low, high, step))) or high < low or step < 1:
            raise ProcessingError("randomInteger needs a maximum above its minimum.")
        return integer(int(low) + int(step) * state.dice.below(int((high - low) // step) + 1))

    return roll


def _random_float(attributes: Mapping[str, str], _text: str) -> Evaluate:
    def roll(state: State) -> Value | None:
        low = _bound(state, attributes, "min", "0")
        high = _bound(state, attributes, "max", "")
        return number(low + (high - low) * state.dice.fraction())

    return roll


def _bound(state: State, attributes: Mapping[str, str], name: str, fallback: str) -> float:
    return find_number(state, attributes.get(name, fallback), name)


def _response(state: State, identifier: str, name: str) -> Declaration:
    declaration = state.find_declaration(identifier)
    if declaration is None:
        raise ProcessingError(f"{name}: there is no variable {identifier[:60]!r}.")
    if declaration.kind is not Kind.RESPONSE:
        raise ProcessingError(f"{name}: {identifier[:60]!r} is no response.")
    if declaration.cardinality is Cardinality.RECORD:
        raise ProcessingError(f"{name} cannot be used with a record.")
    return declaration


def _map_response(attributes: Mapping[str, str], _text: str) -> Evaluate:
    """Each different value of a container counts once (2.1, `mapResponse`)."""
    identifier = attributes.get("identifier", "")

    def apply(state: State) -> Value | None:
        declaration = _response(state, identifier, "mapResponse")
        mapping, value = declaration.mapping, state.find(identifier)
        if mapping is None:
            return number(0.0)
        found = () if value is None else members(value)
        base_type = declaration.base_type
        different = {scalar_key(base_type, data): data for data in found if data != ""}
        blank = [None] if not found or "" in found else []
        worth = (mapping.find(base_type, data) for data in [*different.values(), *blank])
        return number(mapping.bounds.clamp(sum(worth)))

    return apply


def _map_response_point(attributes: Mapping[str, str], _text: str) -> Evaluate:
    """Each area counts once, however many points lie in it (2.1, `mapResponsePoint`)."""
    identifier = attributes.get("identifier", "")

    def apply(state: State) -> Value | None:
        declaration = _response(state, identifier, "mapResponsePoint")
        mapping, value = declaration.area_mapping, state.find(identifier)
        if mapping is None:
            return number(0.0)
        if declaration.base_type is not BaseType.POINT:
            raise ProcessingError("mapResponsePoint is for points.")
        if value is None or is_null(value):
            return number(mapping.default)
        points = [point for point in members(value) if point is not None]
        hit = [
            worth
            for area, worth in mapping.entries
            if any(area.contains(*point) for point in points)
        ]
        return number(mapping.bounds.clamp(sum(hit))) if hit else number(mapping.default)

    return apply


_LEAVES: Mapping[str, Callable[[Mapping[str, str], str], Evaluate]] = {
    "baseValue": _base_value,
    "variable": _variable,
    "default": _default,
    "correct": _correct,
    "null": _null,
    "mathConstant": _math_constant,
    "randomInteger": _random_integer,
    "randomFloat": _random_float,
    "mapResponse": _map_response,
    "mapResponsePoint": _map_response_point,
}


def is_true(value: Value | None) -> bool:
    """Say whether a condition holds: NULL does not."""
    return (
        value is not None
        and value.cardinality is Cardinality.SINGLE
        and value.base_type is BaseType.BOOLEAN
        and value.data is True
    )


def expressions(elements: Sequence[etree._Element]) -> list[Evaluate]:
    """Compile several expressions."""
    return [compile_expression(element) for element in elements]
