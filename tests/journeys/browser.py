"""Chromium as the journeys use it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Playwright

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # Without these three Chromium looks for its maker's servers at every start.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def launch_chromium(
    playwright: Playwright,
    program: str | Path,
    film: Path | None = None,
    sound: Path | None = None,
) -> Iterator[Browser]:
    """Run a Chromium that allows camera, microphone and sharing the whole screen.

    With `film` (y4m) the camera shows it, with `sound` (WAV) the microphone hears it.
    """
    devices = [
        "--use-fake-device-for-media-stream=display-media-type=monitor",
        "--use-fake-ui-for-media-stream",
    ]
    if film is not None:
        devices.append(f"--use-file-for-fake-video-capture={film}")
    if sound is not None:
        devices.append(f"--use-file-for-fake-audio-capture={sound}")
    browser = playwright.chromium.launch(executable_path=str(program), args=[*QUIET, *devices])
    try:
        yield browser
    finally:
        browser.close()
