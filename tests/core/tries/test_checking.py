"""Checks on both databases: several at once, and a question type that fails."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select

from examhall.core.attempts.models import ResponseRecord
from examhall.core.attempts.responses import SaveOperation
from examhall.core.errors import ItemFinishedError, PluginError
from examhall.core.scoring.operations import score_attempt
from examhall.core.tries import checking
from examhall.core.tries.models import ItemStep
from tests.exam_house import LEASE, TEXT, House, Sitting, open_house


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """A platform on each database."""
    with open_house(database_url, tmp_path) as house:
        yield house


@pytest.fixture
def sitting(house: House) -> Sitting:
    settings = {"scoring": {"feedback_mode": "adaptive", "try_penalty": "0.1"}}
    return house.sitting(house.published([("text_entry", TEXT, "2")], settings).exam_id)


def operation(sitting: Sitting, text: str, base: int = 0) -> SaveOperation:
    assert sitting.candidate.user_id is not None
    return SaveOperation(
        attempt_id=sitting.attempt_id,
        item_id=sitting.items[0],
        user_id=sitting.candidate.user_id,
        operation_id=uuid4(),
        client_sequence=base + 1,
        base_revision=base,
        lease_id=LEASE,
        raw={"text": text},
    )


def steps(sitting: Sitting) -> list[ItemStep]:
    with sitting.house.platform.db.reading() as session:
        wanted = select(ItemStep).where(ItemStep.attempt_id == sitting.attempt_id)
        return list(session.scalars(wanted.order_by(ItemStep.number)))


def test_checks_at_once_are_steps_in_a_row_and_replays_are_none(sitting: Sitting) -> None:
    platform, who = sitting.house.platform, sitting.candidate
    todo = [operation(sitting, city) for city in ("Rome", "Oslo", "Bonn")] * 2
    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(lambda one: checking.check_item(platform, who, one), todo))
    assert {one.progress.verdict for one in told} == {"wrong"}
    assert [step.number for step in steps(sitting)] == [1, 2, 3]
    assert sorted(step.try_number for step in steps(sitting)) == [1, 2, 3]
    last = checking.check_item(platform, who, operation(sitting, "Paris", base=3))
    assert last.progress.points == "1.4"
    sitting.submit()
    score = score_attempt(platform, sitting.attempt_id)
    assert score is not None
    assert score.points == Decimal("1.4")
    assert score_attempt(platform, sitting.attempt_id, "again").version == score.version


def test_a_question_that_a_check_has_ended_takes_no_other_answer(house: House) -> None:
    settings = {"scoring": {"feedback_mode": "immediate"}}
    version = house.published([("text_entry", TEXT, "2")] * 2, settings)
    sitting = house.sitting(version.exam_id)
    platform, one = house.platform, operation(sitting, "Rome")
    checking.check_item(platform, sitting.candidate, one)
    other = replace(operation(sitting, "Paris"), item_id=sitting.items[1])
    late, again, fine = platform.saves.save([operation(sitting, "Paris", base=1), one, other])
    assert isinstance(late.error, ItemFinishedError)
    assert (again.state, again.error, fine.error) == ("saved", None, None)
    with platform.db.reading() as session:
        assert session.get_one(ResponseRecord, sitting.items[0]).raw == {"text": "Rome"}
    assert checking.check_item(platform, sitting.candidate, one).progress.verdict == "wrong"


def test_a_type_that_fails_loses_no_answer_and_costs_no_try(
    sitting: Sitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = sitting.house.platform
    plugin = platform.plugins.question_type("text_entry")
    with monkeypatch.context() as broken:
        broken.setattr(type(plugin), "score", lambda *_: 1 / 0)
        one = operation(sitting, "Paris")
        with pytest.raises(PluginError):
            checking.check_item(platform, sitting.candidate, one)
    assert steps(sitting) == []
    with platform.db.reading() as session:
        assert session.get_one(ResponseRecord, sitting.items[0]).raw == {"text": "Paris"}
    assert checking.check_item(platform, sitting.candidate, one).progress.points == "2"
