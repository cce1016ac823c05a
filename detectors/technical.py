"""What does not work: cameras, microphone, screen and network. Nothing of it weighs anything."""

from __future__ import annotations

import importlib.util
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from marshmallow import Schema, fields, validate

from examhall.detectors.page_events import Condition, PageEvent, is_late, lasting, read_event
from examhall.detectors.still_pictures import PictureWatch
from examhall.plugins import Detector, Finding, Health, Sample, Stream, hookimpl

CAMERA_OFF = "technical.camera_off"
DARK = "technical.dark"
STATIC = "technical.static"
MICROPHONE_OFF = "technical.microphone_off"
SILENT = "technical.silent"
NETWORK = "technical.network"
SCREEN_OFF = "technical.screen_off"
ROOM_OFF = "technical.room_off"

WORDS: Mapping[str, str] = {
    CAMERA_OFF: "The camera gave no picture",
    DARK: "The picture was dark",
    STATIC: "The picture did not change at all",
    MICROPHONE_OFF: "The microphone was not to be had",
    SILENT: "The microphone gave perfect silence",
    NETWORK: "The device was offline",
    SCREEN_OFF: "The screen was not shared",
    ROOM_OFF: "No picture of the room camera came",
}
"""How a finding begins; how long it lasted comes after that."""

DEVICES: Mapping[str, str] = {
    "camera": CAMERA_OFF,
    "microphone": MICROPHONE_OFF,
    "screen": SCREEN_OFF,
}
REASONS: Mapping[str, str] = {
    "off": "It was switched off or unplugged.",
    "ended": "It was switched off or unplugged.",
    "denied": "The browser was told not to use it.",
    "missing": "The browser finds no such device.",
    "busy": "Another program uses it.",
    "failed": "The browser could not start it.",
    "muted": "The browser or the device has muted it.",
}
"""What the browser says about a device that is not on, in words."""

SEVERAL = 3
"""So many signs of life of the page make a gap between two pictures the camera's own."""

RATE = 16_000
QUIET = 1
"""The largest value (of 32,768) in perfect silence: a live microphone always has some noise."""


def _seconds(label: str, usual: float, help_text: str = "") -> fields.Float:
    return fields.Float(
        load_default=usual,
        validate=validate.Range(0.5, 3600),
        metadata={"label": label, "help": f"Seconds. {help_text}".strip()},
    )


class TechnicalConfiguration(Schema):
    """How long something has to be out of order before it is noted."""

    device_seconds = _seconds("Device off", 2.0, "Camera, microphone, shared screen, network.")
    dark_seconds = _seconds("Dark picture", 3.0)
    dark_level = fields.Integer(
        load_default=40,
        validate=validate.Range(1, 128),
        metadata={
            "label": "Darkness",
            "help": "0 to 255: a picture is dark where all but its brightest twentieth is darker.",
        },
    )
    static_seconds = _seconds("Picture without any change", 30.0)
    silent_seconds = _seconds("Microphone without any sound", 30.0)
    gap_seconds = _seconds("No picture of the camera", 20.0, "While the page was open.")
    room_seconds = _seconds("No picture of the room camera", 20.0)


@dataclass(slots=True)
class _Device:
    """What is known of one candidate's devices."""

    latest: datetime | None = None
    conditions: dict[str, Condition] = field(
        default_factory=lambda: {kind: Condition() for kind in WORDS}
    )
    reasons: dict[str, str] = field(default_factory=dict)
    pictures: dict[Stream, PictureWatch] = field(default_factory=dict)
    camera_at: datetime | None = None
    signs: int = 0
    room_at: datetime | None = None


