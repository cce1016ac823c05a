"""The report as PDF: made of any data, with pictures, and the same each time."""

import base64
from typing import Any

from examhall.plugins.reports import session_pdf
from examhall.plugins.reports.session_pdf import SessionPdf
from examhall.plugins.testing import ReportContract
from tests.core.proctoring.scripted import picture

AT = "2026-03-01T10:00:00+00:00"
SHA = "ab" * 32
DATA: dict[str, Any] = {
    "title": "Proctoring report",
    "made_at": AT,
    "made_by": "Zażółć Gęślą",
    "exam": {"id": "1", "title": "Algebra <b>& more</b>"},
    "candidate": {"name": "Иван Петров", "number": "20403"},
    "session": {"id": "0f" * 16, "started_at": AT, "ended_at": None, "pauses": []},
    "consent": [{"class": "camera", "given": True, "at": AT, "text_digest": SHA}],
    "watched": {"streams": ["camera"], "detectors": ["Face"], "waived": ["Gaze"]},
    "integrity": {"score": "86.0", "contributions": {"Second person": "14.0"}},
    "incidents": [
        {
            "title": "Second person",
            "severity": "high",
            "confidence": 0.94,
            "explanation": "Two people </para> may be in view.\x07",
            "started_at": AT,
            "ended_at": AT,
            "state": "noted",
            "note": "A sister.",
            "detectors": [{"title": "Face", "version": "1.0", "model": SHA}],
            "frames": [
                {"sha256": SHA, "at": AT, "boxes": []},
                {"sha256": "cd" * 32, "at": AT, "boxes": []},
            ],
        }
    ],
    "decisions": [
        {
            "round": "first",
            "outcome": "minor",
            "title": "Minor",
            "meaning": "It does not matter much.",
            "reason": "Seen.\nTwice.",
            "reviewer": "Mira",
            "at": AT,
            "incidents": ["Second person, 10:00"],
        }
    ],
    "appeal": {"comment": "No!", "state": "open", "at": AT},
    "evidence": {"length": 3, "head": SHA, "ok": False, "broken_at": 2, "sealed": True},
    "pictures": {SHA: base64.b64encode(picture(320)).decode()},
}


class TestEmpty(ReportContract):
    plugin = SessionPdf()


class TestFull(ReportContract):
    plugin = SessionPdf()
    data = DATA


def test_the_same_data_make_the_same_file() -> None:
    plugin = SessionPdf()
    first, second = plugin.build(DATA), plugin.build(DATA)
    assert first == second
    assert first.content.startswith(b"%PDF-")
    assert first.media_type == "application/pdf"
    assert plugin.subject == "session"


def test_without_a_unicode_font_it_is_made_and_says_so(monkeypatch: Any) -> None:
    monkeypatch.setattr(session_pdf, "FOLDERS", ())
    assert SessionPdf().health().status == "degraded"
    assert SessionPdf().build(DATA).content
    broken = SessionPdf().configured({"font": "/nowhere/at/all.ttf"})
    assert broken.health().status == "failed"
