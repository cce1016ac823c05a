"""Accounts are made, changed and given roles, and always keep somebody who can manage them."""

import threading
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from examhall.core.accounts.models import RoleGrant, User
from examhall.core.accounts.operations import (
    create_user,
    grant_role,
    revoke_role,
    set_password,
    update_user,
)
from examhall.core.accounts.queries import (
    find_user_by_login,
    get_user,
    list_users,
    load_principal,
)
from examhall.core.audit.models import AuditEntry
from examhall.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    SignInRequiredError,
)
from examhall.core.events.models import Event
from examhall.core.permissions import NOBODY, SYSTEM, Permission, Principal, Role

PASSWORD = "a long enough one"


@pytest.fixture
def make(db, settings):
    """Make a user as the system."""

    def make(login, *roles, password=PASSWORD):
        with db.transaction() as session:
            return create_user(session, settings, SYSTEM, login, login, "", password, roles)

    return make


def actions(db):
    with db.reading() as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_user_is_made_with_roles_and_entries(db, make):
    user = make("Ada", Role.ADMIN, Role.AUTHOR, Role.ADMIN)
    with db.reading() as session:
        who = load_principal(session, user.id, "10.0.0.1")
    assert who.grants == {(Role.ADMIN, None), (Role.AUTHOR, None)}
    assert who.address == "10.0.0.1"
    assert actions(db) == ["user.created", "role.granted", "role.granted"]
    with db.reading() as session:
        events = session.execute(select(Event.event_type, Event.subject).order_by(Event.number))
        assert [event.event_type for event in events] == actions(db)


@pytest.mark.parametrize("login", ["ada", "ADA", " Ada ", "\uff41\uff44\uff41"])
def test_login_is_taken_in_any_spelling(make, login):
    make("Ada")
    with pytest.raises(ConflictError):
        make(login)


@pytest.mark.parametrize("login", ["", " ", "a b", "a\nb", "a\0b", "x" * 201])
def test_bad_login_is_refused(make, login):
    with pytest.raises(InvalidError):
        make(login)


@pytest.mark.parametrize(
    "password", ["", "short", "x" * 201, "with\0 a null in it", "Ada.Lovelace"]
)
def test_bad_password_is_refused(make, password):
    with pytest.raises(InvalidError):
        make("ada.lovelace", password=password)


def test_two_at_once_make_one(db, make):
    errors = []

    def attempt():
        try:
            make("twin")
        except (ConflictError, IntegrityError) as error:
            errors.append(error)

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(User)) == 1
    assert len(errors) == 3


@pytest.mark.parametrize("who", [NOBODY, Principal(uuid4(), "x", frozenset({(Role.AUTHOR, None)}))])
def test_only_who_manages_users_may(db, settings, make, who):
    user = make("ada", Role.ADMIN)
    expected = SignInRequiredError if who.user_id is None else ForbiddenError
    with pytest.raises(expected), db.transaction() as session:
        create_user(session, settings, who, "eve", "Eve")
    with pytest.raises(expected), db.transaction() as session:
        update_user(session, settings, who, user.id, name="Eve")
    with pytest.raises(expected), db.transaction() as session:
        grant_role(session, who, user.id, Role.ADMIN)
    with pytest.raises(expected), db.transaction() as session:
        revoke_role(session, who, user.id, user.grants[0].id)
    with pytest.raises(expected), db.transaction() as session:
        set_password(session, settings, who, session.get(User, user.id), PASSWORD)
    with pytest.raises(expected), db.reading() as session:
        get_user(session, who, user.id)
    with pytest.raises(expected), db.reading() as session:
        list_users(session, who)


def test_two_at_once_cannot_take_the_last_two_admins_away(db, make):
    ada, bea = make("ada", Role.ADMIN), make("bea", Role.ADMIN)
    begun, ended, errors = threading.Event(), threading.Event(), []

    def other():
        begun.wait(10)
        try:
            with db.transaction() as session:
                revoke_role(session, SYSTEM, bea.id, bea.grants[0].id)
        except ConflictError as error:
            errors.append(error)
        ended.set()

    thread = threading.Thread(target=other)
    thread.start()
    with db.transaction() as session:
        revoke_role(session, SYSTEM, ada.id, ada.grants[0].id)
        begun.set()
        ended.wait(0.3)
    thread.join(10)
    assert len(errors) == 1
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(RoleGrant)) == 1


