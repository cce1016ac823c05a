"""What happens to the exam page: left, covered, copied from, printed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from marshmallow import Schema, fields, validate

from examhall.detectors.findings import finding_about
from examhall.detectors.page_events import Condition, PageEvent, is_late, lasting, read_event
from examhall.plugins import Detector, Finding, Sample, Stream, hookimpl

HIDDEN = "browser.hidden"
UNFOCUSED = "browser.unfocused"
FULLSCREEN = "browser.fullscreen"
CLIPBOARD = "browser.clipboard"
PRINT = "browser.print"
KEYS = "browser.keys"
DISPLAY = "browser.display"
DEVTOOLS = "browser.devtools"
MENU = "browser.context_menu"

TITLES: Mapping[str, str] = {
    HIDDEN: "Exam page hidden",
    UNFOCUSED: "Another window in front",
    FULLSCREEN: "Full screen left",
    CLIPBOARD: "Copy, cut or paste",
    PRINT: "Printing",
    KEYS: "Key combination",
    DISPLAY: "More than one display",
    DEVTOOLS: "Developer tools, perhaps",
    MENU: "Context menu",
}
WORDS: Mapping[str, str] = {
    HIDDEN: "The exam page was hidden",
    UNFOCUSED: "The exam page did not have the focus",
    FULLSCREEN: "Full screen was left",
    DISPLAY: "More than one display was connected",
    DEVTOOLS: "Developer tools may have been open",
}
"""How a finding about something that lasts begins."""

CHANGES: Mapping[str, tuple[str, bool]] = {
    "tab.hidden": (HIDDEN, True),
    "tab.visible": (HIDDEN, False),
    "focus.lost": (UNFOCUSED, True),
    "focus.back": (UNFOCUSED, False),
    "fullscreen.left": (FULLSCREEN, True),
    "fullscreen.entered": (FULLSCREEN, False),
}
ACTIONS: Mapping[str, tuple[str, str]] = {
    "copy": (CLIPBOARD, "Something was copied from the exam page."),
    "cut": (CLIPBOARD, "Something was cut out of the exam page."),
    "print": (PRINT, "The exam page was to be printed."),
    "context_menu": (MENU, "The context menu was opened."),
}
PRINTING = frozenset({"ctrl+p", "meta+p"})
USUAL_KEYS = (
    "PrintScreen F12 Ctrl+S Ctrl+U Ctrl+Shift+I Ctrl+Shift+J Ctrl+Shift+C Meta+S Meta+Alt+I "
    "Meta+Shift+3 Meta+Shift+4 Meta+Shift+5 Meta+Shift+S"
)
SAME_KEYS: Mapping[str, str] = {
    "control": "ctrl",
    "strg": "ctrl",
    "cmd": "meta",
    "command": "meta",
    "win": "meta",
    "super": "meta",
    "option": "alt",
    "prtsc": "printscreen",
    "print": "printscreen",
}
GUESS = 0.5
SELDOM = timedelta(seconds=15)
"""How often something is told again that may last for the whole exam."""


def _seconds(label: str, least: float) -> fields.Float:
    return fields.Float(
        load_default=least,
        validate=validate.Range(0, 600),
        metadata={"label": label, "help": "Seconds; shorter ones are left alone."},
    )


class BrowserConfiguration(Schema):
    """What counts, and how long something has to last."""

    hidden_seconds = _seconds("Shortest absence from the exam page", 1.0)
    unfocused_seconds = _seconds("Shortest time without the focus", 2.0)
    fullscreen_seconds = _seconds("Shortest time out of full screen", 2.0)
    events = fields.List(
        fields.String(validate=validate.OneOf(sorted(TITLES), [TITLES[k] for k in sorted(TITLES)])),
        load_default=lambda: sorted(TITLES),
        metadata={"label": "What counts"},
    )
    keys = fields.String(
        load_default=USUAL_KEYS,
        validate=validate.Length(max=1000),
        metadata={
            "label": "Key combinations that count",
            "help": "Such as Ctrl+S or F12, with spaces between them. Typed text is never sent.",
        },
    )
    paste_length = fields.Integer(
        load_default=1,
        validate=validate.Range(0, 100_000),
        metadata={
            "label": "Shortest paste",
            "help": "Characters; the text itself is never sent. Shorter pastes are left alone.",
        },
    )


@dataclass(slots=True)
class _Page:
    """What is known of one candidate's exam page."""

    latest: datetime | None = None
    has_focus: bool = True
    displays: int = 2
    told: dict[str, datetime] = field(default_factory=dict)
    conditions: dict[str, Condition] = field(
        default_factory=lambda: {kind: Condition() for kind in WORDS}
    )


