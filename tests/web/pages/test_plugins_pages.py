"""The plugin pages: on and off, configuration from the schema, secrets that are never shown."""

from __future__ import annotations

import pytest
from flask import Flask

from examhall.core.contracts.base import Kind
from examhall.core.platform import Platform
from examhall.core.registry.loading import Refusal
from tests.web.pages.desk import Desk, controls, words
from tests.web.people import People

FACE = "/admin/plugins/detector/face"
MINIO = "/admin/plugins/evidence_store/minio"


@pytest.fixture
def desk(app: Flask, people: People) -> Desk:
    return Desk(app, "admin")


def test_all_plugins_are_listed_with_their_health(desk: Desk) -> None:
    page = desk.get("/admin/plugins")
    for title in ("Choice", "Face", "Webhook", "Schedule"):
        assert title in words(page)
    assert "Healthy" in page
    filtered = words(desk.get("/admin/plugins?kind=provider"))
    assert "Webhook" in filtered
    assert "Choice" not in filtered
    desk.get("/admin/plugins?kind=%3Cscript%3E")


def test_refused_plugins_are_listed_with_the_reason(desk: Desk, platform: Platform) -> None:
    platform.plugins._loader.refusals.append(
        Refusal("acme.gaze", "acme-examhall", "0.1", "it raised <b>ImportError</b>")
    )
    page = desk.get("/admin/plugins")
    assert "it raised &lt;b&gt;ImportError" in page
    assert "acme-examhall 0.1" in page


def test_a_plugin_is_switched(desk: Desk, platform: Platform) -> None:
    page = desk.follow(desk.send(f"{FACE}/enabled", enabled="0", **{"from": "list"}))
    assert 'id="switch-detector-face" aria-checked="false"' in page
    assert platform.plugins.find(Kind.DETECTOR, "face") is None
    desk.send(f"{FACE}/enabled", enabled="1")
    assert platform.plugins.find(Kind.DETECTOR, "face") is not None


def test_a_plugin_is_configured(desk: Desk, platform: Platform) -> None:
    form = {**controls(desk.get(FACE), "config"), "config.score": "0.9"}
    desk.follow(desk.send_form(FACE, form))
    assert platform.plugins.detector("face").config["score"] == 0.9
    page = desk.send_form(FACE, {**form, "config.score": "seven"}, 422).get_data(as_text=True)
    assert "Write a number." in page
    assert controls(page, "config")["config.score"] == "seven"
    assert platform.plugins.detector("face").config["score"] == 0.9


def test_secrets_are_write_only(desk: Desk, platform: Platform) -> None:
    form = {**controls(desk.get(MINIO), "config"), "config.endpoint": "127.0.0.1:9"}
    form |= {"config.access_key": "key", "config.secret_key": "do not show me"}
    desk.send_form(MINIO, form)
    page = desk.get(MINIO)
    assert "do not show me" not in page
    assert "Leave empty to keep it" in page
    desk.send_form(MINIO, {**controls(page, "config"), "config.bucket": "other"})
    store = platform.plugins.evidence_store("minio")
    assert store.config["secret_key"] == "do not show me"
    assert store.config["bucket"] == "other"


def test_what_is_not_there_is_not_found(desk: Desk) -> None:
    desk.get("/admin/plugins/detector/nothing", 404)
    desk.get("/admin/plugins/nonsense/face", 404)
    desk.send("/admin/plugins/detector/nothing", 404)
    desk.send("/admin/plugins/detector/nothing/enabled", 404, enabled="1")


def test_a_provider_is_configured_by_its_connections(desk: Desk) -> None:
    page = desk.get("/admin/plugins/provider/webhook")
    assert "/admin/connections/new/webhook" in page


def test_only_admins_see_plugins(app: Flask, people: People) -> None:
    for login in ("author", "auditor", "candidate", "proctor"):
        desk = Desk(app, login)
        desk.get("/admin/plugins", 403)
        desk.get(FACE, 403)
        desk.send(FACE, 403)
        desk.send(f"{FACE}/enabled", 403, enabled="0")
