"""Moodle's question types: what responses earn, and what its functions for numbers and texts give.

Of a response the neutral form is read, and the raw form where it says the same without knowing in
which order Moodle had shuffled its choices.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from examhall.plugins import (
    FormatErrors,
    ItemPolicy,
    PortableQuestion,
    QuestionType,
    Score,
    ScoreState,
    Variant,
)
from examhall.plugins.scorers.certainty import Certainty
from examhall.question_types.formula_texts import format_number, formula_error
from examhall.question_types.formulas import compute
from examhall.question_types.numeric_judging import is_within, ready_numbers, tolerance_interval
from examhall.question_types.quantities import NumberStyle, read_styled
from examhall.question_types.shapes import contains
from examhall.question_types.text_matching import find_answer, ready_answers
from tests.interop.neutral import RESPONSES, find_type
from tests.interop.neutral import read_question as build

Case = Mapping[str, Any]
Row = tuple[str, int, int, Sequence[str]]

NEAR = Decimal("0.000001")
LAST_BIT = 1e-15
"""Moodle computes with 53 bits, we compare numbers as decimals."""
STATES = {
    "gradedright": {ScoreState.RIGHT},
    "gradedpartial": {ScoreState.PARTIAL},
    # What Moodle grades as wrong may be nothing or unreadable here.
    "gradedwrong": {ScoreState.WRONG, ScoreState.UNANSWERED, ScoreState.INVALID},
    "gaveup": set(ScoreState) - {ScoreState.RIGHT, ScoreState.PARTIAL},
}
TOLERANCES = {1: "relative", 2: "absolute", 3: "geometric"}
DIGITS = {None: "", 1: "decimals", 2: "significant"}
SAME_FORM = {"numerical", "shortanswer", "truefalse", "multianswer", "calculated", "ddmarker"}


def run(shared: Path) -> Iterator[Row]:
    """Yield the comparisons: graded responses, then each function."""
    folder = shared / "interop" / "moodle"
    yield compare_grades(json.loads((folder / "grading_cases.json").read_text()))
    for name, cases in json.loads((folder / "function_cases.json").read_text()).items():
        differences = [told for case in cases if (told := _difference(name, case))]
        yield f"Moodle: {name}", len(cases) - len(differences), len(cases), differences


def compare_grades(cases: Sequence[Case]) -> Row:
    """Compare fraction and state of graded responses in their neutral and raw forms."""
    differences = []
    for case in cases:
        forms = [case["response"]]
        if case["qtype"] in SAME_FORM and isinstance(case["raw_response"], Mapping):
            forms.append(case["raw_response"])
        for response in forms:
            score = grade(case["question"], response)
            if fault := _grade_fault(case, score):
                differences.append(f"{case['id']}: {fault}")
                break
    return "Moodle's grades", len(cases) - len(differences), len(cases), differences


def grade(data: Case, response: Case) -> Score:
    """Score a response to a neutral question."""
    plugin, variant = prepare(build(data))
    parsed = plugin.parse(variant, RESPONSES[data["type"]](data, variant, response))
    if isinstance(parsed, FormatErrors):
        return Score(Decimal(0), ScoreState.INVALID)
    return plugin.score(variant, parsed)


def prepare(question: PortableQuestion) -> tuple[QuestionType, Variant]:
    """Return a question's type, and an edition of it."""
    plugin = find_type(question.type)
    schema = plugin.content_schema()()
    content = schema.dump(schema.load(question.content))
    return plugin, plugin.prepare(content, 7, "en")


def _grade_fault(case: Case, score: Score) -> str:
    wanted = Decimal(str(case["expected_fraction"] or 0))
    if abs(score.fraction - wanted) > NEAR:
        return f"{score.fraction} instead of {wanted}"
    if score.state not in STATES[case["expected_state"]]:
        return f"{score.state} instead of {case['expected_state']}"
    return ""


# Functions


