"""Items: reading them, running them, and refusing those that cannot be run."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examhall.plugins.qti.errors import QtiError
from examhall.plugins.qti.item import parse_item
from examhall.plugins.qti.session import ItemSession, fraction_of, read_response
from examhall.plugins.qti.values import BaseType, parse_scalar, write_scalar
from examhall.plugins.qti.xml import parse_qti, parse_xml

CORRECT = "<correctResponse><value>B</value></correctResponse>"
MAPPING = (
    "<mapping lowerBound='0' upperBound='2' defaultValue='-1'>"
    "<mapEntry mapKey='A' mappedValue='1'/><mapEntry mapKey='B' mappedValue='1.5'/></mapping>"
)


def make_item(declarations="", rules="", cardinality="single", base_type="identifier", **root):
    attributes = "".join(f' {name}="{value}"' for name, value in root.items())
    return (
        '<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" '
        f'identifier="i"{attributes}>'
        f'<responseDeclaration identifier="RESPONSE" cardinality="{cardinality}" '
        f'baseType="{base_type}">{declarations}</responseDeclaration>'
        '<outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float"/>'
        '<outcomeDeclaration identifier="FEEDBACK" cardinality="single" baseType="identifier"/>'
        '<outcomeDeclaration identifier="GRADE" cardinality="single" baseType="identifier">'
        '<interpolationTable defaultValue="none"><interpolationTableEntry sourceValue="2" '
        'targetValue="high"/><interpolationTableEntry sourceValue="1" includeBoundary="false" '
        'targetValue="mid"/></interpolationTable></outcomeDeclaration>'
        f"<itemBody/>{rules}</assessmentItem>"
    )


def template(name):
    return f'<responseProcessing template="http://www.imsglobal.org/question/{name}"/>'


def run(xml, responses=None, seed=0):
    item = parse_item(xml)
    session = ItemSession(item, seed)
    given_ = {
        name: read_response(item.declarations[name], texts)
        for name, texts in (responses or {}).items()
    }
    session.submit(given_)
    return session


def score(xml, *responses):
    return run(xml, {"RESPONSE": list(responses) or None}).outcomes()["SCORE"]


@pytest.mark.parametrize(
    "name",
    [
        "qti_v2p0/rptemplates/match_correct",
        "qti_v2p1/rptemplates/match_correct.xml",
        "qti_v2p2/rptemplates/match_correct",
        "qti_v3p0/rptemplates/match_correct.xml",
    ],
)
def test_the_standard_template_is_known_by_all_its_names(name):
    item = make_item(CORRECT, template(name))
    assert (score(item, "B"), score(item, "A"), score(item)) == (["1"], ["0"], ["0"])


def test_a_mapping_counts_each_value_once_and_stays_in_its_bounds():
    item = make_item(MAPPING, template("x/map_response"), cardinality="multiple")
    assert score(item, "A", "B", "B") == ["2"]
    assert score(item, "A", "A") == ["1"]
    assert score(item, "C") == ["0"]
    assert score(item) == ["0"]
    assert run(item).maximum() == 2


def test_the_maximum_is_what_the_right_response_earns():
    rules = (
        "<responseProcessing><setOutcomeValue identifier='SCORE'><product><mapResponse "
        "identifier='RESPONSE'/><baseValue baseType='float'>0.5</baseValue></product>"
        "</setOutcomeValue></responseProcessing>"
    )
    assert run(make_item(CORRECT + MAPPING, rules)).maximum() == 0.75
    assert run(make_item(CORRECT + MAPPING, template("x/map_response"))).maximum() == 1.5
    assert run(make_item(MAPPING, rules)).maximum() == 1.5
    assert run(make_item()).maximum() is None


def test_numbers_that_no_rule_sets_start_at_zero():
    assert run(make_item()).outcomes() == {
        "SCORE": ["0"],
        "FEEDBACK": [],
        "GRADE": [],
        "completionStatus": ["completed"],
    }


def test_the_templates_of_common_cartridge_give_feedback():
    item = make_item(CORRECT, template("x/CC2_match"))
    session = run(item, {"RESPONSE": ["B"]})
    assert session.outcomes()["FEEDBACK"] == ["B"]
    assert session.outcomes()["SCORE"] == ["1"]


def test_rules_can_be_left_and_tables_looked_up():
    number = "<baseValue baseType='float'>{}</baseValue>"
    look = f"<lookupOutcomeValue identifier='GRADE'>{number}</lookupOutcomeValue>"
    rules = "<responseProcessing>{}<exitResponse/>" + look.format("9") + "</responseProcessing>"
    grades = [
        run(make_item(rules=rules.format(look.format(number)))).outcomes()["GRADE"]
        for number in ("2", "1.5", "1", "0")
    ]
    assert grades == [["high"], ["mid"], ["none"], ["none"]]


def test_white_space_around_values_is_layout():
    declared = "<correctResponse><value>\n  York\n </value></correctResponse>"
    item = make_item(declared, template("x/match_correct"), base_type="string")
    assert score(item, "York") == ["1"]
    rules = (
        "<responseProcessing><responseCondition><responseIf><stringMatch caseSensitive='true'>"
        "<variable identifier='RESPONSE'/><baseValue baseType='string'>{}</baseValue>"
        "</stringMatch><setOutcomeValue identifier='SCORE'><baseValue baseType='float'>1"
        "</baseValue></setOutcomeValue></responseIf></responseCondition></responseProcessing>"
    )
    indented, spaced = (
        make_item(rules=rules.format(text), base_type="string") for text in ("\n P\n", " P")
    )
    assert (score(indented, "P"), score(spaced, "P"), score(spaced, " P")) == (["1"], ["0"], ["1"])


def test_fragments_hold_rules():
    rules = (
        "<responseProcessing><responseProcessingFragment><setOutcomeValue identifier='SCORE'>"
        "<baseValue baseType='float'>3</baseValue></setOutcomeValue></responseProcessingFragment>"
        "</responseProcessing>"
    )
    assert score(make_item(rules=rules)) == ["3"]


ADAPTIVE = (
    "<responseProcessing><setOutcomeValue identifier='SCORE'><sum><variable identifier='SCORE'/>"
    "<baseValue baseType='float'>1</baseValue></sum></setOutcomeValue></responseProcessing>"
)


@pytest.mark.parametrize(("adaptive", "total"), [("true", "2"), ("false", "1")])
def test_only_adaptive_items_remember_their_outcomes(adaptive, total):
    session = run(make_item(rules=ADAPTIVE, adaptive=adaptive))
    session.submit({})
    assert session.outcomes()["SCORE"] == [total]
    assert session.state.values["numAttempts"].data == 2


def test_an_adaptive_item_says_in_the_words_of_any_version_that_it_is_completed():
    rules = (
        "<responseProcessing><setOutcomeValue identifier='{}'><baseValue baseType='identifier'>"
        "completed</baseValue></setOutcomeValue></responseProcessing>"
    )
    for name in ("completionStatus", "completion_status"):
        outcomes = run(make_item(rules=rules.format(name), adaptive="true")).outcomes()
        assert outcomes["completionStatus"] == ["completed"]


TEMPLATED = """
<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier="t">
<responseDeclaration identifier="RESPONSE" cardinality="single" baseType="integer"/>
<outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float"/>
<templateDeclaration identifier="A" cardinality="single" baseType="integer"/>
<templateDeclaration identifier="B" cardinality="single" baseType="integer"/>
<templateProcessing>
<setTemplateValue identifier="A"><randomInteger min="1" max="9"/></setTemplateValue>
<setTemplateValue identifier="B"><randomInteger min="1" max="9" step="2"/></setTemplateValue>
<templateConstraint><lt><variable identifier="B"/><variable identifier="A"/></lt>
</templateConstraint>
<setCorrectResponse identifier="RESPONSE"><sum><variable identifier="A"/><variable identifier="B"/>
</sum></setCorrectResponse></templateProcessing>
<itemBody/><responseProcessing template="x/match_correct"/></assessmentItem>
"""


def test_a_template_rolls_the_same_for_the_same_seed_and_keeps_its_constraint():
    rolled = []
    for seed in range(30):
        session = ItemSession(parse_item(TEMPLATED), seed)
        again = ItemSession(parse_item(TEMPLATED), seed)
        assert session.state.values == again.state.values
        a, b = (session.state.values[name].data for name in "AB")
        assert 1 <= b < a <= 9
        assert b % 2 == 1
        rolled.append((a, b))
        session.submit(session.correct_responses())
        assert session.outcomes()["SCORE"] == ["1"]
    assert len(set(rolled)) > 5


def test_a_constraint_that_never_holds_leaves_the_defaults():
    never = "<templateConstraint><null/></templateConstraint></templateProcessing>"
    session = ItemSession(parse_item(TEMPLATED.replace("</templateProcessing>", never)))
    assert (session.state.values["A"], session.state.values["B"]) == (None, None)
    assert session.correct_responses() == {"RESPONSE": None}


QTI3 = """
<qti-assessment-item xmlns="http://www.imsglobal.org/xsd/imsqtiasi_v3p0" identifier="q3">
<qti-response-declaration identifier="RESPONSE" cardinality="multiple" base-type="identifier">
<qti-correct-response><qti-value>B</qti-value></qti-correct-response></qti-response-declaration>
<qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"/>
<qti-item-body><p data-keep-me="x">Why?</p>
<qti-choice-interaction response-identifier="RESPONSE" max-choices="0">
<qti-simple-choice identifier="B">b</qti-simple-choice></qti-choice-interaction></qti-item-body>
<qti-response-processing><qti-response-condition><qti-response-if><qti-duration-gte>
<qti-base-value base-type="duration">PT2S</qti-base-value>
<qti-base-value base-type="duration">PT1S</qti-base-value></qti-duration-gte>
<qti-set-outcome-value identifier="SCORE"><qti-base-value base-type="float">2</qti-base-value>
</qti-set-outcome-value></qti-response-if></qti-response-condition></qti-response-processing>
</qti-assessment-item>
"""


def test_qti_3_is_read_by_the_names_of_qti_2():
    item = parse_item(QTI3)
    assert [(i.kind, i.response) for i in item.interactions] == [("choiceInteraction", "RESPONSE")]
    assert item.interactions[0].element.get("maxChoices") == "0"
    assert item.body.find("p").get("data-keep-me") == "x"
    assert run(QTI3, {"RESPONSE": ["B"]}).outcomes()["SCORE"] == ["2"]


@pytest.mark.parametrize(
    ("xml", "reason"),
    [
        ("<html/>", "no QTI item"),
        (make_item(rules="<responseProcessing template='x/my_own'/>"), "my_own"),
        (make_item(rules="<responseProcessing><customRule/></responseProcessing>"), "customRule"),
        (make_item(CORRECT, base_type="integer"), "integer"),
        (make_item(base_type="colour"), "base type"),
        (make_item(cardinality="many"), "cardinality"),
        (make_item().replace("<itemBody/>", "<itemBody><customInteraction/></itemBody>"), "custom"),
        ("<a><b></a>", "well-formed"),
        ("", "well-formed"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "entities"),
        ('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "entities"),
        ('<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><a>&b;</a>', "entity"),
        ("<a>" * 100_000, "well-formed"),
        ("<a>" * 130 + "</a>" * 130, "nested"),
    ],
)
def test_an_item_that_cannot_be_run_is_refused_with_the_reason(xml, reason):
    with pytest.raises(QtiError, match=reason):
        parse_item(xml)


def test_too_large_a_document_is_not_even_read():
    with pytest.raises(QtiError, match="larger"):
        parse_xml(b" " * 100, limit=99)


@given(st.binary(max_size=200))
def test_any_bytes_are_xml_or_refused(data):
    try:
        parse_qti(data)
    except QtiError:
        return


@given(st.floats(allow_nan=False))
def test_floats_come_back_from_their_texts(number):
    assert parse_scalar(BaseType.FLOAT, write_scalar(BaseType.FLOAT, number)) == number


@pytest.mark.parametrize(
    ("text", "seconds"), [("PT1M30.5S", 90.5), ("P1DT1H", 90000.0), ("12.5", 12.5), ("-PT1S", -1.0)]
)
def test_durations_are_seconds(text, seconds):
    assert parse_scalar(BaseType.DURATION, text) == seconds


@given(st.sampled_from(sorted(set(BaseType))), st.text(max_size=20))
def test_any_text_is_a_scalar_or_refused(base_type, text):
    try:
        parse_scalar(base_type, text)
    except QtiError:
        return


def test_a_score_becomes_an_exact_fraction():
    assert fraction_of(0.1, 0.4) == Decimal("0.25")
