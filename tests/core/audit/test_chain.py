"""The audit trail keeps what was done, and shows when somebody has been at it."""

import threading
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError

from examhall.core.audit.models import AuditEntry
from examhall.core.audit.operations import (
    is_signed,
    list_entries,
    record,
    seal_entries,
    verify_chain,
    verify_entry,
)
from examhall.core.db import open_database
from examhall.core.errors import ForbiddenError
from examhall.core.permissions import SYSTEM, Principal, Role

AUDITOR = Principal(uuid4(), "Otto", frozenset({(Role.AUDITOR, None)}))


@pytest.fixture
def db(database_url):
    database = open_database(database_url)
    yield database
    database.dispose()


def write(db, count=5):
    with db.transaction() as session:
        for number in range(count):
            record(session, SYSTEM, "thing.done", "thing", number, number=number, at=uuid4())


def seal(db, limit=1000):
    with db.transaction() as session:
        return seal_entries(session, limit)


def verify(db, head=""):
    with db.reading() as session:
        return verify_chain(session, head)


def tamper(db, statement):
    """Change the trail as somebody who owns the database could."""
    with db.transaction() as session:
        if db.is_sqlite:
            for name in ("update", "delete", "seal"):
                session.execute(text(f"drop trigger audit_entries_no_{name}"))
        else:
            session.execute(text("alter table audit_entries disable trigger user"))
        session.execute(statement)


def test_whole_chain_is_whole(db):
    assert verify(db).is_whole
    write(db)
    assert verify(db).unsealed == 5
    assert seal(db, 3) == 3
    assert seal(db) == 2
    assert seal(db) == 0
    write(db, 2)
    seal(db)
    report = verify(db)
    assert report.is_whole
    assert (report.sealed, report.unsealed) == (7, 0)
    assert len(report.head) == 64


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "somebody else"},
        {"action": "thing.undone"},
        {"object_id": "77"},
        {"details": {}},
        {"address": "10.0.0.1"},
        {"actor_id": uuid4()},
        {"link_hash": "0" * 64},
    ],
)
def test_changed_entry_is_found(db, change):
    write(db)
    seal(db)
    tamper(db, update(AuditEntry).where(AuditEntry.link_number == 3).values(**change))
    report = verify(db)
    assert not report.is_whole
    assert "3" in report.problems[0]


@pytest.mark.parametrize("number", [1, 3])
def test_missing_entry_is_found(db, number):
    write(db)
    seal(db)
    tamper(db, delete(AuditEntry).where(AuditEntry.link_number == number))
    assert not verify(db).is_whole


def test_cut_end_is_found_by_the_head_noted_earlier(db):
    write(db)
    seal(db)
    head = verify(db).head
    write(db)
    seal(db)
    assert verify(db, head).is_whole
    tamper(db, delete(AuditEntry).where(AuditEntry.link_number >= 5))
    assert verify(db).is_whole
    assert not verify(db, head).is_whole


def test_entry_put_in_between_is_found(db):
    write(db)
    seal(db)
    with db.reading() as session:
        model = session.execute(select(AuditEntry.__table__).limit(1)).mappings().one()
    with db.transaction() as session:
        forged = {**model, "id": 999, "link_number": 6, "link_hash": model["link_hash"]}
        session.execute(insert(AuditEntry).values(forged))
    assert not verify(db).is_whole


def test_two_sealers_make_one_chain(db):
    write(db, 60)
    losers = []

    def work():
        try:
            while seal(db, 7):
                pass
        except (IntegrityError, OperationalError) as error:
            losers.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(losers) < 60
    while seal(db):
        pass
    report = verify(db)
    assert report.is_whole
    assert report.sealed == 60


def test_entry_goes_with_its_transaction(db):
    def fail():
        with db.transaction() as session:
            record(session, SYSTEM, "thing.done", "thing", 1)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with db.reading() as session:
        assert session.scalars(select(AuditEntry)).all() == []


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("k"), inner),
    max_leaves=5,
)


def test_any_details_are_sealed_as_they_are_read(db):
    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(json_values)
    def try_one(value):
        with db.transaction() as session:
            record(session, SYSTEM, "thing.done", "thing", 1, value=value)
        seal(db)
        assert verify(db).is_whole

    try_one()


def test_only_auditors_read(db):
    write(db, 3)
    with db.reading() as session:
        page = list_entries(session, AUDITOR, action="thing.done", limit=2)
        assert [entry.object_id for entry in page.items] == ["2", "1"]
        rest = list_entries(session, AUDITOR, action="thing.done", cursor=page.next_cursor)
        assert [entry.object_id for entry in rest.items] == ["0"]
        assert list_entries(session, AUDITOR, object_type="other").items == []
        with pytest.raises(ForbiddenError):
            list_entries(session, Principal(uuid4(), "x", frozenset({(Role.ADMIN, None)})))


def third(session):
    return session.scalars(select(AuditEntry.id).where(AuditEntry.link_number == 3)).one()


def test_a_chain_written_anew_without_the_key_is_found(db):
    """Somebody who can write the database makes a chain that fits, but cannot sign it."""
    keys = [b"new" * 11, b"old" * 11]
    write(db)
    with db.transaction() as session:
        seal_entries(session, keys=keys[1:])
    write(db)
    with db.transaction() as session:
        seal_entries(session, keys=keys)
    with db.reading() as session:
        assert verify_chain(session, keys=keys).is_whole
        assert not verify_chain(session, keys=keys[:1]).is_whole
        assert verify_entry(session, third(session), keys) == []
    tamper(db, update(AuditEntry).values(link_number=None, link_hash="", object_id="77"))
    seal(db)
    with db.reading() as session:
        assert verify_chain(session).is_whole
        problems = verify_chain(session, keys=keys).problems
        assert verify_entry(session, third(session), keys) == [
            "its audit entry is not signed with our key"
        ]
    assert "is not signed with our key" in problems[0]


@pytest.mark.parametrize(
    ("number", "column", "problem"),
    [
        (3, "details", "its audit entry was changed"),
        (2, "link_hash", "its audit entry was changed"),
        (4, "action", "the audit entry after its own does not follow from it"),
    ],
)
def test_one_entry_is_checked_with_its_neighbours(db, number, column, problem):
    keys = [b"key" * 11]
    write(db)
    with db.transaction() as session:
        seal_entries(session, keys=keys)
    value = {} if column == "details" else "other"
    tamper(db, update(AuditEntry).where(AuditEntry.link_number == number).values(**{column: value}))
    with db.reading() as session:
        assert verify_entry(session, third(session), keys) == [problem]


def test_people_are_named_by_their_ids(db):
    with db.transaction() as session:
        record(session, AUDITOR, "thing.done", "thing", 1)
    with db.reading() as session:
        entry = session.scalars(select(AuditEntry)).one()
    assert entry.actor == f"user:{AUDITOR.user_id}"


def test_a_signature_that_is_any_text_is_no_signature():
    assert not is_signed("a link", "\u00e9 or anything", [b"a key"])
