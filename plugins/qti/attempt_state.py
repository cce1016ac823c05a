"""What a test's rules can see: the variables of its items, weights, and counts of items.

Source: QTI 2.1 information model, "Outcome processing" and the expressions "used only in outcome
processing".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from examhall.plugins.qti.assessment import ItemRef
from examhall.plugins.qti.declarations import Declaration, Kind
from examhall.plugins.qti.session import ItemSession
from examhall.plugins.qti.state import Dice, State
from examhall.plugins.qti.values import (
    NUMERIC,
    BaseType,
    Cardinality,
    Value,
    are_equal,
    is_null,
    members,
    single,
)


@dataclass
class Placed:
    """An item in a candidate's test; `sections` are those that it is in, from outside."""

    ref: ItemRef
    session: ItemSession
    sections: tuple[str, ...] = ()
    presented: bool = False
    submitted: bool = False

    def responses(self) -> Iterator[tuple[Declaration, Value | None]]:
        """Yield the item's responses with their values."""
        for declaration in self.session.item.of_kind(Kind.RESPONSE):
            yield declaration, self.session.state.values.get(declaration.identifier)

    def is_responded(self) -> bool:
        """Say whether the candidate gave a response that is not the default."""
        return self.submitted and any(
            not is_null(value)
            and (declaration.default is None or not _same(value, declaration.default))
            for declaration, value in self.responses()
        )

    def is_correct(self) -> bool:
        """Say whether all responses are the declared correct ones."""
        pairs = self._with_correct()
        return self.submitted and bool(pairs) and all(_same(one, two) for one, two in pairs)

    def is_incorrect(self) -> bool:
        """Say whether a response is not the correct one, where all of them have a correct one."""
        pairs = self._with_correct()
        has_key = bool(pairs) and not any(is_null(correct) for _, correct in pairs)
        return self.presented and has_key and not self.is_correct()

    def _with_correct(self) -> list[tuple[Value | None, Value | None]]:
        return [
            (value, self.session.state.find_correct(declaration.identifier))
            for declaration, value in self.responses()
        ]


def _same(first: Value | None, second: Value | None) -> bool:
    if first is None or second is None or is_null(first) or is_null(second):
        return False
    same_kind = (first.cardinality, first.base_type) == (second.cardinality, second.base_type)
    return same_kind and are_equal(first, second)


COUNTED: Mapping[str, Callable[[Placed], bool]] = {
    "numberSelected": lambda _placed: True,
    "numberPresented": lambda placed: placed.presented,
    "numberResponded": Placed.is_responded,
    "numberCorrect": Placed.is_correct,
    "numberIncorrect": Placed.is_incorrect,
}


