"""Labels and markers score as the recorded cases of Moodle's ddimageortext and ddmarker do."""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from examhall.plugins import Variant
from examhall.question_types.graphic_gap_match import GraphicGapMatch
from examhall.question_types.position_object import PositionObject
from tests.question_types.asking import answer, ask

NEAR = Decimal("0.000001")
PICTURE = {"stem": "x", "image": f"media:{'0' * 64}", "width": 800, "height": 600}


def markers_content(question: Mapping[str, Any]) -> dict[str, Any]:
    """Return a position object question of a neutral ddmarker."""
    return {
        **PICTURE,
        "markers": [
            {"id": f"m{n}", "text": marker["text"], "limit": int(marker["noofdrags"])}
            for n, marker in enumerate(question["markers"], 1)
        ],
        "zones": [
            {
                "shape": zone["shape"],
                "coords": zone["coords"],
                "marker": f"m{question['right'][str(zone['no'])]}",
            }
            for zone in question["dropzones"]
        ],
    }


def marks_of(response: Mapping[str, str]) -> dict[str, Any]:
    pairs = [(name[1:], text) for name, text in response.items() if text]
    return {"marks": [f"{kind}:{point}" for kind, text in pairs for point in text.split(";")]}


def labels_content(question: Mapping[str, Any]) -> dict[str, Any]:
    """Return a graphic gap match of a neutral ddimageortext."""
    choices = [
        {"id": f"g{group}c{n}", "text": text, "group": group, "infinite": True}
        for group, texts in question["choices"].items()
        for n, text in enumerate(texts, 1)
    ]
    ids = {(choice["group"], choice["text"]): choice["id"] for choice in choices}
    places = [
        {"id": f"p{n}", "group": p["group"], "choice": ids[p["group"], p["right"]]}
        for n, p in question["places"].items()
    ]
    return {**PICTURE, "choices": choices, "places": places}


def labels_of(content: Mapping[str, Any], variant: Variant, response: Any) -> dict[str, str]:
    values = {identifier: value for value, identifier in variant.secret["choices"].items()}
    ids = {(choice["group"], choice["text"]): choice["id"] for choice in content["choices"]}
    groups = [place["group"] for place in content["places"]]
    return {
        f"place{n}": values[ids[groups[int(n) - 1], text]]
        for n, text in response["places"].items()
        if text is not None
    }


def score(question: Mapping[str, Any], response: Mapping[str, Any]) -> Decimal:
    if question["type"] == "ddmarker":
        variant = ask(PositionObject(), markers_content(question))
        return answer(PositionObject(), variant, marks_of(response)).fraction
    content = labels_content(question)
    variant = ask(GraphicGapMatch(), content)
    raw = labels_of(content, variant, response)
    return answer(GraphicGapMatch(), variant, raw).fraction


def read(shared: Path, name: str) -> Any:
    return json.loads((shared / "interop" / "moodle" / name).read_text())


def test_graded_responses_have_moodles_fractions(shared: Path) -> None:
    cases = [
        case
        for case in read(shared, "grading_cases.json")
        if case["qtype"] in {"ddmarker", "ddimageortext"}
    ]
    assert len(cases) == 15
    for case in cases:
        found = score(case["question"], case["response"])
        assert abs(found - Decimal(str(case["expected_fraction"]))) < NEAR, case["id"]


def test_imported_questions_have_moodles_fractions(shared: Path) -> None:
    found = read(shared, "import_and_grade.json")
    questions = {
        (question["file"], question["index"]): question["question"]
        for question in found["questions"]
        if question["qtype"] in {"ddmarker", "ddimageortext"}
    }
    cases = [c for c in found["cases"] if (c["file"], c["question_index"]) in questions]
    assert len(cases) > 50
    for case in cases:
        question = questions[case["file"], case["question_index"]]
        worth = score(question, case["response"])
        assert abs(worth - Decimal(str(case["expected_fraction"]))) < NEAR, case["id"]
