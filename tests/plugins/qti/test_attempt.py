"""Whole tests: selection, ordering, conditions, branches, and outcomes of many items."""

import pytest

from examhall.plugins.qti.assessment import parse_assessment, parse_section
from examhall.plugins.qti.attempt import TestSession as Attempt
from examhall.plugins.qti.errors import QtiError
from examhall.plugins.qti.item import parse_item
from examhall.plugins.qti.session import read_response

ITEM = """
<assessmentItem identifier="{0}">
<responseDeclaration identifier="RESPONSE" cardinality="single" baseType="identifier">
<correctResponse><value>A</value></correctResponse></responseDeclaration>
<outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float" normalMaximum="1"
 normalMinimum="-1"/>
<itemBody/><responseProcessing template="match_correct"/></assessmentItem>
"""
NAMES = [f"Q{number}" for number in range(1, 7)]
ITEMS = {name: parse_item(ITEM.format(name)) for name in NAMES}


def ref(name, inside="", attributes=""):
    start = f"<assessmentItemRef identifier='{name}' href='{name}.xml' {attributes}>"
    return f"{start}{inside}</assessmentItemRef>"


def outcome(name, expression, base_type="float"):
    return (
        f"<outcomeDeclaration identifier='{name}' cardinality='single' baseType='{base_type}'/>",
        f"<setOutcomeValue identifier='{name}'>{expression}</setOutcomeValue>",
    )


def make_test(sections, *outcomes, navigation="linear"):
    declared = "".join(first for first, _ in outcomes)
    rules = "".join(second for _, second in outcomes)
    return parse_assessment(
        f"<assessmentTest identifier='t' title='T'>{declared}<testPart identifier='P' "
        f"navigationMode='{navigation}' submissionMode='individual'>{sections}</testPart>"
        f"<outcomeProcessing>{rules}</outcomeProcessing></assessmentTest>"
    )


def section(children, rules="", identifier="S"):
    start = f"<assessmentSection identifier='{identifier}' title='S' visible='true'>"
    return f"{start}{rules}{children}</assessmentSection>"


def answers(**given):
    declaration = ITEMS["Q1"].declarations["RESPONSE"]
    return {
        name: {"RESPONSE": read_response(declaration, text and [text])}
        for name, text in given.items()
    }


def run(test, seed=0, **given):
    return Attempt(test, ITEMS, seed).run(answers(**given))


def presented(test, **given):
    attempt = Attempt(test, ITEMS)
    attempt.run(answers(**given))
    return [step.placed.ref.identifier for step in attempt.steps if step.placed.presented]


TOTAL = outcome("TOTAL", "<sum><testVariables variableIdentifier='SCORE'/></sum>")
WEIGHTED = outcome(
    "WEIGHTED", "<sum><testVariables variableIdentifier='SCORE' weightIdentifier='W'/></sum>"
)
MAXIMUM = outcome(
    "MAXIMUM", "<sum><outcomeMaximum outcomeIdentifier='SCORE' weightIdentifier='W'/></sum>"
)
COUNTS = [
    outcome(name, f"<{name}/>", "integer")
    for name in (
        "numberSelected",
        "numberPresented",
        "numberResponded",
        "numberCorrect",
        "numberIncorrect",
    )
]


def test_items_are_added_up_with_their_weights():
    weight = "<weight identifier='W' value='2.5'/>"
    test = make_test(section(ref("Q1", weight) + ref("Q2")), TOTAL, WEIGHTED, MAXIMUM)
    found = run(test, Q1="A", Q2="A")
    assert found == {"TOTAL": ["2"], "WEIGHTED": ["3.5"], "MAXIMUM": ["3.5"]}


def test_items_are_counted():
    found = run(make_test(section("".join(map(ref, NAMES[:4]))), *COUNTS), Q1="A", Q2="B", Q3=None)
    assert found == {
        "numberSelected": ["4"],
        "numberPresented": ["4"],
        "numberResponded": ["2"],
        "numberCorrect": ["1"],
        "numberIncorrect": ["3"],
    }


