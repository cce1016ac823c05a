"""The questions about pictures, pairs, tables and texts keep the contract of question types."""

from examhall.plugins.testing import QuestionTypeContract
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

PICTURE = {"image": f"media:{'a' * 64}", "image_alt": "A plan", "width": 400, "height": 300}
DOT = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9Qz0AEYBxVSF"
    "+FABJADveWkH6oAAAAAElFTkSuQmCC"
)


class TestHotspot(QuestionTypeContract):
    plugin = Hotspot()
    contents = (
        {
            "stem": "<p>Which are squares?</p>",
            **PICTURE,
            "mode": "multiple",
            "wrong_share": "0.5",
            "areas": [
                {"id": "a", "shape": "rectangle", "coords": "0,0,50,50", "correct": True},
                {"id": "b", "shape": "rectangle", "coords": "60,0;50,50", "correct": True},
                {"id": "c", "shape": "polygon", "coords": "200,0,250,50,200,50", "label": "Left"},
                {"id": "d", "shape": "ellipse", "coords": "300,30;30,20"},
            ],
        },
    )


class TestSelectPoint(QuestionTypeContract):
    plugin = SelectPoint()
    contents = (
        {
            "stem": "<p>Mark two corners, not the middle.</p>",
            **PICTURE,
            "image": DOT,
            "most": 3,
            "grading": "all_or_nothing",
            "areas": [
                {"shape": "circle", "coords": "10,10,10", "fraction": "0.5"},
                {"shape": "rectangle", "coords": "380,280,400,300", "fraction": "0.5"},
                {"shape": "circle", "coords": "200,150;30", "fraction": "-0.5"},
            ],
        },
    )


class TestGraphicOrder(QuestionTypeContract):
    plugin = GraphicOrder()
    contents = (
        {
            "stem": "<p>First, second; one has no place.</p>",
            **PICTURE,
            "grading": "all_or_nothing",
            "areas": [
                {"id": "a", "coords": "50,50;20", "position": 2},
                {"id": "b", "coords": "150,50;20"},
                {"id": "c", "coords": "250,50;20", "position": 1},
            ],
        },
    )


class TestGraphicAssociate(QuestionTypeContract):
    plugin = GraphicAssociate()


class TestGraphicGapMatch(QuestionTypeContract):
    plugin = GraphicGapMatch()
    contents = (
        {
            "stem": "<p>Seven plus or minus?</p>",
            **PICTURE,
            "shuffle": False,
            "wrong_share": "1",
            "choices": [
                {"id": "plus", "text": "+", "infinite": True},
                {"id": "minus", "text": "", "image": DOT, "infinite": True},
                {"id": "dog", "text": "<b>dog</b>", "group": "2"},
            ],
            "places": [
                {"id": "p1", "choice": "plus", "x": 10, "y": 10},
                {"id": "p2", "choice": "plus", "x": 10, "y": 60},
                {"id": "p3", "choice": "dog", "group": "2", "shape": "circle", "coords": "9,9;9"},
                {"id": "p4", "x": 10, "y": 90, "label": "Nothing belongs here"},
            ],
        },
    )


class TestPositionObject(QuestionTypeContract):
    plugin = PositionObject()
    contents = (
        {
            "stem": "<p>Anywhere will do for one of them.</p>",
            **PICTURE,
            "shuffle": True,
            "markers": [{"id": "m", "text": "<i>m</i>", "limit": 0}, {"id": "n", "text": "n"}],
            "zones": [
                {"shape": "polygon", "coords": "5,5;90,5;90,90;60,90;60,30;5,30", "marker": "m"},
                {"shape": "circle", "coords": "60,60;40", "marker": "m"},
                {"shape": "default", "coords": "", "marker": "n"},
            ],
        },
    )


class TestSlider(QuestionTypeContract):
    plugin = Slider()
    contents = (
        {
            "stem": "<p>About a third?</p>",
            "maximum": "1",
            "step": "0.05",
            "answers": [{"value": "0.333", "tolerance": "0.02"}],
        },
    )


class TestHotText(QuestionTypeContract):
    plugin = HotText()
    contents = (
        {
            "stem": "<p>One word.</p>",
            "most": 1,
            "text": "A <a href='/x' title='[[no]] > [[=x]]'>link</a>, [[=one &amp; all]], [[two]].",
        },
    )


class TestAssociate(QuestionTypeContract):
    plugin = Associate()
    contents = (
        {
            "stem": "<p>One belongs to two.</p>",
            "choices": [
                {"id": "a", "text": "a"},
                {"id": "b", "text": "", "image": DOT},
                {"id": "c", "text": "c"},
            ],
            "pairs": [{"first": "a", "second": "b"}, {"first": "c", "second": "a"}],
            "most": 3,
            "wrong_share": "0.5",
            "shuffle": False,
        },
    )


class TestMatrix(QuestionTypeContract):
    plugin = Matrix()
    contents = (
        {
            "stem": "<p>Divisors?</p>",
            "mode": "multiple",
            "shuffle": True,
            "columns": [{"id": "two", "text": "2"}, {"id": "three", "text": "3"}],
            "rows": [
                {"id": "six", "text": "6", "columns": ["two", "three"]},
                {"id": "four", "text": "4", "columns": ["two"]},
                {"id": "five", "text": "5"},
            ],
        },
    )


class TestDescription(QuestionTypeContract):
    plugin = Description()
