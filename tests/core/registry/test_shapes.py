"""What comes back is what the contract says, all the way down."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from examhall.core.registry.shapes import find_fault
from examhall.plugins import (
    Allow,
    Deny,
    Finding,
    FrameEvidence,
    Health,
    HealthStatus,
    PartScore,
    Score,
    ScoreState,
    Variant,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SCORE = Score(Decimal(1), ScoreState.RIGHT, (PartScore("a", Decimal(1)),))

GOOD = [
    (1, int),
    (1, float),
    ([], list),
    (None, (Deny, None)),
    (Allow(), (Allow, Deny)),
    (SCORE, Score),
    ([Finding("face.missing", NOW, NOW, 0.5, "x", (FrameEvidence("a", NOW),))], list[Finding]),
    (Variant({"a": [1, {"b": None}]}), Variant),
    ({"a": 1}, dict[str, int]),
    ("text", str),
]


@pytest.mark.parametrize(("value", "expected"), GOOD)
def test_good_values_pass(value, expected):
    assert find_fault(value, expected) is None


BAD = [
    (True, int, "bool instead of int"),
    (None, Score, "nothing instead of Score"),
    ({"fraction": 1}, Score, "dict instead of Score"),
    (Score, Score, "the class Score instead of Score"),
    (Score("1", ScoreState.RIGHT), Score, "Score.fraction: str instead of Decimal"),
    (Score(Decimal("NaN"), ScoreState.RIGHT), Score, "Score.fraction: NaN is no number"),
    (Score(Decimal(1), "right"), Score, "Score.state: str instead of ScoreState"),
    (Score(Decimal(1), ScoreState.RIGHT, (1,)), Score, "Score.parts: [0]: int instead of"),
    (Score(Decimal(1), ScoreState.RIGHT, (), "\0"), Score, "NUL"),
    (Score(Decimal(1), ScoreState.RIGHT, (), "\ud800"), Score, "surrogate"),
    (Variant({"a": object()}), Variant, "Variant.public: no JSON object"),
    (Variant({"a": float("nan")}), Variant, "no JSON object"),
    (Variant({"a": "\0"}), Variant, "NUL"),
    (Variant([]), Variant, "list instead of a mapping"),
    (Health("fine"), Health, "Health.status: str instead of HealthStatus"),
    (Health(HealthStatus.OK, None), Health, "Health.message: nothing instead of str"),
    ("abc", list[str], "str instead of list"),
    ([1], list[str], "[0]: int instead of str"),
    ([Finding("a", NOW, NOW, 1.5, "x")], list[Finding], "confidence 1.5"),
    ([Finding("a", NOW.replace(tzinfo=None), NOW, 1, "x")], list[Finding], "time zone"),
    ([Finding("", NOW, NOW, 1, "x")], list[Finding], "dotted"),
    (
        [Finding("a", NOW, datetime(2025, 1, 1, tzinfo=UTC), 1, "x")],
        list[Finding],
        "ends before it starts",
    ),
]


@pytest.mark.parametrize(("value", "expected", "fault"), BAD)
def test_bad_values_are_told_in_words(value, expected, fault):
    assert fault in find_fault(value, expected)


def test_a_loop_in_json_is_no_endless_loop():
    loop = {}
    loop["self"] = loop
    assert "no JSON object" in find_fault(Variant(loop), Variant)
