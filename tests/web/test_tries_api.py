"""Checks and tries over HTTP: every feedback mode, hostile input, and what is never told."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select

from examhall.core.attempts.models import AttemptItem
from examhall.core.contracts.question_type import Variant
from examhall.core.permissions import Role
from examhall.core.scoring.models import ItemScoreRecord, ScoreRecord
from examhall.core.scoring.operations import score_attempt
from examhall.core.tries.models import ItemStep
from examhall.web.app import create_app
from tests.exam_house import ESSAY, LEASE, House, Sitting, open_house
from tests.web.test_attempts_api import Browser

HINTS = [{"text": "<p>It is odd.</p>"}, {"text": "<p>It is small.</p>", "clear_wrong": True}]
CHOICE = {
    "stem": "<p>Which is a prime?</p>",
    "mode": "single",
    "shuffle": False,
    "feedback": "<p>THE GENERAL EXPLANATION</p>",
    "options": [
        {"id": "seven", "text": "7", "correct": True},
        {"id": "nine", "text": "9", "feedback": "<p>3 times 3</p>"},
        {"id": "ten", "text": "10"},
    ],
    "hints": HINTS,
    "penalty": "0.25",
}
TEXT = {"stem": "<p>Capital of France?</p>", "answers": [{"text": "Paris"}], "penalty": "0.1"}
NUMBER = {"stem": "<p>Pi?</p>", "answers": [{"value": "3.14", "tolerance": "0.01"}]}
QUESTIONS = (
    ("choice", CHOICE, "4"),
    ("text_entry", TEXT, "2"),
    ("numeric", NUMBER, "2"),
    ("essay", ESSAY, "1"),
)
RIGHT, WRONG, OTHER = ({"choice": value} for value in ("1", "2", "3"))


@pytest.fixture(scope="module")
def house(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("tries")
    copy = folder / "examhall.db"
    copy.write_bytes(sqlite_template.read_bytes())
    with open_house(f"sqlite:///{copy}", folder) as house:
        yield house


@pytest.fixture(scope="module")
def app(house: House) -> Flask:
    return create_app(house.platform)


class Desk:
    """A candidate in the room of an exam with a feedback mode."""

    def __init__(
        self, house: House, app: Flask, mode: str, questions: Any = QUESTIONS, **scoring: Any
    ) -> None:
        settings = {"scoring": {"feedback_mode": mode, **scoring}}
        exam_id = house.published(questions, settings).exam_id
        self.house, self.sitting = house, house.sitting(exam_id)
        self.browser = Browser(app, house, self.sitting.candidate)  # type: ignore[arg-type]
        self.revisions = dict.fromkeys(range(len(questions)), 0)
        self.sequence = 0

    @property
    def path(self) -> str:
        return f"/attempts/{self.sitting.attempt_id}"

    def body(self, raw: Any, item: int = 0, **changes: Any) -> dict[str, Any]:
        self.sequence += 1
        return {
            "operation_id": str(uuid4()),
            "client_sequence": self.sequence,
            "base_revision": self.revisions[item],
            "lease_id": LEASE,
            "raw": raw,
            **changes,
        }

    def door(self, item: int = 0, what: str = "check") -> str:
        return f"{self.path}/items/{self.sitting.items[item]}/{what}"

    def check(self, raw: Any, item: int = 0, **changes: Any) -> Any:
        answer = self.browser.data("POST", self.door(item), self.body(raw, item, **changes))
        self.revisions[item] = answer["saved"]["revision"]
        return answer["progress"]

    def refuse(self, raw: Any, item: int = 0, **changes: Any) -> tuple[int, str]:
        return self.browser.error("POST", self.door(item), self.body(raw, item, **changes))

    def again(self, item: int = 0) -> Any:
        body = {"operation_id": str(uuid4()), "lease_id": LEASE}
        return self.browser.data("POST", self.door(item, "try-again"), body)

    def save(self, raw: Any, item: int = 0) -> None:
        path = f"{self.path}/responses/{self.sitting.items[item]}"
        self.revisions[item] = self.browser.data("PUT", path, self.body(raw, item))["revision"]

    def room(self, item: int = 0) -> Any:
        return self.browser.data("GET", f"{self.path}/room")["items"][item]["progress"]

    def results(self) -> list[ItemScoreRecord]:
        """Hand in, score, and return the items' scores in order."""
        self.sitting.submit()
        score_attempt(self.house.platform, self.sitting.attempt_id)
        with self.house.platform.db.reading() as session:
            score = session.scalars(
                select(ScoreRecord).where(ScoreRecord.attempt_id == self.sitting.attempt_id)
            ).one()
            by_item = {record.item_id: record for record in score.items}
        return [by_item[item_id] for item_id in self.sitting.items]


@pytest.fixture
def open_desk(house: House, app: Flask) -> Any:
    return lambda mode, **scoring: Desk(house, app, mode, **scoring)


