"""The question bank keeps every version, refuses what cannot be, and shows the key to few."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from examhall.core.audit.models import AuditEntry
from examhall.core.errors import ForbiddenError, InvalidError, NotFoundError, SignInRequiredError
from examhall.core.exams.bank import list_questions
from examhall.core.exams.operations import (
    add_question_version,
    archive_question,
    create_question,
)
from examhall.core.exams.queries import (
    get_question,
    get_question_version,
    list_question_versions,
)
from examhall.core.permissions import NOBODY, Principal, Role
from tests.exam_house import CHOICE, ESSAY, TEXT, House


def test_content_is_kept_with_its_defaults(house: House, author: Principal) -> None:
    question = house.question(author, "text_entry", TEXT)
    with house.platform.db.reading() as session:
        version = get_question_version(session, author, question.id)
        [entry] = session.scalars(select(AuditEntry).where(AuditEntry.action == "question.created"))
    assert (version.number, version.type, version.content_version) == (1, "text_entry", 1)
    [answer] = version.content["answers"]
    assert (answer["text"], answer["fraction"], answer["feedback"]) == ("Paris", "1", "")
    assert version.content["case_sensitive"] is False
    assert version.plugin_version == house.platform.plugins.question_type("text_entry").version
    assert (entry.object_id, entry.actor_id) == (str(question.id), author.user_id)


@pytest.mark.parametrize(
    ("type_key", "content", "paths"),
    [
        ("choice", {**CHOICE, "mode": "dance"}, {"mode"}),
        ("choice", {"options": [{"text": ""}]}, {"stem", "options.0.text"}),
        ("choice", {**CHOICE, "extra": 1}, {"extra"}),
        ("text_entry", {"stem": "x", "answers": [{"text": "", "fraction": "2"}]},
         {"answers.0.text", "answers.0.fraction"}),
        ("essay", {"stem": "x\0"}, {""}),
        ("essay", {"stem": "\ud800"}, {""}),
        ("essay", {"stem": "x", "rubric": "y" * 600_000}, {""}),
        ("essay", {"stem": float("nan")}, {""}),
        ("crossword", {"stem": "x"}, {"type"}),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused_with_its_path(
    house: House, author: Principal, type_key, content, paths
) -> None:
    with pytest.raises(InvalidError) as caught:
        house.question(author, type_key, content)
    assert {problem["path"] for problem in caught.value.details["problems"]} == paths
    with house.platform.db.reading() as session:
        assert list_questions(session, author).items == []


def test_a_question_that_cannot_be_answered_yet_is_kept(house: House, author: Principal) -> None:
    unfinished = {**CHOICE, "options": []}
    question = house.question(author, "choice", unfinished)
    assert question.latest_number == 1


@pytest.mark.parametrize("title", ["", "  ", "x" * 301])
def test_titles_have_a_length(house: House, author: Principal, title: str) -> None:
    with pytest.raises(InvalidError):
        create_question(house.platform, author, title=title, type="essay", content=ESSAY)


def test_every_change_is_a_version_and_no_change_is_none(house: House, author: Principal) -> None:
    question = house.question(author, "text_entry", TEXT)
    changed = {**TEXT, "case_sensitive": True}
    same = add_question_version(house.platform, author, question.id, TEXT)
    second = add_question_version(house.platform, author, question.id, changed, title="Better")
    assert (same.number, second.number) == (1, 2)
    with house.platform.db.reading() as session:
        versions = list_question_versions(session, author, question.id)
        first = get_question_version(session, author, question.id, 1)
        assert get_question(session, author, question.id).title == "Better"
    assert [version.number for version in versions] == [2, 1]
    assert first.content["case_sensitive"] is False


def test_archived_questions_leave_the_list(house: House, author: Principal) -> None:
    question = house.question(author, "essay", ESSAY)
    with house.platform.db.transaction() as session:
        archive_question(session, author, question.id)
    with house.platform.db.reading() as session:
        assert list_questions(session, author).items == []
        [found] = list_questions(session, author, archived=True).items
    assert found.id == question.id


def test_the_list_is_searched_and_comes_in_pages(house: House, author: Principal) -> None:
    for number in range(5):
        create_question(
            house.platform, author, title=f"100%_{number} sure", type="essay", content=ESSAY
        )
    house.question(author, "text_entry", TEXT)
    with house.platform.db.reading() as session:
        found, cursor = [], None
        while True:
            page = list_questions(session, author, search="%_", cursor=cursor, limit=2)
            found += [question.title for question in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert found == [f"100%_{number} sure" for number in (4, 3, 2, 1, 0)]
        assert len(list_questions(session, author, type_key="text_entry").items) == 1
        assert list_questions(session, author, search="_x").items == []


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.AUTHOR])
def test_others_see_no_question(house: House, author: Principal, role: Role) -> None:
    question = house.question(author, "choice", CHOICE)
    other = house.person(role)
    with house.platform.db.reading() as session:
        for look in (list_questions, lambda s, p: get_question(s, p, question.id)):
            with pytest.raises(ForbiddenError):
                look(session, other)
    with pytest.raises(ForbiddenError):
        house.question(other, "essay", ESSAY)
    with pytest.raises(SignInRequiredError):
        house.question(NOBODY, "essay", ESSAY)


def test_an_exams_own_author_sees_the_questions_in_it_and_no_others(
    house: House, author: Principal
) -> None:
    exam = house.exam(author, [("choice", CHOICE, "1")])
    elsewhere = house.question(author, "essay", ESSAY)
    own = house.person(Role.AUTHOR, exam.id)
    inside = exam.sections[0].items[0].question_id
    with house.platform.db.reading() as session:
        assert get_question(session, own, inside).id == inside
        for unseen in (elsewhere.id, uuid4()):
            with pytest.raises(NotFoundError):
                get_question(session, own, unseen)
        with pytest.raises(ForbiddenError):
            list_questions(session, own)
