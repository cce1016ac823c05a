"""Areas of pictures: which points lie in them, in either form of coordinates."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examhall.question_types.shapes import (
    ShapeError,
    as_svg,
    box_of,
    contains,
    parse_shape,
    point_inside,
    shape_contains,
)

numbers = st.decimals(-9999, 9999, places=2)
sizes = st.decimals(0, 9999, places=2)


def at(x: float | str, y: float | str) -> tuple[Decimal, Decimal]:
    return Decimal(str(x)), Decimal(str(y))


def moodle_shape(shape: dict[str, object]) -> tuple[str, str]:
    """Return a shape of the recorded cases as Moodle writes it in a question."""
    kind = str(shape["__class"]).rpartition("_")[2]
    if kind == "circle":
        return kind, f"{shape['xcentre']},{shape['ycentre']};{shape['radius']}"
    if kind == "rectangle":
        return kind, f"{shape['xleft']},{shape['ytop']};{shape['width']},{shape['height']}"
    corners = shape["coords"]
    assert isinstance(corners, list)
    return kind, ";".join(f"{x},{y}" for x, y in corners)


def test_points_lie_where_moodle_has_them(shared: Path) -> None:
    file = shared / "interop" / "moodle" / "function_cases.json"
    cases = json.loads(file.read_text())["ddmarker_point_in_shape"]
    assert len(cases) == 40
    for case in cases:
        kind, coords = moodle_shape(case["args"]["shape"])
        assert contains(kind, coords, at(*case["args"]["xy"])) is case["expected"], case


@pytest.mark.parametrize(
    ("kind", "moodle", "qti"),
    [
        ("circle", "50,60;7", "50,60,7"),
        ("rectangle", "10,20;30,40", "10,20,40,60"),
        ("polygon", "0,0;10,0;10,10", "0,0,10,0,10,10,0,0"),
        ("ellipse", "50,60;7,9", "50, 60, 7, 9"),
    ],
)
def test_both_forms_of_coordinates_make_the_same_shape(kind: str, moodle: str, qti: str) -> None:
    assert parse_shape(kind, moodle) == parse_shape(kind, qti)


def test_qti_names_are_known() -> None:
    assert parse_shape("rect", "1,2,3,4").kind == "rectangle"
    assert parse_shape("poly", "0,0,1,0,1,1").kind == "polygon"
    assert contains("default", "", at(1, 1))


@pytest.mark.parametrize(
    ("kind", "coords", "inside", "outside"),
    [
        ("ellipse", "50,50,40,20", (90, 50), ("90.01", 50)),
        ("ellipse", "50,50,40,20", (50, 70), (80, 70)),
        ("ellipse", "50,50,40,0", (60, 50), (60, 51)),
        ("circle", "50,50,0", (50, 50), (50, 51)),
        ("rectangle", "40,60,10,20", (10, 20), (9, 20)),
        ("polygon", "0,0;10,10;10,0;0,10", (2, 5), (5, 2)),
        ("polygon", "0,0;4,0;4,4;8,4;8,0;12,0;12,8;0,8", (2, 2), (6, 2)),
    ],
)
def test_edges_belong_to_shapes(kind: str, coords: str, inside, outside) -> None:
    assert contains(kind, coords, at(*inside))
    assert not contains(kind, coords, at(*outside))


@pytest.mark.parametrize(
    ("kind", "coords"),
    [
        ("circle", "1,2"),
        ("circle", "1,2,-3"),
        ("circle", "a,b,c"),
        ("circle", ""),
        ("circle", "1e9,1,1"),
        ("circle", "٣,1,1"),
        ("rectangle", "1,2,3"),
        ("polygon", "0,0;1,1"),
        ("polygon", "0,0,1,1,2"),
        ("polygon", ",".join(["1"] * 1000)),
        ("star", "1,2,3"),
    ],
)
def test_what_makes_no_shape_is_refused(kind: str, coords: str) -> None:
    with pytest.raises(ShapeError):
        parse_shape(kind, coords)


@given(st.lists(st.tuples(numbers, numbers), min_size=3, max_size=8))
def test_a_polygon_has_its_corners_and_a_point_inside(corners) -> None:
    coords = ";".join(f"{x},{y}" for x, y in corners)
    shape = parse_shape("polygon", coords)
    assert all(shape_contains(shape, corner) for corner in corners)
    assert shape_contains(shape, point_inside(shape, 100, 100))
    left, top, width, height = map(Decimal, box_of(shape, 100, 100))
    x, y = point_inside(shape, 100, 100)
    assert left <= x <= left + width
    assert top <= y <= top + height


@given(numbers, numbers, sizes, sizes)
def test_round_and_square_shapes_have_their_middle(x, y, width, height) -> None:
    for kind, coords in (
        ("circle", f"{x},{y};{width}"),
        ("ellipse", f"{x},{y},{width},{height}"),
        ("rectangle", f"{x},{y};{width},{height}"),
    ):
        shape = parse_shape(kind, coords)
        assert shape_contains(shape, point_inside(shape, 100, 100))
        tag, attributes = as_svg(shape, 100, 100)
        assert tag in {"circle", "ellipse", "rect"}
        assert len(attributes) in {3, 4}


@given(st.text(max_size=30))
def test_any_text_is_a_shape_or_refused(coords: str) -> None:
    for kind in ("circle", "rectangle", "polygon", "ellipse"):
        try:
            parse_shape(kind, coords)
        except ShapeError:
            continue
