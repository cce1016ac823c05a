"""The rules of a review, without a database: what follows what, and what a decision may say.

A review goes through the states of `attempts.review_state`. Each decision belongs to a round, and
the table says for each state which round is due. Where the exam asks for a second reviewer, a
decision that is not `no_concern` waits for another person's; where the two differ, the second one
counts, and both are shown. An appeal is decided once, that is final, and it never makes anything
worse for the candidate.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from examhall.core.attempts.states import ReviewState


class Outcome(StrEnum):
    """What a reviewer concludes, from the mildest to the gravest."""

    NO_CONCERN = "no_concern"
    INCONCLUSIVE = "inconclusive"
    MINOR = "minor"
    CONCERN = "concern"
    VOID_PROPOSED = "void_proposed"


class Round(StrEnum):
    """Which of the decisions about a session."""

    FIRST = "first"
    SECOND = "second"
    APPEAL = "appeal"


class AppealState(StrEnum):
    """Where an appeal stands."""

    OPEN = "open"
    DECIDED = "decided"


_WORDS: Final[Mapping[Outcome, tuple[str, str]]] = {
    Outcome.NO_CONCERN: ("No concern", "Nothing counts against the candidate."),
    Outcome.INCONCLUSIVE: (
        "Inconclusive",
        "What was recorded does not suffice to say. Nothing counts against the candidate.",
    ),
    Outcome.MINOR: (
        "Minor",
        "Something was against the rules of the exam. It does not put the result in question.",
    ),
    Outcome.CONCERN: (
        "Concern",
        "Something puts the result in question. The people who run the exam have to look at it.",
    ),
    Outcome.VOID_PROPOSED: (
        "Voiding is proposed",
        """The reviewer proposes to declare the attempt void. Nothing is voided by it, and no score
        changes: that is for the people who run the exam.""",
    ),
}

OUTCOME_WORDS: Final[Mapping[Outcome, tuple[str, str]]] = {
    outcome: (title, " ".join(meaning.split())) for outcome, (title, meaning) in _WORDS.items()
}
"""The title and the meaning of each outcome."""

COUNTING: Final = frozenset({Outcome.MINOR, Outcome.CONCERN, Outcome.VOID_PROPOSED})
"""Outcomes that name the incidents which count against the candidate."""

APPEALABLE: Final = frozenset(set(Outcome) - {Outcome.NO_CONCERN})
"""Outcomes that a candidate may appeal against."""

DUE: Final[Mapping[ReviewState, Round]] = {
    ReviewState.QUEUED: Round.FIRST,
    ReviewState.SECOND_REVIEW: Round.SECOND,
    ReviewState.APPEALED: Round.APPEAL,
}
"""The round that is due in each state; in all others nothing is decided."""

RELEASED: Final = frozenset({ReviewState.DECIDED, ReviewState.APPEALED, ReviewState.FINAL})
"""States in which the candidate sees what was decided."""


def state_after(state: ReviewState, outcome: Outcome, *, second_reviewer: bool) -> ReviewState:
    """Return the state that a decision leads to; raises KeyError where none is due."""
    due = DUE[state]
    if due is Round.APPEAL:
        return ReviewState.FINAL
    if due is Round.FIRST and second_reviewer and outcome is not Outcome.NO_CONCERN:
        return ReviewState.SECOND_REVIEW
    return ReviewState.DECIDED


def gravity(outcome: Outcome) -> int:
    """Return how grave an outcome is: 0 for the mildest."""
    return list(Outcome).index(outcome)


def find_fault(outcome: Outcome, counted: Collection[object]) -> str:
    """Say what is wrong with the incidents that a decision counts, an empty text for nothing."""
    if outcome in COUNTING and not counted:
        return "Tick the incidents that this decision is about."
    if outcome not in COUNTING and counted:
        return "Incidents count only where something counts against the candidate."
    return ""


def is_worse(
    outcome: Outcome,
    counted: Collection[str],
    before: Outcome,
    counted_before: Collection[str],
) -> bool:
    """Say whether a decision is worse for the candidate than the one before."""
    return gravity(outcome) > gravity(before) or not set(counted) <= set(counted_before)


def appeal_ends(decided_at: datetime, days: int) -> datetime:
    """Return the last moment for an appeal."""
    return decided_at + timedelta(days=days)
