"""The schedule opens and closes an exam."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from examhall.plugins import AccessContext, Allow, Deny, Stage
from examhall.plugins.access_rules.schedule import Schedule, examhall_access_rules

OPENS = datetime(2030, 6, 1, 9, tzinfo=UTC)
CLOSES = datetime(2030, 6, 1, 12, tzinfo=UTC)
BOTH = {"opens": OPENS.isoformat(), "closes": CLOSES.isoformat()}


def context(now: datetime, settings: dict[str, Any]) -> AccessContext:
    loaded = Schedule().settings_schema()().load(settings)
    return AccessContext(now=now, exam_id="e", user_id="u", settings=loaded)


def test_it_is_registered_once() -> None:
    (rule,) = examhall_access_rules()
    assert rule.key == "schedule"


@pytest.mark.parametrize("stage", [Stage.CHECK_IN, Stage.START])
@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (OPENS - timedelta(microseconds=1), Deny("The exam opens at 2030-06-01 09:00:00 UTC.")),
        (OPENS, Allow()),
        (CLOSES - timedelta(microseconds=1), Allow()),
        (CLOSES, Deny("The exam closed at 2030-06-01 12:00:00 UTC.")),
    ],
)
def test_it_opens_and_closes_to_the_microsecond(
    stage: Stage, moment: datetime, expected: Allow | Deny
) -> None:
    assert Schedule().check(context(moment, BOTH), stage) == expected


@pytest.mark.parametrize("stage", [Stage.SEE, Stage.RESUME])
def test_it_neither_hides_an_exam_nor_throws_anybody_out(stage: Stage) -> None:
    assert Schedule().check(context(OPENS - timedelta(days=9), BOTH), stage) == Allow()


def test_reasons_name_utc_whatever_zone_the_author_wrote() -> None:
    settings = {"opens": "2030-06-01T09:00:00+02:00"}
    verdict = Schedule().check(context(OPENS - timedelta(days=1), settings), Stage.START)
    assert verdict == Deny("The exam opens at 2030-06-01 07:00:00 UTC.")


def test_its_end_is_the_deadline() -> None:
    assert Schedule().deadline(context(OPENS, BOTH)) == CLOSES
    assert Schedule().deadline(context(OPENS, {})) is None


@given(st.datetimes(timezones=st.just(UTC)), st.sampled_from(list(Stage)))
def test_without_times_it_allows_everything(moment: datetime, stage: Stage) -> None:
    assert Schedule().check(context(moment, {}), stage) == Allow()


@pytest.mark.parametrize(
    "settings",
    [
        {"opens": "2030-06-01T09:00:00"},
        {"opens": "soon"},
        {"opens": CLOSES.isoformat(), "closes": OPENS.isoformat()},
        {"opens": OPENS.isoformat(), "closes": OPENS.isoformat()},
        {"unknown": 1},
    ],
)
def test_settings_without_sense_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        context(OPENS, settings)