class BrowserDetector(Detector):
    """Reads the events that the exam page sends about itself.

    A page can only tell of its own window: what was looked at elsewhere nobody knows.
    """

    key = "browser"
    version = "1.0.0"
    title = "Exam page"
    summary = (
        "Notes when the exam page is left or hidden, copying and pasting, printing, key "
        "combinations and further displays. What is typed or done elsewhere is not seen."
    )
    streams = frozenset({Stream.BROWSER})
    cadence = 0.0
    consent_class = "browser"
    finding_kinds = TITLES

    def config_schema(self) -> type[Schema]:
        return BrowserConfiguration

    def open(self) -> Any:
        return _Page()

    def analyze(self, state: Any, batch: Sequence[Sample]) -> list[Finding]:
        wanted = set(self.config.get("events", TITLES))
        return [
            finding
            for sample in batch
            for finding in self._read(state, sample)
            if finding.kind in wanted
        ]

    def _read(self, page: _Page, sample: Sample) -> Iterator[Finding]:
        event = read_event(sample)
        if event is None:
            return
        yield from self._actions(event, sample)
        # How things are now is not told by what comes in late.
        if not is_late(sample.at, page.latest):
            page.latest = max(sample.at, page.latest or sample.at)
            yield from self._conditions(page, event, sample)

    def _actions(self, event: PageEvent, sample: Sample) -> Iterator[Finding]:
        if event.type in ACTIONS:
            yield finding_about(sample, *ACTIONS[event.type])
        elif event.type == "paste":
            length = event.number("length")
            if length is None:
                yield finding_about(sample, CLIPBOARD, "Something was pasted.")
            elif length >= self.config.get("paste_length", 1):
                yield finding_about(sample, CLIPBOARD, f"{length} characters were pasted.")
        elif event.type == "key":
            yield from self._keys(event, sample)

    def _keys(self, event: PageEvent, sample: Sample) -> Iterator[Finding]:
        pressed = _normal(event.word("combo"))
        if pressed in PRINTING:
            yield finding_about(sample, PRINT, "The keys for printing were pressed.")
            return
        for combination in self.config.get("keys", USUAL_KEYS).replace(",", " ").split():
            if _normal(combination) == pressed:
                yield finding_about(sample, KEYS, f"{combination} was pressed.")
                return

    def _conditions(self, page: _Page, event: PageEvent, sample: Sample) -> Iterator[Finding]:
        said = _what_is_said(event)
        page.displays = event.number("count") or event.number("displays") or page.displays
        page.has_focus = not said.get(UNFOCUSED, not page.has_focus)
        for kind in (HIDDEN, UNFOCUSED, FULLSCREEN, DISPLAY, DEVTOOLS):
            is_so = said.get(kind)
            if kind == UNFOCUSED:
                # Who is at another tab has the focus there: that is one thing, not two.
                is_so = not page.has_focus and page.conditions[HIDDEN].since is None
            elif kind == DEVTOOLS and is_so is None:
                is_so = page.conditions[DEVTOOLS].since is not None
            if is_so is not None:
                yield from self._follow(page, kind, is_so, event, sample)

    def _follow(
        self, page: _Page, kind: str, is_so: bool, event: PageEvent, sample: Sample
    ) -> list[Finding]:
        condition = page.conditions[kind]
        if is_so:
            is_known = condition.since is not None
            span: tuple[datetime, datetime] | None = condition.hold(sample.at)
            if is_known and self._was_just_told(page, kind, sample.at):
                return []
            page.told[kind] = sample.at
        else:
            span = condition.end(sample.at, exact=not event.is_state)
        return lasting(
            kind,
            WORDS[kind],
            span,
            self._least(kind),
            sample,
            detail=_detail(kind, page),
            confidence=GUESS if kind == DEVTOOLS else 1.0,
        )

    def _was_just_told(self, page: _Page, kind: str, at: datetime) -> bool:
        return kind in {DISPLAY, DEVTOOLS} and at - page.told.get(kind, at - SELDOM) < SELDOM

    def _least(self, kind: str) -> float:
        usual = {HIDDEN: 1.0, UNFOCUSED: 2.0, FULLSCREEN: 2.0}
        name = f"{kind.partition('.')[2]}_seconds"
        return float(self.config.get(name, usual.get(kind, 0.0)))


def _what_is_said(event: PageEvent) -> dict[str, bool]:
    """Return which conditions an event tells about, and whether they hold."""
    if event.type in CHANGES:
        kind, is_so = CHANGES[event.type]
        return {kind: is_so}
    said: dict[str, bool | None] = {}
    if event.is_state:
        displays, focused = event.number("displays"), event.flag("focused")
        fullscreen = event.flag("fullscreen")
        said = {
            HIDDEN: event.flag("hidden"),
            UNFOCUSED: None if focused is None else not focused,
            FULLSCREEN: None if fullscreen is None else not fullscreen,
            DISPLAY: None if displays is None else displays > 1,
        }
    elif event.type == "displays":
        count = event.number("count")
        said = {DISPLAY: None if count is None else count > 1}
    elif event.type == "devtools":
        said = {DEVTOOLS: event.flag("open")}
    return {kind: is_so for kind, is_so in said.items() if is_so is not None}


def _detail(kind: str, page: _Page) -> str:
    if kind == DISPLAY:
        return f"The browser tells of {page.displays}."
    if kind == DEVTOOLS:
        return "That is a guess from the sizes of the window; other side bars look alike."
    return ""


def _normal(combination: str) -> str:
    """Return a combination in one spelling: small letters, modifiers in order."""
    parts = [part.strip() for part in combination.casefold().split("+") if part.strip()]
    parts = [SAME_KEYS.get(part, part) for part in parts]
    return "+".join([*sorted(parts[:-1]), *parts[-1:]])


@hookimpl
def examhall_detectors() -> list[Detector]:
    """Offer the detector of the exam page."""
    return [BrowserDetector()]
