"""The feedback modes: what any sequence of actions can never do, and what it must do."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examhall.core.attempts.modes.behaviours import advance
from examhall.core.attempts.modes.course import (
    Action,
    ActionKind,
    Answer,
    Course,
    ItemState,
    Mode,
    Rules,
)
from examhall.core.attempts.modes.penalties import count_back
from examhall.plugins import PartScore

SAVE, CHECK, AGAIN, FINISH, MARK = ActionKind
THIRD = Decimal("0.3333333")
CERTAINTY = {Mode.DEFERRED_CERTAINTY, Mode.IMMEDIATE_CERTAINTY}
PROGRAMS = st.sampled_from([mode for mode in Mode if mode is not Mode.INFORMATION])


def answer(fraction, name="", parts=()):
    return Answer(name or f"a{fraction}", True, True, Decimal(fraction), tuple(parts))


RIGHT, HALF, WRONG = answer("1"), answer("0.5"), answer("0")
INCOMPLETE = Answer("some", is_given=True, fraction=Decimal("0.25"))

shares = st.decimals(0, 1, places=2)
answers = st.one_of(
    st.sampled_from([RIGHT, HALF, WRONG, INCOMPLETE, Answer()]),
    st.builds(
        lambda first, second: answer(
            (first + second) / 2,
            f"{first}/{second}",
            [PartScore("1", first), PartScore("2", second)],
        ),
        shares,
        shares,
    ),
)
actions = st.one_of(
    st.builds(Action, st.sampled_from([SAVE, CHECK]), answers, st.sampled_from([None, 1, 2, 3])),
    st.just(Action(AGAIN)),
    st.just(Action(FINISH)),
)
rules = st.builds(
    Rules,
    mode=PROGRAMS,
    tries=st.integers(1, 4),
    penalty=st.sampled_from([Decimal(0), Decimal("0.1"), THIRD, Decimal(1)]),
    counts_parts=st.booleans(),
)


def play(the_rules, steps):
    course = Course.begin(the_rules)
    for step in steps:
        course = advance(course, step)
    return course


def states(mode, *steps, tries=3, penalty=THIRD):
    """Return state and fraction after each action."""
    course, found = Course.begin(Rules(mode, tries, penalty)), []
    for step in steps:
        course = advance(course, step)
        found.append((str(course.last.state), course.last.fraction))
    return found


@given(rules, st.lists(actions, max_size=12))
def test_nothing_is_ever_worth_more_than_the_best_answer(the_rules, steps) -> None:
    best = max((step.answer.fraction for step in steps if step.answer), default=Decimal(0))
    highest = max(best, Decimal(0)) * (3 if the_rules.mode in CERTAINTY else 1)
    for step in play(the_rules, steps).steps:
        assert step.fraction is None or step.fraction <= highest + Decimal("1e-20")


@given(rules, st.lists(actions, max_size=12))
def test_tries_are_used_up_and_never_come_back(the_rules, steps) -> None:
    course = play(the_rules, steps)
    left = [step.tries_left for step in course.steps]
    assert left == sorted(left, reverse=True)
    assert left[-1] >= 1
    numbers = [step.try_number for step in course.steps if step.try_number]
    assert numbers == sorted(numbers)


@given(rules, st.lists(actions, max_size=12))
def test_the_same_actions_give_the_same_course(the_rules, steps) -> None:
    assert play(the_rules, steps) == play(the_rules, steps)


@given(rules, st.lists(actions, max_size=8), st.lists(actions, max_size=4))
def test_after_the_end_only_a_marker_changes_anything(the_rules, steps, later) -> None:
    ended = play(the_rules, [*steps, Action(FINISH)])
    assert not ended.last.state.is_active
    course = ended
    for step in later:
        course = advance(course, step)
    assert course is ended
    marked = advance(course, Action(MARK, fraction=Decimal("0.5")))
    assert (marked.last.state, marked.last.fraction) == ("marked_partial", Decimal("0.5"))


@given(st.sampled_from([Mode.ADAPTIVE, Mode.ADAPTIVE_FREE]), st.lists(actions, max_size=12))
def test_what_adaptive_gave_it_never_takes_away(mode, steps) -> None:
    course = play(Rules(mode, penalty=THIRD), steps)
    earned = [step.fraction for step in course.steps if step.fraction is not None]
    assert earned == sorted(earned)


@given(st.lists(actions, max_size=12))
def test_a_penalty_of_nothing_is_adaptive_without_penalties(steps) -> None:
    plain = [(s.state, s.fraction) for s in play(Rules(Mode.ADAPTIVE), steps).steps]
    free = [(s.state, s.fraction) for s in play(Rules(Mode.ADAPTIVE_FREE), steps).steps]
    assert plain == free


def test_deferred_says_what_is_missing_and_scores_at_the_end() -> None:
    steps = [Action(SAVE, INCOMPLETE), Action(SAVE, HALF), Action(CHECK, RIGHT), Action(FINISH)]
    assert states(Mode.DEFERRED, *steps) == [
        ("invalid", None), ("complete", None), ("complete", None), ("right", 1),
    ]  # fmt: skip


def test_an_item_that_nobody_answered_was_given_up() -> None:
    assert states(Mode.IMMEDIATE, Action(FINISH)) == [("gave_up", None)]
    assert states(Mode.MANUAL, Action(FINISH)) == [("gave_up", None)]
    assert states(Mode.MANUAL, Action(SAVE, WRONG), Action(FINISH))[-1] == ("needs_marking", None)


def test_a_check_of_an_incomplete_answer_costs_nothing() -> None:
    steps = [Action(CHECK, INCOMPLETE), Action(CHECK, RIGHT)]
    for mode in (Mode.IMMEDIATE, Mode.INTERACTIVE):
        assert states(mode, *steps) == [("invalid", None), ("right", 1)]
    assert states(Mode.ADAPTIVE, *steps) == [("invalid", None), ("complete", 1)]


def test_each_interactive_try_costs_its_penalty_and_the_last_one_ends() -> None:
    steps = [Action(CHECK, WRONG), Action(AGAIN), Action(CHECK, RIGHT)]
    assert states(Mode.INTERACTIVE, *steps)[-1] == ("right", 1 - THIRD)
    steps = [*steps[:2], Action(CHECK, HALF), Action(AGAIN), Action(CHECK, WRONG)]
    assert [state for state, _ in states(Mode.INTERACTIVE, *steps)] == ["open"] * 4 + ["wrong"]


def test_between_two_interactive_tries_the_next_one_has_to_be_asked_for() -> None:
    course = play(Rules(Mode.INTERACTIVE, 3), [Action(CHECK, WRONG)])
    assert course.awaits_try_again
    assert advance(course, Action(SAVE, RIGHT)) is course
    assert advance(course, Action(CHECK, RIGHT)) is course
    assert not advance(course, Action(AGAIN)).awaits_try_again


def test_without_hints_there_is_one_interactive_try() -> None:
    assert states(Mode.INTERACTIVE, Action(CHECK, WRONG), tries=1) == [("wrong", 0)]


def test_adaptive_does_not_count_the_same_answer_twice() -> None:
    steps = [Action(CHECK, WRONG), Action(CHECK, WRONG), Action(CHECK, RIGHT), Action(CHECK, WRONG)]
    assert states(Mode.ADAPTIVE, *steps, Action(FINISH)) == [
        ("open", 0), ("open", 0), ("complete", 1 - THIRD), ("complete", 1 - THIRD),
        ("wrong", 1 - THIRD),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("certainty", "right", "wrong"), [(1, 1, 0), (2, 2, -2), (3, 3, -6), (None, 1, 0)]
)
def test_certainty_raises_what_is_right_and_costs_what_is_wrong(certainty, right, wrong) -> None:
    for the_answer, worth in ((RIGHT, right), (WRONG, wrong)):
        steps = [Action(SAVE, the_answer, certainty), Action(FINISH)]
        assert states(Mode.DEFERRED_CERTAINTY, *steps)[-1][1] == worth


def test_an_answer_without_certainty_cannot_be_checked() -> None:
    steps = [Action(CHECK, RIGHT), Action(CHECK, RIGHT, 3)]
    assert states(Mode.IMMEDIATE_CERTAINTY, *steps) == [("invalid", None), ("right", 3)]


def test_a_marker_can_give_up_to_what_they_like_and_comment_without_a_mark() -> None:
    course = play(Rules(Mode.DEFERRED), [Action(FINISH), Action(MARK)])
    assert course.last.state is ItemState.MARKED_GAVE_UP
    course = advance(course, Action(MARK, fraction=Decimal("2.5")))
    assert (course.last.state, course.last.mark(Decimal(2))) == ("marked_right", 5)
    assert advance(course, Action(MARK)).last.state is ItemState.NEEDS_MARKING


def test_information_is_seen_and_finished() -> None:
    steps = [Action(SAVE), Action(SAVE), Action(FINISH), Action(MARK)]
    found = [state for state, _ in states(Mode.INFORMATION, *steps)]
    assert found == ["complete", "complete", "finished", "marked_finished"]


def parted(*fractions):
    parts = [PartScore(str(n), Decimal(f)) for n, f in enumerate(fractions)]
    return answer(sum(part.fraction for part in parts) / len(parts), str(fractions), parts)


@pytest.mark.parametrize(
    ("tries", "worth"),
    [
        ([(1, 1)], "1"),
        ([(1, 0), (1, 1)], "0.85"),
        ([(1, 0), (0, 1), (1, 1)], "0.55"),
        ([(0, 0), (0, 0)], "0"),
        ([("0.5", 1), ("0.5", 1)], "0.75"),
        ([(0, 1), ("0.5", 1)], "0.6"),
    ],
)
def test_each_part_pays_for_the_tries_before_it_became_what_it_is(tries, worth) -> None:
    assert count_back([parted(*one) for one in tries], Decimal("0.3")) == Decimal(worth)


def test_a_part_that_an_answer_lacks_was_worth_nothing_in_it() -> None:
    first, second = parted(1), parted(1, 1)
    assert count_back([first, second], Decimal("0.5")) == Decimal("0.75")
    assert count_back([second, first], Decimal("0.5")) == Decimal("0.5")
    assert count_back([answer(1)], Decimal(0)) == 0


@given(st.lists(st.lists(shares, min_size=3, max_size=3), min_size=1, max_size=5), shares)
def test_counting_back_stays_between_nothing_and_the_last_answer(tries, penalty) -> None:
    last = sum(tries[-1]) / 3
    worth = count_back([parted(*one) for one in tries], penalty)
    assert 0 <= worth <= last + Decimal("1e-20")


def test_interactive_counts_parts_back_where_the_type_has_them() -> None:
    steps = [Action(CHECK, parted(1, 0)), Action(AGAIN), Action(SAVE, parted(1, 1)), Action(FINISH)]
    by_part = play(Rules(Mode.INTERACTIVE, 3, THIRD, counts_parts=True), steps)
    at_once = play(Rules(Mode.INTERACTIVE, 3, THIRD), steps)
    assert by_part.last.fraction == 1 - THIRD / 2
    assert at_once.last.fraction == 1 - THIRD
