"""Choice: one of several options, several of them, or true against false."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from itertools import product
from typing import Any

from marshmallow import Schema

from examhall.plugins import (
    Content,
    FormatErrors,
    Fragment,
    Issue,
    PartScore,
    QuestionType,
    Raw,
    Response,
    ResponseClass,
    Score,
    ScoreState,
    Variant,
    View,
    clean_html,
    hookimpl,
    plain_text,
)
from examhall.question_types.choice_content import (
    LEGENDS,
    ChoiceContent,
    keyed_options,
    option_issues,
    true_false_issues,
)
from examhall.question_types.numbering import numbered
from examhall.question_types.shared import (
    NEARLY_ONE,
    ONE,
    UNKNOWN_FORM,
    ZERO,
    feedback_for,
    feedback_texts,
    has_only,
    load_content,
    percent,
    state_of,
    templates,
)
from examhall.question_types.verdict import Verdict

ENUMERABLE = 10
"""Up to so many options the score of guessing is found by trying every choice."""


class Choice(QuestionType):
    """Options with one right answer, several right ones, or true and false.

    A browser only knows options by their place (`1`, `2`, ...), so that no identifier of an author
    can give the answer away.
    """

    key = "choice"
    version = "1.0.0"
    title = "Choice"
    summary = "One answer, several answers, or true and false."

    def content_schema(self) -> type[Schema]:
        return ChoiceContent

    def example(self) -> Content:
        return {
            "stem": "<p>Which of these is a prime number?</p>",
            "feedback": "<p>A prime has exactly two divisors.</p>",
            "mode": "single",
            "options": [
                {"id": "seven", "text": "7", "correct": True},
                {"id": "nine", "text": "9", "feedback": "9 is 3 times 3."},
                {"id": "twelve", "text": "12"},
            ],
            "shuffle": True,
        }

    def validate(self, content: Content) -> list[Issue]:
        question = load_content(ChoiceContent, content)
        if question["mode"] == "true_false":
            return list(true_false_issues(question))
        return list(option_issues(question))

    def prepare(self, content: Content, seed: int, locale: str) -> Variant:
        question = load_content(ChoiceContent, content)
        options = keyed_options(question)
        if question["shuffle"] and question["mode"] != "true_false":
            options.sort(key=lambda option: _rank(seed, option["place"]))
        public = {
            "stem": clean_html(question["stem"]),
            "mode": question["mode"],
            "numbering": question["numbering"],
            "options": [
                {"value": str(number), "text": clean_html(option["text"])}
                for number, option in enumerate(options, 1)
            ],
        }
        secret = {
            **feedback_texts(question),
            "partial_credit": question["partial_credit"],
            "key": {
                str(number): {
                    "id": option["id"],
                    "correct": option["correct"],
                    "fraction": str(option["fraction"]),
                    "exact": option["exact"],
                    "feedback": option["feedback"],
                }
                for number, option in enumerate(options, 1)
            },
        }
        return Variant(public, secret)

    def render(
        self, variant: Variant, view: View, raw: Raw | None = None, *, name: str = ""
    ) -> Fragment:
        response = self.parse(variant, raw or {})
        chosen = [] if isinstance(response, FormatErrors) else response.data.get("choice", [])
        verdict = Verdict.of(self, variant, raw) if view in {View.REVIEW, View.GRADE} else None
        options = [
            {
                **option,
                "letter": numbered(variant.public["numbering"], number),
                "chosen": option["value"] in chosen,
                **self._marks(variant, view, option["value"], option["value"] in chosen),
            }
            for number, option in enumerate(variant.public["options"], 1)
        ]
        html = templates.render(
            "choice.html",
            name=name or "choice",
            stem=variant.public["stem"],
            legend=LEGENDS[variant.public["mode"]],
            many=variant.public["mode"] == "multiple",
            locked=view is not View.ANSWER,
            options=options,
            result=verdict,
        )
        return Fragment(html)

    def _marks(self, variant: Variant, view: View, value: str, chosen: bool) -> dict[str, str]:
        """Say what a reader of this view may know about an option."""
        marks = {"tone": "", "mark": "", "feedback": ""}
        if view in {View.ANSWER, View.PRINT}:
            return marks
        option = variant.secret["key"][value]
        if view is View.REVIEW and not chosen:
            return marks
        fraction = Decimal(option["fraction"])
        right = option["correct"]
        if chosen or right or view is View.AUTHOR:
            marks["tone"] = "ok" if right else "bad" if fraction <= 0 else "warn"
            marks["mark"] = "Right" if right else "Not right" if fraction <= 0 else "Partly right"
        if view is View.AUTHOR:
            marks["mark"] += f" ({percent(fraction)})"
        if chosen or view is View.AUTHOR:
            marks["feedback"] = option["feedback"]
        return marks

    def parse(self, variant: Variant, raw: Raw) -> Response | FormatErrors:
        if not has_only(raw, "choice"):
            return FormatErrors((UNKNOWN_FORM,))
        given = raw.get("choice", [])
        given = [given] if isinstance(given, str) else given
        if not isinstance(given, list) or not all(isinstance(value, str) for value in given):
            return FormatErrors(("The answer is not a choice.",))
        values = [option["value"] for option in variant.public["options"]]
        chosen = {value for value in given if value}
        if not chosen <= set(values):
            return FormatErrors(("The answer names an option that is not there.",))
        if len(chosen) > 1 and variant.public["mode"] != "multiple":
            return FormatErrors(("Only one answer can be chosen.",))
        return Response({"choice": [v for v in values if v in chosen]} if chosen else {})

    def is_complete(self, variant: Variant, response: Response) -> bool:
        return bool(response.data)

    def score(self, variant: Variant, response: Response) -> Score:
        chosen = response.data.get("choice", [])
        secret = variant.secret
        if not chosen:
            return Score(ZERO, ScoreState.UNANSWERED, feedback=secret["feedback"])
        key = secret["key"]
        if variant.public["mode"] != "multiple":
            fraction = Decimal(key[chosen[0]]["fraction"])
            state = state_of(fraction)
            return Score(fraction, state, feedback=feedback_for(secret, state))
        fraction = _multiple_fraction(key, chosen, partial=secret["partial_credit"])
        state = state_of(fraction)
        return Score(fraction, state, _parts(key, chosen), feedback_for(secret, state))

    def correct_response(self, variant: Variant) -> Raw | None:
        right = [value for value, option in variant.secret["key"].items() if option["correct"]]
        if variant.public["mode"] == "multiple":
            return {"choice": right}
        return {"choice": right[0]} if right else None

    def summarise(self, variant: Variant, response: Response) -> str:
        texts = {option["value"]: option["text"] for option in variant.public["options"]}
        return "; ".join(plain_text(texts[value]) for value in response.data.get("choice", []))

    def classify(self, variant: Variant, response: Response) -> list[ResponseClass]:
        texts = {option["value"]: option["text"] for option in variant.public["options"]}
        key = variant.secret["key"]
        return [
            ResponseClass(key[v]["id"], plain_text(texts[v]), Decimal(key[v]["fraction"]))
            for v in response.data.get("choice", [])
        ]

    def random_guess_score(self, content: Content) -> Decimal | None:
        variant = self.prepare({**content, "shuffle": False}, 0, "en")
        values = list(variant.secret["key"])
        if variant.public["mode"] != "multiple":
            choices: Iterable[Sequence[str]] = [[value] for value in values]
        elif len(values) <= ENUMERABLE:
            bits = product((False, True), repeat=len(values))
            choices = [[v for v, bit in zip(values, row, strict=True) if bit] for row in bits]
        else:
            return None
        scores = [self.score(variant, Response({"choice": list(c)})).fraction for c in choices]
        return sum(scores, ZERO) / len(scores)

    def can_rescore(self, old: Content, new: Content) -> str | None:
        before, after = load_content(ChoiceContent, old), load_content(ChoiceContent, new)
        if before["mode"] != after["mode"]:
            return "The kind of choice has changed."
        if [o["id"] for o in keyed_options(before)] != [o["id"] for o in keyed_options(after)]:
            return "There are other answers to choose from."
        return None

    def simulate(self, variant: Variant, kind: str) -> Raw:
        if kind == "right":
            return self.correct_response(variant) or {}
        if kind == "wrong":
            key = variant.secret["key"].items()
            wrong = [value for value, option in key if Decimal(option["fraction"]) <= 0]
            return {"choice": wrong[0] if wrong else next(iter(variant.secret["key"]))}
        return {} if kind == "empty" else {"choice": ["no such option"]}

    def public_words(self, content: Content) -> Sequence[str]:
        question = load_content(ChoiceContent, content)
        options = keyed_options(question)
        places = [str(number) for number in range(1, len(options) + 1)]
        return [*places, *(option["text"] for option in options)]


def _rank(seed: int, place: int) -> bytes:
    """Give an option its place in a shuffle: the same in every version of Python."""
    return sha256(f"{seed}:{place}".encode()).digest()


def _multiple_fraction(key: Mapping[str, Any], chosen: Sequence[str], *, partial: bool) -> Decimal:
    right = {value for value, option in key.items() if option["correct"]}
    if not partial:
        return ONE if set(chosen) == right else ZERO
    if any(option["exact"] for option in key.values()):
        total = sum((Decimal(key[value]["fraction"]) for value in chosen), ZERO)
    else:
        hits, misses = len(right & set(chosen)), len(set(chosen) - right)
        wrong = len(key) - len(right)
        total = Decimal(hits) / len(right) if right else ZERO
        total -= Decimal(misses) / wrong if wrong else ZERO
    return ONE if total > NEARLY_ONE else max(total, ZERO)


def _parts(key: Mapping[str, Any], chosen: Sequence[str]) -> tuple[PartScore, ...]:
    """Score each option by itself: ticked where it is right, left alone where it is not."""
    return tuple(
        PartScore(option["id"], ONE if (value in chosen) == option["correct"] else ZERO)
        for value, option in key.items()
    )


@hookimpl
def examhall_question_types() -> list[QuestionType]:
    """Return the choice question."""
    return [Choice()]
