"""Scoring: what responses earn, once, with people's marks kept and nobody failed by a plugin."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from examhall.core.attempts.models import Attempt, AttemptTransition, ResponseRecord
from examhall.core.audit.models import AuditEntry
from examhall.core.contracts.question_type import Score, ScoreState
from examhall.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    PluginError,
)
from examhall.core.events.models import Event
from examhall.core.permissions import Principal, Role
from examhall.core.scoring.marking import mark_item
from examhall.core.scoring.models import ItemScoreRecord, Outcome, ScoreRecord
from examhall.core.scoring.operations import release_outcome, score_attempt
from examhall.core.scoring.queries import find_latest_score
from examhall.core.scoring.results import CHANGED, FAILED
from tests.exam_house import CHOICE, ESSAY, NUMBER, TEXT, House, Sitting

AUTOMATIC = [("choice", CHOICE, "2"), ("text_entry", TEXT, "1"), ("numeric", NUMBER, "3")]
WITH_ESSAY = [("text_entry", TEXT, "1"), ("essay", ESSAY, "4")]


def latest(house: House, sitting: Sitting) -> ScoreRecord:
    with house.platform.db.reading() as session:
        score = find_latest_score(session, sitting.attempt_id)
    assert score is not None
    return score


def states(house: House, sitting: Sitting) -> list[str]:
    with house.platform.db.reading() as session:
        rows = session.scalars(
            select(AttemptTransition.target)
            .where(AttemptTransition.machine == "grading")
            .order_by(AttemptTransition.id)
        )
        return list(rows)


def count(house: House, table: type) -> int:
    with house.platform.db.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def essay_sitting(house: House) -> Sitting:
    """An attempt with a right text and an essay that waits."""
    sitting = house.sitting(house.published(WITH_ESSAY).exam_id)
    sitting.answer(0, {"text": "paris"})
    sitting.answer(1, {"text": "because"})
    sitting.submit()
    score_attempt(house.platform, sitting.attempt_id)
    return sitting


@pytest.fixture
def grader(house: House) -> Principal:
    return house.person(Role.GRADER)


def test_every_item_earns_its_points_and_says_who_counted(house: House) -> None:
    version = house.published(AUTOMATIC, {"scoring": {"settings": {"pass_fraction": "0.5"}}})
    sitting = house.sitting(version.exam_id)
    sitting.answer_by(0, "right")
    sitting.answer_by(1, "wrong")
    sitting.answer_by(2, "right")
    sitting.submit()
    score = score_attempt(house.platform, sitting.attempt_id)
    assert score is not None
    plugins = house.platform.plugins
    kept = latest(house, sitting)
    assert (kept.version, kept.points, kept.max_points) == (1, Decimal(5), Decimal(6))
    assert (kept.complete, kept.passed, kept.grade_label) == (True, True, "Passed")
    assert kept.config_digest == plugins.config_digest(plugins.scorer("sum"))
    for item in kept.items:
        plugin = plugins.question_type(item.plugin_key)
        assert item.plugin_version == plugin.version
        assert item.config_digest == plugins.config_digest(plugin)
        assert item.response_revision == 1
    assert states(house, sitting) == ["auto", "graded", "released"]


def test_unanswered_and_unreadable_answers_earn_nothing_and_say_so(house: House) -> None:
    sitting = house.sitting(house.published(AUTOMATIC).exam_id)
    sitting.answer(2, {"value": "about three"})
    sitting.submit()
    score_attempt(house.platform, sitting.attempt_id)
    found = {item.item_id: item for item in latest(house, sitting).items}
    assert [found[item].state for item in sitting.items] == ["unanswered", "unanswered", "invalid"]
    assert found[sitting.items[2]].feedback == "The answer is not a number."


def test_scoring_twice_is_scoring_once(house: House, essay_sitting: Sitting) -> None:
    first = latest(house, essay_sitting)
    again = score_attempt(house.platform, essay_sitting.attempt_id, "again")
    assert again is not None
    assert again.id == first.id
    assert count(house, ScoreRecord) == 1
    assert states(house, essay_sitting) == ["auto", "manual"]


def test_many_workers_score_once_and_release_once(house: House) -> None:
    sitting = house.sitting(house.published(AUTOMATIC).exam_id)
    sitting.answer_by(0, "right")
    sitting.submit()
    with ThreadPoolExecutor(8) as pool:
        scores = list(
            pool.map(lambda _: score_attempt(house.platform, sitting.attempt_id), range(16))
        )
    assert len({score.id for score in scores if score}) == 1
    assert (count(house, ScoreRecord), count(house, Outcome)) == (1, 1)


def test_an_attempt_that_runs_is_not_scored(house: House) -> None:
    sitting = house.sitting(house.published(AUTOMATIC).exam_id)
    assert score_attempt(house.platform, sitting.attempt_id) is None
    assert count(house, ScoreRecord) == 0
    with pytest.raises(NotFoundError):
        score_attempt(house.platform, uuid4())


def test_a_mark_completes_the_score_and_adds_a_version(
    house: House, essay_sitting: Sitting, grader: Principal
) -> None:
    essay = essay_sitting.items[1]
    before = latest(house, essay_sitting)
    assert (before.complete, before.points, before.max_points) == (False, Decimal(1), Decimal(5))
    mark_item(
        house.platform, grader, essay_sitting.attempt_id, essay, Decimal("0.625"), "Mostly right."
    )
    after = latest(house, essay_sitting)
    assert (after.version, after.points, after.complete) == (2, Decimal("3.5"), True)
    [item] = [item for item in after.items if item.item_id == essay]
    assert (item.state, item.marked_by, item.comment) == (
        "partial",
        grader.user_id,
        "Mostly right.",
    )
    assert states(house, essay_sitting) == ["auto", "manual", "graded", "released"]
    with house.platform.db.reading() as session:
        kept = session.get_one(ScoreRecord, before.id)
        [entry] = session.scalars(select(AuditEntry).where(AuditEntry.action == "item.marked"))
    assert (kept.points, kept.complete) == (Decimal(1), False)
    assert entry.actor_id == grader.user_id
    assert entry.details["fraction"] == "0.625"


def test_scoring_again_keeps_peoples_marks(
    house: House, essay_sitting: Sitting, grader: Principal
) -> None:
    text = essay_sitting.items[0]
    mark_item(house.platform, grader, essay_sitting.attempt_id, text, Decimal(0), "a guess")
    marked = latest(house, essay_sitting)
    score_attempt(house.platform, essay_sitting.attempt_id)
    assert latest(house, essay_sitting).id == marked.id
    assert marked.points == 0


def test_a_second_mark_is_a_second_version_and_a_second_outcome(
    house: House, essay_sitting: Sitting, grader: Principal
) -> None:
    for fraction in ("0.5", "0.75", "0.75"):
        mark_item(
            house.platform, grader, essay_sitting.attempt_id, essay_sitting.items[1],
            Decimal(fraction),
        )  # fmt: skip
    assert latest(house, essay_sitting).version == 3
    assert count(house, Outcome) == 2
    assert states(house, essay_sitting) == ["auto", "manual", "graded", "released"]


def test_marks_from_two_people_at_once_both_count(house: House) -> None:
    sitting = house.sitting(house.published([("essay", ESSAY, "1")] * 6).exam_id)
    for place in range(6):
        sitting.answer(place, {"text": "words"})
    sitting.submit()
    score_attempt(house.platform, sitting.attempt_id)
    graders = [house.person(Role.GRADER) for _ in range(6)]

    def mark(place: int) -> None:
        platform, item = house.platform, sitting.items[place]
        mark_item(platform, graders[place], sitting.attempt_id, item, Decimal(1))

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(mark, range(6)))
    score = latest(house, sitting)
    assert (score.points, score.complete, score.version) == (Decimal(6), True, 7)


def test_an_answer_that_came_late_is_marked_again(
    house: House, essay_sitting: Sitting, grader: Principal
) -> None:
    essay = essay_sitting.items[1]
    mark_item(house.platform, grader, essay_sitting.attempt_id, essay, Decimal(1))
    with house.platform.db.transaction() as session:
        response = session.get_one(ResponseRecord, essay)
        response.raw, response.revision = {"text": "something else"}, 2
    score_attempt(house.platform, essay_sitting.attempt_id)
    score = latest(house, essay_sitting)
    [item] = [item for item in score.items if item.item_id == essay]
    assert (score.complete, item.points, item.comment) == (False, None, CHANGED)
    with house.platform.db.reading() as session:
        assert session.get_one(Attempt, essay_sitting.attempt_id).grading_state == "manual"


@pytest.mark.parametrize(
    "failure",
    [
        lambda *_: 1 / 0,
        lambda *_: "full marks",
        lambda *_: Score(Decimal("NaN"), ScoreState.RIGHT),
        lambda *_: Score(Decimal("1e400"), ScoreState.RIGHT),
        lambda *_: Score(0.5, ScoreState.RIGHT),  # type: ignore[arg-type]
    ],
    ids=["raises", "other shape", "not a number", "too large", "float"],
)
def test_a_failing_question_type_leaves_the_answer_to_a_person(
    house: House, grader: Principal, monkeypatch: pytest.MonkeyPatch, failure
) -> None:
    sitting = house.sitting(house.published(AUTOMATIC).exam_id)
    sitting.answer_by(0, "right")
    sitting.answer_by(1, "right")
    sitting.submit()
    plugin = type(house.platform.plugins.question_type("text_entry"))
    with monkeypatch.context() as broken:
        broken.setattr(plugin, "score", failure)
        score_attempt(house.platform, sitting.attempt_id)
        score = latest(house, sitting)
        [item] = [item for item in score.items if item.item_id == sitting.items[1]]
        assert (item.points, item.fraction, item.needs_manual) == (None, None, True)
        assert item.comment == FAILED
        assert (score.points, score.complete) == (Decimal(2), False)
    score_attempt(house.platform, sitting.attempt_id, "the plugin was mended")
    mended = latest(house, sitting)
    assert (mended.version, mended.points, mended.complete) == (2, Decimal(3), True)


def test_a_question_type_that_is_gone_leaves_the_answer_to_a_person(
    house: House, grader: Principal
) -> None:
    from examhall.core.contracts.base import Kind

    sitting = house.sitting(house.published(AUTOMATIC).exam_id)
    sitting.answer_by(1, "right")
    sitting.submit()
    house.platform.plugins.set_enabled(Kind.QUESTION_TYPE, "text_entry", False)
    score_attempt(house.platform, sitting.attempt_id)
    assert not latest(house, sitting).complete
    mark_item(house.platform, grader, sitting.attempt_id, sitting.items[1], Decimal(1))
    assert latest(house, sitting).points == 1


def test_a_failing_scorer_leaves_the_attempt_unscored(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    sitting = house.sitting(house.published(AUTOMATIC).exam_id)
    sitting.submit()
    scorer = type(house.platform.plugins.scorer("sum"))
    with monkeypatch.context() as broken:
        broken.setattr(scorer, "score_attempt", lambda *_: None)
        with pytest.raises(PluginError):
            score_attempt(house.platform, sitting.attempt_id)
    assert (count(house, ScoreRecord), count(house, ItemScoreRecord)) == (0, 0)
    assert score_attempt(house.platform, sitting.attempt_id) is not None


@pytest.mark.parametrize("fraction", ["-0.1", "1.01", "NaN", "Infinity"])
def test_marks_have_limits(
    house: House, essay_sitting: Sitting, grader: Principal, fraction
) -> None:
    item = essay_sitting.items[1]
    with pytest.raises(InvalidError):
        mark_item(house.platform, grader, essay_sitting.attempt_id, item, Decimal(fraction))
    with pytest.raises(InvalidError):
        mark_item(house.platform, grader, essay_sitting.attempt_id, item, Decimal(1), "x" * 10_001)


def test_only_graders_of_the_exam_mark_and_never_themselves(
    house: House, essay_sitting: Sitting
) -> None:
    platform, item = house.platform, essay_sitting.items[1]
    other = house.person(Role.GRADER, house.published(WITH_ESSAY).exam_id)
    with pytest.raises(NotFoundError):
        mark_item(platform, other, essay_sitting.attempt_id, item, Decimal(1))
    for role in (Role.CANDIDATE, Role.AUTHOR, Role.PROCTOR, Role.ADMIN):
        with pytest.raises(ForbiddenError):
            mark_item(platform, house.person(role), essay_sitting.attempt_id, item, Decimal(1))
    candidate = essay_sitting.candidate
    both = Principal(candidate.user_id, "both", candidate.grants | {(Role.GRADER, None)})
    with pytest.raises(ForbiddenError):
        mark_item(platform, both, essay_sitting.attempt_id, item, Decimal(1))


def test_an_item_of_another_attempt_is_not_marked(
    house: House, essay_sitting: Sitting, grader: Principal
) -> None:
    other = house.sitting(house.published(WITH_ESSAY).exam_id)
    with pytest.raises(NotFoundError):
        mark_item(house.platform, grader, essay_sitting.attempt_id, other.items[0], Decimal(1))
    with pytest.raises(ConflictError):
        mark_item(house.platform, grader, other.attempt_id, other.items[0], Decimal(1))


def test_a_manual_release_waits_for_a_person_and_happens_once(house: House) -> None:
    version = house.published(AUTOMATIC, {"scoring": {"release": "manual"}})
    sitting, author = house.sitting(version.exam_id), house.person(Role.AUTHOR)
    with pytest.raises(ConflictError):
        release_outcome(house.platform, author, sitting.attempt_id)
    sitting.submit()
    score_attempt(house.platform, sitting.attempt_id)
    assert states(house, sitting) == ["auto", "graded"]
    first = release_outcome(house.platform, author, sitting.attempt_id)
    again = release_outcome(house.platform, author, sitting.attempt_id)
    assert first.id == again.id
    assert first.released_by == author.actor
    assert states(house, sitting) == ["auto", "graded", "released"]


def test_nothing_is_released_while_an_answer_waits(house: House, essay_sitting: Sitting) -> None:
    with pytest.raises(ConflictError):
        release_outcome(house.platform, house.person(Role.AUTHOR), essay_sitting.attempt_id)
    with pytest.raises(ForbiddenError):
        release_outcome(house.platform, house.person(Role.GRADER), essay_sitting.attempt_id)


def test_a_release_is_told_with_all_that_partners_need(house: House) -> None:
    version = house.published(AUTOMATIC, {"scoring": {"settings": {"pass_fraction": "0.9"}}})
    sitting = house.sitting(version.exam_id)
    sitting.answer_by(0, "right")
    sitting.submit()
    score_attempt(house.platform, sitting.attempt_id)
    with house.platform.db.reading() as session:
        [event] = session.scalars(select(Event).where(Event.event_type == "outcome.released"))
    assert event.subject == f"attempt:{sitting.attempt_id}"
    assert (event.exam_id, event.course_id) == (version.exam_id, "s1")
    assert event.data["points"] == "2"
    assert event.data["max_points"] == "6"
    assert (event.data["grade"], event.data["passed"]) == ("Failed", False)
    assert event.data["exam_title"] == "Science"
    assert event.data["candidate_login"].startswith("candidate-")
