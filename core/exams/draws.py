"""Random picks from the bank: which questions fit, and whether there are always enough."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from examhall.core.exams.bank import with_tags
from examhall.core.exams.models import Draw, Exam, Question, Section
from examhall.core.exams.problems import Problem

MAX_POOL = 500
"""The most questions that one random pick may choose from."""


@dataclass(frozen=True, slots=True)
class Pool:
    """A draw with all questions that it can give; `more` says that there were too many to take."""

    path: str
    draw: Draw
    questions: Sequence[UUID]
    more: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a question stands, or can be drawn to: `path` for authors, number of the section."""

    path: str
    section: int
    question_id: UUID
    points: Decimal
    draw: int | None = None


def find_pools(session: Session, exam: Exam) -> dict[UUID, Pool]:
    """Return the pool of each of an exam's draws, by the draw's id.

    What stands in the exam by itself is in no pool, so that nobody gets a question twice.
    """
    inside = {item.question_id for section in exam.sections for item in section.items}
    return {
        draw.id: _find_pool(session, f"sections.{place}.draws.{number}", draw, inside)
        for place, section in enumerate(exam.sections)
        for number, draw in enumerate(section.draws)
    }


def find_structure_problems(exam: Exam, pools: Mapping[UUID, Pool]) -> list[Problem]:
    """Return what is wrong with the sections: picks and draws that cannot be met."""
    problems: list[Problem] = []
    before: list[Pool] = []
    for place, section in enumerate(exam.sections):
        problems += _pick_problems(place, section)
        for draw in section.draws:
            pool = pools[draw.id]
            problems += _pool_problems(pool, before)
            before.append(pool)
    return problems


def list_places(exam: Exam, pools: Mapping[UUID, Pool]) -> list[Place]:
    """Return all places in order: in each section its items, then what its draws can give."""
    places: list[Place] = []
    for number, section in enumerate(exam.sections):
        for index, item in enumerate(section.items):
            path = f"sections.{number}.items.{index}.question"
            places.append(Place(path, number, item.question_id, item.points))
        for draw in section.draws:
            places += [
                Place(f"questions.{question_id}", number, question_id, draw.points, draw.position)
                for question_id in pools[draw.id].questions
            ]
    return places


def outline_exam(
    exam: Exam,
    places: Sequence[Place],
    describe: Callable[[Place], dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return the sections as `choose_positions` reads them: places count from one to the next."""
    rest = iter([describe(place) if describe else _name(place) for place in places])
    pools = Counter((place.section, place.draw) for place in places if place.draw is not None)
    return {
        "sections": [
            {
                "title": section.title,
                "pick": section.pick,
                "shuffle": section.shuffle,
                "items": list(islice(rest, len(section.items))),
                "draws": [
                    {
                        "count": draw.count,
                        "tags": list(draw.tags),
                        "type": draw.type,
                        "items": list(islice(rest, pools[number, draw.position])),
                    }
                    for draw in section.draws
                ],
            }
            for number, section in enumerate(exam.sections)
        ]
    }


def describe_draw(draw: Draw) -> str:
    """Return in words what a draw asks for."""
    kind = f" of the type “{draw.type}”" if draw.type else ""
    tags = " and ".join(f"“{tag}”" for tag in draw.tags)
    tagged = f" tagged {tags}" if tags else ""
    return f"{draw.count} {'question' if draw.count == 1 else 'questions'}{kind}{tagged}"


def _name(place: Place) -> dict[str, Any]:
    return {"question_id": str(place.question_id)}


def _find_pool(session: Session, path: str, draw: Draw, inside: set[UUID]) -> Pool:
    statement = with_tags(select(Question).where(Question.archived.is_(False)), draw.tags)
    if draw.type:
        statement = statement.where(Question.type == draw.type)
    ids = session.scalars(
        statement.with_only_columns(Question.id)
        .order_by(Question.created_at, Question.id)
        .limit(MAX_POOL + len(inside) + 1)
    )
    found = [question_id for question_id in ids if question_id not in inside]
    return Pool(path, draw, found[:MAX_POOL], more=len(found) > MAX_POOL)


def _pick_problems(place: int, section: Section) -> list[Problem]:
    name = section.title or f"Section {place + 1}"
    path, count = f"sections.{place}.pick", len(section.items)
    if section.pick is not None and section.pick > count:
        message = f"{name} gives each candidate {section.pick} of its questions, but has {count}."
        return [Problem(path, f"{message} Add some, or pick fewer.")]
    return []


def _pool_problems(pool: Pool, before: Sequence[Pool]) -> list[Problem]:
    """Count with the worst that earlier draws can take away from this one."""
    asked, there = describe_draw(pool.draw), len(pool.questions)
    mine = set(pool.questions)
    taken = sum(min(one.draw.count, len(mine & set(one.questions))) for one in before)
    if pool.more:
        message = f"A random pick of {asked} has more than {MAX_POOL} to choose from."
        return [Problem(pool.path, f"{message} Narrow it with tags.")]
    if there < pool.draw.count:
        message = f"A random pick asks for {asked}, but the bank has {there or 'none'}."
        return [Problem(pool.path, f"{message} Tag more questions, or ask for fewer.")]
    if there - taken < pool.draw.count:
        message = f"A random pick asks for {asked}. The bank has {there}, but earlier picks can"
        return [Problem(pool.path, f"{message} take {taken} of them: tag more, or ask for fewer.")]
    return []
