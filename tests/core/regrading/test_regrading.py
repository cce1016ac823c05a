"""A regrade is counted, shown, then released: nothing is overwritten, marks stay."""

from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from examhall.core.attempts.models import Attempt, AttemptItem
from examhall.core.attempts.responses import SaveOperation
from examhall.core.audit.models import AuditEntry
from examhall.core.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from examhall.core.events.models import Event
from examhall.core.exams.models import QuestionVersion
from examhall.core.exams.operations import add_question_version
from examhall.core.permissions import Role
from examhall.core.regrading import counting, releasing
from examhall.core.regrading.counting import count_slice
from examhall.core.regrading.models import RegradeAttempt, RegradeRun
from examhall.core.regrading.operations import (
    Replacement,
    discard_regrade,
    release_regrade,
    start_regrade,
)
from examhall.core.regrading.options import find_options
from examhall.core.regrading.queries import (
    find_forgotten_slices,
    get_summary,
    list_changes,
    list_question_changes,
    list_runs,
)
from examhall.core.regrading.releasing import release_slice
from examhall.core.scoring.marking import mark_item
from examhall.core.scoring.models import Outcome, ScoreRecord
from examhall.core.scoring.operations import release_outcome, score_attempt
from examhall.core.scoring.queries import find_latest_score, list_score_versions
from examhall.core.tries.checking import check_item
from tests.exam_house import ALL_TYPES, CHOICE, ESSAY, LEASE, NUMBER, TEXT

SCORING = {"scoring": {"scorer": "sum", "settings": {"pass_fraction": "0.5"}}}
MENDED = {**TEXT, "answers": [{"text": "Paris"}, {"text": "Lutetia"}]}

NINE = [{"id": "seven", "text": "7"}, {"id": "nine", "text": "9", "correct": True}]


def sat(house, exam_id, *answers):
    """Return a sitting with answers, handed in and scored."""
    sitting = house.sitting(exam_id)
    for place, raw in enumerate(answers):
        if isinstance(raw, str):
            sitting.answer_by(place, raw)
        elif raw is not None:
            sitting.answer(place, raw)
    sitting.submit()
    score_attempt(house.platform, sitting.attempt_id)
    return sitting


def question_at(house, version, position):
    with house.platform.db.reading() as session:
        item = next(item for item in version.items if item.position == position)
        return session.get_one(QuestionVersion, item.question_version_id).question_id


def mend(house, author, version, position, content):
    question_id = question_at(house, version, position)
    add_question_version(house.platform, author, question_id, content)
    return Replacement(question_id)


def count(house, run):
    for number in range(run.slices):
        assert count_slice(house.platform, run.id, number)
    with house.platform.db.reading() as session:
        return get_summary(session, house.person(Role.AUTHOR), run.id)


def release(house, author, run):
    release_regrade(house.platform, author, run.id)
    for number in range(run.slices):
        assert release_slice(house.platform, run.id, number)
    with house.platform.db.reading() as session:
        return get_summary(session, author, run.id)


def score_of(house, sitting):
    with house.platform.db.reading() as session:
        return find_latest_score(session, sitting.attempt_id)


def outcomes(house, sitting):
    with house.platform.db.reading() as session:
        return session.scalars(
            select(Outcome).where(Outcome.attempt_id == sitting.attempt_id).order_by(Outcome.number)
        ).all()


def changes(house, author, run):
    with house.platform.db.reading() as session:
        rows = list_changes(session, author, run.id).items
    return {row.attempt.attempt_id: row for row in rows}


