"""Figures are kept with the detector that they are about, and shown to those who may see health."""

import math
from pathlib import Path
from uuid import uuid4

import pytest

from examhall.core.contracts.detector import Metrics
from examhall.core.errors import ForbiddenError, InvalidError, NotFoundError, SignInRequiredError
from examhall.core.permissions import NOBODY, SYSTEM, Principal, Role
from examhall.core.platform import Platform, open_platform
from examhall.core.proctoring.evaluation import evaluate_detector
from examhall.core.proctoring.evaluations import (
    list_detectors,
    list_evaluations,
    save_evaluation,
)
from examhall.core.settings import load_settings

METRICS = Metrics(3, {"recall": 0.5, "odd": math.nan}, {"dim light": {"recall": 0.25}})
AUDITOR = Principal(uuid4(), "Ada", frozenset({(Role.AUDITOR, None)}))


@pytest.fixture
def platform(sqlite_url: str, tmp_path: Path):
    settings = load_settings({}, data_dir=tmp_path, database_url=sqlite_url)
    platform = open_platform(settings)
    yield platform
    platform.close()


def manifest(folder: Path) -> Path:
    path = folder / "our rooms.csv"
    path.write_text("file\n")
    return path


def test_the_last_figures_of_a_detector_are_kept_and_shown(
    platform: Platform, tmp_path: Path
) -> None:
    before = {one.key: one for one in list_detectors(platform, AUDITOR)}
    assert before["face"].latest is None
    assert before["face"].can_be_measured
    assert not before["browser"].can_be_measured
    assert {one.name for one in before["face"].thresholds} >= {"backend", "score"}
    save_evaluation(platform, SYSTEM, "face", manifest(tmp_path), Metrics(1, {"recall": 0.1}))
    save_evaluation(platform, SYSTEM, "face", manifest(tmp_path), METRICS, "Ada")
    after = {one.key: one.latest for one in list_detectors(platform, AUDITOR)}
    latest = after["face"]
    assert latest is not None
    assert (latest.samples, latest.figures) == (3, {"recall": 0.5})
    assert latest.groups == {"dim light": {"recall": 0.25}}
    assert (latest.manifest, latest.measured_by) == ("our rooms.csv", "Ada")
    assert len(latest.manifest_digest) == 64
    assert latest.is_current
    assert after["gaze"] is None
    assert [one.samples for one in list_evaluations(platform, AUDITOR, "face")] == [3, 1]


def test_figures_of_another_configuration_are_marked(platform: Platform, tmp_path: Path) -> None:
    save_evaluation(platform, SYSTEM, "face", manifest(tmp_path), METRICS)
    platform.plugins.configure("detector", "face", {"score": 0.8}, SYSTEM)
    [latest] = list_evaluations(platform, SYSTEM, "face")
    assert not latest.is_current


def test_who_may_not_see_health_sees_no_figures(platform: Platform, tmp_path: Path) -> None:
    proctor = Principal(uuid4(), "Ben", frozenset({(Role.PROCTOR, None)}))
    for look in (
        lambda: list_detectors(platform, proctor),
        lambda: list_evaluations(platform, proctor, "face"),
        lambda: save_evaluation(platform, AUDITOR, "face", manifest(tmp_path), METRICS),
    ):
        with pytest.raises(ForbiddenError):
            look()
    with pytest.raises(SignInRequiredError):
        list_detectors(platform, NOBODY)


def test_an_unknown_detector_is_named(platform: Platform, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        list_evaluations(platform, SYSTEM, "nose")
    with pytest.raises(NotFoundError):
        save_evaluation(platform, SYSTEM, "nose", manifest(tmp_path), METRICS)


@pytest.mark.parametrize("key", ["browser", "technical"])
def test_what_nobody_can_label_says_so(platform: Platform, tmp_path: Path, key: str) -> None:
    with pytest.raises(InvalidError, match="cannot be measured on labelled files"):
        evaluate_detector(platform, key, manifest(tmp_path))
