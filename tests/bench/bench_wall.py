"""The wall with 40 candidates: how old its pictures are, and how busy the page is that shows them.

One `examhall serve` process, 40 candidates who each send a frame of 640 x 480 every second over
HTTP from a process of their own, and one Chromium that shows the wall at 1440 x 900: at first all
40 small at once, then large while the wall is scrolled. A picture's age counts from the moment when
the candidate's process took it until it is looked for on the wall. How busy the page is comes from
Chromium's own count of its main thread's tasks, the longest task from its trace.

A proctor's computer is not the server, nor a candidate's: where they share a machine's cores, the
server and the candidates stand back behind the browser.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect, sync_playwright

from examhall.core.accounts.models import User
from examhall.core.accounts.tokens import make_access_token
from examhall.core.db import upgrade
from examhall.core.platform import Platform, open_platform
from examhall.core.settings import load_settings
from tests.crowd import WATCHED, describe_crowd, gather
from tests.exam_house import House
from tests.journeys.browser import launch_chromium
from tests.journeys.room import sign_in
from tests.services.serve import ServeProcess
from tests.web.people import PASSWORD, People

pytestmark = pytest.mark.timeout(600)

ROOT = Path(__file__).parents[2]
CANDIDATES = int(os.environ.get("EXAMHALL_BENCH_CANDIDATES", "40"))
SECONDS = float(os.environ.get("EXAMHALL_BENCH_SECONDS", "20"))
WARM = 4.0
LOOK_EVERY = 0.25
KEY = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="
TRACED = ["-*", "disabled-by-default-devtools.timeline"]
"""Tasks and nothing else: with all that is traced otherwise, the trace takes most of a core."""

STANDING_BACK = 10
"""The niceness of what runs on other machines in life."""

SHOWN = """() => [...document.querySelectorAll('.tile')].map(
    (tile) => [tile.dataset.session, tile.dataset.frame ?? ''])"""


@dataclass
class Phase:
    """What was seen of the page for a while.

    `busy` is the share of time in which a task of the main thread was begun and not ended, `worked`
    the share in which it had a core: on a machine with other work they differ.
    """

    name: str
    busy: float = 0.0
    worked: float = 0.0
    longest: float = 0.0
    long_tasks: int = 0
    looks: list[tuple[float, dict[str, str]]] = field(default_factory=list)

    def ages(self, taken: dict[str, float]) -> list[float]:
        """Return the age of each tile's picture at each look, in seconds."""
        return sorted(
            at - taken[sha256]
            for at, shown in self.looks
            for sha256 in shown.values()
            if sha256 in taken
        )


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    url = f"sqlite:///{tmp_path}/examhall.db"
    upgrade(url)
    settings = load_settings(
        {},
        data_dir=tmp_path / "data",
        database_url=url,
        secret_keys=(KEY,),
        password_memory_kib=1024,
        password_rounds=1,
    )
    platform = open_platform(settings)
    yield platform
    platform.close()


def test_wall(platform: Platform, chromium_path: str, tmp_path: Path) -> None:
    house = House(platform)
    people = People(platform)
    exam_id = house.published(settings={"proctoring": WATCHED}).exam_id
    crowd = describe_crowd(gather(house, exam_id, CANDIDATES))
    web = ServeProcess(tmp_path, settings_of(platform))
    try:
        stand_back(web.pid)
        plan = write_plan(platform, crowd, web.port, tmp_path)
        with sync_playwright() as running, launch_chromium(running, chromium_path) as browser:
            page = open_wall(browser, f"http://127.0.0.1:{web.port}", people, str(exam_id))
            process, begin = psutil.Process(web.pid), time.time()
            before = process.cpu_times()
            with sending(plan) as said:
                phases = [watch_all(browser, page), watch_scrolling(browser, page)]
                after, elapsed = process.cpu_times(), time.time() - begin
    finally:
        web.stop()
    cpu = (after.user + after.system - before.user - before.system) / elapsed
    sent = json.loads(said[0])
    report(phases, sent, cpu)
    assert all(phase.ages(sent["taken"]) for phase in phases)


def stand_back(pid: int) -> None:
    """Let a process have what others leave of the machine; its threads to come, too."""
    for thread in psutil.Process(pid).threads():
        os.setpriority(os.PRIO_PROCESS, thread.id, STANDING_BACK)


