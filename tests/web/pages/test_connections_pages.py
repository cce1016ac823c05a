"""The connection pages: tested before they are saved, secrets kept, dead letters sent again."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import select

from examhall.core.integrations.models import Connection, OutboxMessage
from examhall.core.integrations.operations import queue_message
from examhall.core.platform import Platform
from tests.web.pages.desk import Desk, controls
from tests.web.people import People

NEW = "/admin/connections/new/webhook"
FORM = {
    "title": "Campus",
    "config.url": "http://127.0.0.1:9/hook",
    "config.secret": "sixteen characters or more",
}


@pytest.fixture
def desk(app: Flask, people: People) -> Desk:
    return Desk(app, "admin")


@pytest.fixture
def address(desk: Desk) -> str:
    return str(desk.send_form(NEW, {**FORM, "_action": "unchecked"}).headers["Location"])


def stored(platform: Platform, address: str) -> Connection:
    with platform.db.reading() as session:
        return session.get_one(Connection, UUID(address.rpartition("/")[2]))


def test_a_test_that_fails_saves_nothing_and_loses_nothing(desk: Desk, platform: Platform) -> None:
    page = desk.send_form(NEW, {**FORM, "_action": "save"}, 422).get_data(as_text=True)
    assert "The test did not pass, nothing was saved" in page
    shown = controls(page, "connection")
    assert {name: shown[name] for name in FORM} == FORM
    with platform.db.reading() as session:
        assert session.scalars(select(Connection)).all() == []


@pytest.mark.parametrize(
    ("changes", "control"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"config.url": "gopher://x"}, "config.url"),
        ({"config.url": ""}, "config.url"),
        ({"config.secret": "short"}, "config.secret"),
    ],
)
def test_what_cannot_be_is_named(desk: Desk, changes: dict[str, Any], control: str) -> None:
    page = desk.send_form(NEW, {**FORM, **changes, "_action": "unchecked"}, 422).get_data(True)
    assert f'href="#f-{control}"' in page


def test_a_secret_stays_and_is_never_shown(desk: Desk, platform: Platform, address: str) -> None:
    before = stored(platform, address).config["secret"]
    page = desk.get(f"{address}/edit")
    assert FORM["config.secret"] not in page + desk.get(address)
    form = {**controls(page, "connection"), "title": "Other", "_action": "unchecked"}
    desk.follow(desk.send_form(f"{address}/edit", form))
    assert stored(platform, address).title == "Other"
    assert stored(platform, address).config["secret"] == before


def test_a_connection_is_tested_and_switched(desk: Desk, platform: Platform, address: str) -> None:
    assert "did not pass" in desk.follow(desk.send(f"{address}/test"))
    desk.send(f"{address}/state", state="disabled")
    assert stored(platform, address).state == "disabled"
    desk.send(f"{address}/state", state="enabled")
    assert stored(platform, address).state == "enabled"
    assert "Campus" in desk.get("/admin/connections")


def test_a_dead_letter_is_sent_again(desk: Desk, platform: Platform, address: str) -> None:
    with platform.db.transaction() as session:
        [message_id] = queue_message(
            session, platform, "push_result", {"a": 1}, idempotency_key="result:1"
        )
        message = session.get_one(OutboxMessage, message_id)
        message.state, message.last_error = "dead", "The receiver said <no>."
    page = desk.get(f"{address}?state=dead")
    assert "The receiver said &lt;no&gt;." in page
    replay = f"{address}/messages/{message_id}/replay"
    assert replay in page
    desk.send(replay)
    with platform.db.reading() as session:
        assert session.get_one(OutboxMessage, message_id).state == "pending"
    desk.send(replay, 409)
    desk.get(f"{address}?state=nonsense")


def test_what_is_not_there_is_not_found(desk: Desk) -> None:
    desk.get("/admin/connections/new/telepathy", 404)
    desk.get(f"/admin/connections/{uuid4()}", 404)
    desk.send(f"/admin/connections/{uuid4()}/test", 404)
    desk.send(f"/admin/connections/{uuid4()}/messages/{uuid4()}/replay", 404)


def test_only_admins_manage_connections(app: Flask, people: People, address: str) -> None:
    for login in ("author", "auditor", "candidate"):
        desk = Desk(app, login)
        for path in ("/admin/connections", NEW, address, f"{address}/edit"):
            desk.get(path, 403)
        desk.send_form(NEW, {**FORM, "_action": "unchecked"}, 403)
        desk.send(f"{address}/state", 403, state="disabled")
