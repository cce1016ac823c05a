"""How questions about pictures, pairs, tables, texts and scales share out their points."""

from decimal import Decimal
from typing import Any

import pytest

from examhall.plugins import FormatErrors, QuestionType, ScoreState, View
from examhall.question_types.associate import Associate
from examhall.question_types.description import Description
from examhall.question_types.graphic_associate import GraphicAssociate
from examhall.question_types.graphic_gap_match import GraphicGapMatch
from examhall.question_types.graphic_order import GraphicOrder
from examhall.question_types.hot_text import HotText
from examhall.question_types.hotspot import Hotspot
from examhall.question_types.matrix import Matrix
from examhall.question_types.position_object import PositionObject
from examhall.question_types.select_point import SelectPoint
from examhall.question_types.slider import Slider
from tests.question_types.asking import answer, ask, fraction, paths

SQUARES = {
    **Hotspot().example(),
    "mode": "multiple",
    "areas": [
        {"id": name, "shape": "rectangle", "coords": f"{x},0;40,40", "correct": name in "ab"}
        for x, name in ((0, "a"), (50, "b"), (100, "c"), (150, "d"))
    ],
}
POINTS = {
    **SelectPoint().example(),
    "most": 0,
    "areas": [
        {"shape": "circle", "coords": "50,50,20"},
        {"shape": "circle", "coords": "150,50,20"},
    ],
}
FLOWER = {**GraphicGapMatch().example(), "shuffle": False}
DIVISORS = {
    "stem": "x",
    "mode": "multiple",
    "columns": [{"id": "two", "text": "2"}, {"id": "three", "text": "3"}],
    "rows": [
        {"id": "six", "text": "6", "columns": ["two", "three"]},
        {"id": "five", "text": "5"},
    ],
}
COUPLES = {**Associate().example(), "shuffle": False, "most": 5}
HALF, THIRD = Decimal("0.5"), Decimal(1) / 3


def rows(*pairs: tuple[str, str]) -> dict[str, str]:
    return {
        f"pair{n}{side}": value
        for n, pair in enumerate(pairs, 1)
        for side, value in zip("ab", pair, strict=True)
    }


@pytest.mark.parametrize(
    ("question_type", "content", "raw", "expected"),
    [
        (Hotspot(), SQUARES, {"choice": ["1", "2"]}, 1),
        (Hotspot(), SQUARES, {"choice": ["1"]}, HALF),
        (Hotspot(), SQUARES, {"choice": ["1", "3"]}, 0),
        (Hotspot(), SQUARES, {"choice": ["1", "2", "3", "4"]}, 0),
        (Hotspot(), {**SQUARES, "wrong_share": "0.5"}, {"choice": ["1", "3"]}, Decimal("0.25")),
        (Hotspot(), {**SQUARES, "grading": "all_or_nothing"}, {"choice": ["1"]}, 0),
        (Hotspot(), {**SQUARES, "mode": "single"}, {"choice": "2"}, 1),
        (SelectPoint(), POINTS, {"points": ["50,50"]}, HALF),
        (SelectPoint(), POINTS, {"points": ["50,50", "55,50"]}, HALF),
        (SelectPoint(), POINTS, {"points": ["50,50", "170,50"]}, 1),
        (SelectPoint(), POINTS, {"points": ["50,50", "171,50"]}, HALF),
        (SelectPoint(), {**POINTS, "wrong_share": "1"}, {"points": ["50,50", "171,50"]}, 0),
        (
            SelectPoint(),
            {**POINTS, "grading": "all_or_nothing"},
            {"points": ["50,50", "150,50", "99,99"]},
            0,
        ),
        (GraphicOrder(), GraphicOrder().example(), {"area1": "4", "area2": "2"}, HALF),
        (GraphicOrder(), GraphicOrder().example(), {"area1": "1", "area3": "1"}, Decimal("0.25")),
        (GraphicAssociate(), GraphicAssociate().example(), rows(("2", "1")), HALF),
        (GraphicAssociate(), GraphicAssociate().example(), rows(("2", "1"), ("1", "2")), HALF),
        (GraphicGapMatch(), FLOWER, {"place1": "1"}, THIRD),
        (GraphicGapMatch(), FLOWER, {"place1": "1", "place2": "1", "place3": "1"}, THIRD),
        (GraphicGapMatch(), {**FLOWER, "wrong_share": "1"}, {"place1": "1", "place2": "4"}, 0),
        (PositionObject(), PositionObject().example(), {"marks": ["1:186,232"]}, THIRD),
        (PositionObject(), PositionObject().example(), {"marks": ["1:9,9", "2:290,96"]}, THIRD),
        (
            PositionObject(),
            PositionObject().example(),
            {"marks": ["1:186,232", "1:190,230", "2:290,96", "3:1,1"]},
            HALF,
        ),
        (Slider(), Slider().example(), {"value": "4"}, 1),
        (Slider(), Slider().example(), {"value": "5"}, HALF),
        (Slider(), Slider().example(), {"value": "3,0"}, HALF),
        (Slider(), Slider().example(), {"value": "-10"}, 0),
        (HotText(), HotText().example(), {"word": ["2", "4"]}, 2 * THIRD),
        (HotText(), HotText().example(), {"word": ["2", "4", "1"]}, THIRD),
        (HotText(), HotText().example(), {"word": ["1"]}, 0),
        (Associate(), COUPLES, rows(("1", "2"), ("4", "3")), 2 * THIRD),
        (Associate(), {**COUPLES, "wrong_share": "1"}, rows(("1", "2"), ("1", "3")), 0),
        (Matrix(), Matrix().example(), {"row1": "1", "row2": "1"}, Decimal("0.25")),
        (Matrix(), DIVISORS, {"row1": ["1", "2"]}, 1),
        (Matrix(), DIVISORS, {"row1": ["1"]}, HALF),
        (Matrix(), DIVISORS, {"row1": ["1"], "row2": ["1"]}, 0),
    ],
)
def test_parts_share_the_points(
    question_type: QuestionType, content: Any, raw: Any, expected: Any
) -> None:
    assert abs(fraction(question_type, content, raw) - Decimal(expected)) < Decimal("1e-20")


