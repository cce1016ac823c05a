"""Chunks: what is taken, what is refused, and that an acknowledged one is there."""

import threading
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from examhall.core.contracts.detector import Stream
from examhall.core.contracts.services import EvidenceRef
from examhall.core.errors import (
    ClosedError,
    ConflictError,
    ExamhallError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    PluginError,
    RateLimitedError,
    TooLargeError,
)
from examhall.core.proctoring import chunks, evidence
from examhall.core.proctoring.operations import close_session
from examhall.core.proctoring.samples import Upload, check_sample
from tests.core.attempts.world import World
from tests.core.proctoring.scripted import ALONE, picture
from tests.core.proctoring.watching import START, Watched, watch


def huge_header() -> bytes:
    """A tiny JPEG whose header says 20000 x 20000."""
    data = bytearray(picture(ALONE))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = (20000).to_bytes(2, "big") * 2
    return bytes(data)


def test_an_acknowledged_chunk_is_stored(watched: Watched) -> None:
    chunk = watched.chunk([ALONE, ALONE])
    answer = watched.send(chunk)
    assert answer.stored
    assert answer.digest == chunk.digest
    [row] = watched.chunks()
    assert [sample["sha256"] for sample in row.samples] == [up.sha256 for up in chunk.uploads]
    for upload in chunk.uploads:
        ref = EvidenceRef(upload.sha256, len(upload.data), "")
        store = watched.platform.plugins.evidence_store("folder")
        assert store.get(ref) == upload.data


def test_the_same_chunk_again_changes_nothing(watched: Watched) -> None:
    chunk = watched.chunk([ALONE, ALONE])
    first = watched.send(chunk)
    assert watched.send(chunk) == first
    later = replace(chunk, sent_at=chunk.ended_at + timedelta(seconds=40))
    assert watched.send(later) == first
    assert len(watched.chunks()) == 1


def test_another_chunk_under_the_same_number_is_a_conflict(watched: Watched) -> None:
    watched.send(watched.chunk([ALONE], sequence=3))
    with pytest.raises(ConflictError):
        watched.send(watched.chunk([ALONE], sequence=3))


