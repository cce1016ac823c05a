"""Moodle XML: every type comes back as it was, with its files; hostile files are a report."""

import base64
import io
from decimal import Decimal
from time import process_time

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from examhall.plugins import Fidelity, FormatError, PortableQuestion, QuestionBundle
from examhall.plugins.formats.moodle_xml import MoodleXmlFormat
from examhall.plugins.testing import FormatContract
from tests.interop.neutral import find_type
from tests.plugins.formats.samples import (
    CONTENTS,
    MEDIA,
    MORE_CONTENTS,
    PICTURE,
    make_questions,
    names,
    round_trip,
    shown,
    titles,
    words,
)

XML = MoodleXmlFormat()


class TestMoodleXml(FormatContract):
    plugin = XML


class TestMoodleXmlHolds(FormatContract):
    plugin = XML
    questions = make_questions(CONTENTS)


def read(inner: str, attributes: str = 'type="essay"'):
    """Return the only entry of a file with one question."""
    data = f"<quiz><question {attributes}>{inner}</question></quiz>".encode()
    report = XML.import_(io.BytesIO(data))
    assert report.problems == ()
    [entry] = report.questions
    return entry


NAMED = "<name><text>N</text></name><questiontext format='html'><text>Q</text></questiontext>"


@pytest.mark.parametrize("question", make_questions([*CONTENTS, *MORE_CONTENTS]))
def test_every_type_comes_back(question):
    round_trip(XML, [question])


def test_files_come_back():
    questions = make_questions(MORE_CONTENTS)
    data = XML.export(QuestionBundle(questions, None, MEDIA))
    report = XML.import_(io.BytesIO(data))
    assert {file.reference for file in report.media} == set(MEDIA)
    assert {file.name for file in report.media} == {"map of the town.png", "bell.wav"}


def test_a_file_that_is_not_there_is_no_export():
    with pytest.raises(FormatError, match="not there"):
        XML.export(QuestionBundle(make_questions(MORE_CONTENTS[:1])))


def test_categories_become_tags_and_back():
    tags = [("category: A/B", "x"), ("category: A/B",), ("y",), ("category: C",)]
    questions = [
        PortableQuestion("essay", f"Q{n}", {"stem": "Why?"}, Decimal(1), "", tag)
        for n, tag in enumerate(tags)
    ]
    round_trip(XML, questions)
    data = XML.export(QuestionBundle(tuple(questions))).decode()
    assert data.count('type="category"') == 3


@pytest.mark.parametrize(
    ("form", "text", "html"),
    [
        ("html", "<b>a</b>", "<b>a</b>"),
        ("plain_text", "a < b", "a &lt; b"),
        ("moodle_auto_format", "a\nb", "a<br>\nb"),
        ("markdown", "- a", "<ul>\n<li>a</li>\n</ul>"),
    ],
)
def test_text_formats_become_html(form, text, html):
    entry = read(
        f'<name><text>N</text></name><questiontext format="{form}"><text><![CDATA[{text}]]></text>'
        "</questiontext>"
    )
    assert entry.question.content["stem"] == html


def test_embedded_files_become_media_and_what_lacks_is_told():
    data = base64.b64encode(PICTURE.data).decode()
    entry = read(
        '<questiontext format="html"><text><![CDATA[<img src="@@PLUGINFILE@@/a%20b.png">'
        '<img src="@@PLUGINFILE@@/no.png">]]></text>'
        f'<file name="a b.png" path="/" encoding="base64">{data}</file>'
        f'<file name="unused.png" path="/" encoding="base64">{data}</file></questiontext>'
    )
    assert f'<img src="{PICTURE.reference}">' in entry.question.content["stem"]
    told = " ".join(entry.notes)
    assert "no.png" in told
    assert "unused.png" in told
    assert entry.fidelity is Fidelity.APPROXIMATED


@pytest.mark.parametrize(
    ("kind", "inner", "reason"),
    [
        ("cloze", "", "no answer in it"),
        ("multichoice", '<answer fraction="100"><text>a</text></answer>', "two answers"),
        ("shortanswer", '<answer fraction="50"><text>a</text></answer>', "100 %"),
        ("numerical", '<answer fraction="100"><text>zero</text></answer>', "no number"),
        ("numerical", '<answer fraction="33"><text>1</text></answer>', "no grade"),
        ("matching", "<subquestion><text>a</text></subquestion>", "no answer"),
        ("truefalse", "", "no answer"),
        ("ordering", '<answer fraction="1"><text>a</text></answer>', "two items"),
        ("gapselect", "", "no gap"),
        ("ddmarker", "", "no picture"),
        ("calculated", '<answer fraction="100"><text>{a}</text></answer>', "wildcards"),
        ("random", "", "import its category"),
        ("strange", "", "not known"),
    ],
)
def test_what_moodle_refuses_is_refused_with_the_reason(kind, inner, reason):
    entry = read(NAMED + inner, f'type="{kind}"')
    assert entry.fidelity is Fidelity.REFUSED
    assert reason in entry.notes[0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{1:MULTICHOICE:=Apple#Correct}", "two answers"),
        ("{1:MULTICHOICE:Pear#Incorrect~%50%Apple#Correct}", "100 %"),
        ("{3:NUMERICAL:=zero}", "no number"),
        ("{1:MULTICHOICE}", "no answer in it"),
        ("{1:SA:=never closed", "no answer in it"),
    ],
)
def test_broken_cloze_is_refused(text, reason):
    stem = f"<questiontext format='html'><text>{text}</text></questiontext>"
    entry = read(stem, 'type="cloze"')
    assert entry.fidelity is Fidelity.REFUSED
    assert reason in entry.notes[0]


