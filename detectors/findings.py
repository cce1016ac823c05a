"""How detectors say what they saw, and the setting for how sure they have to be."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from marshmallow import fields, validate

from examhall.plugins import Box, Finding, FrameEvidence, Sample


def certainty_field(
    label: str,
    usual: float | None,
    *,
    least: float = 0.1,
    most: float = 0.99,
    help_text: str = "",
) -> fields.Float:
    """Return the setting for a certainty from `least` to `most`, both between 0 and 1.

    With None as the usual one it may be left empty.
    """
    return fields.Float(
        load_default=usual,
        validate=validate.Range(least, most),
        metadata={"label": label, "help": help_text},
    )


def finding_about(
    sample: Sample,
    kind: str,
    text: str,
    confidence: float = 1.0,
    boxes: Iterable[Box] = (),
    *,
    span: tuple[datetime, datetime] | None = None,
) -> Finding:
    """Return a finding with its sample as evidence, and with `boxes` around what is to be seen.

    `confidence` is brought between 0 and 1. `span` is its start and end (UTC) where it is not
    about the moment of the sample.
    """
    start, end = span or (sample.at, sample.at)
    evidence = FrameEvidence(sample.sha256, sample.at, tuple(boxes))
    return Finding(kind, start, end, min(1.0, max(0.0, confidence)), text, (evidence,))
