"""Clozes: gaps of every kind, their weights, and the contract of question types."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examhall.plugins import FormatErrors, ScoreState, View
from examhall.plugins.testing import QuestionTypeContract
from examhall.question_types.cloze import Cloze
from tests.question_types.asking import JSON_VALUES, answer, ask, fraction, paths, stored

TYPE = Cloze()
OPTIONS = [
    {"text": "<p>one</p>", "fraction": "0.5"},
    {"text": "two", "fraction": "0.5"},
    {"text": "three", "fraction": "-1", "feedback": "No."},
]
MIXED = {
    "stem": '<p title="{#1}">{#2} and {#1}</p><ul><li>{#3}</li><li>{#4}</li></ul>',
    "parts": [
        {"kind": "multiple", "layout": "vertical", "options": OPTIONS, "shuffle": True},
        {
            "kind": "choice",
            "layout": "horizontal",
            "options": [{"text": "x"}, {"text": "y", "fraction": "1"}],
            "shuffle": True,
        },
        {"kind": "text", "answers": [{"text": "Owl*"}], "case_sensitive": True, "weight": "3"},
        {
            "kind": "numeric",
            "numbers": [{"value": "5", "tolerance": "1"}, {"value": "*", "fraction": "0.25"}],
        },
    ],
}


class TestCloze(QuestionTypeContract):
    plugin = TYPE
    contents = (MIXED, {**MIXED, "decimal_mark": ",", "spaces_count": True})


def value_of(variant, gap, place):
    options = variant.secret["parts"][gap]["options"]
    return next(value for value, option in options.items() if option["place"] == place)


@given(seed=st.integers(0, 2**62))
def test_gaps_count_by_their_weight_however_they_are_shuffled(seed) -> None:
    variant = ask(TYPE, MIXED, seed)
    one, three = (value_of(variant, 0, place) for place in (0, 2))
    found = [
        answer(TYPE, variant, raw).fraction
        for raw in (
            {"g1": one},
            {"g1": [one, three]},
            {"g2": value_of(variant, 1, 1)},
            {"g3": "Owls"},
            {"g3": "owls", "g4": "5.5 m"},
            {"g4": "77"},
        )
    ]
    sixths = ["0.5", "0", "1", "3", "1", "0.25"]
    assert [round(f, 9) for f in found] == [round(Decimal(s) / 6, 9) for s in sixths]


def test_a_gap_that_is_left_empty_earns_nothing() -> None:
    content = {"stem": "{#1}", "parts": [{"kind": "text", "answers": [{"text": "*"}]}]}
    assert answer(TYPE, ask(TYPE, content), {"g1": " "}).state is ScoreState.UNANSWERED
    assert fraction(TYPE, content, {"g1": "x"}) == 1


def test_what_is_no_number_is_wrong_without_harm_to_other_gaps() -> None:
    variant = ask(TYPE, MIXED)
    assert answer(TYPE, variant, {"g3": "Owl", "g4": "five"}).fraction == Decimal("0.5")


def test_feedback_is_that_of_what_was_given() -> None:
    variant = ask(TYPE, {**MIXED, "feedback": "All.", "partial_feedback": "Some."})
    raw = {"g1": [value_of(variant, 0, 2)], "g3": "Owl"}
    assert answer(TYPE, variant, raw).feedback == "No.Some.All."


def test_gaps_stand_where_their_author_wrote_them() -> None:
    html = TYPE.render(ask(TYPE, MIXED), View.ANSWER, name="q1").html
    assert html.index('name="g2"') < html.index('name="g1"') < html.index('name="g3"')
    assert "{#" not in html.replace('title="{#1}"', "")
    assert "<p>one" not in html


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"stem": "{#1} {#2} {#3}"}, {"parts.3"}),
        ({"stem": "{#1} {#2} {#3} {#4} {#4}"}, {"parts.3"}),
        ({"stem": "{#1} {#2} {#3} {#4} {#5}"}, {"stem"}),
        ({"stem": "nothing"}, {"stem", "parts.0", "parts.1", "parts.2", "parts.3"}),
    ],
)
def test_gaps_without_a_place_are_named(change, expected) -> None:
    assert paths(TYPE, {**MIXED, **change}) == expected


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ({"kind": "choice", "options": [{"text": "a", "fraction": "1"}]}, "options"),
        ({"kind": "multiple", "options": OPTIONS[1:]}, "options"),
        ({"kind": "text", "answers": [{"text": "a", "fraction": "0.5"}]}, "answers"),
        ({"kind": "text", "answers": [{"text": "(", "match": "regex"}]}, "answers"),
        ({"kind": "numeric"}, "numbers"),
    ],
)
def test_gaps_without_a_right_answer_are_named(part, field) -> None:
    assert paths(TYPE, {"stem": "{#1}", "parts": [part]}) == {f"parts.0.{field}"}


def test_some_gap_has_a_weight() -> None:
    content = {"stem": "{#1}", "parts": [{"answers": [{"text": "a"}], "weight": "0"}]}
    assert paths(TYPE, content) == {"parts"}
    assert fraction(TYPE, content, {"g1": "a"}) == 0


@given(JSON_VALUES)
def test_whatever_stands_in_a_gap_is_read_or_refused(value) -> None:
    variant = ask(TYPE, MIXED)
    for name in ("g1", "g2", "g3", "g4"):
        found = TYPE.parse(variant, {name: value})
        if not isinstance(found, FormatErrors):
            assert -1 <= TYPE.score(variant, found).fraction <= 1


def test_other_gaps_cannot_be_rescored() -> None:
    old = stored(TYPE, MIXED)
    assert TYPE.can_rescore(old, stored(TYPE, {**MIXED, "stem": "{#1}{#2}{#3}{#4}"})) is None
    fewer = {"stem": "{#1}", "parts": MIXED["parts"][:1]}
    assert TYPE.can_rescore(old, stored(TYPE, fewer))
