"""Labelled files are read as they are, and bad manifests are named with the reason."""

import csv
import json
import logging
import math
import wave
from collections.abc import Sequence
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import pytest

from examhall.core.contracts.base import Health
from examhall.core.contracts.detector import Detector, Finding, Metrics, Sample, Stream
from examhall.core.errors import InvalidError, NotFoundError
from examhall.core.platform import Platform
from examhall.core.proctoring.evaluation import evaluate_detector, read_manifest


def manifest(folder: Path, text: str, name: str = "set.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


class _Ear(Detector):
    """Counts the files that have a label."""

    key = "ear"
    title = "Ear"
    streams = frozenset({Stream.MICROPHONE})
    consent_class = "microphone"

    def health(self) -> Health:
        return Health.ok()

    def analyze(self, state: Any, batch: Sequence[Sample]) -> list[Finding]:
        return []

    def evaluate(self, dataset: Any) -> Metrics:
        count = sum(bool(labels.get("kind")) for _, labels in dataset)
        figures = {"recall": Fraction(1, 2), "precision": math.nan}
        return Metrics(count, cast("Any", figures), {"dim": cast("Any", figures)})


class _Plugins:
    """One detector, whose calls are written down."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def find(self, kind: object, key: str) -> Detector:
        return _Ear()

    def call(self, plugin: Detector, operation: str, *args: Any, **options: Any) -> Any:
        self.calls.append(operation)
        return getattr(plugin, operation)(*args)


def measure(path: Path) -> tuple[Metrics, list[str]]:
    plugins = _Plugins()
    platform = cast("Platform", type("Fake", (), {"plugins": plugins})())
    try:
        return evaluate_detector(platform, "ear", path), plugins.calls
    except InvalidError as error:
        error.add_note(str(plugins.calls))
        raise


def sound(path: Path, rate: int = 16_000) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))


def test_columns_are_labels_and_paths_start_at_the_manifest(tmp_path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "one.jpg").write_bytes(b"picture")
    [one] = read_manifest(manifest(tmp_path, "file,persons\nimages/one.jpg,2+\n"))
    assert one.path == tmp_path / "images" / "one.jpg"
    assert one.labels["persons"] == "2+"


def test_labels_of_sound_lie_beside_the_table_or_are_the_manifest(tmp_path) -> None:
    (tmp_path / "audio").mkdir()
    sound(tmp_path / "audio" / "one.wav")
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
        (f"file\n{'long' * 2000}.jpg\n", "set.csv", NotFoundError),
        ("file\n.\n", "set.csv", NotFoundError),
        (f"file,note\none.jpg,{'long' * 50_000}\n", "set.csv", InvalidError),
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


def test_a_field_without_end_is_refused_whatever_other_tables_may_hold(tmp_path) -> None:
    (tmp_path / "one.jpg").write_bytes(b"picture")
    before = csv.field_size_limit(1_000_000)
    try:
        with pytest.raises(InvalidError, match="line 2: a field is longer"):
            read_manifest(manifest(tmp_path, f"file,note\none.jpg,{'long' * 50_000}\n"))
    finally:
        csv.field_size_limit(before)


@pytest.mark.parametrize("name", ["set.csv", "audio_ground_truth.json"])
def test_bytes_that_are_no_text_are_refused(tmp_path, name) -> None:
    manifest(tmp_path, "file\n")
    (tmp_path / name).write_bytes(b"\xff\xfe\x00file")
    with pytest.raises(InvalidError, match=name):
        read_manifest(tmp_path / "set.csv")


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_tables_of_other_programs_are_read(tmp_path, ending) -> None:
    (tmp_path / "one.jpg").write_bytes(b"picture")
    text = ending.join(["\ufefffile, faces, note", "one.jpg, 2 ,a,b", "", "./one.jpg"])
    (tmp_path / "set.csv").write_bytes(text.encode())
    labels = [one.labels for one in read_manifest(tmp_path / "set.csv")]
    assert labels == [
        {"file": "one.jpg", "faces": "2", "note": "a"},
        {"file": "./one.jpg", "faces": "", "note": ""},
    ]


def test_a_missing_column_is_told_with_those_that_are_there(tmp_path) -> None:
    with pytest.raises(InvalidError, match="its columns are: File;faces"):
        read_manifest(manifest(tmp_path, "File;faces\none.jpg;1\n"))


def test_a_bad_file_is_named_before_the_detector_is_asked(tmp_path) -> None:
    # Else it would be the detector's failure, and some of them pause it.
    sound(tmp_path / "good.wav")
    sound(tmp_path / "fast.wav", 44_100)
    (tmp_path / "short.wav").write_bytes((tmp_path / "good.wav").read_bytes()[:30])
    for name, reason in (("fast.wav", "16 kHz, mono, 16 bit"), ("short.wav", "no WAV file")):
        path = manifest(tmp_path, f"file,kind\ngood.wav,noise\n{name},noise\n")
        with pytest.raises(InvalidError, match=f"{name} .*{reason}") as caught:
            measure(path)
        assert caught.value.__notes__ == ["['health']"]


def test_figures_about_nothing_are_no_figures(tmp_path) -> None:
    sound(tmp_path / "one.wav")
    with pytest.raises(InvalidError, match="no label that Ear can be compared with"):
        measure(manifest(tmp_path, "file\none.wav\n"))


def test_it_is_told_how_many_files_were_left_out(tmp_path, caplog) -> None:
    sound(tmp_path / "one.wav")
    with caplog.at_level(logging.WARNING):
        metrics, calls = measure(manifest(tmp_path, "file,kind\none.wav,noise\none.wav,\n"))
    assert (metrics.samples, calls) == (1, ["health", "evaluate"])
    assert "1 of 2 files were left out" in caplog.text
    # What a program reads has only numbers, whatever the plugin counts with.
    text = json.dumps(asdict(metrics), allow_nan=False)
    assert json.loads(text) == {
        "samples": 1,
        "figures": {"recall": 0.5},
        "groups": {"dim": {"recall": 0.5}},
    }
