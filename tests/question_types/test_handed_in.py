"""Files, recordings and drawings: read strictly, shown to markers, scored by people alone."""

import json
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examhall.plugins import FormatErrors, Response, ScoreState, Variant, View
from examhall.plugins.testing import QuestionTypeContract
from examhall.question_types.drawing import Drawing
from examhall.question_types.file_upload import FileUpload
from examhall.question_types.handed_in import read_file, sample_line
from examhall.question_types.recording import Recording

MEDIA = "media:" + "ab" * 32


class TestFileUpload(QuestionTypeContract):
    plugin = FileUpload()
    contents: ClassVar[list[Any]] = [
        {"stem": "Sound", "kinds": ["sound"], "max_count": 20, "max_megabytes": 64},
        {"stem": "x", "criteria": [{"title": "A", "levels": [{"text": "b", "points": "1"}]}]},
    ]


class TestRecording(QuestionTypeContract):
    plugin = Recording()
    contents: ClassVar[list[Any]] = [{"stem": "x", "medium": "video", "seconds": 90}]


class TestDrawing(QuestionTypeContract):
    plugin = Drawing()
    contents: ClassVar[list[Any]] = [{"stem": "x", "image": MEDIA, "image_alt": "A map"}]


def made(plugin: Any, **content: Any) -> Variant:
    variant: Variant = plugin.prepare({**plugin.example(), **content}, 1, "en")
    return variant


def test_core_learns_from_the_variant_what_an_item_takes() -> None:
    files = made(FileUpload(), kinds=["pdf", "sound"], max_megabytes=2).public["files"]
    assert files == {
        "types": ["application/pdf", "audio/*"],
        "max_bytes": 2 * 1024 * 1024,
        "max_count": 3,
    }
    assert made(Recording()).public["files"]["types"] == ["audio/*"]


def test_markers_see_pictures_players_and_links() -> None:
    upload = FileUpload()
    variant = made(upload)
    lines = [
        f"{MEDIA} 2048 image/png a.png",
        f"{MEDIA[:-1]}c 3000000 audio/mpeg b.mp3",
        f"{MEDIA[:-1]}d 5 application/pdf <c>.pdf",
    ]
    html = upload.render(variant, View.GRADE, {"files": lines}).html
    assert f'<img src="/media/{"ab" * 32}" alt="a.png">' in html
    assert "<audio controls" in html
    assert 'download="&lt;c&gt;.pdf"' in html
    response = upload.parse(variant, {"files": lines})
    assert isinstance(response, Response)
    assert upload.summarise(variant, response) == "a.png (2 kB); b.mp3 (2.9 MB); <c>.pdf (1 kB)"
    score = upload.score(variant, response)
    assert (score.needs_manual, score.state) == (True, ScoreState.NEEDS_MANUAL)


@pytest.mark.parametrize(
    "files",
    [
        [sample_line(name, "image/png") for name in "abcd"],
        [f"{MEDIA} 99999999999 image/png a"],
        [f"{MEDIA} 1 image/png "],
        [f"{MEDIA} 1 image/png a\nb"],
        [f"{MEDIA} 1 javascript:x a"],
        ["/etc/passwd"],
        [5],
        {},
        "x",
    ],
)
def test_files_that_cannot_be_are_refused(files: Any) -> None:
    assert isinstance(FileUpload().parse(made(FileUpload()), {"files": files}), FormatErrors)


@pytest.mark.parametrize("raw", [None, 1, [], [["a"]], "drawing", {"other": 1}])
def test_a_drawing_of_another_form_is_refused(raw: Any) -> None:
    assert isinstance(Drawing().parse(made(Drawing(), image=MEDIA), raw), FormatErrors)


def test_one_file_may_come_as_a_text_and_twice() -> None:
    line = sample_line("a.pdf", "application/pdf")
    for given_files in (line, [line], [line, line, ""]):
        response = FileUpload().parse(made(FileUpload()), {"files": given_files})
        assert response == Response({"files": [line]})


@given(st.text(max_size=120))
def test_any_line_names_a_file_or_none(line: str) -> None:
    file = read_file(line)
    assert file is None or file.address.startswith("/media/")


def test_a_drawing_becomes_lines_on_a_page() -> None:
    drawing = Drawing()
    variant = made(drawing, image=MEDIA)
    raw = {"drawing": "[[1, 4, 0, 0, 640, 400], [2, 8, 3, 4]]", "description": "A line"}
    html = drawing.render(variant, View.GRADE, raw).html
    assert '<polyline class="pen blue" stroke-width="4" points="0,0 640,400"/>' in html
    assert 'points="3,4 3,4"' in html
    assert f'<image href="/media/{"ab" * 32}"' in html
    response = drawing.parse(variant, raw)
    assert isinstance(response, Response)
    assert drawing.summarise(variant, response) == "A drawing of 2 lines; A line"


def test_words_alone_are_an_answer() -> None:
    drawing = Drawing()
    response = drawing.parse(made(drawing), {"drawing": "", "description": "A parabola"})
    assert response == Response({"description": "A parabola"})
    assert drawing.parse(made(drawing), {"drawing": "[]", "description": " "}) == Response({})


@pytest.mark.parametrize(
    "lines",
    [
        "{}",
        "[1]",
        "[[0, 2, 1]]",
        "[[0, 2, 1, 2, 3]]",
        "[[4, 2, 1, 2]]",
        "[[0, 3, 1, 2]]",
        "[[0, 2, 641, 2]]",
        "[[0, 2, -1, 2]]",
        "[[0, 2, 1.5, 2]]",
        "[[0, 2, true, 2]]",
        "[[0, 2, NaN, 2]]",
        "[" * 5000,
        json.dumps([[0, 2, 1, 1]] * 3001),
        "[" + " " * 150_000 + "]",
    ],
)
def test_drawings_that_cannot_be_are_refused(lines: str) -> None:
    assert isinstance(Drawing().parse(made(Drawing()), {"drawing": lines}), FormatErrors)
    assert "polyline" not in Drawing().render(made(Drawing()), View.GRADE, {"drawing": lines}).html
