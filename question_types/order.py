"""Order: things to be put in their right order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import permutations
from typing import Any

from examhall.plugins import (
    Content,
    FormatErrors,
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
from examhall.question_types.graded import (
    GradedQuestion,
    Part,
    read_choices,
    shown_choices,
    shuffled,
)
from examhall.question_types.numbering import numbered
from examhall.question_types.order_content import OrderContent
from examhall.question_types.ordering import grade_order
from examhall.question_types.shared import (
    ONE,
    ZERO,
    feedback_for,
    feedback_texts,
    load_content,
    state_of,
)

ENUMERABLE = 6
"""Up to so many items the score of guessing is found by trying every order."""


class Order(GradedQuestion):
    """Items to order. A candidate gives each item its position.

    Items of the same text are interchangeable: among themselves they count as in order. Positions
    that are left empty earn nothing.
    """

    key = "order"
    version = "1.0.0"
    title = "Order"
    summary = "Things to be put in their right order, with many kinds of partial credit."
    schema = OrderContent
    template = "order.html"
    module = "order.js"
    sheets = ("words.css",)

    def example(self) -> Content:
        return {
            "stem": "<p>Put these numbers in order, the smallest first.</p>",
            "items": [
                {"id": "third", "text": "One third"},
                {"id": "half", "text": "One half"},
                {"id": "whole", "text": "One"},
                {"id": "pi", "text": "Pi"},
            ],
        }

    def validate(self, content: Content) -> list[Issue]:
        question = load_content(self.schema, content)
        if len({item["text"].strip() for item in question["items"]}) < 2:
            return [Issue("items", "Give at least two items.")]
        if question["select"] != "all" and question["select_count"] == 1:
            return [Issue("select_count", "Ask for at least two items.")]
        return []

    def prepare(self, content: Content, seed: int, locale: str) -> Variant:
        question = load_content(self.schema, content)
        items = [{**item, "rank": rank} for rank, item in enumerate(selected(question, seed))]
        shown = shuffled(items, seed) if question["shuffle"] else items
        if question["shuffle"] and shown == items:
            shown = [*items[1:], items[0]]
        public = {
            "stem": clean_html(question["stem"]),
            "layout": question["layout"],
            "numbering": question["numbering"],
            "items": [
                {"name": f"i{n}", "text": clean_html(i["text"]), "words": plain_text(i["text"])}
                for n, i in enumerate(shown, 1)
            ],
        }
        key = [
            {"id": item["id"] or f"item{item['place'] + 1}", "rank": item["rank"]} for item in shown
        ]
        secret = {"items": key, "grading": question["grading"], **feedback_texts(question)}
        return Variant(public, secret)

    def parse(self, variant: Variant, raw: Raw) -> Response | FormatErrors:
        names = [item["name"] for item in variant.public["items"]]
        chosen = read_choices(raw, names, map(str, range(1, len(names) + 1)))
        if isinstance(chosen, FormatErrors):
            return chosen
        if len(set(chosen.values())) < len(chosen):
            return FormatErrors(("Two items have the same position.",))
        return Response({"positions": chosen} if chosen else {})

    def is_complete(self, variant: Variant, response: Response) -> bool:
        return len(response.data.get("positions", {})) == len(variant.public["items"])

    def score(self, variant: Variant, response: Response) -> Score:
        secret = variant.secret
        if not response.data:
            return Score(ZERO, ScoreState.UNANSWERED, feedback=secret["feedback"])
        order = order_of(variant, response)
        fraction = grade_order(secret["grading"], order)
        state = state_of(fraction)
        parts = tuple(
            PartScore(part.key, ONE if part.earned else ZERO)
            for part in self.parts(variant, response)
        )
        return Score(fraction, state, parts, feedback_for(secret, state))

    def parts(self, variant: Variant, response: Response) -> list[Part]:
        """Say of each item at which position it stands, and at which it belongs."""
        given = response.data.get("positions", {})
        order = order_of(variant, response)
        found = []
        for item, key in zip(variant.public["items"], variant.secret["items"], strict=True):
            position = given.get(item["name"], "")
            earned = bool(position) and order[int(position) - 1] == int(position) - 1
            found.append(Part(key["id"], item["words"], position, str(key["rank"] + 1), earned))
        return found

    def look(self, variant: Variant, raw: Raw, view: View) -> dict[str, Any]:
        chosen = shown_choices(raw, [item["name"] for item in variant.public["items"]])
        lines = variant.public["items"]
        numbering = variant.public["numbering"]
        positions = [
            {"value": str(n), "words": numbered(numbering, n) or str(n)}
            for n in range(1, len(lines) + 1)
        ]
        if view is not View.ANSWER:
            lines = sorted(lines, key=lambda item: _place(chosen[item["name"]]))
        return {"lines": lines, "chosen": chosen, "positions": positions}

    def summarise(self, variant: Variant, response: Response) -> str:
        given = response.data.get("positions", {})
        words = {item["name"]: item["words"] for item in variant.public["items"]}
        return "; ".join(words[name] for name in sorted(given, key=lambda name: int(given[name])))

    def classify(self, variant: Variant, response: Response) -> list[ResponseClass]:
        if not response.data:
            return []
        parts = self.parts(variant, response)
        share = ONE / len(parts)
        return [
            ResponseClass(f"{part.key}:{part.given}", part.words, share if part.earned else ZERO)
            for part in parts
            if part.answered
        ]

    def correct_response(self, variant: Variant) -> Raw | None:
        pairs = zip(variant.public["items"], variant.secret["items"], strict=True)
        return {item["name"]: str(key["rank"] + 1) for item, key in pairs}

    def wrong_response(self, variant: Variant) -> Raw:
        size = len(variant.public["items"])
        names = [item["name"] for item in variant.public["items"]]
        ranks = [key["rank"] for key in variant.secret["items"]]
        raws = [dict(zip(names, [str(size - rank) for rank in ranks], strict=True))]
        for turn in range(1, size):
            places = [str((rank + turn) % size + 1) for rank in ranks]
            raws.append(dict(zip(names, places, strict=True)))
        return min(raws, key=lambda raw: self._worth(variant, raw))

    def _worth(self, variant: Variant, raw: Raw) -> Decimal:
        return grade_order(
            variant.secret["grading"], order_of(variant, Response({"positions": raw}))
        )

    def random_guess_score(self, content: Content) -> Decimal | None:
        question = load_content(self.schema, content)
        size = len(selected(question, 0))
        if size > ENUMERABLE:
            return None
        scores = [grade_order(question["grading"], order) for order in permutations(range(size))]
        return sum(scores, ZERO) / len(scores)

    def skeleton(self, question: Mapping[str, Any]) -> Any:
        count = question["select_count"] if question["select"] != "all" else 0
        ids = [item["id"] or item["text"] for item in question["items"]]
        return [sorted(ids), question["select"], count]

    def public_words(self, content: Content) -> Sequence[str]:
        return [str(number) for number in range(1, 51)]


def selected(question: Mapping[str, Any], seed: int) -> list[dict[str, Any]]:
    """Return the items that a candidate is asked, in their right order."""
    items = [{**item, "place": place} for place, item in enumerate(question["items"])]
    count = question["select_count"]
    if question["select"] == "all" or not 2 <= count < len(items):
        return items
    if question["select"] == "contiguous":
        start = seed % (len(items) - count + 1)
        return items[start : start + count]
    chosen = shuffled(items, seed, salt="select")[:count]
    return sorted(chosen, key=lambda item: int(item["place"]))


def order_of(variant: Variant, response: Response) -> list[int | None]:
    """Return the rank of the item in each position; ranks of equal texts come in order."""
    order: list[int | None] = [None] * len(variant.public["items"])
    texts: dict[str, list[int]] = {}
    given = response.data.get("positions", {})
    at: dict[int, str] = {}
    for item, key in zip(variant.public["items"], variant.secret["items"], strict=True):
        texts.setdefault(item["text"], []).append(key["rank"])
        if item["name"] in given:
            at[int(given[item["name"]]) - 1] = item["text"]
    for ranks in texts.values():
        ranks.sort(reverse=True)
    for position in sorted(at):
        order[position] = texts[at[position]].pop()
    return order


def raw_of_texts(variant: Variant, texts: Sequence[str]) -> Raw:
    """Return the raw response that puts items in the order of their texts. Raises ValueError."""
    left = list(variant.public["items"])
    raw = {}
    for position, text in enumerate(texts, 1):
        wanted = clean_html(text)
        item = next((item for item in left if item["text"] == wanted), None)
        if item is None:
            raise ValueError(f"There is no item “{text}”.")
        left.remove(item)
        raw[item["name"]] = str(position)
    return raw


def _place(position: str) -> int:
    return int(position) if position.isascii() and position.isdecimal() else 1000


@hookimpl
def examhall_question_types() -> list[QuestionType]:
    """Return the order."""
    return [Order()]
