"""Text entry: white space, case, accents and wildcards."""

import time
import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examhall.plugins import FormatErrors, ScoreState
from examhall.question_types.text_entry import LONGEST, TextEntry
from tests.question_types.asking import answer, ask, fraction, paths

TYPE = TextEntry()


def question(*texts, **more):
    return {"stem": "?", "answers": [{"text": text} for text in texts], **more}


@pytest.mark.parametrize(
    ("accepted", "given_text", "right"),
    [
        ("Paris", "paris", True),
        ("Paris", "  Paris \n", True),
        ("New York", "new \t  york", True),
        ("Paris", "Pari", False),
        ("Straße", "STRASSE", True),
        ("café", "cafe\u0301", True),
        ("cafe\u0301", "CAFÉ", True),
        ("a*z", "abcz", True),
        ("a*z", "az", True),
        ("a*z", "abc", False),
        ("*gas*", "a noble gas it is", True),
        ("2\\*3", "2*3", True),
        ("2\\*3", "2x3", False),
        ("aba*ba", "aba", False),
        ("a*b*c", "axxbyyc", True),
        ("a*b*c", "acb", False),
        ("İ", "i̇", True),
    ],
)
def test_what_fits(accepted, given_text, right) -> None:
    assert fraction(TYPE, question(accepted), {"text": given_text}) == (1 if right else 0)


def test_case_counts_where_the_author_says_so() -> None:
    strict = question("DNA", case_sensitive=True)
    assert fraction(TYPE, strict, {"text": "DNA"}) == 1
    assert fraction(TYPE, strict, {"text": "dna"}) == 0


def test_stars_are_letters_where_the_author_says_so() -> None:
    plain = question("a*b")
    plain["answers"][0]["match"] = "exact"
    assert fraction(TYPE, plain, {"text": "a*b"}) == 1
    assert fraction(TYPE, plain, {"text": "axb"}) == 0


def test_regular_expressions_fit_the_whole_text() -> None:
    content = question("colou?rs?")
    content["answers"][0]["match"] = "regex"
    found = [fraction(TYPE, content, {"text": text}) for text in ("Color", " colours ", "colour x")]
    assert found == [1, 1, 0]
    content["answers"][0]["text"] = "(x"
    assert paths(TYPE, content) == {"answers.0.text"}


@pytest.mark.parametrize(
    ("accepted", "given_text", "right"),
    [
        ("New York", "new  york", 0),
        ("Straße", "STRASSE", 0),
        ("Straße", " STRAẞE ", 1),
        ("É*", "é x", 1),
    ],
)
def test_every_space_and_letter_counts_if_an_author_says_so(accepted, given_text, right) -> None:
    assert fraction(TYPE, question(accepted, spaces_count=True), {"text": given_text}) == right


def test_what_is_right_has_feedback_of_its_own() -> None:
    content = question("a", correct_feedback="Yes. ", incorrect_feedback="No. ", feedback="All.")
    variant = ask(TYPE, content)
    assert answer(TYPE, variant, {"text": "a"}).feedback == "Yes. All."
    assert answer(TYPE, variant, {"text": "b"}).feedback == "No. All."


def test_the_first_answer_that_fits_counts() -> None:
    content = question("ten", "*")
    content["answers"][1] |= {"fraction": "0.25", "feedback": "nearly"}
    score = answer(TYPE, ask(TYPE, content), {"text": "eleven"})
    assert (score.fraction, score.state, score.feedback) == (
        Decimal("0.25"),
        ScoreState.PARTIAL,
        "nearly",
    )


def test_spaces_alone_are_no_answer() -> None:
    assert answer(TYPE, ask(TYPE, question("*")), {"text": " \n "}).state is ScoreState.UNANSWERED


def test_many_stars_cost_no_time() -> None:
    content = question("*a" * 400 + "b")
    started = time.perf_counter()
    assert fraction(TYPE, content, {"text": "a" * LONGEST}) == 0
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize("raw", [{"text": "x" * (LONGEST + 1)}, {"text": "\0"}, {"text": "\ud800"}])
def test_texts_that_cannot_be_stored_are_refused(raw) -> None:
    assert isinstance(TYPE.parse(ask(TYPE, question("x")), raw), FormatErrors)


def test_answers_nobody_can_reach_are_named() -> None:
    hidden = question("*", "Paris")
    hidden["answers"][0]["fraction"] = "0.5"
    assert paths(TYPE, hidden) == {"answers"}
    partly = question("Paris")
    partly["answers"][0]["fraction"] = "0.5"
    assert paths(TYPE, partly) == {"answers"}
    assert paths(TYPE, question("  ")) == {"answers.0.text"}


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\\*"), max_size=20)


@given(pieces=st.lists(words, min_size=1, max_size=4), between=words)
def test_a_pattern_fits_its_own_pieces_with_anything_between(pieces, between) -> None:
    pattern, text = "*".join(pieces), between.join(pieces)
    if pattern.strip() and " ".join(text.split()) and pattern == " ".join(pattern.split()):
        plain = " ".join(unicodedata.normalize("NFC", text).split())
        glued = "".join(pieces)
        if plain == text and unicodedata.is_normalized("NFC", glued):
            found = fraction(TYPE, question(pattern, case_sensitive=True), {"text": text})
            assert found == 1


@given(text=words.filter(lambda text: text.strip()))
def test_an_accepted_text_is_right_as_it_stands(text) -> None:
    assert fraction(TYPE, question(text), {"text": text}) == 1
