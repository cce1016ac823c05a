"""Orders: what each kind of partial credit gives, and what equal texts do."""

from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examhall.plugins import FormatErrors, Response, ScoreState
from examhall.question_types.numbering import numbered
from examhall.question_types.order import Order, order_of, raw_of_texts, selected
from examhall.question_types.order_content import GRADINGS
from examhall.question_types.ordering import grade_order
from tests.question_types.asking import answer, ask, fraction, paths, stored

TYPE = Order()


def question(*texts, **more):
    return {"stem": "?", "items": [{"text": text} for text in texts], **more}


@pytest.mark.parametrize(
    ("grading", "order", "expected"),
    [
        ("all_or_nothing", [1, 0, 2], "0"),
        ("absolute_position", [0, 1, 3, 4, 2, 5], "0.5"),
        ("relative_next_exclude_last", [5, 1, 2, 3, 4, 0], "0.6"),
        ("relative_next_include_last", [5, 1, 2, 3, 4, 0], "0.5"),
        ("relative_next_include_last", [1, 0, 2, 3, 4, 5], "0.6666667"),
        ("relative_one_previous_and_next", [1, 2, 3, 4, 5, 0], "0.6666667"),
        ("relative_all_previous_and_next", [1, 3, 0, 4, 5, 2], "0.6666667"),
        ("longest_ordered_subset", [0, 2, 4, 1, 3, 5], "0.6666667"),
        ("longest_ordered_subset", [5, 4, 3, 2, 1, 0], "0"),
        ("longest_contiguous_subset", [1, 2, 3, 0, 5, 4], "0.6666667"),
        ("longest_contiguous_subset", [0, 2, 4, 1, 3, 5], "0.3333333"),
        ("relative_to_correct", [5, 4, 3, 2, 1, 0], "0.4"),
        ("relative_to_correct", [None, None, None, None, None, 5], "0.1666667"),
        ("absolute_position", [0, None, None], "0.3333333"),
    ],
)
def test_what_an_order_earns(grading, order, expected) -> None:
    assert round(grade_order(grading, order), 7) == Decimal(expected)


@pytest.mark.parametrize("grading", GRADINGS)
def test_every_order_earns_from_nothing_to_all_and_the_right_one_all(grading) -> None:
    for order in permutations(range(5)):
        earned = grade_order(grading, order)
        assert 0 <= earned <= 1
        assert (earned == 1) == (order == (0, 1, 2, 3, 4))


@given(seed=st.integers(0, 2**62), grading=st.sampled_from(list(GRADINGS)), data=st.data())
def test_how_the_items_were_shuffled_does_not_matter(seed, grading, data) -> None:
    texts = ["ant", "bee", "cat", "dog", "emu"]
    given_texts = data.draw(st.permutations(texts))
    variant = ask(TYPE, question(*texts, grading=grading), seed)
    score = answer(TYPE, variant, raw_of_texts(variant, given_texts))
    assert score.fraction == grade_order(grading, [texts.index(text) for text in given_texts])


def test_equal_texts_are_interchangeable() -> None:
    variant = ask(TYPE, question("a", "b", "a"))
    assert answer(TYPE, variant, raw_of_texts(variant, ["a", "b", "a"])).fraction == 1
    found = TYPE.parse(variant, raw_of_texts(variant, ["a", "a", "b"]))
    assert isinstance(found, Response)
    assert order_of(variant, found) == [0, 2, 1]


def test_some_positions_can_be_left_empty() -> None:
    variant = ask(TYPE, question("a", "b", "c"))
    raw = {**raw_of_texts(variant, ["a"]), **dict.fromkeys(("i1", "i2", "i3"), "")}
    raw |= raw_of_texts(variant, ["a"])
    score = answer(TYPE, variant, raw)
    assert (round(score.fraction, 3), score.state) == (Decimal("0.333"), ScoreState.PARTIAL)


@pytest.mark.parametrize(
    "raw", [{"i1": "1", "i2": "1"}, {"i1": "4"}, {"i1": ["1"]}, {"i9": "1"}, [], {"i1": 1}]
)
def test_what_is_no_order_is_refused(raw) -> None:
    assert isinstance(TYPE.parse(ask(TYPE, question("a", "b", "c")), raw), FormatErrors)


@given(seed=st.integers(0, 2**62))
def test_some_items_are_asked_in_their_own_order(seed) -> None:
    texts = "abcdefgh"
    content = TYPE.content_schema()().load(question(*texts, select="contiguous", select_count=3))
    row = "".join(item["text"] for item in selected(content, seed))
    assert len(row) == 3
    assert row in texts
    content["select"] = "random"
    picked = [item["text"] for item in selected(content, seed)]
    assert len(picked) == 3
    assert picked == sorted(picked)


def test_positions_are_numbered() -> None:
    kinds = {"abc": "d", "ABCD": "D", "123": "4", "iii": "iv", "IIII": "IV", "none": ""}
    assert {kind: numbered(kind, 4) for kind in kinds} == kinds
    assert numbered("abc", 28) == "ab"


def test_guessing_earns_its_mean() -> None:
    content = stored(TYPE, question("a", "b", "c", grading="absolute_position"))
    assert TYPE.random_guess_score(content) == pytest.approx(Decimal(1) / 3)


def test_questions_that_ask_nothing_are_named() -> None:
    assert paths(TYPE, question("a")) == {"items"}
    assert paths(TYPE, question("a", "b", select="random", select_count=1)) == {"select_count"}


def test_other_items_cannot_be_rescored() -> None:
    old = stored(TYPE, question("a", "b", "c"))
    assert TYPE.can_rescore(old, stored(TYPE, question("c", "b", "a"))) is None
    assert TYPE.can_rescore(old, stored(TYPE, question("a", "b", "d")))
    assert fraction(TYPE, old, {}) == 0
