"""How an exam treats its items while an attempt runs, and what a question says to that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from examhall.core.attempts.modes.course import Mode, Rules
from examhall.core.contracts.question_type import Hint, QuestionType, TryHelp
from examhall.core.registry.registry import Registry

CHECKED = frozenset(
    {
        Mode.IMMEDIATE,
        Mode.INTERACTIVE,
        Mode.ADAPTIVE,
        Mode.ADAPTIVE_FREE,
        Mode.IMMEDIATE_CERTAINTY,
    }
)
CERTAIN = frozenset({Mode.DEFERRED_CERTAINTY, Mode.IMMEDIATE_CERTAINTY})
THIRD = Decimal("0.3333333")
"""The penalty of a question that does not say another one."""


@dataclass(frozen=True, slots=True)
class Treatment:
    """An exam's feedback mode; `tries` and `penalty` are None where the questions decide."""

    mode: Mode = Mode.DEFERRED
    tries: int | None = None
    penalty: Decimal | None = None

    @classmethod
    def of(cls, scoring: Mapping[str, Any]) -> Treatment:
        """Read the scoring settings of an exam version."""
        penalty = scoring.get("try_penalty")
        return cls(
            Mode(scoring.get("feedback_mode", Mode.DEFERRED)),
            scoring.get("tries"),
            None if penalty is None else Decimal(penalty),
        )

    @property
    def has_checks(self) -> bool:
        """Whether candidates can check their answers while the attempt runs."""
        return self.mode in CHECKED

    @property
    def asks_certainty(self) -> bool:
        """Whether candidates say how sure they are."""
        return self.mode in CERTAIN


@dataclass(frozen=True, slots=True)
class ItemRules:
    """What goes for one item; after the n-th failed try comes the n-th hint."""

    rules: Rules
    hints: tuple[Hint, ...]

    def hint_after(self, failed: int) -> Hint | None:
        """Return the hint that a failed try gives, None where there is none (left)."""
        return self.hints[failed - 1] if 0 < failed <= len(self.hints) else None


def find_rules(
    registry: Registry, plugin: QuestionType, treatment: Treatment, content: Mapping[str, Any]
) -> ItemRules:
    """Return the rules of an item; raises PluginError."""
    help_: TryHelp = registry.call(plugin, "help_for_tries", content, expect=TryHelp)
    penalty = treatment.penalty
    if penalty is None:
        penalty = THIRD if help_.penalty is None else help_.penalty
    rules = Rules(
        mode=treatment.mode,
        tries=treatment.tries or len(help_.hints) + 1,
        penalty=penalty,
        counts_parts=plugin.parts_fail_alone,
    )
    return ItemRules(rules, help_.hints)
