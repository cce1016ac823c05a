"""The format `json`: what goes out comes in again, and hostile files are a report."""

import io
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examhall.plugins import Fidelity, MediaFile, PortableQuestion, QuestionBundle
from examhall.plugins.formats import json_format
from examhall.plugins.formats.json_format import JsonFormat
from examhall.plugins.testing import FormatContract

TYPE = JsonFormat()

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
questions = st.builds(
    PortableQuestion,
    type=st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True),
    title=texts.filter(bool),
    content=st.dictionaries(texts, values, max_size=4),
    points=st.decimals(0, 10**6, places=4),
    identifier=texts,
    tags=st.lists(texts.filter(bool), max_size=3).map(tuple),
)


class TestJson(FormatContract):
    plugin = TYPE


def read(data: bytes):
    return TYPE.import_(io.BytesIO(data))


def document(*entries, **more) -> bytes:
    whole = {"format": "examhall.questions", "version": 1, "questions": list(entries), **more}
    return json.dumps(whole).encode()


ESSAY = {"type": "essay", "title": "One", "content": {"stem": "?"}}


@given(st.lists(questions, max_size=5))
def test_a_round_trip_changes_nothing(made) -> None:
    report = read(TYPE.export(QuestionBundle(tuple(made))))
    assert report.problems == ()
    assert [one.question for one in report.questions] == made
    assert all(one.fidelity is Fidelity.EXACT for one in report.questions)
    assert [type(one.question.points) for one in report.questions] == [Decimal] * len(made)


def test_a_question_needs_little() -> None:
    [one] = read(document(ESSAY)).questions
    assert one.question == PortableQuestion("essay", "One", {"stem": "?"})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b"null",
        b"{" * 100_000,
        b"[" * 100_000,
        b'{"format": "examhall.questions", "version": 1}',
        b'{"format": "examhall.questions", "version": 2, "questions": []}',
        b'{"format": "examhall.questions", "version": true, "questions": []}',
        b'{"format": "examhall.questions", "version": 1, "version": 1, "questions": []}',
        b'{"format": "examhall.questions", "version": 1, "questions": [NaN]}',
        b'{"format": "examhall.questions", "version": 1, "questions": [1e999]}',
        b'{"format": "examhall.questions", "version": 1, "questions": [' + b"9" * 9999 + b"]}",
        document(extra=1),
    ],
)
def test_a_file_that_is_none_of_ours_is_a_problem(data) -> None:
    report = read(data)
    assert report.questions == ()
    assert len(report.problems) == 1


@pytest.mark.parametrize(
    "entry",
    [
        None,
        [],
        "essay",
        {},
        {**ESSAY, "type": "../x"},
        {**ESSAY, "type": "essay\n"},
        {**ESSAY, "title": ""},
        {**ESSAY, "title": "x" * 301},
        {**ESSAY, "title": "\ud800"},
        {**ESSAY, "content": {"stem": "a\0b"}},
        {**ESSAY, "content": []},
        {**ESSAY, "points": "-1"},
        {**ESSAY, "points": "NaN"},
        {**ESSAY, "points": "1e99"},
        {**ESSAY, "unknown": 1},
        {**ESSAY, "identifier": "\ud800", "title": 5},
        {**ESSAY, "tags": "many"},
    ],
)
def test_a_bad_question_is_refused_with_its_reason_and_the_rest_comes_in(entry) -> None:
    report = read(document(ESSAY, entry, ESSAY))
    assert [one.fidelity for one in report.questions] == [
        Fidelity.EXACT,
        Fidelity.REFUSED,
        Fidelity.EXACT,
    ]
    refused = report.questions[1]
    assert refused.question is None
    assert refused.notes
    json.dumps([refused.identifier, *refused.notes]).encode()


def test_deep_content_is_refused() -> None:
    deep: object = "x"
    for _ in range(100):
        deep = [deep]
    [one] = read(document({**ESSAY, "content": {"stem": deep}})).questions
    assert one.fidelity is Fidelity.REFUSED


def test_files_and_lists_have_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_format, "MAX_QUESTIONS", 2)
    assert read(document(ESSAY, ESSAY, ESSAY)).problems
    monkeypatch.setattr(json_format, "MAX_BYTES", 50)
    assert read(document(ESSAY)).problems


@given(st.binary(max_size=200))
def test_any_bytes_are_a_report(data) -> None:
    read(data)


def test_media_travel_with_the_questions() -> None:
    file = MediaFile(b"\x89PNG bytes", "image/png", "Übung.png")
    question = PortableQuestion("essay", "One", {"stem": f'<img src="{file.reference}" alt="">'})
    bundle = QuestionBundle((question,), media={file.reference: file})
    report = read(TYPE.export(bundle))
    assert report.problems == ()
    assert report.media == (file,)


REFERENCE = MediaFile(b"x", "image/png").reference


@pytest.mark.parametrize(
    "media",
    [
        [],
        {"media:x": 1},
        {REFERENCE: {"content_type": "image/png", "data": "eA=="}, "x": {}},
        {REFERENCE: {"content_type": "image/png", "data": "not base64"}},
        {REFERENCE: {"content_type": "image/png", "data": "eQ=="}},
        {REFERENCE: {"content_type": "image", "data": "eA=="}},
        {"\ud800": {"content_type": "image/png", "data": "\ud800"}},
    ],
)
def test_broken_media_are_a_problem(media) -> None:
    report = read(document(ESSAY, media=media))
    assert report.questions == ()
    assert report.problems
    assert all(problem.encode() for problem in report.problems)
