"""What a candidate's browser records arrives: pictures, sound, the screen and browser events."""

import json
import math
import re
import struct
import wave
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect
from sqlalchemy import select

from examhall.core.contracts.services import EvidenceRef
from examhall.core.proctoring.check_in_models import CheckInPhoto
from examhall.core.proctoring.models import Chunk, Evidence
from tests.journeys.browser import launch_chromium
from tests.journeys.conftest import new_device
from tests.journeys.deployment import wait_for
from tests.journeys.hall import Hall
from tests.journeys.listening import load_listening
from tests.journeys.room import Faults, enter_room, sign_in, wait_for_room

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

PITCH = 440
WATCHED = {
    "enabled": True,
    "detectors": ["listening"],
    "screen": True,
    "screen_seconds": 1,
    "fullscreen": True,
    "face_photo": True,
    "identity_document": True,
}


@pytest.fixture(scope="module")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of the note A, at a rate that is not ours."""
    path = tmp_path_factory.mktemp("sound") / "tone.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 44100, 0, "NONE", ""))
        samples = (int(9000 * math.sin(2 * math.pi * PITCH * n / 44100)) for n in range(88200))
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return path


@pytest.fixture(scope="module")
def chromium(playwright: Playwright, chromium_path: str, tone: Path) -> Iterator[Browser]:
    """A Chromium that hears the tone."""
    with launch_chromium(playwright, chromium_path, sound=tone) as browser:
        yield browser


@pytest.fixture
def device(chromium: Browser) -> Iterator[BrowserContext]:
    yield from new_device(chromium)


@pytest.fixture
def room(hall: Hall, device: BrowserContext, faults: Faults) -> Page:
    """The exam room of a candidate of whom everything is recorded."""
    load_listening(hall.platform)
    hall.open_exam(proctoring=WATCHED)
    page = sign_in(device, hall.url, "candidate", hall.password)
    faults.watch(page)
    enter_room(page, watched=True)
    return page


class Recorded:
    """What the server has stored."""

    def __init__(self, hall: Hall) -> None:
        self.hall = hall

    def chunks(self, stream: str) -> list[Chunk]:
        with self.hall.platform.db.reading() as session:
            wanted = select(Chunk).where(Chunk.stream == stream).order_by(Chunk.sequence)
            return list(session.scalars(wanted))

    def samples(self, stream: str) -> list[tuple[datetime, bytes]]:
        """Return when each sample was captured, and its bytes."""
        chunks = self.chunks(stream)
        with self.hall.platform.db.reading() as session:
            rows = {row.sha256: row for row in session.scalars(select(Evidence))}
        store = self.hall.platform.plugins.evidence_store("folder")
        return [
            (datetime.fromisoformat(sample["at"]), store.get(_ref(rows[sample["sha256"]])))
            for chunk in chunks
            for sample in chunk.samples
        ]

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        events = [json.loads(data) for _, data in self.samples("browser")]
        return [event for event in events if kind in ("", event["type"])]


def _ref(row: Evidence) -> EvidenceRef:
    return EvidenceRef(row.sha256, row.size, row.store_key)


@pytest.fixture
def recorded(hall: Hall) -> Recorded:
    return Recorded(hall)


def find_pitch(pcm: bytes) -> float:
    """Return the pitch of a tone of 16 kHz PCM in Hz: by the median time between rises through 0.

    A busy machine's fake microphone has gaps, which the median does not see.
    """
    samples = struct.unpack(f"<{len(pcm) // 2}h", pcm)
    rises = [
        n - 1 + before / (before - after)
        for n, (before, after) in enumerate(pairwise(samples), start=1)
        if before < 0 <= after
    ]
    period: float = median(after - before for before, after in pairwise(rises))
    return 16000 / period


def wait_until(there: Callable[[], Any]) -> Any:
    return wait_for(there, 30)


def test_sound_arrives_as_pcm_of_16_khz(room: Page, recorded: Recorded) -> None:
    expect(room.locator('#room[data-microphone="on"]')).to_be_attached()
    wait_until(lambda: len(recorded.chunks("microphone")) >= 3)
    chunks, samples = recorded.chunks("microphone"), recorded.samples("microphone")
    for chunk, (at, pcm) in zip(chunks, samples, strict=True):
        seconds = len(pcm) / 32000
        assert 1 <= seconds <= 5
        assert chunk.started_at == at
        assert abs((chunk.ended_at - at).total_seconds() - seconds) < 0.01
    _, pcm = samples[1]
    assert abs(find_pitch(pcm) - PITCH) < 2
    assert max(abs(value) for (value,) in struct.iter_unpack("<h", pcm)) > 1000
    expect(room.locator("#sig-microphone")).to_have_text("On")


def test_photos_arrive_and_the_screen_is_shared_and_filled(
    room: Page, hall: Hall, recorded: Recorded
) -> None:
    with hall.platform.db.reading() as session:
        kinds = session.scalars(select(CheckInPhoto.kind).order_by(CheckInPhoto.at)).all()
    assert kinds == ["face", "document"]
    expect(room.locator("#ask-screen")).to_be_visible()
    room.get_by_role("button", name="Share my screen").click()
    expect(room.locator('#room[data-screen="on"]')).to_be_attached()
    expect(room.locator("#ask-screen")).to_be_hidden()
    wait_until(lambda: len(recorded.chunks("screen")) >= 2)
    assert all(data.startswith(b"\xff\xd8") for _, data in recorded.samples("screen"))
    room.get_by_role("button", name="Fill the screen").click()
    expect(room.locator("#ask-fullscreen")).to_be_hidden()
    wait_until(lambda: recorded.events("fullscreen.entered"))
    room.evaluate("document.exitFullscreen()")
    expect(room.locator("#ask-fullscreen")).to_contain_text("Your answers are safe")
    wait_until(lambda: recorded.events("fullscreen.left"))
    wait_until(lambda: recorded.events("screen.back"))


def test_what_the_page_notices_arrives(room: Page, recorded: Recorded) -> None:
    room.evaluate("location.hash = '#q1'")
    room.keyboard.press("Control+Shift+P")
    room.keyboard.press("F12")
    room.keyboard.press("q")
    room.evaluate("""() => {
        const text = new DataTransfer();
        text.setData('text/plain', 'secret');
        document.body.dispatchEvent(new ClipboardEvent('copy', {bubbles: true}));
        document.body.dispatchEvent(
            new ClipboardEvent('paste', {bubbles: true, clipboardData: text}));
        document.body.dispatchEvent(new MouseEvent('contextmenu', {bubbles: true}));
        dispatchEvent(new Event('beforeprint'));
        Object.defineProperty(document, 'hidden', {value: true, configurable: true});
        document.dispatchEvent(new Event('visibilitychange'));
    }""")
    wait_until(lambda: [event for event in recorded.events("state") if event["hidden"]])
    events = recorded.events()
    assert {"type": "paste", "length": 6} in events
    assert "secret" not in json.dumps(events)
    combos = [event["combo"] for event in events if event["type"] == "key"]
    assert combos == ["Ctrl+Shift+P", "F12"]
    kinds = {event["type"] for event in events}
    assert {"copy", "context_menu", "print", "tab.hidden", "screen.lost"} <= kinds
    state = recorded.events("state")[-1]
    assert (state["camera"], state["microphone"], state["screen"]) == ("on", "on", "off")
    assert state["online"] is True


def test_a_lost_network_and_a_reload_lose_nothing(
    room: Page, recorded: Recorded, device: BrowserContext, faults: Faults
) -> None:
    faults.allow("ERR_INTERNET_DISCONNECTED")
    wait_until(lambda: recorded.chunks("microphone") and recorded.chunks("camera"))
    room.get_by_role("button", name="Share my screen").click()
    expect(room.locator('#room[data-screen="on"]')).to_be_attached()
    device.set_offline(True)
    many = re.compile("([2-9].|1[5-9]) waiting")
    expect(room.locator("#sig-sent")).to_have_text(many, timeout=30_000)
    expect(room.locator("[data-watch-line]").first).to_contain_text("not held against you")
    device.set_offline(False)
    room.reload()
    wait_for_room(room)
    expect(room.locator("#sig-sent")).to_have_text("Stored", timeout=30_000)
    expect(room.locator('#room[data-chunks="0"]')).to_be_attached(timeout=30_000)
    expect(room.locator("#sig-microphone")).to_have_text("On")
    for stream in ("camera", "microphone", "browser"):
        numbers = [chunk.sequence for chunk in recorded.chunks(stream)]
        assert numbers == list(range(len(numbers)))
    kinds = [event["type"] for event in recorded.events()]
    assert kinds.index("network.lost") < kinds.index("network.back")
    # No gap in the sound while the network was away: the page recorded on.
    before_reload = recorded.chunks("microphone")[:-4]
    gaps = [later.started_at - chunk.ended_at for chunk, later in pairwise(before_reload)]
    assert max(gap.total_seconds() for gap in gaps) < 3


def test_pictures_get_smaller_and_rarer_step_by_step_and_better_again(
    hall: Hall, device: BrowserContext
) -> None:
    page = device.new_page()
    page.goto(f"{hall.url}/sign-in")
    levels = page.evaluate("""async () => {
        const { Thrift } = await import('/static/js/thrift.js');
        const sender = Object.assign(new EventTarget(), {
            streams: ['camera'], waiting: 0, seconds: 0.1, waitingOf() { return this.waiting; },
        });
        let time = 0;
        const thrift = new Thrift(sender, 1, () => time);
        const after = (seconds, values) => {
            time += seconds * 1000;
            Object.assign(sender, values).dispatchEvent(new Event('change'));
            return [thrift.level, thrift.scale, thrift.nth];
        };
        return [
            after(4, { waiting: 3 }),
            after(4, { waiting: 200 }),
            after(1, {}),
            after(4, {}), after(4, {}), after(4, {}), after(4, {}), after(4, {}),
            after(10, { waiting: 0 }),
            after(6, {}),
            after(1, { seconds: 0.9 }),
            after(4, {}),
        ];
    }""")
    assert [level for level, _, _ in levels] == [0, 1, 1, 2, 3, 4, 5, 5, 5, 4, 4, 5]
    assert (levels[0][1:], levels[7][1:]) == ([1, 1], [0.5, 4])


def test_only_combinations_of_keys_have_names(hall: Hall, device: BrowserContext) -> None:
    page = device.new_page()
    page.goto(f"{hall.url}/sign-in")
    names = page.evaluate("""async () => {
        const { nameCombo } = await import('/static/js/browser_events.js');
        return [
            { key: 'q' }, { key: 'A', shiftKey: true }, { key: 'c', ctrlKey: true },
            { key: 'ArrowLeft', ctrlKey: true, shiftKey: true }, { key: 'Control', ctrlKey: true },
            { key: '@', ctrlKey: true, altKey: true, modifierAltGraph: true },
            { key: 'é', altKey: true }, { key: 'p', metaKey: true }, { key: 'PrintScreen' },
            { key: 'i', ctrlKey: true, shiftKey: true }, { key: 'ArrowLeft', altKey: true },
        ].map((keys) => nameCombo(new KeyboardEvent('keydown', keys)));
    }""")
    assert names[:7] == [None] * 7
    assert names[7:] == ["Meta+P", "PrintScreen", "Ctrl+Shift+I", "Alt+ArrowLeft"]
