"""Scoring responses to questions that stand in files, with nothing stored.

For whoever moves questions here from another program: the same responses must earn the same. Each
case names a file, a question in it and responses as that file's world writes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from examhall.core.contracts.formats import Format, FormatError, PortableQuestion
from examhall.core.contracts.question_type import (
    FormatErrors,
    QuestionType,
    Response,
    Score,
    ScoreState,
    Variant,
)
from examhall.core.errors import ExamhallError, InvalidError, NotFoundError
from examhall.core.exams.reading import GUESS, MAX_FILE, Candidate, Reading, read_questions

if TYPE_CHECKING:
    from examhall.core.platform import Platform

SEED = 0
LOCALE = "en"


@dataclass(frozen=True, slots=True)
class Case:
    """A response to score: `question` is a place among the file's questions or an identifier."""

    file: str
    responses: Mapping[str, Any]
    format: str = GUESS
    question: int | str = 0


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What a response is worth, as in an attempt: one that cannot be read gives nothing.

    `fraction` is None where a person has to mark it.
    """

    fraction: Decimal | None
    state: str
    outcomes: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Prepared:
    format: Format
    type: QuestionType
    question: PortableQuestion
    variant: Variant


class CaseScorer:
    """Scores cases; each file is read and each question prepared once.

    Paths are looked up in `folders`, one after the other.
    """

    def __init__(self, platform: Platform, folders: Sequence[Path]) -> None:
        self._platform = platform
        self._plugins = platform.plugins
        self._folders = folders
        self._readings: dict[tuple[str, str], Reading] = {}
        self._prepared: dict[tuple[str, str, int | str], _Prepared] = {}

    def score(self, case: Case) -> CaseResult:
        """Score a case; raises ExamhallError that says what is wrong with it."""
        prepared = self._prepare(case)
        raw = self._read_responses(prepared, case.responses)
        response = self._plugins.call(
            prepared.type, "parse", prepared.variant, raw, expect=(Response, FormatErrors)
        )
        if isinstance(response, FormatErrors):
            return CaseResult(Decimal(0), str(ScoreState.INVALID))
        score: Score = self._plugins.call(
            prepared.type, "score", prepared.variant, response, expect=Score
        )
        if score.needs_manual:
            return CaseResult(None, str(ScoreState.NEEDS_MANUAL), score.outcomes)
        return CaseResult(score.fraction, str(score.state), score.outcomes)

    def _read_responses(self, prepared: _Prepared, responses: Mapping[str, Any]) -> Any:
        arguments = (prepared.question, prepared.variant, responses)
        try:
            return self._plugins.call(prepared.format, "read_responses", *arguments, expect=Mapping)
        except FormatError as error:
            raise InvalidError(str(error)) from error

    def _prepare(self, case: Case) -> _Prepared:
        name = (case.file, case.format, case.question)
        found = self._prepared.get(name)
        if found is None:
            found = self._prepared[name] = self._prepare_anew(case)
        return found

    def _prepare_anew(self, case: Case) -> _Prepared:
        reading = self._read(case)
        candidate = _find(reading, case.question)
        if candidate.checked is None or candidate.imported.question is None:
            raise InvalidError(f"The question was refused: {' '.join(candidate.imported.notes)}")
        plugin = self._plugins.question_type(candidate.checked.type)
        variant = self._plugins.call(
            plugin, "prepare", candidate.checked.content, SEED, LOCALE, expect=Variant
        )
        return _Prepared(
            self._plugins.format(reading.format), plugin, candidate.imported.question, variant
        )

    def _read(self, case: Case) -> Reading:
        name = (case.file, case.format)
        if name not in self._readings:
            path = self._locate(case.file)
            data = read_limited(path)
            self._readings[name] = read_questions(self._platform, case.format, data, path.name)
        return self._readings[name]

    def _locate(self, name: str) -> Path:
        for folder in self._folders:
            try:
                if (folder / name).is_file():
                    return folder / name
            except (OSError, ValueError):
                break
        raise NotFoundError(f"There is no file {name!r:.300}.")


def read_limited(path: Path) -> bytes:
    """Return a file's bytes, at most one more than may be imported; raises NotFoundError."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE + 1)
    except OSError as error:
        raise NotFoundError(f"{path} cannot be read: {error.strerror}.") from error


def _find(reading: Reading, question: int | str) -> Candidate:
    """Return a question by identifier or title, or by its place among those that were taken."""
    if isinstance(question, str):
        for candidate in reading.candidates:
            names = {candidate.imported.identifier}
            if candidate.imported.question is not None:
                names.add(candidate.imported.question.title)
            if question in names:
                return candidate
        raise NotFoundError(f"The file has no question {question!r:.300}.")
    taken = [candidate for candidate in reading.candidates if candidate.checked is not None]
    if 0 <= question < len(taken):
        return taken[question]
    refused = [c.imported for c in reading.candidates if c.checked is None]
    reasons = [f"{one.identifier}: {' '.join(one.notes)}" for one in refused[:3]]
    problem = " ".join([*reading.report.problems[:3], *reasons])
    raise NotFoundError(
        f"The file has {len(taken)} questions that can be used, none at place {question}. {problem}"
    )


def describe_failure(error: ExamhallError) -> str:
    """Return an error as one line."""
    return " ".join(error.message.split())
