"""GIFT: what Moodle reads is read, what is written comes back, and nothing is lost in silence."""

import io
from decimal import Decimal
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examhall.plugins import Fidelity, FormatError, PortableQuestion, QuestionBundle
from examhall.plugins.formats.gift import GiftFormat
from examhall.plugins.testing import FormatContract
from tests.plugins.formats.samples import (
    CONTENTS,
    MORE_CONTENTS,
    make_questions,
    names,
    round_trip,
    shown,
    titles,
    words,
)

GIFT = GiftFormat()


class TestGift(FormatContract):
    plugin = GIFT


class TestGiftHolds(FormatContract):
    plugin = GIFT
    questions = make_questions(CONTENTS)


def read(text: str):
    """Return the entries of a file."""
    return GIFT.import_(io.BytesIO(text.encode())).questions


def read_one(text: str) -> PortableQuestion:
    """Return the only question of a file."""
    [entry] = read(text)
    assert entry.question is not None, entry.notes
    return entry.question


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("Who?{~Grant ~%50%Jeff =no one}", "choice", {"mode": "single"}),
        ("Who?{~%50%a ~%50%b ~%-100%c}", "choice", {"mode": "multiple"}),
        ("The sun{T}", "choice", {"mode": "true_false", "answer": True}),
        ("The sun{FALSE#no#yes}", "choice", {"correct_feedback": "yes"}),
        ("The sun{TRUE#no#yes}", "choice", {"incorrect_feedback": "no"}),
        ("Who?{=no one =nobody}", "text_entry", {"spaces_count": True}),
        ("{=Asia} is large.", "text_entry", {"stem": "_____ is large."}),
        ("Write.{}", "essay", {"stem": "Write."}),
        ("Just text.", "description", {"stem": "Just text."}),
        ("[plain]a < b\\nc{}", "essay", {"stem": "a &lt; b<br>\nc"}),
        ("[markdown]*a*{}", "essay", {"stem": "<p><em>a</em></p>"}),
        ("A \\\\ B \\{\\}\\: \\q{}", "essay", {"stem": "A \\ B {}: \\q"}),
        ("[html]x{####[html]<b>g</b>}", "essay", {"feedback": "<b>g</b>"}),
        ("n{#3}", "numeric", {"answers": [{"value": "3"}]}),
        ("n{#3:0.5}", "numeric", {"answers": [{"value": "3", "tolerance": "0.5"}]}),
        ("n{#3.141..3.142}", "numeric", {"answers": [{"value": "3.1415", "tolerance": "0.0005"}]}),
        ("n{#-5..5}", "numeric", {"answers": [{"value": "0", "tolerance": "5"}]}),
    ],
)  # fmt: skip
def test_the_syntax_of_moodle_is_read(text, kind, expected):
    question = read_one(text)
    assert question.type == kind
    assert {name: question.content.get(name) for name in expected} == expected


def test_texts_with_answers_of_a_cloze_are_one_question():
    question = read_one("It is {1:SHORTANSWER:=day~night}.\n\nAnd {2:MC:=warm~cold}.")
    assert question.type == "cloze"
    assert question.points == 3
    assert question.content["stem"] == "It is {#1}.<br>\n<br>\nAnd {#2}."
    assert [entry.question.type for entry in read("::A::x {:SA:=y}\n\n::B::z{T}")] == [
        "cloze",
        "choice",
    ]


def test_other_formats_are_told_apart():
    [entry] = read("Which?\nA) a\nB) b\nANSWER: A")
    assert entry.fidelity is Fidelity.REFUSED
    assert "Aiken" in entry.notes[0]


def test_pairs_are_read_and_equal_answers_are_one():
    content = read_one("Match{=a -> 1 =b -> 2 =c->1 = -> 3}").content
    assert [answer["text"] for answer in content["answers"]] == ["1", "2", "3"]
    assert [stem["answer_id"] for stem in content["stems"]] == ["a1", "a2", "a1"]


def test_names_categories_tags_and_ids_are_read():
    text = (
        "$CATEGORY: $course$/top/Maths/Sums\n\n// [id:q-1] [tag:easy] [tag:a\\]b]\n::One\\:::1{T}"
    )
    question = read_one(text)
    assert question.title == "One:"
    assert question.identifier == "q-1"
    assert question.tags == ("category: Maths/Sums", "easy", "a]b")


def test_a_title_is_made_where_there_is_none():
    assert read_one("What is " + "very " * 30 + "long?{T}").title.endswith("very...")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a{~x", "braces"),
        ("a}b{", "braces"),
        ("Which?{~only}", "two answers"),
        ("Which?{~%50%a ~%33%b}", "grade"),
        ("n{#zero}", "no number"),
        ("n{#1..b}", "range"),
        ("n{#}", "no answer"),
        ("a{=%50%b}", "100 %"),
        ("m{=a -> b =c}", "->"),
        ("{T}", "no text"),
        ("o{>x\na\nb}", "how many"),
        ("o{>3 WRONGLY\na\nb\nc}", "setting"),
    ],
)
def test_what_moodle_refuses_is_refused_with_the_reason_and_the_line(text, reason):
    entries = read(f"Fine.{{T}}\n\n{text}\n\nFine too.{{F}}")
    assert [entry.fidelity for entry in entries] == [
        Fidelity.EXACT,
        Fidelity.REFUSED,
        Fidelity.EXACT,
    ]
    assert reason in entries[1].notes[0]
    assert "(line 3)" in entries[1].notes[0]


