"""Figures, marks and classes of responses of whole exams, beside those of Moodle 4.5.

The material has attempts (steps), their marks (results), figures (qstats) and counts of responses
(responsecounts). The questions themselves are not in it: their keys are written down here.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from examhall.core.analysis.figures import ItemFigures, effective_weights, item_figures
from examhall.plugins import FormatErrors, Raw, ResponseClass, Variant
from tests.interop.neutral import find_type

Report = tuple[str, int, int, Sequence[object]]
Row = Mapping[str, str]

PLACES = 0.00005
"""Half of the fourth decimal."""

QUIZ = Path("interop/moodle/files/moodle/mod/quiz")
STATISTICS = QUIZ / "report/statistics/tests/fixtures"
NAMES = ("frog", "cat", "newt")

SHORT = {
    "stem": "An amphibian?",
    "answers": [
        {"text": "frog"},
        {"text": "toad", "fraction": "0.8"},
        {"text": "*", "fraction": "0", "match": "wildcard"},
    ],
}
PI = {
    "stem": "Pi?",
    "answers": [
        {"value": "3.14"},
        {"value": "3.142", "fraction": "0"},
        {"value": "3.1", "fraction": "0"},
        {"value": "3", "fraction": "0"},
        {"value": "*", "fraction": "0"},
    ],
}
ANIMALS = {
    "stem": "Classify.",
    "stems": [
        {"id": "frog", "text": "frog", "answer_id": "a"},
        {"id": "cat", "text": "cat", "answer_id": "m"},
        {"id": "newt", "text": "newt", "answer_id": "a"},
    ],
    "answers": [
        {"id": "m", "text": "mammal"},
        {"id": "a", "text": "amphibian"},
        {"id": "i", "text": "insect"},
    ],
}
TRUE = {"stem": "True?", "mode": "true_false", "answer": True}
NUMBERS = ("One", "Two", "Three", "Four")
TWO_OF_FOUR = {
    "stem": "Odd?",
    "mode": "multiple",
    "options": [
        {
            "id": name,
            "text": name,
            "correct": name in {"One", "Three"},
            "fraction": "0.5" if name in {"One", "Three"} else "0",
        }
        for name in NUMBERS
    ],
}
ONE_OF_FOUR = {
    "stem": "One?",
    "mode": "single",
    "options": [
        {
            "id": name,
            "text": name,
            "correct": name == "One",
            "fraction": "1" if name == "One" else "0",
        }
        for name in NUMBERS
    ],
}
RHYME = {
    "stem": "The {#1} and the {#2}.",
    "parts": [
        {
            "kind": "text",
            "weight": 1,
            "answers": [
                {"text": "Owl"},
                {"text": "*", "fraction": "0", "match": "wildcard"},
            ],
        },
        {
            "kind": "choice",
            "weight": 1,
            "layout": "select",
            "options": [
                {"text": "Bow-wow", "fraction": "0"},
                {"text": "Wiggly worm", "fraction": "0"},
                {"text": "Pussy-cat", "fraction": "1"},
            ],
        },
    ],
}


def run(shared: Path) -> list[Report]:
    """Compare everything about whole exams in the Moodle material."""
    folder = shared / STATISTICS
    return [
        compare_figures(folder),
        compare_marks("statistics: marks of a quiz", folder, folder),
        compare_marks(
            "statistics: marks of a second quiz", shared / QUIZ / "tests/fixtures", folder
        ),
        compare_responses(folder),
    ]


def compare_figures(folder: Path) -> Report:
    """Compare the figures of each question, of the questions drawn and of the variants."""
    results, steps = read(folder / "results00.csv"), read(folder / "steps00.csv")
    slots = sorted(int(name.split(".")[1]) for name in results[0] if name.startswith("slots"))
    marks = {slot: [float(row[f"slots.{slot}.mark"]) for row in results] for slot in slots}
    totals = [sum(marks[slot][place] for slot in slots) for place in range(len(results))]
    whole = [_figures(marks[slot], totals, range(len(totals))) for slot in slots]
    weights = dict(zip(slots, effective_weights(whole), strict=True))
    compared = []
    for row in read(folder / "qstats00.csv"):
        slot = int(row["slot"])
        places = _chosen(row, slot, steps)
        # What is drawn at random is measured there against the totals with it, all else without.
        drawn = bool(row["subqname"])
        found = _figures(marks[slot], totals, places, with_own=drawn)
        is_whole = not drawn and not row["variant"]
        weight = weights[slot] if is_whole else None
        compared += list(_compare_row(row, found, weight))
    return _report("statistics: figures of questions", compared)


def compare_marks(name: str, folder: Path, figures: Path) -> Report:
    """Compare the mark of each response and the sum of each attempt."""
    sums = read_sums(figures)
    compared = []
    for row, result in zip(
        read(folder / "steps00.csv"), read(folder / "results00.csv"), strict=False
    ):
        total = Decimal(0)
        for slot in range(1, 8):
            wanted = result[f"slots.{slot}.mark"]
            if slot == 2 and row["variants.2"] not in sums:
                # The right answer of this variant is nowhere in the material.
                total += Decimal(wanted)
                continue
            variant, raw, key = build(row, slot, sums)
            fraction = score(key, variant, raw)
            total += fraction
            place = f"{row['quizattempt']} slot {slot}"
            compared.append((place, wanted, abs(float(fraction) - float(wanted)) < PLACES))
        wanted = result["summarks"]
        is_equal = abs(float(total) - float(wanted)) < PLACES
        compared.append((f"{row['quizattempt']} sum", wanted, is_equal))
    return _report(name, compared)


def compare_responses(folder: Path) -> Report:
    """Compare how often each response was given, in the class that it belongs to."""
    sums = read_sums(folder)
    counts: Counter[tuple[str, ...]] = Counter()
    for row in read(folder / "steps00.csv"):
        for slot in (1, 2, 3):
            variant, raw, key = build(row, slot, sums)
            for part, label, given in _classes(row, slot, key, variant, raw):
                drawn = row["randqs.1"] if slot == 1 else ""
                number = row["variants.2"] if slot == 2 else "1"
                counts[str(slot), drawn, number, part, label, given] += 1
    compared = []
    for wanted in read(folder / "responsecounts00.csv"):
        names = ("slot", "randq", "variant", "subpart", "modelresponse", "actualresponse")
        place = tuple(wanted[name] for name in names)
        compared.append((place, wanted["totalcount"], counts[place] == int(wanted["totalcount"])))
    return _report("statistics: classes of responses", compared)


def read(path: Path) -> list[Row]:
    """Return the rows of a CSV file."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def read_sums(folder: Path) -> dict[str, str]:
    """Return the right answer of each variant of the sum: what is told to match its formula."""
    sums = {}
    for name in ("responsecounts01.csv", "responsecounts00.csv"):
        for row in read(folder / name):
            if row["modelresponse"].startswith("{a}") and row["actualresponse"]:
                sums[row["variant"]] = row["actualresponse"]
    return sums


