"""The audit trail over HTTP: entries hold ids, readers see the names that people have today."""

from flask.testing import FlaskClient
from sqlalchemy import select

from examhall.core.accounts.operations import update_user
from examhall.core.audit.models import AuditEntry
from examhall.core.platform import Platform
from tests.web.people import People


def test_people_are_shown_by_name_and_kept_by_id(
    client: FlaskClient, platform: Platform, people: People
) -> None:
    admin, author = people.principal("admin"), people.users["author"]
    with platform.db.transaction() as session:
        update_user(session, platform.settings, admin, author.id, name="Ada Byron")
    answer = client.get("/api/v1/audit?action=user.changed", headers=people.bearer("auditor"))
    assert answer.json is not None
    [entry] = answer.json["data"]["items"]
    assert (entry["actor"], entry["object_id"]) == ("Admin", str(author.id))
    assert entry["details"] == {"changed": ["name"]}
    with platform.db.reading() as session:
        kept = session.scalars(select(AuditEntry).where(AuditEntry.action == "user.changed")).one()
    assert kept.actor == f"user:{admin.user_id}"
    assert "Ada" not in repr(kept.details)
