"""Questions are found by their words and tags, changed many at a time, copied and brought back."""

from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from examhall.core.errors import ForbiddenError, InvalidError, NotFoundError
from examhall.core.exams.bank import (
    archive_questions,
    change_question,
    list_questions,
    list_tags,
    tag_questions,
)
from examhall.core.exams.copies import (
    bring_back_exam,
    compare_content,
    copy_title,
    duplicate_exam,
    duplicate_question,
    restore_question_version,
)
from examhall.core.exams.operations import (
    add_question_version,
    archive_exam,
    create_question,
    update_exam,
)
from examhall.core.exams.publication import publish_exam
from examhall.core.exams.queries import get_exam_with_structure, get_question, get_question_version
from examhall.core.exams.structure import DrawPlan, ItemPlan, SectionPlan, replace_structure
from examhall.core.permissions import Principal, Role
from tests.exam_house import CHOICE, TEXT, House


def make(house: House, author: Principal, title: str, stem: str, *tags: str) -> UUID:
    content = {"stem": f"<p>{stem}</p>", "answers": [{"text": "x"}]}
    return create_question(
        house.platform,
        author,
        title=title,
        type="text_entry",
        content=content,
        tags=tags,
        points=Decimal("2.5"),
    ).id


def found(house: House, author: Principal, **wanted: object) -> set[str]:
    with house.platform.db.reading() as session:
        page = list_questions(session, author, **wanted)  # type: ignore[arg-type]
        return {question.title for question in page.items}


def test_every_word_of_a_search_counts_wherever_it_stands(house: House, author: Principal) -> None:
    make(house, author, "Élan vital", "What did <b>Bergson</b> mean?", "Philosophy", "year 2")
    make(house, author, "Entropy", "What did Clausius mean by 100&nbsp;%?", "physics")
    assert found(house, author, search="ÉLAN bergson") == {"Élan vital"}
    assert found(house, author, search="philos year") == {"Élan vital"}
    assert found(house, author, search="did mean") == {"Élan vital", "Entropy"}
    assert found(house, author, search="text ENTRY clausius") == {"Entropy"}
    assert found(house, author, search="100 %") == {"Entropy"}
    assert found(house, author, search="bergson entropy") == set()
    assert found(house, author, tags=["Philosophy", "year 2"]) == {"Élan vital"}
    assert found(house, author, tags=["Philosophy", "physics"]) == set()
    assert found(house, author, tags=["philosophy"]) == set()


def test_the_words_follow_title_tags_and_content(house: House, author: Principal) -> None:
    question_id = make(house, author, "Old", "first words", "one")
    changed = {**TEXT, "stem": "<p>second words</p>"}
    add_question_version(house.platform, author, question_id, changed, title="New")
    with house.platform.db.transaction() as session:
        change_question(session, author, question_id, tags=["two"], points=Decimal(3))
    for search in ("old", "first", "one"):
        assert found(house, author, search=search) == set()
    for search in ("new", "second", "two"):
        assert found(house, author, search=search) == {"New"}
    with house.platform.db.reading() as session:
        question = get_question(session, author, question_id)
        assert (question.tags, question.points) == (("two",), Decimal(3))


def test_many_questions_are_tagged_and_put_away_at_once(house: House, author: Principal) -> None:
    ids = [make(house, author, f"Q{n}", "x", "old") for n in range(3)]
    with house.platform.db.transaction() as session:
        assert tag_questions(session, author, ids[:2], add=[" new  tag ", "old"]) == 2
        assert tag_questions(session, author, ids, remove=["old"]) == 3
        assert archive_questions(session, author, ids[2:]) == 1
        assert archive_questions(session, author, ids[2:]) == 0
    with house.platform.db.reading() as session:
        assert [(one.tag, one.questions) for one in list_tags(session, author)] == [("new tag", 2)]
    assert found(house, author, archived=True) == {"Q2"}


