"""Moodle XML and what stands in single files of it: forms, words and settings of other programs."""

import pytest

from examhall.plugins import Fidelity, FormatError, PortableQuestion, QuestionBundle
from examhall.plugins.formats.moodle.cloze import read_parts
from tests.interop.neutral import find_type
from tests.plugins.formats.samples import CONTENTS, MORE_CONTENTS, make_questions, round_trip
from tests.plugins.formats.test_moodle_xml import NAMED, XML, read


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("choice", {"chosen": 1}),
        ("choice", {"chosen": "a"}),
        ("choice", {"chosen": ["\ud800"]}),
        ("match", {"pairs": 1}),
        ("order", {"order": {"a": 1}}),
        ("inline_choice", {"places": [1]}),
    ],
)
def test_responses_of_another_form_are_refused(kind, given):
    question = next(q for q in make_questions(CONTENTS + MORE_CONTENTS) if q.type == kind)
    variant = find_type(kind).prepare(question.content, 0, "en")
    with pytest.raises(FormatError, match=r"response|no answer"):
        XML.read_responses(question, variant, given)


def test_tags_of_a_course_are_tags():
    a, b = ("<tag><text>a</text></tag>", "<tag><text>b</text></tag>")
    tags = f"<tags>{a}</tags><coursetags>{b}</coursetags>"
    assert read(f"{NAMED}{tags}").question.tags == ("a", "b")


def test_pairs_to_drag_have_answers_with_markup():
    pairs = "".join(
        f"<subquestion format='html'><text>{stem}</text>"
        f"<answer format='html' id='x'><text><![CDATA[{answer}]]></text></answer></subquestion>"
        for stem, answer in (("a", "<b>1</b>"), ("b", "2 &amp; 3"), ("", "<p></p>"))
    )
    entry = read(NAMED + pairs, 'type="ddmatch"')
    assert [one["text"] for one in entry.question.content["answers"]] == ["<b>1</b>", "2 &amp; 3"]
    assert entry.fidelity is Fidelity.APPROXIMATED


@pytest.mark.parametrize("before", ["{1:SA:=b}", "{1:SA:"])
def test_a_cloze_whose_text_would_be_read_as_gaps_is_refused(before):
    parts = [{"kind": "text", "answers": [{"text": "a"}]}]
    question = PortableQuestion("cloze", "T", {"stem": f"{before} {{#1}}", "parts": parts})
    with pytest.raises(FormatError, match="answers of a gap"):
        XML.export(QuestionBundle((question,)))
    open_end = {"stem": f"{{#1}} {before[:6]}", "parts": parts, "spaces_count": True}
    round_trip(XML, [PortableQuestion("cloze", "T", open_end)])


@pytest.mark.parametrize("again", [0, 1, 4000])
def test_a_gap_that_only_signs_close_ends_at_the_last_of_them(again):
    """Each place where it may end is remembered, not the answers up to there once more."""
    stem, (part,) = read_parts("{1:MC:=a~}" + "b~}" * again + "~")
    assert stem == "{#1}~"
    assert [one["text"] for one in part["options"]] == ["a", *["}b"] * again, "~"]


def test_words_for_true_and_false_count_whatever_their_capitals():
    answers = "".join(
        f"<answer fraction='{share}'><text>{{}}</text></answer>" for share in (0, 100)
    )
    for said, truth in ((("True", "False"), False), (("FALSE", "TRUE"), True)):
        entry = read(NAMED + answers.format(*said), 'type="truefalse"')
        assert entry.question.content["answer"] is truth
        assert not entry.notes


def test_settings_that_are_not_known_are_named():
    items = "".join(f"<answer fraction='{n}'><text>{n}</text></answer>" for n in (1, 2, 3))
    entry = read(f"{NAMED}<gradingtype>99</gradingtype>{items}", 'type="ordering"')
    assert entry.fidelity is Fidelity.APPROXIMATED
    assert "gradingtype" in " ".join(entry.notes)


def test_a_unit_that_is_there_twice_is_one():
    units = "".join(
        f"<unit><multiplier>{factor}</multiplier><unit_name>{name}</unit_name></unit>"
        for factor, name in ((1, "m"), (100, "cm"), (2, "m"), (1, "m"))
    )
    answer = "<answer fraction='100'><text>5</text></answer>"
    entry = read(f"{NAMED}{answer}<units>{units}</units>", 'type="numerical"')
    assert entry.question.content["units"] == [{"name": "m"}, {"name": "cm", "factor": "100"}]
    assert entry.fidelity is Fidelity.APPROXIMATED
