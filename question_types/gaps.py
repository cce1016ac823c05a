"""Texts with gaps: finding the gaps in an author's HTML, and putting controls there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from markupsafe import Markup

from examhall.plugins import (
    Content,
    FormatErrors,
    Issue,
    Raw,
    Response,
    Variant,
    View,
    clean_html,
    plain_text,
)
from examhall.question_types.credit import EACH_PART
from examhall.question_types.graded import (
    GradedQuestion,
    Part,
    read_choices,
    shown_choices,
    shuffled,
)
from examhall.question_types.shared import ZERO, feedback_texts, load_content, templates

_TAG = r"""<(?:"[^"]*"|'[^']*'|[^>"'])*>"""
_NUMBERED = re.compile(rf"(?P<tag>{_TAG})|\[\[\s*(?P<number>\d{{1,3}})\s*\]\]", re.ASCII)
_BRACES = re.compile(rf"(?P<tag>{_TAG})|\{{#(?P<number>\d{{1,3}})\}}", re.ASCII)
_MARKER = re.compile(rf"(?P<tag>{_TAG})|\[\[gap (?P<number>\d{{1,3}})\]\]", re.ASCII)
BRACKETS, BRACES = _NUMBERED, _BRACES
"""The two ways in which authors write gaps: `[[1]]` and `{#1}`."""


def find_gaps(stem: str, pattern: re.Pattern[str], known: int) -> tuple[str, list[int]]:
    """Return clean HTML with a neutral marker for each gap, and the numbers that stood there.

    Only numbers from 1 to `known` are gaps. The markers are numbered from 1 in the order of the
    text, so that they say nothing about what belongs there.
    """
    numbers: list[int] = []

    def mark(match: re.Match[str]) -> str:
        number = int(match["number"] or 0)
        if not 1 <= number <= known:
            return match[0]
        numbers.append(number)
        return f"[[gap {len(numbers)}]]"

    # What looks like a marker already gets an invisible sign in between.
    return pattern.sub(mark, clean_html(stem).replace("[[gap", "[\u2060[gap")), numbers


def fill_gaps(stem: str, draw: Callable[[int], str]) -> Markup:
    """Return the HTML of a stem with what `draw` makes of each gap; gaps count from 1."""

    def fill(match: re.Match[str]) -> str:
        return draw(int(match["number"])) if match["number"] else match[0]

    return Markup(_MARKER.sub(fill, clean_html(stem)))  # noqa: S704


def gap_issues(stem: str, pattern: re.Pattern[str], known: int) -> list[Issue]:
    """Say which gaps of a stem name nothing, and whether there is one at all."""
    found = [int(m["number"]) for m in pattern.finditer(clean_html(stem)) if m["number"]]
    issues = [
        Issue("stem", f"There is a gap with the number {number}, but nothing that belongs there.")
        for number in sorted(set(found))
        if not 1 <= number <= known
    ]
    return issues if found else [Issue("stem", "The question has no gap.")]