def settings_of(platform: Platform) -> dict[str, str]:
    return {
        "EXAMHALL_DATABASE_URL": platform.settings.database_url,
        "EXAMHALL_DATA_DIR": str(platform.settings.data_dir),
        "EXAMHALL_SECRET_KEYS": KEY,
    }


def write_plan(platform: Platform, crowd: list[dict[str, Any]], port: int, folder: Path) -> Path:
    with platform.db.reading() as session:
        for one in crowd:
            user = session.get_one(User, UUID(one["user_id"]))
            one["token"] = make_access_token(platform, user)
    path = folder / "plan.json"
    path.write_text(json.dumps({"port": port, "candidates": crowd}))
    return path


@contextmanager
def sending(plan: Path) -> Iterator[list[str]]:
    """Let the candidates send meanwhile; afterwards the list has what their process says."""
    said: list[str] = []
    load = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.watching", str(plan)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    stand_back(load.pid)
    try:
        yield said
    finally:
        out, errors = load.communicate(timeout=180)
    assert load.returncode == 0, errors
    said.append(out)


def open_wall(browser: Browser, url: str, people: People, exam_id: str) -> Page:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(60_000)
    page = sign_in(context, url, people.users["proctor"].login, PASSWORD)
    page.goto(f"{url}/proctor/{exam_id}")
    page.locator("#wall[data-ready]").wait_for()
    return page


def watch_all(browser: Browser, page: Page) -> Phase:
    """Look at all tiles at once."""
    page.locator('[data-size-of="small"]').click()
    return observe(browser, page, Phase("all at once, small"), lambda _: None)


def watch_scrolling(browser: Browser, page: Page) -> Phase:
    """Scroll up and down over large tiles."""
    page.locator('[data-size-of="large"]').click()
    page.mouse.move(500, 500)

    def scroll(turn: int) -> None:
        page.mouse.wheel(0, 260 if turn % 16 < 8 else -260)

    return observe(browser, page, Phase("large, scrolling"), scroll)


def observe(browser: Browser, page: Page, phase: Phase, act: Any) -> Phase:
    expect(page.locator(".tile[data-frame]")).to_have_count(CANDIDATES, timeout=60_000)
    page.wait_for_timeout(WARM * 1000)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    browser.start_tracing(page=page, categories=TRACED)
    begin, worked = time.time(), main_thread(session)
    turn = 0
    while time.time() < begin + SECONDS:
        phase.looks.append((time.time(), dict(page.evaluate(SHOWN))))
        act(turn)
        turn += 1
        page.wait_for_timeout(LOOK_EVERY * 1000)
    phase.worked = (main_thread(session) - worked) / (elapsed := time.time() - begin)
    tasks = find_tasks(json.loads(browser.stop_tracing()))
    phase.busy = sum(tasks) / elapsed
    phase.longest = max(tasks, default=0.0)
    phase.long_tasks = sum(task > 0.05 for task in tasks)
    session.detach()
    return phase


def main_thread(session: CDPSession) -> float:
    """Return the seconds of a core that the page's main thread has taken so far."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float({one["name"]: one["value"] for one in metrics}["TaskDuration"])


def find_tasks(trace: dict[str, Any]) -> list[float]:
    """Return the length of each task of the page's main thread, in seconds."""
    events = trace["traceEvents"]
    pages = {
        (one["pid"], one["tid"])
        for one in events
        if one["name"] == "thread_name" and one["args"]["name"] == "CrRendererMain"
    }
    return [
        one["dur"] / 1e6
        for one in events
        if one["name"] == "RunTask" and one["ph"] == "X" and (one["pid"], one["tid"]) in pages
    ]


def report(phases: list[Phase], sent: dict[str, Any], cpu: float) -> None:
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"\n{CANDIDATES} candidates, {len(sent['taken'])} frames; load average {load}")
    print(
        f"chunk acknowledged: p50 {sent['latency_p50'] * 1000:.0f} ms, "
        f"max {sent['latency_max'] * 1000:.0f} ms; server {cpu:.0%} of a core"
    )
    for phase in phases:
        ages = phase.ages(sent["taken"])
        middle, high = ages[len(ages) // 2], ages[int(len(ages) * 0.99)]
        print(
            f"{phase.name}: {len(phase.looks[-1][1])} tiles, age p50 {middle:.2f} s, "
            f"p99 {high:.2f} s, max {ages[-1]:.2f} s; main thread {phase.busy:.0%} busy "
            f"({phase.worked:.0%} of a core), longest task {phase.longest * 1000:.0f} ms, "
            f"{phase.long_tasks} over 50 ms"
        )