def _difference(name: str, case: Case) -> str:
    found, wanted = FUNCTIONS[name](case), case["expected"]
    return "" if _same(found, wanted) else f"{case['args']}: {found} instead of {wanted}"


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(_same, found, wanted))
    if isinstance(found, bool) or found is None or isinstance(wanted, str | bool):
        return bool(found == wanted)
    return wanted is not None and math.isclose(found, wanted, rel_tol=LAST_BIT)


def _tolerance(args: Case) -> tuple[Decimal, str]:
    return Decimal(str(args["tolerance"])), TOLERANCES[args["tolerancetype"]]


def _interval(case: Case) -> list[Decimal]:
    args = case["args"]
    return list(tolerance_interval(Decimal(str(args["answer"])), *_tolerance(args)))


def _within(case: Case) -> bool:
    args = case["args"]
    tolerance, kind = _tolerance(args)
    answer = {"value": str(args["answer"]), "tolerance": tolerance, "tolerance_kind": kind}
    [ready] = ready_numbers([{**answer, "fraction": 1, "feedback": ""}])
    return is_within(ready, Decimal(str(args["value"])))


def _units(case: Case) -> list[Any]:
    """Return number, unit and the number's factor, as Moodle does."""
    args = case["args"]
    style = NumberStyle(args["decsep"], args["thousandssep"], args["unitsbefore"])
    text = "" if args["response"] is None else str(args["response"])
    quantity = read_styled(text, style)
    if quantity is None:
        return [None, None, None]
    unit = quantity.unit if args["separateunit"] is None else args["separateunit"]
    factors = args["units"] or {}
    factor = 1 / Decimal(str(factors[unit])) if unit in factors else None
    return [quantity.value, unit, factor]


def _compare(case: Case) -> int:
    text, pattern, ignores_case = case["args"]
    answer = {"text": pattern, "fraction": 1, "match": "wildcard"}
    way = {"case": not ignores_case, "strict": True}
    return int(find_answer(ready_answers([answer], **way), text, **way) is not None)


def _format(case: Case) -> str:
    """Write a number; which decimal sign was set only the wanted text tells."""
    number, digits, kind = case["args"]
    mark = "," if "," in case["expected"] else "."
    return format_number(float(number), digits, DIGITS[kind], mark)


def _calculate(case: Case) -> float:
    return compute(case["args"]["expression"], case["args"]["values"])


def _in_shape(case: Case) -> bool:
    shape = case["args"]["shape"]
    x, y = (Decimal(str(number)) for number in case["args"]["xy"])
    kind = shape["__class"].removeprefix("qtype_ddmarker_shape_")
    corners = shape.get("coords", [])
    coords = {
        "circle": "{xcentre},{ycentre};{radius}",
        "rectangle": "{xleft},{ytop};{width},{height}",
        "polygon": ";".join(f"{left},{top}" for left, top in corners),
    }[kind]
    return contains(kind, coords.format(**shape), (x, y))


def _certainty(case: Case) -> Decimal:
    fraction = Decimal(str(case["args"]["fraction"]))
    state = ScoreState.RIGHT if fraction > 0 else ScoreState.WRONG
    score = Score(fraction, state, certainty=int(case["args"]["certainty"]))
    settings = {"full": "lowest"}
    return Certainty().score_item(score, ItemPolicy(points=Decimal(1), settings=settings)).points


FUNCTIONS: Mapping[str, Callable[[Case], Any]] = {
    "numerical_tolerance_interval": _interval,
    "numerical_within_tolerance": _within,
    "numerical_apply_units": _units,
    "shortanswer_compare": _compare,
    "calculated_formula_errors": lambda case: formula_error(*case["args"]) or False,
    "calculated_format_float": _format,
    "calculated_calculate": _calculate,
    "ddmarker_point_in_shape": _in_shape,
    "cbm_adjust_fraction": _certainty,
}
