"""What a candidate is watched by: frozen when the session opens, readable ever after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from examhall.core.contracts.base import Kind
from examhall.core.contracts.detector import Detector, Stream
from examhall.core.exams.models import ExamVersion, Registration
from examhall.core.registry.registry import Registry

STREAM_CONSENT: Mapping[Stream, str] = {
    Stream.CAMERA: "camera",
    Stream.MICROPHONE: "microphone",
    Stream.SCREEN: "screen",
    Stream.BROWSER: "browser",
    Stream.ROOM: "camera",
}
"""The class of consent that recording a stream needs, whatever looks at it."""


class Policy(TypedDict):
    """The policy of one session, as `proctoring_sessions.policy` keeps it."""

    detectors: list[str]
    waived: list[str]
    streams: list[str]
    consent: dict[str, str]
    consent_text: str
    authorization: str
    frame_seconds: float
    chunk_seconds: float
    rules: dict[str, Any]


def is_watched(version: ExamVersion) -> bool:
    """Say whether a published exam is proctored."""
    return bool(_settings(version).get("enabled"))


def freeze_policy(plugins: Registry, version: ExamVersion, registration: Registration) -> Policy:
    """Return the policy for one candidate's session.

    A waived detector does not look; its streams are recorded all the same, for the people who
    watch. A detector that is not installed leaves a gap that its findings will show.
    """
    settings = _settings(version)
    keys = list(dict.fromkeys(settings.get("detectors", [])))
    waived = [key for key in keys if key in registration.waived_detectors]
    detectors = list(_installed(plugins, keys))
    streams = {stream for detector in detectors for stream in detector.streams}
    consent = {STREAM_CONSENT[stream]: "" for stream in streams}
    for detector in detectors:
        if detector.key not in waived:
            consent[detector.consent_class] = detector.title
    return Policy(
        detectors=keys,
        waived=waived,
        streams=sorted(stream.value for stream in streams),
        consent=dict(sorted(consent.items())),
        consent_text=settings.get("consent_text", ""),
        authorization=settings.get("authorization", "none"),
        frame_seconds=float(settings.get("frame_seconds", 0.5)),
        chunk_seconds=float(settings.get("chunk_seconds", 1.0)),
        rules=dict(settings.get("rules", {})),
    )


def active_detectors(policy: Mapping[str, Any]) -> list[str]:
    """Return the keys of the detectors that look at the session."""
    return [key for key in policy["detectors"] if key not in policy["waived"]]


def _settings(version: ExamVersion) -> dict[str, Any]:
    settings: dict[str, Any] = version.content.get("settings", {}).get("proctoring", {})
    return settings


def _installed(plugins: Registry, keys: Iterable[str]) -> Iterable[Detector]:
    for key in keys:
        detector = plugins.find(Kind.DETECTOR, key)
        if isinstance(detector, Detector):
            yield detector
