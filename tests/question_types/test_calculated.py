"""Calculated questions: their numbers, their formulas, and the contract of question types."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examhall.plugins import View
from examhall.plugins.testing import QuestionTypeContract
from examhall.question_types.calculated import Calculated
from examhall.question_types.formula_texts import fill_formulas, format_number, formula_error
from examhall.question_types.formulas import FormulaError, compute
from examhall.question_types.wildcard_values import wildcard_values
from tests.question_types.asking import answer, ask, paths, stored

TYPE = Calculated()
ROWS = [{"name": "a", "values": ["31", "7"]}, {"name": "b", "values": ["0.5", "2", "9"]}]
SUM = {
    "stem": "What is {a} + {b}? Not {=2 * {a}}.",
    "answers": [{"formula": "{a} + {b}", "tolerance": "0.001", "tolerance_kind": "absolute"}],
    "wildcards": ROWS,
}
CHOICE = {
    "stem": "What is {a} times {b}?",
    "kind": "choice",
    "answers": [
        {"formula": "It is {={a} * {b}}", "digits_kind": "decimals", "correct_digits": 1},
        {"formula": "It is {={a} / {b}}", "fraction": "0"},
    ],
    "wildcards": ROWS,
}


class TestCalculated(QuestionTypeContract):
    plugin = TYPE
    contents = (
        SUM,
        CHOICE,
        {
            **SUM,
            "units": [{"name": "km"}, {"name": "m", "factor": "1000"}],
            "unit_mode": "graded_of_response",
            "decimal_mark": ",",
            "thousands_mark": ".",
            "answers": [*SUM["answers"], {"formula": "*", "fraction": "0", "feedback": "No {a}."}],
        },
        {**CHOICE, "kind": "multiple"},
    )


def test_fixed_numbers_belong_together() -> None:
    stems = {ask(TYPE, SUM, seed).public["stem"] for seed in range(30)}
    assert stems == {"What is 31 + 0.5? Not 62.", "What is 7 + 2? Not 14."}


@given(seed=st.integers(0, 2**62))
def test_the_formula_says_what_is_right(seed) -> None:
    variant = ask(TYPE, SUM, seed)
    right = "31.5" if "31" in variant.public["stem"] else "9"
    assert answer(TYPE, variant, {"value": right}).fraction == 1
    assert answer(TYPE, variant, {"value": f"{right}1"}).fraction == 0
    assert TYPE.correct_response(variant) == {"value": f"{Decimal(right):.2f}"}


def test_choices_have_the_numbers_in_their_texts() -> None:
    variant = ask(TYPE, {**CHOICE, "shuffle": False, "wildcards": [
        {"name": "a", "values": ["31"]}, {"name": "b", "values": ["0.5"]}
    ]})  # fmt: skip
    assert [o["text"] for o in variant.public["options"]] == ["It is 15.5", "It is 62.00"]
    assert answer(TYPE, variant, {"choice": "1"}).fraction == 1


ranges = st.fixed_dictionaries(
    {
        "name": st.just("x"),
        "minimum": st.decimals(1, 1000, places=3),
        "maximum": st.decimals(1, 1000, places=3),
        "decimals": st.integers(0, 6),
        "distribution": st.sampled_from(["uniform", "loguniform"]),
        "values": st.just([]),
    }
)


@given(wildcard=ranges, seed=st.integers(0, 2**62))
def test_numbers_lie_in_their_range(wildcard, seed) -> None:
    number = wildcard_values([wildcard], seed)["x"]
    assert number == wildcard_values([wildcard], seed)["x"]
    low, high = sorted((wildcard["minimum"], wildcard["maximum"]))
    assert low <= number <= high


def test_seeds_give_different_numbers() -> None:
    wildcard = {"name": "x", "minimum": Decimal(1), "maximum": Decimal(1000), "decimals": 3,
                "distribution": "loguniform", "values": []}  # fmt: skip
    numbers = [wildcard_values([wildcard], seed)["x"] for seed in range(200)]
    assert len(set(numbers)) > 190
    assert 20 < sorted(numbers)[100] < 50


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("2 + 3 * 4", 14),
        ("-2 ** 2", -4),
        ("2 ** 3 ** 2", 512),
        ("7 % 4", 3),
        ("-7 % 4", -3),
        ("{a} - {b}", 3),
        ("sqrt(16) + abs(-1)", 5),
        ("max(1, 2, 3) - min(4, 5)", -1),
        ("log(8, 2)", 3),
        ("round(2.5) + round(-0.125, 2)", 2.87),
        ("1 < 2 ? 10 : 20", 10),
        ("1.5e3", 1500),
        ("6 ^ 3", 5),
        ("!0 && 2 || 0", 1),
        ("pi()", math.pi),
        ("bindec(101) + octdec(17) + decbin(5)", 121),
    ],
)
def test_formulas_are_computed(formula, value) -> None:
    assert compute(formula, {"a": 2.0, "b": -1.0}) == pytest.approx(value)


@pytest.mark.parametrize(
    "formula",
    ["", "1 +", "2 3", "{c}", "foo(1)", "sin()", "sin(1, 2)", "1 / 0", "sqrt(-1)", "(" * 200,
     "-" * 200 + "1", "1" + "+1" * 4000, "1" + " + 1" * 1200, "__import__('os')", "10 ** 400",
     "1 << 99999999999", "a.b", "1 ? 2", "round(1, 99999)", "2 ^ 1e300", "factorial(9)"],
)  # fmt: skip
def test_what_is_no_formula_is_refused(formula) -> None:
    with pytest.raises(FormulaError) as caught:
        compute(formula, {"a": 1.0})
    assert str(caught.value)


@given(st.text("0123456789.+-*/%()<>=?:&|^~!{}abe, ", max_size=40))
def test_any_text_is_a_formula_or_refused(text) -> None:
    try:
        found = compute(text, {"a": 2.0, "b": 0.0})
    except FormulaError:
        found = 0.0
    assert isinstance(found, float)
    error = formula_error(text)
    assert error is None or error


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((3.01416, 2, "significant"), "3.0"),
        ((0.0012345, 2, "significant"), "0.0012"),
        ((0.00012345, 2, "significant"), "1.2e-4"),
        ((31416.0, 2, "significant"), "3.1e4"),
        ((3141.6, 2, "significant"), "3100"),
        ((0.0, 2, "significant"), "0"),
        ((-9.99, 2, "significant"), "-10"),
        ((1e20,), "1.0E+20"),
        ((4.7596266400000005, None, "", ","), "4,75962664"),
        ((math.nan,), "NAN"),
        ((-math.inf,), "-INF"),
    ],
)
def test_numbers_are_written(arguments, text) -> None:
    assert format_number(*arguments) == text


def test_texts_are_filled() -> None:
    text = fill_formulas("{a}, {={a} * 2}, {=1/0}, {other}", {"a": 3.0}, format_number)
    assert text == "3, 6, NAN, {other}"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"answers": [{"formula": "{a} + {c}"}]}, {"answers.0.formula"}),
        ({"answers": [{"formula": "system(1)"}]}, {"answers.0.formula"}),
        ({"answers": [{"formula": "{a} + {b}?"}]}, {"answers.0.formula"}),
        ({"stem": "{={a} +}"}, {"stem"}),
        ({"answers": [{"formula": "1", "fraction": "0.5"}]}, {"answers"}),
        ({"wildcards": [*ROWS, ROWS[0]]}, {"wildcards.2.name"}),
        (
            {"wildcards": [*ROWS, {"name": "c", "minimum": "2", "maximum": "1"}]},
            {"wildcards.2.maximum"},
        ),
        (
            {"wildcards": [*ROWS, {"name": "c", "minimum": "0", "distribution": "loguniform"}]},
            {"wildcards.2.minimum"},
        ),
        ({"kind": "choice"}, {"answers"}),
    ],
)
def test_questions_that_cannot_be_answered_are_named(change, expected) -> None:
    assert paths(TYPE, {**SUM, **change}) == expected


def test_the_author_sees_the_formula_s_value() -> None:
    html = TYPE.render(ask(TYPE, SUM), View.AUTHOR).html
    assert "31.5" in html or ">9" in html


def test_other_numbers_cannot_be_rescored() -> None:
    old = stored(TYPE, SUM)
    assert TYPE.can_rescore(old, stored(TYPE, {**SUM, "stem": "{a} and {b}"})) is None
    assert TYPE.can_rescore(old, stored(TYPE, {**SUM, "wildcards": ROWS[:1]}))
    assert TYPE.can_rescore(old, stored(TYPE, {**SUM, "kind": "choice"}))
