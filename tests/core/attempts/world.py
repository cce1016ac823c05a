"""A small world for tests of attempts: a platform, a published exam, candidates who sit it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.accounts.models import RoleGrant, User
from examhall.core.attempts.models import Attempt, AttemptItem, ResponseRecord, ResponseRevision
from examhall.core.attempts.operations import complete_check_in, create_attempt
from examhall.core.attempts.responses import SaveOperation, SaveResult
from examhall.core.attempts.starting import start_attempt
from examhall.core.contracts.question_type import QuestionType
from examhall.core.exams.models import (
    Exam,
    ExamVersion,
    ExamVersionItem,
    Question,
    QuestionVersion,
    Registration,
)
from examhall.core.exams.settings import ExamSettingsSchema
from examhall.core.permissions import Principal, Role
from examhall.core.platform import Platform, open_platform
from examhall.core.settings import load_settings

LEASE = "window-1"
OTHER_LEASE = "window-2"


@dataclass
class Sitting:
    """A candidate with an attempt that runs."""

    world: World
    candidate: Principal
    attempt_id: UUID
    items: list[UUID]
    sequence: int = 0

    def operation(
        self,
        text: str = "answer",
        *,
        item: int = 0,
        base: int = 0,
        lease: str = LEASE,
        sequence: int | None = None,
        operation_id: UUID | None = None,
    ) -> SaveOperation:
        self.sequence += 1
        assert self.candidate.user_id is not None
        return SaveOperation(
            attempt_id=self.attempt_id,
            item_id=self.items[item],
            user_id=self.candidate.user_id,
            operation_id=operation_id or uuid4(),
            client_sequence=self.sequence if sequence is None else sequence,
            base_revision=base,
            lease_id=lease,
            raw={"text": text},
        )

    def save(self, *operations: SaveOperation) -> list[SaveResult]:
        return self.world.platform.saves.save(operations)

    def save_text(self, text: str, **options: Any) -> SaveResult:
        return self.save(self.operation(text, **options))[0]

    def attempt(self) -> Attempt:
        with self.world.platform.db.reading() as session:
            return session.get_one(Attempt, self.attempt_id)

    def response(self, item: int = 0) -> ResponseRecord | None:
        with self.world.platform.db.reading() as session:
            return session.get(ResponseRecord, self.items[item])

    def revisions(self) -> list[ResponseRevision]:
        with self.world.platform.db.reading() as session:
            return list(
                session.scalars(
                    select(ResponseRevision)
                    .where(ResponseRevision.attempt_id == self.attempt_id)
                    .order_by(ResponseRevision.id)
                )
            )

    def change(self, **values: Any) -> None:
        """Set columns of the attempt, as time or a fault would."""
        with self.world.platform.db.transaction() as session:
            attempt = session.get_one(Attempt, self.attempt_id)
            for name, value in values.items():
                setattr(attempt, name, value)


@dataclass
class World:
    """A platform with what tests of attempts need."""

    platform: Platform
    names: Iterator[int] = field(default_factory=lambda: iter(range(1_000_000)))

    def person(self, role: Role, exam_id: UUID | None = None) -> Principal:
        name = f"{role}-{next(self.names)}"
        with self.platform.db.transaction() as session:
            user = User(login=name, name=name.title(), created_at=now())
            session.add(user)
            session.flush()
            session.add(
                RoleGrant(user_id=user.id, role=str(role), exam_id=exam_id, granted_at=now())
            )
            return Principal(user.id, user.name, frozenset({(role, exam_id)}))

    def exam(
        self,
        settings: Mapping[str, Any] | None = None,
        questions: int = 3,
        *,
        kind: str = "text_entry",
        published: bool = True,
    ) -> UUID:
        """Return an exam of text questions; `kind` is what they say that they are."""
        loaded = ExamSettingsSchema().dump(ExamSettingsSchema().load(dict(settings or {})))
        plugin = self.platform.plugins.question_type("text_entry")
        with self.platform.db.transaction() as session:
            exam = Exam(title="Geography", state="published", settings=loaded, created_at=now())
            session.add(exam)
            session.flush()
            if not published:
                return exam.id
            version = ExamVersion(
                exam_id=exam.id,
                number=1,
                content={
                    "title": exam.title,
                    "settings": loaded,
                    "sections": [{"title": "", "items": [{}] * questions}],
                },
                digest="d" * 64,
                published_at=now(),
            )
            session.add(version)
            session.flush()
            for position in range(1, questions + 1):
                self._add_question(session, version.id, position, plugin, kind)
            return exam.id

    def _add_question(
        self, session: Session, version_id: UUID, position: int, plugin: QuestionType, kind: str
    ) -> None:
        question = Question(title=f"Q{position}", type=plugin.key, created_at=now())
        session.add(question)
        session.flush()
        written = QuestionVersion(
            question_id=question.id,
            number=1,
            type=kind,
            content=dict(plugin.example()),
            content_version=plugin.content_version,
            plugin_version=plugin.version,
            created_at=now(),
        )
        session.add(written)
        session.flush()
        session.add(
            ExamVersionItem(
                exam_version_id=version_id,
                position=position,
                question_version_id=written.id,
                points=Decimal(1),
            )
        )

    def register(self, exam_id: UUID, candidate: Principal, **allowance: Any) -> UUID:
        with self.platform.db.transaction() as session:
            registration = Registration(
                exam_id=exam_id, user_id=candidate.user_id, created_at=now(), **allowance
            )
            session.add(registration)
            session.flush()
            return registration.id

    def sitting(
        self,
        settings: Mapping[str, Any] | None = None,
        *,
        exam_id: UUID | None = None,
        start: bool = True,
        **allowance: Any,
    ) -> Sitting:
        """Return a candidate whose attempt runs (or is authorized, without `start`)."""
        exam_id = exam_id or self.exam(settings)
        candidate = self.person(Role.CANDIDATE)
        registration_id = self.register(exam_id, candidate, **allowance)
        attempt = create_attempt(self.platform, candidate, registration_id)
        complete_check_in(self.platform, candidate, attempt.id)
        if start:
            start_attempt(self.platform, candidate, attempt.id, LEASE)
        with self.platform.db.reading() as session:
            items = session.scalars(
                select(AttemptItem.id)
                .where(AttemptItem.attempt_id == attempt.id)
                .order_by(AttemptItem.position)
            ).all()
        return Sitting(self, candidate, attempt.id, list(items))


def now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def open_world(database_url: str, folder: Path, **settings: Any) -> Iterator[World]:
    platform = open_platform(
        load_settings({}, database_url=database_url, data_dir=folder, **settings)
    )
    try:
        yield World(platform)
    finally:
        platform.close()
