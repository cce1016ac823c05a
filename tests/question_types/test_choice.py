"""Choice: what is right earns, what is wrong takes off, and the order says nothing."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examhall.plugins import FormatErrors, Response, ScoreState, View
from examhall.question_types.choice import Choice
from tests.question_types.asking import answer, ask, fraction, paths, stored

TYPE = Choice()


def options(*rights: bool, **more):
    return [{"id": f"o{n}", "text": f"<b>{n}</b>", "correct": r} for n, r in enumerate(rights)]


def question(mode, *rights, **more):
    return {
        "stem": "?", "mode": mode, "options": options(*rights), "shuffle": False, **more
    }  # fmt: skip


def test_a_single_choice_earns_all_or_nothing() -> None:
    single = question("single", False, True, False)
    assert fraction(TYPE, single, {"choice": "2"}) == 1
    assert fraction(TYPE, single, {"choice": "1"}) == 0
    assert answer(TYPE, ask(TYPE, single), {}).state is ScoreState.UNANSWERED


def test_an_option_can_earn_a_part() -> None:
    partly = question("single", True, False)
    partly["options"][1]["fraction"] = "0.5"
    score = answer(TYPE, ask(TYPE, partly), {"choice": "2"})
    assert (score.fraction, score.state) == (Decimal("0.5"), ScoreState.PARTIAL)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (["1", "2", "3"], Decimal(1)),
        (["1", "2"], Decimal(2) / 3),
        (["1", "4"], Decimal(0)),
        (["1", "2", "3", "4"], Decimal(0)),
        (["4"], Decimal(0)),
    ],
)
def test_several_answers_earn_their_share(chosen, expected) -> None:
    several = question("multiple", True, True, True, False)
    assert fraction(TYPE, several, {"choice": chosen}) == pytest.approx(expected)


def test_without_partial_credit_only_the_whole_answer_counts() -> None:
    strict = question("multiple", True, True, False, partial_credit=False)
    assert fraction(TYPE, strict, {"choice": ["1", "2"]}) == 1
    assert fraction(TYPE, strict, {"choice": ["1"]}) == 0


def test_thirds_written_with_seven_digits_make_a_whole() -> None:
    several = question("multiple", True, True, True, False)
    for option in several["options"][:3]:
        option["fraction"] = "0.3333333"
    score = answer(TYPE, ask(TYPE, several), {"choice": ["1", "2", "3"]})
    assert (score.fraction, score.state) == (Decimal(1), ScoreState.RIGHT)
    assert paths(TYPE, several) == set()


@pytest.mark.parametrize("truth", [True, False])
def test_true_or_false(truth: bool) -> None:
    statement = {"stem": "?", "mode": "true_false", "answer": truth}
    variant = ask(TYPE, statement)
    assert [option["text"] for option in variant.public["options"]] == ["True", "False"]
    assert answer(TYPE, variant, {"choice": "1"}).fraction == (1 if truth else 0)
    assert answer(TYPE, variant, {"choice": "2"}).fraction == (0 if truth else 1)


@given(seed=st.integers(0, 2**62), rights=st.lists(st.booleans(), min_size=2, max_size=12))
def test_the_same_seed_gives_the_same_order_and_the_right_answer_stays_right(seed, rights) -> None:
    rights[0] = True
    several = question("multiple", *rights, shuffle=True)
    variant = ask(TYPE, several, seed)
    assert variant == ask(TYPE, several, seed)
    assert sorted(o["text"] for o in variant.public["options"]) == sorted(
        o["text"] for o in several["options"]
    )
    right = TYPE.correct_response(variant)
    assert right is not None
    assert answer(TYPE, variant, right).fraction == 1


def test_seeds_give_different_orders() -> None:
    several = question("single", True, *[False] * 5, shuffle=True)
    orders = {
        tuple(o["text"] for o in ask(TYPE, several, seed).public["options"]) for seed in range(50)
    }
    assert len(orders) > 30


@given(
    rights=st.lists(st.booleans(), min_size=1, max_size=8),
    picks=st.lists(st.booleans(), min_size=8, max_size=8),
    partial=st.booleans(),
)
def test_a_choice_earns_from_nothing_to_all(rights, picks, partial) -> None:
    several = question("multiple", *rights, partial_credit=partial)
    chosen = [str(n) for n, (_, pick) in enumerate(zip(rights, picks, strict=False), 1) if pick]
    score = answer(TYPE, ask(TYPE, several), {"choice": chosen})
    assert 0 <= score.fraction <= 1
    exact = rights == picks[: len(rights)]
    assert (score.fraction == 1) == (exact and any(rights))


@pytest.mark.parametrize(
    "raw",
    [
        {"choice": "9"},
        {"choice": ["1", "2"]},
        {"choice": [1]},
        {"choice": {"1": "2"}},
        {"choice": "1", "fraction": "1"},
        [],
        {"choice": "o1"},
    ],
)
def test_what_is_no_choice_is_refused(raw) -> None:
    assert isinstance(TYPE.parse(ask(TYPE, question("single", True, False)), raw), FormatErrors)


def test_one_checkbox_arrives_as_a_text() -> None:
    variant = ask(TYPE, question("multiple", True, False))
    assert TYPE.parse(variant, {"choice": "1"}) == Response({"choice": ["1"]})


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (question("single", False, False), {"options"}),
        (question("single", True), {"options"}),
        (question("single"), {"options"}),
        (question("single", True, False, answer=True), {"answer"}),
        ({"stem": "?", "mode": "true_false"}, {"answer"}),
        ({**question("true_false", True), "answer": True}, {"options"}),
        (question("multiple", False, False), {"options"}),
    ],
)
def test_questions_that_cannot_be_answered_are_named(content, expected) -> None:
    assert paths(TYPE, content) == expected


def test_two_options_of_one_name_are_named() -> None:
    double = question("single", True, False)
    double["options"][1]["id"] = "o0"
    assert paths(TYPE, double) == {"options.1.id"}


def test_full_marks_that_cannot_be_reached_are_named() -> None:
    several = question("multiple", True, True, False)
    several["options"][0]["fraction"] = "0.5"
    several["options"][1]["fraction"] = "0.25"
    assert paths(TYPE, several) == {"options"}


def test_the_review_shows_what_was_chosen_and_not_what_was_right() -> None:
    variant = ask(TYPE, question("single", True, False))
    wrong = {"choice": "2"}
    review = TYPE.render(variant, View.REVIEW, wrong).html
    grade = TYPE.render(variant, View.GRADE, wrong).html
    assert "Not right" in review
    assert ">Right<" not in review
    assert ">Right<" in grade


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (question("single", True, False, False, False), Decimal("0.25")),
        ({"stem": "?", "mode": "true_false", "answer": True}, Decimal("0.5")),
        (question("multiple", True, False, partial_credit=False), Decimal("0.25")),
    ],
)
def test_guessing_earns_its_mean(content, expected) -> None:
    assert TYPE.random_guess_score(stored(TYPE, content)) == expected


def test_rescoring_needs_the_same_options() -> None:
    old = stored(TYPE, question("single", True, False))
    better = stored(TYPE, question("single", False, True))
    assert TYPE.can_rescore(old, better) is None
    assert TYPE.can_rescore(old, stored(TYPE, question("single", True, False, False)))
    assert TYPE.can_rescore(old, stored(TYPE, question("multiple", True, False)))


@pytest.mark.parametrize(
    ("numbering", "letters"), [("ABCD", ["A", "B"]), ("123", ["1", "2"]), ("iii", ["i", "ii"])]
)
def test_options_are_numbered_from_the_first(numbering: str, letters: list[str]) -> None:
    content = stored(
        TYPE,
        {
            "stem": "<p>Which?</p>",
            "numbering": numbering,
            "options": [{"text": "x", "correct": True}, {"text": "y"}],
        },
    )
    html = TYPE.render(TYPE.prepare(content, 1, "en"), View.ANSWER).html
    assert re.findall(r'class="key"[^>]*>([^<]*)<', html) == letters