def steps_of(sitting: Sitting) -> int:
    with sitting.house.platform.db.reading() as session:
        wanted = select(ItemStep).where(ItemStep.attempt_id == sitting.attempt_id)
        return len(session.scalars(wanted).all())


def test_a_deferred_exam_tells_nothing_and_has_nothing_to_check(open_desk) -> None:
    desk = open_desk("deferred")
    assert desk.room()["can_check"] is False
    assert desk.refuse(RIGHT) == (409, "conflict")
    assert steps_of(desk.sitting) == 0


def test_an_immediate_check_is_final(open_desk) -> None:
    desk = open_desk("immediate")
    assert desk.room() == desk.room() | {"can_check": True, "verdict": "", "feedback": ""}
    told = desk.check(WRONG)
    assert (told["verdict"], told["is_over"], told["points"]) == ("wrong", True, "0")
    assert "THE GENERAL EXPLANATION" in told["feedback"]
    assert desk.room() == told
    assert desk.refuse(RIGHT) == (409, "conflict")
    path = f"{desk.path}/responses/{desk.sitting.items[0]}"
    assert desk.browser.error("PUT", path, desk.body(RIGHT, 0)) == (409, "item_finished")
    assert desk.results()[0].fraction == 0


def test_an_answer_that_cannot_be_checked_yet_costs_nothing(open_desk) -> None:
    desk = open_desk("immediate")
    told = desk.check({})
    assert (told["verdict"], told["is_over"]) == ("invalid", False)
    assert "Answer every part" in told["feedback"]
    told = desk.check({"value": "<b>many</b>"}, item=2)
    assert told["verdict"] == "invalid"
    assert "<b>" not in told["feedback"]
    assert desk.check(RIGHT)["verdict"] == "right"


def test_interactive_tries_cost_their_penalty_and_give_hints(open_desk) -> None:
    desk = open_desk("interactive")
    assert desk.room()["tries_left"] == 3
    told = desk.check(WRONG)
    assert told["awaits_try_again"]
    assert (told["tries_left"], told["points"], told["feedback"]) == (2, None, "")
    assert told["hint"] == "<p>It is odd.</p>"
    assert desk.refuse(RIGHT) == (409, "conflict")
    told = desk.again()
    assert (told["awaits_try_again"], told["kept"], told["hint"]) == (False, None, "")
    told = desk.check(OTHER)
    assert (told["tries_left"], told["hint"], told["kept"]) == (1, "<p>It is small.</p>", {})
    desk.again()
    told = desk.check(RIGHT)
    assert (told["verdict"], told["is_over"], told["points"]) == ("right", True, "2")
    assert "THE GENERAL EXPLANATION" in told["feedback"]
    result = desk.results()[0]
    assert (result.state, result.fraction, result.points) == ("right", Decimal("0.5"), Decimal(2))


def test_an_interactive_item_left_between_tries_counts_what_was_checked(open_desk) -> None:
    desk = open_desk("interactive", tries=2, try_penalty="0.5")
    desk.check(WRONG)
    desk.save(RIGHT)
    desk.save({"text": "Paris"}, item=1)
    results = desk.results()
    assert results[0].fraction == 0, "the next try was never begun"
    assert results[1].fraction == 1, "what was never checked counts in full"


def test_nothing_of_the_key_is_told_before_its_time(open_desk) -> None:
    desk = open_desk("interactive")
    secrets = ["It is odd", "It is small", "3 times 3", "THE GENERAL EXPLANATION", '"correct"']

    def told() -> list[str]:
        room = desk.browser.call("GET", f"{desk.path}/room").get_data(as_text=True)
        return [secret for secret in secrets if secret in room]

    assert told() == []
    answer = desk.browser.call("POST", desk.door(), desk.body(WRONG)).get_data(as_text=True)
    assert [secret for secret in secrets if secret in answer] == ["It is odd"]
    assert told() == ["It is odd"]


def test_adaptive_keeps_the_best_and_does_not_count_the_same_answer_twice(open_desk) -> None:
    desk = open_desk("adaptive")
    wrong = {"text": "Rome"}
    assert desk.check(wrong, 1)["points"] == "0"
    assert desk.check(wrong, 1)["try_number"] == 1
    told = desk.check({"text": "Paris"}, 1)
    assert (told["state"], told["points"], told["is_over"]) == ("complete", "1.8", False)
    assert desk.check({"text": "Oslo"}, 1)["points"] == "1.8"
    assert desk.results()[1].fraction == Decimal("0.9")


def test_adaptive_without_penalties_gives_all(open_desk) -> None:
    desk = open_desk("adaptive_free")
    desk.check({"text": "Rome"}, 1)
    assert desk.check({"text": "Paris"}, 1)["points"] == "2"
    assert desk.results()[1].fraction == 1


def test_certainty_is_asked_for_and_stands_beside_the_fraction(open_desk) -> None:
    desk = open_desk("immediate_certainty", scorer="certainty")
    assert desk.room()["asks_certainty"]
    assert "how sure" in desk.check(RIGHT)["feedback"]
    told = desk.check({**RIGHT, "@certainty": "3"})
    assert (told["verdict"], told["points"]) == ("right", None)
    result = desk.results()[0]
    assert (result.fraction, result.certainty) == (1, 3)