class TechnicalDetector(Detector):
    """Tells what is out of order, by what the page reports and by what comes in.

    Nobody is blamed for it: the fusion gives these kinds no weight.
    """

    key = "technical"
    version = "1.0.0"
    title = "Technical faults"
    summary = (
        "Notes a camera, microphone, screen or network that is off, and dark or frozen pictures. "
        "It weighs nothing. A photograph held before the camera is not told from a person."
    )
    streams = frozenset({Stream.BROWSER})
    also_streams = frozenset({Stream.CAMERA, Stream.MICROPHONE, Stream.SCREEN, Stream.ROOM})
    cadence = 0.0
    consent_class = "browser"
    finding_kinds = {
        CAMERA_OFF: "Camera off",
        DARK: "Dark picture",
        STATIC: "Frozen picture",
        MICROPHONE_OFF: "Microphone off",
        SILENT: "Silent microphone",
        NETWORK: "Network lost",
        SCREEN_OFF: "Screen not shared",
        ROOM_OFF: "Room camera lost",
    }

    def config_schema(self) -> type[Schema]:
        return TechnicalConfiguration

    def health(self) -> Health:
        if importlib.util.find_spec("cv2") is None:
            return Health.degraded(
                "Dark and frozen pictures are not told: the Python package cv2 is missing.",
                "Run `pip install 'examhall[vision]'`.",
            )
        return Health.ok()

    def open(self) -> Any:
        return _Device()

    def analyze(self, state: Any, batch: Sequence[Sample]) -> list[Finding]:
        return [finding for sample in batch for finding in self._look(state, sample)]

    def _look(self, device: _Device, sample: Sample) -> Iterator[Finding]:
        if sample.stream is Stream.BROWSER:
            yield from self._read(device, sample)
        elif sample.stream is Stream.MICROPHONE:
            yield from self._hear(device, sample)
        elif sample.stream in {Stream.CAMERA, Stream.ROOM}:
            yield from self._arrived(device, sample)
            watch = device.pictures.setdefault(sample.stream, PictureWatch())
            yield from self._watch(watch, sample)

    def _read(self, device: _Device, sample: Sample) -> Iterator[Finding]:
        event = read_event(sample)
        if event is None or is_late(sample.at, device.latest):
            return
        device.latest = max(sample.at, device.latest or sample.at)
        device.signs += 1
        for name, kind in DEVICES.items():
            is_lost, reason = _device_state(event, name)
            if is_lost:
                device.reasons[kind] = reason
            yield from self._follow(device, kind, is_lost, event, sample)
        yield from self._follow(device, NETWORK, _is_offline(event), event, sample)
        yield from self._miss_room(device, sample)

    def _follow(
        self, device: _Device, kind: str, is_so: bool | None, event: PageEvent, sample: Sample
    ) -> list[Finding]:
        if is_so is None:
            return []
        condition = device.conditions[kind]
        if is_so:
            span: tuple[datetime, datetime] | None = condition.hold(sample.at)
        else:
            span = condition.end(sample.at, exact=not event.is_state)
        detail = REASONS.get(device.reasons.get(kind, ""), "")
        return self._tell(kind, span, "device_seconds", 2.0, sample, detail=detail)

    def _miss_room(self, device: _Device, sample: Sample) -> list[Finding]:
        """Tell a room camera that sends nothing any more, as long as it lasts."""
        if device.room_at is None or device.room_at >= sample.at:
            return []
        detail = "Its phone may be locked, out of power or offline."
        span = (device.room_at, sample.at)
        return self._tell(ROOM_OFF, span, "room_seconds", 20.0, sample, detail=detail)

    def _arrived(self, device: _Device, sample: Sample) -> list[Finding]:
        """Take note that a picture came, and tell a gap before it that was the camera's own."""
        if sample.stream is Stream.ROOM:
            device.room_at = max(sample.at, device.room_at or sample.at)
            return []
        before, signs = device.camera_at, device.signs
        device.camera_at, device.signs = max(sample.at, before or sample.at), 0
        if before is None or signs < SEVERAL or device.conditions[CAMERA_OFF].since is not None:
            return []
        return self._tell(
            CAMERA_OFF,
            (before, sample.at),
            "gap_seconds",
            20.0,
            sample,
            detail="The page was open meanwhile; why no picture came is not known.",
            confidence=0.7,
        )

    def _watch(self, watch: PictureWatch, sample: Sample) -> Iterator[Finding]:
        """Tell dark pictures, and such that do not change."""
        level = self.config.get("dark_level", 40)
        for kind, span in watch.look(sample, level):
            name, usual = ("dark_seconds", 3.0) if kind == "dark" else ("static_seconds", 30.0)
            yield from self._tell(
                DARK if kind == "dark" else STATIC,
                span,
                name,
                usual,
                sample,
                detail=_which(sample.stream, kind),
                confidence=0.9,
            )

    def _hear(self, device: _Device, sample: Sample) -> list[Finding]:
        sound = array("h")
        sound.frombytes(sample.data[: len(sample.data) // 2 * 2])
        if not sound:
            return []
        condition = device.conditions[SILENT]
        if max(sound) > QUIET or min(sound) < -QUIET:
            condition.end(sample.at, exact=False)
            return []
        condition.hold(sample.at)
        detail = "A switch on the microphone may have muted it."
        span = condition.hold(sample.at + timedelta(seconds=len(sound) / RATE))
        return self._tell(SILENT, span, "silent_seconds", 30.0, sample, detail=detail)

    def _tell(
        self,
        kind: str,
        span: tuple[datetime, datetime] | None,
        setting: str,
        usual: float,
        sample: Sample,
        *,
        detail: str = "",
        confidence: float = 1.0,
    ) -> list[Finding]:
        least = float(self.config.get(setting, usual))
        return lasting(kind, WORDS[kind], span, least, sample, detail=detail, confidence=confidence)


def _device_state(event: PageEvent, name: str) -> tuple[bool | None, str]:
    """Return whether a device is lost (None: nothing is said), and the reason."""
    if event.type == f"{name}.lost":
        return True, event.word("reason")
    if event.type == f"{name}.back":
        return False, ""
    word = event.word(name) if event.is_state else ""
    # A device that is about to start is neither lost nor back.
    return (word != "on", word) if word not in {"", "starting"} else (None, "")


def _is_offline(event: PageEvent) -> bool | None:
    if event.type in {"network.lost", "network.back"}:
        return event.type == "network.lost"
    online = event.flag("online") if event.is_state else None
    return None if online is None else not online


def _which(stream: Stream, kind: str) -> str:
    camera = "room camera" if stream is Stream.ROOM else "camera"
    if kind == "dark":
        return f"It is the {camera}'s; the room may be dark or the lens covered."
    return f"It is the {camera}'s; it may be frozen, or a still picture may be shown to it."


@hookimpl
def examhall_detectors() -> list[Detector]:
    """Offer the detector of technical faults."""
    return [TechnicalDetector()]
