"""A detector that wants every stream of a candidate's own device, so that all are recorded."""

from collections.abc import Sequence
from importlib.metadata import EntryPoint
from typing import Any

from examhall.core.contracts.base import Kind
from examhall.core.platform import Platform
from examhall.plugins import Detector, Finding, Sample, Stream, hookimpl


class ListeningDetector(Detector):
    """Finds nothing in anything."""

    key = "listening"
    version = "1.0"
    title = "Listening"
    streams = frozenset({Stream.CAMERA, Stream.MICROPHONE, Stream.BROWSER})
    consent_class = "camera"
    finding_kinds = {}

    def analyze(self, state: Any, batch: Sequence[Sample]) -> list[Finding]:
        return []


@hookimpl
def examhall_detectors() -> list[Detector]:
    return [ListeningDetector()]


def load_listening(platform: Platform) -> None:
    """Make the detector `listening` known to a platform."""
    platform.plugins.load([EntryPoint("detector.listening", __name__, "examhall")])
    platform.plugins.refresh()
    assert platform.plugins.find(Kind.DETECTOR, "listening") is not None
