"""What the hooks about an attempt's life carry."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of state that is about to happen."""

    attempt_id: str
    exam_id: str
    user_id: str
    source: str
    target: str
    actor: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Veto:
    """An objection to a transition; the reason is shown to whoever asked for it."""

    reason: str
