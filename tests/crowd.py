"""A room full of candidates who are being watched, for tests and measurements of the wall."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from PIL import Image, ImageDraw
from sqlalchemy import update

from examhall.core.accounts.models import User
from examhall.core.attempts.operations import complete_check_in, create_attempt
from examhall.core.attempts.starting import start_attempt
from examhall.core.permissions import Principal, Role
from examhall.core.proctoring.chunks import NewChunk, store_chunk
from examhall.core.proctoring.consents import get_consent_form, record_consent
from examhall.core.proctoring.operations import find_session
from examhall.core.proctoring.samples import Upload
from tests.exam_house import LEASE, House

WATCHED = {"enabled": True, "detectors": ["face"], "frame_seconds": 1.0}
NAMES = ("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gita", "Hugo", "Ines", "Jun", "Kofi", "Lena")
FAMILIES = ("Adler", "Bellini", "Costa", "Diallo", "Hill", "Kim", "Lis")


@dataclass
class Member:
    """One candidate, whose pictures differ from those of all others."""

    number: int
    principal: Principal
    attempt_id: UUID
    session_id: UUID
    sequences: Iterator[int] = field(default_factory=count)

    def chunk(self) -> tuple[int, bytes]:
        """Return the next chunk's number and its one frame."""
        sequence = next(self.sequences)
        return sequence, frame(self.number, sequence)


def gather(house: House, exam_id: UUID, size: int, *, start: bool = True) -> list[Member]:
    """Let candidates come in, agree to be watched and begin; no detector looks at them."""
    return [
        admit(house, exam_id, _person(house, number), number, start=start) for number in range(size)
    ]


def send_frame(house: House, member: Member) -> str:
    """Store a candidate's next frame as the browser sends it; returns its sha256."""
    sequence, data = member.chunk()
    now = datetime.now(UTC)
    upload = Upload(now - timedelta(milliseconds=50), data, "image/jpeg")
    chunk = NewChunk("camera", sequence, upload.at, now, (upload,), sent_at=now)
    store_chunk(house.platform, member.principal, member.session_id, chunk)
    return upload.sha256


def frame(number: int, sequence: int, width: int = 640, height: int = 480) -> bytes:
    """Return a picture of a person, of about the size that a camera's has; no two are equal."""
    comment = f"frame {number} {sequence}".encode()
    marker = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
    data = _drawn(number % len(_SKINS), sequence % 4, width, height)
    return data[:2] + marker + data[2:]


def describe_crowd(members: list[Member]) -> list[dict[str, Any]]:
    """Return what another process needs to know about the candidates."""
    return [
        {
            "number": one.number,
            "user_id": str(one.principal.user_id),
            "session_id": str(one.session_id),
        }
        for one in members
    ]


def admit(
    house: House, exam_id: UUID, candidate: Principal, number: int = 0, *, start: bool = True
) -> Member:
    """Let one candidate come in; `start` begins the exam, without it they still check in."""
    platform = house.platform
    waived = {"waived_detectors": ["face"], "waiver_reason": "A test."}
    registration = house.register(
        exam_id, candidate, candidate_number=str(20400 + number), **waived
    )
    attempt = create_attempt(platform, candidate, registration.id)
    with platform.db.transaction() as session:
        form = get_consent_form(session, candidate, attempt.id)
        given = {one.key: True for one in form.classes}
        record_consent(session, candidate, attempt.id, given, form.text_digest)
        watched = find_session(session, attempt.id)
    assert watched is not None
    if start:
        complete_check_in(platform, candidate, attempt.id)
        start_attempt(platform, candidate, attempt.id, LEASE)
    return Member(number, candidate, attempt.id, watched.id)


def _person(house: House, number: int) -> Principal:
    candidate = house.person(Role.CANDIDATE)
    name = f"{NAMES[number % len(NAMES)]} {FAMILIES[number % len(FAMILIES)]}"
    with house.platform.db.transaction() as session:
        session.execute(update(User).where(User.id == candidate.user_id).values(name=name))
    return candidate


_SKINS = ("#f2c9a5", "#d9a066", "#8d5a3b", "#6b4229", "#e8b894", "#b9794a")
_cache: dict[tuple[int, int, int, int], bytes] = {}


def _drawn(skin: int, pose: int, width: int, height: int) -> bytes:
    key = (skin, pose, width, height)
    if key not in _cache:
        # Noise makes the file as large as that of a real camera's picture.
        noise = Image.effect_noise((width, height), 18).convert("RGB")
        picture = Image.blend(Image.new("RGB", (width, height), "#7f8b93"), noise, 0.25)
        draw = ImageDraw.Draw(picture)
        middle, top = width // 2 + (pose - 1) * 12, height // 5
        draw.rectangle((middle - 170, height - 110, middle + 170, height), fill="#33506b")
        draw.ellipse((middle - 95, top, middle + 95, top + 250), fill=_SKINS[skin])
        for eye in (-40, 40):
            draw.ellipse((middle + eye - 9, top + 90, middle + eye + 9, top + 108), fill="#222222")
        draw.arc((middle - 40, top + 130, middle + 40, top + 190), 20, 160, fill="#662222", width=5)
        buffer = io.BytesIO()
        picture.save(buffer, "jpeg", quality=70)
        _cache[key] = buffer.getvalue()
    return _cache[key]
