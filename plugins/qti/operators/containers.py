"""Operators that make containers, and look into them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from examhall.plugins.qti.errors import ProcessingError
from examhall.plugins.qti.operators.base import (
    Apply,
    Attributes,
    Operand,
    any_null,
    find_integer,
    operator,
    present,
    require_alike,
    require_single,
    simple,
)
from examhall.plugins.qti.values import (
    CONTAINERS,
    BaseType,
    Cardinality,
    Scalar,
    Value,
    boolean,
    is_null,
    members,
    scalar_key,
    single,
)

if TYPE_CHECKING:
    from examhall.plugins.qti.state import State

MOST_REPEATS = 10_000
MOST_REPEATED = 1_000_000
"""By all of an item's or test's rules together: an item can hold thousands of them."""


def _collect(name: str, operands: Sequence[Operand], cardinality: Cardinality) -> Operand:
    values = present(operands)
    if any(value.cardinality not in {Cardinality.SINGLE, cardinality} for value in values):
        raise ProcessingError(f"{name} takes single and {cardinality} values only.")
    there = [value for value in values if not is_null(value)]
    require_alike(name, there)
    scalars = [data for value in there for data in members(value)]
    return Value(cardinality, there[0].base_type, tuple(scalars)) if scalars else None


@simple("multiple", 0)
def multiple(operands: Sequence[Operand]) -> Operand:
    """Put values into a container without order; NULLs are left out."""
    return _collect("multiple", operands, Cardinality.MULTIPLE)


@simple("ordered", 0)
def ordered(operands: Sequence[Operand]) -> Operand:
    """Put values into a container with order; NULLs are left out."""
    return _collect("ordered", operands, Cardinality.ORDERED)


@operator("repeat", 1)
def repeat(attributes: Attributes) -> Apply:
    """Put values into an ordered container, over and over."""

    def apply(state: State, operands: Sequence[Operand]) -> Operand:
        times = find_integer(state, attributes.get("numberRepeats", ""), "repeat")
        once = _collect("repeat", operands, Cardinality.ORDERED)
        if once is None or times < 1:
            return None
        count = times * len(once.data)
        state.repeated += count
        if count > MOST_REPEATS or state.repeated > MOST_REPEATED:
            raise ProcessingError(f"repeat makes at most {MOST_REPEATS} values.")
        return Value(Cardinality.ORDERED, once.base_type, once.data * times)

    return apply


@simple("containerSize", 1, 1)
def container_size(operands: Sequence[Operand]) -> Operand:
    """Count the values of a container; NULL has none."""
    if any_null(operands):
        return single(BaseType.INTEGER, 0)
    value = _container("containerSize", operands[0])
    return single(BaseType.INTEGER, len(value.data))


def _container(name: str, operand: Operand) -> Value:
    if operand is None or operand.cardinality not in CONTAINERS:
        raise ProcessingError(f"{name} takes multiple or ordered containers only.")
    return operand


@simple("isNull", 1, 1)
def null_test(operands: Sequence[Operand]) -> Operand:
    """Say whether a value is NULL; empty texts and containers are."""
    return boolean(is_null(operands[0]))


@operator("index", 1, 1)
def index(attributes: Attributes) -> Apply:
    """Take the n-th value of an ordered container, counted from 1."""

    def apply(state: State, operands: Sequence[Operand]) -> Operand:
        if any_null(operands):
            return None
        value = present(operands)[0]
        if value.cardinality is not Cardinality.ORDERED:
            raise ProcessingError("index takes ordered containers only.")
        place = find_integer(state, attributes.get("n", ""), "index")
        if place < 1:
            raise ProcessingError("index counts from 1.")
        data = value.data[place - 1] if place <= len(value.data) else None
        return _scalar(value, data)

    return apply


def _scalar(value: Value, data: Scalar) -> Operand:
    return None if data is None or value.base_type is None else single(value.base_type, data)


@operator("fieldValue", 1, 1)
def field_value(attributes: Attributes) -> Apply:
    """Take a field of a record; NULL where there is no such field."""
    name = attributes.get("fieldIdentifier", "")

    def apply(_state: State, operands: Sequence[Operand]) -> Operand:
        if any_null(operands):
            return None
        value = present(operands)[0]
        if value.cardinality is not Cardinality.RECORD:
            raise ProcessingError("fieldValue takes records only.")
        found: Operand = value.data.get(name)
        return found

    return apply


@operator("random", 1, 1)
def random(_attributes: Attributes) -> Apply:
    """Take one value of a container by chance."""

    def apply(state: State, operands: Sequence[Operand]) -> Operand:
        if any_null(operands):
            return None
        value = _container("random", operands[0])
        return _scalar(value, value.data[state.dice.below(len(value.data))])

    return apply


@simple("member", 2, 2)
def member(operands: Sequence[Operand]) -> Operand:
    """Say whether a value is in a container."""
    if any_null(operands):
        return None
    value, container = present(operands)
    require_single("member", [value])
    require_alike("member", [value, container])
    keys = [scalar_key(container.base_type, data) for data in members(container)]
    return boolean(scalar_key(value.base_type, value.data) in keys)


@simple("delete", 2, 2)
def delete(operands: Sequence[Operand]) -> Operand:
    """Take all occurrences of a value out of a container."""
    if any_null(operands):
        return None
    value, container = present(operands)
    require_single("delete", [value])
    require_alike("delete", [value, container])
    container = _container("delete", container)
    key = scalar_key(value.base_type, value.data)
    left = tuple(data for data in container.data if scalar_key(value.base_type, data) != key)
    return Value(container.cardinality, container.base_type, left) if left else None


@simple("contains", 2, 2)
def contains(operands: Sequence[Operand]) -> Operand:
    """Say whether the first container holds the second: as a bag, or as a sequence in one piece."""
    if any_null(operands):
        return None
    whole, part = (_container("contains", operand) for operand in operands)
    if whole.cardinality is not part.cardinality:
        raise ProcessingError("contains takes containers of one cardinality only.")
    require_alike("contains", [whole, part])
    all_keys = [scalar_key(whole.base_type, data) for data in whole.data]
    keys = [scalar_key(part.base_type, data) for data in part.data]
    if whole.cardinality is Cardinality.MULTIPLE:
        return boolean(not Counter(keys) - Counter(all_keys))
    starts = range(len(all_keys) - len(keys) + 1)
    return boolean(any(all_keys[start : start + len(keys)] == keys for start in starts))