@pytest.mark.parametrize(
    ("question_type", "content", "raw"),
    [
        (Hotspot(), SQUARES, {"choice": "9"}),
        (Hotspot(), Hotspot().example(), {"choice": ["1", "2"]}),
        (SelectPoint(), POINTS, {"points": ["1:50,50"]}),
        (SelectPoint(), SelectPoint().example(), {"points": ["50,50", "60,60"]}),
        (SelectPoint(), POINTS, {"points": ["50;50"]}),
        (SelectPoint(), POINTS, {"points": ["5,5"] * 101}),
        (GraphicOrder(), GraphicOrder().example(), {"area1": "5"}),
        (GraphicGapMatch(), FLOWER, {"place4": "1"}),
        (PositionObject(), PositionObject().example(), {"marks": ["4:5,5"]}),
        (PositionObject(), PositionObject().example(), {"marks": ["5,5"]}),
        (Slider(), Slider().example(), {"value": "31"}),
        (Slider(), Slider().example(), {"value": "1e1"}),
        (HotText(), {**HotText().example(), "most": 3}, {"word": ["1", "2", "3", "4"]}),
        (Associate(), COUPLES, {"pair1a": "7"}),
        (Matrix(), Matrix().example(), {"row1": ["1", "2"]}),
        (Description(), Description().example(), {"text": "an answer"}),
    ],
)
def test_what_no_page_would_send_is_refused(
    question_type: QuestionType, content: Any, raw: Any
) -> None:
    assert isinstance(question_type.parse(ask(question_type, content), raw), FormatErrors)


@pytest.mark.parametrize(
    ("question_type", "content", "raw"),
    [
        (Hotspot(), SQUARES, {"choice": ["1", "3"]}),
        (SelectPoint(), POINTS, {"points": ["50,50", "9,9"]}),
        (GraphicOrder(), GraphicOrder().example(), {"area1": "4", "area2": "1"}),
        (GraphicAssociate(), GraphicAssociate().example(), rows(("2", "1"), ("1", "3"))),
        (GraphicGapMatch(), FLOWER, {"place1": "1", "place2": "3"}),
        (PositionObject(), PositionObject().example(), {"marks": ["1:9,9", "2:290,96"]}),
        (HotText(), HotText().example(), {"word": ["2", "1"]}),
        (Associate(), COUPLES, rows(("1", "2"), ("3", "6"))),
        (Matrix(), Matrix().example(), {"row1": "1", "row2": "1"}),
        (Matrix(), DIVISORS, {"row1": ["1", "2"], "row2": ["1"]}),
    ],
)
def test_a_hint_clears_the_wrong_parts_alone(
    question_type: QuestionType, content: Any, raw: Any
) -> None:
    variant = ask(question_type, content)
    kept = question_type.keep_right(variant, raw)
    before, after = answer(question_type, variant, raw), answer(question_type, variant, kept)
    assert kept != raw
    assert after.fraction >= before.fraction
    assert after.fraction > 0
    assert question_type.keep_right(variant, kept) == kept


