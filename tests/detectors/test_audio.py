"""Speech of several sessions at once is heard as that of each alone."""

import wave
from collections.abc import Sequence
from configparser import ConfigParser
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from examhall.detectors.audio import (
    RATE,
    WINDOW,
    Answer,
    AudioConfiguration,
    AudioDetector,
    Question,
    converse,
)
from examhall.plugins import Findings, Installation, Sample, SessionView, Stream
from examhall.plugins.fusion.temporal import examhall_fuse_findings

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


def listen(shared: Path, name: str, first: int, seconds: int) -> list[Sample]:
    """Return seconds of a recording, one sample each."""
    with wave.open(str(shared / "media" / "audio" / name)) as sound:
        sound.setpos(first * 16_000)
        pieces = [sound.readframes(16_000) for _ in range(seconds)]
    return [
        Sample(Stream.MICROPHONE, NOW + timedelta(seconds=number), piece, f"{number:064}")
        for number, piece in enumerate(pieces)
    ]


@pytest.mark.vision
def test_sessions_heard_together_are_heard_as_alone(shared: Path, models_dir: Path) -> None:
    detector = AudioDetector().configured(AudioConfiguration().load({}))
    detector.installation = Installation(models_dir=models_dir)
    stories = [
        listen(shared, "jfk.wav", 0, 4),
        listen(shared, "am_guitar.wav", 0, 3),
        [],
        listen(shared, "lj_0131.wav", 0, 5),
    ]
    together = detector.analyze_many([(detector.open(), story) for story in stories])
    alone = [detector.analyze(detector.open(), story) for story in stories]
    assert together == alone
    assert [bool(found) for found in together] == [True, False, False, True]


def test_talks_of_any_length_each_get_their_own_answers() -> None:
    asked: list[int] = []

    def talk(name: int, length: int):
        heard = []
        for number in range(length):
            score, _ = yield (name, number), None
            heard.append(score)
        return heard

    def judge(questions: Sequence[Question]) -> list[Answer]:
        asked.append(len(questions))
        return [(name * 100 + number, None) for (name, number), _ in questions]

    lengths = [3, 0, 50, 1] + [2] * 40
    answers = converse(judge, [talk(name, length) for name, length in enumerate(lengths)])
    wanted = [[name * 100 + n for n in range(length)] for name, length in enumerate(lengths)]
    assert answers == wanted
    assert max(asked) == 32
    assert sum(asked) == sum(lengths)


class _Attentive(AudioDetector):
    """Lets every sound through, and takes loud windows for a voice."""

    def _judge(self, questions: Sequence[Question]) -> list[Answer]:
        return [
            (float(abs(window[0, -WINDOW:]).max() > 0.5), memory) for window, memory in questions
        ]

    def _gate(self, data: bytes) -> list[bool]:
        return [True] * (len(data) // 960 + 1)


def cut(sound: bytes, samples: int) -> list[Sample]:
    """Return sound in pieces of so many samples, one behind the other."""
    size = samples * 2
    return [
        Sample(
            Stream.MICROPHONE,
            NOW + timedelta(seconds=at / 2 / RATE),
            sound[at : at + size],
            f"{at:064}",
        )
        for at in range(0, len(sound), size)
    ]


def speech(*spans: tuple[float, float], seconds: float = 16) -> bytes:
    """Return silence with something loud in it, from and to these seconds."""
    sound = bytearray(int(seconds * RATE) * 2)
    for start, end in spans:
        for at in range(int(start * RATE), int(end * RATE)):
            sound[2 * at + 1] = 0x7F
    return bytes(sound)


@pytest.mark.parametrize("samples", [700, 4_000, 7_200, 16_000, 33_000, 80_000, 320_000])
def test_all_sound_is_heard_whatever_the_length_of_its_pieces(samples: int) -> None:
    pytest.importorskip("numpy")
    detector = _Attentive()
    heard: list[bytes] = []

    def judge(questions: Sequence[Question]) -> list[Answer]:
        windows = [window[0, -WINDOW:] * 32768 for window, _ in questions]
        heard.extend(window.astype("<i2").tobytes() for window in windows)
        return [(0.0, memory) for _, memory in questions]

    detector._judge = judge  # type: ignore[method-assign]
    sound = speech((0.5, 1.5), (2.2, 2.9), seconds=4)
    detector.analyze(detector.open(), cut(sound, samples))
    assert b"".join(heard) == sound[: len(sound) // 1024 * 1024]


@pytest.mark.parametrize("samples", [8_000, 16_000, 48_000, 80_000])
@pytest.mark.parametrize(
    ("spans", "count"),
    [
        ([(2.2, 5.9), (11.1, 14.9)], 2),
        ([(6.1, 6.3)], 0),
        ([(1.1, 1.6), (9.1, 9.6)], 0),
        ([(0.0, 3.4)], 1),
    ],
)
def test_speech_makes_the_same_incidents_in_short_and_long_pieces(
    samples: int, spans: list[tuple[float, float]], count: int
) -> None:
    pytest.importorskip("numpy")
    detector = _Attentive()
    pieces = cut(speech(*spans), samples)
    found = detector.analyze(detector.open(), pieces)
    view = SessionView("session", NOW, {}, seen={"audio": [piece.at for piece in pieces]})
    incidents = examhall_fuse_findings(view, [Findings("audio", one) for one in found], {})
    assert len(incidents) == count
    for incident, (start, end) in zip(incidents, spans, strict=False):
        assert abs((incident.start - NOW).total_seconds() - start) < 0.1
        assert abs((incident.end - NOW).total_seconds() - end) < 0.1


def test_pieces_in_quick_succession_are_all_wanted() -> None:
    assert AudioDetector.cadence == 0


def test_noise_needs_no_spans_to_be_compared_with() -> None:
    pytest.importorskip("numpy")
    [loud] = cut(speech((0.5, 1.0), seconds=2), 32_000)
    rows = [{"kind": "noise"}, {"kind": "noise", "speech": "null"}, {"kind": "speech"}, {}]
    metrics = _Attentive().evaluate([(loud, labels) for labels in rows])
    assert metrics.samples == 2
    assert 0.2 < metrics.figures["false alarms in noise"] < 0.3


def test_what_is_missing_is_in_the_extra_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    health = AudioDetector().health()
    assert "'examhall[audio]'" in health.hint
    extras = ConfigParser()
    extras.read(Path(__file__).parents[2] / "setup.cfg")
    needed = extras["options.extras_require"]["audio"]
    assert all(name in needed for name in ("numpy", "onnxruntime", "webrtcvad"))
