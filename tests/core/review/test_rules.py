"""The rules of a review, without a database."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examhall.core.attempts.states import REVIEW_EDGES, ReviewState
from examhall.core.review.rules import (
    APPEALABLE,
    COUNTING,
    DUE,
    OUTCOME_WORDS,
    RELEASED,
    Outcome,
    Round,
    appeal_ends,
    find_fault,
    gravity,
    is_worse,
    state_after,
)

DUE_STATES = st.sampled_from(list(DUE))
OUTCOMES = st.sampled_from(Outcome)
IDS = st.frozensets(st.sampled_from("abc"))


@given(DUE_STATES, OUTCOMES, st.booleans())
def test_a_decision_takes_a_step_of_the_table(
    state: ReviewState, outcome: Outcome, second: bool
) -> None:
    assert state_after(state, outcome, second_reviewer=second) in REVIEW_EDGES[state]


@given(st.lists(OUTCOMES, min_size=3, max_size=3), st.booleans(), st.booleans())
def test_every_review_ends_and_decides_each_round_once(
    outcomes: list[Outcome], second: bool, appeals: bool
) -> None:
    state, rounds = ReviewState.QUEUED, []
    for outcome in outcomes:
        if state not in DUE:
            break
        rounds.append(DUE[state])
        state = state_after(state, outcome, second_reviewer=second)
        if state is ReviewState.DECIDED and appeals and outcome in APPEALABLE:
            state = ReviewState.APPEALED
    assert len(set(rounds)) == len(rounds)
    assert state in RELEASED
    assert (Round.SECOND in rounds) == (second and outcomes[0] is not Outcome.NO_CONCERN)


@pytest.mark.parametrize(
    "state", [ReviewState.NOT_REQUIRED, ReviewState.DECIDED, ReviewState.FINAL]
)
def test_nothing_is_decided_where_nothing_is_due(state: ReviewState) -> None:
    with pytest.raises(KeyError):
        state_after(state, Outcome.MINOR, second_reviewer=False)


@given(OUTCOMES, IDS)
def test_incidents_count_exactly_where_something_counts(
    outcome: Outcome, ids: frozenset[str]
) -> None:
    assert (find_fault(outcome, ids) == "") == (bool(ids) == (outcome in COUNTING))


@given(OUTCOMES, IDS)
def test_the_same_decision_is_not_worse(outcome: Outcome, ids: frozenset[str]) -> None:
    assert not is_worse(outcome, ids, outcome, ids)


@given(OUTCOMES, IDS, OUTCOMES, IDS)
def test_worse_is_graver_or_counts_more(
    outcome: Outcome, ids: frozenset[str], before: Outcome, ids_before: frozenset[str]
) -> None:
    worse = gravity(outcome) > gravity(before) or bool(ids - ids_before)
    assert is_worse(outcome, ids, before, ids_before) == worse


def test_nobody_is_accused_in_the_words() -> None:
    assert set(OUTCOME_WORDS) == set(Outcome)
    words = " ".join(f"{title} {meaning}" for title, meaning in OUTCOME_WORDS.values()).lower()
    assert not [bad for bad in ("cheat", "fraud", "guilt", "violat") if bad in words]


def test_an_appeal_ends_after_its_days() -> None:
    decided = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert appeal_ends(decided, 14) == datetime(2026, 3, 15, 12, tzinfo=UTC)