def test_old_encodings_are_read_with_a_word_of_warning():
    report = GIFT.import_(io.BytesIO("Größe?{T}".encode("cp1252")))
    assert report.questions[0].question.content["stem"] == "Größe?"
    assert "Windows-1252" in report.problems[0]
    assert GIFT.import_(io.BytesIO("Größe?{T}".encode("utf-16"))).problems == ()


def test_scripts_and_other_sites_are_named():
    [entry] = read('[html]<script src\\="https\\://a.example/x">1</script>{T}')
    assert entry.fidelity is Fidelity.APPROXIMATED
    assert "https://a.example/x" in " ".join(entry.notes)


def test_markdown_and_other_losses_are_told():
    [entry] = read("[markdown]**a**{T}")
    assert entry.fidelity is Fidelity.APPROXIMATED
    assert entry.notes


@pytest.mark.parametrize("question", make_questions(MORE_CONTENTS))
def test_what_gift_cannot_hold_is_refused_by_name(question):
    with pytest.raises(FormatError, match="Question"):
        GIFT.export(QuestionBundle((question,)))


@pytest.mark.parametrize(
    "content",
    [
        {"stem": " x"},
        {"stem": "x", "answers": [{"text": "a", "fraction": "0.35"}, {"text": "b"}]},
        {"stem": "x", "answers": [{"text": "a", "match": "regex"}]},
        {"stem": "x", "answers": [{"text": "a\ufdd0"}]},
        {"stem": "x", "answers": [{"text": "a"}], "unknown": "field"},
    ],
)
def test_nothing_is_written_that_would_not_come_back(content):
    with pytest.raises(FormatError, match="cannot hold"):
        GIFT.export(QuestionBundle((PortableQuestion("text_entry", "T", content),)))


@settings(max_examples=30)
@given(st.data())
def test_generated_questions_come_back(data):
    options = data.draw(st.lists(st.tuples(shown, words), min_size=2, max_size=5))
    right = data.draw(st.integers(0, len(options) - 1))
    parts = [
        {
            "text": text,
            **({"correct": True} if n == right else {}),
            **({"feedback": said} if said else {}),
        }
        for n, (text, said) in enumerate(options)
    ]
    content = {"stem": data.draw(shown), "mode": "single", "options": parts}
    if feedback := data.draw(st.just("") | shown):
        content["feedback"] = feedback
    tags = tuple(dict.fromkeys(tag for tag in data.draw(st.lists(names, max_size=3)) if tag))
    question = PortableQuestion(
        "choice",
        data.draw(titles),
        content,
        data.draw(st.decimals(0, 100, places=2)),
        data.draw(names),
        tags,
    )
    report = GIFT.import_(io.BytesIO(GIFT.export(QuestionBundle((question,)))))
    assert report.questions[0].question == question


@settings(max_examples=30)
@given(st.lists(st.tuples(words, words), min_size=1, max_size=4), shown)
def test_generated_short_answers_come_back(pairs, stem):
    answers = [{"text": text, "feedback": said} for text, said in pairs]
    question = PortableQuestion("text_entry", "T", {"stem": stem, "answers": answers})
    if any("->" in text + said for text, said in pairs):
        with pytest.raises(FormatError):
            GIFT.export(QuestionBundle((question,)))
    else:
        round_trip(GIFT, [question])


@settings(max_examples=80)
@given(st.text(st.sampled_from("ab{}~=#:\\%->[]/\n*1 TF$."), max_size=60))
def test_any_text_makes_a_report(text):
    for entry in read(text):
        assert (entry.question is None) == (entry.fidelity is Fidelity.REFUSED)


def test_reading_takes_time_in_proportion_to_the_file():
    text = "\n\n".join(f"::Q{n}::What is {n}?{{~a#no ~b =c#yes ####gen}}" for n in range(1500))
    started = process_time()
    assert len(read(text)) == 1500
    assert process_time() - started < 2


def test_points_stand_in_a_comment_that_others_pass_over():
    question = PortableQuestion("essay", "T", {"stem": "Why?"}, Decimal("2.50"))
    data = GIFT.export(QuestionBundle((question,))).decode()
    assert data.startswith('// [examhall:{"points": "2.50"}]\n::T::[html]Why?{}')


def test_a_file_of_empty_lines_is_read_at_once() -> None:
    """One empty line more made each of them take longer: a small file took a minute."""
    (entry,) = read("{1:SHORTANSWER:=Owl}" + "\n" * 100_000)
    assert entry.question is not None


def test_a_cloze_among_other_questions_does_not_swallow_them():
    questions = [entry.question for entry in read("Q1{T}\n\nQ2 {1:SA:=a}\n\nQ3{F}")]
    assert [question.type for question in questions] == ["choice", "cloze", "choice"]
    (whole,) = read("Q1 \\{x\\} {1:SA:=a}\n\nQ2 {1:NM:=3}")
    assert len(whole.question.content["parts"]) == 2
