"""A closer look is taken where the first one gives a reason, and costs nothing elsewhere."""

from pathlib import Path

import pytest

from examhall.detectors.face_models import Face
from examhall.detectors.looking import ObjectLook, find_second
from examhall.detectors.object_models import Backend, Thing
from examhall.plugins import Box

numpy = pytest.importorskip("numpy")

PERSON = Thing("person", 0.9, Box(0.4, 0.4, 0.2, 0.4, "person"))
BESIDE = Thing("person", 0.8, Box(0.7, 0.3, 0.2, 0.4, "person"))


def phone(score: float) -> Thing:
    return Thing("phone", score, Box(0.1, 0.1, 0.5, 0.5, "phone"))


def look_at(first: list[Thing], close: list[Thing]) -> tuple[ObjectLook, list[tuple[int, int]]]:
    """Return a look that saw `first`; the model sees `close` in every part of the picture."""
    sizes: list[tuple[int, int]] = []

    def find(picture, path):
        sizes.append(picture.shape[:2])
        return close

    backend = Backend("fake.onnx", (), find, 0.4)
    picture = numpy.zeros((100, 200, 3), numpy.uint8)
    return ObjectLook(picture, backend, str(Path("fake.onnx")), first), sizes


def test_ordinary_pictures_are_looked_at_once() -> None:
    look, sizes = look_at([PERSON], [phone(0.9)])
    assert look.score_twice("phone") == (0.0, None)
    assert sizes == []


def test_a_hint_calls_for_a_look_at_the_person_alone() -> None:
    look, sizes = look_at([PERSON, phone(0.2)], [phone(0.8)])
    score, thing = look.score_twice("phone")
    assert score == pytest.approx(0.5)
    assert thing is not None
    assert 0.3 < thing.box.left < 0.5
    [(height, width)] = sizes
    assert 40 < height < 60
    assert 40 < width < 80
    look.score_twice("phone")
    assert len(sizes) == 1


def test_an_exam_can_ask_for_the_second_look_every_time() -> None:
    look, sizes = look_at([PERSON], [phone(0.9)])
    assert look.score_twice("phone", 0)[0] == pytest.approx(0.45)
    assert len(sizes) == 1


def test_a_person_who_fills_the_picture_is_not_looked_at_again() -> None:
    large = Thing("person", 0.9, Box(0.0, 0.0, 1.0, 1.0, "person"))
    look, sizes = look_at([large, phone(0.6)], [])
    assert look.score_twice("phone")[0] == pytest.approx(0.6)
    assert sizes == []


def test_with_nobody_near_a_look_alike_counts_half() -> None:
    look, _ = look_at([phone(0.6)], [])
    assert look.score_twice("phone")[0] == pytest.approx(0.3)


def test_two_faces_or_two_figures_are_two_people() -> None:
    face = Face(0.9, Box(0.1, 0.1, 0.2, 0.2, "face"))
    look, _ = look_at([PERSON], [])
    assert find_second(look, [face], 0.7, 0.7) is None
    second = find_second(look, [face, face], 0.7, 0.7)
    assert second is not None
    assert "2 faces" in second[2]
    look, _ = look_at([PERSON, BESIDE], [])
    second = find_second(look, [face], 0.7, 0.7)
    assert second is not None
    assert "not every face can be seen" in second[2]


@pytest.mark.parametrize(
    ("score", "left", "is_second"),
    [(0.71, 0.6, True), (0.69, 0.6, False), (0.84, 0.45, False), (0.86, 0.45, True)],
)
def test_a_figure_over_another_one_has_to_be_surer(
    score: float, left: float, is_second: bool
) -> None:
    # Found within the first figure, it may be a shoulder or a chair: nobody is accused of those.
    look, _ = look_at([PERSON, Thing("person", score, Box(left, 0.5, 0.1, 0.2, "person"))], [])
    assert (find_second(look, [], 0.7, 0.7) is not None) is is_second


def test_a_figure_without_any_size_is_nobody() -> None:
    look, _ = look_at([PERSON, Thing("person", 0.8, Box(0.4, 0.4, 0.0, 0.0, "person"))], [])
    assert find_second(look, [], 0.7, 0.7) is None
