"""Failures are noted; a plugin that fails again and again is paused, in every process."""

import logging
import time
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from examhall.core.errors import PluginCallError, PluginError
from examhall.core.registry.breaker import KEPT_FAILURES, BreakerPolicy
from examhall.core.registry.models import PluginFailure
from examhall.core.registry.states import list_failures
from examhall.plugins import TransientError
from tests.core.registry.site import sink

POLICY = BreakerPolicy(3, timedelta(seconds=2), timedelta(seconds=1))


@pytest.fixture
def install(site):
    def add(body):
        site.install(sink("flaky", body), version="3.0")

    return add


def emit(registry, events=(), **options):
    # Not `get`: the copy that a caller holds may be older than the pause.
    plugin = registry.entry("event_sink", "flaky").plugin
    return registry.call(plugin, "emit", events, **options)


def failures(registry):
    registry.flush()
    with registry.db.reading() as session:
        return list_failures(session, "event_sink", "flaky")


def wait_until(condition, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


FAULTS = {
    "error": ("raise OSError('no disk')", {}, "OSError: no disk"),
    "timeout": ("while True: pass", {"limit": 0.2}, "no answer in 0.2 seconds"),
    "shape": ("return 42", {"expect": str}, "wrong result: int instead of str"),
}


@pytest.mark.parametrize("reason", FAULTS)
def test_a_failed_call_is_noted_with_plugin_version_and_reason(
    reason, install, make_registry, database_url
):
    body, options, message = FAULTS[reason]
    install(body)
    registry = make_registry(database_url)
    with pytest.raises(PluginCallError) as caught:
        emit(registry, **options)
    assert caught.value.details["reason"] == reason
    (failure,) = failures(registry)
    assert (failure.version, failure.operation, failure.reason) == ("1.0", "emit", reason)
    assert failure.message == message


def test_a_failure_inside_a_transaction_is_noted_and_blocks_nothing(
    install, make_registry, database_url
):
    install("raise OSError('no disk')")
    registry = make_registry(database_url)
    with registry.db.transaction() as session:
        session.execute(select(1))
        with pytest.raises(PluginCallError):
            emit(registry)
    assert len(failures(registry)) == 1


def test_a_failure_is_noted_even_if_the_transaction_is_rolled_back(
    install, make_registry, database_url
):
    install("raise OSError('no disk')")
    registry = make_registry(database_url)
    with pytest.raises(PluginCallError), registry.db.transaction():
        emit(registry)
    assert len(failures(registry)) == 1


def test_a_method_that_is_not_there_is_a_failure_too(install, make_registry, sqlite_url):
    install("pass")
    registry = make_registry(sqlite_url)
    with pytest.raises(PluginCallError, match="AttributeError"):
        registry.call(registry.get("event_sink", "flaky"), "omit")


def test_what_a_contract_allows_to_raise_is_no_failure(install, make_registry, sqlite_url):
    install("from examhall.plugins import TransientError; raise TransientError('busy', 3)")
    registry = make_registry(sqlite_url)
    with pytest.raises(TransientError):
        emit(registry)
    assert failures(registry) == []


def test_a_plugin_cannot_end_the_process(install, make_registry, sqlite_url):
    install("import sys; sys.exit(1)")
    with pytest.raises(PluginCallError, match="SystemExit"):
        emit(make_registry(sqlite_url))


def test_text_that_cannot_be_stored_is_stored_without_its_bad_parts(
    install, make_registry, database_url
):
    install(r"raise OSError('a\0b\ud800' + 'x' * 9000)")
    registry = make_registry(database_url)
    # The captured log would carry the half surrogate, and nothing can send it to another process.
    logging.disable()
    try:
        with pytest.raises(PluginCallError):
            emit(registry)
    finally:
        logging.disable(logging.NOTSET)
    assert failures(registry)[0].message.startswith("OSError: ab?x")


def test_repeated_failures_pause_the_plugin_in_all_processes_for_a_while(
    install, make_registry, database_url
):
    install("return 1 / len(events)")
    here = make_registry(database_url, breaker=POLICY)
    there = make_registry(database_url, breaker=POLICY)
    there.start()
    for _ in range(POLICY.failures):
        with pytest.raises(PluginCallError, match="ZeroDivisionError"):
            emit(here)
    here.flush()
    wait_until(lambda: here.find("event_sink", "flaky") is None)
    wait_until(lambda: there.find("event_sink", "flaky") is None)
    with pytest.raises(PluginCallError, match="paused after failures until"):
        emit(there, [1])
    with pytest.raises(PluginError, match="paused after failures until"):
        there.get("event_sink", "flaky")
    assert there.describe()[0].status == "paused"

    wait_until(lambda: here.find("event_sink", "flaky") is not None)
    assert emit(here, [1]) == 1
    assert emit(there, [1]) == 1


def test_on_probation_one_failure_pauses_again_and_later_it_does_not(
    install, make_registry, sqlite_url
):
    install("return 1 / len(events)")
    registry = make_registry(sqlite_url, breaker=POLICY)

    def fail():
        with pytest.raises(PluginCallError):
            emit(registry)
        registry.flush()

    for _ in range(POLICY.failures):
        fail()
    wait_until(lambda: registry.find("event_sink", "flaky") is None)
    wait_until(lambda: registry.find("event_sink", "flaky") is not None)
    fail()
    wait_until(lambda: registry.find("event_sink", "flaky") is None)
    wait_until(lambda: registry.find("event_sink", "flaky") is not None)
    time.sleep(POLICY.window.total_seconds() + 0.1)
    fail()
    time.sleep(0.1)
    assert registry.find("event_sink", "flaky") is not None


def test_old_failures_are_removed(install, make_registry, sqlite_url):
    install("raise OSError")
    registry = make_registry(sqlite_url)
    with registry.db.transaction() as session:
        for _ in range(KEPT_FAILURES + 20):
            row = {"kind": "event_sink", "key": "flaky", "version": "1", "operation": "emit"}
            row |= {"reason": "error", "message": "", "at": registry._clock.now()}
            session.add(PluginFailure(**row))
    with pytest.raises(PluginCallError):
        emit(registry)
    registry.flush()
    with registry.db.reading() as session:
        assert session.scalar(select(func.count(PluginFailure.id))) == KEPT_FAILURES


HOOKS = """
    from examhall.plugins import Veto, hookimpl

    @hookimpl
    def examhall_before_transition(transition):
        {body}

    @hookimpl
    def examhall_event(event):
        {body}
"""


def test_a_plain_hook_that_fails_is_passed_over_and_noted(site, make_registry, database_url):
    site.install(HOOKS.replace("{body}", "return Veto('no')"), "hooks.good", "good")
    site.install(HOOKS.replace("{body}", "raise OSError"), "hooks.bad", "raises")
    site.install(HOOKS.replace("{body}", "return 'never'"), "hooks.rubbish", "rubbish")
    site.install(HOOKS.replace("{body}", "return None"), "hooks.silent", "silent")
    registry = make_registry(database_url)
    assert registry.refusals == ()
    assert registry.first("examhall_before_transition", transition=None).reason == "no"
    registry.notify("examhall_event", event=None)
    registry.flush()
    with registry.db.reading() as session:
        assert {row.reason for row in list_failures(session, "hooks", "hooks.bad")} == {"error"}
        assert {row.reason for row in list_failures(session, "hooks", "hooks.rubbish")} == {"shape"}
        assert not list_failures(session, "hooks", "hooks.good")


def test_plain_hooks_can_be_switched_off(site, make_registry, database_url):
    site.install(HOOKS.replace("{body}", "return Veto('no')"), "hooks.veto", "veto")
    registry = make_registry(database_url)
    registry.set_enabled("hooks", "hooks.veto", False)
    assert registry.first("examhall_before_transition", transition=None) is None
    assert registry.describe()[-1].status == "disabled"
    registry.set_enabled("hooks", "hooks.veto", True)
    assert registry.first("examhall_before_transition", transition=None) is not None


def test_plain_hooks_that_fail_again_and_again_are_paused(site, make_registry, sqlite_url):
    site.install(HOOKS.replace("{body}", "raise OSError"), "hooks.bad", "bad")
    registry = make_registry(sqlite_url, breaker=POLICY)
    for _ in range(POLICY.failures):
        registry.notify("examhall_event", event=None)
    registry.flush()
    wait_until(lambda: registry.describe()[-1].status == "paused")
    registry.notify("examhall_event", event=None)
    registry.flush()
    with registry.db.reading() as session:
        assert len(list_failures(session, "hooks", "hooks.bad")) == POLICY.failures


def test_in_a_batch_a_bad_call_takes_no_other_along(install, make_registry, sqlite_url):
    install("return len(events[0]) if events else 1 / 0")
    registry = make_registry(sqlite_url)
    plugin = registry.entry("event_sink", "flaky").plugin
    calls = [(["ab"],), ([],), (["abc"],)]
    answers = registry.call_all(plugin, "emit", calls, expect=int)
    assert (answers[0], answers[2]) == (2, 3)
    assert isinstance(answers[1], PluginCallError)
    assert [failure.reason for failure in failures(registry)] == ["error"]


def test_a_batch_that_hangs_is_made_call_by_call(install, make_registry, sqlite_url):
    install("while events == ['hang']: pass\n            return 'done'")
    registry = make_registry(sqlite_url, plugin_time_limit=0.3)
    plugin = registry.entry("event_sink", "flaky").plugin
    answers = registry.call_all(plugin, "emit", [(["a"],), (["hang"],)], expect=str)
    assert answers[0] == "done"
    assert answers[1].details["reason"] == "timeout"