def test_sections_and_categories_choose_items():
    counted = [
        outcome("INNER", "<numberCorrect sectionIdentifier='S2'/>", "integer"),
        outcome("HARD", "<numberCorrect includeCategory='hard'/>", "integer"),
        outcome("EASY", "<numberCorrect excludeCategory='hard odd'/>", "integer"),
    ]
    inner = section(ref("Q2", attributes="category='hard'"), identifier="S2")
    test = make_test(section(ref("Q1") + inner), *counted)
    assert run(test, Q1="A", Q2="A") == {"INNER": ["1"], "HARD": ["1"], "EASY": ["1"]}


@pytest.mark.parametrize("seed", range(5))
def test_a_selection_keeps_required_items_and_the_order(seed):
    children = "".join(ref(name, attributes="required='true'" * (name == "Q6")) for name in NAMES)
    test = make_test(section(children, "<selection select='3'/>"))
    chosen = [step.placed.ref.identifier for step in Attempt(test, ITEMS, seed).steps]
    assert len(chosen) == 3
    assert chosen == sorted(chosen)
    assert "Q6" in chosen


def test_shuffling_is_by_seed_and_leaves_fixed_items():
    children = "".join(ref(name, attributes="fixed='true'" * (name == "Q1")) for name in NAMES)
    test = make_test(section(children, "<ordering shuffle='true'/>"))
    orders = [
        [step.placed.ref.identifier for step in Attempt(test, ITEMS, seed).steps]
        for seed in range(10)
    ]
    assert all(order[0] == "Q1" and sorted(order) == NAMES for order in orders)
    assert len({tuple(order) for order in orders}) > 3
    again = [step.placed.ref.identifier for step in Attempt(test, ITEMS, 3).steps]
    assert again == orders[3]


RIGHT = "<match><variable identifier='Q1.RESPONSE'/><correct identifier='Q1.RESPONSE'/></match>"


@pytest.mark.parametrize(
    ("rule", "navigation", "shown"),
    [
        (f"<branchRule target='Q3'>{RIGHT}</branchRule>", "linear", "2"),
        (f"<branchRule target='EXIT_SECTION'>{RIGHT}</branchRule>", "linear", "1"),
        (f"<branchRule target='EXIT_TEST'>{RIGHT}</branchRule>", "linear", "1"),
        (f"<branchRule target='EXIT_TEST'>{RIGHT}</branchRule>", "nonlinear", "3"),
    ],
)
def test_branches_pass_over_items(rule, navigation, shown):
    test = make_test(
        section(ref("Q1", rule) + ref("Q2") + ref("Q3")), COUNTS[1], navigation=navigation
    )
    assert run(test, Q1="A", Q2="A", Q3="A")["numberPresented"] == [shown]
    assert run(test, Q1="B", Q2="A", Q3="A")["numberPresented"] == ["3"]


def test_an_item_whose_condition_does_not_hold_is_not_shown():
    closed = ref("Q2", f"<preCondition>{RIGHT}</preCondition>")
    test = make_test(section(ref("Q1") + closed), TOTAL)
    assert run(test, Q1="A", Q2="A")["TOTAL"] == ["2"]
    assert run(test, Q1="B", Q2="A")["TOTAL"] == ["0"]


NOT_RIGHT = f"<preCondition><not>{RIGHT}</not></preCondition>"


def test_a_section_that_was_entered_stays_open():
    empty = "<isNull><variable identifier='Q1.RESPONSE'/></isNull>"
    inner = section(ref("Q1") + ref("Q2"), f"<preCondition>{empty}</preCondition>", identifier="S1")
    test = make_test(inner + section(ref("Q3")))
    assert presented(test, Q1="A") == presented(test, Q1="B") == ["Q1", "Q2", "Q3"]


def test_the_condition_of_a_section_closes_all_of_it():
    closed = section(ref("Q2") + section(ref("Q3"), identifier="S3"), NOT_RIGHT, identifier="S2")
    test = make_test(section(ref("Q1") + closed + ref("Q4")))
    assert presented(test, Q1="A") == ["Q1", "Q4"]
    assert presented(test, Q1="B") == ["Q1", "Q2", "Q3", "Q4"]