@pytest.mark.parametrize("tags", [["x" * 101], ["a\0"], ["\ud800"], [str(n) for n in range(51)]])
def test_what_is_no_tag_is_refused(house: House, author: Principal, tags: list[str]) -> None:
    question_id = make(house, author, "Q", "x")
    with pytest.raises(InvalidError), house.platform.db.transaction() as session:
        tag_questions(session, author, [question_id], add=tags)
    with pytest.raises(InvalidError):
        make(house, author, "Q", "x", *tags)


def test_nobody_changes_what_is_not_there_or_not_theirs(house: House, author: Principal) -> None:
    question_id = make(house, author, "Q", "x")
    grader = house.person(Role.GRADER)
    with pytest.raises(NotFoundError), house.platform.db.transaction() as session:
        tag_questions(session, author, [question_id, uuid4()], add=["x"])
    for change in (tag_questions, archive_questions):
        with pytest.raises(ForbiddenError), house.platform.db.transaction() as session:
            change(session, grader, [question_id])
    with pytest.raises(ForbiddenError):
        duplicate_question(house.platform, grader, question_id)
    with pytest.raises(InvalidError), house.platform.db.transaction() as session:
        change_question(session, author, question_id, points=Decimal(-1))


def test_a_copy_has_all_and_an_old_version_comes_back(house: House, author: Principal) -> None:
    question_id = make(house, author, "Q", "first", "tag")
    copy = duplicate_question(house.platform, author, question_id)
    assert (copy.title, copy.tags, copy.points) == ("Q (copy)", ("tag",), Decimal("2.5"))
    with house.platform.db.reading() as session:
        first = get_question_version(session, author, question_id).content
        assert get_question_version(session, author, copy.id).content == first
    add_question_version(house.platform, author, question_id, {**TEXT, "stem": "<p>second</p>"})
    third = restore_question_version(house.platform, author, question_id, 1)
    assert (third.number, third.content) == (3, first)
    assert len(copy_title("x" * 300)) == 300
    with pytest.raises(NotFoundError):
        restore_question_version(house.platform, author, question_id, 9)


def test_changes_name_the_places() -> None:
    before = {"stem": "a", "options": [{"text": "x", "correct": True}], "gone": [1]}
    after = {"stem": "b", "options": [{"text": "x", "correct": False}, {"text": "y"}]}
    assert [(one.path, one.before, one.after) for one in compare_content(before, after)] == [
        ("stem", "a", "b"),
        ("options.0.correct", "true", "false"),
        ("gone.0", "1", ""),
        ("options.1.text", "", "y"),
    ]
    assert compare_content(after, after) == []


def test_an_exam_is_copied_without_its_candidates(house: House, author: Principal) -> None:
    exam = house.exam(author, [("choice", CHOICE, "2")], {"time": {"limit_seconds": 60}})
    item = ItemPlan(exam.sections[0].items[0].question_id, Decimal(2))
    plan = [SectionPlan("A", [item], 1, shuffle=True, draws=[DrawPlan(1, ("t",), "choice")])]
    with house.platform.db.transaction() as session:
        exam = replace_structure(session, author, exam.id, exam.revision, plan)
        copy = duplicate_exam(session, author, exam.id)
    assert (copy.title, copy.state, copy.settings) == ("Science (copy)", "draft", exam.settings)
    with house.platform.db.reading() as session:
        [section] = get_exam_with_structure(session, author, copy.id).sections
    assert (section.pick, section.shuffle, section.items[0].points) == (1, True, Decimal(2))
    assert [(one.count, one.tags, one.type) for one in section.draws] == [(1, ["t"], "choice")]


def test_an_archived_exam_comes_back_as_what_it_was(house: House, author: Principal) -> None:
    exam = house.exam(author, [("choice", CHOICE, "2")])
    for state in ("draft", "published"):
        with house.platform.db.transaction() as session:
            revision = update_exam(session, author, exam.id, exam.revision).revision
            archive_exam(session, author, exam.id, revision)
            exam = bring_back_exam(session, author, exam.id, revision + 1)
            assert exam.state == state
        publish_exam(house.platform, author, exam.id)
