"""What the bundled question types have in common: fields of their content, reading of controls."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Collection, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from examhall.plugins import Content, FormatErrors, Raw, ScoreState, Templates

ZERO = Decimal(0)
ONE = Decimal(1)
NEARLY_ZERO = Decimal("0.000001")
NEARLY_ONE = Decimal("0.999999")
"""Fractions written with seven digits (three times 0.3333333) still make a whole."""

MAX_HTML = 50_000
SELDOM = (
    "grading",
    "wrong_share",
    "correct_feedback",
    "partial_feedback",
    "incorrect_feedback",
    "hints",
    "penalty",
)
"""Fields that come last in forms."""
COMBINED = {
    ScoreState.RIGHT: "correct_feedback",
    ScoreState.PARTIAL: "partial_feedback",
    ScoreState.WRONG: "incorrect_feedback",
}

UNSTORABLE = "The answer contains characters that cannot be stored."
UNKNOWN_FORM = "The answer has a form that this question does not know."
VERDICTS = {
    ScoreState.RIGHT: "Right",
    ScoreState.PARTIAL: "Partly right",
    ScoreState.WRONG: "Not right",
    ScoreState.UNANSWERED: "No answer",
    ScoreState.INVALID: "Could not be read",
    ScoreState.NEEDS_MANUAL: "Waits for a marker",
}
"""How a state is called on a page."""

templates = Templates("examhall.question_types")


def check_decimal(value: Decimal) -> None:
    """Refuse numbers that no question needs and that would make arithmetic slow."""
    if abs(value.adjusted()) > 60 or len(value.as_tuple().digits) > 60:
        raise ValidationError("Give a number of ordinary size.")


def decimal_field(label: str, **options: Any) -> fields.Decimal:
    """Return an exact number, kept as text."""
    checks = [check_decimal, *options.pop("validate", [])]
    help_text = options.pop("help", "")
    return fields.Decimal(
        as_string=True, validate=checks, metadata={"label": label, "help": help_text}, **options
    )


def fraction_field(label: str = "Share of the points", **options: Any) -> fields.Decimal:
    """Return a fraction between -1 and 1."""
    return decimal_field(label, validate=[validate.Range(-1, 1)], **options)


def html_field(label: str, **options: Any) -> fields.String:
    """Return an author's HTML; it is made harmless where it is shown."""
    shortest = 1 if options.get("required") else 0
    return fields.String(
        validate=validate.Length(shortest, MAX_HTML),
        metadata={"label": label, "widget": "html", "help": options.pop("help", "")},
        **options,
    )


def identifier_field(help_text: str) -> fields.String:
    """Return a name that an author may give to a part of a question; analyses show it."""
    return fields.String(
        load_default="",
        validate=validate.Regexp(r"[A-Za-z0-9_.-]{0,60}\Z"),
        metadata={"label": "Identifier", "help": help_text},
    )


def choice_field(label: str, choices: Mapping[str, str], **options: Any) -> fields.String:
    """Return a choice between words of content; `choices` says how each reads in the form."""
    meta = {"label": label, "help": options.pop("help", ""), "when": options.pop("when", {})}
    rule = validate.OneOf(list(choices), labels=list(choices.values()))
    options.setdefault("load_default", next(iter(choices)))
    return fields.String(validate=rule, metadata=meta, **options)


def list_field(of: type[Schema], label: str, most: int, **options: Any) -> fields.List[Any]:
    """Return a list of parts; at least one where it is required."""
    meta = {"label": label, "help": options.pop("help", ""), "when": options.pop("when", {})}
    fewest = 1 if options.get("required") else 0
    if not fewest:
        options.setdefault("load_default", list)
    rule = validate.Length(fewest, most)
    return fields.List(fields.Nested(of), validate=rule, metadata=meta, **options)


