"""Exams: authors cannot overwrite one another, and see their own exams only."""

from decimal import Decimal
from uuid import uuid4

import pytest

from examhall.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    StaleRevisionError,
)
from examhall.core.exams.operations import archive_exam, create_exam, update_exam
from examhall.core.exams.queries import (
    get_exam,
    get_exam_with_structure,
    list_exams,
    list_registrations,
)
from examhall.core.exams.registrations import register_candidate, update_registration
from examhall.core.exams.structure import MAX_ITEMS, ItemPlan, SectionPlan, replace_structure
from examhall.core.permissions import Principal, Role
from tests.exam_house import CHOICE, ESSAY, House


def test_a_new_exam_has_all_settings(house: House, author: Principal) -> None:
    with house.platform.db.transaction() as session:
        exam = create_exam(session, author, "  Two   words ", settings={"instructions": "Read."})
    assert (exam.title, exam.state, exam.revision) == ("Two words", "draft", 1)
    assert exam.settings["time"]["limit_seconds"] is None
    assert exam.settings["scoring"]["scorer"] == "sum"
    assert exam.settings["instructions"] == "Read."


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"time": {"limit_seconds": 0}}, "settings.time.limit_seconds"),
        ({"time": {"hard_close": "2030-01-01T00:00:00"}}, "settings.time.hard_close"),
        ({"tim": {}}, "settings.tim"),
        ({"proctoring": {"enabled": True}}, "settings.proctoring.detectors"),
        ({"scoring": {"release": "never"}}, "settings.scoring.release"),
    ],
)
def test_settings_that_cannot_be_are_refused(
    house: House, author: Principal, settings, path
) -> None:
    with house.platform.db.transaction() as session, pytest.raises(InvalidError) as caught:
        create_exam(session, author, "Exam", settings=settings)
    assert [problem["path"] for problem in caught.value.details["problems"]] == [path]


def test_an_older_revision_overwrites_nothing(house: House, author: Principal) -> None:
    exam = house.exam(author)
    with house.platform.db.transaction() as session:
        update_exam(session, author, exam.id, exam.revision, title="Newer")
    for change in (
        lambda session: update_exam(session, author, exam.id, exam.revision, title="Older"),
        lambda session: replace_structure(session, author, exam.id, exam.revision, []),
        lambda session: archive_exam(session, author, exam.id, exam.revision),
    ):
        with house.platform.db.transaction() as session, pytest.raises(StaleRevisionError):
            change(session)
    with house.platform.db.reading() as session:
        found = get_exam_with_structure(session, author, exam.id)
    assert found.title == "Newer"
    assert len(found.sections) == 1


def test_the_structure_is_replaced_as_a_whole(house: House, author: Principal) -> None:
    exam = house.exam(author)
    essay = house.question(author, "essay", ESSAY)
    plan = [SectionPlan("One"), SectionPlan("Two", [ItemPlan(essay.id, Decimal("2.5"))] * 2)]
    with house.platform.db.transaction() as session:
        replace_structure(session, author, exam.id, exam.revision, plan)
    with house.platform.db.reading() as session:
        found = get_exam_with_structure(session, author, exam.id)
    assert [(s.title, [i.points for i in s.items]) for s in found.sections] == [
        ("One", []),
        ("Two", [Decimal("2.5"), Decimal("2.5")]),
    ]


def test_a_structure_names_questions_that_are_there(house: House, author: Principal) -> None:
    exam = house.exam(author)
    plan = [SectionPlan("A", [ItemPlan(uuid4())])]
    with house.platform.db.transaction() as session, pytest.raises(InvalidError) as caught:
        replace_structure(session, author, exam.id, exam.revision, plan)
    [problem] = caught.value.details["problems"]
    assert problem["path"] == "sections.0.items.0.question_id"
    plan = [SectionPlan("A", [ItemPlan(uuid4())] * (MAX_ITEMS + 1))]
    with house.platform.db.transaction() as session, pytest.raises(InvalidError):
        replace_structure(session, author, exam.id, exam.revision, plan)


