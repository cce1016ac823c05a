"""Essay: words are counted, nothing is cut off, a person marks."""

import pytest

from examhall.plugins import Response, ScoreState, View
from examhall.question_types.essay import Essay, count_words
from tests.question_types.asking import answer, ask, paths

TYPE = Essay()
ESSAY = {"stem": "?", "min_words": 3, "max_words": 5, "rubric": "<p>two points for wit</p>"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("one", 1),
        ("two  words\n", 2),
        ("- well-known fact", 2),
        ("être où", 2),
        ("3.5 !", 1),
        ("no\u2014not so \u2013 ever", 4),
    ],
)
def test_words(text, words) -> None:
    assert count_words(text) == words


def test_a_person_marks_what_was_written() -> None:
    score = answer(TYPE, ask(TYPE, ESSAY), {"text": "one two three four"})
    assert (score.state, score.needs_manual, score.feedback) == (ScoreState.NEEDS_MANUAL, True, "")


def test_no_text_needs_no_marker() -> None:
    score = answer(TYPE, ask(TYPE, ESSAY), {"text": " \n"})
    assert (score.state, score.needs_manual) == (ScoreState.UNANSWERED, False)


def test_a_long_row_of_signs_is_counted_at_once() -> None:
    """Eighty thousand stars, which a candidate may save, took most of a minute."""
    assert count_words("*" * 80_000 + " two words\u00a0and\u2003three") == 4


@pytest.mark.parametrize("text", ["one two", "one two three four five six"])
def test_too_few_and_too_many_words_are_told_and_still_marked(text) -> None:
    variant = ask(TYPE, ESSAY)
    response = TYPE.parse(variant, {"text": text})
    assert isinstance(response, Response)
    assert response.data["text"] == text
    assert not TYPE.is_complete(variant, response)
    score = TYPE.score(variant, response)
    assert score.needs_manual
    assert "3 to 5 words" in score.feedback


def test_line_ends_are_the_same_on_every_machine() -> None:
    response = TYPE.parse(ask(TYPE, ESSAY), {"text": "a\r\nb\rc"})
    assert response == Response({"text": "a\nb\nc"})


def test_limits_the_wrong_way_round_are_named() -> None:
    assert paths(TYPE, {"stem": "?", "min_words": 10, "max_words": 5}) == {"max_words"}


def test_the_rubric_is_for_markers() -> None:
    variant = ask(TYPE, ESSAY)
    shown = {v: TYPE.render(variant, v, {"text": "one two three"}).html for v in View}
    assert {v for v, html in shown.items() if "wit" in html} == {View.GRADE, View.AUTHOR}
    assert all("one two three" in html for html in shown.values())


def test_a_text_that_begins_with_a_line_end_keeps_it_in_the_page() -> None:
    html = TYPE.render(ask(TYPE, ESSAY), View.ANSWER, {"text": "\nfirst"}).html
    assert ">\n\nfirst</textarea>" in html


def test_the_text_to_start_from_is_no_answer() -> None:
    variant = ask(TYPE, {"stem": "?", "template": "def f():\n    ...", "monospaced": True})
    assert answer(TYPE, variant, {"text": "def f():\r\n    ...\n"}).state is ScoreState.UNANSWERED
    assert answer(TYPE, variant, {"text": "def f(): 1"}).needs_manual
    drawn = TYPE.render(variant, View.ANSWER, name="q1")
    assert "def f():" in drawn.html
    assert drawn.module == "essay.js"
    assert TYPE.render(variant, View.REVIEW, name="q1").module is None
