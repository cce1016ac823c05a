"""A Chromium whose tabs hide one another, as a person's do.

Playwright keeps all its pages visible and focused. Here the DevTools protocol is spoken with the
browser itself, through a pipe: messages are JSON, each ended by a NUL byte.
https://chromedevtools.github.io/devtools-protocol/
"""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.journeys.browser import QUIET

PATIENCE = 20.0


class Tab:
    """One tab; scripts run in its page."""

    def __init__(self, browser: "TabbedBrowser", target: str) -> None:
        self._browser = browser
        self._target = target
        self._session = browser.call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]

    def show(self) -> None:
        """Put this tab before the others of its window."""
        self._browser.call("Target.activateTarget", targetId=self._target)

    def read(self, script: str) -> Any:
        """Return what an expression is; None where it raised, such as in a page on its way out."""
        answer = self._browser.call(
            "Runtime.evaluate", self._session, expression=script, returnByValue=True
        )
        return answer["result"].get("value")

    def wait_for(self, script: str) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + PATIENCE
        while self.read(f"Boolean({script})") is not True:
            assert time.monotonic() < end, f"never came: {script}"
            time.sleep(0.05)

    def press(self, name: str) -> None:
        """Press the visible button of this name."""
        found = f"""[...document.querySelectorAll("button:enabled")].find((one) =>
            one.textContent.trim() === {json.dumps(name)} && one.checkVisibility())"""
        self.wait_for(found)
        self.read(f"{found}.click()")


class TabbedBrowser:
    """A running browser, and its end of the two pipes."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands = commands
        self._answers = answers
        self._number = 0
        self._rest = b""

    def open(self, url: str) -> Tab:
        """Open a page in a new tab before all others."""
        return Tab(self, self.call("Target.createTarget", url=url)["targetId"])

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol, and return its answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            pass
        assert "error" not in answer, answer["error"]
        result: dict[str, Any] = answer["result"]
        return result

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            more = os.read(self._answers, 65_536)
            assert more, "the browser has ended"
            self._rest += more
        message, self._rest = self._rest.split(b"\0", 1)
        found: dict[str, Any] = json.loads(message)
        return found


@contextmanager
def open_tabs(program: str | Path, folder: Path) -> Iterator[TabbedBrowser]:
    """Run a Chromium with an empty profile in `folder`."""
    theirs_in, commands = os.pipe()
    answers, theirs_out = os.pipe()
    # It reads commands from descriptor 3 and writes answers to 4: the shell puts them there.
    redirect = f'exec "$0" "$@" 3<&{theirs_in} 4>&{theirs_out}'
    options = [*QUIET, "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={folder}"]
    process = subprocess.Popen(
        ["bash", "-c", redirect, str(program), *options],
        pass_fds=(theirs_in, theirs_out),
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        browser = TabbedBrowser(commands, answers)
        yield browser
        browser.call("Browser.close")
        process.wait(10)
    finally:
        process.kill()
        process.wait()
        os.close(commands)
        os.close(answers)
