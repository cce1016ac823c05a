"""Good, broken, duplicate, misspelt and outdated plugins."""

import time

import pytest

from examhall.core.registry.arrivals import Arrivals
from tests.core.registry.site import sink

HEAD = """
    from examhall.plugins import EventSink, hookimpl

    class Sink(EventSink):
        key = "mine"
        version = "1.0"
        title = "Mine"

        def emit(self, events):
            return None
"""
HOOK = """
    @hookimpl
    def examhall_event_sinks():
        return [Sink()]
"""


def only_refusal(registry):
    assert len(registry.refusals) == 1
    return registry.refusals[0]


def test_a_good_plugin_is_found_with_its_origin(site, make_registry, sqlite_url):
    site.install(sink("mine"), distribution="acme-sink", version="2.1")
    registry = make_registry(sqlite_url)
    assert registry.refusals == ()
    assert registry.get("event_sink", "mine").title == "A sink"
    (described,) = registry.describe()
    assert (described.distribution, described.distribution_version) == ("acme-sink", "2.1")
    assert not described.bundled


BROKEN = {
    "raises on import": ("1 / 0", "ZeroDivisionError: division by zero"),
    "a module that is not there": ("import no_such_module", "ModuleNotFoundError"),
    "ends the process": ("import sys; sys.exit(3)", "tried to end the process"),
    "ends more than itself": ("raise KeyboardInterrupt", "raised KeyboardInterrupt"),
    "an error without words": (
        "class Silent(Exception):\n    def __str__(self): return 1 / 0\nraise Silent",
        "Silent",
    ),
    "an error for terminals": ("raise OSError('a\\x1b[2Jb\\n c')", "OSError: a [2Jb c"),
    "hangs on import": ("while True: pass", "did not come back in time"),
    "hangs outside Python": ("import time; time.sleep(60)", "did not come back in time"),
    "implements nothing": ("x = 1", "implements no hook"),
    "a misspelt hook": (
        HEAD
        + """
    @hookimpl
    def examhall_event_sinkz():
        return [Sink()]
    """,
        "unknown hooks: examhall_event_sinkz",
    ),
    "a misspelt prefix": (
        HEAD
        + """
    @hookimpl
    def exmahall_event_sinks():
        return [Sink()]
    """,
        "unknown hooks: exmahall_event_sinks",
    ),
    "a near miss without decorator": (
        HEAD
        + HOOK
        + """
    def examhall_detectorz():
        return []
    """,
        "unknown hooks: examhall_detectorz",
    ),
    "a hook without decorator": (
        HEAD + HOOK.replace("@hookimpl", ""),
        "examhall_event_sinks is not decorated with @hookimpl",
    ),
    "an unknown argument": (
        HEAD
        + HOOK
        + """
    @hookimpl
    def examhall_event(event, colour):
        pass
    """,
        "colour",
    ),
    "a wrapper": (
        HEAD
        + """
    @hookimpl(wrapper=True)
    def examhall_event(event):
        yield
    """,
        "hook wrappers are not supported",
    ),
    "the registering hook raises": (HEAD + HOOK.replace("[Sink()]", "[Zink()]"), "NameError"),
    "no list": (HEAD + HOOK.replace("[Sink()]", "Sink()"), "returned Sink, not a list"),
    "the class": (HEAD + HOOK.replace("Sink()", "Sink"), "the class Sink was returned"),
    "the wrong thing": (HEAD + HOOK.replace("Sink()", "42"), "int is no EventSink"),
    "wrong version of the API": (
        HEAD.replace('key = "mine"', 'key = "mine"; api_version = 99') + HOOK,
        "made for version 99 of the plugin API",
    ),
    "a bad key": (HEAD.replace('"mine"', '"My Sink"') + HOOK, "bad key 'My Sink'"),
    "no key": (HEAD.replace('key = "mine"', "pass") + HOOK, "bad key None"),
    "no version": (HEAD.replace('version = "1.0"', "version = 1.0") + HOOK, "bad version 1.0"),
    "no title": (HEAD.replace('title = "Mine"', "pass") + HOOK, "no title"),
    "an abstract method": (HEAD.replace("def emit", "def omit") + HOOK, "abstract"),
    "a schema that is none": (
        HEAD + "        def config_schema(self): return dict\n" + HOOK,
        "no marshmallow schema",
    ),
    "a schema that raises": (
        HEAD + "        def config_schema(self): raise OSError('no schema')\n" + HOOK,
        "OSError: no schema",
    ),
    "a property that ends the process": (
        HEAD + "        @property\n        def summary(self): raise SystemExit\n" + HOOK,
        "tried to end the process",
    ),
    "a property that hangs": (
        HEAD
        + "        @property\n        def summary(self):\n            while True: pass\n"
        + HOOK,
        "did not come back in time",
    ),
    "another kind": (
        HEAD + HOOK.replace("examhall_event_sinks", "examhall_notifiers"),
        "Sink is no Notifier",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_plugin_is_refused_with_its_reason_and_nothing_else_suffers(
    what, site, make_registry, sqlite_url
):
    source, reason = BROKEN[what]
    site.install(source, name="event_sink.broken", distribution="broken", version="0.9")
    site.install(sink("good"), name="event_sink.good", distribution="zz-good")
    registry = make_registry(sqlite_url)
    refusal = only_refusal(registry)
    assert reason in refusal.reason
    assert (refusal.entry_point, refusal.distribution, refusal.version) == (
        "event_sink.broken",
        "broken",
        "0.9",
    )
    assert [plugin.key for plugin in registry.all("event_sink")] == ["good"]


def test_one_bad_object_does_not_take_the_others_along(site, make_registry, sqlite_url):
    site.install(
        HEAD
        + """
    class Other(Sink):
        key = "Bad Key"

    @hookimpl
    def examhall_event_sinks():
        return [Other(), Sink(), Sink()]
    """
    )
    registry = make_registry(sqlite_url)
    assert [plugin.key for plugin in registry.all("event_sink")] == ["mine"]
    assert [(refusal.kind, refusal.key) for refusal in registry.refusals] == [
        ("event_sink", "Bad Key"),
        ("event_sink", "mine"),
    ]


def test_nobody_takes_the_place_of_a_bundled_plugin(site, make_registry, sqlite_url):
    site.install(sink("log", "raise OSError"), name="a.first", distribution="aaa")
    site.install(sink("log"), name="event_sink.log", distribution="examhall")
    registry = make_registry(sqlite_url)
    refusal = only_refusal(registry)
    assert refusal.distribution == "aaa"
    assert "already there, from examhall" in refusal.reason
    registry.call(registry.get("event_sink", "log"), "emit", [])


def test_two_entry_points_of_one_name_do_not_hide_each_other(site, make_registry, sqlite_url):
    site.install(sink("one"), name="event_sink.same", distribution="one")
    site.install(sink("two"), name="event_sink.same", distribution="two")
    registry = make_registry(sqlite_url)
    assert [plugin.key for plugin in registry.all("event_sink")] == ["one"]
    assert only_refusal(registry).reason == "another plugin is already called event_sink.same"


def test_a_missing_plugin_is_named(make_registry, sqlite_url):
    registry = make_registry(sqlite_url)
    with pytest.raises(Exception, match="There is no detector 'ghost'"):
        registry.get("detector", "ghost")
    assert registry.find("detector", "ghost") is None


def test_a_distribution_without_metadata_stops_no_start(site, make_registry, sqlite_url):
    site.install(sink("whole"), name="event_sink.whole", distribution="whole")
    site.install(sink("half"), name="event_sink.half", distribution="half", version="1")
    (site.path / "half-1.dist-info" / "METADATA").unlink()
    registry = make_registry(sqlite_url)
    named = {one.key: one.distribution for one in registry.describe()}
    assert named == {"whole": "whole", "half": ""}


def test_a_plugin_installed_while_running_is_loaded(site, make_registry, sqlite_url):
    site.install(sink("first"), name="event_sink.first", distribution="first")
    registry = make_registry(sqlite_url)
    registry.set_enabled("event_sink", "first", False)
    registry.start()
    site.install(sink("later"), name="event_sink.later", distribution="later")
    deadline = time.monotonic() + 5
    while registry.find("event_sink", "later") is None:
        assert time.monotonic() < deadline, "5 seconds were not enough"
        time.sleep(0.05)
    assert registry.find("event_sink", "first") is None


def test_a_look_at_installations_that_fails_is_not_the_last(
    site, make_registry, sqlite_url, monkeypatch
):
    site.install(sink("mine"))
    registry = make_registry(sqlite_url)
    other = make_registry(sqlite_url)
    looks = []

    def fail(_arrivals):
        looks.append(len(looks))
        raise OSError("half a distribution")

    monkeypatch.setattr(Arrivals, "check", fail)
    registry.start()
    other.set_enabled("event_sink", "mine", False)
    deadline = time.monotonic() + 20
    while registry.find("event_sink", "mine") is not None or len(looks) < 2:
        assert time.monotonic() < deadline, "the change was not seen"
        time.sleep(0.02)


def test_a_new_version_of_a_loaded_plugin_waits_for_a_restart(site, make_registry, sqlite_url):
    site.install(sink("mine"), distribution="mine", version="1.0")
    registry = make_registry(sqlite_url)
    registry.start()
    site.uninstall("mine", "1.0")
    site.install(sink("mine"), distribution="mine", version="2.0")
    deadline = time.monotonic() + 5
    while not registry.refusals:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert only_refusal(registry).reason == "version 1.0 of it runs: restart to change over"