@pytest.mark.parametrize(("place", "value"), [("before", "EUR 5"), ("after", "5 EUR")])
def test_a_recorded_unit_stands_where_the_question_has_it(place, value):
    content = {
        "stem": "How much?",
        "answers": [{"value": "+5"}],
        "units": [{"name": "EUR"}],
        "unit_position": place,
    }
    variant = find_type("numeric").prepare(content, 0, "en")
    question = PortableQuestion("numeric", "T", content)
    assert XML.read_responses(question, variant, {"answer": 5, "unit": "EUR"}) == {"value": value}
    assert XML.read_responses(question, variant, {"answer": "5"}) == {"value": "5"}


def test_a_number_of_a_gap_may_have_a_plus():
    text = "{1:NM:=+3:0.5}"
    stem = f"<questiontext format='html'><text>{text}</text></questiontext>"
    (part,) = read(stem, 'type="cloze"').question.content["parts"]
    assert part["numbers"] == [{"value": "+3", "tolerance": "0.5"}]


def test_shares_of_several_answers_in_a_gap_add_up():
    text = "{:MR:=a~b~=c~d} {:MRH:%100%a~%50%b~c} {2:MCS:x~=y}"
    stem = f"<questiontext format='html'><text>{text}</text></questiontext>"
    question = read(stem, 'type="cloze"').question
    first, second, third = question.content["parts"]
    assert [option.get("fraction") for option in first["options"]] == ["0.5", "-0.5", "0.5", "-0.5"]
    assert [option.get("fraction") for option in second["options"]] == [
        "0.6666667",
        "0.3333333",
        None,
    ]
    assert third["shuffle"] is True
    assert question.points == 4


@pytest.mark.parametrize(
    ("gap", "options"),
    [
        ("{1:MC:~no#why~=yes}", [("no", "0"), ("yes", "1")]),
        ("{1:MC:~%50%half~=yes}", [("half", "0.5"), ("yes", "1")]),
        ("{1:MC:~%-50%bad~%100%yes}", [("bad", "-0.5"), ("yes", "1")]),
        ("{1:MC:=yes~no~}", [("yes", "1"), ("no", "0"), ("~", "0")]),
        ("{1:MC:=yes~=}", [("yes", "1"), ("=", "0")]),
    ],
)
def test_a_sign_before_the_first_and_behind_the_last_answer_of_a_gap_is_read(gap, options):
    stem = f"<questiontext format='html'><text>Well: {gap}, # or ~.</text></questiontext>"
    question = read(stem, 'type="cloze"').question
    assert question.content["stem"] == "Well: {#1}, # or ~."
    (part,) = question.content["parts"]
    assert [(o["text"], o.get("fraction", "0")) for o in part["options"]] == options


def test_what_is_not_kept_is_named():
    entry = read(f"{NAMED}<attachments>2</attachments><surprise>1</surprise>")
    assert entry.fidelity is Fidelity.APPROXIMATED
    assert any("surprise" in note for note in entry.notes)
    assert any("Attachments" in note for note in entry.notes)


POOL = """<POOL><QUESTIONLIST><QUESTION id="q1" points="2"/></QUESTIONLIST>
<QUESTION_MATCH id="q2"><BODY><TEXT>Match</TEXT></BODY>
<ANSWER id="a"><TEXT>frog</TEXT></ANSWER><ANSWER id="b"><TEXT>cat</TEXT></ANSWER>
<CHOICE id="x"><TEXT>mammal</TEXT></CHOICE><CHOICE id="y"><TEXT>insect</TEXT></CHOICE>
<CHOICE id="z"><TEXT>amphibian</TEXT></CHOICE>
<GRADABLE><CORRECTANSWER answer_id="a" choice_id="z"/><CORRECTANSWER answer_id="b" choice_id="x"/>
</GRADABLE></QUESTION_MATCH>
<QUESTION_TRUEFALSE id="q1"><BODY><TEXT>42?</TEXT></BODY>
<ANSWER id="t"><TEXT>Yes</TEXT></ANSWER><ANSWER id="f"><TEXT>No</TEXT></ANSWER>
<GRADABLE><CORRECTANSWER answer_id="f"/><FEEDBACK_WHEN_CORRECT>Well</FEEDBACK_WHEN_CORRECT>
</GRADABLE></QUESTION_TRUEFALSE>
<QUESTION_MULTIPLEANSWER id="q3"><BODY><TEXT>a &lt; b</TEXT><FLAGS><ISHTML value="false"/></FLAGS>
</BODY><ANSWER id="1"><TEXT>one</TEXT></ANSWER><ANSWER id="2"><TEXT>two</TEXT></ANSWER>
<GRADABLE><CORRECTANSWER answer_id="1"/></GRADABLE></QUESTION_MULTIPLEANSWER>
<QUESTION_HOTSPOT id="q4"/><QUESTION_FILLINBLANK id="q5"><BODY><TEXT>_</TEXT></BODY>
</QUESTION_FILLINBLANK></POOL>"""


