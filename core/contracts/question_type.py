"""Question types: from an author's content to a candidate's score."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from marshmallow import Schema

from examhall.core.contracts.base import Kind, Plugin

Content = Mapping[str, Any]
"""A question as its author wrote it, key and feedback included: what `content_schema` dumps of what
it loaded, so decimals are texts."""

Raw = Mapping[str, Any]
"""What the browser sent for one item: control names to text or lists of text."""


class View(StrEnum):
    """For whom an item is drawn."""

    ANSWER = "answer"
    REVIEW = "review"
    GRADE = "grade"
    AUTHOR = "author"
    PRINT = "print"


class ScoreState(StrEnum):
    """What became of a response."""

    UNANSWERED = "unanswered"
    RIGHT = "right"
    PARTIAL = "partial"
    WRONG = "wrong"
    INVALID = "invalid"
    NEEDS_MANUAL = "needs_manual"


@dataclass(frozen=True, slots=True)
class Issue:
    """Something an author should mend; `path` names the field, dotted."""

    path: str
    message: str
    severity: str = "error"


@dataclass(frozen=True, slots=True)
class Variant:
    """One candidate's edition of a question.

    `public` is all that ever reaches the candidate's browser: no key, no weight, no feedback.
    `secret` is what scoring needs besides. Both are JSON objects.
    """

    public: Mapping[str, Any]
    secret: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fragment:
    """HTML of one item, escaped and safe, with the assets it wants.

    `module` names an ES module and `styles` style sheets among the plugin's static files. Controls
    carry plain `name` attributes: the exam room reads and restores them by name.
    """

    html: str
    module: str | None = None
    styles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Response:
    """A candidate's answer in the type's own form (a JSON object); empty data means no answer."""

    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FormatErrors:
    """Why a raw response could not be read; the messages are for the candidate."""

    messages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PartScore:
    """The score of one part of a response; `fraction` between 0 and 1 of this part's share."""

    key: str
    fraction: Decimal
    weight: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Score:
    """The worth of a response: `fraction` of the item's points, normally between 0 and 1.

    `feedback` is HTML for the candidate; core makes it harmless before it is kept. `outcomes` are
    the named results of types that have some of their own, as lists of text. `certainty` is how
    sure the candidate was (1 to 3): core fills it in for scorers, None where an exam does not ask.
    """

    fraction: Decimal
    state: ScoreState
    parts: tuple[PartScore, ...] = ()
    feedback: str = ""
    needs_manual: bool = False
    outcomes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    certainty: int | None = None


@dataclass(frozen=True, slots=True)
class Hint:
    """What helps after a try that failed; `text` is HTML.

    With `show_count` the candidate learns how many parts were right, with `clear_wrong` the wrong
    ones are emptied for the next try.
    """

    text: str
    show_count: bool = False
    clear_wrong: bool = False


@dataclass(frozen=True, slots=True)
class TryHelp:
    """What a question says about several tries: a hint after each, and the penalty of each.

    `penalty` is a share of the points, None where the question does not say.
    """

    hints: tuple[Hint, ...] = ()
    penalty: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ResponseClass:
    """A group of like responses for analysis, with the fraction that it earns."""

    key: str
    label: str
    fraction: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """How well a criterion can be met; `key` is unique within it."""

    key: str
    text: str
    points: Decimal


@dataclass(frozen=True, slots=True)
class Criterion:
    """Something that a marker judges. The best levels of all criteria together earn full marks."""

    key: str
    title: str
    levels: tuple[Level, ...]


