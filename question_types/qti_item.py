"""QTI item: a question as its file has it, run by its own response processing.

What a browser gets is the body alone, made harmless, with native controls in place of the
interactions; declarations, rules, feedback and identifiers stay here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields, validate

from examhall.plugins import (
    Content,
    FormatErrors,
    Fragment,
    Issue,
    QuestionType,
    Raw,
    Response,
    ResponseClass,
    Score,
    ScoreState,
    Variant,
    View,
    hookimpl,
    plain_text,
)
from examhall.plugins.qti.answers import AnswerError
from examhall.plugins.qti.documents import load_item
from examhall.plugins.qti.errors import QtiError
from examhall.plugins.qti.item import SCORE, Item
from examhall.plugins.qti.public import (
    draw_item,
    find_maximum,
    has_feedback,
    make_pass_word,
    read_raw,
    show_feedback,
    value_of,
    write_raw,
)
from examhall.plugins.qti.session import ItemSession, fraction_of
from examhall.question_types.qti_drawing import draw_html
from examhall.question_types.qti_guesses import guess_wrong
from examhall.question_types.shared import UNKNOWN_FORM, ZERO, state_of
from examhall.question_types.verdict import Verdict

MAX_XML = 2_000_000
STYLES = ("graphic.css", "handed_in.css", "qti_item.css")
MANUAL = {"extendedTextInteraction", "uploadInteraction", "drawingInteraction"}


class QtiFile(Schema):
    """A picture or recording of the item, by the address that the item has for it."""

    href = fields.String(required=True, validate=validate.Length(1, 1000))
    media = fields.String(required=True, validate=validate.Regexp(r"media:[0-9a-f]{64}\Z"))


class QtiDocument(Schema):
    """Another XML file that the item needs: shared stimulus, rules of its own."""

    href = fields.String(required=True, validate=validate.Length(1, 1000))
    xml = fields.String(
        required=True, validate=validate.Length(1, MAX_XML), metadata={"widget": "multiline"}
    )


class QtiContent(Schema):
    """The item's own XML, and the files that it names."""

    xml = fields.String(
        required=True,
        validate=validate.Length(1, MAX_XML),
        metadata={"label": "Item XML", "widget": "multiline", "help": "QTI 2.0 to 2.2, or 3.0."},
    )
    files = fields.List(
        fields.Nested(QtiFile),
        load_default=list,
        validate=validate.Length(0, 500),
        metadata={"label": "Pictures and recordings"},
    )
    documents = fields.List(
        fields.Nested(QtiDocument),
        load_default=list,
        validate=validate.Length(0, 50),
        metadata={"label": "Further XML files"},
    )


EXAMPLE = """<?xml version="1.0" encoding="UTF-8"?>
<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p2" identifier="water"
    title="Water" adaptive="false" timeDependent="false">
  <responseDeclaration identifier="RESPONSE" cardinality="single" baseType="identifier">
    <correctResponse><value>molecule</value></correctResponse>
  </responseDeclaration>
  <outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float"/>
  <itemBody>
    <choiceInteraction responseIdentifier="RESPONSE" shuffle="true" maxChoices="1">
      <prompt>What is water?</prompt>
      <simpleChoice identifier="element">An element</simpleChoice>
      <simpleChoice identifier="molecule">A compound</simpleChoice>
      <simpleChoice identifier="mixture">A mixture</simpleChoice>
    </choiceInteraction>
  </itemBody>
  <responseProcessing
    template="http://www.imsglobal.org/question/qti_v2p2/rptemplates/match_correct"/>
</assessmentItem>
"""


