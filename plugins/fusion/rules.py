"""The temporal rules: from which findings an incident is made, and how much it weighs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any

from examhall.plugins import Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """A window of `window` seconds is hot when at least `least` samples and `share` of all hit.

    Where samples come so slowly that the window holds too few of them, it is widened to as many as
    `least` and `share` ask for, unless it is `fixed`: a long piece of sound has as many findings as
    the short ones that it replaces, and words far apart are no speech. Hot windows closer than
    `merge_gap` seconds are one incident, which must last for `min_length` seconds. `weight` is what
    it takes from the integrity score.

    Where findings stand `alone`, each is about an event or a span of time of which the detector is
    sure by itself: one is enough, and those closer than `merge_gap` are one incident. Findings
    about single frames never do.
    """

    text: str
    severity: Severity
    window: float = 3.0
    share: float = 0.6
    least: int = 3
    min_length: float = 0.0
    merge_gap: float = 4.0
    weight: Decimal = Decimal(3)
    enabled: bool = True
    alone: bool = False
    fixed: bool = False


def _event(text: str, severity: Severity, weight: str, merge_gap: float = 10.0) -> Rule:
    """Return the rule for what a detector knows for certain: an event, or how long it lasted."""
    return Rule(text, severity, merge_gap=merge_gap, weight=Decimal(weight), alone=True)


def _fault(text: str) -> Rule:
    """Return the rule for something out of order: it is shown, and weighs nothing."""
    return _event(text, Severity.TECHNICAL, "0")


def _thing(text: str) -> Rule:
    """Return the rule for a thing that small models see now and then."""
    return Rule(
        text,
        Severity.MEDIUM,
        window=3.0,
        share=0.5,
        least=3,
        merge_gap=10.0,
        weight=Decimal(5),
    )


RULES: Mapping[str, Rule] = {
    "face.missing": Rule(
        "No face was in view",
        Severity.MEDIUM,
        window=3.0,
        share=0.8,
        least=4,
        min_length=1.5,
        merge_gap=4.0,
        weight=Decimal(5),
    ),
    "person.second": Rule(
        "More than one person was in view",
        Severity.HIGH,
        window=2.5,
        share=0.6,
        least=3,
        min_length=0.8,
        merge_gap=5.0,
        weight=Decimal(15),
    ),
    "object.phone": Rule(
        "A phone may have been in view",
        Severity.HIGH,
        window=3.0,
        share=0.4,
        least=2,
        merge_gap=10.0,
        weight=Decimal(12),
    ),
    "gaze.away": Rule(
        "Eyes or head were turned away",
        Severity.LOW,
        window=2.0,
        share=0.8,
        least=3,
        min_length=1.0,
        merge_gap=3.0,
        weight=Decimal(2),
    ),
    "identity.changed": Rule(
        "The face was unlike the one at first",
        Severity.HIGH,
        window=60.0,
        share=0.2,
        least=3,
        merge_gap=60.0,
        weight=Decimal(20),
    ),
    "audio.speech": Rule(
        "Somebody spoke",
        Severity.MEDIUM,
        window=4.0,
        share=0.6,
        least=3,
        merge_gap=5.0,
        weight=Decimal(6),
        fixed=True,
    ),
    "face.covered": Rule(
        "Part of the face was not in view",
        Severity.LOW,
        window=4.0,
        share=0.8,
        least=5,
        min_length=2.5,
        merge_gap=6.0,
        weight=Decimal(2),
    ),
    "face.away": Rule(
        "The head was turned far to a side",
        Severity.LOW,
        window=3.0,
        share=0.8,
        least=4,
        min_length=1.5,
        merge_gap=4.0,
        weight=Decimal(2),
    ),
    "audio.voices": Rule(
        "More than one voice may have been heard",
        Severity.HIGH,
        window=15.0,
        share=0.1,
        least=2,
        merge_gap=20.0,
        weight=Decimal(8),
    ),
    "object.book": _thing("A book may have been in view"),
    "object.laptop": _thing("A second computer may have been in view"),
    "object.screen": _thing("A second screen may have been in view"),
    "room.person": Rule(
        "More than one person was in the room",
        Severity.HIGH,
        window=5.0,
        share=0.6,
        least=3,
        min_length=1.0,
        merge_gap=8.0,
        weight=Decimal(15),
    ),
    "room.phone": Rule(
        "A phone may have been in the room",
        Severity.HIGH,
        window=5.0,
        share=0.4,
        least=2,
        merge_gap=15.0,
        weight=Decimal(12),
    ),
    "room.empty": Rule(
        "Nobody could be seen at the desk",
        Severity.MEDIUM,
        window=5.0,
        share=0.8,
        least=4,
        min_length=2.5,
        merge_gap=8.0,
        weight=Decimal(5),
    ),
    "browser.hidden": _event("The exam page was hidden", Severity.MEDIUM, "4"),
    "browser.unfocused": _event("The exam page did not have the focus", Severity.LOW, "2"),
    "browser.fullscreen": _event("Full screen was left", Severity.LOW, "2"),
    "browser.clipboard": _event("Copy, cut or paste was used", Severity.LOW, "2", 30.0),
    "browser.print": _event("Printing was asked for", Severity.MEDIUM, "4"),
    "browser.keys": _event("A key combination was used", Severity.LOW, "1", 30.0),
    "browser.display": _event("More than one display was connected", Severity.MEDIUM, "4", 20.0),
    "browser.devtools": _event("Developer tools may have been open", Severity.MEDIUM, "4", 20.0),
    "browser.context_menu": _event("The context menu was opened", Severity.LOW, "0.5", 30.0),
    "technical.camera_off": _fault("The camera gave no picture"),
    "technical.dark": _fault("The picture was dark"),
    "technical.static": _fault("The picture did not change at all"),
    "technical.microphone_off": _fault("The microphone was not to be had"),
    "technical.silent": _fault("The microphone gave perfect silence"),
    "technical.network": _fault("The device was offline"),
    "technical.screen_off": _fault("The screen was not shared"),
    "technical.room_off": _fault("No picture of the room camera came"),
}
"""The rules for the kinds that the bundled detectors find."""

OTHER = Rule("Something was noticed", Severity.LOW)
"""The rule for every other kind, so that a new detector works without a word here."""

TECHNICAL = Rule("A technical fault", Severity.TECHNICAL, weight=Decimal(0))
"""The rule for the kinds `technical.*`: shown, but never held against anybody."""

_BOUNDS: Mapping[str, tuple[float, float]] = {
    "window": (0.5, 600),
    "share": (0.05, 1),
    "least": (2, 1000),
    "min_length": (0, 600),
    "merge_gap": (0, 600),
    "weight": (0, 100),
}


def find_rule(kind: str, policy: Mapping[str, Any]) -> Rule:
    """Return the rule for a kind, with what the exam's settings change in it.

    `policy["rules"][kind]` may set any of a rule's numbers, `severity` and `enabled`; a value that
    cannot be used leaves the rule's own. What is technical weighs nothing, and the kinds
    `technical.*` stay so, whatever the settings say.
    """
    base = RULES.get(kind) or (TECHNICAL if kind.startswith("technical.") else OTHER)
    rules = policy.get("rules")
    changes = rules.get(kind) if isinstance(rules, Mapping) else None
    if not isinstance(changes, Mapping):
        return base
    names = {field.name for field in fields(Rule)} - {"alone", "fixed"}
    usable = {name: _usable(name, value) for name, value in changes.items() if name in names}
    rule = replace(base, **{name: value for name, value in usable.items() if value is not None})
    if kind.startswith("technical.") or rule.severity is Severity.TECHNICAL:
        return replace(rule, severity=Severity.TECHNICAL, weight=Decimal(0))
    return rule


def _usable(name: str, value: Any) -> Any:
    if name == "enabled":
        return value if isinstance(value, bool) else None
    if name == "severity":
        return Severity(value) if value in list(Severity) else None
    if name == "text":
        return value if isinstance(value, str) and 0 < len(value) <= 200 else None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    return _number(name, value)


def _number(name: str, value: float | str) -> Any:
    try:
        number = float(value)
    except ValueError:
        return None
    low, high = _BOUNDS[name]
    if not low <= number <= high:
        return None
    if name == "weight":
        return Decimal(str(value))
    return int(number) if name == "least" else number
