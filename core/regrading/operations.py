"""What people do with regrades: begin one, release what it found, discard it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import func, insert, literal, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from examhall.core.attempts.models import Attempt
from examhall.core.attempts.states import GradingState
from examhall.core.audit.operations import record
from examhall.core.contracts.scorer import Scorer
from examhall.core.db import after_commit, database_now
from examhall.core.errors import ConflictError, InvalidError, NotFoundError
from examhall.core.exams.content import check_content
from examhall.core.exams.problems import Problem, load_json_form, refuse
from examhall.core.exams.queries import require_for_exam
from examhall.core.permissions import Permission, Principal
from examhall.core.regrading.counting import BATCH, count_left, lock_run
from examhall.core.regrading.models import RegradeAttempt, RegradeRun
from examhall.core.regrading.options import QuestionOption, find_options
from examhall.core.scoring.operations import SCORABLE

if TYPE_CHECKING:
    from examhall.core.platform import Platform

MOST_SLICES = 4
"""How many jobs work on a regrade side by side, at most."""

COUNT_JOB, RELEASE_JOB = "count_regrade", "release_regrade"
MAX_REASON = 500


@dataclass(frozen=True, slots=True)
class Replacement:
    """A question to be scored by one of its versions, the newest where none is named."""

    question_id: UUID
    version: int | None = None


def start_regrade(
    platform: Platform,
    principal: Principal,
    exam_id: UUID,
    *,
    questions: Sequence[Replacement] = (),
    scoring: Mapping[str, Any] | None = None,
    reason: str = "",
) -> RegradeRun:
    """Begin to count an exam's finished attempts again; nothing is released by that.

    `questions` are scored by another version than the candidates had; `scoring` is
    `{"scorer", "settings"}` to count by instead of the exam version's. With neither, everything
    is scored by today's plugins. Needs `scores.release` for the exam. Raises InvalidError with
    all reasons why a version cannot score the responses, ConflictError while another regrade of
    the exam is open or where nothing is finished.
    """
    require_for_exam(principal, Permission.SCORES_RELEASE, exam_id)
    options = find_options(platform, principal, exam_id, _wanted(questions))
    replacements = _check_questions(platform, questions, options.questions)
    own = None if scoring is None else _check_scoring(platform, scoring)
    if len(reason) > MAX_REASON:
        raise InvalidError("The reason is too long.", reason=[f"At most {MAX_REASON} characters."])
    with platform.db.transaction() as session:
        run = _add_run(session, principal, exam_id, reason)
        run.replacements, run.scoring = replacements, own
        total = _add_attempts(session, run)
        if total == 0:
            raise ConflictError("No attempt of this exam is handed in and scored yet.")
        record(
            session,
            principal,
            "regrade.started",
            "regrade",
            run.id,
            exam_id=exam_id,
            attempts=total,
            questions=[f"{one['question_id']} v{one['number']}" for one in replacements],
            scoring=own,
            reason=reason,
        )
        wake_slices(session, platform, run, COUNT_JOB)
        return run


def release_regrade(platform: Platform, principal: Principal, run_id: UUID) -> RegradeRun:
    """Release what a counted regrade has shown; jobs write the score versions and outcomes.

    Releasing again what is being released changes nothing. Raises ConflictError for a run that is
    not counted yet or was discarded.
    """
    with platform.db.transaction() as session:
        run = _get_locked(session, principal, run_id)
        if run.state in {"releasing", "released"}:
            return run
        if run.state != "ready":
            raise ConflictError("Only a regrade that is counted can be released.", state=run.state)
        run.state = "releasing"
        _end(session, principal, run)
        changed = count_left(session, run_id, ["changed"])
        record(session, principal, "regrade.released", "regrade", run_id, changed=changed)
        wake_slices(session, platform, run, RELEASE_JOB)
        return run


def discard_regrade(platform: Platform, principal: Principal, run_id: UUID) -> RegradeRun:
    """Give a regrade up before its release; all scores stay as they are."""
    with platform.db.transaction() as session:
        run = _get_locked(session, principal, run_id)
        if run.state == "discarded":
            return run
        if run.state not in {"counting", "ready"}:
            raise ConflictError("What is released cannot be discarded.", state=run.state)
        run.state = "discarded"
        _end(session, principal, run)
        record(session, principal, "regrade.discarded", "regrade", run_id)
        return run


def get_run(session: Session, principal: Principal, run_id: UUID) -> RegradeRun:
    """Return a run to whoever reads the exam's scores."""
    return _find(session, principal, run_id, Permission.SCORES_READ)


