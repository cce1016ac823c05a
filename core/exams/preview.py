"""Looking at questions before candidates do: as they will see them, with the key, and tried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import NoneType
from typing import TYPE_CHECKING, Any
from uuid import UUID

from examhall.core.contracts.question_type import (
    FormatErrors,
    Fragment,
    QuestionType,
    Response,
    Score,
    Variant,
    View,
)
from examhall.core.errors import PluginError
from examhall.core.exams.content import CheckedContent, check_content
from examhall.core.exams.draws import find_pools, list_places, outline_exam
from examhall.core.exams.editions import choose_positions
from examhall.core.exams.problems import Problem
from examhall.core.exams.queries import (
    find_latest_question_versions,
    find_titles,
    get_exam_with_structure,
    require_for_exam,
)
from examhall.core.permissions import Permission, Principal

if TYPE_CHECKING:
    from examhall.core.platform import Platform

LOCALE = "en"


@dataclass(frozen=True, slots=True)
class Tried:
    """What an answer would be worth; without a score, `problems` say why it cannot be read."""

    score: Score | None
    summary: str = ""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """A question as a candidate sees it (`answer`) and with its key (`key`).

    Both are None for content that cannot be shown; `problems` say why, `warnings` do not matter
    to candidates.
    """

    type: str
    answer: Fragment | None = None
    key: Fragment | None = None
    tried: Tried | None = None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class PreviewItem:
    """A place in an exam; `number` counts from 1 through all sections."""

    number: int
    question_id: UUID
    title: str
    points: Decimal
    preview: Preview


@dataclass(frozen=True, slots=True)
class PreviewSection:
    """A section of an exam."""

    title: str
    items: list[PreviewItem] = field(default_factory=list)


def preview_question(
    platform: Platform,
    principal: Principal,
    type_key: str,
    content: Mapping[str, Any],
    *,
    seed: int = 1,
    raw: Mapping[str, Any] | None = None,
) -> Preview:
    """Draw content that need not be stored, and score `raw` where it is given.

    Never raises for bad content or a failing plugin: that is what the preview shows.
    """
    if not principal.may_somewhere(Permission.QUESTIONS_WRITE):
        principal.require(Permission.QUESTIONS_WRITE)
    checked = check_content(platform.plugins, type_key, content)
    return _preview(platform, checked, "preview", seed, raw)


def preview_exam(
    platform: Platform,
    principal: Principal,
    exam_id: UUID,
    *,
    seed: int = 1,
    answers: Mapping[int, Mapping[str, Any]] | None = None,
) -> list[PreviewSection]:
    """Draw one candidate's edition of an exam as it stands; needs `exams.write`.

    Questions have their newest versions; picks and shuffles come from `seed`.
    `answers` are raw responses to try out, by the item's number from 1.
    """
    require_for_exam(principal, Permission.EXAMS_WRITE, exam_id)
    with platform.db.reading() as session:
        exam = get_exam_with_structure(session, principal, exam_id)
        places = list_places(exam, find_pools(session, exam))
        chosen = [places[n - 1] for n in choose_positions(outline_exam(exam, places), seed)]
        ids = list({place.question_id for place in chosen})
        versions = find_latest_question_versions(session, ids)
        titles = find_titles(session, ids)
    sections = [PreviewSection(section.title) for section in exam.sections]
    for number, place in enumerate(chosen, 1):
        version = versions[place.question_id]
        checked = check_content(
            platform.plugins, version.type, version.content, version.content_version
        )
        raw = (answers or {}).get(number)
        preview = _preview(platform, checked, f"item-{number}", seed, raw)
        sections[place.section].items.append(
            PreviewItem(number, place.question_id, titles[place.question_id], place.points, preview)
        )
    return sections


def _preview(
    platform: Platform,
    checked: CheckedContent,
    name: str,
    seed: int,
    raw: Mapping[str, Any] | None,
) -> Preview:
    # A plugin promises nothing about content that it objects to: asking it would count against it.
    if checked.problems:
        return Preview(checked.type, problems=checked.problems, warnings=checked.warnings)
    try:
        plugin = platform.plugins.question_type(checked.type)
        return _draw(platform, plugin, checked, name, seed, raw)
    except PluginError as error:
        return Preview(checked.type, problems=(Problem("", error.message),))


def _draw(
    platform: Platform,
    plugin: QuestionType,
    checked: CheckedContent,
    name: str,
    seed: int,
    raw: Mapping[str, Any] | None,
) -> Preview:
    call = platform.plugins.call
    variant = call(plugin, "prepare", checked.content, seed, LOCALE, expect=Variant)
    answer = call(plugin, "render", variant, View.ANSWER, raw, name=name, expect=Fragment)
    right = call(plugin, "correct_response", variant, expect=(Mapping, NoneType))
    key = call(plugin, "render", variant, View.AUTHOR, right, name=f"{name}-key", expect=Fragment)
    tried = None if raw is None else _try(platform, plugin, variant, raw)
    return Preview(checked.type, answer, key, tried, warnings=checked.warnings)


def _try(
    platform: Platform, plugin: QuestionType, variant: Variant, raw: Mapping[str, Any]
) -> Tried:
    call = platform.plugins.call
    response = call(plugin, "parse", variant, raw, expect=(Response, FormatErrors))
    if isinstance(response, FormatErrors):
        return Tried(None, problems=response.messages)
    score = call(plugin, "score", variant, response, expect=Score)
    return Tried(score, call(plugin, "summarise", variant, response, expect=str))
