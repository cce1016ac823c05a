"""What questions with several parts share: reading, judging, telling what became of each part."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import Any, ClassVar

from marshmallow import Schema

from examhall.plugins import (
    Content,
    FormatErrors,
    Fragment,
    PartScore,
    QuestionType,
    Raw,
    Response,
    ResponseClass,
    Score,
    ScoreState,
    Variant,
    View,
)
from examhall.question_types.credit import credit
from examhall.question_types.shared import (
    ONE,
    UNKNOWN_FORM,
    ZERO,
    feedback_for,
    load_content,
    state_of,
    templates,
)
from examhall.question_types.verdict import Verdict

SHEET = "graphic.css"
MARKS = {True: ("ok", "Right"), False: ("bad", "Not right")}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an answer: `key` names it, `given` and `right` say in words what stands there.

    `right` is empty for what belongs nowhere; `earned` says whether the part is right. Parts that
    say all in `given` have no `title`. What is `extra` was given beyond what could be right.
    """

    key: str
    title: str
    given: str
    right: str
    earned: bool
    extra: bool = False

    @property
    def answered(self) -> bool:
        """Whether the candidate gave something here."""
        return bool(self.given)

    @property
    def words(self) -> str:
        """The part in a few words."""
        return f"{self.title}: {self.given}" if self.title else self.given


class GradedQuestion(QuestionType):
    """A question whose score is the share of its right parts, by the rules of `credit`.

    A subclass says of what parts an answer consists (`parts`); `wrongs` and `whole` may count
    differently. Its template gets what `look` returns.
    """

    schema: ClassVar[type[Schema]]
    template: ClassVar[str]
    module: ClassVar[str | None] = None
    sheets: ClassVar[tuple[str, ...]] = (SHEET,)

    def content_schema(self) -> type[Schema]:
        return self.schema

    @abstractmethod
    def parts(self, variant: Variant, response: Response) -> list[Part]:
        """Judge every part of an answer, in the order of the question."""

    def wrongs(self, variant: Variant, response: Response, parts: Sequence[Part]) -> int:
        """Count what may take something off."""
        return sum(part.answered and not part.earned for part in parts)

    def whole(self, variant: Variant, response: Response, parts: Sequence[Part]) -> int:
        """Count the parts that share the points."""
        return len(parts)

    @abstractmethod
    def look(self, variant: Variant, raw: Raw, view: View) -> dict[str, Any]:
        """Return what the template needs besides the usual; `raw` may be anything."""

    def score(self, variant: Variant, response: Response) -> Score:
        secret = variant.secret
        if not response.data:
            feedback = feedback_for(secret, ScoreState.UNANSWERED)
            return Score(ZERO, ScoreState.UNANSWERED, feedback=feedback)
        parts = self.parts(variant, response)
        right = sum(part.earned for part in parts)
        wrong = self.wrongs(variant, response, parts)
        whole = self.whole(variant, response, parts)
        fraction = credit(secret["rules"], right, wrong, whole)
        state = state_of(fraction)
        return Score(fraction, state, _scores(parts, whole), feedback_for(secret, state))

    def is_complete(self, variant: Variant, response: Response) -> bool:
        return bool(response.data)

    def render(
        self, variant: Variant, view: View, raw: Raw | None = None, *, name: str = ""
    ) -> Fragment:
        seen = raw if isinstance(raw, Mapping) else {}
        html = templates.render(
            self.template,
            name=name or self.key,
            stem=variant.public["stem"],
            public=variant.public,
            locked=view is not View.ANSWER,
            result=Verdict.of(self, variant, raw) if view in {View.REVIEW, View.GRADE} else None,
            told=self.told(variant, view, seen),
            head=("Part", "Answer"),
            rows=self.key_rows(variant) if view in {View.GRADE, View.AUTHOR} else [],
            **self.look(variant, seen, view),
        )
        return Fragment(html, self.module, self.sheets)

    def told(self, variant: Variant, view: View, raw: Raw) -> list[dict[str, str]]:
        """Return what a review says about each part that was answered."""
        response = self.parse(variant, raw)
        if view not in {View.REVIEW, View.GRADE} or isinstance(response, FormatErrors):
            return []
        return [
            {"title": part.title, "given": part.given, "tone": tone, "mark": mark}
            for part in (self.parts(variant, response) if response.data else [])
            if part.answered
            for tone, mark in [MARKS[part.earned]]
        ]

    def key_rows(self, variant: Variant) -> list[tuple[str, str]]:
        """Return the answer key as a table."""
        return [
            (part.title or "Right", part.right)
            for part in self.parts(variant, Response({}))
            if part.right
        ]

    def summarise(self, variant: Variant, response: Response) -> str:
        if not response.data:
            return ""
        given = [part for part in self.parts(variant, response) if part.answered]
        return "; ".join(part.words for part in given)

    def classify(self, variant: Variant, response: Response) -> list[ResponseClass]:
        if not response.data:
            return []
        parts = self.parts(variant, response)
        share = ONE / max(self.whole(variant, response, parts), 1)
        return [
            ResponseClass(f"{part.key}:{part.given}"[:200], part.words, worth)
            for part in parts
            if part.answered
            for worth in [share if part.earned else ZERO]
        ]

    def can_rescore(self, old: Content, new: Content) -> str | None:
        before, after = (
            self.skeleton(load_content(self.schema, content)) for content in (old, new)
        )
        return None if before == after else "There are other parts to answer."

    @abstractmethod
    def skeleton(self, question: Mapping[str, Any]) -> Any:
        """Return what must stay the same for old answers to be scored with new content."""

    def simulate(self, variant: Variant, kind: str) -> Raw:
        if kind == "right":
            return self.correct_response(variant) or {}
        if kind == "wrong":
            return self.wrong_response(variant)
        return {} if kind == "empty" else {"no such control": "1"}

    @abstractmethod
    def wrong_response(self, variant: Variant) -> Raw:
        """Return an answer that does not earn full marks."""


