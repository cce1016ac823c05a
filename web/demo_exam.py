"""What `examhall demo` starts with: a person of each role, a watched exam, one of everything."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from examhall.core.accounts.models import User
from examhall.core.accounts.operations import create_user
from examhall.core.contracts.base import Health, HealthStatus, Kind
from examhall.core.errors import PluginError
from examhall.core.exams.operations import create_exam, create_question
from examhall.core.exams.publication import publish_exam
from examhall.core.exams.registrations import register_candidate
from examhall.core.exams.structure import ItemPlan, SectionPlan, replace_structure
from examhall.core.permissions import SYSTEM, Role
from examhall.core.platform import Platform

EXAM = "General science, demonstration"
SHOWCASE = "Every kind of question, demonstration"
EXAM_MINUTES = 30
OPEN_DAYS = 365

PEOPLE = (
    ("admin", "Mira Kowalska", Role.ADMIN),
    ("author", "Samuel Okafor", Role.AUTHOR),
    ("grader", "Ines Duarte", Role.GRADER),
    ("proctor", "Jonas Berg", Role.PROCTOR),
    ("reviewer", "Leila Haddad", Role.REVIEWER),
    ("auditor", "Tomasz Lis", Role.AUDITOR),
    ("candidate", "Anna Hill", Role.CANDIDATE),
    ("candidate2", "Marco Bellini", Role.CANDIDATE),
)

DETECTORS = ("face", "second_person", "gaze", "objects", "audio", "browser", "technical")
"""Who watches, as far as this machine has what they need."""

CONSENT = (
    "This exam shows how watching works. Programs look at what is recorded and make notes. Nothing "
    "is decided by a program: a person looks at every note, and you can see what counted."
)


@dataclass(frozen=True, slots=True)
class DemoQuestion:
    """A question of the demo exam; `type` is a plugin's key and may be missing."""

    section: str
    type: str
    title: str
    points: int
    content: Mapping[str, Any]


QUESTIONS = (
    DemoQuestion(
        "Facts",
        "choice",
        "Largest planet",
        2,
        {
            "stem": "<p>Which planet of the solar system has the largest mass?</p>",
            "mode": "single",
            "shuffle": True,
            "options": [
                {"id": "jupiter", "text": "Jupiter", "correct": True},
                {"id": "saturn", "text": "Saturn"},
                {"id": "earth", "text": "Earth"},
                {"id": "neptune", "text": "Neptune"},
            ],
        },
    ),
    DemoQuestion(
        "Facts",
        "choice",
        "Noble gases",
        3,
        {
            "stem": "<p>Which of these elements are noble gases?</p>",
            "mode": "multiple",
            "shuffle": True,
            "partial_credit": True,
            "options": [
                {"id": "helium", "text": "Helium", "correct": True},
                {"id": "argon", "text": "Argon", "correct": True},
                {"id": "xenon", "text": "Xenon", "correct": True},
                {"id": "nitrogen", "text": "Nitrogen"},
                {"id": "oxygen", "text": "Oxygen"},
            ],
        },
    ),
    DemoQuestion(
        "Facts",
        "choice",
        "Sound in a vacuum",
        1,
        {
            "stem": "<p>Sound travels through a vacuum.</p>",
            "mode": "true_false",
            "answer": False,
        },
    ),
    DemoQuestion(
        "Short answers",
        "text_entry",
        "Unit of force",
        2,
        {
            "stem": "<p>What is the SI unit of force called?</p>",
            "answers": [{"text": "newton"}, {"text": "N", "fraction": "0.5"}],
        },
    ),
    DemoQuestion(
        "Short answers",
        "numeric",
        "Area of a circle",
        3,
        {
            "stem": (
                "<p>A circle has a radius of 3 cm. What is its area in cm"
                "<sup>2</sup>, to one decimal place?</p>"
            ),
            "answers": [{"value": "28.27", "tolerance": "0.06"}],
        },
    ),
    DemoQuestion(
        "In your own words",
        "essay",
        "Why the sky is blue",
        5,
        {
            "stem": "<p>Explain in a few sentences why the sky is blue.</p>",
            "min_words": 5,
            "max_words": 200,
            "rubric": "<p>Scattering 2, dependence on wavelength 2, clear language 1.</p>",
        },
    ),
)