def build(row: Row, slot: int, sums: Mapping[str, str]) -> tuple[Variant, Raw, str]:
    """Return edition, response and type key of what an attempt has at a slot."""
    kind, content, answer = _SLOTS[slot](row, sums)
    plugin = find_type(kind)
    schema = plugin.content_schema()()
    variant = plugin.prepare(schema.dump(schema.load(content)), 1, "en")
    return variant, answer(variant), kind


def score(key: str, variant: Variant, raw: Raw) -> Decimal:
    """Return what a response is worth, negative shares as nothing."""
    plugin = find_type(key)
    response = plugin.parse(variant, raw)
    if isinstance(response, FormatErrors):
        return Decimal(0)
    return plugin.score(variant, response).fraction


Answer = Callable[[Variant], Raw]
Slot = tuple[str, Mapping[str, Any], Answer]


def _first(row: Row, _: Mapping[str, str]) -> Slot:
    given = row["responses.1.answer"]
    if row["randqs.1"] == "numerical":
        return "numeric", PI, lambda _: {"value": given}
    return "text_entry", SHORT, lambda _: {"text": given}


def _sum(row: Row, sums: Mapping[str, str]) -> Slot:
    # A variant that nobody had right has no answer in the material: nothing matches it.
    right = sums.get(row["variants.2"], "1000000")
    answers = [{"value": right, "tolerance": "0.01", "tolerance_kind": "relative"}]
    given = row["responses.2.answer"]
    return "numeric", {"stem": "Sum?", "answers": answers}, lambda _: {"value": given}


def _animals(row: Row, _: Mapping[str, str]) -> Slot:
    def answer(variant: Variant) -> Raw:
        values = {one["text"]: one["value"] for one in variant.public["answers"]}
        return {
            stem["name"]: values[row[f"responses.3.{stem['text']}"]]
            for stem in variant.public["stems"]
        }

    return "match", ANIMALS, answer