class GapQuestion(GradedQuestion):
    """A text with gaps and choices for them; each gap with its right choice earns its share.

    Choices of a group that read the same are one answer: nobody can tell them apart.
    """

    sheets: ClassVar[tuple[str, ...]] = ("graphic.css", "words.css")
    parts_fail_alone = True

    def validate(self, content: Content) -> list[Issue]:
        question = load_content(self.schema, content)
        choices = question["choices"]
        issues = gap_issues(question["stem"], BRACKETS, len(choices))
        sizes: dict[int, int] = {}
        for choice in choices:
            sizes[choice["group"]] = sizes.get(choice["group"], 0) + 1
        issues += [
            Issue(f"choices.{number}.group", "A group needs at least two choices.", "warning")
            for number, choice in enumerate(choices)
            if sizes[choice["group"]] < 2
        ]
        return issues

    def prepare(self, content: Content, seed: int, locale: str) -> Variant:
        question = load_content(self.schema, content)
        stem, numbers = find_gaps(question["stem"], BRACKETS, len(question["choices"]))
        choices = [{**choice, "place": n} for n, choice in enumerate(question["choices"])]
        shown = shuffled(choices, seed) if question["shuffle"] else choices
        values = {choice["place"]: str(n) for n, choice in enumerate(shown, 1)}
        public = {
            "stem": stem,
            "gaps": [
                {"name": f"p{n}", "group": choices[number - 1]["group"]}
                for n, number in enumerate(numbers, 1)
            ],
            "choices": [
                {
                    "value": str(n),
                    "text": clean_html(choice["text"]),
                    "words": plain_text(choice["text"]) or f"Choice {n}",
                    "group": choice["group"],
                    "infinite": choice.get("infinite", True),
                }
                for n, choice in enumerate(shown, 1)
            ],
        }
        secret = {
            "right": [values[number - 1] for number in numbers],
            "choices": {value: place for place, value in values.items()},
            "rules": EACH_PART,
            **feedback_texts(question),
        }
        return Variant(public, secret)

    def parse(self, variant: Variant, raw: Raw) -> Response | FormatErrors:
        values = {choice["value"]: choice["group"] for choice in variant.public["choices"]}
        gaps = {gap["name"]: gap["group"] for gap in variant.public["gaps"]}
        chosen = read_choices(raw, gaps, values)
        if isinstance(chosen, FormatErrors):
            return chosen
        if any(values[value] != gaps[name] for name, value in chosen.items()):
            return FormatErrors(("The answer names a choice of another group.",))
        return Response({"gaps": chosen} if chosen else {})

    def is_complete(self, variant: Variant, response: Response) -> bool:
        gaps = variant.public["gaps"]
        return bool(gaps) and len(response.data.get("gaps", {})) == len(gaps)

    def parts(self, variant: Variant, response: Response) -> list[Part]:
        given = response.data.get("gaps", {})
        words = {choice["value"]: choice["words"] for choice in variant.public["choices"]}
        alike = _first_alike(variant)
        return [
            Part(
                f"gap{n}",
                f"Gap {n}",
                words.get(given.get(gap["name"], ""), ""),
                words[right],
                alike.get(given.get(gap["name"], "")) == alike[right],
            )
            for n, (gap, right) in enumerate(
                zip(variant.public["gaps"], variant.secret["right"], strict=True), 1
            )
        ]

    def look(self, variant: Variant, raw: Raw, view: View) -> dict[str, Any]:
        chosen = shown_choices(raw, [gap["name"] for gap in variant.public["gaps"]])
        tones: dict[str, str] = {}
        if view in {View.REVIEW, View.GRADE}:
            rights = zip(variant.public["gaps"], variant.secret["right"], strict=True)
            alike = _first_alike(variant)
            tones = {
                gap["name"]: "ok" if alike.get(chosen[gap["name"]]) == alike[right] else "bad"
                for gap, right in rights
                if chosen[gap["name"]]
            }

        def draw(number: int) -> str:
            gap = variant.public["gaps"][number - 1]
            return templates.render(
                "gap_select.html",
                name=gap["name"],
                number=number,
                choices=[c for c in variant.public["choices"] if c["group"] == gap["group"]],
                chosen=chosen[gap["name"]],
                view=view.value,
                group=gap["group"],
                tone=tones.get(gap["name"], ""),
            )

        return {"text": fill_gaps(variant.public["stem"], draw)}

    def correct_response(self, variant: Variant) -> Raw | None:
        rights = zip(variant.public["gaps"], variant.secret["right"], strict=True)
        return {gap["name"]: right for gap, right in rights}

    def wrong_response(self, variant: Variant) -> Raw:
        rights = zip(variant.public["gaps"], variant.secret["right"], strict=True)
        alike = _first_alike(variant)
        for gap, right in rights:
            for choice in variant.public["choices"]:
                if choice["group"] == gap["group"] and alike[choice["value"]] != alike[right]:
                    return {gap["name"]: choice["value"]}
        return {}

    def random_guess_score(self, content: Content) -> Decimal | None:
        variant = self.prepare(content, 0, "en")
        alike = _first_alike(variant)
        shares = []
        for gap, right in zip(variant.public["gaps"], variant.secret["right"], strict=True):
            choices = [c for c in variant.public["choices"] if c["group"] == gap["group"]]
            hits = sum(alike[choice["value"]] == alike[right] for choice in choices)
            shares.append(Decimal(hits) / len(choices))
        return sum(shares, ZERO) / max(len(shares), 1)

    def skeleton(self, question: Mapping[str, Any]) -> Any:
        _, numbers = find_gaps(question["stem"], BRACKETS, len(question["choices"]))
        choices = question["choices"]
        groups = [choices[number - 1]["group"] for number in numbers]
        return [groups, [choice["group"] for choice in choices], question["shuffle"]]

    def public_words(self, content: Content) -> Sequence[str]:
        return [str(number) for number in range(1, 101)]


def _first_alike(variant: Variant) -> dict[str, str]:
    """Return for each choice the first one of its group that reads the same."""
    first: dict[tuple[int, str], str] = {}
    return {
        choice["value"]: first.setdefault((choice["group"], choice["text"]), choice["value"])
        for choice in variant.public["choices"]
    }
