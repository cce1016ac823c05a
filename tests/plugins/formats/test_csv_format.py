"""CSV: a table of questions, and what is wrong with a row."""

import io
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examhall.plugins import Fidelity, FormatError, PortableQuestion, QuestionBundle
from examhall.plugins.formats.csv_format import CsvFormat
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

CSV = CsvFormat()


class TestCsv(FormatContract):
    plugin = CSV


class TestCsvHolds(FormatContract):
    plugin = CSV
    questions = make_questions(CONTENTS)


def read(text: str):
    return CSV.import_(io.BytesIO(text.encode())).questions


@pytest.mark.parametrize("question", make_questions(CONTENTS))
def test_every_type_comes_back(question):
    round_trip(CSV, [question])


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_tables_of_spreadsheets_are_read(separator):
    rows = [
        ["Type", "Stem", "answer_1", "share_1", "answer_2", "share_2", "tolerance_1"],
        ["single", "2+2?", "4", "right", "5", "", ""],
        ["numeric", "Pi?", "3.14", "", "3", "50%", "0.01"],
        ["text", "Who?", "no one", "", "", "", ""],
        ["true_false", "Is it?", "TRUE", "", "", "", ""],
        ["essay", "Why?", "", "", "", "", ""],
    ]
    entries = read("\ufeff" + "\r\n".join(separator.join(row) for row in rows))
    assert [entry.question.type for entry in entries] == [
        "choice",
        "numeric",
        "text_entry",
        "choice",
        "essay",
    ]
    assert entries[0].question.content["options"] == [{"text": "4", "correct": True}, {"text": "5"}]
    assert entries[1].question.content["answers"] == [
        {"value": "3.14", "tolerance": "0.01"},
        {"value": "3", "fraction": "0.5"},
    ]
    assert entries[3].question.content["answer"] is True


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("strange,Q?,a,,,", "not one of"),
        ("single,,a,right,b,", "no question"),
        ("single,Q?,a,right,,", "two answers"),
        ("single,Q?,a,,b,", "called right"),
        ("single,Q?,a,much,b,", "share"),
        ("single,Q?,a,500%,b,", "share"),
        ("single,Q?,a,right,,right", "no text"),
        ("true_false,Q?,maybe,,,", "true or false"),
        ("numeric,Q?,many,,,", "no number"),
        ("text,Q?,,,,", "no accepted"),
        ("match,Q?,a,,,", "match"),
        ("essay,Q?,a,,,", "has none"),
        ("single,Q?,a,right,b,,more", "more cells"),
    ],
)
def test_what_is_wrong_with_a_row_is_said_with_its_line(row, reason):
    entries = read(f"type,stem,answer_1,share_1,answer_2,share_2\nessay,Why?,,,,\n{row}\n")
    assert entries[0].fidelity is Fidelity.EXACT
    assert entries[1].fidelity is Fidelity.REFUSED
    assert reason in entries[1].notes[0]
    assert "(line 3)" in entries[1].notes[0]


@pytest.mark.parametrize("settings", ["{", "[1]", '{"A b": 1}', "[" * 9000, '{"x": 1e999}'])
def test_settings_are_an_object(settings):
    cell = settings.replace('"', '""')
    [entry] = read(f'type,stem,settings\nessay,Why?,"{cell}"\n')
    assert entry.fidelity is Fidelity.REFUSED


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "type,stem,type\n", 'type,stem\nessay,"open'])
def test_what_is_no_table_is_a_problem(text):
    assert CSV.import_(io.BytesIO(text.encode())).problems


def test_unknown_columns_are_named():
    report = CSV.import_(io.BytesIO(b"type,stem,colour\nessay,Why?,red\n"))
    assert "colour" in report.problems[0]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("true_false,Q?,true,right,Well done,,", "feedback_"),
        ("text,Q?,a,,,5,", "tolerance_"),
        ("order,Q?,a,right,,,b", "share_"),
    ],
)
def test_cells_that_mean_nothing_for_a_type_are_named(row, column):
    header = "type,stem,answer_1,share_1,feedback_1,tolerance_1,answer_2"
    [entry] = read(f"{header}\n{row}\n")
    assert entry.fidelity is Fidelity.APPROXIMATED
    assert [column in note for note in entry.notes] == [True]


def test_a_setting_does_not_give_way_to_a_column_without_a_word():
    [entry] = read('type,stem,settings\nessay,Why?,"{""stem"": ""Other""}"\n')
    assert entry.fidelity is Fidelity.REFUSED
    assert "stem" in entry.notes[0]


def test_no_cell_is_a_formula():
    texts = ["@SUM(A1)", "'tis", "\uff1d1"]
    content = {"stem": "=1+1", "answers": [{"text": text} for text in texts]}
    question = PortableQuestion("text_entry", "-2+3", content, tags=("=x",))
    round_trip(CSV, [question])
    data = CSV.export(QuestionBundle((question,))).decode()
    cells = data.splitlines()[1].split(",")
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\uff1d"))]


@pytest.mark.parametrize("question", make_questions(MORE_CONTENTS[7:]))
def test_other_types_are_refused_by_name(question):
    with pytest.raises(FormatError, match="Question"):
        CSV.export(QuestionBundle((question,)))


@settings(max_examples=30)
@given(st.data())
def test_generated_questions_come_back(data):
    texts = data.draw(st.lists(words, min_size=2, max_size=5))
    options = [{"text": text, "feedback": data.draw(words)} for text in texts]
    options[0]["correct"] = True
    content = {"stem": data.draw(shown), "mode": "multiple", "options": options}
    if hints := data.draw(st.lists(words, max_size=2)):
        content["hints"] = [{"text": hint} for hint in hints]
    points = data.draw(st.decimals(0, 100, places=2)) or Decimal(1)
    question = PortableQuestion("choice", data.draw(titles), content, points, data.draw(names))
    round_trip(CSV, [question])


@settings(max_examples=60)
@given(st.text(st.sampled_from("abc,;\t\"'\n\r=1 "), max_size=40))
def test_any_text_makes_a_report(text):
    for entry in read(f"type,stem,answer_1,settings\n{text}"):
        assert (entry.question is None) == (entry.fidelity is Fidelity.REFUSED)