def _true(row: Row, _: Mapping[str, str]) -> Slot:
    words = {"1": "True", "0": "False"}
    return (
        "choice",
        TRUE,
        lambda variant: _chosen_options(variant, [words[row["responses.4.answer"]]]),
    )


def _two(row: Row, _: Mapping[str, str]) -> Slot:
    given = [name for name in NUMBERS if row[f"responses.5.{name}"] == "1"]
    return "choice", TWO_OF_FOUR, lambda variant: _chosen_options(variant, given)


def _one(row: Row, _: Mapping[str, str]) -> Slot:
    given = [row["responses.6.answer"]]
    return "choice", ONE_OF_FOUR, lambda variant: _chosen_options(variant, given)


def _rhyme(row: Row, _: Mapping[str, str]) -> Slot:
    def answer(variant: Variant) -> Raw:
        first, second = variant.public["parts"]
        values = {one["text"]: one["value"] for one in second["options"]}
        return {
            first["name"]: row["responses.7.1.answer"],
            second["name"]: values[row["responses.7.2.answer"]],
        }

    return "cloze", RHYME, answer


_SLOTS: Mapping[int, Callable[[Row, Mapping[str, str]], Slot]] = {
    1: _first,
    2: _sum,
    3: _animals,
    4: _true,
    5: _two,
    6: _one,
    7: _rhyme,
}


def _chosen_options(variant: Variant, texts: Sequence[str]) -> Raw:
    values = {option["text"]: option["value"] for option in variant.public["options"]}
    return {"choice": [values[text] for text in texts]}


def _classes(
    row: Row, slot: int, key: str, variant: Variant, raw: Raw
) -> Iterator[tuple[str, str, str]]:
    """Yield part, class and response, as the material calls them."""
    plugin = find_type(key)
    response = plugin.parse(variant, raw)
    assert not isinstance(response, FormatErrors)
    found = plugin.classify(variant, response)
    if slot == 3:
        for one in found:
            part = NAMES.index(one.label.split(":")[0]) + 1
            yield str(part), one.label, one.label.split(": ")[1]
        return
    given = row[f"responses.{slot}.answer"]
    yield "1", _label(slot, key, found, given), given


def _label(slot: int, key: str, found: Sequence[ResponseClass], given: str) -> str:
    """Return the name of the class of a text or number: its answer, or that there is none."""
    [one] = found
    if slot == 2:
        return "[NO MATCH]" if one.key == "other" else "{a} + {b} (±0.01 Relative)"
    if key == "numeric" and one.label != "*":
        value = one.label.split(" ")[0]
        return f"{value} ({value}..{value})"
    return one.label


def _chosen(row: Row, slot: int, steps: Sequence[Row]) -> list[int]:
    """Return which attempts had the question drawn, or the variant, that a row is about."""
    if row["subqname"]:
        return [n for n, step in enumerate(steps) if step[f"randqs.{slot}"] == row["subqname"]]
    if row["variant"]:
        return [n for n, step in enumerate(steps) if step[f"variants.{slot}"] == row["variant"]]
    return list(range(len(steps)))


def _figures(
    marks: Sequence[float],
    totals: Sequence[float],
    places: Sequence[int],
    *,
    with_own: bool = False,
) -> ItemFigures:
    own = [marks[place] for place in places]
    whole = [totals[place] for place in places]
    others = whole if with_own else [a - b for a, b in zip(whole, own, strict=True)]
    return item_figures(own, others, 1.0, whole)


def _compare_row(
    row: Row, found: ItemFigures, weight: float | None
) -> Iterator[tuple[object, str, bool]]:
    values = {
        "s": float(found.count),
        "facility": found.facility,
        "sd": found.deviation,
        "effectiveweight": weight,
        "covariance": found.covariance,
        "markvariance": found.mark_variance,
        "othermarkvariance": found.other_variance,
        "discriminationindex": found.discrimination_index,
        "covariancemax": found.covariance_max,
        "discriminativeefficiency": found.discriminative_efficiency,
    }
    for name, value in values.items():
        wanted = row[name]
        if wanted == "**NULL**":
            yield (row["slot"], name), wanted, value is None
        elif wanted:
            is_equal = value is not None and abs(value - float(wanted)) < PLACES
            yield (row["slot"], row["subqname"], row["variant"], name, value), wanted, is_equal


def _report(name: str, compared: Sequence[tuple[object, str, bool]]) -> Report:
    differences = [(place, wanted) for place, wanted, is_equal in compared if not is_equal]
    return name, len(compared) - len(differences), len(compared), differences
