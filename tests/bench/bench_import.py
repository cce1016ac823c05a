"""Seconds that 10,000 questions take into the bank, by format; EXAMHALL_BENCH_QUESTIONS fewer."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from examhall.core.exams.transfer import export_questions, import_questions
from examhall.core.permissions import SYSTEM
from tests.bench.regrading import question
from tests.exam_house import House, open_house

COUNT = int(os.environ.get("EXAMHALL_BENCH_QUESTIONS", "10000"))
AIM = 60.0


def as_json(house: House, count: int) -> bytes:
    """Return questions as the json format writes them."""
    kind, content, _ = question(0)
    house.question(SYSTEM, kind, content)
    document = json.loads(export_questions(house.platform, SYSTEM, "json").content)
    first = document["questions"][0]
    document["questions"] = [
        {**first, "type": kind, "title": f"Question {number}", "content": content,
         "identifier": f"q{number}"}
        for number in range(count)
        for kind, content, _ in [question(number)]
    ]  # fmt: skip
    return json.dumps(document).encode()


def as_gift(house: House, count: int) -> bytes:
    """Return questions as GIFT."""
    kinds = (
        "::Question {n}::Which one, {n}? {{=Option 1 ~Option 2 ~Option 3}}",
        "::Question {n}::Which word, {n}? {{=answer {n} =%50%reply {n}}}",
        "::Question {n}::Which number, {n}? {{#{n}:0.5}}",
    )
    return "\n\n".join(kinds[n % 3].format(n=n) for n in range(count)).encode()


def as_moodle_xml(house: House, count: int) -> bytes:
    """Return short answers as Moodle XML."""
    rows = "".join(
        f'<question type="shortanswer"><name><text>Question {n}</text></name>'
        f'<questiontext format="html"><text>Which word, {n}?</text></questiontext>'
        f'<answer fraction="100"><text>answer {n}</text></answer></question>'
        for n in range(count)
    )
    return f'<?xml version="1.0"?><quiz>{rows}</quiz>'.encode()


FORMATS: dict[str, Callable[[House, int], bytes]] = {
    "json": as_json,
    "gift": as_gift,
    "moodle_xml": as_moodle_xml,
}


@pytest.fixture(params=["sqlite_url", "postgres_url"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    with open_house(request.getfixturevalue(request.param), tmp_path) as house:
        yield house


@pytest.mark.timeout(0)
@pytest.mark.parametrize("key", FORMATS)
def test_import(house: House, key: str, request: pytest.FixtureRequest) -> None:
    data = FORMATS[key](house, COUNT)
    began, before = time.perf_counter(), time.process_time()
    report = import_questions(house.platform, SYSTEM, key, data)
    seconds, cpu = time.perf_counter() - began, time.process_time() - before
    stored = [entry for entry in report.questions if entry.question_id is not None]
    assert (len(stored), tuple(report.problems)) == (COUNT, ())
    print(f"\n{request.node.name}: {COUNT} questions in {seconds:.1f} s; aim {AIM:.0f} s")
    print(f"CPU of this process: {cpu:.1f} s")
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