class Hint(Schema):
    """What a candidate is told after a wrong try."""

    text = html_field("Hint", load_default="")
    show_count = fields.Boolean(
        load_default=False, metadata={"label": "Say how many parts are right"}
    )
    clear_wrong = fields.Boolean(load_default=False, metadata={"label": "Clear the wrong parts"})


class QuestionContent(Schema):
    """What every bundled question has. What few authors need stands last in forms."""

    stem = html_field("Question", required=True)
    feedback = html_field("Feedback for everybody", load_default="")
    correct_feedback = html_field("Feedback for a right answer", load_default="")
    partial_feedback = html_field("Feedback for a partly right answer", load_default="")
    incorrect_feedback = html_field("Feedback for a wrong answer", load_default="")
    hints = list_field(Hint, "Hints", 20, help="Shown one after another between tries.")
    penalty = decimal_field(
        "Taken off for each further try",
        load_default=Decimal("0.3333333"),
        validate=[validate.Range(0, 1)],
        help="As share of the points, where an exam allows several tries.",
    )

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.fields = dict(sorted(self.fields.items(), key=lambda field: field[0] in SELDOM))


def load_content(schema: type[Schema], content: Content) -> Mapping[str, Any]:
    """Return content as its schema loads it; what was loaded lately is kept. Never change it."""
    return _load(schema, json.dumps(content, sort_keys=True))


@lru_cache(maxsize=256)
def _load(schema: type[Schema], text: str) -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = _instance(schema).load(json.loads(text))
    return loaded


@lru_cache(maxsize=256)
def _instance(schema: type[Schema]) -> Schema:
    """Return one instance of a schema for all calls: making one costs more than a load."""
    return schema()


def feedback_texts(question: Mapping[str, Any]) -> dict[str, str]:
    """Return the feedback of a question as a whole, for a variant's secret."""
    return {name: question[name] for name in ("feedback", *COMBINED.values())}


def feedback_for(secret: Mapping[str, Any], state: ScoreState, own: str = "") -> str:
    """Return what a candidate is told: about the answer itself, about its state, to everybody."""
    about_state = secret.get(COMBINED.get(state, ""), "")
    return f"{own}{about_state}{secret['feedback']}"


def has_only(raw: Any, control: str) -> bool:
    """Say whether a browser sent an object with nothing but this control, or nothing at all."""
    return is_mapping_of(raw, {control})


def is_mapping_of(raw: Any, controls: Collection[str]) -> bool:
    """Say whether a browser sent an object with nothing but these controls, or less."""
    return isinstance(raw, Mapping) and all(name in controls for name in raw)


def read_text(raw: Raw, control: str, longest: int) -> str | FormatErrors:
    """Return the text of a question's only control, NFC; an empty text where there is none."""
    if not has_only(raw, control):
        return FormatErrors((UNKNOWN_FORM,))
    text = raw.get(control, "")
    if not isinstance(text, str):
        return FormatErrors(("The answer is not a text.",))
    if len(text) > longest:
        return FormatErrors((f"The answer is longer than {longest} characters.",))
    if not _is_storable(text):
        return FormatErrors((UNSTORABLE,))
    return unicodedata.normalize("NFC", text)


def _is_storable(text: str) -> bool:
    if text.isascii():
        return "\0" not in text
    return not any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in text)


def shown_text(raw: Raw | None, control: str) -> str:
    """Return what stands in a text control, readable as an answer or not."""
    text = (raw or {}).get(control, "")
    return text if isinstance(text, str) else ""


def state_of(fraction: Decimal) -> ScoreState:
    """Return the state that goes with a fraction of an answered question."""
    if fraction >= NEARLY_ONE:
        return ScoreState.RIGHT
    return ScoreState.PARTIAL if fraction > NEARLY_ZERO else ScoreState.WRONG


def percent(fraction: Decimal) -> str:
    """Write a fraction for people: `33.33 %`."""
    text = f"{fraction * 100:.2f}".rstrip("0").rstrip(".")
    return f"{text} %"