def test_a_deferred_exam_with_certainty_assumes_the_lowest(open_desk) -> None:
    desk = open_desk("deferred_certainty", scorer="certainty")
    desk.save({**RIGHT, "@certainty": "2"})
    desk.save({"text": "Paris", "@certainty": "very"}, 1)
    assert [result.certainty for result in desk.results()] == [2, 1, 1, 1]


def test_by_hand_every_answer_waits_for_a_person(open_desk) -> None:
    desk = open_desk("manual")
    desk.save(RIGHT)
    assert [result.needs_manual for result in desk.results()] == [True, False, False, False]


def test_the_same_operation_is_one_try(open_desk) -> None:
    desk = open_desk("interactive")
    body = desk.body(WRONG)
    first = desk.browser.data("POST", desk.door(), body)["progress"]
    assert desk.browser.data("POST", desk.door(), body)["progress"] == first
    assert steps_of(desk.sitting) == 1
    again = {"operation_id": str(uuid4()), "lease_id": LEASE}
    door = desk.door(what="try-again")
    assert desk.browser.data("POST", door, again) == desk.browser.data("POST", door, again)
    assert steps_of(desk.sitting) == 2
    assert desk.browser.data("POST", desk.door(), body)["progress"] == first


def test_people_mark_essays_in_every_mode(open_desk) -> None:
    desk = open_desk("interactive")
    assert desk.room(3)["can_check"] is False
    assert desk.refuse({"text": "Because."}, 3) == (409, "conflict")


def test_what_does_not_belong_to_the_room_is_not_there(open_desk, house, app) -> None:
    desk, other = open_desk("immediate"), open_desk("immediate")
    stranger = Browser(app, house, house.person(Role.CANDIDATE))
    assert stranger.error("POST", desk.door(), desk.body(RIGHT)) == (404, "not_found")
    alien = f"{desk.path}/items/{other.sitting.items[0]}/check"
    assert desk.browser.error("POST", alien, desk.body(RIGHT)) == (404, "not_found")
    assert desk.refuse(RIGHT, lease_id="another-window") == (409, "lease_lost")
    again = {"operation_id": str(uuid4()), "lease_id": LEASE}
    assert desk.browser.error("POST", desk.door(what="try-again"), again) == (409, "conflict")


@pytest.mark.parametrize(
    "changes",
    [
        {"raw": None},
        {"raw": ["choice"]},
        {"raw": {"choice": "\0"}},
        {"operation_id": "no id"},
        {"client_sequence": -1},
        {"base_revision": 2**40},
        {"lease_id": ""},
        {"extra": 1},
    ],
)
def test_hostile_checks_are_refused_and_cost_no_try(open_desk, changes) -> None:
    desk = open_desk("interactive")
    body = desk.body(RIGHT) | changes
    status, _ = desk.browser.error("POST", desk.door(), body)
    assert status == 422
    assert steps_of(desk.sitting) == 0


def test_hostile_responses_are_no_try_either(open_desk) -> None:
    desk = open_desk("interactive")
    for raw in ({"choice": "99"}, {"choice": {"a": 1}}, {"no": "such"}, {"@certainty": ["3"]}):
        assert desk.check(raw)["verdict"] == "invalid"
    assert desk.check(RIGHT)["points"] == "4"


def test_nothing_is_checked_once_the_exam_is_handed_in(open_desk) -> None:
    desk = open_desk("immediate")
    desk.sitting.submit()
    status, code = desk.refuse(RIGHT)
    assert (status, code) == (409, "closed")
    assert steps_of(desk.sitting) == 0


MATCH = {
    "stem": "<p>Where do they live?</p>",
    "stems": [
        {"id": "frog", "text": "Frog", "answer_id": "pond"},
        {"id": "lion", "text": "Lion", "answer_id": "land"},
    ],
    "answers": [{"id": "pond", "text": "Pond"}, {"id": "land", "text": "Land"}],
    "shuffle": False,
    "hints": [{"text": "<p>Think.</p>", "show_count": True, "clear_wrong": True}],
    "penalty": "0.5",
}


def test_a_hint_keeps_what_was_right_and_only_what_failed_pays(open_desk) -> None:
    desk = open_desk("interactive", questions=[("match", MATCH, "4")])
    with desk.house.platform.db.reading() as session:
        item = session.get_one(AttemptItem, desk.sitting.items[0])
    plugin = desk.house.platform.plugins.question_type("match")
    right = dict(plugin.correct_response(Variant(item.public, item.secret)))
    one, two = right
    told = desk.check({one: right[one], two: right[one]})
    assert told["kept"] == {one: right[one]}
    assert "1 of 2 parts are right." in told["hint"]
    desk.again()
    assert desk.check(right)["points"] == "3"
    assert desk.results()[0].fraction == Decimal("0.75")