def test_chunks_sent_at_once_are_each_stored_once(watched: Watched) -> None:
    todo = [watched.chunk([ALONE, ALONE]) for _ in range(6)]
    threads = [threading.Thread(target=watched.send, args=[chunk]) for chunk in todo * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(row.sequence for row in watched.chunks()) == list(range(6))
    with watched.platform.db.reading() as session:
        report = evidence.verify_session_chain(session, watched.session_id)
    assert (report.ok, report.length) == (True, 12)


def test_order_of_arrival_does_not_matter(watched: Watched) -> None:
    todo = [watched.chunk([ALONE]) for _ in range(4)]
    for chunk in (todo[2], todo[0], todo[3], todo[1]):
        watched.send(chunk)
    assert sorted(row.sequence for row in watched.chunks()) == [0, 1, 2, 3]


def test_the_newest_frame_is_remembered_whatever_comes_late(watched: Watched) -> None:
    first, second = watched.chunk([ALONE]), watched.chunk([ALONE])
    watched.send(second)
    watched.send(first)
    assert watched.session().last_frame_sha256 == second.uploads[-1].sha256


HOSTILE = [
    (b"", "image/jpeg", InvalidError),
    (b"\xff\xd8\xff", "image/jpeg", InvalidError),
    (b"GIF89a" + b"0" * 100, "image/jpeg", InvalidError),
    (b"\xff\xd8\xff" + b"0" * 100 + b"\xff\xd9", "image/jpeg", InvalidError),
    (picture(ALONE)[:-200], "image/jpeg", InvalidError),
    (picture(ALONE)[:40] + b"\xff\xd9", "image/jpeg", InvalidError),
    (picture(ALONE), "image/png", InvalidError),
    (picture(ALONE), "text/html", InvalidError),
    (picture(ALONE), "", InvalidError),
    (huge_header(), "image/jpeg", TooLargeError),
    (picture(ALONE)[:-2] + b"0" * 2_000_000 + b"\xff\xd9", "image/jpeg", TooLargeError),
]


@pytest.mark.parametrize(("content", "content_type", "error"), HOSTILE)
def test_what_is_no_picture_is_seen(
    content: bytes, content_type: str, error: type[ExamhallError]
) -> None:
    with pytest.raises(error):
        check_sample(Stream.CAMERA, Upload(START, content, content_type))


def test_a_chunk_with_something_bad_in_it_is_refused_whole(watched: Watched) -> None:
    for content, content_type, error in HOSTILE:
        chunk = watched.chunk([ALONE, ALONE])
        bad = replace(chunk.uploads[1], data=content, content_type=content_type)
        with pytest.raises(error):
            watched.send(replace(chunk, uploads=(chunk.uploads[0], bad)))
    assert watched.chunks() == []
    watched.send(watched.chunk([ALONE]))  # and the session goes on


def test_a_chunk_out_of_bounds_is_refused(watched: Watched) -> None:
    cases: list[tuple[dict[str, object], type[ExamhallError]]] = [
        ({"stream": "kitchen"}, InvalidError),
        ({"stream": "microphone"}, ForbiddenError),
        ({"sequence": -1}, InvalidError),
        ({"sequence": 10**12}, InvalidError),
        ({"uploads": ()}, InvalidError),
        ({"ended_at": START + timedelta(hours=1)}, InvalidError),
    ]
    for changes, error in cases:
        with pytest.raises(error):
            watched.send(watched.chunk([ALONE], **changes))
    for moved in (timedelta(seconds=-1), timedelta(seconds=500)):
        chunk = watched.chunk([ALONE])
        late = replace(chunk.uploads[0], at=chunk.uploads[0].at + moved)
        with pytest.raises(InvalidError):
            watched.send(replace(chunk, uploads=(late,)))
    with pytest.raises(InvalidError):
        watched.send(watched.chunk([ALONE] * 41))


def test_nobody_writes_into_the_session_of_another(world: World, watched: Watched) -> None:
    other = watch(world, exam_id=watched.exam_id)
    other.session_id = watched.session_id
    with pytest.raises(NotFoundError):
        other.send(other.chunk([ALONE]))
    other.session_id = uuid4()
    with pytest.raises(NotFoundError):
        other.send(other.chunk([ALONE]))
    assert watched.chunks() == []


def test_without_consent_nothing_is_recorded(world: World) -> None:
    watched = watch(world, consent=False)
    with pytest.raises(ForbiddenError):
        watched.send(watched.chunk([ALONE]))
    watched.consent(camera=False)
    with pytest.raises(ForbiddenError):
        watched.send(watched.chunk([ALONE]))
    watched.consent(camera=True)
    assert watched.send(watched.chunk([ALONE])).stored


def test_after_the_end_only_what_waited_on_the_device_is_taken(watched: Watched) -> None:
    with watched.platform.db.transaction() as session:
        close_session(session, watched.platform, watched.attempt_id)
    assert watched.send(watched.chunk([ALONE])).stored
    watched.age(watched.platform.settings.drain_seconds + 1)
    with pytest.raises(ClosedError):
        watched.send(watched.chunk([ALONE]))


def test_a_flood_of_samples_is_refused(world: World) -> None:
    watched = watch(world, age=0, frame_seconds=10)
    for _ in range(11):
        watched.send(watched.chunk([ALONE] * 40))
    with pytest.raises(RateLimitedError):
        watched.send(watched.chunk([ALONE]))


def test_nothing_is_acknowledged_when_the_store_is_away(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunk = watched.chunk([ALONE])
    root = watched.platform.settings.data_dir / "evidence"
    root.mkdir(parents=True, exist_ok=True)
    blocked = root / chunk.uploads[0].sha256[:2]
    blocked.write_text("a file where the folder should be")
    with pytest.raises(PluginError):
        watched.send(chunk)
    assert watched.chunks() == []
    blocked.unlink()
    assert watched.send(chunk).stored


def test_the_same_picture_twice_is_one_piece_of_evidence(watched: Watched) -> None:
    chunk = watched.chunk([ALONE, ALONE])
    same = replace(chunk.uploads[1], data=chunk.uploads[0].data)
    watched.send(replace(chunk, uploads=(chunk.uploads[0], same)))
    with watched.platform.db.reading() as session:
        assert evidence.verify_session_chain(session, watched.session_id).length == 1


def test_a_chunk_has_a_bound_over_all_its_samples(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "MAX_CHUNK_BYTES", 1000)
    with pytest.raises(TooLargeError):
        watched.send(watched.chunk([ALONE] * 10))