class TestState(State):
    """The state of a test: its own outcomes, and `ITEM.VARIABLE` for those of its items."""

    __test__ = False

    def __init__(self, outcomes: Mapping[str, Declaration], dice: Dice | None = None) -> None:
        super().__init__(outcomes, dice)
        self.placed: list[Placed] = []

    def _place(self, identifier: str) -> tuple[Placed | None, str]:
        """Split `ITEM.VARIABLE` or `ITEM.NUMBER.VARIABLE`; an item's last occurrence counts."""
        name, _, variable = identifier.partition(".")
        if not variable:
            return None, identifier
        places = [placed for placed in self.placed if placed.ref.identifier == name]
        number, _, rest = variable.partition(".")
        if rest and number.isdigit():
            places, variable = places[int(number) - 1 : int(number)], rest
        if not places:
            return None, variable
        return places[-1], places[-1].ref.names.get(variable, variable)

    def find(self, identifier: str) -> Value | None:
        """Return the value of a variable of the test, or of one of its items."""
        if "." not in identifier:
            return super().find(identifier)
        placed, variable = self._place(identifier)
        return None if placed is None else placed.session.state.find(variable)

    def find_declaration(self, identifier: str) -> Declaration | None:
        """Return the declaration of a variable of the test, or of one of its items."""
        if "." not in identifier:
            return super().find_declaration(identifier)
        placed, variable = self._place(identifier)
        return None if placed is None else placed.session.state.find_declaration(variable)

    def find_correct(self, identifier: str) -> Value | None:
        """Return the correct response of an item."""
        if "." not in identifier:
            return super().find_correct(identifier)
        placed, variable = self._place(identifier)
        return None if placed is None else placed.session.state.find_correct(variable)

    def find_weighted(self, identifier: str, weight: str) -> Value | None:
        """Return a numeric variable of an item times the item's weight, as float."""
        value = self.find(identifier)
        placed, _ = self._place(identifier)
        factor = placed.ref.weights.get(weight) if placed else None
        if value is None or factor is None or value.base_type not in NUMERIC:
            return value
        scaled = tuple(None if data is None else data * factor for data in members(value))
        if value.cardinality is Cardinality.SINGLE:
            return single(BaseType.FLOAT, scaled[0])
        return Value(value.cardinality, BaseType.FLOAT, scaled)

    def test_value(self, name: str, attributes: Mapping[str, str]) -> Value | None:
        """Return the value of an expression that looks at many items."""
        places = [placed for placed in self.placed if _is_meant(placed, attributes)]
        if name in COUNTED:
            return single(BaseType.INTEGER, sum(map(COUNTED[name], places)))
        if name == "testVariables":
            return self._variables(places, attributes)
        return self._bounds(places, attributes, highest=name == "outcomeMaximum")

    def _variables(self, places: list[Placed], attributes: Mapping[str, str]) -> Value | None:
        """Numbers of different base types become floats; weighted ones always.

        Weights have a meaning for floats, and where no base type is asked for.
        """
        variable = attributes.get("variableIdentifier", "")
        wanted = attributes.get("baseType")
        weight = attributes.get("weightIdentifier", "") if wanted in {None, "float"} else ""
        scalars: list[float | int | str | bool] = []
        types: set[BaseType] = set()
        for placed in places:
            name = placed.ref.names.get(variable, variable)
            value = placed.session.state.find(name)
            if value is None or value.cardinality is not Cardinality.SINGLE or is_null(value):
                continue
            base_type = value.base_type
            if base_type is None or not _is_wanted(base_type, wanted):
                continue
            weighted = weight in placed.ref.weights and base_type in NUMERIC
            scalars.append(value.data * placed.ref.weights[weight] if weighted else value.data)
            types.add(BaseType.FLOAT if weighted else base_type)
        return _container(scalars, types)

    def _bounds(
        self, places: list[Placed], attributes: Mapping[str, str], *, highest: bool
    ) -> Value | None:
        """One item without a declared maximum makes NULL; those without a minimum are left out."""
        outcome = attributes.get("outcomeIdentifier", "")
        weight = attributes.get("weightIdentifier", "")
        numbers: list[float | int | str | bool] = []
        for placed in places:
            end = _end(placed, placed.ref.names.get(outcome, outcome), highest=highest)
            if end is not None:
                numbers.append(end * placed.ref.weights.get(weight, 1.0))
            elif highest:
                return None
        return _container(numbers, {BaseType.FLOAT})


def _end(placed: Placed, name: str, *, highest: bool) -> float | None:
    """Return how far an item's single outcome can go."""
    declaration = placed.session.item.declarations.get(name)
    if declaration is None or declaration.kind is not Kind.OUTCOME:
        return None
    if declaration.cardinality is not Cardinality.SINGLE:
        return None
    return declaration.normal_maximum if highest else declaration.normal_minimum


def _container(scalars: list[float | int | str | bool], types: set[BaseType]) -> Value | None:
    if not scalars:
        return None
    if len(types) == 1:
        return Value(Cardinality.MULTIPLE, next(iter(types)), tuple(scalars))
    return Value(Cardinality.MULTIPLE, BaseType.FLOAT, tuple(float(data) for data in scalars))


def _is_wanted(base_type: BaseType, wanted: str | None) -> bool:
    """Only the base type that is asked for; numbers where none is."""
    return base_type in NUMERIC if wanted is None else base_type == wanted


def _is_meant(placed: Placed, attributes: Mapping[str, str]) -> bool:
    """Apply the item subset's section and categories."""
    section = attributes.get("sectionIdentifier", "")
    if section and section not in placed.sections:
        return False
    categories = set(placed.ref.categories)
    included = set(attributes.get("includeCategory", "").split())
    excluded = set(attributes.get("excludeCategory", "").split())
    return (not included or bool(included & categories)) and not excluded & categories
