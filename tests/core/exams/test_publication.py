"""Publishing checks everything at once and freezes what candidates get."""

import json
from decimal import Decimal

import pytest
from sqlalchemy import select

from examhall.core.contracts.base import Kind
from examhall.core.errors import ForbiddenError, InvalidError, NotFoundError, StaleRevisionError
from examhall.core.events.models import Event
from examhall.core.exams import publication
from examhall.core.exams.operations import add_question_version, create_exam, update_exam
from examhall.core.exams.publication import find_problems, publish_exam
from examhall.core.exams.queries import get_version, list_versions
from examhall.core.exams.structure import ItemPlan, SectionPlan, replace_structure
from examhall.core.permissions import Principal, Role
from tests.exam_house import ALL_TYPES, CHOICE, ESSAY, TEXT, House


def refused(house: House, who: Principal, exam_id) -> dict[str, str]:
    with pytest.raises(InvalidError) as caught:
        publish_exam(house.platform, who, exam_id)
    problems = caught.value.details["problems"]
    listed = find_problems(house.platform, who, exam_id)
    assert [{"path": one.path, "message": one.message} for one in listed] == problems
    return {problem["path"]: problem["message"] for problem in problems}


def test_a_version_holds_all_that_an_attempt_needs(house: House, author: Principal) -> None:
    exam = house.exam(author, settings={"time": {"limit_seconds": 600}})
    published = publish_exam(house.platform, author, exam.id)
    with house.platform.db.reading() as session:
        version = get_version(session, published.id)
        [event] = session.scalars(select(Event).where(Event.event_type == "exam.published"))
    assert (version.number, version.content["title"]) == (1, "Science")
    assert version.content["settings"]["time"]["limit_seconds"] == 600
    assert version.content["settings"]["scoring"]["settings"]["partial_credit"] is True
    assert [item.position for item in version.items] == [1, 2, 3, 4, 5]
    assert [item.question_version.type for item in version.items] == [
        key for key, _, _ in ALL_TYPES
    ]
    assert [item.points for item in version.items] == [Decimal(p) for _, _, p in ALL_TYPES]
    assert {item.section for item in version.items} == {"Part A"}
    assert event.data["digest"] == version.digest
    assert len(version.digest) == 64
    json.dumps(version.content)


def test_what_asks_nothing_is_worth_nothing(house: House, author: Principal) -> None:
    questions = [("description", {"stem": "<p>Read this.</p>"}, "3"), ("choice", CHOICE, "2")]
    published = publish_exam(house.platform, author, house.exam(author, questions).id)
    with house.platform.db.reading() as session:
        items = get_version(session, published.id).items
        assert [item.points for item in items] == [Decimal(0), Decimal(2)]


def test_publishing_again_without_a_change_is_the_same_version(
    house: House, author: Principal
) -> None:
    exam = house.exam(author)
    first = publish_exam(house.platform, author, exam.id)
    assert publish_exam(house.platform, author, exam.id).id == first.id


def test_later_changes_make_a_new_version_and_leave_the_old_one(
    house: House, author: Principal
) -> None:
    exam = house.exam(author, [("text_entry", TEXT, "1")])
    first = publish_exam(house.platform, author, exam.id)
    question_id = exam.sections[0].items[0].question_id
    other = {**TEXT, "answers": [{"text": "Lyon"}]}
    add_question_version(house.platform, author, question_id, other)
    second = publish_exam(house.platform, author, exam.id)
    with house.platform.db.transaction() as session:
        replace_structure(
            session, author, exam.id, exam.revision, [SectionPlan("", [ItemPlan(question_id)])]
        )
    third = publish_exam(house.platform, author, exam.id)
    with house.platform.db.reading() as session:
        assert [v.number for v in list_versions(session, author, exam.id)] == [3, 2, 1]
        accepted = [
            get_version(session, v.id).items[0].question_version.content["answers"][0]["text"]
            for v in (first, second, third)
        ]
    assert accepted == ["Paris", "Lyon", "Lyon"]
    assert len({first.digest, second.digest, third.digest}) == 3


def test_all_problems_are_told_at_once(house: House, author: Principal) -> None:
    exam = house.exam(
        author,
        [("choice", {**CHOICE, "options": []}, "1"), ("essay", ESSAY, "1"),
         ("essay", {**ESSAY, "min_words": 9, "max_words": 1}, "1")],
        {
            "access": {"schedule": {"opens": "whenever"}, "moon": {}},
            "scoring": {"scorer": "sum", "settings": {"pass_fraction": "2", "bonus": 1}},
            "proctoring": {"enabled": True, "detectors": ["face", "mind"]},
        },
    )  # fmt: skip
    problems = refused(house, author, exam.id)
    assert set(problems) == {
        "sections.0.items.0.question.options",
        "sections.0.items.2.question.max_words",
        "settings.access.moon",
        "settings.access.schedule.opens",
        "settings.proctoring.detectors.1",
        "settings.scoring.settings.bonus",
        "settings.scoring.settings.pass_fraction",
    }
    assert problems["sections.0.items.0.question.options"].startswith("A choice: ")
    assert "'mind'" in problems["settings.proctoring.detectors.1"]
    with house.platform.db.reading() as session:
        assert list_versions(session, author, exam.id) == []


def test_an_empty_exam_is_not_published(house: House, author: Principal) -> None:
    with house.platform.db.transaction() as session:
        exam = create_exam(session, author, "Empty")
    assert set(refused(house, author, exam.id)) == {"sections"}
    worthless = house.exam(author, [("essay", ESSAY, "0")])
    assert set(refused(house, author, worthless.id)) == {"sections"}


def test_a_scorer_or_type_that_is_gone_is_a_problem(house: House, author: Principal) -> None:
    exam = house.exam(author, settings={"scoring": {"scorer": "dice"}})
    admin = house.person(Role.ADMIN)
    house.platform.plugins.set_enabled(Kind.QUESTION_TYPE, "essay", False, admin)
    assert set(refused(house, author, exam.id)) == {
        "sections.0.items.4.question.type",
        "settings.scoring.settings",
    }


def test_a_change_while_publishing_is_noticed(
    house: House, author: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    exam = house.exam(author)
    check = publication._check_questions

    def change_meanwhile(*args):
        with house.platform.db.transaction() as session:
            update_exam(session, author, exam.id, exam.revision, title="Changed")
        return check(*args)

    monkeypatch.setattr(publication, "_check_questions", change_meanwhile)
    with pytest.raises(StaleRevisionError):
        publish_exam(house.platform, author, exam.id)


def test_only_the_exams_authors_publish(house: House, author: Principal) -> None:
    exam, other = house.exam(author), house.exam(author)
    with pytest.raises(NotFoundError):
        publish_exam(house.platform, house.person(Role.AUTHOR, other.id), exam.id)
    for role in (Role.CANDIDATE, Role.PROCTOR, Role.GRADER, Role.ADMIN):
        with pytest.raises(ForbiddenError):
            publish_exam(house.platform, house.person(role), exam.id)


def test_certainty_that_nobody_counts_is_a_problem(house: House, author: Principal) -> None:
    scoring = {"feedback_mode": "deferred_certainty"}
    exam = house.exam(author, [("choice", CHOICE, "2")], settings={"scoring": scoring})
    assert "certainty-based marking" in refused(house, author, exam.id)["settings.scoring.scorer"]
    counted = {"scoring": {**scoring, "scorer": "certainty"}}
    exam = house.exam(author, [("choice", CHOICE, "2")], settings=counted)
    assert publish_exam(house.platform, author, exam.id).number == 1
