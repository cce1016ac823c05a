"""Photos of the check-in: with consent, before the start, kept as evidence."""

from datetime import UTC, datetime

import pytest

from examhall.core.attempts.operations import complete_check_in
from examhall.core.errors import (
    ClosedError,
    ConflictError,
    ExamhallError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
)
from examhall.core.permissions import Role
from examhall.core.proctoring import check_in
from examhall.core.proctoring.check_in import Photo, list_photos, store_photo
from examhall.core.proctoring.consents import get_consent_form
from examhall.core.proctoring.evidence import verify_session_chain
from examhall.core.proctoring.samples import Upload
from tests.core.attempts.world import World
from tests.core.proctoring.scripted import ALONE, TWO, picture
from tests.core.proctoring.watching import Watched, watch


@pytest.fixture
def arriving(world: World) -> Watched:
    """A candidate who is asked for both photos and has consented."""
    return watch(world, face_photo=True, identity_document=True)


def take(watched: Watched, kind: str, width: int = ALONE) -> Photo:
    upload = Upload(datetime.now(UTC), picture(width), "image/jpeg")
    return store_photo(watched.platform, watched.candidate, watched.attempt_id, kind, upload)


def test_nobody_starts_before_the_photos_are_there(arriving: Watched) -> None:
    with pytest.raises(ConflictError, match="your face and your identity document"):
        complete_check_in(arriving.platform, arriving.candidate, arriving.attempt_id)
    take(arriving, "face")
    with pytest.raises(ConflictError, match="of your identity document is needed"):
        complete_check_in(arriving.platform, arriving.candidate, arriving.attempt_id)
    take(arriving, "document", TWO)
    done = complete_check_in(arriving.platform, arriving.candidate, arriving.attempt_id)
    assert done.state == "authorized"
    with pytest.raises(ClosedError):
        take(arriving, "face")


def test_the_last_photo_counts_and_all_are_in_the_chain(world: World, arriving: Watched) -> None:
    take(arriving, "document", TWO)
    first, second = take(arriving, "face", ALONE), take(arriving, "face", ALONE + 2)
    assert (first.number, second.number) == (1, 2)
    proctor = world.person(Role.PROCTOR)
    with world.platform.db.reading() as session:
        shown = list_photos(session, proctor, arriving.session_id)
        known = check_in.load_reference_samples(session, arriving.session_id)
        report = verify_session_chain(session, arriving.session_id)
    assert [(photo.kind, photo.number) for photo in shown] == [("face", 2), ("document", 1)]
    assert [sample.evidence.id for sample in known] == [second.evidence_id]
    assert (report.ok, report.length) == (True, 3)


def test_a_photo_needs_consent_and_a_reason(world: World) -> None:
    shy = watch(world, consent=False, face_photo=True)
    with pytest.raises(ForbiddenError, match="consent"):
        take(shy, "face")
    shy.consent()
    take(shy, "face")
    with pytest.raises(ForbiddenError, match="does not ask"):
        take(shy, "document")
    with pytest.raises(InvalidError):
        take(shy, "passport")
    shy.candidate = world.person(Role.CANDIDATE)
    with pytest.raises(NotFoundError):
        take(shy, "face")


def test_there_is_an_end_to_photos(arriving: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_in, "MOST_PHOTOS", 1)
    take(arriving, "face")
    with pytest.raises(ConflictError):
        take(arriving, "face")
    take(arriving, "document", TWO)


NO_PHOTOS = [
    (b"", "image/jpeg"),
    (b"\x89PNG\r\n", "image/png"),
    (picture(ALONE), "image/png"),
    (picture(ALONE)[:-30], "image/jpeg"),
    (b"\xff\xd8\xff" + b"0" * 2_000_000 + b"\xff\xd9", "image/jpeg"),
]


def test_what_is_no_photo_is_refused(arriving: Watched) -> None:
    platform, person = arriving.platform, arriving.candidate
    for data, content_type in NO_PHOTOS:
        upload = Upload(datetime.now(UTC), data, content_type)
        with pytest.raises(ExamhallError) as caught:
            store_photo(platform, person, arriving.attempt_id, "face", upload)
        assert caught.value.message
    with platform.db.reading() as session:
        assert check_in.list_own_photos(session, person, arriving.attempt_id) == []


def test_the_consent_speaks_of_the_photos(arriving: Watched) -> None:
    with arriving.platform.db.reading() as session:
        form = get_consent_form(session, arriving.candidate, arriving.attempt_id)
    [camera] = [entry for entry in form.classes if entry.key == "camera"]
    assert "photo of your face" in camera.text
    assert "identity document" in camera.text
