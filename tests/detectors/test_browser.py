"""Events of the exam page become findings in words, and one incident each."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examhall.detectors.browser import WORDS, BrowserConfiguration, BrowserDetector
from examhall.plugins import Findings, Sample, SessionView, Stream
from examhall.plugins.fusion.rules import RULES
from examhall.plugins.fusion.temporal import examhall_fuse_findings
from tests.detectors.pages import at, beats, event, incidents, look, span


def make(**config: Any) -> BrowserDetector:
    return BrowserDetector().configured(BrowserConfiguration().load(config))


def kinds(samples: list[Sample], **config: Any) -> list[str]:
    return [one.kind for one in look(make(**config), samples)]


def test_a_hidden_page_is_found_within_a_second_and_grows() -> None:
    absence = [event(3, "tab.hidden"), *beats(4, 14, hidden=True), event(15, "tab.visible")]
    found = look(make(), [*beats(0, 2, hidden=False), *absence])
    assert [span(one) for one in found[:2]] == [
        ("browser.hidden", 3, 4),
        ("browser.hidden", 3, 5),
    ]
    [incident] = incidents(make(), absence)
    assert span(incident) == ("browser.hidden", 3, 15)
    assert incident.explanation == "The exam page was hidden for 12.0 s."
    assert incident.evidence


def test_a_page_that_cannot_tell_while_it_is_hidden_tells_when_it_is_back() -> None:
    [incident] = incidents(make(), [event(3, "tab.hidden"), event(90, "tab.visible")])
    assert span(incident) == ("browser.hidden", 3, 90)


def test_time_that_nobody_can_vouch_for_is_not_counted() -> None:
    story = [event(3, "tab.hidden"), *beats(4, 6, hidden=True), event(60, "state", hidden=False)]
    [incident] = incidents(make(), story)
    assert span(incident) == ("browser.hidden", 3, 6)


def test_a_worker_that_starts_anew_goes_on_with_the_same_incident() -> None:
    story = [event(0, "tab.hidden"), *beats(1, 20, hidden=True), event(21, "tab.visible")]
    half = [*look(make(), story[:9]), *look(make(), story[9:])]
    assert max(one.end for one in half) == at(21)
    view = SessionView("1", at(0), {}, {})
    [whole] = examhall_fuse_findings(view, [Findings("browser", one) for one in half], {})
    assert span(whole) == ("browser.hidden", 0, 21)
    assert "times" not in whole.explanation


def test_two_absences_soon_after_one_another_are_one_incident() -> None:
    story = [
        *(event(0, "tab.hidden"), event(3, "tab.visible")),
        *(event(11, "tab.hidden"), event(13, "tab.visible")),
        *(event(60, "tab.hidden"), event(62, "tab.visible")),
    ]
    first, second = incidents(make(), story)
    assert span(first) == ("browser.hidden", 0, 13)
    assert first.explanation == "The exam page was hidden for 5.0 s, 2 times."
    assert span(second) == ("browser.hidden", 60, 62)


def test_leaving_for_another_tab_is_not_told_twice() -> None:
    story = [
        event(3.0, "focus.lost"),
        event(3.1, "tab.hidden"),
        *beats(4, 9, hidden=True, focused=False),
        event(9.5, "tab.visible"),
        event(9.6, "focus.back"),
    ]
    assert {one.kind for one in incidents(make(), story)} == {"browser.hidden"}


def test_a_window_in_front_is_told_once_the_page_is_seen() -> None:
    story = [
        event(3, "focus.lost"),
        *beats(4, 8, hidden=False, focused=False),
        event(9, "focus.back"),
    ]
    [incident] = incidents(make(), story)
    assert span(incident) == ("browser.unfocused", 3, 9)


@pytest.mark.parametrize(
    ("samples", "kind", "words"),
    [
        ([event(1, "copy")], "browser.clipboard", "copied"),
        ([event(1, "cut")], "browser.clipboard", "cut out"),
        ([event(1, "paste", length=120)], "browser.clipboard", "120 characters were pasted"),
        ([event(1, "paste")], "browser.clipboard", "Something was pasted"),
        ([event(1, "print")], "browser.print", "printed"),
        ([event(1, "key", combo="Ctrl+P")], "browser.print", "printing"),
        ([event(1, "key", combo="PrintScreen")], "browser.keys", "PrintScreen"),
        ([event(1, "key", combo="shift+CONTROL+i")], "browser.keys", "Ctrl+Shift+I"),
        ([event(1, "context_menu")], "browser.context_menu", "context menu"),
        ([event(0, "displays", count=2)], "browser.display", "tells of 2"),
        ([event(0, "state", displays=3)], "browser.display", "tells of 3"),
        ([event(0, "devtools", open=True), event(3, "state")], "browser.devtools", "guess"),
        ([event(0, "fullscreen.left"), event(3, "fullscreen.entered")], "browser.fullscreen", "3"),
        (beats(0, 4, fullscreen=False), "browser.fullscreen", "for 4.0 s"),
    ],
)
def test_one_event_is_one_incident(samples: list[Sample], kind: str, words: str) -> None:
    [incident] = incidents(make(), samples)
    assert incident.kind == kind
    assert words in incident.explanation


@pytest.mark.parametrize(
    "samples",
    [
        beats(0, 60, hidden=False, focused=True, fullscreen=None, displays=1, online=True),
        beats(0, 9, fullscreen=True, displays=None),
        [event(0, "tab.hidden"), event(0.5, "tab.visible")],
        [event(0, "focus.lost"), event(1.5, "focus.back")],
        [event(0, "key", combo="Ctrl+C"), event(1, "key", combo="a")],
        [event(0, "paste", length=0)],
        [event(0, "displays", count=1), event(1, "devtools", open=False)],
    ],
)
def test_what_is_usual_is_no_finding(samples: list[Sample]) -> None:
    assert look(make(), samples) == []


def test_an_exam_says_what_counts() -> None:
    absence = [event(0, "tab.hidden"), event(4, "tab.visible")]
    assert kinds(absence, hidden_seconds=5) == []
    assert kinds(absence, events=["browser.print"]) == []
    paste = [event(0, "paste", length=20)]
    assert kinds(paste, paste_length=21) == []
    key = [event(0, "key", combo="F5")]
    assert kinds(key) == []
    assert kinds(key, keys="F4, F5") == ["browser.keys"]


def test_what_comes_in_late_changes_nothing_that_is_known() -> None:
    story = [event(10, "tab.visible"), event(5, "tab.hidden"), *beats(11, 20, hidden=False)]
    assert look(make(), story) == []
    assert [one.kind for one in look(make(), [event(10, "state"), event(5, "copy")])] == [
        "browser.clipboard"
    ]


def test_findings_begin_with_the_words_of_their_incident() -> None:
    assert {kind: RULES[kind].text for kind in WORDS} == dict(WORDS)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
names = ["hidden", "focused", "fullscreen", "displays", "count", "open", "length", "combo"]
types = [
    *("state", "tab.hidden", "focus.lost", "paste", "key", "displays", "devtools", "copy"),
    *("camera.lost", "network.lost", "no such event"),
]


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(types) | values,
            st.dictionaries(st.sampled_from(names), values),
            st.integers(-50, 50),
        ),
        max_size=8,
    )
)
def test_nothing_that_a_page_may_send_breaks_it(story: list[tuple[Any, Any, int]]) -> None:
    detector, state = make(), make().open()
    for name, data, seconds in story:
        content = json.dumps({"type": name, **data}).encode()
        sample = Sample(Stream.BROWSER, at(seconds), content, "ab" * 32)
        for one in detector.analyze(state, [sample]):
            assert one.start <= one.end
            assert len(one.explanation) < 200


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"[" * 5000, b'{"type": "paste", "length": ' + b"9" * 5000 + b"}", b"null"],
)
def test_what_is_no_event_is_passed_over(content: bytes) -> None:
    sample = Sample(Stream.BROWSER, at(0), content)
    assert make().analyze(make().open(), [sample]) == []