def test_too_many_markers_take_a_share_of_the_parts_too() -> None:
    marks = {"marks": ["1:186,232", "1:352,194", "2:290,96", "3:1,1"]}
    score = answer(PositionObject(), ask(PositionObject(), PositionObject().example()), marks)
    assert score.fraction == Decimal("0.75")
    assert sum(part.fraction for part in score.parts) / len(score.parts) == score.fraction


def test_feedback_follows_the_state() -> None:
    content = {
        **FLOWER,
        "feedback": "For all.",
        "correct_feedback": "Well done. ",
        "partial_feedback": "Nearly. ",
        "incorrect_feedback": "No. ",
    }
    variant = ask(GraphicGapMatch(), content)
    right = GraphicGapMatch().correct_response(variant)
    assert answer(GraphicGapMatch(), variant, right).feedback == "Well done. For all."
    assert answer(GraphicGapMatch(), variant, {"place1": "1"}).feedback == "Nearly. For all."
    assert answer(GraphicGapMatch(), variant, {"place1": "2"}).feedback == "No. For all."
    assert answer(GraphicGapMatch(), variant, {}).state is ScoreState.UNANSWERED


@pytest.mark.parametrize(
    ("question_type", "change", "path"),
    [
        (Hotspot(), {"areas": [{"id": "a", "coords": "1,1;1"}] * 2}, "areas.1.id"),
        (Hotspot(), {"areas": [{"id": n, "coords": "1;1"} for n in "ab"]}, "areas.0.coords"),
        (SelectPoint(), {"areas": [{"coords": "9,9;9", "fraction": "0.5"}]}, "areas"),
        (GraphicOrder(), {"areas": [{"id": n, "coords": "1,1;1"} for n in "ab"]}, "areas"),
        (GraphicAssociate(), {"pairs": [{"first": "a", "second": "z"}]}, "pairs.0.second"),
        (Associate(), {"pairs": [{"first": "cow", "second": "cow"}]}, "pairs.0.second"),
        (Associate(), {"most": 1}, "most"),
        (GraphicGapMatch(), {"choices": [{"id": "petal"}]}, "choices.0.text"),
        (GraphicGapMatch(), {"places": [{"id": "a", "choice": "sun"}]}, "places.0.choice"),
        (GraphicGapMatch(), {"places": [{"id": "a"}]}, "places"),
        (PositionObject(), {"markers": [{"id": "bridge", "text": "B"}]}, "markers.0.limit"),
        (Slider(), {"maximum": "-20"}, "maximum"),
        (Slider(), {"step": "0"}, "step"),
        (Slider(), {"answers": [{"value": "4.5"}]}, "answers.0.value"),
        (HotText(), {"text": "No [[word]] is right."}, "text"),
        (HotText(), {"text": "[[=a]] and [[<b>b</b>]]"}, "text"),
        (Matrix(), {"rows": [{"id": "a", "text": "a"}]}, "rows.0.columns"),
    ],
)
def test_what_an_author_should_mend_is_named(
    question_type: QuestionType, change: Any, path: str
) -> None:
    assert path in paths(question_type, {**question_type.example(), **change})


def test_zones_are_drawn_for_authors_and_markers_alone() -> None:
    for question_type, secret in ((PositionObject(), "186"), (SelectPoint(), "128")):
        variant = ask(question_type, question_type.example())
        for view in View:
            html = question_type.render(variant, view, name="q1").html
            assert (secret in html) is (view in {View.AUTHOR, View.GRADE})


def test_a_hot_text_marks_no_words_inside_of_tags() -> None:
    text = "<p title='[[=no]]'>Say [[=yes]] &amp; [[a &lt; b]].</p>"
    variant = ask(HotText(), {**HotText().example(), "text": text})
    words = [piece["words"] for piece in variant.public["pieces"] if piece["value"]]
    assert words == ["yes", "a < b"]
    assert "<label" in HotText().render(variant, View.ANSWER, name="q1").html


def test_labels_that_look_the_same_are_one_answer() -> None:
    labels = [{**label, "text": "Leaf"} for label in FLOWER["choices"]]
    content = {**FLOWER, "choices": labels}
    assert fraction(GraphicGapMatch(), content, {"place1": "2", "place2": "1"}) == Decimal(2) / 3
    labels[1]["group"] = "2"
    assert fraction(GraphicGapMatch(), content, {"place1": "3"}) == THIRD


def test_labels_are_shuffled_by_the_seed_and_places_stay() -> None:
    content = {**GraphicGapMatch().example(), "shuffle": True}
    orders = set()
    for seed in range(8):
        variant = GraphicGapMatch().prepare(content, seed, "en")
        orders.add(tuple(choice["words"] for choice in variant.public["choices"]))
        assert [place["label"] for place in variant.public["places"]] == [
            f"Place {letter}" for letter in "ABC"
        ]
    assert len(orders) > 3
