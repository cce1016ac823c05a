"""Speech of several sessions at once is heard as that of each alone."""

import wave
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from examhall.detectors.audio import Answer, AudioConfiguration, AudioDetector, Question, converse
from examhall.plugins import Installation, Sample, Stream

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
