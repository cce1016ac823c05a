"""What file uploads, recordings and drawings share: a person marks them, files are named by texts.

A file in a response is one line: its reference, its size in bytes, its content type, its name.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from marshmallow import Schema

from examhall.plugins import (
    Content,
    Criterion,
    FormatErrors,
    Fragment,
    Issue,
    QuestionType,
    Raw,
    Response,
    Score,
    ScoreState,
    Variant,
    View,
    clean_html,
    media_address,
)
from examhall.question_types.rubric import (
    check_criteria,
    criteria_field,
    keep_criteria,
    read_criteria,
)
from examhall.question_types.shared import (
    UNKNOWN_FORM,
    ZERO,
    QuestionContent,
    has_only,
    html_field,
    load_content,
    templates,
)
from examhall.question_types.verdict import Verdict

MEGABYTE = 1024 * 1024
SHEET = "handed_in.css"
_FILE = re.compile(r"(media:[0-9a-f]{64}) ([0-9]{1,12}) ([a-z]+/[a-z0-9.+-]{1,100}) ([^\n]{1,200})")


class HandedInContent(QuestionContent):
    """A question that a person marks."""

    rubric = html_field("Rubric", load_default="", help="For markers only.")
    criteria = criteria_field()


@dataclass(frozen=True, slots=True)
class HandedFile:
    """A file that a response names; type and name are the candidate's word."""

    reference: str
    size: int
    content_type: str
    name: str

    @property
    def address(self) -> str:
        """Where a page finds it; only the candidate and the markers may see it."""
        return media_address(self.reference)

    @property
    def family(self) -> str:
        """`image`, `audio`, `video`, or something that is only saved."""
        return self.content_type.partition("/")[0]

    @property
    def words(self) -> str:
        """The file in a few words."""
        return f"{self.name} ({spell_size(self.size)})"


class HandedIn(QuestionType):
    """A question without a key: what is handed in waits for a marker."""

    needs_marker = True
    schema: ClassVar[type[HandedInContent]]
    template: ClassVar[str]
    module: ClassVar[str]

    def content_schema(self) -> type[Schema]:
        return self.schema

    def validate(self, content: Content) -> list[Issue]:
        return check_criteria(load_content(self.schema, content)["criteria"])

    @abstractmethod
    def describe(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the candidate may know besides the stem."""

    @abstractmethod
    def look(self, variant: Variant, raw: Raw, view: View) -> dict[str, Any]:
        """Return what the template needs besides the usual."""

    def prepare(self, content: Content, seed: int, locale: str) -> Variant:
        question = load_content(self.schema, content)
        secret = {
            "rubric": question["rubric"],
            "feedback": question["feedback"],
            "criteria": keep_criteria(question["criteria"]),
        }
        return Variant({"stem": clean_html(question["stem"]), **self.describe(question)}, secret)

    def render(
        self, variant: Variant, view: View, raw: Raw | None = None, *, name: str = ""
    ) -> Fragment:
        keyed = view in {View.GRADE, View.AUTHOR}
        html = templates.render(
            self.template,
            name=name or self.key,
            public=variant.public,
            answering=view is View.ANSWER,
            printed=view is View.PRINT,
            rubric=variant.secret["rubric"] if keyed else "",
            result=self._verdict(variant, raw) if view in {View.REVIEW, View.GRADE} else None,
            **self.look(variant, raw if isinstance(raw, Mapping) else {}, view),
        )
        return Fragment(html, self.module if view is View.ANSWER else None, (SHEET,))

    def is_complete(self, variant: Variant, response: Response) -> bool:
        return bool(response.data)

    def score(self, variant: Variant, response: Response) -> Score:
        feedback = variant.secret["feedback"]
        if not response.data:
            return Score(ZERO, ScoreState.UNANSWERED, feedback=feedback)
        return Score(ZERO, ScoreState.NEEDS_MANUAL, feedback=feedback, needs_manual=True)

    def criteria(self, variant: Variant) -> Sequence[Criterion]:
        return read_criteria(variant.secret.get("criteria", ()))

    def correct_response(self, variant: Variant) -> Raw | None:
        return None

    def _verdict(self, variant: Variant, raw: Raw | None) -> Verdict | None:
        verdict = Verdict.of(self, variant, raw)
        return verdict if verdict.feedback or verdict.tone != "accent" else None


def read_files(raw: Raw, control: str, limits: Mapping[str, Any]) -> Response | FormatErrors:
    """Read the files that a response names, each once, against the limits of the question."""
    if not has_only(raw, control):
        return FormatErrors((UNKNOWN_FORM,))
    given = raw.get(control, [])
    given = [given] if isinstance(given, str) else given
    if not isinstance(given, list) or not all(isinstance(line, str) for line in given):
        return FormatErrors(("The answer is no list of files.",))
    lines = list(dict.fromkeys(line for line in given if line))
    files = [read_file(line) for line in lines]
    if len(lines) > limits["max_count"]:
        return FormatErrors((f"The answer has more than {limits['max_count']} files.",))
    if any(file is None or file.size > limits["max_bytes"] for file in files):
        return FormatErrors(("The answer names a file that cannot be one.",))
    return Response({control: lines} if lines else {})


def read_file(line: str) -> HandedFile | None:
    """Return the file that a line of a response names, None where it names none."""
    found = _FILE.fullmatch(line)
    if found is None or not found[4].isprintable() or not found[4].strip():
        return None
    return HandedFile(found[1], int(found[2]), found[3], found[4])


def named_files(response: Response | FormatErrors, control: str) -> list[HandedFile]:
    """Return the files of a response that was read."""
    lines = [] if isinstance(response, FormatErrors) else response.data.get(control, [])
    return [file for line in lines if (file := read_file(line)) is not None]


def sample_line(name: str, content_type: str) -> str:
    """Return the line of a file that was never sent, for tests."""
    digest = "".join(f"{ord(letter) % 16:x}" for letter in name * 64)[:64]
    return f"media:{digest} 1000 {content_type} {name}"


def spell_size(size: int) -> str:
    """Write a size for people: `1.5 MB`."""
    if size >= MEGABYTE:
        return f"{size / MEGABYTE:.1f}".removesuffix(".0") + " MB"
    return f"{max(size // 1024, 1)} kB"
