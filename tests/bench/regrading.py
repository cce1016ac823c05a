"""The exam of the benchmark of regrades: finished attempts in bulk, scored as they would be."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from examhall.core.accounts.models import User
from examhall.core.attempts.models import Attempt, AttemptItem, ResponseRecord
from examhall.core.attempts.starting import seed_of
from examhall.core.bulk import insert_rows
from examhall.core.contracts.question_type import Variant
from examhall.core.exams.models import ExamVersion, ExamVersionItem, QuestionVersion, Registration
from examhall.core.regrading.engine import Counted, Engine
from examhall.core.regrading.models import RegradeRun
from examhall.core.regrading.plan import read_plan
from examhall.core.regrading.releasing import ITEM_COLUMNS, list_item_rows, make_score
from examhall.core.regrading.sheets import read_sheets
from examhall.core.scoring.models import ItemScoreRecord, Outcome, ScoreRecord
from tests.exam_house import House

QUESTIONS = 40
SEEDS = 100
"""Attempts share so many seeds: editions are as various as with one each, and sooner made."""
BATCH = 500
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def question(number: int) -> tuple[str, dict[str, Any], str]:
    """Return a question: in turn a choice that is shuffled, a text, a number."""
    if number % 3 == 0:
        options = [{"id": f"o{n}", "text": f"Option {n} of {number}"} for n in range(4)]
        options[0]["correct"] = True  # type: ignore[assignment]
        stem = f"<p>Question {number}: which one of these is it?</p>"
        return "choice", {"stem": stem, "options": options, "shuffle": True}, "1"
    if number % 3 == 1:
        answers = [{"text": f"answer {number}"}, {"text": f"reply {number}", "fraction": "0.5"}]
        return "text_entry", {"stem": f"<p>Text {number}?</p>", "answers": answers}, "2"
    answer = {"value": str(number * 10), "tolerance": "0.5"}
    return "numeric", {"stem": f"<p>Number {number}?</p>", "answers": [answer]}, "1"


def mended(number: int) -> dict[str, Any]:
    """Return a question with another key: another right option, one more text, a wider range."""
    type_key, content, _ = question(number)
    if type_key == "choice":
        options = [{**option, "correct": option["id"] == "o1"} for option in content["options"]]
        return {**content, "options": options}
    if type_key == "text_entry":
        return {**content, "answers": [*content["answers"], {"text": f"word 3 on {number}"}]}
    return {**content, "answers": [{**content["answers"][0], "tolerance": "2"}]}


def respond(number: int, chance: random.Random) -> dict[str, Any]:
    """Return a response: half of them right; texts and numbers as various as people write them."""
    if number % 3 == 0:
        return {"choice": [str(chance.randint(1, 4))]}
    if number % 3 == 1:
        if chance.random() < 0.5:
            return {"text": f"Answer {number}"}
        return {"text": f"word {chance.randint(1, 300)} on {number}"}
    spread = 0 if chance.random() < 0.5 else chance.randint(-300, 300)
    return {"value": f"{number * 10 + spread / 100:.2f}"}


def fill(house: House, version: ExamVersion, attempts: int) -> None:
    """Write finished, scored and released attempts of an exam."""
    sources = read_sources(house, version)
    chance = random.Random(20261121)
    seeds = [chance.getrandbits(60) for _ in range(SEEDS)]
    variants = {(seed, item.id): _variant(house, item, source, seed)
                for seed in seeds for item, source in sources}  # fmt: skip
    for start in range(0, attempts, BATCH):
        size = min(BATCH, attempts - start)
        _add_attempts(house, version, sources, variants, seeds, start, size, chance)
    _score(house, version)


def read_sources(
    house: House, version: ExamVersion
) -> list[tuple[ExamVersionItem, QuestionVersion]]:
    with house.platform.db.reading() as session:
        rows = session.execute(
            select(ExamVersionItem, QuestionVersion)
            .join(QuestionVersion, QuestionVersion.id == ExamVersionItem.question_version_id)
            .where(ExamVersionItem.exam_version_id == version.id)
            .order_by(ExamVersionItem.position)
        )
        return [(row[0], row[1]) for row in rows]


def _variant(house: House, item: ExamVersionItem, source: QuestionVersion, seed: int) -> Variant:
    plugin = house.platform.plugins.question_type(source.type)
    return plugin.prepare(source.content, seed_of(seed, item.position), "en")


def _add_attempts(
    house: House,
    version: ExamVersion,
    sources: list[tuple[ExamVersionItem, QuestionVersion]],
    variants: Mapping[tuple[int, UUID], Variant],
    seeds: list[int],
    start: int,
    size: int,
    chance: random.Random,
) -> None:
    tables: dict[Any, list[dict[str, Any]]] = {
        table: [] for table in (User, Registration, Attempt, AttemptItem, ResponseRecord)
    }
    for number in range(start, start + size):
        user_id, registration_id, attempt_id = uuid4(), uuid4(), uuid4()
        seed = seeds[number % SEEDS]
        tables[User].append(
            {"id": user_id, "login": f"c{number}", "name": f"Candidate {number}", "created_at": NOW}
        )
        tables[Registration].append(
            {
                "id": registration_id,
                "exam_id": version.exam_id,
                "user_id": user_id,
                "candidate_number": f"N{number}",
                "created_at": NOW,
            }
        )
        tables[Attempt].append(
            {
                "id": attempt_id,
                "registration_id": registration_id,
                "user_id": user_id,
                "exam_id": version.exam_id,
                "exam_version_id": version.id,
                "number": 1,
                "state": "submitted",
                "grading_state": "released",
                "seed": seed,
                "created_at": NOW,
                "started_at": NOW,
                "submitted_at": NOW + timedelta(hours=1),
            }
        )
        _add_items(tables, sources, variants, seed, attempt_id, chance)
    _write(house, tables)


def _add_items(
    tables: Mapping[Any, list[dict[str, Any]]],
    sources: list[tuple[ExamVersionItem, QuestionVersion]],
    variants: Mapping[tuple[int, UUID], Variant],
    seed: int,
    attempt_id: UUID,
    chance: random.Random,
) -> None:
    for place, (item, source) in enumerate(sources):
        variant, item_id = variants[seed, item.id], uuid4()
        tables[AttemptItem].append(
            {
                "id": item_id,
                "attempt_id": attempt_id,
                "exam_version_item_id": item.id,
                "position": item.position,
                "section": item.section,
                "points": item.points,
                "type": source.type,
                "plugin_version": source.plugin_version,
                "public": variant.public,
                "secret": variant.secret,
            }
        )
        tables[ResponseRecord].append(
            {
                "item_id": item_id,
                "attempt_id": attempt_id,
                "revision": 1,
                "raw": respond(place, chance),
                "saved_at": NOW,
                "client_sequence": 1,
                "lease_id": "w",
                "conflict": False,
            }
        )


def _write(house: House, tables: Mapping[Any, list[dict[str, Any]]]) -> None:
    with house.platform.db.transaction() as session:
        for table, rows in tables.items():
            if table in {User, Registration, Attempt}:
                session.bulk_insert_mappings(table, rows)
                session.flush()
            else:
                columns = list(rows[0])
                values = ([row[name] for name in columns] for row in rows)
                insert_rows(session, table.__table__, columns, values)


def _score(house: House, version: ExamVersion) -> None:
    """Give every attempt its first score, and release it."""
    db = house.platform.db
    with db.reading() as session:
        run = RegradeRun(exam_id=version.exam_id, replacements=[], scoring=None)
        engine = Engine(house.platform, read_plan(session, run))
        ids = session.scalars(select(Attempt.id).where(Attempt.exam_id == version.exam_id)).all()
    for start in range(0, len(ids), BATCH):
        with db.reading() as session:
            sheets = read_sheets(session, ids[start : start + BATCH])
        counted = engine.count(sheets)
        with db.transaction() as session:
            records = [make_score(one, "", created_at=NOW) for one in counted]
            session.add_all(records)
            session.flush()
            insert_rows(session, ItemScoreRecord.__table__, ITEM_COLUMNS, _rows(counted, records))
            session.add_all(
                Outcome(
                    attempt_id=record.attempt_id,
                    number=1,
                    score_id=record.id,
                    released_by="system",
                    released_at=NOW,
                )
                for record in records
            )


def _rows(counted: list[Counted], records: list[ScoreRecord]) -> Iterator[tuple[Any, ...]]:
    for one, record in zip(counted, records, strict=True):
        yield from list_item_rows(one, record.id)


POINTS = sum(Decimal(question(number)[2]) for number in range(QUESTIONS))
