"""Missing word: sentences with a gap, and why a question is not one."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examhall.plugins import Fidelity, FormatError, PortableQuestion, QuestionBundle
from examhall.plugins.formats.missing_word import MissingWordFormat
from examhall.plugins.formats.moodle.texts import derive_title
from examhall.plugins.testing import FormatContract

WORDS = MissingWordFormat()


class TestMissingWord(FormatContract):
    plugin = WORDS


def read(text: str):
    return WORDS.import_(io.BytesIO(text.encode())).questions


def test_sentences_are_read():
    first, second = read(
        "We become\nstudents of {=anatomy and physiology ~reflexology#no\n"
        "~75%science}, for life.\n\n"
        "Import a {=Lesson} activity.\n"
    )
    assert first.question.content == {
        "stem": "We become students of _____, for life.",
        "mode": "single",
        "options": [
            {"text": "anatomy and physiology", "correct": True},
            {"text": "reflexology", "feedback": "no"},
            {"text": "science", "fraction": "0.75"},
        ],
    }
    assert second.question.type == "text_entry"
    assert second.question.content["answers"] == [{"text": "Lesson"}]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("No gap.", "braces"),
        ("Never {=closed", "braces"),
        ("{}", "no answer"),
        ("{~a ~b}", "100 %"),
    ],
)
def test_what_is_no_question_is_refused_with_the_reason(text, reason):
    [entry] = read(text)
    assert entry.fidelity is Fidelity.REFUSED
    assert reason in entry.notes[0]


def sentence(stem="It is _____ now.", **content):
    options = [{"text": "a", "correct": True}, {"text": "b"}]
    whole = {"stem": stem, "mode": "single", "options": options, **content}
    return PortableQuestion("choice", derive_title(stem), whole)


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        (sentence("No gap"), "gap"),
        (sentence("x = _____ 2"), "signs"),
        (sentence(options=[{"text": "a~b", "correct": True}, {"text": "b"}]), "signs"),
        (sentence(options=[{"text": "a"}, {"text": "b"}]), "right"),
        (sentence(options=[{"text": "a", "correct": True, "id": "x"}, {"text": "b"}]), "identif"),
        (sentence(hints=[{"text": "x"}]), "hints"),
        (PortableQuestion("essay", "Why?", {"stem": "Why?"}), "Missing word"),
    ],
)
def test_what_it_cannot_hold_is_refused(question, reason):
    with pytest.raises(FormatError, match=reason):
        WORDS.export(QuestionBundle((question,)))


texts = st.from_regex(r"[a-z0-9_%&;<>]{1,9}( [a-z0-9_%]{1,9})?", fullmatch=True)
shown = texts.filter(lambda text: text.strip("<>&;_ ") and "<" not in text and "&" not in text)


@given(shown, st.lists(shown, min_size=2, max_size=5), shown)
def test_generated_sentences_come_back(before, answers, after):
    options = [{"text": text} for text in answers]
    options[-1]["correct"] = True
    question = sentence(f"{before.replace('_', '').strip()}x _____ {after}", options=options)
    [entry] = read(WORDS.export(QuestionBundle((question,))).decode())
    assert entry.question == question


def test_a_right_answer_may_begin_with_a_percentage():
    (entry,) = read("It costs {=50% more#Yes ~75%less ~_20% more ~75%% more}.")
    assert entry.question.content["options"] == [
        {"text": "50% more", "correct": True, "feedback": "Yes"},
        {"text": "less", "fraction": "0.75"},
        {"text": "20% more"},
        {"text": "75%% more"},
    ]
