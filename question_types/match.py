"""Match: stems, each with its answer from one list."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

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
from examhall.question_types.credit import EACH_PART
from examhall.question_types.graded import (
    GradedQuestion,
    Part,
    read_choices,
    shown_choices,
    shuffled,
)
from examhall.question_types.match_content import MatchContent
from examhall.question_types.shared import ONE, feedback_texts, load_content

_RICH = re.compile(r"<(?:img|math|audio|video|table)\b")


class Match(GradedQuestion):
    """Stems and a list of answers. Each stem with its right answer earns its share.

    Answers are judged by their text: two of the same text are one answer, and stand in the list
    once. Some answers may belong to no stem.
    """

    key = "match"
    version = "1.0.0"
    title = "Match"
    summary = "Stems, each to be matched with its answer from one list."
    parts_fail_alone = True
    schema = MatchContent
    template = "match.html"
    sheets = ("words.css",)

    def example(self) -> Content:
        return {
            "stem": "<p>Match each river with the sea that it flows into.</p>",
            "stems": [
                {"id": "danube", "text": "Danube", "answer_id": "black"},
                {"id": "volga", "text": "Volga", "answer_id": "caspian"},
                {"id": "nile", "text": "Nile", "answer_id": "mediterranean"},
            ],
            "answers": [
                {"id": "black", "text": "Black Sea"},
                {"id": "caspian", "text": "Caspian Sea"},
                {"id": "mediterranean", "text": "Mediterranean Sea"},
                {"id": "north", "text": "North Sea"},
            ],
        }

    def validate(self, content: Content) -> list[Issue]:
        question = load_content(self.schema, content)
        known = [answer["id"] for answer in question["answers"]]
        issues = [
            Issue(f"answers.{number}.id", "Another answer has the same.")
            for number, name in enumerate(known)
            if name in known[:number]
        ]
        issues += [
            Issue(f"stems.{number}.answer_id", "There is no answer of this identifier.")
            for number, stem in enumerate(question["stems"])
            if stem["answer_id"] not in known
        ]
        if len(_distinct(question["answers"])) < 2:
            issues.append(Issue("answers", "Give at least two answers."))
        return issues

    def prepare(self, content: Content, seed: int, locale: str) -> Variant:
        question = load_content(self.schema, content)
        answers = shuffled(_distinct(question["answers"]), seed, salt="answers")
        values = {answer["text"].strip(): str(n) for n, answer in enumerate(answers, 1)}
        texts = {answer["id"]: answer["text"].strip() for answer in question["answers"]}
        stems = [{**stem, "place": place} for place, stem in enumerate(question["stems"])]
        if question["shuffle"]:
            stems = shuffled(stems, seed)
        public = {
            "stem": clean_html(question["stem"]),
            "stems": [
                {"name": f"s{n}", "text": clean_html(s["text"]), "words": plain_text(s["text"])}
                for n, s in enumerate(stems, 1)
            ],
            "answers": [
                {
                    "value": str(n),
                    "text": clean_html(answer["text"]),
                    "words": plain_text(answer["text"]) or f"Answer {n}",
                }
                for n, answer in enumerate(answers, 1)
            ],
        }
        key = {
            f"s{n}": {
                "id": stem["id"] or f"stem{stem['place'] + 1}",
                "place": stem["place"],
                "right": values.get(texts.get(stem["answer_id"], ""), ""),
            }
            for n, stem in enumerate(stems, 1)
        }
        return Variant(public, {"stems": key, "rules": EACH_PART, **feedback_texts(question)})

    def parse(self, variant: Variant, raw: Raw) -> Response | FormatErrors:
        names = [stem["name"] for stem in variant.public["stems"]]
        values = [answer["value"] for answer in variant.public["answers"]]
        chosen = read_choices(raw, names, values)
        if isinstance(chosen, FormatErrors):
            return chosen
        return Response({"pairs": chosen} if chosen else {})

    def is_complete(self, variant: Variant, response: Response) -> bool:
        return len(response.data.get("pairs", {})) == len(variant.public["stems"])

    def parts(self, variant: Variant, response: Response) -> list[Part]:
        given = response.data.get("pairs", {})
        words = {answer["value"]: answer["words"] for answer in variant.public["answers"]}
        found = []
        for stem in variant.public["stems"]:
            key, chosen = variant.secret["stems"][stem["name"]], given.get(stem["name"], "")
            right = words.get(key["right"], "")
            earned = bool(chosen) and chosen == key["right"]
            found.append(Part(key["id"], stem["words"], words.get(chosen, ""), right, earned))
        return found

    def look(self, variant: Variant, raw: Raw, view: View) -> dict[str, Any]:
        return {
            "chosen": shown_choices(raw, [stem["name"] for stem in variant.public["stems"]]),
            "is_rich": any(_RICH.search(answer["text"]) for answer in variant.public["answers"]),
        }

    def correct_response(self, variant: Variant) -> Raw | None:
        return {name: stem["right"] for name, stem in variant.secret["stems"].items()}

    def wrong_response(self, variant: Variant) -> Raw:
        values = [answer["value"] for answer in variant.public["answers"]]
        return {
            name: next(value for value in values if value != stem["right"])
            for name, stem in variant.secret["stems"].items()
        }

    def random_guess_score(self, content: Content) -> Decimal | None:
        question = load_content(self.schema, content)
        return ONE / len(_distinct(question["answers"]))

    def skeleton(self, question: Mapping[str, Any]) -> Any:
        stems = [stem["id"] for stem in question["stems"]]
        return [stems, [answer["id"] for answer in _distinct(question["answers"])]]

    def public_words(self, content: Content) -> Sequence[str]:
        return [str(number) for number in range(1, 51)]


def _distinct(answers: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the first answer of each text."""
    return list({answer["text"].strip(): answer for answer in reversed(answers)}.values())[::-1]


@hookimpl
def examhall_question_types() -> list[QuestionType]:
    """Return the match."""
    return [Match()]
