"""No browser gets the answer key: of every question type, all that an exam room is sent."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from examhall.core.attempts.models import AttemptItem
from examhall.core.attempts.operations import complete_check_in, create_attempt
from examhall.core.attempts.starting import start_attempt
from examhall.core.contracts.question_type import QuestionType, Variant
from examhall.core.platform import Platform
from examhall.plugins.contract.question_type import leaves
from tests.exam_house import LEASE, House
from tests.web.people import People, sign_in

FEEDBACK = "leak-of-the-feedback"
ASSET = re.compile(r"""["'](/x/[^"'\\]+?\.(?:js|css))["']""")
NEIGHBOUR = re.compile(r"""from "\./([^"]+)\"""")
SHORTEST = 3
"""Shorter texts stand in any page by chance; the contract of question types looks for them."""


def question_of(plugin: QuestionType) -> tuple[str, Mapping[str, Any], str]:
    """Return a type's example with a feedback that can be found."""
    content = dict(plugin.example())
    if "feedback" in plugin.content_schema()().fields:
        content["feedback"] = f"<p>{FEEDBACK}</p>"
    return plugin.key, content, "1"


def sit_exam(platform: Platform, people: People) -> UUID:
    """Let the candidate sit an exam with a question of every type."""
    house = House(platform)
    types = platform.plugins.all("question_type")
    version = house.published([question_of(plugin) for plugin in types])
    candidate = people.principal("candidate")
    registration = house.register(version.exam_id, candidate)
    attempt = create_attempt(platform, candidate, registration.id)
    complete_check_in(platform, candidate, attempt.id)
    start_attempt(platform, candidate, attempt.id, LEASE)
    return attempt.id


def secrets_of(platform: Platform, attempt_id: UUID) -> dict[str, set[str]]:
    """Return the texts of each type's key that no candidate may see."""
    found = {}
    with platform.db.reading() as session:
        for item in session.query(AttemptItem).filter_by(attempt_id=attempt_id):
            plugin = platform.plugins.question_type(item.type)
            variant = Variant(item.public, item.secret)
            seen = {str(word) for word in plugin.public_words(question_of(plugin)[1])}
            key = set(leaves(plugin.correct_response(variant) or {})) - seen
            found[item.type] = {word for word in key if len(word) >= SHORTEST} | {FEEDBACK}
    return found


def sent_files(client: FlaskClient, page: str) -> dict[str, str]:
    """Return the scripts and sheets of question types that a page brings, with their neighbours."""
    wanted, found = sorted(set(ASSET.findall(page))), {}
    while wanted:
        address = wanted.pop()
        if address not in found:
            answer = client.get(address)
            assert answer.status_code == 200, address
            found[address] = answer.get_data(as_text=True)
            folder = address.rpartition("/")[0]
            wanted += [f"{folder}/{name}" for name in NEIGHBOUR.findall(found[address])]
    return found


@pytest.fixture
def attempt_id(platform: Platform, people: People) -> UUID:
    return sit_exam(platform, people)


def test_nothing_that_a_browser_gets_contains_the_key(
    app: Flask, platform: Platform, attempt_id: UUID
) -> None:
    client = sign_in(app, "candidate")
    page = client.get(f"/attempts/{attempt_id}/room").get_data(as_text=True)
    room = client.get(f"/api/v1/attempts/{attempt_id}/room").get_data(as_text=True)
    sent = {"the page": page, "the API": room, **sent_files(client, page)}
    assert page.count("data-item=") == len(platform.plugins.all("question_type"))
    assert len(sent) > 4
    leaks = [
        f"{type_key}: {word!r} is in {place}"
        for type_key, words in secrets_of(platform, attempt_id).items()
        for word in sorted(words)
        for place, text in sent.items()
        if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)
    ]
    assert leaks == []