class QtiItem(QuestionType):
    """An item of IMS QTI, kept to the letter and scored by its own rules."""

    key = "qti_item"
    version = "1.0.0"
    title = "QTI item"
    summary = "A question in IMS QTI, with its own response processing."

    def content_schema(self) -> type[Schema]:
        return QtiContent

    def example(self) -> Content:
        return {"xml": EXAMPLE, "files": [], "documents": []}

    def validate(self, content: Content) -> list[Issue]:
        try:
            item = _item(content)
            session = ItemSession(item)
            draw_item(session, _files(content), 0)
        except QtiError as error:
            return [Issue("xml", str(error))]
        if find_maximum(session) is None and not _is_manual(item):
            note = "The item gives no points: it has no key, and no maximum is declared."
            return [Issue("xml", note, "warning")]
        return []

    def prepare(self, content: Content, seed: int, locale: str) -> Variant:
        item = _item(content)
        session = ItemSession(item, seed)
        public, codes = draw_item(session, _files(content), seed)
        maximum = find_maximum(session)
        secret = {
            "xml": content["xml"],
            "documents": [dict(document) for document in content.get("documents", ())],
            "files": [dict(entry) for entry in content.get("files", ())],
            "codes": codes,
            "pass_word": make_pass_word(content["xml"], seed, codes),
            "seed": seed,
            "maximum": None if maximum is None else repr(maximum),
        }
        return Variant(public, secret)

    def render(
        self, variant: Variant, view: View, raw: Raw | None = None, *, name: str = ""
    ) -> Fragment:
        verdict = Verdict.of(self, variant, raw) if view in {View.REVIEW, View.GRADE} else None
        shown: Any = raw or {}
        key: list[tuple[str, str]] = []
        if view is View.AUTHOR:
            key = _key_rows(_session(variant))
        html = draw_html(
            variant.public,
            shown if isinstance(shown, Mapping) else {},
            name=name or "qti",
            locked=view is not View.ANSWER,
            verdict=verdict,
            key=key,
        )
        return Fragment(html, module="qti_item.js", styles=STYLES)

    def parse(self, variant: Variant, raw: Raw) -> Response | FormatErrors:
        given: Any = raw
        if not isinstance(given, Mapping):
            return FormatErrors((UNKNOWN_FORM,))
        item = _item(variant.secret)
        try:
            responses = read_raw(item, variant.public, variant.secret, given)
        except AnswerError as error:
            return FormatErrors((str(error),))
        return Response({"responses": responses} if responses else {})

    def is_complete(self, variant: Variant, response: Response) -> bool:
        given = response.data.get("responses", {})
        wanted = {
            interaction["response"]
            for interaction in variant.public["interactions"]
            if interaction["form"] not in {"tick", "media"}
        }
        return bool(given) and wanted <= set(given)

    def score(self, variant: Variant, response: Response) -> Score:
        session = _session(variant)
        given = response.data.get("responses", {})
        try:
            session.submit(
                {name: value_of(session.item, name, texts) for name, texts in given.items()}
            )
        except QtiError as error:
            return _unscored(session, str(error), answered=bool(given))
        outcomes = session.outcomes()
        feedback = ""
        if has_feedback(session):
            feedback = show_feedback(session, _files(variant.secret))
        manual = bool(given) and _waits_for_marker(session.item, variant.secret["maximum"])
        if manual:
            return Score(
                ZERO, ScoreState.NEEDS_MANUAL, feedback=feedback, needs_manual=True,
                outcomes=outcomes,
            )  # fmt: skip
        fraction = _fraction(session, variant.secret["maximum"])
        state = state_of(fraction)
        if not given and fraction <= 0:
            state, fraction = ScoreState.UNANSWERED, min(fraction, ZERO)
        return Score(fraction, state, feedback=feedback, outcomes=outcomes)

    def correct_response(self, variant: Variant) -> Raw | None:
        session = _session(variant)
        responses = {
            name: texts
            for name, texts in session.correct_texts().items()
            if texts and any(name == i["response"] for i in variant.public["interactions"])
        }
        if not responses:
            return None
        raw = write_raw(variant.public, variant.secret, responses)
        parsed = self.parse(variant, raw)
        if isinstance(parsed, FormatErrors) or self.score(variant, parsed).fraction < 1:
            return None
        return raw

    def summarise(self, variant: Variant, response: Response) -> str:
        given = response.data.get("responses", {})
        shown = variant.public["interactions"]
        lines = [
            ", ".join(_words(interaction, codes, text) for text in given[interaction["response"]])
            for interaction, codes in zip(shown, variant.secret["codes"], strict=True)
            if interaction["response"] in given
        ]
        return "; ".join(lines)[:1000]

    def classify(self, variant: Variant, response: Response) -> list[ResponseClass]:
        given = response.data.get("responses", {})
        return [
            ResponseClass(f"{name}: {', '.join(texts)}"[:200], ", ".join(texts)[:200])
            for name, texts in given.items()
        ]

    def can_rescore(self, old: Content, new: Content) -> str | None:
        before, after = (
            {d.identifier: (d.cardinality, d.base_type) for d in _declared(_item(content))}
            for content in (old, new)
        )
        return None if before == after else "The item's responses are declared in another way."

    def simulate(self, variant: Variant, kind: str) -> Raw:
        if kind == "right":
            return self.correct_response(variant) or {}
        if kind == "wrong":
            return guess_wrong(self, variant)
        return {} if kind == "empty" else {"no such control": "x"}

    def public_words(self, content: Content) -> Sequence[str]:
        public = self.prepare(content, 0, "en").public
        places = [str(number) for number in range(1, 200)]
        parts = [part for control in public["interactions"] for part in _parts(control)]
        shown = [part.get("text", "") for part in parts]
        return [*places, *shown, "true"]


