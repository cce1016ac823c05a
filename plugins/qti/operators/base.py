"""How operators are written, and what most of them check."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from examhall.plugins.qti.errors import ProcessingError, QtiError
from examhall.plugins.qti.values import (
    NUMERIC,
    BaseType,
    Cardinality,
    Scalar,
    Value,
    is_null,
    parse_scalar,
)

if TYPE_CHECKING:
    from examhall.plugins.qti.state import State

Operand: TypeAlias = Value | None
Apply: TypeAlias = Callable[["State", Sequence[Operand]], Operand]
Attributes: TypeAlias = Mapping[str, str]
Factory: TypeAlias = Callable[[Attributes], Apply]
Simple: TypeAlias = Callable[[Sequence[Operand]], Operand]


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator with the number of operands that it takes."""

    factory: Factory
    least: int
    most: int | None


_OPERATORS: dict[str, Operator] = {}


def operator(name: str, least: int, most: int | None = None) -> Callable[[Factory], Factory]:
    """Register a factory: from attributes to what is applied to operands."""

    def register(factory: Factory) -> Factory:
        _OPERATORS[name] = Operator(factory, least, most)
        return factory

    return register


def simple(name: str, least: int, most: int | None = None) -> Callable[[Simple], Simple]:
    """Register an operator that has no attributes and needs no state."""

    def register(function: Simple) -> Simple:
        def apply(_state: State, operands: Sequence[Operand]) -> Operand:
            return function(operands)

        _OPERATORS[name] = Operator(lambda _attributes: apply, least, most)
        return function

    return register


def make_operator(name: str, attributes: Attributes, count: int | None = None) -> Apply:
    """Return an operator for these attributes; raises QtiError where there is no such one."""
    if name == "customOperator":
        described = attributes.get("class") or attributes.get("definition") or "without a name"
        raise QtiError(
            f"It uses a custom operator ({described[:100]}), which only its maker knows."
        )
    known = _OPERATORS.get(name)
    if known is None:
        raise QtiError(f"There is no expression {name[:60]!r}.")
    if count is not None and (
        count < known.least or (known.most is not None and count > known.most)
    ):
        raise QtiError(f"{name} does not take {count} operands.")
    return known.factory(attributes)


def any_null(operands: Sequence[Operand]) -> bool:
    """Say whether an operand is NULL, an empty text or an empty container."""
    return any(is_null(operand) for operand in operands)


def present(operands: Sequence[Operand]) -> list[Value]:
    """Return the operands that are not None."""
    return [operand for operand in operands if operand is not None]


def require_single(name: str, values: Sequence[Value]) -> None:
    """Raise ProcessingError where an operand is a container or record."""
    if any(value.cardinality is not Cardinality.SINGLE for value in values):
        raise ProcessingError(f"{name} takes single values only.")


def require_types(name: str, values: Sequence[Value], types: frozenset[BaseType]) -> None:
    """Raise ProcessingError where an operand has another base type."""
    if any(value.base_type not in types for value in values):
        raise ProcessingError(f"{name} takes values of type {' or '.join(sorted(types))} only.")


def require_no_record(name: str, values: Sequence[Value]) -> None:
    """Raise ProcessingError where an operand is a record."""
    if any(value.cardinality is Cardinality.RECORD for value in values):
        raise ProcessingError(f"{name} takes no records.")


def require_alike(name: str, values: Sequence[Value]) -> None:
    """Raise ProcessingError where operands differ in base type."""
    if len({value.base_type for value in values}) > 1:
        raise ProcessingError(f"{name} takes values of one base type only.")


def singles(
    name: str, operands: Sequence[Operand], types: frozenset[BaseType] = NUMERIC
) -> list[Scalar] | None:
    """Return the data of single operands of these types; None where one of them is NULL."""
    if any_null(operands):
        return None
    values = present(operands)
    require_single(name, values)
    require_types(name, values, types)
    return [value.data for value in values]


def flat_numbers(values: Sequence[Value]) -> list[Scalar] | None:
    """Return all numbers of single values and containers; None where one of them is NULL."""
    scalars: list[Scalar] = []
    for value in values:
        scalars += [value.data] if value.cardinality is Cardinality.SINGLE else value.data
    return None if any(scalar is None for scalar in scalars) else scalars


def find_number(
    state: State, text: str, name: str, base_type: BaseType = BaseType.FLOAT
) -> float | int:
    """Return a number that stands in an attribute, or the variable that the attribute names.

    A variable may be written `{NAME}` or `NAME`. Raises ProcessingError where there is none.
    """
    words = text.strip()
    try:
        return parse_scalar(base_type, words)  # type: ignore[no-any-return]
    except QtiError:
        identifier = words.removeprefix("{").removesuffix("}")
    value = state.find(identifier)
    allowed = {BaseType.INTEGER, base_type}
    if value is None or value.cardinality is not Cardinality.SINGLE:
        raise ProcessingError(f"{name}: there is no number {identifier[:60]!r}.")
    if value.base_type not in allowed:
        raise ProcessingError(f"{name}: {identifier[:60]!r} is no {base_type}.")
    return value.data  # type: ignore[no-any-return]


def find_integer(state: State, text: str, name: str) -> int:
    """Return a whole number that stands in an attribute, or the variable that it names."""
    return int(find_number(state, text, name, BaseType.INTEGER))


def is_on(attributes: Attributes, name: str, fallback: bool) -> bool:
    """Return an attribute that is true or false."""
    text = attributes.get(name, "").strip()
    return text in {"true", "1"} if text else fallback
