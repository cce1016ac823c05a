"""Switching and configuring plugins, followed by all processes; secrets stay secret."""

import json
import logging
import threading
import time
from uuid import uuid4

import pytest
from sqlalchemy import text

from examhall.core.audit.models import AuditEntry
from examhall.core.db import open_database, upgrade
from examhall.core.errors import ForbiddenError, InvalidError, NotFoundError, PluginError
from examhall.core.permissions import Permission, Principal, Role
from examhall.core.registry.changes import change_plugin, get_plugin, list_plugins
from examhall.core.registry.models import PluginState
from examhall.core.registry.registry import open_registry
from examhall.core.settings import load_settings
from examhall.core.vault import open_vault
from tests.core.registry.site import sink

CONFIGURED = """
    from marshmallow import Schema, fields, validate
    from examhall.plugins import EventSink, hookimpl

    class Proxy(Schema):
        host = fields.String(load_default="")
        password = fields.String(load_default="", metadata={"secret": True})

    class Config(Schema):
        url = fields.Url(load_default="https://example.org", metadata={"label": "Address"})
        token = fields.String(
            load_default="", metadata={"secret": True, "help": "From your account page."}
        )
        size = fields.Integer(load_default=10, validate=validate.Range(1, 100))
        tags = fields.List(fields.String(), load_default=list)
        proxy = fields.Nested(Proxy, load_default=dict)
        proxies = fields.List(fields.Nested(Proxy), load_default=list)
        headers = fields.Dict(
            values=fields.String(metadata={"secret": True}), load_default=dict
        )

    class Sink(EventSink):
        key = "remote"
        version = "1.0"
        title = "Remote"
        summary = "Sends events."

        def config_schema(self):
            return Config

        def emit(self, events):
            return dict(self.config)

    @hookimpl
    def examhall_event_sinks():
        return [Sink()]
"""
SECRETS = {
    "token": "t0p-secret",
    "proxy": {"host": "proxy.example.org", "password": "proxy-secret"},
    "proxies": [{"host": "a", "password": "first-secret"}, {"host": "b"}],
    "headers": {"X-Key": "header-secret"},
}
ADMIN = Principal(None, "admin", frozenset({(Role.ADMIN, None)}))
AUTHOR = Principal(uuid4(), "author", frozenset({(Role.AUTHOR, None)}))


@pytest.fixture
def remote(site, make_registry, database_url):
    site.install(CONFIGURED)
    return make_registry(database_url)


def config_of(registry):
    return registry.call(registry.get("event_sink", "remote"), "emit", [])


def state_row(registry):
    with registry.db.reading() as session:
        return session.get(PluginState, ("event_sink", "remote"))


def test_defaults_hold_where_nothing_is_stored(remote):
    assert config_of(remote)["size"] == 10
    assert remote.describe()[0].configurable


def test_a_configuration_is_checked_by_the_plugins_schema(remote):
    with pytest.raises(InvalidError, match="size: Must be greater than") as caught:
        remote.configure("event_sink", "remote", {"size": 1000})
    assert "size" in caught.value.details["fields"]
    with pytest.raises(InvalidError, match="colour: Unknown field"):
        remote.configure("event_sink", "remote", {"colour": "blue"})
    assert state_row(remote) is None


def test_secrets_are_used_in_clear_stored_encrypted_and_never_given_back(remote):
    remote.configure("event_sink", "remote", SECRETS)
    assert config_of(remote)["token"] == "t0p-secret"
    assert config_of(remote)["proxy"]["password"] == "proxy-secret"
    assert config_of(remote)["proxies"][0]["password"] == "first-secret"
    assert config_of(remote)["headers"] == {"X-Key": "header-secret"}
    with remote.db.reading() as session:
        tables = ("plugin_states", "audit_entries")
        stored = str([session.execute(text(f"select * from {name}")).all() for name in tables])
    shown = repr(get_plugin(remote, ADMIN, "event_sink", "remote"))
    for place in (stored, shown, repr(remote.describe())):
        assert "-secret" not in place
        assert "gAAAA" not in place or place is stored
    config = get_plugin(remote, ADMIN, "event_sink", "remote").config
    assert config["token"] == {"set": True}
    assert config["proxy"] == {"host": "proxy.example.org", "password": {"set": True}}
    assert config["proxies"] == [{"host": "a", "password": {"set": True}}, {"host": "b"}]
    assert config["headers"] == {"X-Key": {"set": True}}


