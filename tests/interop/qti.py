"""QTI: expressions, response processing and items with the outcomes of another engine.

`run(shared)` gives one row per file: its name, how many cases are equal, how many there are, and
the differences as texts.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lxml import etree

from examhall.plugins.qti.assessment import Flow, ItemRef
from examhall.plugins.qti.attempt_state import Placed, TestState
from examhall.plugins.qti.declarations import (
    AreaMapping,
    Bounds,
    Declaration,
    Kind,
    MapEntry,
)
from examhall.plugins.qti.declarations import (
    Mapping as ValueMapping,
)
from examhall.plugins.qti.errors import QtiError
from examhall.plugins.qti.expressions import compile_expression, find_operator
from examhall.plugins.qti.item import BUILT_IN, COMPLETION, parse_item
from examhall.plugins.qti.rules import compile_rules, run_rules
from examhall.plugins.qti.session import ItemSession, read_response
from examhall.plugins.qti.shapes import parse_area
from examhall.plugins.qti.standard import standard_rules, template_name
from examhall.plugins.qti.state import State
from examhall.plugins.qti.values import (
    BaseType,
    Cardinality,
    Value,
    are_equal,
    is_null,
    parse_scalar,
    single,
)
from examhall.plugins.qti.xml import children

Row = tuple[str, int, int, list[str]]
KINDS = {
    "ResponseVariable": Kind.RESPONSE,
    "OutcomeVariable": Kind.OUTCOME,
    "TemplateVariable": Kind.TEMPLATE,
}
FOLDERS = {
    "oat-sa/qti-sdk": "gpl2_oat-sa_qti-sdk",
    "instructure/qti": "mit_instructure_qti",
    "1EdTech/qti-examples": "restricted_1EdTech_qti-examples",
    "Citolab/qti-components": "gpl3_Citolab_qti-components",
    "swl10/pyslet": "bsd_swl10_pyslet",
}

_VALUES = "<value>10.1</value><value>12.1</value>"
ITEM_CONTEXTS: Mapping[str, tuple[str, str, Mapping[str, float]]] = {
    "testWeighted": (
        "Q01",
        (
            "<outcomeDeclaration identifier='var2' cardinality='multiple' baseType='float'>"
            f"<defaultValue>{_VALUES}</defaultValue></outcomeDeclaration>"
        ),
        {"weight1": 1.1},
    ),
    "testBranchingSingleSectionLinear1": (
        "Q03",
        (
            "<outcomeDeclaration identifier='SCORE' cardinality='single' baseType='float'>"
            "<defaultValue><value>0</value></defaultValue></outcomeDeclaration>"
        ),
        {},
    ),
    "testBranchingOnPreconditon": (
        "Q01",
        (
            "<responseDeclaration identifier='RESPONSE' cardinality='single' baseType='identifier'>"
            "<correctResponse><value>ChoiceA</value></correctResponse></responseDeclaration>"
        ),
        {},
    ),
}


def run(shared: Path) -> list[Row]:
    """Compare all cases."""
    folder = shared / "interop" / "qti"
    return [
        _count("qti expressions", _expression_differences(folder)),
        _count("qti response_processing", _processing_differences(folder)),
        _count("qti item_cases", _item_differences(folder)),
    ]


def _count(name: str, results: Iterator[str | None]) -> Row:
    told = list(results)
    differences = [text for text in told if text is not None]
    return name, len(told) - len(differences), len(told), differences


def read_value(data: Mapping[str, Any] | None) -> Value | None:
    """Read a value as the files write it."""
    if data is None:
        return None
    cardinality = Cardinality(data["cardinality"])
    if cardinality is Cardinality.RECORD:
        fields = data["value"] or {}
        return Value(cardinality, None, {name: read_value(fields[name]) for name in fields})
    base_type = BaseType(data["baseType"])
    if cardinality is Cardinality.SINGLE:
        return single(base_type, _scalar(base_type, data["value"]))
    return Value(cardinality, base_type, tuple(_scalar(base_type, v) for v in data["value"]))


def _scalar(base_type: BaseType, data: Any) -> Any:
    if data is None or isinstance(data, bool):
        return data
    if base_type is BaseType.FLOAT:
        return float(str(data).replace("NAN", "nan"))
    return parse_scalar(base_type, str(data))


def _declaration(data: Mapping[str, Any]) -> Declaration:
    cardinality = Cardinality(data["cardinality"])
    base_type = BaseType(data["baseType"]) if data.get("baseType") else None
    return Declaration(
        data["id"],
        KINDS[data["kind"]],
        cardinality,
        base_type,
        default=read_value(data.get("default")),
        correct=read_value(data.get("correct")),
        mapping=_mapping(data.get("mapping"), base_type),
        area_mapping=_area_mapping(data.get("areaMapping")),
    )


def _mapping(data: Mapping[str, Any] | None, base_type: BaseType | None) -> ValueMapping | None:
    if data is None or base_type is None:
        return None
    entries = tuple(
        MapEntry(_scalar(base_type, entry["key"]), entry["value"], entry["caseSensitive"])
        for entry in data["entries"]
    )
    return ValueMapping(entries, data["default"], Bounds(data["lowerBound"], data["upperBound"]))


def _area_mapping(data: Mapping[str, Any] | None) -> AreaMapping | None:
    if data is None:
        return None
    entries = tuple(
        (parse_area(entry["shape"], entry["coords"]), entry["value"]) for entry in data["entries"]
    )
    return AreaMapping(entries, data["default"], Bounds(data["lowerBound"], data["upperBound"]))


def _state(variables: Any) -> State:
    rows = list(variables.values()) if isinstance(variables, dict) else list(variables or ())
    state = State({**BUILT_IN, **{row["id"]: _declaration(row) for row in rows}})
    state.values = {row["id"]: read_value(row.get("value")) for row in rows}
    return state


def _same(ours: Value | None, theirs: Value | None) -> bool:
    if ours is None or theirs is None:
        return is_null(ours) and is_null(theirs)
    if (ours.cardinality, ours.base_type) != (theirs.cardinality, theirs.base_type):
        return False
    if ours.base_type is BaseType.FLOAT and ours.cardinality is Cardinality.SINGLE:
        return ours.data == theirs.data or math.isclose(ours.data, theirs.data, rel_tol=1e-12)
    return are_equal(ours, theirs)


def _load(path: Path) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return cases


def _expression_differences(folder: Path) -> Iterator[str | None]:
    for case in _load(folder / "expressions.json"):
        yield _expression_difference(case)


def _expression_difference(case: Mapping[str, Any]) -> str | None:
    element = etree.fromstring(case["xml"])
    state = _context(case)
    try:
        if case["operands"] is None:
            ours = compile_expression(element)(state)
        else:
            apply = find_operator(case["operator"], dict(element.attrib))
            ours = apply(state, [read_value(operand) for operand in case["operands"]])
    except QtiError as error:
        return None if "expected_error" in case else f"{case['id']}: {error}"
    if "expected_error" in case:
        return f"{case['id']}: {ours} instead of an error: {case['expected_error']}"
    theirs = read_value(case["expected"])
    return None if _same(ours, theirs) else f"{case['id']} {case['xml']}: {ours}, not {theirs}"


def _context(case: Mapping[str, Any]) -> State:
    """Return the variables of a case; for those of a test's items, the test that it was run in.

    Three cases look up items of a test, which the file leaves out: their own test suite says what
    was in them.
    """
    name = case["test"].partition("::")[2]
    if name not in ITEM_CONTEXTS or "." not in case["xml"]:
        return _state(case["variables"])
    item, variables, weights = ITEM_CONTEXTS[name]
    body = f"<assessmentItem identifier='{item}'>{variables}<itemBody/></assessmentItem>"
    state = TestState({})
    ref = ItemRef(item, "", (), weights, {}, Flow())
    state.placed = [Placed(ref, ItemSession(parse_item(body)))]
    return state


def _processing_differences(folder: Path) -> Iterator[str | None]:
    for case in _load(folder / "response_processing.json"):
        yield _processing_difference(case)


def _processing_difference(case: Mapping[str, Any]) -> str | None:
    element = etree.fromstring(case["responseProcessing"])
    state = _state(case["variables"])
    try:
        if address := element.get("template"):
            rule = standard_rules(template_name(address))
        else:
            rule = compile_rules(children(element))
        run_rules(rule, state)
    except QtiError:
        # Rules that cannot run leave the outcomes alone: those are compared below.
        pass
    for name, expected in case["expected_outcomes"].items():
        theirs = read_value(expected)
        if not _same(state.find(name), theirs):
            return f"{case['id']}: {name} is {state.find(name)}, not {theirs}"
    return None


def item_path(folder: Path, name: str) -> Path:
    """Return the file that a case names as owner/repository/path."""
    owner, repository, rest = name.split("/", 2)
    return folder / "items" / FOLDERS[f"{owner}/{repository}"] / rest


def _item_differences(folder: Path) -> Iterator[str | None]:
    texts: dict[str, bytes] = {}
    for case in _load(folder / "item_cases.json"):
        path = item_path(folder, case["item"])
        if case["item"] not in texts and path.is_file():
            texts[case["item"]] = path.read_bytes()
        if case["item"] in texts:
            yield _item_difference(case, texts[case["item"]])


def _item_difference(case: Mapping[str, Any], xml: bytes) -> str | None:
    where = f"{case['id']} {case['item']}"
    try:
        item = parse_item(xml)
        session = ItemSession(item)
        session.submit(
            {
                name: read_response(item.declarations[name], given)
                for name, given in case["responses"].items()
            }
        )
    except (QtiError, KeyError) as error:
        return f"{where}: {error}"
    ours = session.outcomes()
    status = ours.pop(COMPLETION)[0]
    theirs = case["expected_outcomes"]
    wrong = {
        name: (ours.get(name), theirs.get(name))
        for name in {*ours, *theirs}
        if not _texts_equal(ours.get(name) or [], theirs.get(name) or [])
    }
    if status != case["completionStatus"]:
        wrong[COMPLETION] = ([status], [case["completionStatus"]])
    return f"{where} {case['responses']}: {wrong}" if wrong else None


def _texts_equal(ours: list[str], theirs: list[str]) -> bool:
    return len(ours) == len(theirs) and all(map(_text_equal, ours, theirs))


def _text_equal(ours: str, theirs: str) -> bool:
    if ours == theirs:
        return True
    try:
        return math.isclose(float(ours), float(theirs), rel_tol=1e-9)
    except ValueError:
        return False