def _scores(parts: Sequence[Part], whole: int) -> tuple[PartScore, ...]:
    """Score the parts that share the points; where too much was given, it takes a share too."""
    scores = [PartScore(part.key, ONE if part.earned else ZERO) for part in parts if not part.extra]
    beyond = range(1, whole - len(scores) + 1)
    return (*scores, *(PartScore(f"extra{number}", ZERO) for number in beyond))


def only(raw: Any, names: Iterable[str]) -> bool:
    """Say whether a browser sent an object with none but these controls."""
    return isinstance(raw, Mapping) and set(raw) <= set(names)


def read_choices(
    raw: Raw, names: Iterable[str], values: Iterable[str]
) -> dict[str, str] | FormatErrors:
    """Return what was selected in each of several controls; those left empty are left out."""
    known = list(names)
    if not only(raw, known):
        return FormatErrors((UNKNOWN_FORM,))
    allowed = set(values)
    chosen = {name: raw[name] for name in known if raw.get(name, "") != ""}
    for value in chosen.values():
        if not isinstance(value, str) or value not in allowed:
            return FormatErrors(("The answer names a choice that is not there.",))
    return chosen


def read_ticks(
    raw: Raw, name: str, values: Sequence[str], most: int = 0
) -> list[str] | FormatErrors:
    """Return what was ticked of a question's only group of boxes, in their order."""
    if not only(raw, [name]):
        return FormatErrors((UNKNOWN_FORM,))
    given = raw.get(name, [])
    given = [given] if isinstance(given, str) else given
    if not isinstance(given, list) or not all(isinstance(value, str) for value in given):
        return FormatErrors(("The answer is not a choice.",))
    ticked = {value for value in given if value}
    if not ticked <= set(values):
        return FormatErrors(("The answer names a choice that is not there.",))
    if most and len(ticked) > most:
        return FormatErrors((f"At most {most} can be chosen.",))
    return [value for value in values if value in ticked]


def shuffled(parts: Sequence[dict[str, Any]], seed: int, *, salt: str = "") -> list[dict[str, Any]]:
    """Return parts in an order that depends on the seed alone: the same in every Python."""
    ranks = [sha256(f"{seed}:{salt}:{place}".encode()).digest() for place in range(len(parts))]
    return [part for _, part in sorted(zip(ranks, parts, strict=True), key=lambda pair: pair[0])]


def shown_choices(raw: Raw, names: Iterable[str]) -> dict[str, str]:
    """Return the texts of controls, readable as an answer or not."""
    return {name: raw[name] if isinstance(raw.get(name), str) else "" for name in names}


def mean(fractions: Sequence[Decimal]) -> Decimal:
    """Return the mean of some fractions."""
    return sum(fractions, ZERO) / max(len(fractions), 1)
