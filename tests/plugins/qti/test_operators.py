"""Operators with ordinary values, NULLs, wrong cardinalities, empty containers and hard numbers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from examhall.plugins.qti.errors import ProcessingError, QtiError
from examhall.plugins.qti.expressions import compile_expression, find_operator
from examhall.plugins.qti.operators import base
from examhall.plugins.qti.state import State
from examhall.plugins.qti.values import BaseType, Cardinality, Value, single

ATTRIBUTES = {
    "anyN": {"min": "1", "max": "2"},
    "equal": {"toleranceMode": "relative", "tolerance": "10 20"},
    "equalRounded": {"roundingMode": "significantFigures", "figures": "3"},
    "roundTo": {"roundingMode": "decimalPlaces", "figures": "2"},
    "inside": {"shape": "circle", "coords": "10,10,5"},
    "index": {"n": "2"},
    "fieldValue": {"fieldIdentifier": "a"},
    "repeat": {"numberRepeats": "2"},
    "patternMatch": {"pattern": "[a-z]+"},
    "mathOperator": {"name": "sin"},
    "statsOperator": {"name": "popSD"},
}
LENIENT = {"isNull", "containerSize", "multiple", "ordered", "repeat", "or", "anyN"}


def integer(*data):
    return value(BaseType.INTEGER, data)


def decimal(*data):
    return value(BaseType.FLOAT, data)


def text(*data):
    return value(BaseType.STRING, data)


def truth(*data):
    return value(BaseType.BOOLEAN, data)


def value(base_type, data):
    if len(data) == 1:
        return single(base_type, data[0])
    return Value(Cardinality.MULTIPLE, base_type, tuple(data))


def ordered(base_type, *data):
    return Value(Cardinality.ORDERED, base_type, data)


def apply(name, operands, attributes):
    result = find_operator(name, attributes)(State({}), list(operands))
    return result.data if result is not None else None


def known():
    find_operator("and", {})
    return sorted(base._OPERATORS)


CASES = [
    ("and", (truth(True), truth(False)), {}, False),
    ("or", (truth(False), None, truth(True)), {}, True),
    ("or", (truth(False), None), {}, None),
    ("anyN", (truth(True), truth(True), truth(False), None), {"min": "3", "max": "4"}, None),
    ("anyN", (truth(True), truth(False), truth(False), None), {"min": "3", "max": "4"}, False),
    ("anyN", (truth(True), truth(True), truth(True), None), {"min": "3", "max": "4"}, True),
    ("anyN", (None, None), {"min": "1", "max": "1"}, None),
    ("contains", (text("A", "B", "B", "C"), text("B", "B")), {}, True),
    ("contains", (text("A", "B", "C"), text("B", "B")), {}, False),
    (
        "equal",
        (integer(-10), decimal(-9.5)),
        {"toleranceMode": "relative", "tolerance": "10"},
        True,
    ),
    ("integerDivide", (integer(-7), integer(2)), {}, -4),
    ("integerModulus", (integer(-7), integer(5)), {}, 3),
    ("integerModulus", (integer(-49), integer(-5)), {}, -4),
    ("integerModulus", (integer(49), integer(-5)), {}, 4),
    ("round", (decimal(-6.5),), {}, -6),
    ("round", (decimal(6.5),), {}, 7),
    ("round", (decimal(0.49999999999999994),), {}, 0),
    ("round", (decimal(-math.inf),), {}, -math.inf),
    ("truncate", (decimal(-math.inf),), {}, -math.inf),
    ("truncate", (decimal(-6.8),), {}, -6),
    ("roundTo", (decimal(5.055),), {"roundingMode": "decimalPlaces", "figures": "2"}, 5.06),
    ("roundTo", (decimal(-2.5),), {"roundingMode": "decimalPlaces", "figures": "0"}, -3.0),
    ("roundTo", (integer(1239451),), {"figures": "3"}, 1240000.0),
    ("roundTo", (decimal(1e300),), {"roundingMode": "decimalPlaces", "figures": "3"}, 1e300),
    ("divide", (integer(1), integer(0)), {}, None),
    ("power", (integer(-8), decimal(0.5)), {}, None),
    ("power", (integer(0), integer(-1)), {}, None),
    ("power", (integer(10), integer(-400)), {}, None),
    ("sum", (integer(1), integer(2, 3)), {}, 6),
    ("sum", (integer(1), decimal(2.5)), {}, 3.5),
    ("product", (integer(2**62), integer(4)), {}, None),
    ("max", (integer(3), decimal(2.0)), {}, 3.0),
    ("gcd", (integer(12), integer(18)), {}, 6),
    ("lcm", (integer(4), integer(6)), {}, 12),
    ("statsOperator", (integer(10, 20),), {"name": "sampleVariance"}, 50.0),
    ("statsOperator", (ordered(BaseType.INTEGER, 10),), {"name": "sampleSD"}, None),
    ("mathOperator", (decimal(0.0),), {"name": "ln"}, -math.inf),
    ("mathOperator", (decimal(2.0),), {"name": "asin"}, None),
    ("mathOperator", (decimal(1000.0),), {"name": "exp"}, math.inf),
    ("mathOperator", (decimal(-1000.0),), {"name": "sinh"}, -math.inf),
    ("mathOperator", (decimal(-2.5),), {"name": "floor"}, -3),
    ("mathOperator", (integer(0),), {"name": "csc"}, None),
    ("mathOperator", (integer(1), integer(0)), {"name": "atan2"}, math.pi / 2),
    ("substring", (text("EST"), text("test")), {"caseSensitive": "false"}, True),
    ("stringMatch", (text("est"), text("Test")), {"substring": "true"}, False),
    ("stringMatch", (text("Test"), text("est")), {"substring": "true"}, True),
    ("patternMatch", (text("a^b"),), {"pattern": "a^b"}, True),
    ("patternMatch", (text("ab"),), {"pattern": "^[ab]+$"}, True),
    ("patternMatch", (text("^ab$"),), {"pattern": "^[ab]+$"}, True),
    ("patternMatch", (text("abc"),), {"pattern": "^[ab]+$"}, False),
    ("patternMatch", (text("5"),), {"pattern": r"[0-9]\$"}, False),
    ("patternMatch", (text("^^"),), {"pattern": "^*"}, True),
    ("patternMatch", (text("5$"),), {"pattern": r"[0-9]\$"}, True),
    ("patternMatch", (text("xx"),), {"pattern": r"[\i-[a]]+"}, True),
    ("patternMatch", (text("\x01"),), {"pattern": "."}, False),
    ("delete", (integer(1), integer(1, 1)), {}, None),
    ("index", (ordered(BaseType.STRING, "a"),), {"n": "2"}, None),
    ("containerSize", (text("a", "b"),), {}, 2),
    ("isNull", (text(""),), {}, True),
    ("repeat", (None,), {"numberRepeats": "2"}, None),
    ("durationLT", (single(BaseType.DURATION, 1.0), single(BaseType.DURATION, 2.0)), {}, True),
]


@pytest.mark.parametrize(("name", "operands", "attributes", "expected"), CASES)
def test_an_operator_gives_what_the_standard_says(name, operands, attributes, expected):
    result = apply(name, operands, attributes)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("name", "operands", "attributes"),
    [
        ("and", (integer(1),), {}),
        ("not", (truth(True, False),), {}),
        ("match", (integer(1), decimal(1.0)), {}),
        ("match", (integer(1), integer(1, 2)), {}),
        ("sum", (text("1"),), {}),
        ("lt", (text("1"), integer(2)), {}),
        ("index", (integer(1, 2),), {"n": "1"}),
        ("index", (ordered(BaseType.INTEGER, 1),), {"n": "0"}),
        ("index", (ordered(BaseType.INTEGER, 1),), {"n": "nowhere"}),
        ("containerSize", (integer(1),), {}),
        ("multiple", (integer(1), text("a")), {}),
        ("multiple", (ordered(BaseType.INTEGER, 1),), {}),
        ("ordered", (integer(1, 2),), {}),
        ("repeat", (text("x"),), {"numberRepeats": "100000000"}),
        ("inside", (integer(1),), {"shape": "rect", "coords": "0,0,1,1"}),
        ("roundTo", (decimal(1.0),), {"figures": "0"}),
        ("fieldValue", (integer(1),), {"fieldIdentifier": "a"}),
        ("mathOperator", (integer(1),), {"name": "atan2"}),
    ],
)
def test_what_has_no_meaning_is_an_error(name, operands, attributes):
    with pytest.raises(ProcessingError):
        apply(name, operands, attributes)


@pytest.mark.parametrize(
    "xml",
    [
        "<customOperator class='x'/>",
        "<noSuchThing/>",
        "<not/>",
        "<gt><null/></gt>",
        "<patternMatch pattern='['><null/></patternMatch>",
        "<mathOperator name='gamma'><null/></mathOperator>",
        "<equal toleranceMode='absolute'><null/><null/></equal>",
        "<baseValue baseType='integer'>one</baseValue>",
        "<baseValue baseType='number'>1</baseValue>",
        "<mathConstant name='tau'/>",
        "<inside shape='star' coords='1'><null/></inside>",
        "<not>" * 110 + "<null/>" + "</not>" * 110,
    ],
)
def test_an_expression_that_cannot_be_is_refused_when_it_is_read(xml):
    with pytest.raises(QtiError):
        compile_expression(etree.fromstring(xml))


@pytest.mark.parametrize("name", [name for name in known() if name not in LENIENT])
def test_null_in_makes_null_out(name):
    operator = base._OPERATORS[name]
    operands = [None] * (operator.least or 1)
    assert find_operator(name, ATTRIBUTES.get(name, {}))(State({}), operands) is None


@pytest.mark.parametrize("bounds", ["max='NaN'", "max='INF'", "min='-INF' max='1'", "max='-1'"])
def test_a_random_integer_needs_bounds_that_integers_have(bounds):
    evaluate = compile_expression(etree.fromstring(f"<randomInteger {bounds}/>"))
    with pytest.raises(ProcessingError):
        evaluate(State({}))


def test_repeats_are_few_all_together():
    once = "<repeat numberRepeats='9999'><baseValue baseType='integer'>1</baseValue></repeat>"
    evaluate = compile_expression(etree.fromstring(f"<containerSize>{once}</containerSize>"))
    assert evaluate(State({})).data == 9999
    many = compile_expression(etree.fromstring(f"<ordered>{once * 200}</ordered>"))
    with pytest.raises(ProcessingError):
        many(State({}))


def test_every_operator_of_the_standard_is_known():
    assert len(known()) == 45


scalars = {
    BaseType.BOOLEAN: st.booleans(),
    BaseType.INTEGER: st.integers(-(2**63) + 1, 2**63 - 1),
    BaseType.FLOAT: st.floats(),
    BaseType.STRING: st.text(max_size=8),
    BaseType.IDENTIFIER: st.sampled_from(["A", "B"]),
    BaseType.PAIR: st.tuples(st.sampled_from("AB"), st.sampled_from("AB")),
    BaseType.POINT: st.tuples(st.integers(-50, 50), st.integers(-50, 50)),
    BaseType.DURATION: st.floats(0, 1e6),
}


@st.composite
def values(draw):
    cardinality = draw(st.sampled_from([*Cardinality, Cardinality.SINGLE]))
    base_type = draw(st.sampled_from(sorted(scalars)))
    if cardinality is Cardinality.SINGLE:
        return single(base_type, draw(scalars[base_type]))
    data = draw(st.lists(st.one_of(scalars[base_type], st.none()), max_size=3))
    if cardinality is Cardinality.RECORD:
        return Value(cardinality, None, {str(n): single(base_type, d) for n, d in enumerate(data)})
    return Value(cardinality, base_type, tuple(data))


@given(
    name=st.sampled_from(known()),
    operands=st.lists(st.one_of(values(), st.none()), min_size=2, max_size=3),
)
def test_any_operands_give_a_value_null_or_a_processing_error(name, operands):
    operator = base._OPERATORS[name]
    count = max(operator.least, min(operator.most or 3, len(operands)))
    try:
        result = find_operator(name, ATTRIBUTES.get(name, {}))(State({}), operands[:count])
    except ProcessingError:
        return
    assert result is None or isinstance(result, Value)


@given(st.floats(-1e15, 1e15), st.integers(1, 15))
def test_rounding_is_within_half_a_unit_and_stays_when_done_again(number, figures):
    settings = {"roundingMode": "significantFigures", "figures": str(figures)}
    once = apply("roundTo", [decimal(number)], settings)
    assert apply("roundTo", [decimal(once)], settings) == once
    assert math.isclose(once, number, rel_tol=10.0 ** (1 - figures))


@given(st.integers(-1000, 1000), st.integers(1, 1000))
def test_quotient_and_remainder_belong_together(x, y):
    quotient = apply("integerDivide", [integer(x), integer(y)], {})
    remainder = apply("integerModulus", [integer(x), integer(y)], {})
    assert quotient * y + remainder == x
    assert 0 <= remainder < y