def wake_slices(session: Session, platform: Platform, run: RegradeRun, job: str) -> None:
    """Enqueue the jobs of a run once the transaction is committed."""
    run_id, slices = str(run.id), run.slices

    def enqueue() -> None:
        for number in range(slices):
            platform.queue.enqueue(job, run_id, str(number))

    after_commit(session, enqueue)


def _wanted(questions: Sequence[Replacement]) -> dict[UUID, int | None]:
    wanted = {one.question_id: one.version for one in questions}
    if len(wanted) < len(questions):
        raise InvalidError("A question is named twice.", questions=["Name each question once."])
    return wanted


def _check_questions(
    platform: Platform, questions: Sequence[Replacement], options: Sequence[QuestionOption]
) -> list[dict[str, Any]]:
    known = {option.question_id: option for option in options}
    problems, replacements = [], []
    for place, one in enumerate(questions):
        option = known.get(one.question_id)
        path = f"questions.{place}"
        if option is None or option.version is None:
            message = "The finished attempts have no such question, or it has no such version."
            problems.append(Problem(path, message))
            continue
        problems += [Problem(path, f"{option.title}: {why}") for why in option.reasons]
        version = option.version
        checked = check_content(
            platform.plugins, version.type, version.content, version.content_version
        )
        problems += [
            Problem(path, f"{option.title}: {found.message}") for found in checked.problems
        ]
        replacements.append(
            {
                "question_id": str(one.question_id),
                "version_id": str(version.id),
                "number": version.number,
                "title": option.title,
            }
        )
    refuse("The exam cannot be regraded like this.", problems)
    return replacements


def _check_scoring(platform: Platform, scoring: Mapping[str, Any]) -> dict[str, Any]:
    """Return scorer and settings in their stored form; raises InvalidError, PluginError."""
    key = scoring.get("scorer")
    if not isinstance(key, str) or not set(scoring) <= {"scorer", "settings"}:
        raise InvalidError("Name a scorer and its settings.", scoring=["Name a scorer."])
    scorer: Scorer = platform.plugins.scorer(key)
    schema = platform.plugins.call(scorer, "settings_schema", expect=type)
    loaded, problems = load_json_form(schema(), scoring.get("settings") or {})
    refuse(
        "These settings cannot count an exam.",
        [problem.below("scoring.settings") for problem in problems],
    )
    return {"scorer": key, "settings": loaded}


def _add_run(session: Session, principal: Principal, exam_id: UUID, reason: str) -> RegradeRun:
    now = database_now(session)
    run = RegradeRun(
        exam_id=exam_id,
        reason=reason,
        created_by=principal.user_id,
        created_at=now,
        progressed_at=now,
    )
    session.add(run)
    try:
        session.flush()
    except IntegrityError as error:
        raise ConflictError(
            "Another regrade of this exam is open: release or discard it first."
        ) from error
    return run


def _add_attempts(session: Session, run: RegradeRun) -> int:
    """Write down the finished attempts, dealt out to the slices; return how many there are."""
    finished = (
        Attempt.exam_id == run.exam_id,
        Attempt.state.in_(SCORABLE),
        Attempt.started_at.is_not(None),
        Attempt.grading_state != GradingState.PENDING,
    )
    total = session.scalar(select(func.count()).select_from(Attempt).where(*finished)) or 0
    run.slices = max(1, min(MOST_SLICES, total // BATCH))
    place = (func.row_number().over(order_by=Attempt.id) - 1) % run.slices
    rows = select(
        literal(run.id, RegradeAttempt.run_id.type), Attempt.id, place, literal("waiting")
    ).where(*finished)
    names = ["run_id", "attempt_id", "slice", "state"]
    session.execute(insert(RegradeAttempt).from_select(names, rows, include_defaults=True))
    session.flush()
    return total


def _end(session: Session, principal: Principal, run: RegradeRun) -> None:
    run.ended_by = principal.user_id
    run.ended_at = run.progressed_at = database_now(session)


def _get_locked(session: Session, principal: Principal, run_id: UUID) -> RegradeRun:
    _find(session, principal, run_id, Permission.SCORES_RELEASE)
    run = lock_run(session, run_id)
    if run is None:
        raise NotFoundError("There is no such regrade.")
    return run


def _find(
    session: Session, principal: Principal, run_id: UUID, permission: Permission
) -> RegradeRun:
    if not principal.may_somewhere(permission):
        principal.require(permission)
    run = session.get(RegradeRun, run_id)
    if run is None or not principal.may(permission, run.exam_id):
        raise NotFoundError("There is no such regrade.")
    return run
