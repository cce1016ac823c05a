"""Speech near the microphone."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, TypeVar

from marshmallow import Schema, fields, validate

from examhall.detectors.findings import certainty_field, finding_about
from examhall.detectors.object_models import make_session
from examhall.detectors.tallies import Tally
from examhall.plugins import Detector, Finding, Health, Metrics, Sample, Stream, hookimpl
from examhall.plugins.vision import ModelPool, digest_of, find_model, health_of

SPEECH = "audio.speech"
MODEL = "silero_vad.onnx"
RATE = 16_000
WINDOW = 512
"""Samples that Silero judges at once: 32 ms."""

CONTEXT = 64
"""Samples before the window that it hears again."""

GATE_WINDOW = 480
"""Samples that webrtcvad judges at once: 30 ms."""

NOISE = "noise"
"""The kind of labelled sound in which nobody speaks."""

STATE_SHAPE = (2, 1, 128)
FULL_SCALE = 32768.0
MAX_SECONDS = 120
MOST_TOGETHER = 32
APART = timedelta(seconds=0.5)
"""Sound that begins so much after the last one's end is heard afresh."""

PART_SECONDS = 1.0
"""Long speech is told in parts that last so long at least, as if it had come in short pieces."""


Question = tuple[Any, Any]
"""A window of sound with what came before it, and what the model remembers."""

Answer = tuple[float, Any]
"""How sure the model is of a voice, and what it remembers now."""

Result = TypeVar("Result")
Talk = Generator[Question, Answer, Result]
"""Listening to one session: it asks about each window and goes on with the answer."""


class AudioConfiguration(Schema):
    """How sure the model has to be, and how much sound is let through to it."""

    score = certainty_field(
        "Certainty", 0.5, help_text="From how much certainty on 32 ms are speech."
    )
    gate = fields.Integer(
        load_default=1,
        validate=validate.Range(0, 3),
        metadata={
            "label": "Strictness of the gate",
            "help": "0 to 3. A strict one saves time and loses very quiet speech.",
        },
    )
    least_seconds = fields.Float(
        load_default=0.3,
        validate=validate.Range(0.03, 10),
        metadata={"label": "Shortest speech", "help": "Seconds; shorter sounds are left alone."},
    )


@dataclass(slots=True)
class _Ear:
    """What the model remembers of one session; `rest` is sound that fills no window yet."""

    memory: Any = None
    context: Any = None
    heard_until: datetime | None = None
    rest: bytes = b""


