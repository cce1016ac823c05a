"""Whatever a device sends, it is refused or kept harmlessly, and the session goes on."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PIL import Image

from examhall.core.contracts.detector import Sample, Stream
from examhall.core.errors import (
    ClosedError,
    ConflictError,
    ExamhallError,
    InvalidError,
    NotFoundError,
    TooLargeError,
)
from examhall.core.proctoring.chunks import MAX_SAMPLES, NewChunk
from examhall.core.proctoring.operations import close_session
from examhall.core.proctoring.samples import MAX_SAMPLE_BYTES, Upload, check_sample
from tests.core.attempts.world import World
from tests.core.proctoring.scripted import ALONE, EMPTY, picture
from tests.core.proctoring.test_jpeg import save, scan_again
from tests.core.proctoring.watching import START, Watched, watch

Spoil = Callable[[NewChunk], NewChunk]


def content(data: bytes, content_type: str = "image/jpeg") -> Spoil:
    def spoil(chunk: NewChunk) -> NewChunk:
        return replace(chunk, uploads=(Upload(chunk.uploads[0].at, data, content_type),))

    return spoil


def many(chunk: NewChunk) -> NewChunk:
    return replace(chunk, uploads=chunk.uploads * (MAX_SAMPLES + 1))


def backwards(chunk: NewChunk) -> NewChunk:
    return replace(chunk, uploads=chunk.uploads[::-1])


def of_no_zone(chunk: NewChunk) -> NewChunk:
    return replace(chunk, ended_at=chunk.ended_at.replace(tzinfo=None))


def of_an_hour(chunk: NewChunk) -> NewChunk:
    return replace(chunk, ended_at=chunk.ended_at + timedelta(hours=1))


REFUSED: dict[str, tuple[Spoil, type[ExamhallError]]] = {
    "cut off": (content(picture(ALONE)[:-30]), InvalidError),
    "header alone": (content(picture(ALONE)[:100] + b"\xff\xd9"), InvalidError),
    "animated png": (
        content(save("png", save_all=True, append_images=[Image.new("RGB", (160, 120))] * 3)),
        InvalidError,
    ),
    "gif named jpeg": (content(save("gif", mode="P")), InvalidError),
    "wrong type": (content(picture(ALONE), "image/svg+xml"), InvalidError),
    "page": (content(b"<script>alert(1)</script>", "text/html"), InvalidError),
    "huge": (content(b"\xff\xd8\xff" + bytes(MAX_SAMPLE_BYTES)), TooLargeError),
    "scan bomb": (content(scan_again(save(progressive=True), 3000)), TooLargeError),
    "too many": (many, InvalidError),
    "backwards": (backwards, InvalidError),
    "no zone": (of_no_zone, InvalidError),
    "an hour": (of_an_hour, InvalidError),
}


def test_after_everything_that_is_refused_the_session_goes_on(watched: Watched) -> None:
    for name, (spoil, error) in REFUSED.items():
        bad = spoil(watched.chunk([ALONE, ALONE]))
        with pytest.raises(error) as refused:
            watched.send(bad)
        assert refused.value.message.endswith("."), name
        watched.send(watched.chunk([EMPTY], sequence=bad.sequence))
    watched.analyse()
    assert len(watched.findings()) == len(REFUSED)
    assert {chunk.state for chunk in watched.chunks()} == {"analysed"}


def test_a_broken_middle_is_stored_and_the_exam_goes_on(watched: Watched) -> None:
    good = save()
    at = good.rindex(b"\xff\xda") + 40
    broken = good[:at] + b"\x00" * 200 + good[at + 900 :]
    watched.send(content(broken)(watched.chunk([ALONE])))
    watched.send(watched.chunk([EMPTY]))
    watched.analyse()
    assert [chunk.state for chunk in watched.chunks()] == ["analysed", "analysed"]
    assert [finding.kind for finding in watched.findings()] == ["face.missing"]


@pytest.mark.vision
def test_detectors_decode_what_is_left_of_a_picture(caplog: pytest.LogCaptureFixture) -> None:
    from examhall.plugins.vision import decode

    good, logged = save(), caplog.at_level(logging.ERROR)
    at = good.rindex(b"\xff\xda") + 40
    with logged:
        for data in (
            good[:at] + b"\xff\xd9",
            good[:at] + bytes(300) + good[at + 900 :],
            good[: at - 45] + bytes(100) + b"\xff\xd9",
        ):
            found = decode(Sample(Stream.CAMERA, START, data, "ab" * 32))
            assert found is None or found.shape == (120, 160, 3)
    assert caplog.records == []


@pytest.mark.parametrize(
    "moment",
    [
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(2099, 1, 1, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
    ],
    ids=lambda moment: str(moment.year),
)
def test_a_clock_that_is_far_off_moves_nothing(watched: Watched, moment: datetime) -> None:
    """Only differences are believed: times are never in the future nor before the session."""
    chunk = watched.chunk([EMPTY])
    upload = replace(chunk.uploads[0], at=moment)
    for sent_at in (None, moment):
        watched.send(
            replace(
                chunk,
                sequence=next(watched.sequences) + 100,
                started_at=moment,
                ended_at=moment,
                uploads=(upload,),
                sent_at=sent_at,
            )
        )
    watched.send(watched.chunk([EMPTY]))
    watched.analyse()
    session = watched.session()
    for row in watched.chunks():
        assert session.started_at <= row.started_at <= row.ended_at <= row.received_at
    assert len(watched.findings()) >= 2


def test_no_chunk_has_more_sound_than_it_lasts(watched: Watched) -> None:
    uploads = (Upload(watched.clock, bytes(1_900_000), "audio/l16"),)
    with pytest.raises(TooLargeError, match="more sound"):
        watched.send(replace(watched.chunk([ALONE]), stream="microphone", uploads=uploads))


def test_a_number_in_use_and_other_sessions_are_left_alone(world: World, watched: Watched) -> None:
    first = watched.chunk([ALONE], sequence=7)
    watched.send(first)
    with pytest.raises(ConflictError):
        watched.send(watched.chunk([EMPTY], sequence=7))
    stranger = watch(world, exam_id=watched.exam_id)
    stranger.session_id = watched.session_id
    with pytest.raises(NotFoundError):
        stranger.send(stranger.chunk([EMPTY]))
    [row] = watched.chunks()
    assert row.digest == first.digest
    watched.send(watched.chunk([EMPTY], sequence=8))
    assert len(watched.chunks()) == 2


def test_a_closed_session_takes_nothing_more(watched: Watched) -> None:
    sent = watched.chunk([ALONE])
    watched.send(sent)
    with watched.platform.db.transaction() as session:
        close_session(session, watched.platform, watched.attempt_id)
    watched.age(watched.platform.settings.drain_seconds + 5)
    with pytest.raises(ClosedError):
        watched.send(watched.chunk([ALONE]))
    assert watched.send(sent).stored, "what was stored is acknowledged for ever"
    assert len(watched.chunks()) == 1


EVENTS: list[Any] = [
    b"{",
    b"[]",
    b'"tab.hidden"',
    b"\xff\xfe",
    b'{"type": NaN}',
    b'{"type": 1e999}',
    b'{"type": ' + b"9" * 400 + b"}",
    b'{"type": "\\ud800"}',
    b'{"type": "a\\u0000b"}',
    b'{"type":' * 300 + b"1" + b"}" * 300,
    b"[" * 4000,
    b'{"type": ' + b"[" * 100 + b"]" * 100 + b"}",
]


@pytest.mark.parametrize("data", EVENTS, ids=range(len(EVENTS)))
def test_events_that_no_reader_can_trust_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidError):
        check_sample(Stream.BROWSER, Upload(START, data, "application/json"))


def test_sound_and_events_have_bounds() -> None:
    sound = "audio/l16"
    check_sample(Stream.MICROPHONE, Upload(START, bytes(32000), sound))
    check_sample(
        Stream.BROWSER, Upload(START, json.dumps({"type": "copy"}).encode(), "application/json")
    )
    for data, error in ((bytes(3), InvalidError), (bytes(MAX_SAMPLE_BYTES + 2), TooLargeError)):
        with pytest.raises(error):
            check_sample(Stream.MICROPHONE, Upload(START, data, sound))
    padded = b'{"type": "' + b"a" * 5000 + b'"}'
    with pytest.raises(TooLargeError):
        check_sample(Stream.BROWSER, Upload(START, padded, "application/json"))
