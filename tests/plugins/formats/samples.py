"""Questions of every type that Moodle knows, in the normal form of contents that were read."""

import io
from decimal import Decimal

from hypothesis import strategies as st
from PIL import Image

from examhall.plugins import Fidelity, MediaFile, PortableQuestion, QuestionBundle


def make_picture(width: int = 60, height: int = 40) -> MediaFile:
    """Return a small picture."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, "PNG")
    return MediaFile(file.getvalue(), "image/png", "map of the town.png")


PICTURE = make_picture()
SOUND = MediaFile(b"RIFF....WAVE", "audio/x-wav", "bell.wav")
MEDIA = {file.reference: file for file in (PICTURE, SOUND)}

CONTENTS = [
    ("choice", {
        "stem": "<p>2 &lt; 3 &amp; x</p>\n<p>?</p>", "mode": "single", "feedback": "<b>So</b>",
        "options": [
            {"text": "{yes} = no ~ # :", "correct": True, "feedback": "a\\b\n[c]"},
            {"text": "%50%", "id": "half"},
            {"text": "[html] // \\n", "fraction": "0.5"},
            {"text": "-> no", "fraction": "-0.25"},
        ],
    }),
    ("choice", {
        "stem": "Which?", "mode": "multiple", "shuffle": False, "numbering": "123",
        "options": [{"text": "1", "correct": True}, {"text": "2", "correct": True}, {"text": "3"}],
    }),
    ("choice", {
        "stem": "Which?", "mode": "multiple",
        "options": [
            {"text": "1", "correct": True, "fraction": "0.75"},
            {"text": "2", "correct": True, "fraction": "0.25"},
            {"text": "3", "fraction": "-1"},
            {"text": "4", "fraction": "0"},
        ],
    }),
    ("choice", {
        "stem": "True?", "mode": "true_false", "answer": False, "feedback": "#### all",
        "correct_feedback": "Right # so", "incorrect_feedback": "[html]",
    }),
    ("choice", {"stem": "True?", "mode": "true_false", "answer": True, "correct_feedback": "Yes"}),
    ("text_entry", {
        "stem": "_____ hoots.",
        "answers": [{"text": "= an owl"}, {"text": "*bird*", "fraction": "0.5", "feedback": "Eh"}],
    }),
    ("text_entry", {"stem": "[plain]", "answers": [{"text": "[html]TRUE"}], "spaces_count": True}),
    ("numeric", {
        "stem": "Pi?",
        "answers": [
            {"value": "3.14", "tolerance": "0.01"},
            {"value": "-2e3", "fraction": "0.5", "feedback": "Far"},
            {"value": "*", "fraction": "0", "feedback": "No"},
        ],
    }),
    ("numeric", {"stem": "n", "answers": [{"value": "7"}], "ignore_trailing_text": True}),
    ("match", {
        "stem": "Match",
        "stems": [
            {"text": "<i>A</i>", "answer_id": "a1"}, {"text": "B", "answer_id": "a2"},
            {"text": "C", "answer_id": "a1"},
        ],
        "answers": [
            {"id": "a1", "text": "a &lt; 1"}, {"id": "a2", "text": "b"}, {"id": "a3", "text": "c"}
        ],
        "shuffle": False,
    }),
    ("match", {
        "stem": "Match",
        "stems": [{"text": "A", "answer_id": "two", "id": "x"}, {"text": "B", "answer_id": "one"}],
        "answers": [{"id": "one", "text": "1"}, {"id": "two", "text": "2"}],
    }),
    ("order", {
        "stem": "Order",
        "items": [{"text": "// one"}, {"text": "[x]\n2"}, {"text": "3", "id": "c"}, {"text": "4"}],
        "feedback": "1234", "grading": "relative_to_correct", "layout": "horizontal",
        "select": "random", "select_count": 3, "numbering": "abc",
    }),
    ("order", {"stem": "Order", "items": [{"text": "1"}, {"text": "2"}], "shuffle": False}),
    ("essay", {"stem": "Why?", "lines": 20, "min_words": 5, "max_words": 50, "feedback": "So."}),
    ("description", {"stem": "<p>Read this.</p>"}),
]  # fmt: skip
"""What GIFT holds as well as Moodle XML."""

MORE_CONTENTS = [
    ("choice", {
        "stem": f'<img src="{PICTURE.reference}"><audio src="{SOUND.reference}"></audio>',
        "mode": "single", "penalty": "0.5",
        "options": [
            {"text": f'<img src="{PICTURE.reference}" alt="a&quot;b">', "correct": True},
            {"text": " no "},
        ],
        "hints": [{"text": "Look", "show_count": True}, {"clear_wrong": True}],
        "correct_feedback": "Yes", "partial_feedback": "Partly", "incorrect_feedback": "No",
    }),
    ("choice", {
        "stem": "All", "mode": "multiple", "partial_credit": False,
        "options": [{"text": "1", "correct": True}, {"text": "2", "correct": True}, {"text": "3"}],
    }),
    ("text_entry", {"stem": "Aa", "answers": [{"text": "a->b"}], "case_sensitive": True}),
    ("numeric", {
        "stem": "How long?", "answers": [{"value": "1"}],
        "units": [{"name": "m"}, {"name": "cm", "factor": "100"}],
        "unit_mode": "graded_of_max", "unit_penalty": "0.2", "unit_entry": "select",
        "unit_position": "before", "decimal_mark": ",", "thousands_mark": ".",
    }),
    ("numeric", {"stem": "n", "answers": [{"value": "7"}], "unit_mode": "none"}),
    ("essay", {
        "stem": "Code", "rubric": "<p>Two</p>", "template": "def f():\n  <b>", "monospaced": True,
    }),
    ("description", {"stem": "Read", "feedback": "Well", "penalty": "0"}),
    ("inline_choice", {
        "stem": "The [[2]] and [[3]]", "choices": [
            {"text": "&lt;a&gt;"}, {"text": "b", "id": "bee"}, {"text": "c", "group": 2},
        ],
    }),
    ("gap_match", {
        "stem": "The [[1]]", "shuffle": False,
        "choices": [{"text": "<i>a</i>", "infinite": True}, {"text": "b"}],
    }),
    ("graphic_gap_match", {
        "stem": "Label", "image": PICTURE.reference, "width": 60, "height": 40,
        "image_alt": "Town",
        "choices": [
            {"id": "c1", "text": "Church", "infinite": True},
            {"id": "pic", "image": PICTURE.reference, "group": "2"},
        ],
        "places": [
            {"id": "p1", "choice": "c1", "x": 3, "label": "North"},
            {"id": "south", "choice": "pic", "group": "2", "y": 4, "width": 9, "height": 8},
        ],
    }),
    ("position_object", {
        "stem": "Mark", "image": PICTURE.reference, "width": 60, "height": 40, "shuffle": True,
        "markers": [{"id": "m1", "text": "A"}, {"id": "b", "text": "B", "limit": 0}],
        "zones": [
            {"coords": "10,10;5", "marker": "b"},
            {"shape": "polygon", "coords": "1,1;9,1;5,9", "marker": "m1"},
        ],
    }),
    ("cloze", {
        "stem": "<p>The {#1} and the {#2}, {#3}, {#4} &amp; {not a gap}</p>",
        "parts": [
            {"kind": "text", "answers": [{"text": "owl~#}"}, {"text": "=%*", "fraction": "0.66"}],
             "weight": "2", "case_sensitive": True},
            {"kind": "choice", "layout": "horizontal", "shuffle": True, "options": [
                {"text": "<b>&amp; a</b>", "fraction": "1", "feedback": "~#}"}, {"text": "=b"}]},
            {"kind": "multiple", "layout": "vertical", "options": [
                {"text": "a", "fraction": "0.5"}, {"text": "b", "fraction": "0.5"},
                {"text": "c", "fraction": "-0.3"}, {"text": "d"}]},
            {"kind": "numeric", "numbers": [
                {"value": "2.5", "tolerance": "0.1"}, {"value": "*", "fraction": "0"}]},
        ],
    }),
    ("calculated", {
        "stem": "{a} and {b}?", "kind": "numeric",
        "answers": [
            {"formula": "{a} * {b}", "tolerance": "0.5", "tolerance_kind": "absolute",
             "correct_digits": 3, "digits_kind": "significant"},
            {"formula": "{a}", "fraction": "0.5", "feedback": "Half"},
        ],
        "wildcards": [
            {"name": "a", "minimum": "2", "maximum": "5", "decimals": 0, "values": ["2", "3.5"]},
            {"name": "b", "distribution": "loguniform"},
        ],
        "units": [{"name": "m"}],
    }),
    ("calculated", {
        "stem": "{a}?", "kind": "choice", "shuffle": False, "numbering": "iii",
        "answers": [{"formula": "<b>{={a}+1}</b>"}, {"formula": "{a}", "fraction": "0"}],
        "wildcards": [{"name": "a"}],
    }),
]  # fmt: skip


def make_questions(contents) -> tuple[PortableQuestion, ...]:
    """Return questions with these contents."""
    points = {"description": Decimal(0), "cloze": Decimal(5)}
    return tuple(
        PortableQuestion(
            kind, f"Question {number}: {{~=#}} <i>", content, points.get(kind, Decimal(1))
        )
        for number, (kind, content) in enumerate(contents, 1)
    )


def round_trip(plugin, questions, media=MEDIA) -> None:
    """Check that questions come back as they were, with the files that they name."""
    data = plugin.export(QuestionBundle(tuple(questions), None, media))
    report = plugin.import_(io.BytesIO(data))
    assert report.problems == ()
    assert [entry.notes for entry in report.questions] == [()] * len(questions)
    assert [entry.fidelity for entry in report.questions] == [Fidelity.EXACT] * len(questions)
    for entry, question in zip(report.questions, questions, strict=True):
        assert entry.question == question


words = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cn"]) | st.sampled_from("{}~=#:\\%->[]/\n*&<"),
    min_size=1,
    max_size=20,
).filter(lambda text: text == text.strip() and "media:" not in text)
shown = words.map(lambda text: f"x{text}x")
"""Texts that HTML shows, whatever is in them."""
titles = shown.map(lambda text: " ".join(text.split()))
names = st.from_regex(r"[A-Za-z0-9_.\-\] ]{0,20}", fullmatch=True).map(str.strip)
