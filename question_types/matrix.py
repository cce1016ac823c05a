"""Matrix: rows of statements, each with one or several right columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields, validate

from examhall.plugins import (
    Content,
    FormatErrors,
    Issue,
    QuestionType,
    Raw,
    Response,
    Variant,
    View,
    clean_html,
    hookimpl,
    plain_text,
)
from examhall.question_types.credit import CreditContent, rules_of
from examhall.question_types.graded import GradedQuestion, Part, only, read_ticks, shuffled
from examhall.question_types.pictures import MOST, id_issues, identifier_field
from examhall.question_types.shared import UNKNOWN_FORM, feedback_texts, html_field, load_content


class ColumnContent(Schema):
    """A column."""

    id = identifier_field(required=True)
    text = html_field("Text", required=True)


class RowContent(Schema):
    """A row with the columns that are right for it."""

    id = identifier_field(required=True)
    text = html_field("Text", required=True)
    columns = fields.List(
        identifier_field(required=True),
        load_default=list,
        validate=validate.Length(0, MOST),
        metadata={"label": "Right columns", "help": "By their identifiers."},
    )


class MatrixContent(CreditContent):
    """A matrix as its author wrote it."""

    mode = fields.String(
        load_default="single",
        validate=validate.OneOf(["single", "multiple"], labels=["One a row", "Several a row"]),
        metadata={"label": "Kind"},
    )
    columns = fields.List(
        fields.Nested(ColumnContent),
        required=True,
        validate=validate.Length(2, 20),
        metadata={"label": "Columns"},
    )
    rows = fields.List(
        fields.Nested(RowContent),
        required=True,
        validate=validate.Length(1, MOST),
        metadata={"label": "Rows"},
    )
    shuffle = fields.Boolean(load_default=False, metadata={"label": "Shuffle the rows"})


class Matrix(GradedQuestion):
    """Rows by columns. A row is right when exactly its right columns are chosen.

    With one choice a row, any of its right columns will do.
    """

    key = "matrix"
    version = "1.0.0"
    title = "Matrix"
    summary = "Rows of statements, each with its right column."
    schema = MatrixContent
    template = "matrix.html"

    def example(self) -> Content:
        return {
            "stem": "<p>Is each of these a mammal, a bird or a fish?</p>",
            "columns": [
                {"id": "mammal", "text": "Mammal"},
                {"id": "bird", "text": "Bird"},
                {"id": "fish", "text": "Fish"},
            ],
            "rows": [
                {"id": "whale", "text": "Blue whale", "columns": ["mammal"]},
                {"id": "penguin", "text": "Penguin", "columns": ["bird"]},
                {"id": "shark", "text": "Shark", "columns": ["fish"]},
                {"id": "bat", "text": "Bat", "columns": ["mammal"]},
            ],
        }

    def validate(self, content: Content) -> list[Issue]:
        question = load_content(self.schema, content)
        known = {column["id"] for column in question["columns"]}
        issues = [*id_issues(question["columns"], "columns"), *id_issues(question["rows"], "rows")]
        for number, row in enumerate(question["rows"]):
            path = f"rows.{number}.columns"
            issues += [
                Issue(path, f"There is no column “{name}”.")
                for name in row["columns"]
                if name not in known
            ]
            if not row["columns"] and question["mode"] == "single":
                issues.append(Issue(path, "No column is right for this row."))
        if not any(row["columns"] for row in question["rows"]):
            issues.append(Issue("rows", "No row has a right column."))
        return issues

    def prepare(self, content: Content, seed: int, locale: str) -> Variant:
        question = load_content(self.schema, content)
        rows = shuffled(question["rows"], seed) if question["shuffle"] else question["rows"]
        values = {column["id"]: str(n) for n, column in enumerate(question["columns"], 1)}
        public = {
            "stem": clean_html(question["stem"]),
            "mode": question["mode"],
            "columns": [
                {
                    "value": values[column["id"]],
                    "text": clean_html(column["text"]),
                    "words": plain_text(column["text"]),
                }
                for column in question["columns"]
            ],
            "rows": [
                {
                    "name": f"row{number}",
                    "text": clean_html(row["text"]),
                    "words": plain_text(row["text"]),
                }
                for number, row in enumerate(rows, 1)
            ],
        }
        secret = {
            **feedback_texts(question),
            "rules": rules_of(question),
            "rows": [
                {"id": row["id"], "right": sorted((values[c] for c in row["columns"]), key=int)}
                for row in rows
            ],
        }
        return Variant(public, secret)

    def look(self, variant: Variant, raw: Raw, view: View) -> dict[str, Any]:
        response = self.parse(variant, raw)
        given = {} if isinstance(response, FormatErrors) else response.data.get("rows", {})
        many = variant.public["mode"] == "multiple"
        judged = view in {View.REVIEW, View.GRADE}
        rows = []
        for number, row in enumerate(variant.public["rows"]):
            chosen = given.get(row["name"], [])
            tone = ""
            if judged and chosen:
                tone = "ok" if self._is_right(variant, number, chosen) else "bad"
            rows.append({**row, "chosen": chosen, "tone": tone})
        return {"lines": rows, "many": many}

    def _is_right(self, variant: Variant, number: int, chosen: Sequence[str]) -> bool:
        right = variant.secret["rows"][number]["right"]
        if variant.public["mode"] == "single":
            return len(chosen) == 1 and chosen[0] in right
        return bool(list(chosen) == right)

    def parse(self, variant: Variant, raw: Raw) -> Response | FormatErrors:
        names = [row["name"] for row in variant.public["rows"]]
        if not only(raw, names):
            return FormatErrors((UNKNOWN_FORM,))
        values = [column["value"] for column in variant.public["columns"]]
        most = 1 if variant.public["mode"] == "single" else 0
        rows = {}
        for name in names:
            chosen = read_ticks({name: raw.get(name, [])}, name, values, most)
            if isinstance(chosen, FormatErrors):
                return chosen
            if chosen:
                rows[name] = chosen
        return Response({"rows": rows} if rows else {})

    def is_complete(self, variant: Variant, response: Response) -> bool:
        wanted = sum(bool(row["right"]) for row in variant.secret["rows"])
        return len(response.data.get("rows", {})) >= wanted

    def parts(self, variant: Variant, response: Response) -> list[Part]:
        given = response.data.get("rows", {})
        words = {column["value"]: column["words"] for column in variant.public["columns"]}
        found = []
        pairs = zip(variant.public["rows"], variant.secret["rows"], strict=True)
        for number, (row, key) in enumerate(pairs):
            chosen = given.get(row["name"], [])
            texts, right = (", ".join(words[v] for v in some) for some in (chosen, key["right"]))
            earned = self._is_right(variant, number, chosen)
            found.append(Part(key["id"], row["words"], texts, right, earned))
        return found

    def correct_response(self, variant: Variant) -> Raw | None:
        many = variant.public["mode"] == "multiple"
        pairs = zip(variant.public["rows"], variant.secret["rows"], strict=True)
        return {
            row["name"]: key["right"] if many else key["right"][0]
            for row, key in pairs
            if key["right"]
        }

    def wrong_response(self, variant: Variant) -> Raw:
        right = set(variant.secret["rows"][0]["right"])
        values = [column["value"] for column in variant.public["columns"]]
        wrong = [value for value in values if value not in right] or values[:1]
        return {variant.public["rows"][0]["name"]: wrong[0]}

    def random_guess_score(self, content: Content) -> Decimal | None:
        question = load_content(self.schema, content)
        if question["mode"] == "multiple" or question["grading"] == "all_or_nothing":
            return None
        if question["wrong_share"]:
            return None
        shares = [Decimal(len(set(row["columns"]))) for row in question["rows"]]
        return sum(shares, Decimal(0)) / (len(shares) * len(question["columns"]))

    def skeleton(self, question: Mapping[str, Any]) -> Any:
        rows, columns = ([part["id"] for part in question[name]] for name in ("rows", "columns"))
        return [question["mode"], rows, columns]

    def public_words(self, content: Content) -> Sequence[str]:
        return [str(number) for number in range(1, 21)]


@hookimpl
def examhall_question_types() -> list[QuestionType]:
    """Return the matrix."""
    return [Matrix()]
