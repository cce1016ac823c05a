"""Scoring many responses at once: every distinct pair of edition and response is scored once.

Question types and scorers are pure, so that equal questions, editions and responses have equal
results. What is left for each attempt is to look its items up and to add them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from examhall.core.attempts.certainty import without_certainty
from examhall.core.attempts.models import AttemptItem
from examhall.core.attempts.modes.course import Mode
from examhall.core.contracts.question_type import FormatErrors, Score, ScoreState, Variant
from examhall.core.contracts.scorer import AttemptScore, Grade, ItemPolicy, ItemScore
from examhall.core.decimals import write_decimal
from examhall.core.errors import PluginCallError, PluginError
from examhall.core.regrading.plan import Counting, Plan, Source
from examhall.core.regrading.sheets import ItemRow, OldResult, Sheet
from examhall.core.regrading.variants import Edition, VariantBook
from examhall.core.scoring.results import (
    CHANGED,
    FAILED,
    PARSED,
    ItemResult,
    apply_mark,
    apply_score,
    base_of,
    is_score,
    kept_points,
    unreadable,
    write_digest,
    write_stamp,
)
from examhall.core.tries.queries import NO_TRIES
from examhall.core.tries.scoring import ItemSheet, score_item

if TYPE_CHECKING:
    from examhall.core.platform import Platform

MOST_CELLS = 200_000
NOBODY = UUID(int=0)

CellKey = tuple[Any, ...]
Response = tuple[ItemRow, OldResult, Edition, Sheet]


@dataclass(slots=True)
class Cell:
    """The result of all responses that are equal; its `item_id` is nobody's."""

    result: ItemResult
    score: ItemScore
    seen: tuple[Any, ...] = ()
    _stamp: str = ""
    _columns: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        self.seen = (self.result.fraction, self.result.points, self.result.state)

    @property
    def stamp(self) -> str:
        """What `write_stamp` says of it."""
        if not self._stamp:
            self._stamp = write_stamp(self.result)
        return self._stamp

    @property
    def columns(self) -> tuple[Any, ...]:
        """What the row of an item's score says, from `fraction` to `certainty`."""
        if not self._columns:
            one = self.result
            self._columns = (
                one.fraction,
                one.points,
                one.max_points,
                one.state,
                one.needs_manual,
                one.feedback,
                list(one.parts),
                one.plugin_key,
                one.plugin_version,
                one.config_digest,
                one.marked_by,
                one.comment,
                one.certainty,
            )
        return self._columns


@dataclass(slots=True)
class Counted:
    """An attempt as it counts now; with a `reason` it cannot be counted."""

    sheet: Sheet
    reason: str = ""
    editions: list[Edition] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    points: Decimal = Decimal(0)
    max_points: Decimal = Decimal(0)
    complete: bool = True
    grade: Grade = field(default_factory=lambda: Grade(""))
    counting: Counting | None = None
    changes: list[tuple[ItemRow, OldResult, ItemResult]] = field(default_factory=list)

    def find_changes(self) -> None:
        """Note the items whose result is another than the newest score's."""
        self.changes = [
            (row, old, cell.result)
            for row, old, cell in zip(self.sheet.rows, self.sheet.old, self.cells, strict=True)
            if (old.fraction, old.points, old.state) != cell.seen
        ]

    @property
    def is_changed(self) -> bool:
        """Whether anything that a person can see is another than in the newest score."""
        base = self.sheet.base
        return (
            base.points != self.points
            or base.max_points != self.max_points
            or base.complete != self.complete
            or base.grade_label != self.grade.label[:100]
            or base.passed != self.grade.passed
            or bool(self.changes)
        )

    def digest(self) -> str:
        """Return the digest of the score version that this makes, as scoring writes it."""
        assert self.counting is not None  # noqa: S101 - only counted attempts are written
        return write_digest(
            [
                write_decimal(self.points),
                write_decimal(self.max_points),
                self.complete,
                self.grade.label,
                self.grade.passed,
                self.counting.scorer.key,
                self.counting.scorer.version,
                self.counting.config_digest,
            ],
            (
                (row.item_id, row.revision or 0, cell.result.marked_by, cell.stamp)
                for row, cell in zip(self.sheet.rows, self.cells, strict=True)
            ),
        )


