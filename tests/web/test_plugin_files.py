"""The static files of question types: served from beside their module, and nothing else."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint
from flask.testing import FlaskClient

from examhall.core.platform import Platform
from examhall.web.app import create_app


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package of a third party with static files and something beside them."""
    folder = tmp_path / "drawn_questions"
    (folder / "static" / "img").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "maps.py").write_text("class Maps: ...\n")
    (folder / "secret.txt").write_text("the key")
    (folder / "static" / "maps.js").write_text("export const n = 1;\n")
    (folder / "static" / ".hidden").write_text("x")
    (folder / "static" / "img" / "pin.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    monkeypatch.syspath_prepend(tmp_path)
    yield "drawn_questions.maps"
    for name in [one for one in sys.modules if one.startswith("drawn_questions")]:
        del sys.modules[name]


@pytest.fixture
def client(platform: Platform, package: str, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    __import__(package)
    plugin = platform.plugins.question_type("essay")
    monkeypatch.setattr(type(plugin), "__module__", package)
    return create_app(platform).test_client()


def test_files_come_to_everybody_and_can_be_kept(client: FlaskClient) -> None:
    answer = client.get("/x/essay/static/maps.js")
    assert answer.text == "export const n = 1;\n"
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cache-Control"] == "public, no-cache"
    again = client.get("/x/essay/static/maps.js", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert client.get("/x/essay/static/img/pin.svg").mimetype == "image/svg+xml"


@pytest.mark.parametrize(
    "name",
    [
        "nothing.js",
        "img",
        ".hidden",
        "../secret.txt",
        "img/../../secret.txt",
        "%2e%2e/secret.txt",
        "..%2fsecret.txt",
        "..%5csecret.txt",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "maps.js%00.css",
    ],
)
def test_nothing_else_is_found(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/x/essay/static/{name}", follow_redirects=True)
    assert answer.status_code == 404
    assert "the key" not in answer.text


def test_unknown_types_and_types_without_files_have_none(client: FlaskClient) -> None:
    assert client.get("/x/nothing/static/maps.js").status_code == 404
    assert client.get("/x/numeric/static/maps.js").status_code == 404


def test_a_blueprint_of_the_same_name_goes_first(
    platform: Platform, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "maps.js").write_text("// the blueprint's own\n")
    made: list[Any] = [Blueprint("essay", __name__, static_folder=own, static_url_path="/static")]
    monkeypatch.setattr(platform.plugins, "blueprints", lambda: made)
    with create_app(platform).test_client().get("/x/essay/static/maps.js") as answer:
        assert answer.text == "// the blueprint's own\n"