def test_everybody_sees_themselves(db, make):
    user = make("cai", Role.CANDIDATE)
    with db.reading() as session:
        who = load_principal(session, user.id)
        assert get_user(session, who, user.id).login == "cai"


def test_role_for_one_exam_is_no_role_for_another(db, make):
    user = make("ada")
    exam, other = uuid4(), uuid4()
    who = Principal(user.id, "ada", frozenset({(Role.AUTHOR, exam)}))
    assert who.may(Permission.EXAMS_WRITE, exam)
    assert not who.may(Permission.EXAMS_WRITE, other)
    assert not who.may(Permission.EXAMS_WRITE)


def test_role_for_an_unknown_exam_is_refused(db, make):
    user = make("ada")
    with pytest.raises(NotFoundError), db.transaction() as session:
        grant_role(session, SYSTEM, user.id, Role.AUTHOR, uuid4())


def test_same_role_again_is_the_same_grant(db, make):
    user = make("ada", Role.AUTHOR)
    with db.transaction() as session:
        grant = grant_role(session, SYSTEM, user.id, Role.AUTHOR)
    assert grant.id == user.grants[0].id


def test_role_of_another_user_cannot_be_taken_through_ones_own(db, make):
    first, second = make("one", Role.AUTHOR), make("two", Role.AUTHOR)
    with pytest.raises(NotFoundError), db.transaction() as session:
        revoke_role(session, SYSTEM, first.id, second.grants[0].id)


def test_last_admin_stays(db, settings, make):
    user = make("ada", Role.ADMIN)
    with pytest.raises(ConflictError), db.transaction() as session:
        update_user(session, settings, SYSTEM, user.id, active=False)
    with pytest.raises(ConflictError), db.transaction() as session:
        revoke_role(session, SYSTEM, user.id, user.grants[0].id)
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(RoleGrant)) == 1
        assert session.get(User, user.id).active


def test_admin_can_go_where_another_remains(db, settings, make):
    first, second = make("one", Role.ADMIN), make("two", Role.ADMIN)
    with db.transaction() as session:
        update_user(session, settings, SYSTEM, first.id, active=False)
    with pytest.raises(ConflictError), db.transaction() as session:
        revoke_role(session, SYSTEM, second.id, second.grants[0].id)


def test_closed_account_cannot_come_in(db, settings, make):
    user = make("ada")
    with db.transaction() as session:
        update_user(session, settings, SYSTEM, user.id, active=False)
    with pytest.raises(SignInRequiredError), db.reading() as session:
        load_principal(session, user.id)


def test_new_password_ends_sessions(db, settings, make):
    user = make("ada")
    with db.transaction() as session:
        set_password(session, settings, SYSTEM, session.get(User, user.id), "another long one")
    with db.reading() as session:
        assert session.get(User, user.id).session_version == user.session_version + 1


def test_list_is_paged_and_searched(db, make):
    for number in range(7):
        make(f"person{number}", Role.CANDIDATE)
    make("ada%", Role.ADMIN)
    seen, cursor = [], None
    with db.reading() as session:
        while True:
            page = list_users(session, SYSTEM, search="person", cursor=cursor, limit=3)
            seen += [user.login for user in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == [f"person{number}" for number in range(7)]
        assert [u.login for u in list_users(session, SYSTEM, search="ada%").items] == ["ada%"]
        assert list_users(session, SYSTEM, search="%").items[0].login == "ada%"
        assert [u.login for u in list_users(session, SYSTEM, role=Role.ADMIN).items] == ["ada%"]
        with pytest.raises(InvalidError):
            list_users(session, SYSTEM, cursor="rubbish")


def test_unknown_login_is_nobody(db, make):
    make("ada")
    with db.reading() as session:
        assert find_user_by_login(session, "bob") is None
        assert find_user_by_login(session, "ADA") is not None
