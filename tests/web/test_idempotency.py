"""A repeated POST with an Idempotency-Key makes nothing again."""

import threading

import pytest
from sqlalchemy import select

from examhall.core.accounts.models import IdempotencyRecord, User


@pytest.fixture
def post(app, people):
    """Send a POST that makes a user."""

    def post(key, login="new", who="admin"):
        headers = {**people.bearer(who), **({"Idempotency-Key": key} if key else {})}
        return app.test_client().post("/api/v1/users", json={"login": login}, headers=headers)

    return post


def test_repeated_call_gets_the_same_answer(post, platform):
    first, second = post("one"), post("one")
    assert first.status_code == second.status_code == 201
    assert first.json == second.json
    assert second.headers["Idempotent-Replay"] == "true"
    with platform.db.reading() as session:
        assert len(session.scalars(select(User).where(User.login == "new")).all()) == 1


def test_without_a_key_it_is_done_again(post):
    assert [post(None).status_code, post(None).status_code] == [201, 409]


def test_same_key_for_another_request_is_refused(post):
    post("one")
    answer = post("one", login="other")
    assert answer.status_code == 422


def test_key_belongs_to_its_owner(post, people):
    from examhall.core.permissions import Role

    people.users["second"] = people.make("second", [Role.ADMIN])
    assert post("one").status_code == 201
    assert post("one", login="other", who="second").status_code == 201


def test_failed_call_can_be_sent_again(post, platform):
    assert post("one", login="admin").status_code == 409
    with platform.db.reading() as session:
        assert session.scalars(select(IdempotencyRecord)).all() == []
    assert post("one").status_code == 201


def test_of_many_at_once_one_makes_something(post, platform):
    statuses = []
    threads = [
        threading.Thread(target=lambda: statuses.append(post("one").status_code)) for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    with platform.db.reading() as session:
        assert len(session.scalars(select(User).where(User.login == "new")).all()) == 1
