"""Calls that raise, hang, or come back too late."""

import asyncio
import contextlib
import contextvars
import decimal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from examhall.core.registry.guard import (
    MOST_STUCK,
    CallEndedError,
    CallPool,
    CallTimedOutError,
    OwnerStuckError,
    Watchdog,
)


@pytest.fixture
def pool():
    pool = CallPool()
    yield pool
    pool.close()


@pytest.fixture
def watchdog():
    watchdog = Watchdog()
    yield watchdog
    watchdog.close()


def endless():
    while True:
        pass


def stubborn(over):
    """Go on through every interrupt."""
    while not over.is_set():
        try:
            while not over.is_set():
                pass
        except BaseException:  # noqa: BLE001
            continue


@pytest.fixture(params=["pool", "watchdog"])
def run(request):
    if request.param == "pool":
        pool = request.getfixturevalue("pool")
        return lambda call, limit=5.0: pool.run("me", call, limit)
    watchdog = request.getfixturevalue("watchdog")
    return lambda call, limit=5.0: watchdog.run(call, limit)


def test_a_call_returns_and_raises_what_it_wants(run):
    assert run(lambda: 42) == 42
    with pytest.raises(KeyError, match="lost"):
        run(lambda: {}["lost"])


def test_an_endless_loop_is_ended(run):
    threads = threading.active_count()
    start = time.monotonic()
    with pytest.raises(CallTimedOutError):
        run(endless, 0.3)
    assert time.monotonic() - start < 2
    deadline = time.monotonic() + 3
    while threading.active_count() > threads + 1 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert threading.active_count() <= threads + 1
    assert run(lambda: "still here") == "still here"


def test_a_call_that_swallows_exceptions_is_ended_all_the_same(run):
    def careless():
        while True:
            try:
                endless()
            except Exception:  # noqa: BLE001
                continue

    with pytest.raises(CallTimedOutError):
        run(careless, 0.3)


def test_context_variables_are_seen(run):
    variable = contextvars.ContextVar("variable", default="nothing")
    variable.set("seen")
    assert run(variable.get) == "seen"


@pytest.mark.parametrize("error", [asyncio.CancelledError, GeneratorExit])
def test_what_ends_more_than_a_call_is_an_error_like_any_other(run, error):
    def end():
        raise error

    with pytest.raises(CallEndedError, match=error.__name__):
        run(end)


def test_a_plugin_cannot_press_ctrl_c(pool):
    def press():
        raise KeyboardInterrupt

    with pytest.raises(CallEndedError):
        pool.run("me", press, 5.0)


def test_a_decimal_context_stays_in_its_call(pool):
    def round_roughly():
        decimal.getcontext().prec = 2
        return decimal.Decimal(1) / 3

    before = decimal.getcontext().prec
    assert pool.run("me", round_roughly, 5.0) == decimal.Decimal("0.33")
    assert decimal.getcontext().prec == before


def test_a_call_that_ends_late_is_late(watchdog):
    with pytest.raises(CallTimedOutError):
        watchdog.run(lambda: time.sleep(0.8), 0.2)


def test_no_interrupt_arrives_after_its_call(watchdog):
    """Calls that end just at their limit: whoever called goes on undisturbed."""

    def end_about_then(step):
        until = time.monotonic() + 0.18 + step * 0.002
        with contextlib.suppress(CallTimedOutError):
            watchdog.run(lambda: time.sleep(max(0, until - time.monotonic())), 0.05)
        for _ in range(2000):
            pass
        return step

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(end_about_then, range(40))) == list(range(40))


def test_the_pool_leaves_behind_what_hangs_outside_python(pool):
    start = time.monotonic()
    with pytest.raises(CallTimedOutError):
        pool.run("me", lambda: time.sleep(2), 0.2)
    assert time.monotonic() - start < 1
    assert pool.run("me", lambda: 1, 1) == 1
    assert len(pool.stuck("me")) == 1


def test_an_owner_with_many_hanging_calls_gets_no_more_threads(pool):
    over = threading.Event()
    # Most hang outside Python, where an interrupt changes nothing until they come back themselves.
    hanging = [lambda: over.wait(60)] * (MOST_STUCK - 1) + [lambda: stubborn(over)]
    try:
        for call in hanging:
            with pytest.raises(CallTimedOutError):
                pool.run("bad", call, 0.5)
        with pytest.raises(OwnerStuckError):
            pool.run("bad", lambda: 1, 1)
        assert pool.run("good", lambda: 1, 1) == 1
    finally:
        over.set()


def test_threads_are_used_again(pool):
    names = {pool.run("me", lambda: threading.current_thread().ident, 5) for _ in range(50)}
    assert len(names) <= 2


def test_many_callers_at_once_get_their_own_answers(pool):
    wrong = []

    def ask(number):
        for step in range(100):
            expected = (number, step)
            if pool.run("me", lambda expected=expected: expected, 10) != expected:
                wrong.append(expected)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