def test_a_mended_key_is_counted_shown_and_released(house, author):
    exam = house.published((("choice", CHOICE, "1"), ("text_entry", TEXT, "1")), SCORING)
    one = sat(house, exam.exam_id, "wrong", {"text": "Lutetia"})
    two = sat(house, exam.exam_id, "right", {"text": "Paris"})
    replacement = mend(house, author, exam, 2, MENDED)
    run = start_regrade(
        house.platform, author, exam.exam_id, questions=[replacement], reason="Lutetia counts"
    )
    summary = count(house, run)
    assert (summary.run.state, summary.changed, summary.unchanged) == ("ready", 1, 1)
    assert (summary.higher, summary.lower, summary.to_passed, summary.to_failed) == (1, 0, 1, 0)
    row = changes(house, author, run)[one.attempt_id]
    assert (row.attempt.old_points, row.attempt.new_points, row.flip) == (0, 1, "passed")
    assert [(item.position, item.old_points, item.new_points) for item in row.items] == [(2, 0, 1)]
    # Nothing has happened yet.
    assert score_of(house, one).version == 1
    assert [outcome.number for outcome in outcomes(house, one)] == [1]

    done = release(house, author, run)
    assert (done.run.state, done.changed, done.unchanged, done.percent) == ("released", 1, 1, 100)
    score = score_of(house, one)
    assert (score.version, score.points, score.passed) == (2, 1, True)
    assert score.reason == "Lutetia counts"
    assert [(outcome.number, outcome.score_id) for outcome in outcomes(house, one)][1:] == [
        (2, score.id)
    ]
    assert len(outcomes(house, two)) == 1
    assert score_of(house, two).version == 1
    with house.platform.db.reading() as session:
        versions = list_score_versions(session, author, one.attempt_id)
        events = session.scalars(
            select(Event.event_type)
            .where(Event.subject == f"attempt:{one.attempt_id}")
            .order_by(Event.number)
        ).all()
        actions = session.scalars(
            select(AuditEntry.action).where(AuditEntry.object_id == str(run.id))
        ).all()
    assert [version.points for version in versions] == [1, 0]
    assert events[-2:] == ["attempt.scored", "outcome.released"]
    assert actions == ["regrade.started", "regrade.released", "regrade.finished"]


def test_scoring_again_after_a_release_finds_nothing_new(house, author):
    exam = house.published(ALL_TYPES, SCORING)
    grader = house.person(Role.GRADER)
    sitting = sat(
        house, exam.exam_id, "right", "right", {"text": "Lutetia"}, "wrong", {"text": "Because."}
    )
    mark_item(house.platform, grader, sitting.attempt_id, sitting.items[4], Decimal("0.5"), "Good.")
    replacement = mend(house, author, exam, 3, MENDED)
    settings = {"scorer": "sum", "settings": {"pass_fraction": "0.9"}}
    run = start_regrade(
        house.platform, author, exam.exam_id, questions=[replacement], scoring=settings
    )
    assert count(house, run).changed == 1
    release(house, author, run)
    score = score_of(house, sitting)
    assert (score.points, score.passed, score.complete) == (8, False, True)
    marks = {item.item_id: item for item in score.items}
    assert marks[sitting.items[4]].marked_by == grader.user_id
    assert (marks[sitting.items[4]].points, marks[sitting.items[4]].comment) == (2, "Good.")
    score_attempt(house.platform, sitting.attempt_id)
    assert score_of(house, sitting).id == score.id
    # A mark given later is counted by the new key and the new pass mark.
    mark_item(house.platform, grader, sitting.attempt_id, sitting.items[4], Decimal(1))
    assert (score_of(house, sitting).points, score_of(house, sitting).passed) == (10, False)
    with house.platform.db.reading() as session:
        assert (
            session.get_one(Attempt, sitting.attempt_id).scoring["settings"]["pass_fraction"]
            == "0.9"
        )


def test_an_unchanged_attempt_keeps_its_score_and_takes_the_new_key(house, author):
    exam = house.published((("text_entry", TEXT, "1"),))
    sitting = sat(house, exam.exam_id, {"text": "Paris"})
    replacement = mend(house, author, exam, 1, MENDED)
    run = start_regrade(house.platform, author, exam.exam_id, questions=[replacement])
    assert count(house, run).unchanged == 1
    release(house, author, run)
    assert score_of(house, sitting).version == 1
    with house.platform.db.reading() as session:
        assert "Lutetia" in str(session.get_one(AttemptItem, sitting.items[0]).secret)


def test_an_attempt_that_showed_something_else_is_refused_with_the_reason(house, author):
    shuffled = {**CHOICE, "shuffle": True}
    exam = house.published((("choice", CHOICE, "1"), ("choice", shuffled, "1")), SCORING)
    sitting = sat(house, exam.exam_id, "right", "wrong")
    other = mend(house, author, exam, 1, {**CHOICE, "stem": "<p>Which is no prime?</p>"})
    same = mend(
        house,
        author,
        exam,
        2,
        {
            **shuffled,
            "options": [{"id": "seven", "text": "7"}, {**CHOICE["options"][1], "correct": True}],
        },
    )
    run = start_regrade(house.platform, author, exam.exam_id, questions=[other, same])
    summary = count(house, run)
    assert (summary.refused, summary.changed) == (1, 0)
    assert "shows something else" in changes(house, author, run)[sitting.attempt_id].attempt.reason
    discard_regrade(house.platform, author, run.id)
    run = start_regrade(house.platform, author, exam.exam_id, questions=[same])
    assert count(house, run).higher == 1
    release(house, author, run)
    assert score_of(house, sitting).points == 2


