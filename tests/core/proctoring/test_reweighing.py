"""Other rules later: incidents and scores from what was found, and who did it."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from examhall.core.audit.models import AuditEntry
from examhall.core.errors import ForbiddenError, InvalidError, NotFoundError
from examhall.core.permissions import SYSTEM, Principal, Role
from examhall.core.proctoring.incidents import WITHDRAWN, note_incident
from examhall.core.proctoring.reweighing import check_rules, reweigh_sessions
from examhall.core.proctoring.verification import verify_session
from examhall.web.cli.proctoring import proctoring
from tests.core.attempts.world import World
from tests.core.proctoring.scripted import ALONE, EMPTY, TWO
from tests.core.proctoring.watching import Watched, open_watching, watch
from tests.core.retention.sealed import end

STRICT = {"person.second": {"min_length": 30}, "face.missing": {"weight": 20}}


@pytest.fixture
def world(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    with open_watching(sqlite_url, tmp_path) as world:
        yield world


@pytest.fixture
def watched(world: World) -> Watched:
    """Two people for a while, then nobody."""
    watched = watch(world)
    watched.show([TWO] * 8 + [ALONE] * 20 + [EMPTY] * 10 + [ALONE] * 4)
    watched.analyse()
    return watched


@pytest.fixture
def reviewer(world: World) -> Principal:
    return world.person(Role.REVIEWER)


def summary(watched: Watched) -> list[tuple[str, str]]:
    return [(row.kind, row.state) for row in watched.incidents()]


def test_each_incident_says_what_it_took_and_why(watched: Watched) -> None:
    integrity = watched.session().integrity
    assert [one["kind"] for one in integrity["incidents"]] == ["person.second", "face.missing"]
    starts = [row.started_at.isoformat() for row in watched.incidents()]
    assert [one["started_at"] for one in integrity["incidents"]] == starts
    assert "weight 15 x certainty 0.90 x" in integrity["incidents"][0]["explanation"]
    taken = sum(Decimal(one["amount"]) for one in integrity["incidents"])
    assert abs(100 - Decimal(integrity["score"]) - taken) < Decimal("0.2")


def test_stored_findings_are_weighed_by_the_new_rules(
    watched: Watched, reviewer: Principal
) -> None:
    before = Decimal(watched.session().integrity["score"])
    [result] = reweigh_sessions(watched.platform, reviewer, watched.exam_id, STRICT)
    assert summary(watched) == [("person.second", "dismissed"), ("face.missing", "open")]
    assert watched.incidents()[0].note == WITHDRAWN
    after = Decimal(watched.session().integrity["score"])
    assert 100 - after > 20 * Decimal("0.9")
    assert (result.score_before, result.score_after) == (str(before), str(after))
    assert result.incidents_before == {"person.second": 1, "face.missing": 1}
    assert result.incidents_after == {"face.missing": 1}
    assert result.is_changed
    with watched.platform.db.reading() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "proctoring.reweighed")
        ).one()
    assert entry.details["rules_before"] == {}
    assert entry.details["rules_after"] == STRICT
    assert entry.details["score_before"] == str(before)


def test_what_comes_in_later_follows_the_new_rules(watched: Watched, reviewer: Principal) -> None:
    reweigh_sessions(watched.platform, reviewer, watched.exam_id, STRICT)
    watched.show([TWO] * 8)
    watched.analyse()
    assert [row.kind for row in watched.incidents() if row.state == "open"] == ["face.missing"]


def test_the_old_rules_bring_everything_back(watched: Watched, reviewer: Principal) -> None:
    rows = [(row.id, row.started_at, row.state) for row in watched.incidents()]
    score = watched.session().integrity
    reweigh_sessions(watched.platform, reviewer, watched.exam_id, STRICT)
    reweigh_sessions(watched.platform, reviewer, watched.exam_id, {})
    assert [(row.id, row.started_at, row.state) for row in watched.incidents()] == rows
    assert watched.session().integrity == score


def test_what_people_noted_stays(watched: Watched, reviewer: Principal) -> None:
    with watched.platform.db.transaction() as session:
        row = watched.incidents()[0]
        note_incident(session, watched.platform, reviewer, row.id, "noted", "The father.")
    reweigh_sessions(watched.platform, reviewer, watched.exam_id, STRICT)
    row = watched.incidents()[0]
    assert (row.state, row.note) == ("noted", "The father.")


def test_a_dry_run_changes_nothing(watched: Watched, reviewer: Principal) -> None:
    before = (summary(watched), watched.session().integrity, watched.session().policy)
    [result] = reweigh_sessions(watched.platform, reviewer, watched.exam_id, STRICT, dry_run=True)
    assert result.incidents_after == {"face.missing": 1}
    assert (summary(watched), watched.session().integrity, watched.session().policy) == before
    assert watched.session().leased_until is None


def test_only_those_who_decide_may(watched: Watched, world: World) -> None:
    with pytest.raises(ForbiddenError):
        reweigh_sessions(world.platform, world.person(Role.PROCTOR), watched.exam_id, {})
    elsewhere = world.person(Role.REVIEWER, world.exam())
    with pytest.raises(NotFoundError):
        reweigh_sessions(world.platform, elsewhere, watched.exam_id, {})


@pytest.mark.parametrize(
    "rules",
    [
        [],
        "x",
        {"": {}},
        {"a" * 200: {}},
        {"face.missing": 3},
        {"face.missing": {"share": float("nan")}},
        {"face.missing": {"share": 10**400}},
        {"face.missing": {"share": [1]}},
        {"face.missing": {"text": "a\0b"}},
        {"face.missing": {str(number): 1 for number in range(99)}},
        {f"kind.{number}": {} for number in range(999)},
    ],
)
def test_rules_that_cannot_be_are_refused(rules: Any) -> None:
    with pytest.raises(InvalidError):
        check_rules(rules)


def test_the_command_says_what_changes(
    watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = watched.platform.settings
    monkeypatch.setenv("EXAMHALL_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("EXAMHALL_DATA_DIR", str(settings.data_dir))
    path = tmp_path / "rules.json"
    path.write_text(json.dumps(STRICT))
    words = ["reweigh", str(watched.exam_id), "--rules", str(path)]
    shown = CliRunner().invoke(proctoring, [*words, "--dry-run"])
    assert shown.exit_code == 0, shown.output
    assert "person.second 1 -> 0" in shown.output
    assert "1 sessions, 1 would change" in shown.output
    assert ("person.second", "open") in summary(watched)
    done = CliRunner().invoke(proctoring, words)
    assert "1 sessions, 1 changed" in done.output
    assert ("person.second", "dismissed") in summary(watched)
    path.write_text("{")
    assert "is not JSON" in CliRunner().invoke(proctoring, words).output


def test_other_rules_leave_what_was_sealed_as_it_was(watched: Watched, reviewer: Principal) -> None:
    end(watched)
    assert verify_session(watched.platform, SYSTEM, watched.session_id).ok
    reweigh_sessions(watched.platform, reviewer, watched.exam_id, STRICT)
    assert watched.session().policy["rules"] == STRICT
    assert verify_session(watched.platform, SYSTEM, watched.session_id).problems == []
