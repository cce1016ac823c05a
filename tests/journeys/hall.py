"""A served platform with a candidate and a proctor, and a look at what it has stored."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from examhall.core.attempts.models import Attempt, AttemptItem, ResponseRecord
from examhall.core.platform import Platform
from tests.exam_house import ALL_TYPES, House
from tests.web.people import PASSWORD, People

Questions = Sequence[tuple[str, Mapping[str, Any], str]]


class Hall:
    """`url` is where people go; all have the password PASSWORD."""

    def __init__(self, platform: Platform, url: str) -> None:
        self.platform = platform
        self.url = url
        self.house = House(platform)
        self.people = People(platform)
        self.password = PASSWORD

    def open_exam(
        self, login: str = "candidate", *, questions: Questions = ALL_TYPES, **settings: Any
    ) -> UUID:
        """Publish an exam of these questions and register a candidate for it."""
        version = self.house.published(questions, settings or None)
        self.house.register(version.exam_id, self.people.principal(login), max_attempts=3)
        return version.exam_id

    def saved(self, number: int) -> Mapping[str, Any] | None:
        """Return the response that counts for question `number` of the latest attempt."""
        with self.platform.db.reading() as session:
            raws = session.scalars(
                select(ResponseRecord.raw)
                .select_from(AttemptItem)
                .join(ResponseRecord, ResponseRecord.item_id == AttemptItem.id, isouter=True)
                .where(AttemptItem.attempt_id == self.attempt().id)
                .order_by(AttemptItem.position)
            ).all()
        return raws[number - 1]

    def attempt(self) -> Attempt:
        """Return the latest attempt."""
        with self.platform.db.reading() as session:
            return session.scalars(
                select(Attempt).order_by(Attempt.created_at.desc()).limit(1)
            ).one()
