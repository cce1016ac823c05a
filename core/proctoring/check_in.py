"""The photos of the check-in: taken with consent, kept as evidence, needed before the start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from examhall.core.attempts.models import Attempt
from examhall.core.attempts.states import AttemptState
from examhall.core.audit.operations import record
from examhall.core.contracts.detector import Stream
from examhall.core.db import database_now
from examhall.core.errors import ClosedError, ConflictError, ForbiddenError, InvalidError
from examhall.core.permissions import Permission, Principal
from examhall.core.platform import Platform
from examhall.core.proctoring.access import get_session_for
from examhall.core.proctoring.analysis import StoredSample
from examhall.core.proctoring.check_in_models import CheckInPhoto
from examhall.core.proctoring.evidence import append_evidence, put_evidence
from examhall.core.proctoring.models import Evidence, ProctoringSession
from examhall.core.proctoring.operations import find_session, get_own_session, given_classes
from examhall.core.proctoring.policy import wanted_photos
from examhall.core.proctoring.samples import Upload, check_sample
from examhall.core.retention.objects import keep_objects

FACE, DOCUMENT = "face", "document"
KINDS = (FACE, DOCUMENT)
MOST_PHOTOS = 20
JPEG = "image/jpeg"
TAKING = frozenset(
    {AttemptState.CREATED, AttemptState.CHECKING_IN, AttemptState.AWAITING_AUTHORIZATION}
)


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo of the check-in that is in use, and where its bytes lie."""

    kind: str
    number: int
    at: datetime
    evidence_id: UUID
    sha256: str


def store_photo(
    platform: Platform, principal: Principal, attempt_id: UUID, kind: str, upload: Upload
) -> Photo:
    """Store a photo of one's own check-in; it takes the place of an earlier one of its kind.

    Raises NotFoundError for another's attempt, ClosedError when the check-in is over,
    ForbiddenError for a photo that the exam does not ask for or without consent, InvalidError and
    TooLargeError for anything but a JPEG, ConflictError after too many.
    """
    if kind not in KINDS:
        raise InvalidError("There is no such photo.", kind=list(KINDS))
    with platform.db.reading() as session:
        watched = get_own_session(session, principal, attempt_id=attempt_id)
        _check_allowed(session, watched, kind)
    check_sample(Stream.CAMERA, upload)
    ref = put_evidence(platform, upload.data, JPEG)
    store = platform.settings.evidence_store
    with platform.db.transaction() as session:
        watched = session.get_one(ProctoringSession, watched.id, with_for_update=True)
        number = _check_allowed(session, watched, kind) + 1
        now = database_now(session)
        append_evidence(session, watched.id, store, JPEG, [ref], now)
        photo = CheckInPhoto(
            session_id=watched.id, kind=kind, number=number, sha256=ref.sha256, at=now
        )
        session.add(photo)
        session.flush()
        record(
            session,
            principal,
            "check_in.photo",
            "proctoring_session",
            watched.id,
            kind=kind,
            number=number,
            sha256=ref.sha256,
        )
        stored = next(one for one in _current(session, watched.id) if one.kind == kind)
    # A purge of equal bytes may have come in between.
    keep_objects(platform, store, [ref.sha256], lambda: put_evidence(platform, upload.data, JPEG))
    return stored


def list_own_photos(session: Session, principal: Principal, attempt_id: UUID) -> list[Photo]:
    """Return the photos in use of one's own check-in, one of each kind at most."""
    return _current(session, get_own_session(session, principal, attempt_id=attempt_id).id)


def list_photos(session: Session, principal: Principal, session_id: UUID) -> list[Photo]:
    """Return the photos in use of a session, to the people who may watch it."""
    watched = get_session_for(session, principal, Permission.PROCTORING_WATCH, session_id)
    return _current(session, watched.id)


def require_photos(session: Session, attempt_id: UUID) -> None:
    """Raise ConflictError while a photo that the exam asks for is missing."""
    watched = find_session(session, attempt_id)
    if watched is None:
        return
    there = {photo.kind for photo in _current(session, watched.id)}
    missing = [kind for kind in wanted_photos(watched.policy) if kind not in there]
    if missing:
        words = {FACE: "your face", DOCUMENT: "your identity document"}
        named = " and ".join(words[kind] for kind in missing)
        raise ConflictError(f"A photo of {named} is needed before the exam starts.", kinds=missing)


def load_reference_samples(session: Session, session_id: UUID) -> list[StoredSample]:
    """Return the pictures that show who checked in: the photo of the face, if there is one."""
    rows = _rows(session, session_id)
    return [StoredSample(photo.at, row) for photo, row in rows if photo.kind == FACE]


def _check_allowed(session: Session, watched: ProctoringSession, kind: str) -> int:
    """Raise the error that fits; return how many photos of this kind there are."""
    attempt = session.get_one(Attempt, watched.attempt_id)
    if attempt.state not in TAKING or watched.state != "open":
        raise ClosedError("The check-in is over.", state=attempt.state)
    if kind not in wanted_photos(watched.policy):
        raise ForbiddenError("This exam does not ask for that photo.", kind=kind)
    if "camera" not in given_classes(session, watched.id):
        raise ForbiddenError("There is no consent to take photos.", kind=kind)
    newest = session.scalar(
        select(func.max(CheckInPhoto.number)).where(
            CheckInPhoto.session_id == watched.id, CheckInPhoto.kind == kind
        )
    )
    if (newest or 0) >= MOST_PHOTOS:
        raise ConflictError("There are enough photos of this kind. The last one counts.")
    return newest or 0


def _current(session: Session, session_id: UUID) -> list[Photo]:
    return [
        Photo(photo.kind, photo.number, photo.at, row.id, row.sha256)
        for photo, row in _rows(session, session_id)
    ]


def _rows(session: Session, session_id: UUID) -> Sequence[tuple[CheckInPhoto, Evidence]]:
    """Return the newest photo of each kind, the face first, with its evidence."""
    rows = session.execute(
        select(CheckInPhoto, Evidence)
        .join(
            Evidence,
            (Evidence.session_id == CheckInPhoto.session_id)
            & (Evidence.sha256 == CheckInPhoto.sha256),
        )
        .where(CheckInPhoto.session_id == session_id)
        .order_by(CheckInPhoto.number)
    )
    newest = {photo.kind: (photo, row) for photo, row in rows}
    return [newest[kind] for kind in KINDS if kind in newest]