class Engine:
    """Counts attempts by a plan; remembers what it has scored."""

    def __init__(self, platform: Platform, plan: Plan) -> None:
        self._platform = platform
        self._plugins = platform.plugins
        self._plan = plan
        self._book = VariantBook(platform, plan.sources)
        self._cells: dict[CellKey, Cell] = {}

    def find_checked(self, sheets: Iterable[Sheet]) -> list[Sheet]:
        """Return those attempts whose candidates could check answers: `add_tries` is for them."""
        plan = self._plan
        return [one for one in sheets if plan.treatment_of(one.base.exam_version_id).has_checks]

    def prepare(self, sheets: Iterable[Sheet]) -> list[Counted]:
        """Find everybody's editions; who cannot have all of them gets the reason."""
        return [self._prepare(sheet) for sheet in sheets]

    def count(self, sheets: Iterable[Sheet]) -> list[Counted]:
        """Score and add up; raises PluginError when a scorer fails."""
        counted = self.prepare(sheets)
        groups: dict[int, tuple[Counting, list[Counted]]] = {}
        for one in counted:
            if not one.reason:
                base = one.sheet.base
                scoring = self._plan.scoring_of(base.exam_version_id, base.scoring)
                one.counting = self._plan.counting(self._platform, scoring)
                groups.setdefault(id(one.counting), (one.counting, []))[1].append(one)
        for counting, group in groups.values():
            self._fill(counting, group)
            self._add_up(counting, group)
        return counted

    def _prepare(self, sheet: Sheet) -> Counted:
        find, seed = self._book.find, sheet.base.seed
        editions = [find(row.source_id, row.public, row.secret, seed) for row in sheet.rows]
        reason = next((edition.reason for edition in editions if edition.reason), "")
        return Counted(sheet, reason, editions)

    def _fill(self, counting: Counting, group: Sequence[Counted]) -> None:
        """Give every attempt its cells, scoring what was not met before."""
        if len(self._cells) > MOST_CELLS:
            self._cells.clear()
        cells, missing = self._cells, {}
        how = id(counting)
        keyed: list[list[CellKey]] = []
        for one in group:
            treatment = self._plan.treatment_of(one.sheet.base.exam_version_id)
            is_deferred = treatment.mode is Mode.DEFERRED
            keys: list[CellKey] = []
            for row, old, edition in zip(one.sheet.rows, one.sheet.old, one.editions, strict=True):
                key: CellKey = (how, edition, row.raw)
                if old.marked_by is not None:
                    key = (*key, old, row.revision)
                if not is_deferred:
                    key = (*key, treatment, row.item_id if treatment.has_checks else None)
                if key not in cells:
                    missing[key] = (row, old, edition, one.sheet)
                keys.append(key)
            keyed.append(keys)
        self._score(counting, missing)
        for one, keys in zip(group, keyed, strict=True):
            one.cells = [cells[key] for key in keys]

    def _score(self, counting: Counting, missing: Mapping[CellKey, Response]) -> None:
        if not missing:
            return
        results = self._score_responses(list(missing.values()))
        scores = self._score_items(counting, results)
        for key, result, score in zip(missing, results, scores, strict=True):
            points = kept_points(counting.scorer, score.points)
            self._cells[key] = Cell(replace(result, points=points), score)

    def _score_items(
        self, counting: Counting, results: Sequence[ItemResult]
    ) -> Iterator[ItemScore]:
        """Ask the scorer once for all items that are the same to it."""
        keys = [_scored_by(result) for result in results]
        distinct = dict(zip(keys, results, strict=True))
        calls = [
            (base_of(result), ItemPolicy(result.max_points, result.section, counting.settings))
            for result in distinct.values()
        ]
        scores = self._plugins.call_all(counting.scorer, "score_item", calls, expect=ItemScore)
        _raise_first(scores)
        score_of = dict(zip(distinct, scores, strict=True))
        return (score_of[key] for key in keys)

    def _score_responses(self, pairs: Sequence[Response]) -> list[ItemResult]:
        by_type: dict[str, list[int]] = {}
        results: dict[int, ItemResult] = {}
        for place, (row, _, edition, sheet) in enumerate(pairs):
            source = self._plan.sources[row.source_id]
            treatment = self._plan.treatment_of(sheet.base.exam_version_id)
            if treatment.mode is Mode.DEFERRED:
                by_type.setdefault(source.type, []).append(place)
            else:
                item = item_sheet(source, row, edition.variant, sheet)
                found = score_item(self._plugins, treatment, item)
                results[place] = replace(found, item_id=NOBODY)
        for type_key, places in by_type.items():
            scores = self._ask_type(type_key, [pairs[place] for place in places])
            results.update(zip(places, scores, strict=True))
        return [
            _keep_mark(row, old, results[place]) if old.marked_by else results[place]
            for place, (row, old, _, _) in enumerate(pairs)
        ]

    def _ask_type(self, type_key: str, pairs: Sequence[Response]) -> list[ItemResult]:
        """Let a question type score responses; what it fails at is left to a person."""
        try:
            plugin = self._plugins.question_type(type_key)
        except PluginError:
            return [_blank(self._plan.sources[row.source_id]) for row, _, _, _ in pairs]
        digest = self._plugins.config_digest(plugin)
        blank_of = {
            source_id: replace(
                _blank(self._plan.sources[source_id]),
                plugin_version=plugin.version,
                config_digest=digest,
            )
            for source_id in {row.source_id for row, _, _, _ in pairs}
        }
        blanks = [blank_of[row.source_id] for row, _, _, _ in pairs]
        scores: dict[int, Score] = {}
        raws = [
            (edition.variant, without_certainty(json.loads(row.raw)) if row.raw else {})
            for row, _, edition, _ in pairs
        ]
        parsed = self._plugins.call_all(plugin, "parse", raws, expect=PARSED)
        readable = []
        for place, response in enumerate(parsed):
            if isinstance(response, FormatErrors):
                scores[place] = unreadable(response)
            elif not isinstance(response, PluginCallError):
                readable.append((place, (raws[place][0], response)))
        calls = [call for _, call in readable]
        answers = self._plugins.call_all(plugin, "score", calls, expect=Score)
        for (place, _), answer in zip(readable, answers, strict=True):
            if not isinstance(answer, PluginCallError) and is_score(answer):
                scores[place] = answer
        return [
            apply_score(blank, scores[place]) if place in scores else blank
            for place, blank in enumerate(blanks)
        ]

    def _add_up(self, counting: Counting, group: Sequence[Counted]) -> None:
        scorer, settings = counting.scorer, counting.settings
        calls: list[tuple[Any, ...]] = [
            ([cell.score for cell in one.cells], settings) for one in group
        ]
        totals = self._plugins.call_all(scorer, "score_attempt", calls, expect=AttemptScore)
        _raise_first(totals)
        calls = [(total, settings) for total in totals]
        grades = self._plugins.call_all(scorer, "grade", calls, expect=Grade)
        _raise_first(grades)
        for one, total, grade in zip(group, totals, grades, strict=True):
            one.points = kept_points(scorer, total.points) or Decimal(0)
            one.max_points = kept_points(scorer, total.max_points) or Decimal(0)
            one.complete, one.grade = bool(total.complete), grade
            one.find_changes()


