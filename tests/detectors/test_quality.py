"""The detectors meet their aims on labelled pictures, videos and sound, with their real models."""

from pathlib import Path

import pytest

from examhall.core.platform import Platform, open_platform
from examhall.core.proctoring.evaluation import evaluate_detector
from examhall.core.settings import load_settings

pytestmark = [pytest.mark.vision, pytest.mark.timeout(300)]


@pytest.fixture
def platform(sqlite_url: str, models_dir: Path, tmp_path: Path):
    settings = load_settings(
        {}, data_dir=tmp_path, database_url=sqlite_url, models_dir=models_dir.resolve()
    )
    platform = open_platform(settings)
    yield platform
    platform.close()


def figures(platform: Platform, shared: Path, key: str, manifest: str = "MANIFEST.csv"):
    return evaluate_detector(platform, key, shared / "media" / manifest).figures


def test_phones_are_found_and_ordinary_pictures_left_alone(
    platform: Platform, shared: Path
) -> None:
    found = figures(platform, shared, "objects")
    assert found["recall"] >= 0.6
    assert found["precision"] >= 0.95


def test_a_second_person_is_seen_even_from_behind(platform: Platform, shared: Path) -> None:
    found = figures(platform, shared, "second_person")
    assert found["recall"] >= 0.95
    assert found["precision"] >= 0.95


def test_faces_of_one_person_are_alike_and_of_two_are_not(platform: Platform, shared: Path) -> None:
    found = figures(platform, shared, "identity")
    assert found["pairs"] > 1000
    assert found["balanced accuracy"] >= 0.98


def test_looks_to_a_side_are_flagged_and_nothing_else(platform: Platform, shared: Path) -> None:
    found = figures(platform, shared, "gaze")
    assert found["away"] >= 20
    assert found["recall"] >= 0.9
    assert found["false alarms"] == 0


@pytest.mark.parametrize("manifest", ["MANIFEST_AUDIO.csv", "audio_ground_truth.json"])
def test_speech_is_heard_and_noise_is_not(platform: Platform, shared: Path, manifest: str) -> None:
    found = figures(platform, shared, "audio", manifest)
    assert found["hit rate"] >= 0.75
    assert found["false alarms in noise"] <= 0.02
