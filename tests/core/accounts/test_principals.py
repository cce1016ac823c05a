"""Principals are remembered for a few seconds and no longer."""

import time
from uuid import uuid4

from sqlalchemy import event

from examhall.core.accounts.operations import create_user, grant_role, update_user
from examhall.core.accounts.principals import PrincipalCache
from examhall.core.permissions import SYSTEM, Role


def make(db, settings):
    with db.transaction() as session:
        return create_user(session, settings, SYSTEM, "ada", "Ada", roles=[Role.AUTHOR])


def test_second_look_does_not_read(db, settings):
    user, cache = make(db, settings), PrincipalCache(db)
    statements = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    first = cache.get(user.id, 1, "10.0.0.1")
    read = len(statements)
    second = cache.get(user.id, 1, "10.0.0.2")
    assert read > 0
    assert len(statements) == read
    assert first.grants == second.grants
    assert (first.address, second.address) == ("10.0.0.1", "10.0.0.2")


def test_change_is_seen_when_the_entry_is_old_or_forgotten(db, settings):
    user, cache = make(db, settings), PrincipalCache(db, seconds=0.2)
    assert len(cache.get(user.id, 1).grants) == 1
    with db.transaction() as session:
        grant_role(session, SYSTEM, user.id, Role.PROCTOR)
    time.sleep(0.25)
    assert len(cache.get(user.id, 1).grants) == 2
    with db.transaction() as session:
        grant_role(session, SYSTEM, user.id, Role.REVIEWER)
    cache.forget(user.id)
    assert len(cache.get(user.id, 1).grants) == 3


def test_outdated_version_gets_nothing(db, settings):
    user, cache = make(db, settings), PrincipalCache(db)
    assert cache.get(user.id, 2) is None
    assert cache.get(uuid4(), 1) is None
    with db.transaction() as session:
        update_user(session, settings, SYSTEM, user.id, password="another long one")
    assert cache.get(user.id, 2) is not None
    assert cache.get(user.id, 1) is None