def test_an_exams_own_author_cannot_pull_in_other_questions(
    house: House, author: Principal
) -> None:
    exam = house.exam(author, [("choice", CHOICE, "1")])
    secret = house.question(author, "essay", ESSAY)
    own = house.person(Role.AUTHOR, exam.id)
    inside = exam.sections[0].items[0].question_id
    plan = [SectionPlan("A", [ItemPlan(secret.id)])]
    with house.platform.db.transaction() as session, pytest.raises(InvalidError):
        replace_structure(session, own, exam.id, exam.revision, plan)
    with house.platform.db.transaction() as session:
        plan = [SectionPlan("A", [ItemPlan(inside), ItemPlan(inside)])]
        replace_structure(session, own, exam.id, exam.revision, plan)


def test_exams_of_others_are_not_there(house: House, author: Principal) -> None:
    mine, other = house.exam(author), house.exam(author)
    own = house.person(Role.AUTHOR, mine.id)
    with house.platform.db.reading() as session:
        assert [exam.id for exam in list_exams(session, own).items] == [mine.id]
        assert get_exam(session, own, mine.id).id == mine.id
        for unseen in (other.id, uuid4()):
            with pytest.raises(NotFoundError):
                get_exam(session, own, unseen)
    with house.platform.db.transaction() as session, pytest.raises(NotFoundError):
        update_exam(session, own, other.id, 1, title="Mine now")


@pytest.mark.parametrize("role", [Role.CANDIDATE, Role.AUDITOR])
def test_some_see_no_exam_at_all(house: House, author: Principal, role: Role) -> None:
    exam, other = house.exam(author), house.person(role)
    with house.platform.db.reading() as session:
        for look in (list_exams, lambda s, p: get_exam(s, p, exam.id)):
            with pytest.raises(ForbiddenError):
                look(session, other)


def test_proctors_see_exams_and_change_none(house: House, author: Principal) -> None:
    exam, proctor = house.exam(author), house.person(Role.PROCTOR)
    with house.platform.db.transaction() as session:
        assert get_exam(session, proctor, exam.id).id == exam.id
        with pytest.raises(ForbiddenError):
            update_exam(session, proctor, exam.id, 1, title="x")
        with pytest.raises(ForbiddenError):
            create_exam(session, proctor, "x")


def test_a_candidate_has_one_place_with_allowances(house: House, author: Principal) -> None:
    exam, candidate = house.exam(author), house.person(Role.CANDIDATE)
    place = house.register(exam.id, candidate, multiplier=Decimal("1.25"), max_attempts=2)
    assert (place.multiplier, place.extra_seconds, place.max_attempts) == (Decimal("1.25"), 0, 2)
    assert len(place.candidate_number) == 6
    with pytest.raises(ConflictError):
        house.register(exam.id, candidate)
    with house.platform.db.transaction() as session:
        changed = update_registration(session, author, place.id, extra_seconds=600)
    assert (changed.multiplier, changed.extra_seconds) == (Decimal("1.25"), 600)
    with house.platform.db.reading() as session:
        assert [one.id for one in list_registrations(session, author, exam.id).items] == [place.id]


@pytest.mark.parametrize(
    "allowance",
    [
        {"multiplier": "0.5"},
        {"multiplier": "NaN"},
        {"multiplier": "11"},
        {"extra_seconds": -1},
        {"extra_seconds": 1.5},
        {"max_attempts": 0},
        {"waived_detectors": "face"},
        {"bonus": 1},
    ],
)
def test_allowances_have_limits(house: House, author: Principal, allowance) -> None:
    exam, candidate = house.exam(author), house.person(Role.CANDIDATE)
    with pytest.raises(InvalidError):
        house.register(exam.id, candidate, **allowance)


def test_nobody_is_registered_for_an_archived_exam(house: House, author: Principal) -> None:
    exam, other, candidate = house.exam(author), house.exam(author), house.person(Role.CANDIDATE)
    with house.platform.db.transaction() as session:
        archive_exam(session, author, exam.id, exam.revision)
    with pytest.raises(ConflictError):
        house.register(exam.id, candidate)
    with house.platform.db.transaction() as session, pytest.raises(NotFoundError):
        register_candidate(session, author, other.id, uuid4())
