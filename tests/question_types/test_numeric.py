"""Numeric: how people write numbers, and what is near enough."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from examhall.plugins import FormatErrors, ScoreState
from examhall.question_types.numeric import Numeric
from examhall.question_types.quantities import NumberStyle, read_quantity, read_styled
from tests.question_types.asking import answer, ask, fraction, paths, stored

TYPE = Numeric()
METRES = {
    "units": [{"name": "m"}, {"name": "cm", "factor": "100"}, {"name": "km", "factor": "0.001"}]
}


def question(value="3.14", tolerance="0", tolerance_kind="absolute", **more):
    accepted = {"value": value, "tolerance": tolerance, "tolerance_kind": tolerance_kind}
    return {"stem": "?", "answers": [accepted], **more}


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("3", "3", ""),
        (" +3.50 ", "3.50", ""),
        ("-1,5", "-1.5", ""),
        ("\u22121.5", "-1.5", ""),
        (",5", "0.5", ""),
        (".5", "0.5", ""),
        ("5,", "5.0", ""),
        ("1,234", "1.234", ""),
        ("1,234,567", "1234567", ""),
        ("1.234.567", "1234567", ""),
        ("1,234.5", "1234.5", ""),
        ("1.234,5", "1234.5", ""),
        ("1 234,5", "1234.5", ""),
        ("1\u202f234", "1234", ""),
        ("1'234.5", "1234.5", ""),
        ("1e3", "1000", ""),
        ("1,5E-3", "0.0015", ""),
        ("2 x 10^8", "200000000", ""),
        ("2\u00b710^-2", "0.02", ""),
        ("3.00x10**-8 m", "3.00E-8", "m"),
        ("9.81 m/s", "9.81", "m/s"),
        ("50%", "50", "%"),
        ("3 e", "3", "e"),
        ("\u0663", "3", ""),
    ],
)
def test_numbers_as_people_write_them(text, value, unit) -> None:
    quantity = read_quantity(text)
    assert quantity is not None
    assert (quantity.value, quantity.unit) == (Decimal(value), unit)


@pytest.mark.parametrize(
    "text",
    ["", "abc", "-", ".", ",", "1,23,4", "1.2.3", "12,34.5.6", "e5", "NaN", "Infinity", "1e9999999",
     "1e-99999", "0x10", "--1", "1" * 101, "\0", "1\x002", "1,2345,678"],
)  # fmt: skip
def test_what_is_no_number(text) -> None:
    quantity = read_quantity(text)
    assert quantity is None or quantity.unit


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text) -> None:
    quantity = read_quantity(text)
    assert quantity is None or quantity.value.is_finite()


@given(st.decimals(-(10**12), 10**12, places=4))
def test_a_number_written_plainly_reads_back(number) -> None:
    for text in (f"{number:f}", f"{number:f}".replace(".", ","), f"{number:,f}"):
        quantity = read_quantity(text)
        assert quantity is not None
        assert quantity.value == number


def test_both_ends_of_the_tolerance_count() -> None:
    near = question("3.14", "0.01")
    for text, right in (("3.13", 1), ("3,15", 1), ("3.1299999", 0), ("3.150001", 0)):
        assert fraction(TYPE, near, {"value": text}) == right


def test_a_relative_tolerance_is_a_share_of_the_number() -> None:
    content = question("200", "0.05")
    content["answers"][0]["tolerance_kind"] = "relative"
    assert [fraction(TYPE, content, {"value": v}) for v in ("190", "210", "189.99")] == [1, 1, 0]


@pytest.mark.parametrize(
    ("text", "expected"), [("2 m", 1), ("200 cm", 1), ("0,002 km", 1), ("3 cm", 0), ("2", 1)]
)
def test_units_have_factors(text, expected) -> None:
    assert fraction(TYPE, question("2", **METRES), {"value": text}) == expected


def test_a_missing_or_unknown_unit_costs_what_the_author_says() -> None:
    asked = question("2", unit_mode="graded_of_response", unit_penalty="0.25", **METRES)
    assert fraction(TYPE, asked, {"value": "2"}) == Decimal("0.75")
    assert fraction(TYPE, asked, {"value": "2 kg"}) == Decimal("0.75")
    assert fraction(TYPE, asked, {"value": "2 m"}) == 1
    assert TYPE.is_complete(ask(TYPE, asked), TYPE.parse(ask(TYPE, asked), {"value": "2"}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2 m", 1), ("2", "0.9"), ("2 cm", "0.9"), ("2 kg", "0.9"), ("1 m", 0), ("0.5 kg", 0)],
)
def test_a_wrong_unit_can_cost_a_share_of_the_points(text, expected) -> None:
    asked = question("2", unit_mode="graded_of_max", **METRES)
    asked["answers"].append({"value": "1", "fraction": "0"})
    assert fraction(TYPE, asked, {"value": text}) == Decimal(expected)


def test_what_is_left_after_a_wrong_unit_is_never_below_nothing() -> None:
    asked = question("2", unit_mode="graded_of_max", unit_penalty="0.8", **METRES)
    asked["answers"].append({"value": "3", "fraction": "0.5"})
    assert fraction(TYPE, asked, {"value": "3"}) == 0


@pytest.mark.parametrize(("text", "right"), [("$12.5", 1), ("$ 12,5", 1), ("12.5 $", None)])
def test_currencies_stand_before_the_number(text, right) -> None:
    price = question("12.5", units=[{"name": "$"}], unit_position="before")
    found = TYPE.parse(ask(TYPE, price), {"value": text})
    if right is None:
        assert isinstance(found, FormatErrors)
    else:
        assert TYPE.score(ask(TYPE, price), found).fraction == right


@pytest.mark.parametrize("entry", ["choice", "select"])
def test_units_can_be_chosen_apart(entry) -> None:
    asked = question("2", unit_mode="graded_of_response", unit_entry=entry, **METRES)
    variant = ask(TYPE, asked)
    assert variant.public["units"] == ["m", "cm", "km"]
    assert answer(TYPE, variant, {"value": "200", "unit": "cm"}).fraction == 1
    assert answer(TYPE, variant, {"value": "2", "unit": ""}).fraction == Decimal("0.9")
    assert not TYPE.is_complete(variant, TYPE.parse(variant, {"value": "2", "unit": ""}))
    for raw in ({"value": "2 m", "unit": "m"}, {"value": "2", "unit": "kg"}, {"unit": ["m"]}):
        assert isinstance(TYPE.parse(variant, raw), FormatErrors)


@pytest.mark.parametrize(
    ("kind", "digits", "accepted", "refused"),
    [
        ("decimals", "2", "3.136", "3.145"),
        ("significant", "2", "3.05", "3.15"),
        ("geometric", "1", "1.57", "1.56"),
    ],
)
def test_kinds_of_tolerance(kind, digits, accepted, refused) -> None:
    content = question("3.14", digits, kind)
    assert fraction(TYPE, content, {"value": accepted}) == 1
    assert fraction(TYPE, content, {"value": refused}) == 0


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("1,5", "15", ""),
        ("1,234.5", "1234.5", ""),
        ("1 234", "1234", ""),
        ("3x10^8m/s", "3E8", "m/s"),
        ("3 \u00d7 10**-2", "0.03", ""),
        ("4 square metres", "4", "squaremetres"),
    ],
)
def test_with_a_given_decimal_sign_numbers_are_read_as_moodle_does(text, value, unit) -> None:
    quantity = read_styled(text, NumberStyle(".", ","))
    assert quantity is not None
    assert (quantity.value, quantity.unit) == (Decimal(value), unit)


@given(st.text(max_size=40), st.booleans())
def test_any_text_is_read_or_refused_in_a_given_style(text, before) -> None:
    quantity = read_styled(text, NumberStyle(",", ".", unit_before=before))
    assert quantity is None or quantity.value.is_finite()


def test_a_star_fits_any_number() -> None:
    content = question("5")
    content["answers"].append({"value": "*", "fraction": "0.25"})
    assert fraction(TYPE, content, {"value": "77"}) == Decimal("0.25")


def test_text_behind_a_number_can_be_passed_over() -> None:
    content = question(ignore_trailing_text=True)
    assert fraction(TYPE, content, {"value": "3.14 m"}) == 1


def test_text_behind_a_number_without_units_is_refused() -> None:
    assert isinstance(TYPE.parse(ask(TYPE, question()), {"value": "3.14 m"}), FormatErrors)


def test_the_first_answer_that_fits_counts() -> None:
    content = question("10", "0")
    content["answers"].append({"value": "10", "tolerance": "5", "fraction": "0.5"})
    assert fraction(TYPE, content, {"value": "10"}) == 1
    score = answer(TYPE, ask(TYPE, content), {"value": "12"})
    assert (score.fraction, score.state) == (Decimal("0.5"), ScoreState.PARTIAL)


def test_full_marks_that_cannot_be_reached_are_named() -> None:
    content = question("10", "5")
    content["answers"][0]["fraction"] = "0.5"
    content["answers"].append({"value": "10"})
    assert paths(TYPE, content) == {"answers"}


def test_numbers_are_the_same_in_fourteen_digits() -> None:
    assert fraction(TYPE, question("0.3", "0"), {"value": "0.3"}) == 1
    assert fraction(TYPE, question("0.3", "0"), {"value": "0.30000000000000004"}) == 1
    assert fraction(TYPE, question("0.3", "0"), {"value": "0.30000000000001"}) == 0


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (question(unit_mode="graded_of_max"), {"units"}),
        (question(decimal_mark=",", thousands_mark=","), {"thousands_mark"}),
        (question("10", "1.5", tolerance_kind="decimals"), {"answers.0.tolerance"}),
        (question(units=[{"name": "m"}, {"name": "m"}]), {"units.1.name"}),
    ],
)
def test_questions_that_cannot_be_answered_are_named(content, expected) -> None:
    assert paths(TYPE, content) == expected


@pytest.mark.parametrize(
    "value",
    ["NaN", "Infinity", "1e999999999", "", None, [], True, {}, "1" * 200, "**", "1_0", "\u0663"],
)
def test_numbers_no_question_needs_are_refused(value) -> None:
    with pytest.raises(ValidationError):
        stored(TYPE, question(value))


@given(
    value=st.decimals(-(10**6), 10**6, places=6),
    tolerance=st.decimals(0, 10**6, places=6),
    offset=st.decimals(-(10**6), 10**6, places=6),
)
def test_a_number_is_right_exactly_within_its_tolerance(value, tolerance, offset) -> None:
    content = question(str(value), str(tolerance))
    found = fraction(TYPE, content, {"value": f"{value + offset:f}"})
    assert found == (1 if abs(offset) <= tolerance else 0)
