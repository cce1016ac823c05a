"""How detection keeps up, as those see it who look after exams."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from examhall.core.contracts.base import HealthStatus
from examhall.core.errors import ForbiddenError
from examhall.core.health import check_health
from examhall.core.permissions import SYSTEM, Role
from examhall.core.proctoring.load import DetectionWorker, get_load, report_load
from examhall.core.proctoring.models import Chunk
from tests.core.proctoring.scripted import ALONE
from tests.core.proctoring.watching import Watched


def test_what_waits_and_who_looks_less_often_is_told(watched: Watched) -> None:
    platform = watched.platform
    proctor = watched.world.person(Role.PROCTOR)
    watched.show([ALONE] * 4)
    with platform.db.transaction() as session:
        for row in session.scalars(select(Chunk)):
            row.received_at -= timedelta(seconds=20)
        report_load(session, "one", 12.0, {"scripted": 2})
        report_load(session, "one", 10.0, {"scripted": 4})
        report_load(session, "two", 5.0, {})
    with platform.db.reading() as session:
        load = get_load(session, platform.plugins, proctor)
    assert (load.waiting_chunks, load.waiting_sessions, load.workers) == (2, 1, 2)
    assert 20 <= load.oldest_seconds < 60
    assert load.samples_per_second == 15.0
    assert [(one.key, one.cadence, one.present) for one in load.slowed] == [("scripted", 0.25, 1.0)]
    [check] = [one for one in check_health(platform, SYSTEM) if one.name == "detection"]
    assert check.status is HealthStatus.DEGRADED
    assert "Scripted looks every 1 s" in check.message


def test_what_a_worker_said_long_ago_counts_no_more(watched: Watched) -> None:
    platform = watched.platform
    with platform.db.transaction() as session:
        report_load(session, "one", 10.0, {"scripted": 4})
        row = session.scalars(select(DetectionWorker)).one()
        row.at -= timedelta(minutes=1)
    with platform.db.reading() as session:
        load = get_load(session, platform.plugins, SYSTEM)
    assert (load.workers, load.slowed) == (0, [])


def test_candidates_do_not_see_it(watched: Watched) -> None:
    with watched.platform.db.reading() as session, pytest.raises(ForbiddenError):
        get_load(session, watched.platform.plugins, watched.candidate)
