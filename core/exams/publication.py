"""Publishing: an exam is checked as a whole and frozen with all that it needs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy.orm import Session

from examhall.core.audit.operations import record
from examhall.core.contracts.access_rule import AccessRule
from examhall.core.contracts.base import Kind
from examhall.core.contracts.question_type import QuestionType
from examhall.core.contracts.scorer import Scorer
from examhall.core.db import database_now
from examhall.core.decimals import write_decimal
from examhall.core.errors import PluginError
from examhall.core.events.operations import emit
from examhall.core.exams.content import check_content
from examhall.core.exams.draws import (
    Place,
    Pool,
    find_pools,
    find_structure_problems,
    list_places,
    outline_exam,
)
from examhall.core.exams.events import ExamPublished
from examhall.core.exams.models import (
    Exam,
    ExamVersion,
    ExamVersionItem,
    QuestionVersion,
)
from examhall.core.exams.operations import lock_exam
from examhall.core.exams.problems import Problem, load_json_form, refuse
from examhall.core.exams.queries import (
    find_latest_question_versions,
    find_latest_version,
    find_titles,
    get_exam_with_structure,
    require_for_exam,
)
from examhall.core.exams.settings import ExamSettingsSchema
from examhall.core.permissions import Permission, Principal
from examhall.core.registry.registry import Registry
from examhall.core.tries.treatment import Treatment

if TYPE_CHECKING:
    from examhall.core.platform import Platform


NO_CERTAINTY = (
    "Candidates are asked how sure they are, and this scorer does not count it: choose"
    " certainty-based marking, or feedback without certainty."
)


@dataclass(frozen=True, slots=True)
class _Draft:
    """An exam as it stood when it was checked."""

    exam: Exam
    questions: Mapping[UUID, QuestionVersion]
    titles: Mapping[UUID, str]
    pools: Mapping[UUID, Pool]
    places: Sequence[Place]


def publish_exam(platform: Platform, principal: Principal, exam_id: UUID) -> ExamVersion:
    """Freeze an exam into its next version, which candidates then take.

    Everything is checked: all problems together are one InvalidError, each with a path and what to
    do. Publishing what has not changed since returns the version that is there. Raises
    StaleRevisionError when somebody changes the exam meanwhile.
    """
    require_for_exam(principal, Permission.EXAMS_WRITE, exam_id)
    draft = _read_draft(platform, principal, exam_id)
    settings, problems = _check_settings(platform.plugins, draft.exam.settings)
    problems += _check_questions(platform.plugins, draft)
    refuse("The exam cannot be published yet.", problems)
    with platform.db.transaction() as session:
        exam = lock_exam(session, principal, exam_id, draft.exam.revision)
        return _freeze(session, principal, exam, draft, settings)


def find_problems(platform: Platform, principal: Principal, exam_id: UUID) -> list[Problem]:
    """Return what keeps an exam from being published."""
    require_for_exam(principal, Permission.EXAMS_WRITE, exam_id)
    draft = _read_draft(platform, principal, exam_id)
    _, problems = _check_settings(platform.plugins, draft.exam.settings)
    return problems + _check_questions(platform.plugins, draft)


def _read_draft(platform: Platform, principal: Principal, exam_id: UUID) -> _Draft:
    with platform.db.reading() as session:
        exam = get_exam_with_structure(session, principal, exam_id)
        pools = find_pools(session, exam)
        places = list_places(exam, pools)
        ids = list({place.question_id for place in places})
        versions = find_latest_question_versions(session, ids)
        weighed = [_weigh(platform.plugins, versions[place.question_id], place) for place in places]
        return _Draft(exam, versions, find_titles(session, ids), pools, weighed)


def _weigh(registry: Registry, version: QuestionVersion, place: Place) -> Place:
    """Take the points from a place whose question asks nothing."""
    plugin = registry.find(Kind.QUESTION_TYPE, version.type)
    asks = not isinstance(plugin, QuestionType) or plugin.takes_answer
    return place if asks else replace(place, points=Decimal(0))


def _freeze(
    session: Session,
    principal: Principal,
    exam: Exam,
    draft: _Draft,
    settings: Mapping[str, Any],
) -> ExamVersion:
    content = _content(draft, settings)
    digest = _digest(content, draft)
    latest = find_latest_version(session, exam.id)
    exam.state = "published"
    if latest is not None and latest.digest == digest:
        session.flush()
        return latest
    version = ExamVersion(
        exam_id=exam.id,
        number=latest.number + 1 if latest else 1,
        content=content,
        digest=digest,
        published_by=principal.user_id,
        published_at=database_now(session),
        items=[
            ExamVersionItem(
                position=position,
                section=draft.exam.sections[place.section].title,
                question_version_id=draft.questions[place.question_id].id,
                points=place.points,
            )
            for position, place in enumerate(draft.places, 1)
        ],
    )
    session.add(version)
    session.flush()
    record(
        session, principal, "exam.published", "exam", exam.id, number=version.number, digest=digest
    )
    emit(
        session,
        ExamPublished(
            subject=f"exam:{exam.id}",
            user_id=principal.user_id,
            exam_id=exam.id,
            course_id=exam.course_id,
            title=exam.title,
            exam_version_id=str(version.id),
            number=version.number,
            digest=digest,
        ),
    )
    return version


def _content(draft: _Draft, settings: Mapping[str, Any]) -> dict[str, Any]:
    def describe(place: Place) -> dict[str, Any]:
        return {
            "question_id": str(place.question_id),
            "question_version": draft.questions[place.question_id].number,
            "points": write_decimal(place.points),
        }

    return {
        "title": draft.exam.title,
        "course_id": draft.exam.course_id,
        "settings": dict(settings),
        **outline_exam(draft.exam, draft.places, describe),
    }


def _digest(content: Mapping[str, Any], draft: _Draft) -> str:
    """Return the sha256 over the version's content and all questions in it."""
    questions = [
        [version.type, version.content_version, version.content]
        for version in (draft.questions[place.question_id] for place in draft.places)
    ]
    text = json.dumps(
        [content, questions], sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    return sha256(text.encode()).hexdigest()


def _check_questions(registry: Registry, draft: _Draft) -> list[Problem]:
    problems = find_structure_problems(draft.exam, draft.pools)
    checked: dict[UUID, Sequence[Problem]] = {}
    for place in draft.places:
        if place.question_id not in checked:
            version = draft.questions[place.question_id]
            checked[place.question_id] = check_content(
                registry, version.type, version.content, version.content_version
            ).problems
        title = draft.titles[place.question_id]
        problems += [
            Problem(one.path, f"{title}: {one.message}").below(place.path)
            for one in checked[place.question_id]
        ]
    if problems:
        return problems
    if not draft.places:
        return [Problem("sections", "The exam has no questions: add at least one.")]
    if not any(place.points > 0 for place in draft.places):
        return [Problem("sections", "No question gives points: give one at least some.")]
    return []


def _check_settings(
    registry: Registry, raw: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Problem]]:
    """Return the settings with plugins' defaults filled in, and all that is wrong with them."""
    settings, problems = load_json_form(ExamSettingsSchema(), raw)
    if problems:
        return {}, [problem.below("settings") for problem in problems]
    for key, own in settings["access"].items():
        path = f"settings.access.{key}"
        rule = registry.find(Kind.ACCESS_RULE, key)
        settings["access"][key] = _check_plugin_settings(
            registry, rule, AccessRule, own, path, problems
        )
    scoring = settings["scoring"]
    scorer = registry.find(Kind.SCORER, scoring["scorer"])
    scoring["settings"] = _check_plugin_settings(
        registry, scorer, Scorer, scoring["settings"], "settings.scoring.settings", problems
    )
    if Treatment.of(scoring).asks_certainty and not getattr(scorer, "counts_certainty", False):
        problems.append(Problem("settings.scoring.scorer", NO_CERTAINTY))
    problems += _check_detectors(registry, settings["proctoring"])
    return settings, problems


def _check_plugin_settings(
    registry: Registry,
    plugin: Any,
    wanted: type[AccessRule | Scorer],
    own: Mapping[str, Any],
    path: str,
    problems: list[Problem],
) -> dict[str, Any]:
    if not isinstance(plugin, wanted):
        message = "This plugin is not installed or not enabled: choose another, or ask an admin."
        problems.append(Problem(path, message))
        return dict(own)
    try:
        schema = registry.call(plugin, "settings_schema", expect=type)
    except PluginError as error:
        problems.append(Problem(path, error.message))
        return dict(own)
    loaded, found = load_json_form(schema(), own)
    problems += [problem.below(path) for problem in found]
    return loaded


def _check_detectors(registry: Registry, proctoring: Mapping[str, Any]) -> Sequence[Problem]:
    if not proctoring["enabled"]:
        return []
    return [
        Problem(
            f"settings.proctoring.detectors.{number}",
            f"The detector {key!r} is not installed or not enabled: take it out, or ask an admin.",
        )
        for number, key in enumerate(proctoring["detectors"])
        if registry.find(Kind.DETECTOR, key) is None
    ]