def test_leaving_a_section_leaves_those_in_it_but_not_those_around_it():
    leave = f"<branchRule target='EXIT_SECTION'>{RIGHT}</branchRule>"
    deeper = section(ref("Q2"), identifier="S3")
    inner = section(ref("Q1", leave) + deeper, identifier="S2")
    test = make_test(section(inner + ref("Q3")) + section(ref("Q4"), identifier="S4"))
    assert presented(test, Q1="A") == ["Q1", "Q3", "Q4"]
    ending = section(ref("Q1"), leave, identifier="S2")
    test = make_test(section(ending + ref("Q3")) + section(ref("Q4"), identifier="S4"))
    assert presented(test, Q1="A") == ["Q1", "Q4"]
    assert presented(test, Q1="B") == ["Q1", "Q3", "Q4"]


def test_a_part_has_its_condition_and_its_branches_in_every_mode():
    parts = "".join(
        f"<testPart identifier='P{number}' navigationMode='nonlinear'>{rules}"
        f"{section(ref(f'Q{number}'))}</testPart>"
        for number, rules in [
            (1, f"<branchRule target='P3'>{RIGHT}</branchRule>"),
            (2, ""),
            (3, ""),
            (4, NOT_RIGHT),
        ]
    )
    test = parse_assessment(f"<assessmentTest identifier='t'>{parts}</assessmentTest>")
    assert presented(test, Q1="A") == ["Q1", "Q3"]
    assert presented(test, Q1="B") == ["Q1", "Q2", "Q3", "Q4"]


def test_numbers_are_added_up_by_their_declared_types():
    text = "<testVariables variableIdentifier='completionStatus'/>"
    names = "<testVariables variableIdentifier='completionStatus' baseType='identifier'/>"
    whole = "<testVariables variableIdentifier='SCORE' baseType='integer'/>"
    found = [
        outcome(name, f"<containerSize>{expression}</containerSize>", "integer")
        for name, expression in (("TEXT", text), ("NAMES", names), ("WHOLE", whole))
    ]
    test = make_test(section(ref("Q1") + ref("Q2")), *found)
    assert run(test, Q1="A") == {"TEXT": ["0"], "NAMES": ["2"], "WHOLE": ["0"]}


def test_items_without_a_key_are_not_incorrect_and_have_no_ends():
    essay = "<responseDeclaration identifier='R' cardinality='single' baseType='string'/>"
    items = {**ITEMS, "E": parse_item(f"<assessmentItem identifier='E'>{essay}</assessmentItem>")}
    ends = [
        outcome(name, f"<sum><{name} outcomeIdentifier='SCORE'/></sum>")
        for name in ("outcomeMinimum", "outcomeMaximum")
    ]
    test = make_test(section(ref("Q1") + ref("E")), COUNTS[4], *ends)
    found = Attempt(test, items).run({**answers(Q1="B"), "E": {}})
    assert found == {"numberIncorrect": ["1"], "outcomeMinimum": ["-1"], "outcomeMaximum": []}


@pytest.mark.parametrize(
    "xml",
    [
        "<assessmentItem identifier='i'/>",
        ("<assessmentTest><testPart><assessmentSection><selection select='x'/></assessmentSection>"
        "</testPart></assessmentTest>"),
        "<assessmentTest><testPart><assessmentItemRef/></testPart></assessmentTest>",
        ("<assessmentTest><testPart><assessmentItemRef identifier='a'><preCondition/>"
        "</assessmentItemRef></testPart></assessmentTest>"),
        "<assessmentTest><testPart>" + "<assessmentSection>" * 60 + "</assessmentSection>" * 60
        + "</testPart></assessmentTest>",
    ],
)  # fmt: skip
def test_a_test_that_cannot_be_used_is_refused(xml):
    with pytest.raises(QtiError):
        parse_assessment(xml)


def test_a_section_stands_in_a_file_of_its_own():
    assert [item.identifier for item in parse_section(section(ref("Q1"))).items()] == ["Q1"]
