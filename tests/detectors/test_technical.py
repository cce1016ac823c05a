"""What is out of order is told, with how long it lasted, and weighs nothing."""

import io
from typing import Any

import pytest
from PIL import Image

from examhall.detectors.technical import WORDS, TechnicalConfiguration, TechnicalDetector
from examhall.plugins import Sample, Severity, Stream
from examhall.plugins.fusion.rules import RULES
from examhall.plugins.fusion.temporal import examhall_integrity
from tests.detectors.pages import at, beats, event, incidents, look, span


def make(**config: Any) -> TechnicalDetector:
    return TechnicalDetector().configured(TechnicalConfiguration().load(config))


def picture(seconds: float, shade: int, stream: Stream = Stream.CAMERA) -> Sample:
    file = io.BytesIO()
    gradient = Image.linear_gradient("L").resize((160, 120)).point(lambda p: p * shade // 255)
    gradient.convert("RGB").save(file, "JPEG")
    return Sample(stream, at(seconds), file.getvalue(), f"{shade:064}")


def sound(seconds: float, level: int) -> Sample:
    data = level.to_bytes(2, "little", signed=True) * 16_000
    return Sample(Stream.MICROPHONE, at(seconds), data, f"{level:064}")


@pytest.mark.parametrize(
    ("samples", "kind", "first", "last", "words"),
    [
        (
            [
                event(2, "camera.lost", reason="busy"),
                *beats(3, 8, camera="busy"),
                event(9, "camera.back"),
            ],
            *("technical.camera_off", 2, 9, "for 7.0 s. Another program uses it."),
        ),
        (
            [event(2, "microphone.lost", reason="muted"), *beats(3, 6, microphone="muted")],
            *("technical.microphone_off", 2, 6, "has muted it"),
        ),
        (beats(0, 5, screen="off"), "technical.screen_off", 0, 5, "not shared for 5.0 s"),
        (
            [event(2, "network.lost"), event(40, "network.back")],
            *("technical.network", 2, 40, "offline for 38.0 s"),
        ),
        (
            [picture(n / 2, 20) for n in range(12)],
            *("technical.dark", 0, 5.5, "lens covered"),
        ),
        (
            [picture(n / 2, 255) for n in range(80)],
            *("technical.static", 0, 39.5, "may be frozen"),
        ),
        ([sound(n, 0) for n in range(40)], "technical.silent", 0, 40, "muted"),
        (
            [picture(0, 255, Stream.ROOM), *beats(1, 30)],
            *("technical.room_off", 0, 30, "for 30.0 s"),
        ),
        (
            [picture(0, 255), *beats(1, 30), picture(30, 250)],
            *("technical.camera_off", 0, 30, "why no picture came is not known"),
        ),
    ],
)
def test_a_fault_is_one_incident_that_weighs_nothing(
    samples: list[Sample], kind: str, first: float, last: float, words: str
) -> None:
    [incident] = incidents(make(), samples)
    assert span(incident) == (kind, first, last)
    assert words in incident.explanation
    assert incident.severity is Severity.TECHNICAL
    assert examhall_integrity([incident], {}).score == 100


@pytest.mark.parametrize(
    "samples",
    [
        beats(0, 60, camera="on", microphone="on", screen=None, online=True),
        beats(0, 60, camera="starting", microphone=5, screen=[], online="no"),
        [event(0, "camera.lost"), event(1, "camera.back")],
        [picture(n / 2, 200 + n % 2 * 9) for n in range(100)],
        [picture(n / 2, 20) for n in range(5)],
        [sound(n, n % 2 * 3) for n in range(60)],
        [picture(0, 255), picture(300, 250)],
    ],
)
def test_what_works_is_no_finding(samples: list[Sample]) -> None:
    assert look(make(), samples) == []


def test_a_fault_is_told_while_it_lasts() -> None:
    found = look(make(), [event(0, "camera.lost", reason="off"), *beats(1, 4, camera="off")])
    assert [span(one)[2] for one in found] == [2, 3, 4]


def test_dark_pictures_are_not_called_frozen_as_well() -> None:
    found = look(make(), [picture(n, 10) for n in range(60)])
    assert {one.kind for one in found} == {"technical.dark"}


def test_only_the_browser_is_recorded_for_it() -> None:
    assert make().streams == {Stream.BROWSER}
    assert make().watched_streams == set(Stream)


def test_findings_begin_with_the_words_of_their_incident() -> None:
    assert {kind: RULES[kind].text for kind in WORDS} == dict(WORDS)
