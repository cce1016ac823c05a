"""Sections pick and draw for each candidate, the same for the same seed, never a question twice."""

from collections import Counter
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from examhall.core.attempts.models import AttemptItem
from examhall.core.errors import ForbiddenError, InvalidError
from examhall.core.exams.editions import choose_positions
from examhall.core.exams.models import Exam
from examhall.core.exams.operations import add_question_version, create_exam, create_question
from examhall.core.exams.preview import preview_exam
from examhall.core.exams.publication import publish_exam
from examhall.core.exams.queries import get_version
from examhall.core.exams.structure import DrawPlan, ItemPlan, SectionPlan, replace_structure
from examhall.core.permissions import Principal, Role
from examhall.core.scoring.operations import score_attempt
from tests.exam_house import CHOICE, TEXT, House


def section(items: int, pick: int | None = None, *, shuffle: bool = False, **more: object) -> dict:
    named = [{"question_id": f"own {n}"} for n in range(items)]
    return {"pick": pick, "shuffle": shuffle, "items": named, "draws": [], **more}


def draw(count: int, *names: str) -> dict[str, object]:
    return {"count": count, "items": [{"question_id": name} for name in names]}


def test_without_picks_everything_comes_in_its_order() -> None:
    assert choose_positions({"sections": [section(2), section(3)]}, 7) == [1, 2, 3, 4, 5]


@given(st.integers(0, 2**62), st.integers(1, 6), st.booleans())
def test_a_pick_takes_so_many_in_order_or_shuffled(seed: int, pick: int, shuffle: bool) -> None:
    content = {"sections": [section(1), section(6, pick, shuffle=shuffle), section(1)]}
    chosen = choose_positions(content, seed)
    assert chosen == choose_positions(content, seed)
    assert (chosen[0], chosen[-1], len(set(chosen))) == (1, 8, pick + 2)
    middle = chosen[1:-1]
    assert set(middle) <= set(range(2, 8))
    assert shuffle or middle == sorted(middle)


@given(st.integers(0, 2**62))
def test_overlapping_draws_give_no_question_twice(seed: int) -> None:
    draws = [draw(2, "a", "b", "c"), draw(2, "b", "c", "d", "e")]
    chosen = choose_positions({"sections": [section(1, draws=draws)]}, seed)
    names = ["own", "a", "b", "c", "b", "c", "d", "e"]
    drawn = [names[place - 1] for place in chosen]
    assert len(drawn) == len(set(drawn)) == 5


def test_everything_is_drawn_about_equally_often() -> None:
    content = {"sections": [section(5, 2)]}
    counts = Counter(place for seed in range(2000) for place in choose_positions(content, seed))
    assert all(700 < counts[place] < 900 for place in range(1, 6))


def fill_bank(house: House, author: Principal, count: int, tag: str) -> list[UUID]:
    return [
        create_question(
            house.platform, author, title=f"{tag} {n}", type="text_entry", content=TEXT, tags=[tag]
        ).id
        for n in range(count)
    ]


def make_exam(house: House, author: Principal, *plans: SectionPlan) -> Exam:
    with house.platform.db.transaction() as session:
        exam = create_exam(session, author, "Drawn")
        return replace_structure(session, author, exam.id, exam.revision, plans)