def test_pools_of_blackboard_are_read():
    entries = {
        entry.identifier: entry for entry in XML.import_(io.BytesIO(POOL.encode())).questions
    }
    assert entries["q1"].question.content == {
        "stem": "42?",
        "mode": "true_false",
        "answer": False,
        "correct_feedback": "Well",
    }
    assert entries["q1"].question.points == 2
    assert [a["text"] for a in entries["q2"].question.content["answers"]] == [
        "amphibian",
        "mammal",
        "insect",
    ]
    assert entries["q3"].question.content["stem"] == "a &lt; b"
    assert [entry.fidelity for entry in entries.values()].count(Fidelity.REFUSED) == 2
    assert "hotspot" in entries["5"].notes[0]
    assert "100 %" in entries["q5"].notes[0]


BOMB = "<!DOCTYPE quiz [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>]>"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (BOMB + "<quiz><question><name><text>&b;</text></name></question></quiz>", "type"),
        ("<!DOCTYPE quiz SYSTEM 'file:///etc/passwd'><quiz/>", "document type"),
        ("<quiz>" + "<a>" * 200 + "</a>" * 200 + "</quiz>", "too deep"),
        ("<quiz><question></quiz>", "not XML"),
        ("<assessment/>", "no Moodle XML"),
        ("", "not XML"),
    ],
)  # fmt: skip
def test_hostile_files_are_a_problem(data, reason):
    report = XML.import_(io.BytesIO(data.encode()))
    assert report.questions == ()
    assert reason in report.problems[0]


def test_wrong_encodings_are_a_problem():
    report = XML.import_(io.BytesIO(b"<?xml version='1.0' encoding='UTF-8'?><quiz>\xf6</quiz>"))
    assert "not XML" in report.problems[0]


@settings(max_examples=30)
@given(st.data())
def test_generated_questions_come_back(data):
    texts = data.draw(st.lists(shown, min_size=2, max_size=4, unique=True))
    content = {
        "stem": data.draw(words),
        "mode": "multiple",
        "options": [
            {"text": text, **({"correct": True} if n == 0 else {})} for n, text in enumerate(texts)
        ],
        "hints": [{"text": text} for text in data.draw(st.lists(words, max_size=2))],
        "penalty": str(data.draw(st.sampled_from(["0.1", "0.5", "1", "0"]))),
    }
    content = {name: value for name, value in content.items() if value}
    points = data.draw(st.decimals(0, 100, places=2))
    question = PortableQuestion("choice", data.draw(titles), content, points, data.draw(names))
    report = XML.import_(io.BytesIO(XML.export(QuestionBundle((question,)))))
    assert report.questions[0].question == question


@settings(max_examples=30)
@given(st.lists(st.tuples(words, st.just("") | words), min_size=2, max_size=4), shown)
def test_generated_gaps_come_back(pairs, stem):
    options = [{"text": text, "feedback": said} if said else {"text": text} for text, said in pairs]
    options[0]["fraction"] = "1"
    content = {
        "stem": f"{stem.replace('{', '(')} {{#1}}",
        "parts": [{"kind": "choice", "options": options}],
    }
    question = PortableQuestion("cloze", "T", content)
    assume(not any("\\" in text for pair in pairs for text in pair))
    data = XML.export(QuestionBundle((question,)))
    assert XML.import_(io.BytesIO(data)).questions[0].question == question


TAGS = ["text", "answer", "subquestion", "drag", "drop", "no", "units", "hint", "tags"]


@settings(max_examples=60)
@given(
    st.sampled_from(
        ["multichoice", "cloze", "numerical", "matching", "ddmarker", "ordering", "calculated"]
    ),
    st.recursive(
        st.text(st.sampled_from("ab1{}:=~#*"), max_size=12),
        lambda inner: st.lists(
            st.builds(
                lambda tag, parts: f"<{tag}>{''.join(parts)}</{tag}>",
                st.sampled_from(TAGS),
                st.lists(inner, max_size=3),
            ),
            max_size=3,
        ).map("".join),
        max_leaves=12,
    ),
)
def test_any_elements_make_a_report(kind, inner):
    data = f"<quiz><question type='{kind}'>{NAMED}{inner}</question></quiz>"
    for entry in XML.import_(io.BytesIO(data.encode())).questions:
        assert (entry.question is None) == (entry.fidelity is Fidelity.REFUSED)


def test_reading_takes_time_in_proportion_to_the_file():
    data = XML.export(QuestionBundle(make_questions(CONTENTS)[:1] * 700))
    started = process_time()
    assert len(XML.import_(io.BytesIO(data)).questions) == 700
    assert process_time() - started < 3
