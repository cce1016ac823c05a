"""The health page: every part, what is wrong with it, how to mend it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from examhall.core.platform import Platform
from examhall.web.app import create_app
from tests.web.pages.desk import Desk, words
from tests.web.people import People


def test_every_part_is_shown(app: Flask, people: People) -> None:
    page = words(Desk(app, "auditor").get("/admin/health"))
    for part in ("Database", "Schema", "Queue", "Evidence store", "Question type choice"):
        assert part in page


def test_what_does_not_work_says_how_to_mend_it(
    make_platform: Callable[..., Platform],
) -> None:
    platform = make_platform(evidence_store="nowhere")
    People(platform)
    page = words(Desk(create_app(platform), "admin").get("/admin/health"))
    assert "Something does not work." in page
    assert "Look at EXAMHALL_EVIDENCE_STORE and its plugin." in page


def test_only_who_may_read_it_sees_it(app: Flask, people: People) -> None:
    for login in ("author", "candidate", "proctor", "grader"):
        Desk(app, login).get("/admin/health", 403)