def _parts(control: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for part in ("rows", "columns", "choices", "places"):
        found = control.get(part)
        yield from found if isinstance(found, list) else ()


def _files(content: Mapping[str, Any]) -> dict[str, str]:
    return {entry["href"]: entry["media"] for entry in content.get("files", ())}


def _item(content: Mapping[str, Any]) -> Item:
    documents = tuple((entry["href"], entry["xml"]) for entry in content.get("documents", ()))
    return load_item(content["xml"], documents)


def _session(variant: Variant) -> ItemSession:
    return ItemSession(_item(variant.secret), variant.secret["seed"])


def _declared(item: Item) -> list[Any]:
    return [item.declarations[interaction.response] for interaction in item.interactions]


def _is_manual(item: Item) -> bool:
    return any(interaction.kind in MANUAL for interaction in item.interactions)


def _waits_for_marker(item: Item, maximum: str | None) -> bool:
    """Items whose score comes from outside, and free answers that nothing scores."""
    score = item.declarations.get(SCORE)
    if score is not None and score.external:
        return True
    return maximum is None and _is_manual(item)


def _fraction(session: ItemSession, maximum: str | None) -> Decimal:
    score = session.score()
    if score is None or maximum is None:
        return ZERO
    return max(min(fraction_of(score, float(maximum)), Decimal(1)), Decimal(-1))


def _unscored(session: ItemSession, reason: str, *, answered: bool) -> Score:
    """The item's rules came to nonsense: a person has to look."""
    if not answered:
        return Score(ZERO, ScoreState.UNANSWERED, outcomes=session.outcomes())
    return Score(
        ZERO, ScoreState.NEEDS_MANUAL, needs_manual=True,
        outcomes={**session.outcomes(), "processingError": [reason]},
    )  # fmt: skip


def _key_rows(session: ItemSession) -> list[tuple[str, str]]:
    return [(name, ", ".join(texts)) for name, texts in session.correct_texts().items() if texts]


def _words(control: Mapping[str, Any], codes: Mapping[str, str], text: str) -> str:
    """Return a value in the words that the candidate read."""
    shown = {
        codes[part["value"]]: plain_text(part.get("text") or part.get("label", ""))
        for part in _parts(control)
        if part["value"] in codes
    }
    return " - ".join(shown.get(word, word) for word in text.split()) if shown else text


@hookimpl
def examhall_question_types() -> list[QuestionType]:
    """Return the QTI item."""
    return [QtiItem()]
