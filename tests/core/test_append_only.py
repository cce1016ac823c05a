"""What was published, answered, timed, scored or noted can be neither changed nor taken away."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError, IntegrityError

from examhall.core.audit.operations import seal_entries
from examhall.core.permissions import Role
from examhall.core.scoring.marking import mark_item
from examhall.core.scoring.operations import score_attempt
from tests.exam_house import TEXT, House, open_house

TABLES = {
    "question_versions": "content",
    "exam_versions": "digest",
    "exam_version_items": "points",
    "attempt_transitions": "target",
    "time_ledger": "seconds",
    "response_revisions": "raw",
    "receipts": "digest",
    "scores": "points",
    "item_scores": "points",
    "outcomes": "number",
    "marks": "fraction",
    "audit_entries": "action",
}


@pytest.fixture
def house(database_url: str, tmp_path: Path):
    """A platform with a scored attempt, so that every table has rows."""
    with open_house(database_url, tmp_path) as house:
        version = house.published([("text_entry", TEXT, "1")], {"time": {"limit_seconds": 3600}})
        sitting = house.sitting(version.exam_id)
        sitting.answer(0, {"text": "Paris"})
        sitting.submit()
        score_attempt(house.platform, sitting.attempt_id)
        grader = house.person(Role.GRADER)
        mark_item(house.platform, grader, sitting.attempt_id, sitting.items[0], Decimal(1))
        yield house


def run(house: House, statement: str) -> Any:
    with house.platform.db.transaction() as session:
        return session.execute(text(statement))


def test_rows_are_only_ever_added(house: House) -> None:
    for table, column in TABLES.items():
        assert run(house, f"select count(*) from {table}").scalar_one() > 0, table
        for statement in (f"update {table} set {column} = {column}", f"delete from {table}"):
            with pytest.raises(IntegrityError, match=f"rows of {table} are only ever added"):
                run(house, statement)


@pytest.mark.services
def test_postgresql_empties_no_table_either(postgres_url: str, tmp_path: Path) -> None:
    with open_house(postgres_url, tmp_path) as house:
        for table in TABLES:
            with pytest.raises(DatabaseError, match="only ever added"):
                run(house, f"truncate {table} cascade")


def test_an_audit_entry_is_sealed_once(house: House) -> None:
    with house.platform.db.transaction() as session:
        assert seal_entries(session) > 0
    for column, value in (("link_hash", "'forged'"), ("link_number", "null")):
        with pytest.raises(IntegrityError, match="only ever added"):
            run(house, f"update audit_entries set {column} = {value}")


def test_responses_can_change(house: House) -> None:
    run(house, "update responses set conflict = conflict")