def test_an_attempt_holds_its_own_edition_and_scoring_counts_that(
    house: House, author: Principal
) -> None:
    pool = fill_bank(house, author, 5, "easy")
    fixed = house.question(author, "choice", CHOICE).id
    items = [ItemPlan(fixed, Decimal(4)), ItemPlan(pool[0])]
    exam = make_exam(
        house,
        author,
        SectionPlan("A", items, shuffle=True),
        SectionPlan("B", draws=[DrawPlan(2, ("easy",), "text_entry", Decimal(3))]),
    )
    version = publish_exam(house.platform, author, exam.id)
    add_question_version(house.platform, author, pool[1], {**TEXT, "stem": "<p>Later</p>"})
    fill_bank(house, author, 5, "easy")
    with house.platform.db.reading() as session:
        frozen = get_version(session, version.id).items
        assert len(frozen) == 6
        assert {item.question_version.number for item in frozen} == {1}
    editions = set()
    for _ in range(6):
        sitting = house.sitting(exam.id)
        with house.platform.db.reading() as session:
            rows = session.scalars(
                select(AttemptItem)
                .where(AttemptItem.attempt_id == sitting.attempt_id)
                .order_by(AttemptItem.position)
            ).all()
        assert [row.position for row in rows] == [1, 2, 3, 4]
        assert sorted(row.points for row in rows) == [1, 3, 3, 4]
        editions.add(tuple(row.exam_version_item_id for row in rows))
    assert len(editions) > 1
    for place, row in enumerate(rows):
        sitting.answer(place, {"text": "Paris"} if row.type == "text_entry" else {"choice": "x"})
    sitting.submit()
    score = score_attempt(house.platform, sitting.attempt_id)
    assert score is not None
    assert (score.points, score.max_points) == (Decimal(7), Decimal(11))


def problems(house: House, author: Principal, exam: Exam) -> dict[str, str]:
    with pytest.raises(InvalidError) as caught:
        publish_exam(house.platform, author, exam.id)
    return {one["path"]: one["message"] for one in caught.value.details["problems"]}


def test_what_cannot_be_met_keeps_the_exam_from_being_published(
    house: House, author: Principal
) -> None:
    fill_bank(house, author, 3, "easy")
    own = house.question(author, "text_entry", TEXT).id
    exam = make_exam(
        house,
        author,
        SectionPlan("A", [ItemPlan(own)], 2),
        SectionPlan("B", draws=[DrawPlan(4, ("easy",)), DrawPlan(1, ("hard", "new"))]),
    )
    found = problems(house, author, exam)
    assert "has 1. Add some, or pick fewer." in found["sections.0.pick"]
    assert "but the bank has 3." in found["sections.1.draws.0"]
    assert "“hard” and “new”, but the bank has none." in found["sections.1.draws.1"]
    overlapping = [DrawPlan(2, ("easy",)), DrawPlan(2, ("easy",), "text_entry")]
    found = problems(house, author, make_exam(house, author, SectionPlan(draws=overlapping)))
    assert "earlier picks can take 2 of them" in found["sections.0.draws.1"]


def test_a_faulty_question_that_can_be_drawn_is_named(house: House, author: Principal) -> None:
    faulty = create_question(
        house.platform,
        author,
        title="Faulty",
        type="choice",
        content={**CHOICE, "options": []},
        tags=["easy"],
    )
    exam = make_exam(house, author, SectionPlan(draws=[DrawPlan(1, ("easy",))]))
    found = problems(house, author, exam)
    assert all(path.startswith(f"questions.{faulty.id}") for path in found)
    assert all(text.startswith("Faulty: ") for text in found.values())


def test_the_preview_draws_one_edition(house: House, author: Principal) -> None:
    fill_bank(house, author, 4, "easy")
    plan = SectionPlan("A", draws=[DrawPlan(2, ("easy",), points=Decimal(2))])
    exam = make_exam(house, author, plan)
    drawn = {
        tuple(item.title for item in part.items)
        for seed in range(1, 9)
        for part in preview_exam(house.platform, author, exam.id, seed=seed)
    }
    assert len(drawn) > 1
    assert {len(titles) for titles in drawn} == {2}


def test_only_authors_of_the_bank_draw_from_it(house: House, author: Principal) -> None:
    kept = SectionPlan("A", draws=[DrawPlan(1, ("easy",))])
    exam = make_exam(house, author, kept)
    own = house.person(Role.AUTHOR, exam.id)
    with house.platform.db.transaction() as session:
        exam = replace_structure(session, own, exam.id, exam.revision, [kept])
    other = SectionPlan("A", draws=[DrawPlan(1, ("secret",))])
    with pytest.raises(ForbiddenError), house.platform.db.transaction() as session:
        replace_structure(session, own, exam.id, exam.revision, [other])