class QuestionType(Plugin):
    """A kind of question. Scoring is pure and deterministic; nothing here touches a database."""

    kind: ClassVar[Kind] = Kind.QUESTION_TYPE
    content_version: ClassVar[int] = 1
    takes_answer: ClassVar[bool] = True
    """Whether there is anything to answer."""
    needs_marker: ClassVar[bool] = False
    """Whether people mark it: there is nothing to check while an attempt runs."""
    parts_fail_alone: ClassVar[bool] = False
    """Whether a failed try costs only the parts (`Score.parts`) that were not right."""

    @abstractmethod
    def content_schema(self) -> type[Schema]:
        """Return the schema of an author's content; the editor's form comes from it."""

    @abstractmethod
    def example(self) -> Content:
        """Return a complete, valid question, as a start for authors and for the contract tests."""

    def validate(self, content: Content) -> list[Issue]:
        """Say what is wrong with content that passed the schema (no key, unreachable score)."""
        return []

    def migrate(self, content: Content, from_version: int) -> Content:
        """Return content of an older `content_version` in today's form."""
        return content

    @abstractmethod
    def prepare(self, content: Content, seed: int, locale: str) -> Variant:
        """Make a candidate's edition; the same arguments always make the same one."""

    @abstractmethod
    def render(
        self, variant: Variant, view: View, raw: Raw | None = None, *, name: str = ""
    ) -> Fragment:
        """Draw the item, filled with `raw` where given; `name` makes ids unique in a page."""

    @abstractmethod
    def parse(self, variant: Variant, raw: Raw) -> Response | FormatErrors:
        """Read what a browser sent. Hostile input gives FormatErrors, never an exception."""

    @abstractmethod
    def is_complete(self, variant: Variant, response: Response) -> bool:
        """Say whether every part has an answer."""

    @abstractmethod
    def score(self, variant: Variant, response: Response) -> Score:
        """Score a response; a type that people mark returns `needs_manual`."""

    @abstractmethod
    def correct_response(self, variant: Variant) -> Raw | None:
        """Return a raw response that earns full marks, None where there is no such thing."""

    @abstractmethod
    def summarise(self, variant: Variant, response: Response) -> str:
        """Return the response in a line of plain text."""

    def classify(self, variant: Variant, response: Response) -> list[ResponseClass]:
        """Sort the response into classes for analysis."""
        return []

    def random_guess_score(self, content: Content) -> Decimal | None:
        """Return the mean fraction of blind guessing, None where it cannot be told."""
        return None

    def can_rescore(self, old: Content, new: Content) -> str | None:
        """Say why responses to `old` cannot be scored with `new`, None where they can."""
        return None

    def criteria(self, variant: Variant) -> Sequence[Criterion]:
        """Return what a marker looks at one by one, nothing where there is no such list."""
        return ()

    @abstractmethod
    def simulate(self, variant: Variant, kind: str) -> Raw:
        """Make a response for tests; `kind` is `right`, `wrong`, `empty` or `invalid`."""

    def help_for_tries(self, content: Content) -> TryHelp:
        """Return hints and penalty, for exams that let candidates try again.

        A type whose content has `hints` (a list of objects with `text`, `show_count` and
        `clear_wrong`) and `penalty` (a decimal) has nothing to do.
        """
        hints = tuple(
            Hint(hint["text"], bool(hint.get("show_count")), bool(hint.get("clear_wrong")))
            for hint in content.get("hints") or ()
        )
        penalty = content.get("penalty")
        return TryHelp(hints, None if penalty in {None, ""} else Decimal(str(penalty)))

    def keep_right(self, variant: Variant, raw: Raw) -> Raw:
        """Return what a hint that clears wrong parts leaves of a raw response.

        By itself what is the same in `correct_response`: whole controls, and of lists the values.
        """
        right = self.correct_response(variant) or {}
        kept: dict[str, Any] = {}
        for name, value in raw.items():
            wanted = right.get(name)
            if isinstance(value, list) and isinstance(wanted, list):
                kept[name] = [one for one in value if one in wanted]
            elif value == wanted:
                kept[name] = value
        return kept

    def public_words(self, content: Content) -> Sequence[str]:
        """Return texts of the key that a candidate may see anyway (the options of a choice)."""
        return ()
