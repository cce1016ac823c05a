"""Passwords are checked by argon2, take as long for nobody, and are renewed in silence."""

import time
from dataclasses import replace
from statistics import median

from examhall.core.accounts.models import User
from examhall.core.accounts.operations import create_user, update_user
from examhall.core.accounts.passwords import Credentials, generate_password
from examhall.core.permissions import SYSTEM, Role

PASSWORD = "a long enough one"


def make(db, settings, login="ada", password=PASSWORD):
    with db.transaction() as session:
        create_user(session, settings, SYSTEM, "root", "Root", roles=[Role.ADMIN])
        return create_user(session, settings, SYSTEM, login, login, password=password)


def test_right_password_is_taken_and_others_are_not(db, settings):
    make(db, settings)
    book = Credentials(db, settings)
    assert book.check_password("ada", PASSWORD)
    assert book.check_password("ADA", PASSWORD)
    for login, password in [
        ("ada", "wrong"),
        ("ada", ""),
        ("ada", PASSWORD + " "),
        ("bob", PASSWORD),
        ("", ""),
        ("ada\0", PASSWORD),
        ("\ud800", PASSWORD),
        ("ada", "\ud800"),
        ("ada", PASSWORD + "x" * 10_000_000),
    ]:
        assert not book.check_password(login, password)


def test_account_without_password_or_closed_takes_none(db, settings):
    user = make(db, settings, password=None)
    book = Credentials(db, settings)
    assert not book.check_password("ada", "")
    with db.transaction() as session:
        update_user(session, settings, SYSTEM, user.id, password=PASSWORD)
    assert book.check_password("ada", PASSWORD)
    with db.transaction() as session:
        update_user(session, settings, SYSTEM, user.id, active=False)
    assert not book.check_password("ada", PASSWORD)


def test_hash_follows_the_settings(db, settings):
    user = make(db, settings)
    dearer = Credentials(db, replace(settings, password_rounds=2))
    assert dearer.check_password("ada", PASSWORD)
    with db.reading() as session:
        renewed = session.get(User, user.id).password_hash
    assert "t=2" in renewed
    assert renewed != user.password_hash
    assert dearer.check_password("ada", PASSWORD)


def test_unknown_login_takes_as_long(db, settings):
    dear = replace(settings, password_memory_kib=19456, password_rounds=2)
    make(db, dear)
    book = Credentials(db, dear)

    def seconds(login):
        # Other processes take time of the clock, but none of this thread's.
        start = time.thread_time()
        book.check_password(login, "wrong password")
        return time.thread_time() - start

    pairs = [(seconds("ada"), seconds("nobody")) for _ in range(9)]
    known, unknown = (median(times) for times in zip(*pairs, strict=True))
    assert 0.6 < known / unknown < 1.7


def test_made_up_passwords_differ_and_are_good(db, settings):
    passwords = {generate_password() for _ in range(50)}
    assert len(passwords) == 50
    for number, password in enumerate(list(passwords)[:3]):
        with db.transaction() as session:
            create_user(session, settings, SYSTEM, f"user{number}", "", password=password)
