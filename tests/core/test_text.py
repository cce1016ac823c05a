"""JSON is read strictly, whatever the bytes are."""

import json
import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examhall.core.errors import InvalidError
from examhall.core.text import MAX_DEPTH, MAX_INTEGER, find_fault, load_json


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"nul",
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"1e999",
        b"9007199254740992",
        b"-9007199254740993",
        b"1" * 10_000,
        b'"\\u0000"',
        b'"a\\u0000b"',
        b'{"\\u0000": 1}',
        b'"\\ud800"',
        b'{"a": ["\\udfff"]}',
        b'"\xed\xa0\x80"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 5_000,
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
        b"\0",
        b'{"a":1}x',
    ],
)
def test_bad_json_is_refused(data):
    with pytest.raises(InvalidError):
        load_json(data)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"{}", {}),
        (b'{"a": [1, 2.5, "\xc3\xa4", null, true]}', {"a": [1, 2.5, "ä", None, True]}),
        (str(MAX_INTEGER).encode(), MAX_INTEGER),
        (b'"\\ud83d\\ude00"', "😀"),
        (b"[" * 60 + b"]" * 60, json.loads("[" * 60 + "]" * 60)),
    ],
)
def test_good_json_is_read(data, value):
    assert load_json(data) == value


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_bytes_are_read_or_refused(data):
    with suppress(InvalidError):
        load_json(data)


@given(st.text())
def test_good_text_can_be_stored(text):
    if find_fault(text) is None:
        assert "\0" not in text
        text.encode()


def test_numbers_are_what_they_were():
    assert load_json(b"0.1") == 0.1
    assert not math.isinf(load_json(b"1e308"))
