"""QTI's rules: for responses, for the outcomes of tests, and for templates."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lxml import etree

from examhall.plugins.qti.declarations import Kind
from examhall.plugins.qti.errors import ProcessingError, QtiError
from examhall.plugins.qti.expressions import MAX_DEPTH, Evaluate, compile_expression, is_true
from examhall.plugins.qti.state import State
from examhall.plugins.qti.values import Cardinality, convert
from examhall.plugins.qti.xml import children, local_name

Rule = Callable[[State], None]
MAX_TEMPLATE_TRIES = 100


class Exit(Exception):  # noqa: N818 - it is no error
    """Processing ends here, as the item says."""


class Retry(Exception):  # noqa: N818 - it is no error
    """A template's constraint does not hold: roll again."""


def compile_rules(elements: Sequence[etree._Element], depth: int = 0) -> Rule:
    """Return one function that applies rules in turn; raises QtiError for unknown ones."""
    if depth > MAX_DEPTH:
        raise QtiError("Rules are nested too deep.")
    rules = tuple(_compile_rule(element, depth + 1) for element in elements)

    def apply(state: State) -> None:
        for rule in rules:
            rule(state)

    return rules[0] if len(rules) == 1 else apply


def run_rules(rule: Rule, state: State) -> None:
    """Apply rules until they end or say so."""
    try:
        rule(state)
    except Exit:
        return


def _compile_rule(element: etree._Element, depth: int) -> Rule:
    name = local_name(element)
    if name in {"responseCondition", "outcomeCondition", "templateCondition"}:
        return _condition(element, depth)
    if name in {"responseProcessingFragment", "outcomeProcessingFragment"}:
        return compile_rules(children(element), depth)
    if name in {"exitResponse", "exitTest", "exitTemplate"}:
        return _exit
    if name == "include":
        raise QtiError("Its rules stand in another file, which is not there.")
    if name not in _SETTERS:
        raise QtiError(f"There is no rule {name[:60]!r}.")
    return _SETTERS[name](element)


def _exit(_state: State) -> None:
    raise Exit


def _condition(element: etree._Element, depth: int) -> Rule:
    """An `if`, any number of `else if`, and maybe an `else`."""
    branches: list[tuple[Callable[[State], bool], Rule]] = []
    for branch in children(element):
        parts = children(branch)
        if local_name(branch).endswith("Else"):
            branches.append((_always, compile_rules(parts, depth)))
            continue
        if not parts:
            raise QtiError("A condition has no expression.")
        test = compile_expression(parts[0])
        branches.append((_truth(test), compile_rules(parts[1:], depth)))

    def apply(state: State) -> None:
        for holds, rule in branches:
            if holds(state):
                rule(state)
                return

    return apply


def _always(_state: State) -> bool:
    return True


def _truth(test: Evaluate) -> Callable[[State], bool]:
    return lambda state: is_true(test(state))


def _only_expression(element: etree._Element) -> etree._Element:
    parts = children(element)
    if len(parts) != 1:
        raise QtiError(f"{local_name(element)} needs one expression.")
    return parts[0]


def _setter(kind: Kind) -> Callable[[etree._Element], Rule]:
    def make(element: etree._Element) -> Rule:
        identifier = element.get("identifier", "")
        expression = compile_expression(_only_expression(element))
        return lambda state: state.assign(identifier, expression(state), kind)

    return make


def _lookup(element: etree._Element) -> Rule:
    """Set an outcome to what its table has for a number."""
    identifier = element.get("identifier", "")
    expression = compile_expression(_only_expression(element))

    def apply(state: State) -> None:
        declaration = state.find_declaration(identifier)
        if declaration is None or declaration.table is None:
            raise ProcessingError(f"The outcome {identifier[:60]!r} has no table to look into.")
        value = expression(state)
        if value is None:
            state.assign(identifier, declaration.table.default, Kind.OUTCOME)
            return
        if value.cardinality is not Cardinality.SINGLE or not isinstance(value.data, int | float):
            raise ProcessingError("A table is looked up by a number.")
        state.assign(identifier, declaration.table.find(value.data), Kind.OUTCOME)

    return apply


def _set_correct(element: etree._Element) -> Rule:
    return _override(element, "correct")


def _set_default(element: etree._Element) -> Rule:
    return _override(element, "defaults")


def _override(element: etree._Element, which: str) -> Rule:
    identifier = element.get("identifier", "")
    expression = compile_expression(_only_expression(element))

    def apply(state: State) -> None:
        declaration = state.find_declaration(identifier)
        if declaration is None:
            raise ProcessingError(f"There is no variable {identifier[:60]!r}.")
        value = convert(expression(state), declaration.cardinality, declaration.base_type)
        getattr(state, which)[identifier] = value

    return apply


def _constraint(element: etree._Element) -> Rule:
    expression = compile_expression(_only_expression(element))

    def apply(state: State) -> None:
        if not is_true(expression(state)):
            raise Retry

    return apply


_SETTERS: dict[str, Callable[[etree._Element], Rule]] = {
    "setOutcomeValue": _setter(Kind.OUTCOME),
    "setTemplateValue": _setter(Kind.TEMPLATE),
    "lookupOutcomeValue": _lookup,
    "setCorrectResponse": _set_correct,
    "setDefaultValue": _set_default,
    "templateConstraint": _constraint,
}
