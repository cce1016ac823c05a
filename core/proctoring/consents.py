"""Consent: what the candidate is told, by class, and what they agreed to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.audit.operations import record
from examhall.core.contracts.detector import Stream
from examhall.core.db import database_now
from examhall.core.errors import ClosedError, ConflictError, InvalidError
from examhall.core.permissions import Principal
from examhall.core.platform import Platform
from examhall.core.proctoring.models import Consent, ProctoringSession
from examhall.core.proctoring.operations import get_own_session, publish_session
from examhall.core.proctoring.policy import wanted_photos

TEXTS: Mapping[str, tuple[str, str]] = {
    "camera": (
        "Camera",
        """Your camera takes still pictures during the exam. A program marks what a person should
        look at, and the people who watch the exam see the pictures.""",
    ),
    "microphone": (
        "Microphone",
        """Your microphone is recorded during the exam. A program marks speech, without writing
        down what is said, and the people who watch the exam can listen.""",
    ),
    "screen": (
        "Screen",
        """Still pictures of your whole screen are taken during the exam, for the people who watch
        it. Close what they should not see.""",
    ),
    "browser": (
        "Browser",
        """The exam page notes when it is hidden, loses the focus or leaves full screen; that you
        copy, cut, paste, print, open a context menu or press a key combination; whether a second
        display is connected and whether developer tools seem to be open. It never notes what you
        type, copy or paste.""",
    ),
    "biometric": (
        "Comparison of faces",
        """A program computes numbers from your face to check that the same person stays in front
        of the camera. They are used for nothing else.""",
    ),
}

PHOTOS: Mapping[str, str] = {
    "face": "Before the exam you take one photo of your face.",
    "document": """Before the exam you take one photo of your identity document, for the people who
    let you in and who look at the exam.""",
}

ROOM: Mapping[str, str] = {
    "required": """A phone that you set up beside you takes still pictures of you and your desk
    too.""",
    "optional": """If you add a phone as room camera, it takes still pictures of you and your desk
    too.""",
}
"""What is said of the room camera, by what the policy asks for."""


@dataclass(frozen=True, slots=True)
class ConsentClass:
    """One thing to agree to."""

    key: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class ConsentForm:
    """All that the candidate is shown; `text_digest` is the sha256 of it."""

    session_id: UUID
    classes: tuple[ConsentClass, ...]
    text: str
    text_digest: str
    given: Mapping[str, bool]


def get_consent_form(session: Session, principal: Principal, attempt_id: UUID) -> ConsentForm:
    """Return what the candidate is asked to agree to, and what they said already.

    Raises NotFoundError when the attempt is not theirs or not watched.
    """
    watched = get_own_session(session, principal, attempt_id=attempt_id)
    return _form(watched, {row.consent_class: row.given for row in _rows(session, watched.id)})


def record_consent(
    session: Session,
    principal: Principal,
    attempt_id: UUID,
    classes: Mapping[str, bool],
    text_digest: str,
) -> ConsentForm:
    """Write down what the candidate agreed to and refused; they may change their mind.

    Raises ConflictError when they were shown another text, InvalidError when a class is missing or
    unknown, ClosedError when the session is over.
    """
    watched = get_own_session(session, principal, attempt_id=attempt_id)
    if watched.state != "open":
        raise ClosedError("The proctoring session is over.")
    form = _form(watched, {})
    if text_digest != form.text_digest:
        raise ConflictError("The text has changed. Read it again.")
    wanted = {entry.key for entry in form.classes}
    if set(classes) != wanted:
        raise InvalidError("Answer for each class.", classes=sorted(wanted ^ set(classes)))
    known = {row.consent_class: row for row in _rows(session, watched.id)}
    now = database_now(session)
    for key, given in classes.items():
        row = known.get(key)
        if row is None:
            row = Consent(session_id=watched.id, consent_class=key)
            session.add(row)
        row.given, row.text_digest, row.at = given, text_digest, now
    session.flush()
    record(
        session,
        principal,
        "consent.recorded",
        "proctoring_session",
        watched.id,
        classes=dict(classes),
        text_digest=text_digest,
    )
    return _form(watched, classes)


def publish_consent(session: Session, platform: Platform, form: ConsentForm) -> None:
    """Tell the wall after the commit what a candidate answered: nobody else sees it withdrawn."""
    publish_session(session, platform, session.get_one(ProctoringSession, form.session_id))


def _rows(session: Session, session_id: UUID) -> list[Consent]:
    return list(session.scalars(select(Consent).where(Consent.session_id == session_id)))


def _form(watched: ProctoringSession, given: Mapping[str, bool]) -> ConsentForm:
    policy = watched.policy
    classes = tuple(
        ConsentClass(key, *_text(policy, key, asked_by))
        for key, asked_by in policy["consent"].items()
    )
    shown: dict[str, Any] = {
        "classes": [[entry.key, entry.title, entry.text] for entry in classes],
        "text": policy["consent_text"],
    }
    digest = hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()
    return ConsentForm(watched.id, classes, policy["consent_text"], digest, dict(given))


def _text(policy: Mapping[str, Any], key: str, asked_by: str) -> tuple[str, str]:
    if key not in TEXTS:
        return key.replace("_", " ").capitalize(), f"Asked for by: {asked_by}."
    title, text = TEXTS[key]
    if key == "camera":
        own = [text] if Stream.CAMERA in policy["streams"] else []
        room = [ROOM[policy["room_camera"]]] if Stream.ROOM in policy["streams"] else []
        photos = [PHOTOS[kind] for kind in wanted_photos(policy)]
        text = " ".join([*own, *room, *photos])
    return title, " ".join(text.split())
