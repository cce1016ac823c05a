"""Findings carry their sample as evidence, and certainties stay within their bounds."""

from datetime import UTC, datetime, timedelta

import pytest
from marshmallow import Schema, ValidationError

from examhall.detectors.findings import certainty_field, finding_about
from examhall.plugins import Box, Finding, FrameEvidence, Sample, Stream

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
FRAME = Sample(Stream.CAMERA, NOW, b"", "ab" * 32)
BOX = Box(0.1, 0.2, 0.3, 0.4, "phone")


def test_a_finding_is_about_the_moment_of_its_sample() -> None:
    found = finding_about(FRAME, "object.phone", "Possible phone.", 0.6, [BOX])
    evidence = (FrameEvidence("ab" * 32, NOW, (BOX,)),)
    assert found == Finding("object.phone", NOW, NOW, 0.6, "Possible phone.", evidence)


def test_a_finding_can_be_about_a_span_and_quite_sure() -> None:
    span = NOW - timedelta(seconds=3), NOW
    found = finding_about(FRAME, "browser.hidden", "Hidden.", span=span)
    assert (found.start, found.end) == span
    assert found.confidence == 1
    assert found.evidence == (FrameEvidence("ab" * 32, NOW),)


@pytest.mark.parametrize(("given", "kept"), [(-0.2, 0.0), (0.0, 0.0), (0.5, 0.5), (1.7, 1.0)])
def test_certainty_is_brought_between_0_and_1(given: float, kept: float) -> None:
    assert finding_about(FRAME, "face.missing", "No face.", given).confidence == kept


class Configuration(Schema):
    score = certainty_field("Certainty", 0.5, least=0.3, most=0.9, help_text="How sure.")
    phone_score = certainty_field("Certainty for phones", None)


def test_a_certainty_has_a_usual_value_or_may_stay_empty() -> None:
    assert Configuration().load({}) == {"score": 0.5, "phone_score": None}
    given = {"score": 0.9, "phone_score": None}
    assert Configuration().load(given) == given


@pytest.mark.parametrize("given", [{"score": 0.2}, {"score": 0.95}, {"score": None}])
def test_a_certainty_out_of_its_bounds_is_refused(given: dict[str, float | None]) -> None:
    with pytest.raises(ValidationError):
        Configuration().load(given)
