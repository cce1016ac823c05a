"""Other rules on a page: tried first, then applied."""

from __future__ import annotations

import pytest
from flask import Flask

from examhall.core.platform import Platform
from tests.core.attempts.world import World
from tests.core.proctoring.scripted import ALONE, TWO
from tests.core.proctoring.watching import Watched, load_scripted, watch
from tests.web.pages.desk import Desk, controls, words
from tests.web.people import People

RULES = '{"person.second": {"enabled": false}}'


@pytest.fixture
def watched(platform: Platform, people: People) -> Watched:
    """A session with one incident."""
    load_scripted(platform)
    watched = watch(World(platform))
    watched.show([ALONE] * 4 + [TWO] * 8)
    watched.analyse()
    return watched


def test_rules_are_tried_and_then_applied(app: Flask, watched: Watched) -> None:
    desk = Desk(app, "reviewer")
    path = f"/review/rules/{watched.exam_id}"
    assert controls(desk.get(path)) == {"rules": "{}"}
    shown = words(desk.send(path, 200, rules=RULES, action="try").get_data(as_text=True))
    assert "Second person in view 1 → 0" in shown
    assert [row.state for row in watched.incidents()] == ["open"]
    done = desk.send(path, rules=RULES, action="apply")
    assert [row.state for row in watched.incidents()] == ["dismissed"]
    page = desk.follow(done)
    assert "Sessions that changed: 1." in page
    assert "person.second" in controls(page)["rules"]
    again = words(desk.send(path, 200, rules=RULES, action="try").get_data(as_text=True))
    assert "Nothing would change." in again


def test_what_are_no_rules_is_said(app: Flask, watched: Watched) -> None:
    desk = Desk(app, "reviewer")
    for text in ("", "{", "[]", '{"a": 1}', "[" * 50_000, " " * 200_000):
        page = desk.send(f"/review/rules/{watched.exam_id}", 422, rules=text, action="apply")
        assert 'id="e-rules"' in page.get_data(as_text=True), text[:20]
    assert [row.state for row in watched.incidents()] == ["open"]
