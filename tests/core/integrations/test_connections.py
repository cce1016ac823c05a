"""Connections are tested before they are saved, and their secrets are never seen again."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from examhall.core.audit.models import AuditEntry
from examhall.core.contracts.base import HealthStatus
from examhall.core.errors import (
    ForbiddenError,
    InvalidError,
    NotFoundError,
    SignInRequiredError,
)
from examhall.core.integrations.connections import (
    check_connection,
    create_connection,
    update_connection,
)
from examhall.core.integrations.models import Connection
from examhall.core.integrations.providers import configure_provider
from examhall.core.integrations.queries import get_connection, list_connections
from examhall.core.permissions import NOBODY, SYSTEM, Principal, Role
from examhall.core.platform import Platform
from tests.core.integrations.world import SECRET, connect, connection_now, deliver, queue
from tests.partner import Answer, partner


def create(platform: Platform, principal: Principal = SYSTEM, **config: Any) -> Connection:
    return create_connection(
        platform, principal, provider="webhook", title="Partner", config=config
    )


def all_connections(platform: Platform) -> list[Connection]:
    with platform.db.reading() as session:
        return list(list_connections(session, SYSTEM).items)


def test_a_connection_whose_test_passes_is_saved(platform: Platform) -> None:
    with partner() as server:
        connection = create(platform, url=server.url, secret=SECRET)
    assert [call.headers["X-Examhall-Delivery"] for call in server.calls] == ["ping"]
    (saved,) = all_connections(platform)
    assert (saved.id, saved.state) == (connection.id, "enabled")


def test_a_connection_whose_test_fails_is_not_saved(platform: Platform) -> None:
    with partner(Answer(403)) as server, pytest.raises(InvalidError, match="403"):
        create(platform, url=server.url, secret=SECRET)
    assert all_connections(platform) == []


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"url": "https://partner.example"},
        {"url": "nowhere", "secret": SECRET},
        {"url": "file:///etc/passwd", "secret": SECRET},
        {"url": "https://partner.example", "secret": "short"},
        {"url": "https://partner.example", "secret": SECRET, "more": 1},
        {"url": "https://partner.example", "secret": {"$secret": "x"}},
        {"url": ["https://partner.example"], "secret": SECRET},
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(
    platform: Platform, config: dict[str, Any]
) -> None:
    with pytest.raises(InvalidError):
        create(platform, **config)


def test_an_unknown_provider_is_refused(platform: Platform) -> None:
    with pytest.raises(InvalidError):
        create_connection(platform, SYSTEM, provider="nobody", title="x", config={})


def test_secrets_are_stored_encrypted_and_bound_to_the_connection(platform: Platform) -> None:
    one = connect(platform, "https://one.example")
    two = connect(platform, "https://two.example")
    assert SECRET not in str(one.config)
    assert configure_provider(platform, one).config["secret"] == SECRET
    two.config = one.config
    with pytest.raises(Exception, match="another place"):
        configure_provider(platform, two)


def test_a_secret_that_is_left_out_stays(platform: Platform) -> None:
    connection = connect(platform, "https://one.example")
    changed = update_connection(
        platform, SYSTEM, connection.id, config={"url": "https://two.example"}, unchecked=True
    )
    provider = configure_provider(platform, changed)
    assert dict(provider.config) == {"url": "https://two.example", "secret": SECRET}


def test_a_change_is_tested_first(platform: Platform) -> None:
    connection = connect(platform, "https://one.example")
    with partner(Answer(401)) as server, pytest.raises(InvalidError):
        update_connection(platform, SYSTEM, connection.id, config={"url": server.url})
    assert connection_now(platform, connection).config == connection.config


def test_what_is_changed_is_in_the_audit_without_secrets(platform: Platform) -> None:
    connection = connect(platform, "https://one.example")
    update_connection(platform, SYSTEM, connection.id, title="Other", state="disabled")
    with platform.db.reading() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [entry.action for entry in entries] == ["connection.created", "connection.changed"]
    assert entries[1].details == {"title": "Other", "state": "disabled"}
    assert SECRET not in str([entry.details for entry in entries])


def test_trying_a_connection_tells_what_is_wrong(platform: Platform) -> None:
    with partner(Answer(200), Answer(403)) as server:
        connection = connect(platform, server.url)
        assert check_connection(platform, SYSTEM, connection.id).status is HealthStatus.OK
        failed = check_connection(platform, SYSTEM, connection.id)
    assert failed.status is HealthStatus.FAILED
    assert "403" in failed.message


def test_a_disabled_connection_sends_nothing(platform: Platform) -> None:
    with partner() as server:
        connection = connect(platform, server.url)
        queue(platform, "a")
        update_connection(platform, SYSTEM, connection.id, state="disabled")
        deliver(platform, connection)
        assert server.calls == []
        update_connection(platform, SYSTEM, connection.id, state="enabled")
        deliver(platform, connection)
    assert len(server.calls) == 1


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_admins_may(platform: Platform, role: Role) -> None:
    connection = connect(platform, "https://one.example")
    somebody = Principal(uuid4(), "somebody", frozenset({(role, None)}))
    for principal, error in ((somebody, ForbiddenError), (NOBODY, SignInRequiredError)):
        with pytest.raises(error):
            create(platform, principal, url="https://one.example", secret=SECRET)
        with pytest.raises(error):
            update_connection(platform, principal, connection.id, title="x")
        with pytest.raises(error):
            check_connection(platform, principal, connection.id)
        with platform.db.reading() as session, pytest.raises(error):
            list_connections(session, principal)


def test_an_unknown_connection_is_not_found(platform: Platform) -> None:
    with platform.db.reading() as session, pytest.raises(NotFoundError):
        get_connection(session, SYSTEM, uuid4())
