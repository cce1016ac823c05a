"""The variables of an item or test while it is processed."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from examhall.plugins.qti.declarations import Declaration, Kind
from examhall.plugins.qti.errors import ProcessingError
from examhall.plugins.qti.values import Value, convert


class Dice:
    """Random numbers from a seed: the same in every version of Python."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._count = 0

    def fraction(self) -> float:
        """Return a number from 0 up to, but without, 1."""
        self._count += 1
        digest = sha256(f"{self._seed}:{self._count}".encode()).digest()
        return int.from_bytes(digest[:7]) / 2**56

    def below(self, count: int) -> int:
        """Return a whole number from 0 up to, but without, `count`."""
        return min(int(self.fraction() * count), count - 1)


class State:
    """Declarations with their values of this moment; `dice` roll for random operators."""

    def __init__(self, declarations: Mapping[str, Declaration], dice: Dice | None = None) -> None:
        self.declarations = declarations
        self.values: dict[str, Value | None] = {
            name: declaration.default for name, declaration in declarations.items()
        }
        self.correct: dict[str, Value | None] = {}
        self.defaults: dict[str, Value | None] = {}
        self.dice = dice or Dice(0)
        self.repeated = 0

    def find(self, identifier: str) -> Value | None:
        """Return a variable's value; NULL for one that is not declared."""
        return self.values.get(identifier)

    def find_weighted(self, identifier: str, weight: str) -> Value | None:
        """Return a variable's value; weights are known to tests only."""
        return self.find(identifier)

    def find_declaration(self, identifier: str) -> Declaration | None:
        """Return how a variable is declared."""
        return self.declarations.get(identifier)

    def find_default(self, identifier: str) -> Value | None:
        """Return a variable's default value."""
        if identifier in self.defaults:
            return self.defaults[identifier]
        declaration = self.find_declaration(identifier)
        return declaration.default if declaration else None

    def find_correct(self, identifier: str) -> Value | None:
        """Return the correct response of a response variable; NULL where none is declared."""
        if identifier in self.correct:
            return self.correct[identifier]
        declaration = self.find_declaration(identifier)
        if declaration is None:
            return None
        if declaration.kind is not Kind.RESPONSE:
            raise ProcessingError(f"{identifier} is no response: it has no correct value.")
        return declaration.correct

    def assign(self, identifier: str, value: Value | None, kind: Kind) -> None:
        """Set a variable; raises ProcessingError for one of another kind or type."""
        declaration = self.find_declaration(identifier)
        if declaration is None or declaration.kind is not kind:
            raise ProcessingError(f"There is no {kind} variable {identifier[:60]!r}.")
        self.values[identifier] = convert(value, declaration.cardinality, declaration.base_type)

    def test_value(self, name: str, attributes: Mapping[str, str]) -> Any:
        """Return what only tests know (`numberCorrect` and its like)."""
        raise ProcessingError(f"{name} has a meaning in tests only.")
