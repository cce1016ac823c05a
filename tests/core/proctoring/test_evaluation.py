"""Labelled files are read as they are, and bad manifests are named with the reason."""

import json
import wave
from pathlib import Path

import pytest

from examhall.core.errors import InvalidError, NotFoundError
from examhall.core.proctoring.evaluation import read_manifest


def manifest(folder: Path, text: str, name: str = "set.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_columns_are_labels_and_paths_start_at_the_manifest(tmp_path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "one.jpg").write_bytes(b"picture")
    [one] = read_manifest(manifest(tmp_path, "file,persons\nimages/one.jpg,2+\n"))
    assert one.path == tmp_path / "images" / "one.jpg"
    assert one.labels["persons"] == "2+"


def test_labels_of_sound_lie_beside_the_table_or_are_the_manifest(tmp_path) -> None:
    (tmp_path / "audio").mkdir()
    with wave.open(str(tmp_path / "audio" / "one.wav"), "wb") as sound:
        sound.setparams((1, 2, 16000, 0, "NONE", ""))
    truth = {"one.wav": {"speech": [[0, 1.5, "ada"]], "kind": "speech"}}
    path = manifest(tmp_path, json.dumps(truth), "audio_ground_truth.json")
    for source in (path, manifest(tmp_path, "file,kind\naudio/one.wav,speech\n")):
        [one] = read_manifest(source)
        assert json.loads(one.labels["speech"]) == [[0, 1.5, "ada"]]
        assert one.path == tmp_path / "audio" / "one.wav"


@pytest.mark.parametrize(
    ("text", "name", "error"),
    [
        ("name\none.jpg\n", "set.csv", InvalidError),
        ("", "set.csv", InvalidError),
        ("file\nnowhere.jpg\n", "set.csv", NotFoundError),
        ("file\n../../etc\0/passwd\n", "set.csv", NotFoundError),
        ("[1]", "set.json", InvalidError),
        ("{", "set.json", InvalidError),
        ('{"one.wav": 5}', "set.json", InvalidError),
        ("[" * 100_000, "set.json", InvalidError),
    ],
)
def test_a_bad_manifest_is_refused(tmp_path, text, name, error) -> None:
    with pytest.raises(error):
        read_manifest(manifest(tmp_path, text, name))


def test_bytes_that_are_no_text_are_refused(tmp_path) -> None:
    path = tmp_path / "set.csv"
    path.write_bytes(b"\xff\xfe\x00file")
    with pytest.raises(InvalidError):
        read_manifest(path)
