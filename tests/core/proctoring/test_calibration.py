"""Detectors learn from the photo of the check-in, in whichever process they look."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from examhall.core.proctoring.check_in import Photo, store_photo
from examhall.core.proctoring.samples import Upload
from examhall.plugins import Sample
from examhall.worker import detection
from examhall.worker.states import SessionStates
from tests.core.attempts.world import World
from tests.core.proctoring.scripted import ALONE, TWO, ScriptedDetector, picture
from tests.core.proctoring.test_analysis import another_process
from tests.core.proctoring.watching import Watched, open_watching, watch


@pytest.fixture
def world(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    with open_watching(sqlite_url, tmp_path) as world:
        yield world


@pytest.fixture
def arriving(world: World) -> Watched:
    return watch(world, face_photo=True, identity_document=True)


@pytest.fixture
def shown(world: World, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The addresses of what the detector was calibrated with, each time."""
    calls: list[list[str]] = []

    def calibrate(self: ScriptedDetector, state: list[Any], samples: Sequence[Sample]) -> None:
        assert state == [], "it looked before"
        calls.append([sample.sha256 for sample in samples])

    detector = world.platform.plugins.detector("scripted")
    monkeypatch.setattr(type(detector), "calibrate", calibrate)
    return calls


def take(watched: Watched, kind: str, width: int = ALONE) -> Photo:
    upload = Upload(datetime.now(UTC), picture(width), "image/jpeg")
    return store_photo(watched.platform, watched.candidate, watched.attempt_id, kind, upload)


def test_the_photo_of_the_face_comes_before_the_first_frame(
    arriving: Watched, shown: list[list[str]]
) -> None:
    take(arriving, "document", TWO)
    photo = take(arriving, "face")
    for _ in range(3):
        arriving.show([ALONE] * 2)
        arriving.analyse()
    assert shown == [[photo.sha256]]


def test_a_worker_that_takes_over_learns_from_the_same(
    arriving: Watched, shown: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = take(arriving, "face")
    arriving.show([ALONE] * 2)
    arriving.analyse()
    with another_process(arriving) as other:
        learn = type(arriving.platform.plugins.detector("scripted")).calibrate
        monkeypatch.setattr(type(other.plugins.detector("scripted")), "calibrate", learn)
        monkeypatch.setattr(detection, "_states", SessionStates())
        arriving.show([ALONE] * 2)
        arriving.analyse(other)
    assert shown == [[photo.sha256]] * 2


def test_a_detector_that_cannot_learn_looks_all_the_same(
    arriving: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("no face in it")

    detector = arriving.platform.plugins.detector("scripted")
    monkeypatch.setattr(type(detector), "calibrate", fail)
    take(arriving, "face")
    arriving.show([TWO] * 6)
    arriving.analyse()
    assert [row.finding_count for row in arriving.incidents()] == [6]


def test_without_a_photo_nothing_is_shown(arriving: Watched, shown: list[list[str]]) -> None:
    arriving.show([ALONE] * 2)
    arriving.analyse()
    assert shown == []
