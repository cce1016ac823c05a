"""More questions of the neutral form: matches, orders, gaps, clozes, calculated ones, pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from examhall.plugins import Raw, Variant
from examhall.question_types.order import raw_of_texts
from tests.interop.neutral_basics import (
    Neutral,
    number_content,
    plain,
    text_content,
    text_of,
)

GAP = re.compile(r"\[\[\d+\]\]")
DOT = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42"
    "YAAAAASUVORK5CYII="
)
PICTURE = {"image": DOT, "image_alt": "A picture", "width": 1000, "height": 1000}


def match_content(data: Neutral) -> dict[str, Any]:
    """Return stems with the answers of their texts."""
    ids = {text: f"a{number}" for number, text in enumerate(data["choices"])}
    stems = [{"text": stem, "answer_id": ids[answer]} for stem, answer in data["pairs"]]
    return {"stems": stems, "answers": [{"id": ids[text], "text": text} for text in ids]}


def enter_pairs(data: Neutral, variant: Variant, response: Neutral) -> Raw:
    """Choose an answer for each stem that is named."""
    names = {stem["text"]: stem["name"] for stem in variant.public["stems"]}
    values = {answer["text"]: answer["value"] for answer in variant.public["answers"]}
    pairs = response["pairs"].items()
    return {names[stem]: values[answer] for stem, answer in pairs if answer is not None}


def order_content(data: Neutral) -> dict[str, Any]:
    """Return the items that were asked."""
    return {
        "items": [{"text": text} for text in data["used_items"]],
        "grading": data["gradingtype"],
    }


def enter_order(data: Neutral, variant: Variant, response: Neutral) -> Raw:
    """Put the items in the candidate's order; nobody's is the right one."""
    texts = response["order"]
    return raw_of_texts(variant, data["used_items"] if texts is None else texts)


def gap_content(data: Neutral) -> dict[str, Any]:
    """Return a stem whose gaps name their right choices by number."""
    choices = list(_choices(data))
    places = (data["places"][str(n)] for n in range(1, len(data["places"]) + 1))
    numbers = iter([choices.index((int(p["group"]), p["right"])) + 1 for p in places])
    stem = GAP.sub(lambda _: f"[[{next(numbers)}]]", data["text"])
    return {"stem": stem, "choices": [{"text": text, "group": group} for group, text in choices]}


def _choices(data: Neutral) -> Iterator[tuple[int, str]]:
    for group, texts in data["choices"].items():
        yield from ((int(group), text) for text in texts)


def enter_gaps(data: Neutral, variant: Variant, response: Neutral) -> Raw:
    """Choose in each gap that is named."""
    values = {(c["group"], c["text"]): c["value"] for c in variant.public["choices"]}
    groups = {gap["name"]: gap["group"] for gap in variant.public["gaps"]}
    places = {f"p{number}": text for number, text in response["places"].items() if text is not None}
    return {name: values[groups[name], text] for name, text in places.items()}


def cloze_content(data: Neutral) -> dict[str, Any]:
    """Return gaps of all kinds."""
    parts = [_part(part) for part in data["subquestions"]]
    return {"parts": parts, "spaces_count": True, "decimal_mark": "."}


def _part(data: Neutral) -> dict[str, Any]:
    weight = {"weight": text_of(data["weight"])}
    if data["type"] == "shortanswer":
        text = text_content(data)
        kept = {name: text[name] for name in ("answers", "case_sensitive")}
        return {"kind": "text", **kept, **weight}
    if data["type"] == "numerical":
        return {"kind": "numeric", "numbers": number_content(data)["answers"], **weight}
    options = [
        {"text": answer["answer"], "fraction": text_of(answer["fraction"])}
        for answer in data["answers"]
    ]
    return {"kind": "choice" if data["single"] else "multiple", "options": options, **weight}


def enter_cloze(data: Neutral, variant: Variant, response: Neutral) -> Raw:
    """Fill gaps: `sub1_answer` is a text or the number of an option, `sub1_choice0` a tick."""
    given = response["0"] if set(response) == {"0"} else response
    raw: dict[str, Any] = {}
    for number, part in enumerate(variant.public["parts"], 1):
        answer = given.get(f"sub{number}_answer")
        if part["kind"] in {"text", "numeric"}:
            raw[part["name"]] = plain(answer)
            continue
        options = variant.secret["parts"][number - 1]["options"]
        values = {str(option["place"]): value for value, option in options.items()}
        if part["kind"] == "choice":
            raw[part["name"]] = values.get(plain(answer), "")
        else:
            ticks = (place for place in values if int(given.get(f"sub{number}_choice{place}") or 0))
            raw[part["name"]] = [values[place] for place in ticks]
    return raw


def calculated_content(data: Neutral) -> dict[str, Any]:
    """Return formulas that are numbers already, and the numbers of the wildcards."""
    numbers = number_content({**data, "answers": _as_texts(data["answers"])})
    for answer in numbers["answers"]:
        answer["formula"] = answer.pop("value")
    wildcards = [
        {"name": name, "values": [text_of(value)]} for name, value in data["dataset_values"].items()
    ]
    return {**numbers, "kind": "simple", "wildcards": wildcards}


def _as_texts(answers: Sequence[Neutral]) -> list[dict[str, Any]]:
    return [{**answer, "answer": str(answer["answer"])} for answer in answers]


def label_content(data: Neutral) -> dict[str, Any]:
    """Return places on a picture; where they lie does not matter."""
    choices = [
        {"id": f"drag{n}", "text": text, "group": str(group), "infinite": True}
        for n, (group, text) in enumerate(_choices(data))
    ]
    ids = {(choice["group"], choice["text"]): choice["id"] for choice in choices}
    places = [
        {
            "id": f"drop{number}",
            "group": str(place["group"]),
            "x": 10,
            "y": 40 * int(number),
            "choice": ids[str(place["group"]), place["right"]],
        }
        for number, place in data["places"].items()
    ]
    return {**PICTURE, "choices": choices, "places": places}


def enter_labels(data: Neutral, variant: Variant, response: Neutral) -> Raw:
    """Put labels on the places that are named."""
    values = {
        (str(choice["group"]), choice["text"]): choice["value"]
        for choice in variant.public["choices"]
    }
    return {
        f"place{number}": values[str(data["places"][number]["group"]), text]
        for number, text in response["places"].items()
        if text is not None
    }


def marker_content(data: Neutral) -> dict[str, Any]:
    """Return markers and the zones where they belong."""
    markers = [
        {
            "id": f"marker{number}",
            "text": marker["text"],
            "limit": 0 if marker["infinite"] else marker["noofdrags"],
        }
        for number, marker in enumerate(data["markers"], 1)
    ]
    zones = [
        {
            "shape": zone["shape"],
            "coords": zone["coords"],
            "marker": f"marker{data['right'][str(zone['no'])]}",
        }
        for zone in data["dropzones"]
    ]
    return {**PICTURE, "markers": markers, "zones": zones}


def enter_marks(data: Neutral, variant: Variant, response: Neutral) -> Raw:
    """Put markers on the points of `c1`, `c2`, ..."""
    values = {name: value for value, name in variant.secret["markers"].items()}
    return {
        "marks": [
            f"{values[f'marker{number}']}:{point}"
            for number in range(1, len(data["markers"]) + 1)
            for point in str(response.get(f"c{number}") or "").split(";")
            if point
        ]
    }