def test_a_secret_stays_until_it_is_given_anew_or_removed(remote):
    remote.configure("event_sink", "remote", SECRETS)
    shown = get_plugin(remote, ADMIN, "event_sink", "remote").config
    remote.configure("event_sink", "remote", {**shown, "size": 20})
    assert config_of(remote)["size"] == 20
    assert config_of(remote)["token"] == "t0p-secret"
    assert config_of(remote)["proxies"][0]["password"] == "first-secret"
    remote.configure("event_sink", "remote", {"token": "another", "proxy": {"host": "p"}})
    assert config_of(remote)["token"] == "another"
    assert config_of(remote)["proxy"] == {"host": "p", "password": "proxy-secret"}
    remote.configure("event_sink", "remote", {"token": None})
    assert config_of(remote)["token"] == ""


def test_a_secret_copied_to_another_plugin_is_not_opened(remote):
    remote.configure("event_sink", "remote", {"token": "t0p-secret"})
    sealed = state_row(remote).config["token"]["$secret"]
    with pytest.raises(Exception, match="belongs to another place"):
        remote.vault.decrypt(sealed, "plugin provider/webhook")


def test_the_environment_gives_defaults_that_an_admin_overrides(site, make_registry, sqlite_url):
    site.install(CONFIGURED)
    environ = {
        "EXAMHALL_EVENT_SINK_REMOTE_SIZE": "42",
        "EXAMHALL_EVENT_SINK_REMOTE_TAGS": "a, b",
        "EXAMHALL_EVENT_SINK_REMOTE_TOKEN": "from-the-environment",
    }
    registry = make_registry(sqlite_url, environ=environ)
    config = config_of(registry)
    assert (config["size"], config["tags"]) == (42, ["a", "b"])
    assert config["token"] == "from-the-environment"
    shown = get_plugin(registry, ADMIN, "event_sink", "remote").config
    assert shown["token"] == {"set": True}
    registry.configure("event_sink", "remote", {**shown, "size": 7})
    assert config_of(registry)["size"] == 7
    assert config_of(registry)["token"] == "from-the-environment"


def test_a_wrong_environment_makes_the_plugin_unusable_and_says_why(
    site, make_registry, sqlite_url
):
    site.install(CONFIGURED)
    registry = make_registry(sqlite_url, environ={"EXAMHALL_EVENT_SINK_REMOTE_SIZE": "many"})
    assert registry.describe()[0].status == "misconfigured"
    with pytest.raises(PluginError, match="size: Not a valid integer"):
        registry.get("event_sink", "remote")
    registry.configure("event_sink", "remote", {"size": 5})
    assert config_of(registry)["size"] == 5


STRANGE = """
    from marshmallow import Schema, fields
    from examhall.plugins import EventSink, hookimpl

    class Strange:
        def __str__(self):
            raise OSError("no words")

    class Value(fields.Field):
        def _deserialize(self, value, attr, data, **kwargs):
            return Strange() if value == "strange" else value

    class Configuration(Schema):
        value = Value(load_default="")

    class Sink(EventSink):
        key = "strange"
        version = "1"
        title = "Strange"

        def config_schema(self):
            return Configuration

        def emit(self, events):
            return None

    @hookimpl
    def examhall_event_sinks():
        return [Sink()]
"""


def test_values_that_cannot_be_named_are_refused_and_stop_no_start(site, make_registry, sqlite_url):
    site.install(STRANGE)
    name = "EXAMHALL_EVENT_SINK_STRANGE_VALUE"
    registry = make_registry(sqlite_url, environ={name: "strange"})
    assert registry.describe()[0].reason == "OSError: no words"
    registry.configure("event_sink", "strange", {"value": "plain"})
    with pytest.raises(PluginError, match="no words"):
        registry.configure("event_sink", "strange", {"value": "strange"})
    assert registry.describe()[0].status == "enabled"


def test_required_fields_are_asked_for_before_the_plugin_is_used(site, make_registry, sqlite_url):
    site.install(CONFIGURED.replace('load_default="https://example.org"', "required=True"))
    registry = make_registry(sqlite_url)
    assert registry.find("event_sink", "remote") is None
    assert "url" in registry.describe()[0].reason
    registry.configure("event_sink", "remote", {"url": "https://example.org"})
    assert registry.find("event_sink", "remote") is not None


def test_the_form_comes_from_the_schema(remote):
    form = {field.name: field for field in get_plugin(remote, ADMIN, "event_sink", "remote").form}
    assert (form["url"].label, form["url"].type, form["url"].default) == (
        "Address",
        "url",
        "https://example.org",
    )
    assert (form["token"].type, form["token"].help) == ("secret", "From your account page.")
    assert form["token"].default is None
    assert (form["size"].type, form["size"].minimum, form["size"].maximum) == ("integer", 1, 100)
    assert [inner.name for inner in form["proxy"].fields] == ["host", "password"]
    assert form["proxies"].item.type == "object"
    assert form["tags"].item.type == "text"


