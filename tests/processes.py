"""Processes for tests that start at once, because all that they need is imported already.

A new Python needs seconds to import examhall. These are forked from a process that has done so:
as real as any other, with their own memory, connections, number and death.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from multiprocessing import forkserver, get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PATIENCE = 60.0


def start_process(target: Callable[..., object], *args: Any) -> BaseProcess:
    """Run a function of a module in a process of its own."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.preloaded"])
    with pytest.MonkeyPatch.context() as patch:
        # The process that the others are forked from finds what it is to import by this.
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
        forkserver.ensure_running()
    process = context.Process(target=target, args=args, daemon=True)
    process.start()
    return process


def start_until_ready(target: Callable[..., object], *args: Any) -> BaseProcess:
    """Run a function whose last argument is an event that it sets; wait until it has."""
    ready = get_context("forkserver").Event()
    process = start_process(target, *args, ready)
    assert ready.wait(PATIENCE), "the process did not become ready"
    return process


def kill(process: BaseProcess) -> None:
    """End a process without a word to it."""
    process.kill()
    process.join()
