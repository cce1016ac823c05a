"""Moodle's own files come over as in Moodle, and responses to them earn the same."""

import io

import pytest

from examhall.plugins.formats.gift import GiftFormat
from examhall.plugins.formats.moodle_xml import MoodleXmlFormat
from tests.interop.moodle_formats import imported, run
from tests.interop.neutral import find_type

SUFFIXES = {".xml": MoodleXmlFormat(), ".dat": MoodleXmlFormat(), ".gift": GiftFormat()}


@pytest.fixture(scope="module")
def rows(shared):
    return {name: (equal, total, differences) for name, equal, total, differences in run(shared)}


def test_files_and_questions_are_taken_as_moodle_takes_them(rows):
    _equal, total, differences = rows["Moodle's importer: files"]
    assert total > 40
    # A text without answers is no cloze in Moodle; read as GIFT, it is a description.
    assert [one for one in differences if "broken_multianswer_4" not in one] == []
    equal, total, differences = rows["Moodle's importer: questions"]
    assert equal == total > 80, differences


def test_responses_earn_what_they_earn_in_moodle(rows):
    equal, total, differences = rows["Moodle's grades after import"]
    assert equal >= total * 0.99 > 500, differences


def test_questions_of_moodles_format_tests_are_read_alike(rows):
    equal, total, differences = rows["Moodle's format tests"]
    assert equal == total > 30, differences


def test_what_is_imported_passes_the_checks_of_its_type(shared):
    types = {}
    for path in sorted((shared / "interop" / "moodle" / "files").rglob("*.*")):
        if plugin := SUFFIXES.get(path.suffix):
            for question in imported(plugin.import_(io.BytesIO(path.read_bytes()))):
                kind = types.setdefault(question.type, find_type(question.type))
                assert kind.content_schema()().validate(question.content) == {}, path
    assert len(types) > 10
