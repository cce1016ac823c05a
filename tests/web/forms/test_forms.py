"""A form made from a schema shows, reads and corrects what the schema holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, ValidationError, fields, validate
from werkzeug.datastructures import MultiDict

from examhall.core.errors import InvalidError
from examhall.core.registry.forms import describe_form
from examhall.web.forms.errors import error_messages, flatten_messages
from examhall.web.forms.fields import default_values, shape_of, with_choices
from examhall.web.forms.filters import form_moment, minutes, path_words
from examhall.web.forms.reading import change_rows, drop_blank_rows, read_form


class Part(Schema):
    text = fields.String(required=True, metadata={"label": "Text", "widget": "html"})
    right = fields.Boolean(load_default=False)
    share = fields.Decimal(load_default=None, allow_none=True, as_string=True)


class Everything(Schema):
    title = fields.String(required=True, validate=validate.Length(1, 20))
    note = fields.String(load_default="")
    mode = fields.String(
        load_default="b", validate=validate.OneOf(["a", "b"], labels=["First", "Second"])
    )
    answer = fields.Boolean(load_default=None, allow_none=True)
    count = fields.Integer(load_default=3)
    at = fields.AwareDateTime(load_default=None, allow_none=True, format="iso")
    parts = fields.List(fields.Nested(Part), load_default=list)
    words = fields.List(fields.String(), load_default=lambda: ["x"])
    tags = fields.List(fields.String(validate=validate.OneOf(["p", "q"])), load_default=list)
    deep = fields.Dict(keys=fields.String(), load_default=dict)
    limit = fields.Integer(
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, 604800),
        metadata={"widget": "minutes"},
    )
    secret = fields.String(load_default="", metadata={"secret": True})
    kept = fields.String(dump_only=True)


class Kinds(Schema):
    kind = fields.String(load_default="a", validate=validate.OneOf(["a", "b"]))
    first = fields.Boolean(load_default=True, metadata={"when": {"kind": ["a"]}})
    second = fields.String(load_default="", metadata={"when": {"kind": ["b"]}})


class Endless(Schema):
    below = fields.List(fields.Nested("Endless"), load_default=list)


DESCRIBED = describe_form(Everything)


def by_name() -> dict[str, Any]:
    return {one.name: one for one in DESCRIBED}


def test_every_kind_of_field_gets_its_control() -> None:
    shown = {name: (one.type, shape_of(one)) for name, one in by_name().items()}
    assert shown == {
        "title": ("text", "control"),
        "note": ("text", "control"),
        "mode": ("choice", "control"),
        "answer": ("boolean", "control"),
        "count": ("integer", "control"),
        "at": ("datetime", "control"),
        "parts": ("list", "rows"),
        "words": ("list", "rows"),
        "tags": ("list", "boxes"),
        "deep": ("mapping", "json"),
        "limit": ("minutes", "control"),
        "secret": ("secret", "control"),
    }
    assert [(c.value, c.label) for c in by_name()["mode"].choices] == [
        ("a", "First"),
        ("b", "Second"),
    ]
    assert [one.name for one in by_name()["parts"].item.fields] == ["text", "right", "share"]
    assert by_name()["parts"].item.fields[0].type == "html"


def test_a_schema_that_holds_itself_ends_as_json() -> None:
    field = describe_form(Endless)[0]
    assert shape_of(field) == "rows"
    assert field.item is not None
    assert shape_of(field.item) == "json"


def test_choices_can_be_given_to_a_field() -> None:
    words = with_choices(DESCRIBED, "words", [("x", "X"), ("y", "Y")])[7]
    assert shape_of(words) == "boxes"
    note = with_choices(DESCRIBED, "note", [("n", "N")])[1]
    assert (note.type, note.choices[0].value) == ("choice", "n")


def test_an_empty_form_shows_the_defaults() -> None:
    values = default_values(DESCRIBED)
    assert values["count"] == 3
    assert values["words"] == ["x"]
    assert values["title"] is None


def test_what_was_sent_loads_with_the_schema() -> None:
    form = MultiDict(
        [
            ("title", " Numbers "),
            ("mode", "a"),
            ("answer", "true"),
            ("count", "-7"),
            ("at", "2030-06-01T09:00"),
            ("parts.0._row", "1"),
            ("parts.0.text", "<p>one</p>"),
            ("parts.0.right", "true"),
            ("parts.0.share", "0.25"),
            ("parts.4._row", "1"),
            ("parts.4.text", "two"),
            ("words.0", "first"),
            ("tags", "p"),
            ("tags", "q"),
            ("deep", '{"a": [1, 2]}'),
        ]
    )
    reading = read_form(DESCRIBED, form)
    loaded = Everything().load(reading.values)
    assert reading.problems == {}
    assert loaded["title"] == "Numbers"
    assert loaded["answer"] is True
    assert loaded["count"] == -7
    assert loaded["at"] == datetime(2030, 6, 1, 9, tzinfo=UTC)
    assert [part["text"] for part in loaded["parts"]] == ["<p>one</p>", "two"]
    assert [part["right"] for part in loaded["parts"]] == [True, False]
    assert loaded["tags"] == ["p", "q"]
    assert loaded["deep"] == {"a": [1, 2]}


def test_what_is_empty_takes_the_default_or_is_asked_for() -> None:
    reading = read_form(DESCRIBED, MultiDict({"parts.0._row": "1"}))
    with pytest.raises(ValidationError) as caught:
        Everything().load(reading.values)
    errors = flatten_messages(caught.value.normalized_messages())
    assert errors == {"title": ["Fill this in."], "parts.0.text": ["Fill this in."]}


def test_json_that_is_none_is_kept_and_named() -> None:
    reading = read_form(DESCRIBED, MultiDict({"title": "t", "deep": "{oops"}))
    assert reading.values["deep"] == "{oops"
    assert "deep" in reading.problems


def test_what_does_not_matter_for_a_choice_keeps_its_default() -> None:
    described = describe_form(Kinds)
    form = MultiDict({"kind": "b", "second": "s"})
    assert Kinds().load(read_form(described, form).values)["first"] is True
    form = MultiDict({"kind": "a", "second": "s"})
    assert read_form(described, form).values == {"kind": "a", "first": False}


def test_rows_are_added_moved_and_removed() -> None:
    values = read_form(
        DESCRIBED, MultiDict([("words.0", "a"), ("words.1", "b"), ("parts.0.text", "p")])
    ).values
    change_rows(values, DESCRIBED, "up:words.1")
    assert values["words"] == ["b", "a"]
    change_rows(values, DESCRIBED, "down:words.0")
    change_rows(values, DESCRIBED, "remove:words.0")
    assert values["words"] == ["b"]
    change_rows(values, DESCRIBED, "add:parts")
    assert len(values["parts"]) == 2
    assert values["parts"][1]["right"] is False


@pytest.mark.parametrize(
    "action",
    ["", "add", "add:", "add:nowhere", "add:title", "remove:words", "remove:words.9", "up:words.0",
     "down:words.x", "remove:parts.0.text", "steal:words.0", "add:parts.0.text.0", "up:.", "\x00"],
)  # fmt: skip
def test_an_action_on_what_is_not_there_changes_nothing(action: str) -> None:
    form = MultiDict([("words.0", "a"), ("parts.0.text", "p"), ("title", "t")])
    values = read_form(DESCRIBED, form).values
    before = repr(values)
    change_rows(values, DESCRIBED, action)
    assert repr(values) == before


names = st.one_of(
    st.sampled_from([one.name for one in DESCRIBED]),
    st.from_regex(r"(parts|words|deep)(\.[0-9a-z_²٣]{0,9}){0,4}", fullmatch=True),
    st.text(max_size=20),
)


@given(st.lists(st.tuples(names, st.text(max_size=30)), max_size=12), st.text(max_size=20))
def test_whatever_is_sent_is_read_and_judged(sent: list[tuple[str, str]], action: str) -> None:
    reading = read_form(DESCRIBED, MultiDict(sent))
    change_rows(reading.values, DESCRIBED, action)
    messages = Everything().validate(reading.values)
    assert bool(flatten_messages(messages)) == bool(messages)


def test_rows_in_which_nothing_was_typed_are_left_out() -> None:
    form = MultiDict(
        [("parts.0._row", "1"), ("parts.1.share", "0"), ("words.0", ""), ("words.1", "w")]
    )
    values = read_form(DESCRIBED, form).values
    drop_blank_rows(values, DESCRIBED)
    assert [part.get("share") for part in values["parts"]] == ["0"]
    assert values["words"] == ["w"]


def test_a_thousand_rows_are_cut() -> None:
    form = MultiDict([(f"words.{n}", "w") for n in range(2000)])
    assert len(read_form(DESCRIBED, form).values["words"]) == 500


def test_messages_are_found_by_path() -> None:
    assert flatten_messages({"a": {0: {"b": ["Not a valid integer."]}}, "_schema": ["Odd."]}) == {
        "a.0.b": ["Write a whole number."],
        "": ["Odd."],
    }
    assert error_messages(InvalidError("No.", title=["Too long."])) == {"title": ["Too long."]}
    assert error_messages(InvalidError("No.", hint="Do.")) == {"": ["No. Do."]}
    assert error_messages(InvalidError("No.", fields={"a": {"b": ["Bad."]}}), "config.") == {
        "config.a.b": ["Bad."]
    }
    problems = [{"path": "options", "message": "Too few."}, {"path": "", "message": "All wrong."}]
    assert error_messages(InvalidError("No.", problems=problems), "content.") == {
        "content.options": ["Too few."],
        "": ["All wrong."],
    }


def test_paths_and_moments_are_shown_for_people() -> None:
    assert path_words("options.0.text") == "Options 1, text"
    assert path_words("content.parts.2.share", DESCRIBED, "content.") == "Parts 3, share"
    assert path_words("content.parts.0.text.x", DESCRIBED, "content.") == "Parts 1, text, x"
    assert form_moment("2030-06-01T11:00:00+02:00") == "2030-06-01T09:00"
    assert form_moment("tomorrow") == "tomorrow"
    assert form_moment(None) == ""


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [("90", 5400), ("1.5", 90), ("1:40", 100), ("0:01", 1), ("", None), ("0.0001", "0.0001"),
     ("1:75", "1:75"), ("1e99", "1e99"), ("NaN", "NaN"), ("1:-5", "1:-5"), ("soon", "soon")],
)  # fmt: skip
def test_minutes_are_kept_to_the_second(typed: str, seconds: object) -> None:
    assert read_form(DESCRIBED, MultiDict({"limit": typed})).values["limit"] == seconds


@pytest.mark.parametrize("typed", ["0", "-1", "10081", "soon", "30,5", "0.0001"])
def test_minutes_that_cannot_be_are_named_in_minutes(typed: str) -> None:
    problems = read_form(DESCRIBED, MultiDict({"limit": typed})).problems
    assert problems == {"limit": ["Write minutes, such as 90, 1.5 or 1:40, at most 10080."]}


@given(st.integers(0, 700_000))
def test_minutes_that_are_shown_are_read_as_the_same_seconds(seconds: int) -> None:
    assert read_form(DESCRIBED, MultiDict({"limit": minutes(seconds)})).values["limit"] == seconds