def _blank(source: Source) -> ItemResult:
    return ItemResult(
        item_id=NOBODY,
        section=source.section,
        max_points=source.points,
        state=str(ScoreState.NEEDS_MANUAL),
        fraction=None,
        needs_manual=True,
        plugin_key=source.type,
        plugin_version=source.plugin_version,
        config_digest="",
        comment=FAILED,
    )


def item_sheet(source: Source, row: ItemRow, variant: Variant, sheet: Sheet) -> ItemSheet:
    """Return an item as the feedback modes score it."""
    item_id = UUID(row.item_id)
    tries = sheet.tries.get(item_id, NO_TRIES)
    item = AttemptItem(
        id=item_id,
        section=source.section,
        points=source.points,
        type=source.type,
        plugin_version=source.plugin_version,
        public=dict(variant.public),
        secret=dict(variant.secret),
    )
    raw = json.loads(row.raw) if row.raw else None
    return ItemSheet(item, raw, row.revision or 0, tries.content, tries.tries)


def _keep_mark(row: ItemRow, old: OldResult, result: ItemResult) -> ItemResult:
    """Keep a person's mark while the response is the one that was marked."""
    if old.marked_by is None or old.fraction is None:
        return result
    if old.revision == (row.revision or 0):
        return apply_mark(result, old.fraction, old.marked_by, old.comment or "")
    return replace(result, comment=CHANGED) if result.needs_manual else result


def _scored_by(result: ItemResult) -> tuple[Any, ...]:
    """Return all that a scorer is told of an item: see `base_of` and ItemPolicy."""
    return (
        result.max_points,
        result.section,
        result.fraction,
        result.state,
        result.needs_manual,
        result.certainty,
    )


def _raise_first(answers: Iterable[Any]) -> None:
    for answer in answers:
        if isinstance(answer, PluginCallError):
            raise answer
