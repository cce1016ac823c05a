"""Matches and gaps: what each right part earns, however the choices are shuffled."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examhall.plugins import FormatErrors, ScoreState, View
from examhall.question_types.gap_match import GapMatch
from examhall.question_types.gaps import BRACKETS, fill_gaps, find_gaps
from examhall.question_types.inline_choice import InlineChoice
from examhall.question_types.match import Match
from tests.question_types.asking import JSON_VALUES, answer, ask, paths, stored

MATCH, GAPS, MENUS = Match(), GapMatch(), InlineChoice()
ANIMALS = {
    "stem": "Classify.",
    "stems": [
        {"text": "Dog", "answer_id": "a"},
        {"text": "Frog", "answer_id": "b"},
        {"text": "Toad", "answer_id": "c"},
        {"text": "Cat", "answer_id": "a"},
    ],
    "answers": [
        {"id": "a", "text": "Mammal"},
        {"id": "b", "text": "Amphibian"},
        {"id": "c", "text": "Amphibian"},
        {"id": "d", "text": "Insect"},
    ],
}
SUM = {
    "stem": "7 [[1]] 11 [[2]] 13 [[1]] 17 [[2]] 19 = [[4]]",
    "choices": [
        {"text": "+", "infinite": True},
        {"text": "-", "infinite": True},
        {"text": "2", "group": 2},
        {"text": "3", "group": 2},
    ],
}


def matched(variant, **pairs):
    names = {stem["text"]: stem["name"] for stem in variant.public["stems"]}
    values = {one["text"]: one["value"] for one in variant.public["answers"]}
    return {names[stem]: values[text] for stem, text in pairs.items()}


@given(seed=st.integers(0, 2**62), shuffle=st.booleans())
def test_each_right_pair_earns_its_share_and_equal_texts_are_one_answer(seed, shuffle) -> None:
    variant = ask(MATCH, {**ANIMALS, "shuffle": shuffle}, seed)
    assert len(variant.public["answers"]) == 3
    raw = matched(variant, Dog="Mammal", Frog="Amphibian", Toad="Amphibian", Cat="Insect")
    score = answer(MATCH, variant, raw)
    assert (score.fraction, score.state) == (Decimal("0.75"), ScoreState.PARTIAL)
    assert [part.fraction for part in score.parts].count(1) == 3


@given(seed=st.integers(0, 2**62))
def test_each_right_gap_earns_its_share(seed) -> None:
    for kind in (GAPS, MENUS):
        choices = SUM["choices"]
        if kind is MENUS:
            choices = [{k: v for k, v in one.items() if k != "infinite"} for one in choices]
        variant = ask(kind, {**SUM, "choices": choices}, seed)
        values = {one["text"]: one["value"] for one in variant.public["choices"]}
        raw = {f"p{n}": values[text] for n, text in enumerate("++++3", 1)}
        assert answer(kind, variant, raw).fraction == Decimal(3) / 5
        assert answer(kind, variant, {"p5": values["3"]}).fraction == Decimal(1) / 5


@given(seed=st.integers(0, 2**62))
def test_choices_that_read_the_same_are_one_answer(seed) -> None:
    content = {
        "stem": "[[1]] cat and [[2]] dog",
        "choices": [{"text": "the"}, {"text": "the"}, {"text": "a"}, {"text": "the", "group": 2}],
    }
    for kind in (GAPS, MENUS):
        variant = ask(kind, content, seed)
        right = kind.correct_response(variant)
        swapped = {"p1": right["p2"], "p2": right["p1"]}
        assert answer(kind, variant, right).fraction == 1
        assert answer(kind, variant, swapped).fraction == 1
        wrong = next(one["value"] for one in variant.public["choices"] if one["text"] == "a")
        assert answer(kind, variant, {**right, "p1": wrong}).fraction == Decimal("0.5")
        assert answer(kind, variant, kind.wrong_response(variant)).fraction == 0
    assert GAPS.random_guess_score(content) == pytest.approx(Decimal(2) / 3)


def test_a_gap_takes_choices_of_its_group_only() -> None:
    variant = ask(
        MENUS, {**SUM, "choices": [{"text": t, "group": g} for t, g in ("a1", "b1", "c2", "d2")]}
    )
    values = {one["text"]: one["value"] for one in variant.public["choices"]}
    assert isinstance(MENUS.parse(variant, {"p1": values["c"]}), FormatErrors)


def test_a_page_says_nothing_of_which_choice_belongs_where() -> None:
    seen = {GAPS.render(ask(GAPS, {**SUM, "stem": stem}), View.ANSWER, name="q1").html
            for stem in ("[[1]] and [[2]]", "[[2]] and [[1]]", "[[1]] and [[1]]")}  # fmt: skip
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("stem", "numbers"),
    [
        ("[[2]] x [[1]]", [2, 1]),
        ('<img alt="[[1]]" src="/a"> [[1]]', [1]),
        ("[[ 1 ]] [[0]] [[9]] [[gap 1]]", [1]),
    ],
)
def test_gaps_are_found_outside_of_tags(stem, numbers) -> None:
    marked, found = find_gaps(stem, BRACKETS, 2)
    assert found == numbers
    assert fill_gaps(marked, lambda number: f"<i>{number}</i>").count("<i>") == len(numbers)


@given(JSON_VALUES)
def test_whatever_stands_in_a_control_is_read_or_refused(value) -> None:
    for kind, content, name in ((MATCH, ANIMALS, "s1"), (GAPS, SUM, "p1")):
        variant = ask(kind, content)
        found = kind.parse(variant, {name: value})
        if not isinstance(found, FormatErrors):
            assert 0 <= kind.score(variant, found).fraction <= 1


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        (GAPS, {"stem": "none", "choices": SUM["choices"]}, {"stem"}),
        (GAPS, {"stem": "[[9]] [[1]]", "choices": SUM["choices"]}, {"stem"}),
        (
            MATCH,
            {**ANIMALS, "stems": [{"text": "Dog", "answer_id": "x"}]},
            {"stems.0.answer_id"},
        ),
        (
            MATCH,
            {**ANIMALS, "answers": ANIMALS["answers"] * 2},
            {f"answers.{n}.id" for n in range(4, 8)},
        ),
    ],
)
def test_questions_that_cannot_be_answered_are_named(kind, content, expected) -> None:
    assert paths(kind, content) == expected


def test_guessing_earns_its_mean() -> None:
    assert MATCH.random_guess_score(stored(MATCH, ANIMALS)) == Decimal(1) / 3
    assert GAPS.random_guess_score(stored(GAPS, SUM)) == Decimal("0.5")


def test_other_parts_cannot_be_rescored() -> None:
    old = stored(GAPS, SUM)
    assert GAPS.can_rescore(old, stored(GAPS, {**SUM, "stem": SUM["stem"] + " [[3]]"}))
    mended = stored(GAPS, {**SUM, "stem": SUM["stem"].replace("[[4]]", "[[3]]")})
    assert GAPS.can_rescore(old, mended) is None
