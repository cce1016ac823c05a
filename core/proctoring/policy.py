"""What a candidate is watched by: frozen when the session opens, readable ever after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    room_camera: str
    frame_seconds: float
    chunk_seconds: float
    screen_seconds: float
    fullscreen: bool
    face_photo: bool
    identity_document: bool
    rules: dict[str, Any]
    second_reviewer: bool
    appeal_days: int
    retention_days: int | None


def is_watched(version: ExamVersion) -> bool:
    """Say whether a published exam is proctored."""
    return bool(_settings(version).get("enabled"))


def freeze_policy(plugins: Registry, version: ExamVersion, registration: Registration) -> Policy:
    """Return the policy for one candidate's session.

    A waived detector does not look, and what it alone needs is neither recorded nor asked for. The
    camera is recorded all the same where any detector of the exam wants it, for the people who
    watch. A detector that is not installed leaves a gap that its findings will show.
    """
    settings = _settings(version)
    keys = list(dict.fromkeys(settings.get("detectors", [])))
    waived = [key for key in keys if key in registration.waived_detectors]
    detectors = list(_installed(plugins, keys))
    streams = _streams(settings, detectors, waived)
    consent = {STREAM_CONSENT[stream]: "" for stream in streams}
    if wanted_photos(settings):
        consent["camera"] = ""
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
        room_camera=_room_camera(settings, streams),
        frame_seconds=float(settings.get("frame_seconds", 0.5)),
        chunk_seconds=float(settings.get("chunk_seconds", 1.0)),
        screen_seconds=float(settings.get("screen_seconds", 5.0)),
        fullscreen=bool(settings.get("fullscreen", False)),
        face_photo=bool(settings.get("face_photo", False)),
        identity_document=bool(settings.get("identity_document", False)),
        rules=dict(settings.get("rules", {})),
        second_reviewer=bool(settings.get("second_reviewer", False)),
        appeal_days=int(settings.get("appeal_days", 14)),
        retention_days=settings.get("retention_days"),
    )


def active_detectors(policy: Mapping[str, Any]) -> list[str]:
    """Return the keys of the detectors that look at the session."""
    return [key for key in policy["detectors"] if key not in policy["waived"]]


def wanted_photos(policy: Mapping[str, Any]) -> list[str]:
    """Return the photos that the check-in asks for, `face` and `document`, in this order.

    It reads the settings of an exam as well as a session's policy.
    """
    kinds = {"face": "face_photo", "document": "identity_document"}
    return [kind for kind, name in kinds.items() if policy.get(name)]


def expected_samples(policy: Mapping[str, Any], seconds: float) -> float:
    """Return how many samples a session of so many seconds has when all goes well."""
    pace: dict[Stream, float] = {
        Stream.CAMERA: 1 / policy["frame_seconds"],
        Stream.ROOM: 1 / policy["frame_seconds"],
        Stream.SCREEN: 1 / policy.get("screen_seconds", 5.0),
        Stream.MICROPHONE: 1.0,
        # A heartbeat a second at most, and what happens beside it.
        Stream.BROWSER: 2.0,
    }
    return seconds * sum(pace[Stream(name)] for name in policy["streams"])


def _streams(
    settings: Mapping[str, Any], detectors: Sequence[Detector], waived: Sequence[str]
) -> set[Stream]:
    """Return what is recorded: for the detectors that look, and what the settings ask for."""
    looking = [detector for detector in detectors if detector.key not in waived]
    streams = {stream for detector in looking for stream in detector.streams}
    if any(Stream.CAMERA in detector.streams for detector in detectors):
        streams.add(Stream.CAMERA)
    if settings.get("room_camera", "off") != "off":
        streams.add(Stream.ROOM)
    if settings.get("screen"):
        streams.add(Stream.SCREEN)
    if settings.get("fullscreen"):
        streams.add(Stream.BROWSER)
    return streams


def _room_camera(settings: Mapping[str, Any], streams: set[Stream]) -> str:
    """Return whether a phone is asked for; a detector that looks at the room asks for one too."""
    wanted: str = settings.get("room_camera", "off")
    return "optional" if wanted == "off" and Stream.ROOM in streams else wanted


def _settings(version: ExamVersion) -> dict[str, Any]:
    settings: dict[str, Any] = version.content.get("settings", {}).get("proctoring", {})
    return settings


def _installed(plugins: Registry, keys: Iterable[str]) -> Iterable[Detector]:
    for key in keys:
        detector = plugins.find(Kind.DETECTOR, key)
        if isinstance(detector, Detector):
            yield detector