def test_a_change_is_in_effect_in_another_process_without_restart(remote, make_registry):
    url = remote.db.engine.url.render_as_string(hide_password=False)
    other = make_registry(url, plugin_poll_seconds=2.0)
    other.start()
    time.sleep(0.1)

    def wait_for(condition):
        start = time.monotonic()
        while not condition():
            assert time.monotonic() - start < 5, "5 seconds were not enough"
            time.sleep(0.02)

    remote.configure("event_sink", "remote", {"size": 99})
    wait_for(lambda: config_of(other)["size"] == 99)
    remote.set_enabled("event_sink", "remote", False)
    wait_for(lambda: other.find("event_sink", "remote") is None)
    assert other.all("event_sink") == []
    with pytest.raises(PluginError, match="switched off"):
        other.get("event_sink", "remote")
    remote.set_enabled("event_sink", "remote", True)
    wait_for(lambda: other.find("event_sink", "remote") is not None)
    assert config_of(other)["size"] == 99


def test_changes_at_the_same_moment_are_all_seen(site, make_registry, database_url):
    keys = [f"sink{number}" for number in range(8)]
    for key in keys:
        site.install(sink(key), name=key, distribution=key)
    registry, watcher = make_registry(database_url), make_registry(database_url)
    threads = [
        threading.Thread(target=registry.set_enabled, args=("event_sink", key, False))
        for key in keys
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
        watcher.refresh()
    assert watcher.all("event_sink") == []


def test_an_unchanged_configuration_keeps_its_copy(remote):
    before = remote.get("event_sink", "remote")
    remote.set_enabled("event_sink", "remote", False)
    remote.set_enabled("event_sink", "remote", True)
    assert remote.get("event_sink", "remote") is before
    remote.configure("event_sink", "remote", {"size": 11})
    assert remote.get("event_sink", "remote") is not before
    assert before.config["size"] == 10


def test_the_digest_follows_the_configuration_and_not_the_secrets(remote):
    def digest():
        return remote.config_digest(remote.get("event_sink", "remote"))

    first = digest()
    assert len(first) == 64
    remote.configure("event_sink", "remote", {"token": "t0p-secret"})
    assert digest() == first
    remote.configure("event_sink", "remote", {"size": 11})
    assert digest() != first
    copy = remote.configured(remote.get("event_sink", "remote"), {"size": 11})
    assert remote.config_digest(copy) == digest()


def test_changes_need_the_permission_and_are_audited(remote):
    for call in (
        lambda: list_plugins(remote, AUTHOR),
        lambda: get_plugin(remote, AUTHOR, "event_sink", "remote"),
        lambda: change_plugin(remote, AUTHOR, "event_sink", "remote", enabled=False),
    ):
        with pytest.raises(ForbiddenError):
            call()
    assert ADMIN.may(Permission.PLUGINS_MANAGE)
    change_plugin(remote, ADMIN, "event_sink", "remote", enabled=False, config={"token": "x"})
    with remote.db.reading() as session:
        (entry,) = session.query(AuditEntry).all()
    assert (entry.action, entry.object_id) == ("plugin.changed", "event_sink/remote")
    assert entry.details == {"enabled": False, "fields": ["token"]}


def test_an_unknown_plugin_is_not_found(remote):
    for kind, key in (("event_sink", "ghost"), ("ghost", "remote"), ("hooks", "ghost")):
        with pytest.raises(NotFoundError):
            change_plugin(remote, ADMIN, kind, key, enabled=False)


def test_a_process_starts_with_defaults_before_its_tables_are_there(empty_database_url, tmp_path):
    settings = load_settings({}, data_dir=tmp_path, database_url=empty_database_url)
    db = open_database(empty_database_url)
    registry = open_registry(settings, db, open_vault(settings))
    assert registry.describe()
    upgrade(empty_database_url)
    assert registry.refresh()
    registry.close()
    db.dispose()


def test_hook_and_plugin_calls_can_be_traced(site, make_registry, sqlite_url, caplog):
    site.install(CONFIGURED)
    registry = make_registry(sqlite_url, trace_hooks="true")
    with caplog.at_level(logging.INFO, "examhall.hooks"):
        config_of(registry)
    assert "call event_sink/remote emit" in caplog.text


def test_a_stored_configuration_is_json(remote):
    remote.configure("event_sink", "remote", SECRETS)
    assert json.loads(json.dumps(state_row(remote).config))["proxy"]["host"] == "proxy.example.org"


def test_a_guarded_call_costs_little(site, make_registry, sqlite_url):
    """Bundled plugins are called in the caller's own thread: well below 0.1 ms."""
    site.install(sink("quick"), distribution="examhall")
    registry = make_registry(sqlite_url)
    plugin = registry.get("event_sink", "quick")

    def batch():
        start = time.perf_counter()
        for _ in range(200):
            registry.call(registry.get("event_sink", "quick"), "emit", [])
        return (time.perf_counter() - start) / 200

    assert plugin is registry.get("event_sink", "quick")
    assert min(batch() for _ in range(10)) < 0.0001
