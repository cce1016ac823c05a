"""How each question type is answered right: a row for a type, or for a kind of it.

A row has the type's key, a question, and how to answer it by keyboard and by touch. The names of
controls are those that a screen reader says.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from examhall.question_types.associate import Associate
from examhall.question_types.cloze import Cloze
from examhall.question_types.description import Description
from examhall.question_types.drawing import Drawing
from examhall.question_types.file_upload import FileUpload
from examhall.question_types.gap_match import GapMatch
from examhall.question_types.graphic_associate import GraphicAssociate
from examhall.question_types.graphic_gap_match import GraphicGapMatch
from examhall.question_types.graphic_order import GraphicOrder
from examhall.question_types.hot_text import HotText
from examhall.question_types.hotspot import Hotspot
from examhall.question_types.inline_choice import InlineChoice
from examhall.question_types.match import Match
from examhall.question_types.matrix import Matrix
from examhall.question_types.order import Order
from examhall.question_types.position_object import PositionObject
from examhall.question_types.qti_item import QtiItem
from examhall.question_types.recording import Recording
from examhall.question_types.select_point import SelectPoint
from examhall.question_types.slider import Slider
from tests.exam_house import CHOICE, ESSAY, NUMBER, SEVERAL, TEXT
from tests.journeys.answering import Finger, Keys
from tests.journeys.media_rows import draw_by_keys, draw_by_touch, hand_in, speak


@dataclass(frozen=True)
class Row:
    """A question and the right answer to it, given in two ways."""

    type: str
    content: Mapping[str, Any]
    keyboard: Callable[[Keys], object]
    touch: Callable[[Finger], object]


def in_turn(*steps: Callable[[Any], object]) -> Callable[[Any], None]:
    """Do several steps."""

    def do(hand: Any) -> None:
        for step in steps:
            step(hand)

    return do


TOWN = (("Bridge", 186, 232), ("Bridge", 352, 194), ("Church", 290, 96))


def place_marks(keys: Keys) -> None:
    """Put the markers of the town where they belong: the middle is 240,160."""
    for name, across, down in TOWN:
        keys.reach(keys.question.locator("[data-kind]", has_text=name))
        keys.press("Enter")
        keys.press(*["ArrowRight" if across > 240 else "ArrowLeft"] * (abs(across - 240) // 10))
        keys.press(*["ArrowDown" if down > 160 else "ArrowUp"] * (abs(down - 160) // 10))


def mark_point(keys: Keys) -> None:
    """Add a point and write where it is."""
    keys.reach(keys.question.get_by_role("button", name="Add a point"))
    keys.press("Enter")
    keys.fill("Point, pixels across", "130")
    keys.fill("Point, pixels down", "240")
    keys.press("Tab")


def set_slider(keys: Keys) -> None:
    """Move the handle from the middle, 10, to 4."""
    keys.reach(keys.question.get_by_role("slider"))
    keys.press(*["ArrowLeft"] * 6)


def place_marks_by_touch(finger: Finger) -> None:
    """Tap a marker, then its place."""
    for name, across, down in TOWN:
        finger.tap(finger.question.locator("[data-kind]", has_text=name))
        finger.tap_picture(across, down)


def place_labels(finger: Finger) -> None:
    """Tap a label, then its place."""
    places = {"Petal": (395, 60), "Stem": (85, 210), "Leaf": (395, 230)}
    for name, (across, down) in places.items():
        finger.tap(finger.question.locator("[data-label]", has_text=name))
        finger.tap_picture(across, down)


SUM = {
    "stem": "<p>What is {a} + {b}, with one decimal?</p>",
    "answers": [{"formula": "{a} + {b}"}],
    "wildcards": [{"name": "a", "values": ["31"]}, {"name": "b", "values": ["0.5"]}],
}
LENGTH = {
    "stem": "<p>How long is a kilometre?</p>",
    "answers": [{"value": "1000"}],
    "units": [{"name": "m"}, {"name": "cm", "factor": "100"}],
    "unit_mode": "graded_of_response",
    "unit_entry": "choice",
}
RIVERS = {"Danube": "Black Sea", "Volga": "Caspian Sea", "Nile": "Mediterranean Sea"}
NUMBERS = ("One third", "One half", "One", "Pi")
WEATHER = ("rises", "sinks", "wind")
CIRCLE = ("circumference", "π", "diameter")


def drag_numbers(finger: Finger) -> None:
    """Drag each number onto the one that stands where it belongs."""
    items = finger.question.locator("[data-entry]")
    for place, name in enumerate(NUMBERS):
        item = items.filter(has=finger.page.get_by_text(name, exact=True))
        finger.drag(item.locator(".grip"), items.nth(place))


def place_words(finger: Finger) -> None:
    """Tap a word and then its gap; drag the last."""
    *tapped, dragged = enumerate(WEATHER, 1)
    for number, word in tapped:
        finger.tap(finger.question.locator("[data-word]", has_text=word))
        finger.tap_name("combobox", f"Gap {number}")
    number, word = dragged
    gap = finger.question.get_by_role("combobox", name=f"Gap {number}", exact=True)
    finger.drag(finger.question.locator("[data-word]", has_text=word), gap)


ROWS = [
    Row("choice", CHOICE, lambda keys: keys.choose("7"), lambda finger: finger.tap_text("7")),
    Row(
        "choice",
        SEVERAL,
        in_turn(*(lambda keys, name=name: keys.tick(name) for name in "235")),
        in_turn(*(lambda finger, name=name: finger.tap_text(name) for name in "235")),
    ),
    Row(
        "text_entry",
        TEXT,
        lambda keys: keys.fill("Your answer", "Paris"),
        lambda finger: finger.fill("Your answer", "Paris"),
    ),
    Row(
        "numeric",
        NUMBER,
        lambda keys: keys.fill("Your answer", "3.14"),
        lambda finger: finger.fill("Your answer", "3.14"),
    ),
    Row(
        "essay",
        ESSAY,
        lambda keys: keys.fill("Your answer", "Because."),
        lambda finger: finger.fill("Your answer", "Because."),
    ),
    Row(
        "hotspot",
        Hotspot().example(),
        lambda keys: keys.choose("Area C"),
        lambda finger: finger.tap_picture(300, 90),
    ),
    Row(
        "select_point",
        SelectPoint().example(),
        mark_point,
        lambda finger: finger.tap_picture(128, 236),
    ),
    Row("position_object", PositionObject().example(), place_marks, place_marks_by_touch),
    Row(
        "graphic_order",
        GraphicOrder().example(),
        in_turn(*(lambda k, n=n: k.select(f"Area {'ABCD'[n]}", "4213"[n]) for n in range(4))),
        in_turn(
            *(
                lambda finger, at=at: finger.tap_picture(*at)
                for at in ((300, 95), (208, 180), (404, 140), (136, 125))
            )
        ),
    ),
    Row(
        "graphic_associate",
        GraphicAssociate().example(),
        in_turn(
            lambda keys: keys.select("Pair 1: One", "Arden"),
            lambda keys: keys.select("Pair 1: The other", "Bryn"),
            lambda keys: keys.select("Pair 2: One", "Dunmore"),
            lambda keys: keys.select("Pair 2: The other", "Bryn"),
        ),
        in_turn(
            *(
                lambda finger, at=at: finger.tap_picture(*at)
                for at in ((106, 92), (376, 82), (366, 232), (376, 82))
            )
        ),
    ),
    Row(
        "graphic_gap_match",
        GraphicGapMatch().example(),
        in_turn(
            lambda keys: keys.select("Place A", "Petal"),
            lambda keys: keys.select("Place B", "Stem"),
            lambda keys: keys.select("Place C", "Leaf"),
        ),
        place_labels,
    ),
    Row(
        "slider",
        Slider().example(),
        set_slider,
        lambda finger: finger.fill("Your value", "4"),
    ),
    Row(
        "hot_text",
        HotText().example(),
        in_turn(*(lambda k, w=w: k.tick(w) for w in ("runs", "drinks", "watches"))),
        in_turn(*(lambda f, w=w: f.tap_text(w) for w in ("runs", "drinks", "watches"))),
    ),
    Row(
        "associate",
        Associate().example(),
        in_turn(
            *(
                lambda keys, name=name, what=what: keys.select(name, what)
                for name, what in (
                    ("Pair 1: One", "Horse"),
                    ("Pair 1: The other", "Foal"),
                    ("Pair 2: One", "Calf"),
                    ("Pair 2: The other", "Cow"),
                    ("Pair 3: One", "Sheep"),
                    ("Pair 3: The other", "Lamb"),
                )
            )
        ),
        in_turn(
            *(
                lambda f, what=what: f.tap(f.question.locator("[data-choice]", has_text=what))
                for what in ("Horse", "Foal", "Cow", "Calf", "Sheep", "Lamb")
            )
        ),
    ),
    Row(
        "matrix",
        Matrix().example(),
        in_turn(
            *(
                lambda keys, name=name: keys.choose(name)
                for name in ("Blue whale Mammal", "Penguin Bird", "Shark Fish", "Bat Mammal")
            )
        ),
        in_turn(
            *(
                lambda finger, name=name: finger.tap_name("radio", name)
                for name in ("Blue whale Mammal", "Penguin Bird", "Shark Fish", "Bat Mammal")
            )
        ),
    ),
    Row("description", Description().example(), lambda keys: None, lambda finger: None),
    Row("file_upload", FileUpload().example(), hand_in, hand_in),
    Row("recording", Recording().example(), speak, speak),
    Row("drawing", Drawing().example(), draw_by_keys, draw_by_touch),
    Row(
        "numeric",
        LENGTH,
        in_turn(lambda keys: keys.fill("Your answer", "1000"), lambda keys: keys.choose("m")),
        in_turn(lambda f: f.fill("Your answer", "100000"), lambda f: f.tap_text("cm")),
    ),
    Row(
        "match",
        Match().example(),
        in_turn(*(lambda k, pair=pair: k.select(*pair) for pair in RIVERS.items())),
        in_turn(*(lambda f, pair=pair: f.select(*pair) for pair in RIVERS.items())),
    ),
    Row(
        "order",
        Order().example(),
        in_turn(*(lambda k, n=n: k.select(NUMBERS[n], str(n + 1)) for n in range(4))),
        drag_numbers,
    ),
    Row(
        "gap_match",
        GapMatch().example(),
        in_turn(*(lambda k, n=n: k.select(f"Gap {n + 1}", WEATHER[n]) for n in range(3))),
        place_words,
    ),
    Row(
        "inline_choice",
        InlineChoice().example(),
        in_turn(*(lambda k, n=n: k.select(f"Gap {n + 1}", CIRCLE[n]) for n in range(3))),
        in_turn(*(lambda f, n=n: f.select(f"Gap {n + 1}", CIRCLE[n]) for n in range(3))),
    ),
    Row(
        "cloze",
        Cloze().example(),
        in_turn(
            lambda keys: keys.fill("Gap 1", "100"),
            lambda keys: keys.select("Gap 2", "sea"),
            lambda keys: keys.fill("Gap 3", "water vapour"),
        ),
        in_turn(
            lambda finger: finger.fill("Gap 1", "100"),
            lambda finger: finger.select("Gap 2", "sea"),
            lambda finger: finger.fill("Gap 3", "water vapour"),
        ),
    ),
    Row(
        "calculated",
        SUM,
        lambda keys: keys.fill("Your answer", "31.5"),
        lambda finger: finger.fill("Your answer", "31.5"),
    ),
    Row(
        "qti_item",
        QtiItem().example(),
        lambda keys: keys.choose("A compound"),
        lambda finger: finger.tap_text("A compound"),
    ),
]
