"""What can be regraded: which versions of its questions an exam's finished attempts have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from examhall.core.attempts.models import Attempt
from examhall.core.attempts.states import OPEN, RUNNING, GradingState
from examhall.core.contracts.question_type import QuestionType
from examhall.core.errors import PluginError
from examhall.core.exams.models import Exam, ExamVersion, ExamVersionItem, Question, QuestionVersion
from examhall.core.exams.queries import get_exam
from examhall.core.permissions import Permission, Principal
from examhall.core.scoring.operations import SCORABLE

if TYPE_CHECKING:
    from examhall.core.platform import Platform


@dataclass(frozen=True, slots=True)
class QuestionOption:
    """A question of an exam: the versions that candidates had, and the one to score by.

    `reasons` say why its responses cannot be scored with `version`; without `version` the one
    that was asked for is not there.
    """

    question_id: UUID
    title: str
    type: str
    used: tuple[int, ...]
    version: QuestionVersion | None
    reasons: tuple[str, ...] = ()

    @property
    def is_newer(self) -> bool:
        """Whether some candidates had another version."""
        return self.version is not None and any(n != self.version.number for n in self.used)


@dataclass(frozen=True, slots=True)
class RegradeOptions:
    """What a regrade of an exam could do.

    `scoring` is the scorer with its settings that the exam's authors have set by now, None where
    all finished attempts were counted by it. `running` attempts are not finished yet.
    """

    questions: Sequence[QuestionOption]
    scoring: Mapping[str, Any] | None
    finished: int
    running: int


def find_options(
    platform: Platform,
    principal: Principal,
    exam_id: UUID,
    wanted: Mapping[UUID, int | None] | None = None,
) -> RegradeOptions:
    """Return what a regrade of an exam could do; needs `scores.read` for it.

    `wanted` names versions to score by, where they are not the newest; only these questions are
    then looked at.
    """
    with platform.db.reading() as session:
        exam = get_exam(session, principal, exam_id, Permission.SCORES_READ)
        used = _read_used(session, exam_id)
        if wanted is not None:
            used = {key: versions for key, versions in used.items() if key in wanted}
        titles = _read_titles(session, list(used))
        targets = _read_targets(session, list(used), wanted or {})
        scoring = _read_scoring(session, exam)
        finished, running = _count_attempts(session, exam_id)
    questions = [
        QuestionOption(
            question_id=question_id,
            title=titles[question_id],
            type=versions[0].type,
            used=tuple(version.number for version in versions),
            version=targets.get(question_id),
            reasons=_find_reasons(platform, versions, targets.get(question_id)),
        )
        for question_id, versions in used.items()
    ]
    return RegradeOptions(questions, scoring, finished, running)


def _read_used(session: Session, exam_id: UUID) -> dict[UUID, list[QuestionVersion]]:
    """Return the versions of each question that attempts of the exam have, in exam order."""
    attempted = select(Attempt.exam_version_id).where(
        Attempt.exam_id == exam_id, Attempt.started_at.is_not(None)
    )
    rows = session.execute(
        select(QuestionVersion, func.min(ExamVersionItem.position))
        .join(ExamVersionItem, ExamVersionItem.question_version_id == QuestionVersion.id)
        .where(ExamVersionItem.exam_version_id.in_(attempted))
        .group_by(QuestionVersion.id)
        .order_by(func.min(ExamVersionItem.position), QuestionVersion.number)
    )
    used: dict[UUID, list[QuestionVersion]] = {}
    for version, _ in rows:
        used.setdefault(version.question_id, []).append(version)
    return used


def _read_titles(session: Session, ids: Sequence[UUID]) -> dict[UUID, str]:
    rows = session.execute(select(Question.id, Question.title).where(Question.id.in_(ids)))
    return {row.id: row.title for row in rows}


def _read_targets(
    session: Session, ids: Sequence[UUID], wanted: Mapping[UUID, int | None]
) -> dict[UUID, QuestionVersion]:
    rows = session.execute(
        select(QuestionVersion, Question.latest_number)
        .join(Question, Question.id == QuestionVersion.question_id)
        .where(Question.id.in_(ids))
    )
    return {
        version.question_id: version
        for version, latest in rows
        if version.number == (wanted.get(version.question_id) or latest)
    }


def _read_scoring(session: Session, exam: Exam) -> dict[str, Any] | None:
    own = exam.settings.get("scoring", {})
    today = {"scorer": own.get("scorer", "sum"), "settings": own.get("settings", {})}
    attempted = select(Attempt.exam_version_id).where(Attempt.exam_id == exam.id)
    contents = session.scalars(select(ExamVersion.content).where(ExamVersion.id.in_(attempted)))
    for content in contents:
        then = content["settings"]["scoring"]
        if then["scorer"] != today["scorer"] or _differs(then["settings"], today["settings"]):
            return today
    return None


def _differs(then: Mapping[str, Any], today: Mapping[str, Any]) -> bool:
    """Say whether settings differ; what an author left out is what the scorer takes by itself."""
    if set(today) - set(then):
        return True
    return any(then[name] != value for name, value in today.items())


def _count_attempts(session: Session, exam_id: UUID) -> tuple[int, int]:
    rows = session.execute(
        select(Attempt.state, Attempt.grading_state, func.count())
        .where(Attempt.exam_id == exam_id, Attempt.started_at.is_not(None))
        .group_by(Attempt.state, Attempt.grading_state)
    )
    finished = running = 0
    for state, grading, count in rows:
        if state in SCORABLE and grading != GradingState.PENDING:
            finished += count
        elif state in RUNNING or state in OPEN or state in SCORABLE:
            running += count
    return finished, running


def _find_reasons(
    platform: Platform, versions: Sequence[QuestionVersion], target: QuestionVersion | None
) -> tuple[str, ...]:
    """Ask the question type whether responses to each version in use fit the new one."""
    if target is None:
        return ()
    reasons = []
    for version in versions:
        if version.id == target.id:
            continue
        try:
            plugin = platform.plugins.question_type(target.type)
            old = _content(platform, plugin, version)
            new = _content(platform, plugin, target)
            why = platform.plugins.call(plugin, "can_rescore", old, new, expect=(str, type(None)))
        except PluginError as error:
            why = error.message
        if why:
            reasons.append(f"From version {version.number}: {why}")
    return tuple(reasons)


def _content(platform: Platform, plugin: QuestionType, version: QuestionVersion) -> Any:
    if version.content_version == plugin.content_version:
        return version.content
    return platform.plugins.call(
        plugin, "migrate", version.content, version.content_version, expect=dict
    )
