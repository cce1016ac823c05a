"""Candidates' files: stored before they are named, only while responses count, seen by few."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from examhall.core.attempts.models import Attempt
from examhall.core.errors import (
    ClosedError,
    ConflictError,
    InvalidError,
    LeaseLostError,
    NotFoundError,
    TooLargeError,
)
from examhall.core.media.answers import SPARE_FILES, fits, store_answer_file
from examhall.core.media.models import AttemptFile
from examhall.core.media.reading import find_file, read_file
from examhall.core.permissions import Principal, Role
from examhall.core.platform import Platform
from tests.core.media.files import picture
from tests.exam_house import ESSAY, LEASE, Sitting, open_house

UPLOAD: dict[str, Any] = {"stem": "x", "kinds": ["picture"], "max_count": 2, "max_megabytes": 1}


@dataclass
class Desk:
    """A candidate who sits an exam with a file upload and an essay."""

    sitting: Sitting
    exam_id: UUID

    @property
    def platform(self) -> Platform:
        return self.sitting.house.platform

    @property
    def person(self) -> Callable[..., Principal]:
        return self.sitting.house.person

    def send(self, data: bytes, **changes: Any) -> AttemptFile:
        who = changes.pop("who", self.sitting.candidate)
        item = changes.pop("item", self.sitting.items[0])
        given = {"lease_id": LEASE, "data": data, "name": "a.png", **changes}
        return store_answer_file(self.platform, who, self.sitting.attempt_id, item, **given)


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    with open_house(database_url, tmp_path) as house:
        exam_id = house.published([("file_upload", UPLOAD, "4"), ("essay", ESSAY, "1")]).exam_id
        yield Desk(house.sitting(exam_id), exam_id)


def test_a_file_is_stored_once_and_seen_by_few(desk: Desk) -> None:
    data = picture()
    first = desk.send(data)
    assert desk.send(data, name="again.png").id == first.id
    assert (first.content_type, first.size, first.name) == ("image/png", len(data), "a.png")
    platform, person = desk.platform, desk.person
    found = find_file(platform, desk.sitting.candidate, first.sha256)
    assert read_file(platform, found) == data
    other = desk.sitting.house.published([("essay", ESSAY, "1")]).exam_id
    for role in (Role.GRADER, Role.REVIEWER):
        assert find_file(platform, person(role, desk.exam_id), first.sha256) == found
        with pytest.raises(NotFoundError):
            find_file(platform, person(role, other), first.sha256)
    with pytest.raises(NotFoundError):
        find_file(platform, person(Role.CANDIDATE), first.sha256)


def test_what_an_item_does_not_take_is_refused(desk: Desk) -> None:
    refusals: list[tuple[type[Exception], Callable[[], object]]] = [
        (InvalidError, lambda: desk.send(b"%PDF-1.7 no picture")),
        (InvalidError, lambda: desk.send(b"\x89PNG\r\n\x1a\n broken")),
        (InvalidError, lambda: desk.send(b"")),
        (TooLargeError, lambda: desk.send(picture() + bytes(1024 * 1024))),
        (InvalidError, lambda: desk.send(picture(), item=desk.sitting.items[1])),
        (LeaseLostError, lambda: desk.send(picture(), lease_id="another-window")),
        (NotFoundError, lambda: desk.send(picture(), who=desk.person(Role.CANDIDATE))),
    ]
    for kind, send in refusals:
        with pytest.raises(kind):
            send()
    with pytest.raises(NotFoundError):
        desk.send(picture(), item=uuid4())


def test_there_is_an_end_to_choosing_anew(desk: Desk) -> None:
    for number in range(UPLOAD["max_count"] + SPARE_FILES):
        desk.send(picture(size=(number + 1, 1)))
    with pytest.raises(ConflictError):
        desk.send(picture(size=(99, 99)))


def test_after_the_end_nothing_is_taken(desk: Desk) -> None:
    platform = desk.platform
    desk.sitting.submit()
    with pytest.raises(ClosedError):
        desk.send(picture())
    with platform.db.transaction() as session:
        session.execute(update(Attempt).values(submitted_by="deadline"))
    assert desk.send(picture()).name == "a.png"


@pytest.mark.parametrize(
    ("content_type", "types", "fitting"),
    [
        ("image/png", ["image/png"], True),
        ("audio/webm", ["application/pdf", "audio/*"], True),
        ("image/svg+xml", ["image/png"], False),
        ("text/plain", ["*/*", "text"], False),
    ],
)
def test_kinds(content_type: str, types: list[str], fitting: bool) -> None:
    assert fits(content_type, types) is fitting