def test_what_changed_after_the_count_is_left_alone(house, author):
    exam = house.published((("text_entry", TEXT, "1"), ("essay", ESSAY, "1")))
    grader = house.person(Role.GRADER)
    sitting = sat(house, exam.exam_id, {"text": "Lutetia"}, {"text": "So."})
    replacement = mend(house, author, exam, 1, MENDED)
    run = start_regrade(house.platform, author, exam.exam_id, questions=[replacement])
    assert count(house, run).changed == 1
    mark_item(house.platform, grader, sitting.attempt_id, sitting.items[1], Decimal(1))
    summary = release(house, author, run)
    assert (summary.run.state, summary.stale, summary.changed) == ("released", 1, 0)
    assert score_of(house, sitting).points == 1
    again = start_regrade(house.platform, author, exam.exam_id, questions=[replacement])
    count(house, again)
    release(house, author, again)
    assert score_of(house, sitting).points == 2
    assert len(outcomes(house, sitting)) == 2


def test_a_result_that_waits_for_its_release_goes_on_waiting(house, author):
    settings = {"scoring": {"scorer": "sum", "release": "manual"}}
    exam = house.published((("text_entry", TEXT, "1"),), settings)
    sitting = sat(house, exam.exam_id, {"text": "Lutetia"})
    replacement = mend(house, author, exam, 1, MENDED)
    run = start_regrade(house.platform, author, exam.exam_id, questions=[replacement])
    count(house, run)
    release(house, author, run)
    assert score_of(house, sitting).points == 1
    assert outcomes(house, sitting) == []
    release_outcome(house.platform, author, sitting.attempt_id)
    assert len(outcomes(house, sitting)) == 1


def test_a_version_that_cannot_score_the_responses_is_refused_at_once(house, author):
    exam = house.published((("choice", CHOICE, "1"), ("numeric", NUMBER, "1")))
    sat(house, exam.exam_id, "right", "right")
    several = {**CHOICE, "mode": "multiple"}
    replacement = mend(house, author, exam, 1, several)
    with pytest.raises(InvalidError) as caught:
        start_regrade(house.platform, author, exam.exam_id, questions=[replacement])
    assert "kind of choice has changed" in str(caught.value.details)
    options = find_options(house.platform, author, exam.exam_id)
    first, second = options.questions
    assert first.reasons == ("From version 1: The kind of choice has changed.",)
    assert (first.used, first.is_newer, second.is_newer) == ((1,), True, False)
    assert (options.finished, options.running, options.scoring) == (1, 0, None)


def test_who_may_and_what_is_open(house, author):
    exam = house.published((("text_entry", TEXT, "1"),))
    with pytest.raises(ConflictError, match="handed in and scored"):
        start_regrade(house.platform, author, exam.exam_id)
    sat(house, exam.exam_id, {"text": "Paris"})
    for role in (Role.GRADER, Role.PROCTOR):
        with pytest.raises(ForbiddenError):
            start_regrade(house.platform, house.person(role), exam.exam_id)
    run = start_regrade(house.platform, author, exam.exam_id)
    with pytest.raises(ConflictError, match="is open"):
        start_regrade(house.platform, author, exam.exam_id)
    with pytest.raises(ConflictError, match="counted"):
        release_regrade(house.platform, author, run.id)
    other = house.published().exam_id
    with pytest.raises(NotFoundError):
        discard_regrade(house.platform, house.person(Role.AUTHOR, other), run.id)
    discard_regrade(house.platform, author, run.id)
    assert discard_regrade(house.platform, author, run.id).state == "discarded"
    assert count_slice(house.platform, run.id, 0)
    bad = {"scorer": "sum", "settings": {"pass_fraction": "7"}}
    with pytest.raises(InvalidError):
        start_regrade(house.platform, author, exam.exam_id, scoring=bad)