class AudioDetector(Detector):
    """Hears speech: webrtcvad lets sound through, Silero says whether it is a voice.

    The gate alone takes fans, guitars and typing for speech, so it never decides. Nothing of what
    is said is understood or kept.
    """

    key = "audio"
    version = "1.0.0"
    title = "Speech"
    summary = (
        "Notes speech near the microphone. What is said is not understood; whose voice it is, and "
        "how many there are, is not told."
    )
    streams = frozenset({Stream.MICROPHONE})
    cadence = 0.0
    consent_class = "microphone"
    finding_kinds = {SPEECH: "Speech"}

    def config_schema(self) -> type[Schema]:
        return AudioConfiguration

    def health(self) -> Health:
        modules = ("numpy", "onnxruntime", "webrtcvad")
        return health_of(self, MODEL, modules=modules, extra="audio")

    def model_digest(self) -> str:
        return digest_of(self, MODEL)

    def open(self) -> Any:
        return _Ear()

    def analyze(self, state: Any, batch: Sequence[Sample]) -> list[Finding]:
        return self.analyze_many([(state, batch)])[0]

    def analyze_many(self, jobs: Sequence[tuple[Any, Sequence[Sample]]]) -> list[list[Finding]]:
        """Listen to all sessions at once: ten windows together take less than half the time."""
        return converse(self._judge, [self._listen_to(state, batch) for state, batch in jobs])

    def evaluate(self, dataset: Iterable[tuple[Sample, Mapping[str, str]]]) -> Metrics:
        """Compare windows of 32 ms with the column `speech`: spans in seconds, as JSON, by `kind`.

        `hit rate` (`recall`) is the share of windows in labelled speech that were heard,
        `precision` the share of windows heard that are labelled, `false alarms` the share of all
        others that were heard (the ends of words among them), `false alarms in noise` that of files
        of the kind `noise`, which need no spans. Other files without them are left out.
        """
        tally: Tally[bool] = Tally()
        files = 0
        for sample, labels in dataset:
            spans = _read_spans(labels)
            if spans is None:
                continue
            files += 1
            [heard] = converse(self._judge, [self._hear(_Ear(), sample.data)])
            for at, score in heard:
                middle = (at + WINDOW / 2) / RATE
                wanted = any(start <= middle < end for start, end in spans)
                tally.add(labels.get("kind", ""), wanted, score >= self._least)
        return Metrics(files, _figures(tally), tally.by_group(_figures))

    @property
    def _least(self) -> float:
        return float(self.config.get("score", 0.5))

    def _listen_to(self, ear: _Ear, batch: Sequence[Sample]) -> Talk[list[Finding]]:
        found = []
        for sample in batch:
            found += yield from self._listen(ear, sample)
        return found

    def _listen(self, ear: _Ear, sample: Sample) -> Talk[list[Finding]]:
        if ear.heard_until is None or abs(sample.at - ear.heard_until) > APART:
            ear.memory = ear.context = None
            ear.rest = b""
        ear.heard_until = sample.at + timedelta(seconds=len(sample.data) // 2 / RATE)
        before = len(ear.rest) // 2
        heard = yield from self._hear(ear, sample.data)
        return [
            _finding(sample, *part)
            for span in _join([one for one in heard if one[1] >= self._least])
            if span[1] - span[0] >= self.config.get("least_seconds", 0.3)
            for part in _divide(span, before / RATE)
        ]

    def _hear(self, ear: _Ear, data: bytes) -> Talk[list[tuple[int, float]]]:
        """Return the place (in samples) of each window and how sure the model is of a voice.

        Places count from the beginning of what the last piece left over.
        """
        numpy = import_module("numpy")
        data = ear.rest + data[: len(data) // 2 * 2][: MAX_SECONDS * RATE * 2]
        sound = numpy.frombuffer(data, "<i2").astype(numpy.float32) / FULL_SCALE
        passed = self._gate(data)
        ear.rest = data[len(sound) // WINDOW * WINDOW * 2 :]
        if ear.memory is None:
            ear.memory = numpy.zeros(STATE_SHAPE, numpy.float32)
            ear.context = numpy.zeros(CONTEXT, numpy.float32)
        heard = []
        for at in range(0, len(sound) - WINDOW + 1, WINDOW):
            window = sound[at : at + WINDOW]
            score = 0.0
            if _is_open(passed, at):
                given = numpy.concatenate([ear.context, window])[None]
                score, ear.memory = yield given, ear.memory
            ear.context = window[-CONTEXT:]
            heard.append((at, score))
        return heard

    def _judge(self, questions: Sequence[Question]) -> list[Answer]:
        """Ask the model about one window of each of several sessions."""
        numpy = import_module("numpy")
        given = {
            "input": numpy.concatenate([window for window, _ in questions]),
            "state": numpy.concatenate([memory for _, memory in questions], axis=1),
            "sr": numpy.array(RATE, numpy.int64),
        }
        with _sessions.borrow(str(find_model(self, MODEL))) as session:
            scores, memories = session.run(None, given)
        # The last digits depend on how many windows are judged together.
        return [
            (round(float(score[0]), 4), memories[:, number : number + 1])
            for number, score in enumerate(scores)
        ]

    def _gate(self, data: bytes) -> list[bool]:
        """Say of each 30 ms whether they may hold speech."""
        vad = import_module("webrtcvad").Vad(self.config.get("gate", 1))
        size = GATE_WINDOW * 2
        places = range(0, len(data) - size + 1, size)
        return [vad.is_speech(data[at : at + size], RATE) for at in places]


def converse(
    judge: Callable[[Sequence[Question]], list[Answer]], talks: Sequence[Talk[Result]]
) -> list[Result]:
    """Let several talks go on side by side, their questions answered together."""
    results: dict[int, Result] = {}
    questions: dict[int, Question] = {}

    def go_on(number: int, answer: Answer | None) -> None:
        talk = talks[number]
        try:
            questions[number] = next(talk) if answer is None else talk.send(answer)
        except StopIteration as end:
            questions.pop(number, None)
            results[number] = end.value

    for number in range(len(talks)):
        go_on(number, None)
    while questions:
        asked = list(questions)[:MOST_TOGETHER]
        for number, answer in zip(asked, judge([questions[n] for n in asked]), strict=True):
            go_on(number, answer)
    return [results[number] for number in range(len(talks))]


def _is_open(passed: Sequence[bool], at: int) -> bool:
    """Let a window through when the gate opened in it, or within a tenth of a second of it."""
    first = max(0, (at - RATE // 10) // GATE_WINDOW)
    return any(passed[first : (at + WINDOW + RATE // 10) // GATE_WINDOW + 1])


_sessions: ModelPool[Any] = ModelPool(make_session)


def _join(heard: Sequence[tuple[int, float]]) -> list[tuple[float, float, float]]:
    """Return spans of seconds with their mean certainty; gaps up to 0.2 s belong to the speech."""
    spans: list[list[tuple[int, float]]] = []
    for at, score in heard:
        if spans and at - spans[-1][-1][0] <= RATE // 5:
            spans[-1].append((at, score))
        else:
            spans.append([(at, score)])
    return [
        (
            span[0][0] / RATE,
            (span[-1][0] + WINDOW) / RATE,
            sum(score for _, score in span) / len(span),
        )
        for span in spans
    ]


def _divide(
    span: tuple[float, float, float], before: float
) -> Iterator[tuple[float, float, float]]:
    """Yield the parts of speech in a piece that begins `before` seconds after the span's zero.

    Rules count findings: whoever speaks for four seconds is noticed alike in one piece or in four.
    """
    start, end, score = max(0.0, span[0] - before), span[1] - before, span[2]
    count = max(1, int((end - start) / PART_SECONDS))
    length = (end - start) / count
    for number in range(count):
        yield start + number * length, start + (number + 1) * length, score


def _finding(sample: Sample, start: float, end: float, score: float) -> Finding:
    text = f"A voice was heard for {end - start:.1f} s. Whose it is cannot be told."
    span = sample.at + timedelta(seconds=start), sample.at + timedelta(seconds=end)
    return finding_about(sample, SPEECH, text, score, span=span)


def _read_spans(labels: Mapping[str, str]) -> list[tuple[float, float]] | None:
    """Read labelled speech, `[[start, end, speaker], ...]`; None where nothing is labelled."""
    text = labels.get("speech", "")
    if labels.get("kind") == NOISE and text in {"", "null"}:
        return []
    try:
        spans = json.loads(text)
        return [(float(span[0]), float(span[1])) for span in spans]
    except (ValueError, TypeError, LookupError):
        return None


def _figures(tally: Tally[bool]) -> dict[str, float]:
    """Return the windows, and those shares of them that can be told."""
    figures, rates = {"windows": float(tally.total)}, tally.rates(True)
    if "recall" in rates:
        figures["hit rate"] = rates["recall"]
    figures |= rates
    if other := tally.wanted(False):
        figures["false alarms"] = tally.false_alarms(True) / other
    noise = tally.of(NOISE)
    if noise.total:
        figures["false alarms in noise"] = noise.found(True) / noise.total
    return figures


@hookimpl
def examhall_detectors() -> list[Detector]:
    """Offer the detector of speech."""
    return [AudioDetector()]
