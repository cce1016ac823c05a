"""A candidate's session with an item: templates, responses, outcomes, score."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from examhall.plugins.qti.declarations import Declaration, Kind
from examhall.plugins.qti.errors import ProcessingError, QtiError
from examhall.plugins.qti.item import ATTEMPTS, COMPLETION, DURATION, MAXSCORE, SCORE, Item
from examhall.plugins.qti.rules import MAX_TEMPLATE_TRIES, Retry, run_rules
from examhall.plugins.qti.state import Dice, State
from examhall.plugins.qti.values import (
    NUMERIC,
    BaseType,
    Cardinality,
    Value,
    is_null,
    make_value,
    members,
    parse_scalar,
    read_field,
    single,
    write_value,
)

MAX_VALUES = 1000


class ItemSession:
    """One candidate with one item; `seed` decides what templates roll."""

    def __init__(self, item: Item, seed: int = 0) -> None:
        self.item = item
        self.state = self._prepare(seed)
        self._fresh = dict(self.state.values)

    def _prepare(self, seed: int) -> State:
        """Run template processing; a constraint that never holds ends with the defaults."""
        dice = Dice(seed)
        state = State(self.item.declarations, dice)
        for _ in range(MAX_TEMPLATE_TRIES if self.item.template_rule else 0):
            try:
                run_rules(self.item.template_rule, state)  # type: ignore[arg-type]
            except Retry:
                state = State(self.item.declarations, dice)
                continue
            break
        for name, value in state.defaults.items():
            state.values[name] = value
        state.values[COMPLETION] = single(BaseType.IDENTIFIER, "not_attempted")
        return state

    def submit(self, responses: Mapping[str, Value | None], seconds: float = 0.0) -> None:
        """End an attempt: take its responses and run response processing.

        An item that is not adaptive forgets the outcomes of the attempt before (2.1, "Response
        processing"). Raises ProcessingError where its rules come to nonsense.
        """
        state = self.state
        attempts = state.values[ATTEMPTS]
        first = attempts is None or attempts.data == 0
        self._reset_outcomes(everything=first or not self.item.adaptive)
        for declaration in self.item.of_kind(Kind.RESPONSE):
            state.values[declaration.identifier] = responses.get(declaration.identifier)
        count = 1 if attempts is None else attempts.data + 1
        state.values[ATTEMPTS] = single(BaseType.INTEGER, count)
        state.values[DURATION] = single(BaseType.DURATION, seconds)
        if self.item.response_rule is not None:
            run_rules(self.item.response_rule, state)
        if not self.item.adaptive:
            state.values[COMPLETION] = single(BaseType.IDENTIFIER, "completed")

    def _reset_outcomes(self, *, everything: bool) -> None:
        if not everything:
            return
        for name, declaration in self.item.declarations.items():
            if declaration.kind is Kind.OUTCOME:
                self.state.values[name] = _start(declaration, self._fresh.get(name))
        self.state.values[COMPLETION] = single(BaseType.IDENTIFIER, "unknown")

    def outcomes(self) -> dict[str, list[str]]:
        """Return every outcome as a list of texts; NULL is the empty list."""
        names = [declaration.identifier for declaration in self.item.of_kind(Kind.OUTCOME)]
        return {name: write_value(self.state.values.get(name)) for name in [*names, COMPLETION]}

    def correct_responses(self) -> dict[str, Value | None]:
        """Return the declared correct responses, as templates may have changed them."""
        return {
            declaration.identifier: self.state.find_correct(declaration.identifier)
            for declaration in self.item.of_kind(Kind.RESPONSE)
        }

    def correct_texts(self) -> dict[str, list[str]]:
        """Return the declared correct responses as lists of texts."""
        return {name: write_value(value) for name, value in self.correct_responses().items()}

    def score(self) -> float | None:
        """Return the value of SCORE; None where the item gives none."""
        return _number(self.state.values.get(SCORE))

    def maximum(self) -> float | None:
        """Return what SCORE can be at most: MAXSCORE, the declared or the derived maximum."""
        declared = self.item.declarations.get(SCORE)
        for candidate in (
            _number(self.state.values.get(MAXSCORE)),
            declared.normal_maximum if declared else None,
        ):
            if candidate is not None and 0 < candidate < math.inf:
                return candidate
        return derive_maximum(self)


def _start(declaration: Declaration, fresh: Value | None) -> Value | None:
    """Numeric outcomes without a default start at 0 (2.1, `outcomeDeclaration`)."""
    if fresh is not None or declaration.cardinality is not Cardinality.SINGLE:
        return fresh
    zeros = {BaseType.INTEGER: 0, BaseType.FLOAT: 0.0}
    base_type = declaration.base_type
    return single(base_type, zeros[base_type]) if base_type in zeros else None


def _number(value: Value | None) -> float | None:
    if value is None or value.base_type not in NUMERIC or is_null(value):
        return None
    numbers = [data for data in members(value) if data is not None and math.isfinite(data)]
    return float(sum(numbers)) if numbers else None


def derive_maximum(session: ItemSession) -> float | None:
    """Find the most that an item gives: what its correct responses earn, or its mapping's best.

    The mapping counts where a standard template adds it up, or the correct responses earn nothing.
    None where neither says anything, as in an essay without key.
    """
    correct = session.correct_responses()
    top = 0.0
    if any(not is_null(value) for value in correct.values()):
        trial = _copy(session)
        try:
            trial.submit(correct)
            top = trial.score() or 0.0
        except ProcessingError:
            top = 0.0
    if len(correct) == 1 and (top <= 0 or "map_response" in session.item.template):
        top = max(top, _mapping_maximum(session.item.declarations[next(iter(correct))]))
    return top if 0 < top < math.inf else None


def _copy(session: ItemSession) -> ItemSession:
    trial = object.__new__(ItemSession)
    trial.item = session.item
    trial.state = State(session.item.declarations, Dice(0))
    trial.state.values = dict(session._fresh)
    trial.state.correct = session.state.correct
    trial.state.defaults = session.state.defaults
    trial._fresh = session._fresh
    return trial


def _mapping_maximum(declaration: Declaration) -> float:
    """The best value for one choice, the sum of all good ones for several; within the bounds."""
    mapping = declaration.mapping or declaration.area_mapping
    if mapping is None:
        return 0.0
    worth = (
        [entry.value for entry in declaration.mapping.entries]
        if declaration.mapping
        else [value for _, value in (declaration.area_mapping or mapping).entries]  # type: ignore[misc]
    )
    good = [value for value in worth if value > 0]
    if declaration.cardinality is Cardinality.SINGLE:
        return mapping.bounds.clamp(max(good, default=0.0))
    return mapping.bounds.clamp(sum(good))


def fraction_of(score: float, maximum: float) -> Decimal:
    """Return a score as an exact share of the maximum, by the digits that a person would write."""
    return Decimal(repr(score)) / Decimal(repr(maximum))


def read_response(declaration: Declaration, given: Any) -> Value | None:
    """Read a response from a list of texts, or None; raises QtiError for what cannot be one."""
    if given is None:
        return None
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, Sequence) or not all(isinstance(text, str) for text in texts):
        raise QtiError(f"A response to {declaration.identifier!r} is a list of texts, or null.")
    if len(texts) > MAX_VALUES:
        raise QtiError(f"A response has at most {MAX_VALUES} values.")
    if declaration.cardinality is Cardinality.RECORD:
        fields = dict(read_field(text) for text in texts)
        return Value(Cardinality.RECORD, None, fields) if fields else None
    base_type = declaration.base_type or BaseType.STRING
    if declaration.cardinality is Cardinality.SINGLE and len(texts) > 1:
        raise QtiError(f"{declaration.identifier!r} takes one value only.")
    return make_value(
        declaration.cardinality, base_type, [parse_scalar(base_type, text) for text in texts]
    )
