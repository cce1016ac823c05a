"""Pairs of things that belong together: what `associate` and `graphic_associate` share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from marshmallow import Schema, fields, validate

from examhall.plugins import FormatErrors, Issue, Raw, Response, Variant, View
from examhall.question_types.credit import CreditContent, rules_of
from examhall.question_types.graded import (
    GradedQuestion,
    Part,
    read_choices,
    shown_choices,
)
from examhall.question_types.pictures import MOST, identifier_field, reference_issues
from examhall.question_types.shared import feedback_texts

MOST_ROWS = 50


class PairContent(Schema):
    """Two things that belong together, in any order."""

    first = identifier_field("One", required=True)
    second = identifier_field("And the other", required=True)


class PairsContent(CreditContent):
    """The pairs of a question; what they are made of stands in the question itself."""

    pairs = fields.List(
        fields.Nested(PairContent),
        required=True,
        validate=validate.Length(1, MOST),
        metadata={"label": "Right pairs"},
    )
    most = fields.Integer(
        load_default=0,
        strict=True,
        validate=validate.Range(0, MOST_ROWS),
        metadata={"label": "Pairs at most", "help": "0: as many as there are right ones."},
    )


def pair_issues(question: Mapping[str, Any], known: Iterable[str]) -> Iterable[Issue]:
    """Yield pairs with unknown, equal or repeated members, and too few rows for all of them."""
    pairs, names = question["pairs"], list(known)
    yield from reference_issues(pairs, "pairs", "first", names)
    yield from reference_issues(pairs, "pairs", "second", names)
    seen: set[frozenset[str]] = set()
    for number, pair in enumerate(pairs):
        both = frozenset((pair["first"], pair["second"]))
        if len(both) == 1:
            yield Issue(f"pairs.{number}.second", "A pair has two different members.")
        if both in seen:
            yield Issue(f"pairs.{number}", "This pair is given twice.")
        seen.add(both)
    if 0 < question["most"] < len(pairs):
        yield Issue("most", "There are more right pairs than this.")


def public_rows(question: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the names of the controls of every row."""
    count = min(question["most"] or len(question["pairs"]), MOST_ROWS)
    return [
        {"number": str(n), "first": f"pair{n}a", "second": f"pair{n}b"} for n in range(1, count + 1)
    ]


def secret_pairs(question: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """Return what scoring needs; `values` has what a browser calls each identifier."""
    return {
        **feedback_texts(question),
        "rules": rules_of(question),
        "values": dict(values),
        "pairs": [[values[pair["first"]], values[pair["second"]]] for pair in question["pairs"]],
    }


class PairsQuestion(GradedQuestion):
    """A question whose answer is a set of pairs, in rows of two controls each.

    A pair that is given twice counts once; a row with one member counts as nothing. A variant's
    public part has `rows` and `choices`, each with `value` and `words`.
    """

    def _names(self, variant: Variant) -> list[str]:
        return [row[side] for row in variant.public["rows"] for side in ("first", "second")]

    def look(self, variant: Variant, raw: Raw, view: View) -> dict[str, Any]:
        chosen = shown_choices(raw, self._names(variant))
        judged = view in {View.REVIEW, View.GRADE}
        right = {frozenset(pair) for pair in variant.secret["pairs"]} if judged else set()
        rows = []
        for row in variant.public["rows"]:
            first, second = chosen[row["first"]], chosen[row["second"]]
            tone = ""
            if judged and first and second:
                tone = "ok" if frozenset((first, second)) in right else "bad"
            rows.append({**row, "one": first, "other": second, "tone": tone})
        return {"rows_given": rows}

    def parse(self, variant: Variant, raw: Raw) -> Response | FormatErrors:
        values = [choice["value"] for choice in variant.public["choices"]]
        chosen = read_choices(raw, self._names(variant), values)
        if isinstance(chosen, FormatErrors):
            return chosen
        return Response({"rows": chosen} if chosen else {})

    def is_complete(self, variant: Variant, response: Response) -> bool:
        return len(self._given(variant, response)) >= len(variant.secret["pairs"])

    def _given(self, variant: Variant, response: Response) -> list[tuple[str, str]]:
        """Return the pairs of an answer, each once."""
        chosen = response.data.get("rows", {})
        found: dict[frozenset[str], tuple[str, str]] = {}
        for row in variant.public["rows"]:
            first, second = chosen.get(row["first"], ""), chosen.get(row["second"], "")
            if first and second:
                found.setdefault(frozenset((first, second)), (first, second))
        return list(found.values())

    def parts(self, variant: Variant, response: Response) -> list[Part]:
        words = {choice["value"]: choice["words"] for choice in variant.public["choices"]}
        given = {frozenset(pair): pair for pair in self._given(variant, response)}
        found = []
        for number, pair in enumerate(variant.secret["pairs"], 1):
            both = given.pop(frozenset(pair), None)
            right = _say(words, pair)
            found.append(Part(f"pair{number}", "", right if both else "", right, both is not None))
        found += [
            Part("-".join(sorted(both)), "", _say(words, both), "", False, extra=True)
            for both in given.values()
        ]
        return found

    def keep_right(self, variant: Variant, raw: Raw) -> Raw:
        given = shown_choices(raw, self._names(variant))
        right = {frozenset(pair) for pair in variant.secret["pairs"]}
        kept: dict[str, str] = {}
        for row in variant.public["rows"]:
            first, second = given[row["first"]], given[row["second"]]
            if frozenset((first, second)) in right:
                kept |= {row["first"]: first, row["second"]: second}
        return kept

    def whole(self, variant: Variant, response: Response, parts: Sequence[Part]) -> int:
        return len(variant.secret["pairs"])

    def correct_response(self, variant: Variant) -> Raw | None:
        raw: dict[str, str] = {}
        for row, pair in zip(variant.public["rows"], variant.secret["pairs"], strict=False):
            raw[row["first"]], raw[row["second"]] = pair
        return raw

    def wrong_response(self, variant: Variant) -> Raw:
        row, value = variant.public["rows"][0], variant.public["choices"][0]["value"]
        return {row["first"]: value, row["second"]: value}

    def public_words(self, content: Mapping[str, Any]) -> Sequence[str]:
        return [str(number) for number in range(1, MOST + 1)]


def _say(words: Mapping[str, str], pair: Sequence[str]) -> str:
    return " with ".join(words[value] for value in pair)
