"""Hot text: words of a text that candidates choose."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from marshmallow import fields, validate

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
from examhall.question_types.graded import GradedQuestion, Part, read_ticks
from examhall.question_types.shared import (
    ONE,
    decimal_field,
    feedback_texts,
    html_field,
    load_content,
)

MOST_WORDS = 200
TAG = re.compile(r"(<(?:[^>\"]|\"[^\"]*\")*>)")
WORD = re.compile(r"\[\[(=?)([^\[\]]{1,300})\]\]")


class HotTextContent(CreditContent):
    """A hot text as its author wrote it."""

    text = html_field(
        "Text", required=True, help="Words to choose from stand in [[ ]], right ones in [[= ]]."
    )
    most = fields.Integer(
        load_default=0,
        strict=True,
        validate=validate.Range(0, MOST_WORDS),
        metadata={"label": "Words at most", "help": "0: as many as one likes."},
    )
    wrong_share = decimal_field(
        "A wrong one takes off",
        load_default=ONE,
        validate=[validate.Range(0, 1)],
        help="As a share of what a right one earns: 0 for nothing, 1 for as much.",
    )


class HotText(GradedQuestion):
    """A text in which words are marked. A browser knows the words by their place in the text."""

    key = "hot_text"
    version = "1.0.0"
    title = "Hot text"
    summary = "Words that are chosen in a text."
    schema = HotTextContent
    template = "hot_text.html"

    def example(self) -> Content:
        return {
            "stem": "<p>Choose all verbs.</p>",
            "text": "<p>The [[old]] fox [[=runs]] to the [[river]], [[=drinks]] some water and "
            "[[=watches]] the [[grey]] geese.</p>",
        }

    def validate(self, content: Content) -> list[Issue]:
        question = load_content(self.schema, content)
        pieces = list(split_text(question["text"]))
        words = [piece for piece in pieces if piece["hot"]]
        if any("[[" in piece["html"] for piece in pieces if piece["html"][0] != "<"):
            return [Issue("text", "Close every [[ with ]], with nothing but words between them.")]
        right = sum(bool(word["right"]) for word in words)
        if not right:
            return [Issue("text", "No word is right: write [[=word]] around one at least.")]
        if len(words) > MOST_WORDS:
            return [Issue("text", f"There are more than {MOST_WORDS} words to choose from.")]
        if len(words) == right and not question["most"]:
            message = "All words are right: there is nothing to choose."
            return [Issue("text", message, "warning")]
        if 0 < question["most"] < right:
            return [Issue("most", f"There are {right} right words.")]
        return []

    def prepare(self, content: Content, seed: int, locale: str) -> Variant:
        question = load_content(self.schema, content)
        pieces, keys = [], []
        for piece in split_text(question["text"]):
            if piece["hot"]:
                keys.append(bool(piece["right"]))
                value, words = str(len(keys)), plain_text(piece["html"])
                pieces.append({"html": piece["html"], "value": value, "words": words})
            else:
                pieces.append({"html": piece["html"], "value": "", "words": ""})
        public = {
            "stem": clean_html(question["stem"]),
            "pieces": pieces,
            "most": question["most"],
        }
        secret = {**feedback_texts(question), "rules": rules_of(question), "right": keys}
        return Variant(public, secret)

    def _words(self, variant: Variant) -> dict[str, str]:
        pieces = variant.public["pieces"]
        return {piece["value"]: piece["words"] for piece in pieces if piece["value"]}

    def look(self, variant: Variant, raw: Raw, view: View) -> dict[str, Any]:
        response = self.parse(variant, raw)
        chosen = [] if isinstance(response, FormatErrors) else response.data.get("words", [])
        judged = view in {View.REVIEW, View.GRADE, View.AUTHOR}
        right = self._right(variant) if judged else []
        pieces = []
        for piece in variant.public["pieces"]:
            value = piece["value"]
            shown = judged and (value in chosen or (value in right and view is not View.REVIEW))
            tone = ("ok" if value in right else "bad") if shown else ""
            pieces.append({**piece, "chosen": value in chosen, "tone": tone})
        return {"pieces": pieces}

    def _right(self, variant: Variant) -> list[str]:
        return [str(n) for n, right in enumerate(variant.secret["right"], 1) if right]

    def parse(self, variant: Variant, raw: Raw) -> Response | FormatErrors:
        chosen = read_ticks(raw, "word", list(self._words(variant)), variant.public["most"])
        if isinstance(chosen, FormatErrors):
            return chosen
        return Response({"words": chosen} if chosen else {})

    def parts(self, variant: Variant, response: Response) -> list[Part]:
        chosen = response.data.get("words", [])
        right = self._right(variant)
        return [
            Part(
                f"word{value}",
                "",
                words if value in chosen else "",
                words if value in right else "",
                value in right and value in chosen,
                value not in right,
            )
            for value, words in self._words(variant).items()
            if value in chosen or value in right
        ]

    def whole(self, variant: Variant, response: Response, parts: Sequence[Part]) -> int:
        return len(self._right(variant))

    def told(self, variant: Variant, view: View, raw: Raw) -> list[dict[str, str]]:
        return []

    def correct_response(self, variant: Variant) -> Raw | None:
        return {"word": self._right(variant)}

    def wrong_response(self, variant: Variant) -> Raw:
        right = self._right(variant)
        wrong = [value for value in self._words(variant) if value not in right]
        return {"word": wrong[:1] or right[:1]}

    def skeleton(self, question: Mapping[str, Any]) -> Any:
        return [piece["html"] for piece in split_text(question["text"]) if piece["hot"]]

    def public_words(self, content: Content) -> Sequence[str]:
        return [str(number) for number in range(1, MOST_WORDS + 1)]


def split_text(text: str) -> Iterator[dict[str, Any]]:
    """Yield the pieces of a text in order: `html`, whether it is `hot`, and if so `right`.

    Only marks in the text itself count, not those inside of a tag. What is yielded is harmless.
    """
    for place, part in enumerate(TAG.split(clean_html(text))):
        if place % 2:
            yield {"html": part, "hot": False, "right": False}
            continue
        end = 0
        for match in WORD.finditer(part):
            if match.start() > end:
                yield {"html": part[end : match.start()], "hot": False, "right": False}
            yield {"html": match[2].strip(), "hot": True, "right": bool(match[1])}
            end = match.end()
        if end < len(part):
            yield {"html": part[end:], "hot": False, "right": False}


@hookimpl
def examhall_question_types() -> list[QuestionType]:
    """Return the hot text."""
    return [HotText()]
