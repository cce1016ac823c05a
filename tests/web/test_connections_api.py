"""Connections, their messages and webhooks over the JSON API."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from examhall.core.integrations.delivery import deliver_messages
from examhall.core.permissions import Role
from examhall.core.platform import Platform
from examhall.providers.webhook import sign
from tests.core.integrations.world import SECRET, connect, connection_now, queue
from tests.partner import LOOPBACK, Answer, partner
from tests.web.people import People

API = "/api/v1"


@pytest.fixture
def platform(make_platform: Callable[..., Platform]) -> Platform:
    return make_platform(outbound_networks=[LOOPBACK], allow_plain_http=True)


def new(url: str, **more: Any) -> dict[str, Any]:
    return {
        "provider": "webhook",
        "title": "Partner",
        "config": {"url": url, "secret": SECRET},
        **more,
    }


def test_a_connection_is_made_tested_and_changed(client: FlaskClient, people: People) -> None:
    headers = people.bearer("admin")
    with partner() as server:
        made = client.post(f"{API}/connections", json=new(server.url), headers=headers)
        assert made.status_code == 201, made.json
        data = made.json["data"]
        assert data["config"] == {"url": server.url, "secret": {"set": True}}
        address = f"{API}/connections/{data['id']}"
        tried = client.post(f"{address}/test", headers=headers)
        assert tried.json["data"]["status"] == "ok"
        changed = client.patch(address, json={"title": "Other"}, headers=headers)
        assert changed.json["data"]["title"] == "Other"
    shown = client.get(address, headers=headers).json["data"]
    listed = client.get(f"{API}/connections", headers=headers).json["data"]["items"]
    assert listed == [shown]
    assert SECRET not in str([made.json, changed.json, shown])


def test_a_test_that_does_not_pass_saves_nothing(client: FlaskClient, people: People) -> None:
    headers = people.bearer("admin")
    with partner(Answer(500)) as server:
        refused = client.post(f"{API}/connections", json=new(server.url), headers=headers)
    assert refused.status_code == 422
    assert client.get(f"{API}/connections", headers=headers).json["data"]["items"] == []
    made = client.post(f"{API}/connections", json=new(server.url, unchecked=True), headers=headers)
    assert made.status_code == 201


def test_a_dead_letter_is_seen_and_sent_again(
    client: FlaskClient, people: People, platform: Platform
) -> None:
    headers = people.bearer("admin")
    with partner(Answer(400)) as server:
        connection = connect(platform, server.url)
        queue(platform, "result:1", points="3")
        deliver_messages(platform, connection.id)
    address = f"{API}/connections/{connection.id}/messages"
    dead = client.get(address, query_string={"state": "dead"}, headers=headers).json["data"]
    (message,) = dead["items"]
    assert (message["state"], message["payload"]) == ("dead", {"points": "3"})
    again = client.post(f"{API}/messages/{message['id']}/replay", headers=headers)
    assert again.json["data"]["state"] == "pending"
    twice = client.post(f"{API}/messages/{message['id']}/replay", headers=headers)
    assert twice.status_code == 409


@pytest.mark.parametrize("role", [role.value for role in Role if role is not Role.ADMIN])
def test_others_may_not(client: FlaskClient, people: People, platform: Platform, role: str) -> None:
    connection = connect(platform, "https://partner.example")
    headers = people.bearer(role)
    address = f"{API}/connections/{connection.id}"
    answers = [
        client.get(f"{API}/connections", headers=headers),
        client.post(f"{API}/connections", json=new("https://a.example"), headers=headers),
        client.get(address, headers=headers),
        client.patch(address, json={"title": "x"}, headers=headers),
        client.post(f"{address}/test", headers=headers),
        client.get(f"{address}/messages", headers=headers),
        client.post(f"{API}/messages/{uuid4()}/replay", headers=headers),
    ]
    assert {answer.status_code for answer in answers} == {403}


def test_a_partners_call_is_taken_once(client: FlaskClient, platform: Platform) -> None:
    connection = connect(platform, "https://partner.example")
    raw = json.dumps({"id": "e1", "event": "seat.changed", "data": {}}).encode()
    now = int(platform.clock.now().timestamp())
    headers = {"X-Examhall-Timestamp": str(now), "X-Examhall-Signature": sign(SECRET, now, raw)}
    address = f"{API}/webhooks/{connection.id}"
    first = client.post(address, data=raw, headers=headers)
    assert (first.status_code, first.json["data"]) == (202, {"new": True})
    second = client.post(address, data=raw, headers=headers)
    assert (second.status_code, second.json["data"]) == (202, {"new": False})
    assert client.post(address, data=raw + b" ", headers=headers).status_code == 403
    assert client.post(address, data=raw).status_code == 403
    assert client.post(f"{API}/webhooks/{uuid4()}", data=raw, headers=headers).status_code == 404
    assert connection_now(platform, connection).state == "enabled"