def test_slices_are_found_again_when_they_are_forgotten(house, author, monkeypatch):
    monkeypatch.setattr(counting, "BATCH", 1)
    exam = house.published((("text_entry", TEXT, "1"),))
    for answer in ("Paris", "Lutetia", "Rome"):
        sat(house, exam.exam_id, {"text": answer})
    replacement = mend(house, author, exam, 1, MENDED)
    run = start_regrade(house.platform, author, exam.exam_id, questions=[replacement])
    monkeypatch.setattr(counting, "WORK_SECONDS", -1.0)
    assert not count_slice(house.platform, run.id, 0)
    with house.platform.db.transaction() as session:
        found = session.get_one(RegradeRun, run.id)
        found.progressed_at = found.created_at.replace(year=2020)
    with house.platform.db.reading() as session:
        assert list(find_forgotten_slices(session)) == [(run.id, 0, "count_regrade")]
        waiting = select(func.count()).where(RegradeAttempt.state == "waiting")
        assert session.scalar(waiting) == 2
    monkeypatch.setattr(counting, "WORK_SECONDS", 60.0)
    summary = count(house, run)
    assert (summary.run.state, summary.total, summary.changed) == ("ready", 3, 1)
    with house.platform.db.reading() as session:
        assert list(find_forgotten_slices(session)) == []
        assert [one.changed for one in list_runs(session, author, exam.exam_id)] == [1]
        [question] = list_question_changes(session, author, run.id)
    assert (question.position, question.higher, question.lower) == (1, 1, 0)
    release(house, author, run)
    with house.platform.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(ScoreRecord)) == 4


def test_two_workers_at_one_slice_release_it_once_and_say_so(house, author, monkeypatch):
    exam = house.published((("text_entry", TEXT, "1"),))
    sittings = [sat(house, exam.exam_id, {"text": text}) for text in ("Lutetia", "Rome")]
    replacement = mend(house, author, exam, 1, MENDED)
    run = start_regrade(house.platform, author, exam.exam_id, questions=[replacement])
    count(house, run)
    release_regrade(house.platform, author, run.id)
    draft, others = releasing._draft, []

    def meanwhile(one, plan):
        """Let another worker do the whole slice while this one is about to write."""
        if not others:
            others.append("at work")
            assert release_slice(house.platform, run.id, 0)
        return draft(one, plan)

    monkeypatch.setattr(releasing, "_draft", meanwhile)
    assert release_slice(house.platform, run.id, 0)
    with house.platform.db.reading() as session:
        states = session.scalars(
            select(RegradeAttempt.state).where(RegradeAttempt.run_id == run.id)
        ).all()
    assert sorted(states) == ["kept", "released"]
    assert [score_of(house, sitting).version for sitting in sittings] == [2, 1]


def test_a_type_that_gives_no_number_leaves_the_answer_to_a_person(house, author, monkeypatch):
    exam = house.published((("text_entry", TEXT, "1"),))
    sat(house, exam.exam_id, {"text": "Paris"})
    run = start_regrade(house.platform, author, exam.exam_id)
    plugin = house.platform.plugins.question_type("text_entry")
    score = type(plugin).score
    monkeypatch.setattr(
        type(plugin),
        "score",
        lambda self, variant, response: replace(
            score(self, variant, response), fraction=Decimal("NaN")
        ),
    )
    assert (count(house, run).run.state, count(house, run).changed) == ("ready", 1)


MODES = ("deferred", "immediate", "interactive", "adaptive", "deferred_certainty", "manual")


def test_counting_in_bulk_finds_what_scoring_one_by_one_found(house, author):
    for mode in MODES:
        scorer = "certainty" if mode == "deferred_certainty" else "sum"
        settings = {"scoring": {"scorer": scorer, "feedback_mode": mode}}
        exam = house.published(ALL_TYPES, settings)
        sitting = house.sitting(exam.exam_id)
        if mode in {"immediate", "interactive", "adaptive"}:
            check(house, sitting, 2, {"text": "Rome"})
        extra = {"@certainty": "3"} if mode == "deferred_certainty" else {}
        for place, kind in enumerate(("right", "wrong", "invalid", "right")):
            if place != 2:
                sitting.answer_by(place, kind)
        sitting.answer(4, {"text": "Because.", **extra})
        sitting.submit()
        score_attempt(house.platform, sitting.attempt_id)
        run = start_regrade(house.platform, author, exam.exam_id)
        summary = count(house, run)
        assert (summary.unchanged, summary.changed) == (1, 0), mode
        release(house, author, run)
        assert score_of(house, sitting).version == 1


def check(house, sitting, place, raw):
    sitting.sequence += 1
    operation = SaveOperation(
        attempt_id=sitting.attempt_id,
        item_id=sitting.items[place],
        user_id=sitting.candidate.user_id,
        operation_id=uuid4(),
        client_sequence=sitting.sequence,
        base_revision=0,
        lease_id=LEASE,
        raw=raw,
    )
    check_item(house.platform, sitting.candidate, operation)
