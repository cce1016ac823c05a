"""Files that nothing names are removed, after a while."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from examhall.core.errors import ForbiddenError, InvalidError
from examhall.core.exams.models import Exam
from examhall.core.media.models import MediaRecord
from examhall.core.media.operations import store_media
from examhall.core.permissions import SYSTEM, Role
from examhall.core.platform import Platform
from examhall.core.retention.media import list_unnamed, purge_media
from tests.core.attempts.world import World, now
from tests.core.proctoring.scripted import picture


def store(platform: Platform, number: int, age: int) -> MediaRecord:
    row = store_media(platform, SYSTEM, picture(40, number), f"{number}.jpg")
    with platform.db.transaction() as session:
        moment = now() - timedelta(days=age)
        wanted = MediaRecord.sha256 == row.sha256
        session.execute(update(MediaRecord).where(wanted).values(created_at=moment))
    return row


def test_old_files_that_nothing_names_are_removed(world: World) -> None:
    platform = world.platform
    exam_id = world.exam()
    unnamed, named, fresh, again = (
        store(platform, n, age) for n, age in enumerate([40, 40, 1, 40])
    )
    with platform.db.transaction() as session:
        exam = session.get_one(Exam, exam_id)
        instructions = f'<p><img src="{named.reference}"></p>'
        exam.settings = {**exam.settings, "instructions": instructions}
    store_media(platform, SYSTEM, picture(40, 3), "again.jpg")
    assert [row.sha256 for row in list_unnamed(platform, SYSTEM, 30)] == [unnamed.sha256]
    assert [row.sha256 for row in purge_media(platform, SYSTEM, 30)] == [unnamed.sha256]
    folder = platform.settings.data_dir / "evidence"
    assert not (folder / unnamed.store_key).exists()
    assert all((folder / row.store_key).exists() for row in (named, fresh, again))
    with platform.db.reading() as session:
        assert len(session.scalars(select(MediaRecord)).all()) == 3
    assert purge_media(platform, SYSTEM, 30) == []
    with pytest.raises(InvalidError):
        purge_media(platform, SYSTEM, 0)
    with pytest.raises(ForbiddenError):
        purge_media(platform, world.person(Role.AUTHOR), 30)
