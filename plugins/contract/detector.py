"""The contract of detectors: what they make of good, broken and misplaced samples."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from examhall.plugins import Detector, Finding, HealthStatus, Metrics, Sample, Stream
from examhall.plugins.contract.base import PluginContract, hostile, require_shape

START = datetime(2026, 1, 1, 9, tzinfo=UTC)
PICTURES = frozenset({Stream.CAMERA, Stream.SCREEN, Stream.ROOM})
MARGIN = timedelta(seconds=60)


def make_picture(shade: int = 128) -> bytes:
    """Return a JPEG of 160 by 120 pixels with nobody in it."""
    file = io.BytesIO()
    picture = Image.linear_gradient("L").resize((160, 120)).point(lambda p: (p + shade) % 256)
    picture.convert("RGB").save(file, "JPEG")
    return file.getvalue()


def make_sound(level: int = 0, seconds: float = 1.0) -> bytes:
    """Return 16 kHz 16-bit mono PCM: a square wave, silence at level 0."""
    half = struct.pack("<20h", *[level] * 20) + struct.pack("<20h", *[-level] * 20)
    return half * int(16000 * seconds / 40)


def make_sample(stream: Stream, number: int, data: bytes | None = None) -> Sample:
    """Return a good sample, or one with other bytes."""
    at = START + timedelta(seconds=number)
    if data is None and stream in PICTURES:
        data = make_picture(number * 10 % 256)
    elif data is None and stream is Stream.MICROPHONE:
        data = make_sound(level=number % 2 * 1000)
    elif data is None:
        event = {"type": "state", "hidden": bool(number % 2), "focused": True, "displays": 1}
        data = json.dumps(event).encode()
    duration = 1.0 if stream is Stream.MICROPHONE else 0.0
    return Sample(stream, at, data, sha256(data).hexdigest(), duration)


def _png_bomb() -> bytes:
    """Return the head of a picture that claims to have ten thousand million pixels."""
    head = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    check = struct.pack(">I", zlib.crc32(chunk))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(head)) + chunk + check


BROKEN = {
    "nothing": b"",
    "a truncated picture": make_picture()[:400],
    "half a picture": make_picture()[: len(make_picture()) // 2],
    "a picture with a hole": make_picture()[:500] + b"\0" * 300 + make_picture()[800:],
    "a page": b"<html><body>not found</body></html>",
    "a bomb": _png_bomb(),
    "an odd number of bytes": b"\x01" * 333,
    "JSON that is no event": b"[1, {]",
    "JSON of another shape": b'{"type": {"a": []}, "at": 5}',
}


class DetectorContract(PluginContract):
    """Set `plugin`; `finding_samples` are samples in which it must find something.

    A detector that cannot work here (its model is missing) is skipped, with what it says.
    """

    plugin: ClassVar[Detector]
    finding_samples: ClassVar[Sequence[Sample]] = ()

    @pytest.fixture
    def detector(self, subject: Any) -> Detector:
        """The configured detector, able to work."""
        health = subject.health()
        if health.status is HealthStatus.FAILED:
            pytest.skip(f"{subject.key}: {health.message} {health.hint}")
        found: Detector = subject
        return found

    def batch(self, count: int = 4) -> list[Sample]:
        """Return good samples of all its streams, in order of time."""
        streams = sorted(self.plugin.watched_streams)
        return [make_sample(stream, n) for n in range(count) for stream in streams]

    def analyze(
        self, detector: Detector, batch: Sequence[Sample], state: Any = None
    ) -> list[Finding]:
        """Let it look, and check all that it says."""
        state = detector.open() if state is None else state
        findings = detector.analyze(state, batch)
        self.check_findings(findings, batch)
        return findings

    def check_findings(self, findings: Any, batch: Sequence[Sample]) -> None:
        """Fail unless the findings are about these samples and of declared kinds."""
        require_shape(findings, list[Finding])
        known = {sample.sha256 for sample in batch}
        for finding in findings:
            assert finding.kind in self.plugin.finding_kinds, f"{finding.kind} is not declared"
            assert finding.explanation.strip(), f"{finding.kind} is not explained"
            assert {frame.sha256 for frame in finding.evidence} <= known
            assert finding.start >= min(sample.at for sample in batch) - MARGIN
            assert finding.end <= max(sample.at for sample in batch) + MARGIN
            for box in (box for frame in finding.evidence for box in frame.boxes):
                assert -0.5 <= box.left <= 1.5
                assert -0.5 <= box.top <= 1.5

    def test_it_declares_what_it_watches_and_finds(self) -> None:
        assert self.plugin.consent_class in {
            "camera",
            "microphone",
            "screen",
            "browser",
            "biometric",
        }
        assert self.plugin.finding_kinds
        for kind, title in self.plugin.finding_kinds.items():
            assert "." in kind, f"{kind} is no dotted name"
            assert title.strip()

    def test_its_model_has_a_digest(self, detector: Detector) -> None:
        digest = detector.model_digest()
        assert digest == "" or (len(digest) == 64 and int(digest, 16) >= 0)

    def test_good_samples_are_looked_at(self, detector: Detector) -> None:
        state = detector.open()
        self.analyze(detector, self.batch(), state)
        require_shape(detector.close(state), list[Finding])

    def test_it_finds_what_it_is_made_for(self, detector: Detector) -> None:
        if self.finding_samples:
            state = detector.open()
            found = self.analyze(detector, self.finding_samples, state)
            assert found or detector.close(state)

    def test_nothing_to_look_at_is_nothing_found(self, detector: Detector) -> None:
        state = detector.open()
        assert detector.analyze(state, []) == []
        detector.calibrate(state, [])
        require_shape(detector.close(state), list[Finding])
        assert detector.analyze_many([]) == []

    @pytest.mark.parametrize("what", BROKEN)
    def test_a_broken_sample_is_no_error_and_hides_no_other(
        self, detector: Detector, what: str
    ) -> None:
        for stream in sorted(self.plugin.watched_streams):
            good = self.batch()
            broken = make_sample(stream, 2, BROKEN[what])
            state = detector.open()
            self.analyze(detector, [*good[:2], broken, *good[2:]], state)
            self.analyze(detector, [broken], state)
            detector.calibrate(state, [broken])
            require_shape(detector.close(state), list[Finding])

    @hostile
    @given(data=st.binary(max_size=300))
    def test_any_bytes_are_no_error(self, detector: Detector, data: bytes) -> None:
        for stream in sorted(self.plugin.watched_streams):
            self.analyze(detector, [make_sample(stream, 0, data)])

    def test_samples_out_of_order_or_twice_are_no_error(self, detector: Detector) -> None:
        batch = self.batch()
        state = detector.open()
        self.analyze(detector, [*batch[::-1], *batch], state)
        self.analyze(detector, batch[:1], state)

    def test_the_same_samples_give_the_same_findings(self, detector: Detector) -> None:
        batch = [*self.batch(), *self.finding_samples]
        fresh = [replace(sample, cache={}) for sample in batch]
        assert self.analyze(detector, batch) == self.analyze(detector, fresh)

    def test_sessions_do_not_disturb_each_other(self, detector: Detector) -> None:
        batch = [*self.batch(6), *self.finding_samples]
        alone = self.in_pieces(detector, batch, detector.open())
        one, two = detector.open(), detector.open()
        together = []
        for sample in batch:
            together += self.analyze(detector, [sample], one)
            self.analyze(detector, [replace(sample, at=sample.at + MARGIN)], two)
        assert together == alone

    def in_pieces(self, detector: Detector, batch: Sequence[Sample], state: Any) -> list[Finding]:
        """Let it look at one sample after the other."""
        return [finding for sample in batch for finding in self.analyze(detector, [sample], state)]

    def test_several_sessions_at_once_give_the_same(self, detector: Detector) -> None:
        batches = [self.batch(2), [], [*self.batch(3), *self.finding_samples]]
        jobs = [(detector.open(), batch) for batch in batches]
        many = detector.analyze_many(jobs)
        require_shape(many, list[list[Finding]])
        assert many == [self.analyze(detector, batch) for batch in batches]

    def test_it_can_be_measured_or_says_that_it_cannot(self, detector: Detector) -> None:
        try:
            metrics = detector.evaluate([(sample, {"label": "0"}) for sample in self.batch(2)])
        except NotImplementedError:
            return
        require_shape(metrics, Metrics)
