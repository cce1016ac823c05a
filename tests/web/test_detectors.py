"""The service and the page of detectors: figures where there are any, plain words where not."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from examhall.core.contracts.detector import Metrics
from examhall.core.permissions import SYSTEM
from examhall.core.platform import Platform
from examhall.core.proctoring.evaluations import save_evaluation
from tests.web.people import People

API = "/api/v1/detectors"
GROUPS = {"dim <light>": {"recall": 0.25}, "": {"recall": 1.0}}


@pytest.fixture
def measured(platform: Platform, tmp_path: Path) -> None:
    manifest = tmp_path / "our <rooms>.csv"
    manifest.write_text("file\n")
    metrics = Metrics(8, {"recall": 0.5, "pairs": 1.0}, GROUPS)
    save_evaluation(platform, SYSTEM, "face", manifest, metrics)


@pytest.mark.usefixtures("measured")
def test_figures_are_told_over_the_api(client: FlaskClient, people: People) -> None:
    headers = people.bearer("auditor")
    answer = client.get(API, headers=headers)
    assert answer.json is not None
    known = {one["key"]: one for one in answer.json["data"]}
    assert known["face"]["latest"]["groups"] == GROUPS
    assert known["face"]["latest"]["is_current"]
    assert known["gaze"]["latest"] is None
    assert not known["technical"]["can_be_measured"]
    [only] = client.get(f"{API}/face/evaluations", headers=headers).json["data"]  # type: ignore[index]
    assert (only["samples"], only["figures"]["recall"]) == (8, 0.5)


@pytest.mark.parametrize("key", ["nose", "%00", "..", "x" * 3000, "face%0a", "'; drop table"])
def test_no_other_key_is_known(client: FlaskClient, people: People, key: str) -> None:
    answer = client.get(f"{API}/{key}/evaluations", headers=people.bearer("admin"))
    assert answer.status_code == 404


@pytest.mark.usefixtures("measured")
def test_the_page_says_what_was_measured_and_what_was_not(
    client: FlaskClient, people: People
) -> None:
    page = client.get("/admin/detectors", headers=people.bearer("admin")).get_data(as_text=True)
    assert "our &lt;rooms&gt;.csv" in page
    assert "dim &lt;light&gt;" in page
    assert "Never measured here." in page
    assert "There is nothing to measure" in page
    assert "without a group" in page