def prepare_demo(platform: Platform) -> dict[str, str]:
    """Fill an empty database; return the password of each login."""
    passwords = {login: secrets.token_urlsafe(9) for login, _, _ in PEOPLE}
    with platform.db.transaction() as session:
        people = {
            login: _add_person(platform, session, login, name, role, passwords[login])
            for login, name, role in PEOPLE
        }
    exams = [
        _make_exam(platform, SHOWCASE, _examples(platform), _settings(platform)),
        _make_exam(platform, EXAM, _own_questions(platform), _watched(platform)),
    ]
    with platform.db.transaction() as session:
        for person in people.values():
            if person.login.startswith("candidate"):
                for exam_id in exams:
                    register_candidate(session, SYSTEM, exam_id, person.id, max_attempts=20)
    return passwords


def _add_person(
    platform: Platform, session: Session, login: str, name: str, role: Role, password: str
) -> User:
    return create_user(
        session, platform.settings, SYSTEM, login, name, password=password, roles=[role]
    )


def _make_exam(
    platform: Platform, title: str, questions: Iterable[DemoQuestion], settings: dict[str, Any]
) -> UUID:
    sections: dict[str, list[ItemPlan]] = {}
    for question in questions:
        made = create_question(
            platform, SYSTEM, title=question.title, type=question.type, content=question.content
        )
        sections.setdefault(question.section, []).append(
            ItemPlan(made.id, Decimal(question.points))
        )
    with platform.db.transaction() as session:
        exam = create_exam(session, SYSTEM, title, settings=settings)
        plans = [SectionPlan(name, items) for name, items in sections.items()]
        replace_structure(session, SYSTEM, exam.id, exam.revision, plans)
    publish_exam(platform, SYSTEM, exam.id)
    return exam.id


def _own_questions(platform: Platform) -> Iterator[DemoQuestion]:
    """Give our own questions, as far as their types are there."""
    usable = {plugin.key for plugin in platform.plugins.all(Kind.QUESTION_TYPE)}
    yield from (question for question in QUESTIONS if question.type in usable)


def _examples(platform: Platform) -> Iterator[DemoQuestion]:
    """Give the example of every question type, in the order of their titles."""
    for plugin in platform.plugins.all(Kind.QUESTION_TYPE):
        example = platform.plugins.question_type(plugin.key).example()
        yield DemoQuestion("Every kind of question", plugin.key, plugin.title, 1, example)


def _settings(platform: Platform) -> dict[str, Any]:
    now = platform.clock.now()
    window = {
        "opens": (now - timedelta(minutes=1)).isoformat(),
        "closes": (now + timedelta(days=OPEN_DAYS)).isoformat(),
    }
    usable = {rule.key for rule in platform.plugins.all(Kind.ACCESS_RULE)}
    return {
        "instructions": "Answer all questions. Your answers are saved by themselves.",
        "time": {"limit_seconds": EXAM_MINUTES * 60},
        "access": {
            key: settings for key, settings in {"schedule": window}.items() if key in usable
        },
        "scoring": {"scorer": "sum", "settings": {"pass_fraction": "0.5"}, "release": "automatic"},
    }


def _watched(platform: Platform) -> dict[str, Any]:
    detectors = [key for key in DETECTORS if _can_watch(platform, key)]
    return {
        **_settings(platform),
        "proctoring": {
            "enabled": bool(detectors),
            "detectors": detectors,
            "consent_text": CONSENT,
            "authorization": "none",
        },
    }


def _can_watch(platform: Platform, key: str) -> bool:
    """Say whether a detector is there, with its libraries and models.

    The one for faces counts without: it says so on the health page, and people see the camera.
    """
    detector = platform.plugins.find(Kind.DETECTOR, key)
    if detector is None or key == "face":
        return detector is not None
    try:
        health = platform.plugins.call(detector, "health", expect=Health)
    except PluginError:
        return False
    return health.status is HealthStatus.OK
