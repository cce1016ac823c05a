"""Cloze: a text with gaps of several kinds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
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
    hookimpl,
)
from examhall.question_types.cloze_content import ClozeContent
from examhall.question_types.cloze_parts import (
    CHOICES,
    Worth,
    guess_of,
    judge_part,
    read_part,
    ready_part,
    right_answer,
    words_of,
    wrong_answer,
)
from examhall.question_types.gaps import BRACES, fill_gaps, find_gaps, gap_issues
from examhall.question_types.shared import (
    NEARLY_ONE,
    ONE,
    UNKNOWN_FORM,
    ZERO,
    feedback_for,
    feedback_texts,
    is_mapping_of,
    load_content,
    state_of,
    templates,
)
from examhall.question_types.text_entry import answer_fault
from examhall.question_types.verdict import TONES, Verdict


class Cloze(QuestionType):
    """A text whose gaps are menus, choices, texts and numbers, each with its weight.

    The score is the weighted mean of what the gaps earn; a gap left empty earns nothing. A gap
    with a negative fraction takes off from the others.
    """

    key = "cloze"
    version = "1.0.0"
    title = "Cloze"
    summary = "A text with gaps of several kinds: menus, choices, texts, numbers."
    parts_fail_alone = True

    def content_schema(self) -> type[Schema]:
        return ClozeContent

    def example(self) -> Content:
        return {
            "stem": "<p>Water boils at {#1} °C at the level of the {#2}. What rises is {#3}.</p>",
            "parts": [
                {"kind": "numeric", "numbers": [{"value": "100", "tolerance": "0.5"}]},
                {
                    "kind": "choice",
                    "options": [
                        {"text": "sea", "fraction": "1"},
                        {"text": "highest mountain", "feedback": "There it is less."},
                    ],
                },
                {
                    "kind": "text",
                    "weight": "2",
                    "answers": [{"text": "*vapo*r"}, {"text": "gas", "fraction": "0.5"}],
                },
            ],
        }

    def validate(self, content: Content) -> list[Issue]:
        question = load_content(ClozeContent, content)
        parts = question["parts"]
        issues = gap_issues(question["stem"], BRACES, len(parts))
        _, numbers = find_gaps(question["stem"], BRACES, len(parts))
        for number, part in enumerate(parts, 1):
            path = f"parts.{number - 1}"
            if numbers.count(number) != 1:
                message = f"Write {{#{number}}} into the question once, where this gap is."
                issues.append(Issue(path, message))
            issues += [Issue(f"{path}.{name}", text) for name, text in _part_faults(part)]
        if not any(part["weight"] for part in parts):
            issues.append(Issue("parts", "No gap has a weight."))
        if not issues and self.correct_response(self.prepare(content, 0, "en")) is None:
            issues.append(Issue("parts", "Full marks cannot be reached."))
        return issues

    def prepare(self, content: Content, seed: int, locale: str) -> Variant:
        question = load_content(ClozeContent, content)
        stem, numbers = find_gaps(question["stem"], BRACES, len(question["parts"]))
        strict = question["spaces_count"]
        halves = [
            ready_part(part, number, seed, strict=strict)
            for number, part in enumerate(question["parts"], 1)
        ]
        public = {"stem": stem, "places": numbers, "parts": [half[0] for half in halves]}
        secret = {
            "parts": [half[1] for half in halves],
            "spaces_count": strict,
            "decimal_mark": question["decimal_mark"],
            **feedback_texts(question),
        }
        return Variant(public, secret)

    def render(
        self, variant: Variant, view: View, raw: Raw | None = None, *, name: str = ""
    ) -> Fragment:
        given = _shown(variant, raw)
        tones = self._tones(variant, raw) if view in {View.REVIEW, View.GRADE} else {}

        def draw(number: int) -> str:
            part = variant.public["parts"][variant.public["places"][number - 1] - 1]
            return templates.render(
                "cloze_gap.html",
                name=name or self.key,
                part=part,
                number=number,
                given=given[part["name"]],
                view=view.value,
                tone=tones.get(part["name"], ""),
            )

        html = templates.render(
            "inline_choice.html",
            text=fill_gaps(variant.public["stem"], draw),
            result=Verdict.of(self, variant, raw) if view in {View.REVIEW, View.GRADE} else None,
            told=[],
            head=("Gap", "Right answer", "Weight"),
            rows=self._key(variant) if view in {View.GRADE, View.AUTHOR} else [],
        )
        return Fragment(html, styles=("graphic.css", "words.css"))

    def _tones(self, variant: Variant, raw: Raw | None) -> dict[str, str]:
        response = self.parse(variant, raw or {})
        if isinstance(response, FormatErrors):
            return {}
        given = response.data.get("gaps", {})
        return {
            part["name"]: TONES.get(state_of(worth.fraction), "")
            for part, worth in zip(variant.public["parts"], _worths(variant, given), strict=True)
            if given.get(part["name"])
        }

    def _key(self, variant: Variant) -> list[tuple[str, str, str]]:
        return [
            (f"Gap {n}", words_of(part, right_answer(part, secret, variant.secret)), weight)
            for n, (part, secret) in enumerate(_pairs(variant), 1)
            for weight in [secret["weight"]]
        ]

    def parse(self, variant: Variant, raw: Raw) -> Response | FormatErrors:
        if not is_mapping_of(raw, {part["name"] for part in variant.public["parts"]}):
            return FormatErrors((UNKNOWN_FORM,))
        gaps = {}
        for part in variant.public["parts"]:
            given = read_part(part, raw)
            if isinstance(given, FormatErrors):
                return given
            if given:
                gaps[part["name"]] = given
        return Response({"gaps": gaps} if gaps else {})

    def is_complete(self, variant: Variant, response: Response) -> bool:
        return len(response.data.get("gaps", {})) == len(variant.public["parts"])

    def score(self, variant: Variant, response: Response) -> Score:
        secret = variant.secret
        if not response.data:
            return Score(ZERO, ScoreState.UNANSWERED, feedback=secret["feedback"])
        worths = _worths(variant, response.data["gaps"])
        weights = [Decimal(part["weight"]) for part in secret["parts"]]
        earned = sum((w * one.fraction for w, one in zip(weights, worths, strict=True)), ZERO)
        fraction = earned / (sum(weights, ZERO) or ONE)
        fraction = ONE if fraction > NEARLY_ONE else fraction
        state = state_of(fraction)
        parts = tuple(
            PartScore(part["name"], min(max(worth.fraction, ZERO), ONE), weight)
            for part, worth, weight in zip(variant.public["parts"], worths, weights, strict=True)
        )
        own = "".join(worth.feedback for worth in worths)
        return Score(fraction, state, parts, feedback_for(secret, state, own))

    def correct_response(self, variant: Variant) -> Raw | None:
        raw = {
            part["name"]: right_answer(part, secret, variant.secret)
            for part, secret in _pairs(variant)
        }
        response = self.parse(variant, raw)
        if isinstance(response, FormatErrors) or self.score(variant, response).fraction < ONE:
            return None
        return raw

    def summarise(self, variant: Variant, response: Response) -> str:
        given = response.data.get("gaps", {})
        told = (
            f"{n}: {words_of(part, given[part['name']])}"
            for n, part in enumerate(variant.public["parts"], 1)
            if part["name"] in given
        )
        return "; ".join(told)

    def classify(self, variant: Variant, response: Response) -> list[ResponseClass]:
        given = response.data.get("gaps", {})
        worths = zip(variant.public["parts"], _worths(variant, given), strict=True)
        return [
            ResponseClass(
                f"{part['name']}:{worth.key}",
                f"Gap {n}: {words_of(part, given[part['name']])}",
                worth.fraction,
            )
            for n, (part, worth) in enumerate(worths, 1)
            if part["name"] in given
        ]

    def random_guess_score(self, content: Content) -> Decimal | None:
        variant = self.prepare(content, 0, "en")
        total, whole = ZERO, ZERO
        for part, secret in _pairs(variant):
            guess, weight = guess_of(part, secret), Decimal(secret["weight"])
            if guess is None:
                return None
            total, whole = total + guess * weight, whole + weight
        return total / (whole or ONE)

    def can_rescore(self, old: Content, new: Content) -> str | None:
        before, after = (load_content(ClozeContent, content)["parts"] for content in (old, new))
        if list(map(_skeleton, before)) != list(map(_skeleton, after)):
            return "There are other gaps to fill."
        return None

    def simulate(self, variant: Variant, kind: str) -> Raw:
        if kind == "right":
            return self.correct_response(variant) or {}
        if kind == "wrong":
            return {part["name"]: wrong_answer(part, secret) for part, secret in _pairs(variant)}
        return {} if kind == "empty" else {"no such gap": "1"}

    def public_words(self, content: Content) -> Sequence[str]:
        return [str(number) for number in range(1, 101)]


def _pairs(variant: Variant) -> Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    return zip(variant.public["parts"], variant.secret["parts"], strict=True)


def _worths(variant: Variant, given: Mapping[str, Any]) -> list[Worth]:
    return [
        judge_part(part, secret, variant.secret, given.get(part["name"]))
        for part, secret in _pairs(variant)
    ]


def _shown(variant: Variant, raw: Raw | None) -> dict[str, Any]:
    """Return what stands in the controls, readable as an answer or not."""
    raw = raw if isinstance(raw, Mapping) else {}
    found: dict[str, Any] = {}
    for part in variant.public["parts"]:
        value = raw.get(part["name"], "")
        if part["kind"] in CHOICES:
            found[part["name"]] = value if isinstance(value, list) else [value]
        else:
            found[part["name"]] = value if isinstance(value, str) else ""
    return found


def _part_faults(part: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Yield the field and the message of what is wrong with a gap."""
    name = {"text": "answers", "numeric": "numbers"}.get(part["kind"], "options")
    listed = part[name]
    if part["kind"] in CHOICES and len(listed) < 2:
        yield name, "Give at least two answers."
    shares = [one["fraction"] for one in listed]
    best = sum(f for f in shares if f > 0) if part["kind"] == "multiple" else max(shares, default=0)
    if best <= NEARLY_ONE:
        yield name, "No answer earns full marks."
    if part["kind"] == "text":
        for answer in listed:
            if fault := answer_fault(answer):
                yield name, fault


def _skeleton(part: Mapping[str, Any]) -> tuple[str, int, bool]:
    return part["kind"], len(part["options"]), part["shuffle"]


@hookimpl
def examhall_question_types() -> list[QuestionType]:
    """Return the cloze."""
    return [Cloze()]
