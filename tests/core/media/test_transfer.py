"""Media travel with questions: out of one platform, into another."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from examhall.core.errors import ForbiddenError
from examhall.core.exams.transfer import export_questions, import_questions
from examhall.core.media.operations import store_media
from examhall.core.media.queries import collect_media, find_references
from examhall.core.permissions import Role
from tests.core.media.files import picture
from tests.exam_house import ESSAY, House, open_house


@pytest.fixture
def houses(database_url: str, sqlite_url: str, tmp_path: Path) -> Iterator[tuple[House, House]]:
    """Two institutions; the one takes over the other's questions."""
    other = tmp_path / "other.db"
    other.write_bytes(Path(sqlite_url.removeprefix("sqlite:///")).read_bytes())
    with (
        open_house(database_url, tmp_path / "a") as one,
        open_house(f"sqlite:///{other}", tmp_path / "b") as two,
    ):
        yield one, two


def test_questions_move_with_their_pictures(houses: tuple[House, House]) -> None:
    here, there = houses
    author, taker = here.person(Role.AUTHOR), there.person(Role.AUTHOR)
    data = picture()
    reference = store_media(here.platform, author, data, "a.png").reference
    store_media(here.platform, author, picture("GIF"), "unused.gif")
    missing = "media:" + "0" * 64
    stem = f'<p><img src="{reference}" alt="A"><img src="{missing}" alt="B">{reference}</p>'
    here.question(author, "essay", {**ESSAY, "stem": stem})
    file = export_questions(here.platform, author, "json").content
    assert list(json.loads(file)["media"]) == [reference]
    assert import_questions(there.platform, taker, "json", file).problems == ()
    content = {"stem": stem}
    assert find_references([content]) == [reference[6:], missing[6:]]
    found = collect_media(there.platform, [content])
    assert {key: one.data for key, one in found.items()} == {reference: data}
    assert found[reference].name == "a.png"


def test_what_is_no_medium_is_said(houses: tuple[House, House]) -> None:
    here, _ = houses
    author = here.person(Role.AUTHOR)
    document = {
        "format": "examhall.questions",
        "version": 1,
        "questions": [{"type": "essay", "title": "One", "content": ESSAY}],
        "media": {
            "media:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881": {
                "content_type": "image/png",
                "name": "picture.png",
                "data": "eA==",
            }
        },
    }
    made = import_questions(here.platform, author, "json", json.dumps(document).encode())
    assert len(made.questions) == 1
    assert "picture.png" in made.problems[0]
    with pytest.raises(ForbiddenError):
        store_media(here.platform, here.person(Role.CANDIDATE), picture(), "a.png")
