"""A small institution for tests: a platform, an author, exams of real questions, candidates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from examhall.core.accounts.models import RoleGrant, User
from examhall.core.attempts.operations import complete_check_in, create_attempt
from examhall.core.attempts.responses import SaveOperation
from examhall.core.attempts.room import get_room
from examhall.core.attempts.starting import start_attempt
from examhall.core.attempts.submission import submit_attempt
from examhall.core.exams.models import Exam, ExamVersion, Question, Registration
from examhall.core.exams.operations import create_exam, create_question
from examhall.core.exams.publication import publish_exam
from examhall.core.exams.registrations import register_candidate
from examhall.core.exams.structure import ItemPlan, SectionPlan, replace_structure
from examhall.core.permissions import Principal, Role
from examhall.core.platform import Platform, open_platform
from examhall.core.settings import load_settings

LEASE = "window-1"

CHOICE = {
    "stem": "<p>Which is a prime?</p>",
    "mode": "single",
    "options": [{"id": "seven", "text": "7", "correct": True}, {"id": "nine", "text": "9"}],
}
SEVERAL = {
    "stem": "<p>Which are primes?</p>",
    "mode": "multiple",
    "options": [
        {"id": "two", "text": "2", "correct": True},
        {"id": "three", "text": "3", "correct": True},
        {"id": "five", "text": "5", "correct": True},
        {"id": "four", "text": "4"},
    ],
}
TEXT = {"stem": "<p>Capital of France?</p>", "answers": [{"text": "Paris"}]}
NUMBER = {"stem": "<p>Pi?</p>", "answers": [{"value": "3.14", "tolerance": "0.01"}]}
ESSAY = {"stem": "<p>Why?</p>", "rubric": "<p>the rubric</p>"}

ALL_TYPES = (
    ("choice", CHOICE, "2"),
    ("choice", SEVERAL, "3"),
    ("text_entry", TEXT, "1"),
    ("numeric", NUMBER, "2"),
    ("essay", ESSAY, "4"),
)


@dataclass
class House:
    """The platform and its people."""

    platform: Platform
    names: Iterator[int] = field(default_factory=lambda: iter(range(1_000_000)))

    def person(self, role: Role, exam_id: UUID | None = None) -> Principal:
        name = f"{role}-{next(self.names)}"
        now = datetime.now(UTC)
        with self.platform.db.transaction() as session:
            user = User(login=name, name=name.title(), created_at=now)
            session.add(user)
            session.flush()
            session.add(RoleGrant(user_id=user.id, role=str(role), exam_id=exam_id, granted_at=now))
            return Principal(user.id, user.name, frozenset({(role, exam_id)}))

    def question(self, author: Principal, type_key: str, content: Mapping[str, Any]) -> Question:
        return create_question(
            self.platform, author, title=f"A {type_key}", type=type_key, content=content
        )

    def exam(
        self,
        author: Principal,
        questions: Sequence[tuple[str, Mapping[str, Any], str]] = ALL_TYPES,
        settings: Mapping[str, Any] | None = None,
    ) -> Exam:
        """Make an exam with one section."""
        items = [
            ItemPlan(self.question(author, type_key, content).id, Decimal(points))
            for type_key, content, points in questions
        ]
        with self.platform.db.transaction() as session:
            exam = create_exam(session, author, "Science", course_id="s1", settings=settings)
            plan = [SectionPlan("Part A", items)]
            return replace_structure(session, author, exam.id, exam.revision, plan)

    def published(
        self,
        questions: Sequence[tuple[str, Mapping[str, Any], str]] = ALL_TYPES,
        settings: Mapping[str, Any] | None = None,
    ) -> ExamVersion:
        author = self.person(Role.AUTHOR)
        exam = self.exam(author, questions, settings)
        return publish_exam(self.platform, author, exam.id)

    def register(self, exam_id: UUID, candidate: Principal, **allowance: Any) -> Registration:
        assert candidate.user_id is not None
        author = self.person(Role.AUTHOR)
        with self.platform.db.transaction() as session:
            return register_candidate(session, author, exam_id, candidate.user_id, **allowance)

    def sitting(self, exam_id: UUID, **allowance: Any) -> Sitting:
        """Let a new candidate start."""
        candidate = self.person(Role.CANDIDATE)
        registration = self.register(exam_id, candidate, **allowance)
        attempt = create_attempt(self.platform, candidate, registration.id)
        complete_check_in(self.platform, candidate, attempt.id)
        start_attempt(self.platform, candidate, attempt.id, LEASE)
        room = get_room(self.platform, candidate, attempt.id)
        return Sitting(self, candidate, attempt.id, [item.id for item in room.items])


@dataclass
class Sitting:
    """A candidate with an attempt that runs."""

    house: House
    candidate: Principal
    attempt_id: UUID
    items: list[UUID]
    sequence: int = 0

    def answer(self, place: int, raw: Mapping[str, Any], base: int = 0) -> None:
        self.sequence += 1
        assert self.candidate.user_id is not None
        operation = SaveOperation(
            attempt_id=self.attempt_id,
            item_id=self.items[place],
            user_id=self.candidate.user_id,
            operation_id=uuid4(),
            client_sequence=self.sequence,
            base_revision=base,
            lease_id=LEASE,
            raw=dict(raw),
        )
        result = self.house.platform.saves.save([operation])[0]
        assert result.error is None, result.error

    def answer_by(self, place: int, kind: str) -> None:
        """Answer as the question type itself would: `right`, `wrong`, `invalid`."""
        from examhall.core.attempts.models import AttemptItem
        from examhall.core.contracts.question_type import Variant

        platform = self.house.platform
        with platform.db.reading() as session:
            item = session.get_one(AttemptItem, self.items[place])
        plugin = platform.plugins.question_type(item.type)
        self.answer(place, plugin.simulate(Variant(item.public, item.secret), kind))

    def submit(self) -> None:
        submit_attempt(self.house.platform, self.candidate, self.attempt_id, LEASE)


@contextmanager
def open_house(database_url: str, folder: Path) -> Iterator[House]:
    """Open a platform on a migrated database."""
    settings = load_settings({}, data_dir=folder / "data", database_url=database_url)
    platform = open_platform(settings)
    try:
        yield House(platform)
    finally:
        platform.close()
