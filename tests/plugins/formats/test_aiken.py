"""Aiken: choices as plain text, and why a question is not one."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examhall.plugins import Fidelity, FormatError, PortableQuestion, QuestionBundle
from examhall.plugins.formats.aiken import AikenFormat
from examhall.plugins.formats.moodle.texts import derive_title, escape
from examhall.plugins.testing import FormatContract

AIKEN = AikenFormat()
ERRORS = """A question with too few answers
A) Only answer
ANSWER: A

A) No question

ANSWER: neither

A good question
A) Correct
B. Incorrect > 1
ANSWER: A

Started but not finished
A) Correct-ish
B) Incorrect-ish

A second good question
A)No space
B)Here
ANSWER: B

Which letter?
A) a
B) b
ANSWER: C
"""


class TestAiken(FormatContract):
    plugin = AIKEN


def read(text: str):
    return AIKEN.import_(io.BytesIO(text.encode())).questions


def test_good_questions_are_read_beside_bad_ones():
    entries = read(ERRORS)
    assert [entry.fidelity is not Fidelity.REFUSED for entry in entries] == [
        False, False, True, False, True, False,
    ]  # fmt: skip
    assert entries[2].question.content == {
        "stem": "A good question",
        "mode": "single",
        "options": [{"text": "Correct", "correct": True}, {"text": "Incorrect &gt; 1"}],
    }
    reasons = [entry.notes[0] for entry in entries if entry.notes]
    for reason, word in zip(
        reasons, ("two answers", "question before", "ANSWER", "“C”"), strict=True
    ):
        assert word in reason


def choice(stem="What?", **content):
    options = [{"text": "a", "correct": True}, {"text": "b"}]
    whole = {"stem": stem, "mode": "single", "options": options, **content}
    return PortableQuestion("choice", derive_title(stem), whole)


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        (choice("<b>What?</b>"), "markup"),
        (choice("What?\nNow?"), "one line"),
        (choice("A) What?"), "looks like"),
        (choice(mode="multiple"), "one right"),
        (choice(shuffle=False), "shuffle"),
        (choice(feedback="So"), "feedback"),
        (choice(options=[{"text": "a", "correct": True}]), "answers"),
        (choice(options=[{"text": "a", "correct": True}, {"text": "b", "fraction": "0.5"}]), "one"),
        (choice(options=[{"text": "a", "correct": True}, {"text": "b", "id": "b"}]), "identifiers"),
        (PortableQuestion("essay", "Why?", {"stem": "Why?"}), "one right"),
        (PortableQuestion("choice", "Title", choice().content), "titles"),
        (PortableQuestion("choice", "What?", choice().content, tags=("x",)), "tags"),
    ],
)
def test_what_aiken_cannot_hold_is_refused(question, reason):
    with pytest.raises(FormatError, match=reason):
        AIKEN.export(QuestionBundle((question,)))


lines = st.from_regex(r"[a-z<>&;.)( ]{1,30}", fullmatch=True).map(str.strip).filter(bool)


@given(lines, st.lists(lines, min_size=2, max_size=6), st.data())
def test_generated_questions_come_back(stem, texts, data):
    right = data.draw(st.integers(0, len(texts) - 1))
    options = [
        {"text": escape(text), **({"correct": True} if place == right else {})}
        for place, text in enumerate(texts)
    ]
    question = choice(escape(stem), options=options)
    [entry] = read(AIKEN.export(QuestionBundle((question,))).decode())
    assert entry.question == question


@pytest.mark.parametrize("second", ["a prime number?", "a) 2"])
def test_a_question_of_several_lines_is_refused_and_not_cut(second):
    (entry,) = read(f"What is\n{second}\nA) 7\nB) 9\nANSWER: A\n")
    assert entry.fidelity is Fidelity.REFUSED
    assert "one line" in entry.notes[0]
    assert "(line 1)" in entry.notes[0]


def test_empty_lines_part_a_heading_from_the_question_and_may_stand_within_it():
    heading, question = read("Week 1\n\nWhat is a prime?\n\nA) 7\n\nB) 9\nANSWER: A\n")
    assert heading.fidelity is Fidelity.REFUSED
    assert question.question.content["stem"] == "What is a prime?"


@pytest.mark.parametrize("key", ["A, B", "AB", "A B", "A and B", "B/A"])
def test_several_right_answers_are_refused_and_not_cut_to_one(key):
    (entry,) = read(f"Which?\nA) 7\nB) 5\nC) 4\nANSWER: {key}\n")
    assert entry.fidelity is Fidelity.REFUSED
    assert "one answer is right" in entry.notes[0]


@pytest.mark.parametrize("key", ["A", "A) 7", "A.", " A 7", "A - Because"])
def test_words_behind_the_key_are_passed_over(key):
    (entry,) = read(f"Which?\nA) 7\nB) 5\nANSWER: {key}\n")
    assert entry.question.content["options"][0]["correct"]
