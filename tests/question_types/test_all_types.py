"""What every bundled question type keeps to."""

import json
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examhall.plugins import FormatErrors, QuestionType, Response, View
from examhall.question_types import choice, essay, numeric, text_entry
from tests.question_types.asking import JSON_VALUES, ask, stored

TYPES = [module.examhall_question_types()[0] for module in (choice, text_entry, numeric, essay)]
every_type = pytest.mark.parametrize("question_type", TYPES, ids=lambda plugin: plugin.key)

HOSTILE = (
    "<script>alert(1)</script><p onclick='x()' style='color:red' id='main'>text</p>"
    "<img src=x onerror=alert(1)><iframe src='//evil'></iframe><a href='javascript:x()'>a</a>"
    "<svg><script>1</script></svg><form action='/x'><input name=choice></form>"
    "<math><mi>x</mi><annotation-xml encoding='text/html'><img onerror=x src=1></annotation-xml>"
    "</math>"
)


class Page(HTMLParser):
    """Collects elements, and fails at what a strict page must not have."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in {"script", "style", "iframe", "object", "form", "svg", "annotation-xml"}
        for name, value in attrs:
            assert not name.startswith("on"), (tag, name)
            assert name != "style"
            assert "javascript:" not in (value or "").lower()
        self.elements.append((tag, dict(attrs)))


def draw(question_type, variant, view, raw=None, name="q1"):
    page = Page()
    page.feed(question_type.render(variant, view, raw, name=name).html)
    return page.elements


@every_type
def test_the_example_is_a_good_question(question_type: QuestionType) -> None:
    assert question_type.validate(stored(question_type, question_type.example())) == []


@every_type
def test_stored_content_reads_back_as_it_is(question_type: QuestionType) -> None:
    content = stored(question_type, question_type.example())
    assert stored(question_type, json.loads(json.dumps(content))) == content


@every_type
def test_authors_html_is_harmless_in_every_view(question_type: QuestionType) -> None:
    content = {**question_type.example(), "stem": HOSTILE, "feedback": HOSTILE}
    if "rubric" in content:
        content["rubric"] = HOSTILE
    variant = ask(question_type, content)
    for view in View:
        draw(question_type, variant, view, question_type.simulate(variant, "wrong"))


@every_type
@pytest.mark.parametrize("view", View)
def test_candidates_text_is_escaped_in_every_view(question_type: QuestionType, view: View) -> None:
    variant = ask(question_type, question_type.example())
    for control in ("choice", "text", "value"):
        for text in ('"><script>x</script>', "</textarea><script>x</script>", "<img onerror=x>"):
            draw(question_type, variant, view, {control: text})


@every_type
def test_a_page_needs_only_the_public_part_to_ask(question_type: QuestionType) -> None:
    whole = ask(question_type, question_type.example())
    public = type(whole)(whole.public)
    right = question_type.simulate(whole, "right")
    for view in (View.ANSWER, View.PRINT):
        assert question_type.render(public, view, right) == question_type.render(whole, view, right)


@every_type
def test_neither_feedback_nor_key_reaches_the_page_that_asks(question_type: QuestionType) -> None:
    content = json.loads(json.dumps(dict(question_type.example())))
    content["feedback"] = "<p>leak-feedback</p>"
    for place, answer in enumerate([*content.get("options", []), *content.get("answers", [])]):
        answer["feedback"] = "leak-own-feedback"
        if "id" in answer:
            answer["id"] = f"leak-id-{place}"
    if "rubric" in content:
        content["rubric"] = "leak-rubric"
    variant = ask(question_type, content)
    html = question_type.render(variant, View.ANSWER, name="q1").html
    assert "leak" not in html + json.dumps(variant.public)
    for word in ("correct", "fraction", "tolerance", "rubric"):
        assert word not in json.dumps(variant.public)


@every_type
def test_names_keep_ids_apart_and_every_control_has_its_label(question_type: QuestionType) -> None:
    variant = ask(question_type, question_type.example())
    first = draw(question_type, variant, View.ANSWER, name="q1")
    second = draw(question_type, variant, View.ANSWER, name="q2")
    ids = [attrs["id"] for _, attrs in [*first, *second] if "id" in attrs]
    assert len(ids) == len(set(ids))
    labels = {attrs.get("for") for tag, attrs in first if tag == "label"}
    for tag, attrs in first:
        if tag == "textarea" or attrs.get("type") == "text":
            assert attrs["id"] in labels
        if tag in {"input", "textarea"}:
            assert attrs["name"] in {"choice", "text", "value"}


@every_type
@pytest.mark.parametrize("view", [View.REVIEW, View.GRADE, View.AUTHOR, View.PRINT])
def test_other_views_hold_no_controls_to_answer_with(
    question_type: QuestionType, view: View
) -> None:
    variant = ask(question_type, question_type.example())
    elements = draw(question_type, variant, view)
    named = [attrs for tag, attrs in elements if tag in {"input"} and "name" in attrs]
    assert named == []


@every_type
@given(raw=JSON_VALUES | st.fixed_dictionaries({"choice": JSON_VALUES, "text": JSON_VALUES}))
def test_whatever_a_browser_sends_is_read_or_refused(question_type, raw) -> None:
    variant = ask(question_type, question_type.example())
    for sent in (raw, {"choice": raw}, {"text": raw}, {"value": raw}):
        response = question_type.parse(variant, sent)
        if isinstance(response, FormatErrors):
            assert response.messages
            continue
        assert isinstance(response, Response)
        json.dumps(response.data, allow_nan=False)
        score = question_type.score(variant, response)
        assert -1 <= score.fraction <= 1
        assert question_type.score(variant, response) == score
        question_type.summarise(variant, response)
        question_type.classify(variant, response)


@every_type
@given(content=JSON_VALUES)
def test_whatever_an_author_sends_is_a_validation_error_or_good(question_type, content) -> None:
    from marshmallow import ValidationError

    schema = question_type.content_schema()()
    for sent in (content, {**question_type.example(), "answers": content, "options": content}):
        try:
            loaded = schema.load(sent)
        except ValidationError:
            continue
        question_type.validate(schema.dump(loaded))
