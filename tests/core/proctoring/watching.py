"""A candidate who is watched, for tests."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import EntryPoint
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select

from examhall.core.attempts.operations import create_attempt
from examhall.core.permissions import Principal, Role
from examhall.core.platform import Platform
from examhall.core.proctoring.chunks import Acknowledgement, NewChunk, store_chunk
from examhall.core.proctoring.consents import get_consent_form, record_consent
from examhall.core.proctoring.models import Chunk, FindingRecord, IncidentRecord, ProctoringSession
from examhall.core.proctoring.samples import Upload
from examhall.worker.detection import analyse_session
from tests.core.attempts.world import World, open_world
from tests.core.proctoring.scripted import picture

FRAME = timedelta(seconds=0.5)
START = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
WATCHED = {"enabled": True, "detectors": ["scripted"]}

_numbers = count(1)


@dataclass
class Watched:
    """A candidate with an open proctoring session.

    `clock` is what the browser's clock showed when it captured. Everything is sent as if it had
    waited on the device, so that hours can be sent in a moment.
    """

    world: World
    candidate: Principal
    exam_id: UUID
    attempt_id: UUID
    session_id: UUID
    clock: datetime = START
    sending_since: float = field(default_factory=time.monotonic)
    sequences: Iterator[int] = field(default_factory=count)

    @property
    def platform(self) -> Platform:
        return self.world.platform

    def consent(self, **given: bool) -> None:
        with self.platform.db.transaction() as session:
            form = get_consent_form(session, self.candidate, self.attempt_id)
            answers = {entry.key: given.get(entry.key, True) for entry in form.classes}
            record_consent(session, self.candidate, self.attempt_id, answers, form.text_digest)

    def chunk(self, widths: Sequence[int], **changes: Any) -> NewChunk:
        """Return the next chunk: a frame of each width, half a second apart."""
        start = self.clock
        frames = [picture(width, next(_numbers)) for width in widths]
        uploads = tuple(
            Upload(start + index * FRAME, frame, "image/jpeg") for index, frame in enumerate(frames)
        )
        self.clock = start + len(widths) * FRAME
        values = {
            "stream": "camera",
            "started_at": start,
            "ended_at": self.clock - FRAME / 2,
            "uploads": uploads,
            "sent_at": self.sending_clock(),
            **changes,
        }
        if "sequence" not in values:
            values["sequence"] = next(self.sequences)
        return NewChunk(**values)

    def sending_clock(self) -> datetime:
        """Return what the browser's clock shows now: an hour after it captured the first frame."""
        return START + timedelta(hours=1, seconds=time.monotonic() - self.sending_since)

    def send(self, chunk: NewChunk) -> Acknowledgement:
        return store_chunk(self.platform, self.candidate, self.session_id, chunk)

    def show(self, widths: Sequence[int], *, size: int = 2) -> None:
        """Send frames of these widths, `size` a chunk."""
        for at in range(0, len(widths), size):
            self.send(self.chunk(widths[at : at + size]))

    def analyse(self, platform: Platform | None = None) -> None:
        analyse_session(platform or self.platform, self.session_id)

    def session(self) -> ProctoringSession:
        with self.platform.db.reading() as session:
            return session.get_one(ProctoringSession, self.session_id)

    def chunks(self) -> list[Chunk]:
        return self._rows(Chunk, Chunk.started_at)

    def findings(self) -> list[FindingRecord]:
        return self._rows(FindingRecord, FindingRecord.started_at)

    def incidents(self) -> list[IncidentRecord]:
        return self._rows(IncidentRecord, IncidentRecord.started_at)

    def age(self, seconds: float) -> None:
        """Have the session begin (and end) earlier."""
        with self.platform.db.transaction() as session:
            row = session.get_one(ProctoringSession, self.session_id)
            row.started_at -= timedelta(seconds=seconds)
            if row.ended_at is not None:
                row.ended_at -= timedelta(seconds=seconds)

    def _rows(self, table: Any, order: Any) -> list[Any]:
        with self.platform.db.reading() as session:
            wanted = select(table).where(table.session_id == self.session_id)
            return list(session.scalars(wanted.order_by(order)))


@contextmanager
def open_watching(database_url: str, folder: Path, **settings: Any) -> Iterator[World]:
    """Open a world whose platform has the scripted detector."""
    with open_world(database_url, folder, **settings) as world:
        load_scripted(world.platform)
        yield world


def load_scripted(platform: Platform) -> None:
    name, module = "detector.scripted", "tests.core.proctoring.scripted"
    platform.plugins.load([EntryPoint(name, module, "examhall")])
    platform.plugins.refresh()
    assert not platform.plugins.refusals


def watch(
    world: World,
    *,
    consent: bool = True,
    exam_id: UUID | None = None,
    allowance: dict[str, Any] | None = None,
    age: float = 7200,
    **proctoring: Any,
) -> Watched:
    """Return a candidate in check-in whose exam is watched, for `age` seconds already."""
    exam_id = exam_id or world.exam({"proctoring": {**WATCHED, **proctoring}})
    candidate = world.person(Role.CANDIDATE)
    registration_id = world.register(exam_id, candidate, **(allowance or {}))
    attempt = create_attempt(world.platform, candidate, registration_id)
    with world.platform.db.reading() as session:
        session_id = session.scalars(
            select(ProctoringSession.id).where(ProctoringSession.attempt_id == attempt.id)
        ).one()
    watched = Watched(world, candidate, exam_id, attempt.id, session_id)
    watched.age(age)
    if consent:
        watched.consent()
    return watched
