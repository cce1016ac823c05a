"""The report about one watched session as a PDF, for files and for people without an account."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from marshmallow import Schema, fields, validate
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.platypus import (
    Flowable,
    Image,
    KeepTogether,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from examhall.plugins import Health, Report, ReportDocument, hookimpl

FOLDERS = (
    Path("/usr/share/fonts/truetype/dejavu"),
    Path("/usr/share/fonts/dejavu"),
    Path("/usr/share/fonts/TTF"),
)
REGULAR, BOLD = "DejaVuSans.ttf", "DejaVuSans-Bold.ttf"
BUILT_IN = ("Helvetica", "Helvetica-Bold")
NOTE = """An incident is a note for a person, made by a program from single observations. It says
where to look, and nothing about what it means. Only the decisions below are a judgement, each by
the person who is named."""


class PdfConfig(Schema):
    """With which letters the report is written."""

    font = fields.String(
        load_default="",
        validate=validate.Length(max=1000),
        metadata={
            "label": "Font file",
            "help": "A TrueType font that has your candidates' letters. Empty: DejaVu Sans.",
        },
    )


class SessionPdf(Report):
    """Writes a session's report on A4."""

    key = "session_pdf"
    version = "1.0"
    title = "PDF"
    summary = "The report about one watched session as a PDF file."
    subject = "session"

    def config_schema(self) -> type[Schema]:
        return PdfConfig

    def health(self) -> Health:
        try:
            regular, _ = load_fonts(self.config.get("font", ""))
        except (OSError, TTFError) as error:
            return Health.failed(f"The font cannot be used: {error}", "Choose a TrueType file.")
        if regular in BUILT_IN:
            return Health.degraded(
                "No Unicode font was found: letters beyond Western Europe become question marks.",
                "Install the DejaVu fonts (Debian: fonts-dejavu-core) or choose a font file.",
            )
        return Health.ok()

    def build(self, data: Mapping[str, Any]) -> ReportDocument:
        buffer = io.BytesIO()
        page = _Page(*load_fonts(self.config.get("font", "")))
        title = str(data.get("title", "Proctoring report"))
        document = SimpleDocTemplate(
            buffer,
            pagesize=A4,
            leftMargin=18 * mm,
            rightMargin=18 * mm,
            topMargin=16 * mm,
            bottomMargin=18 * mm,
            title=title,
            author="examhall",
            # The same data make the same file.
            invariant=1,
        )
        document.build(list(page.write(data)), onFirstPage=page.foot, onLaterPages=page.foot)
        number = str(data.get("session", {}).get("id", "session"))[:8]
        return ReportDocument(f"proctoring-{number}.pdf", "application/pdf", buffer.getvalue())


def load_fonts(path: str) -> tuple[str, str]:
    """Return the names of a regular and a bold font, registered for use.

    Raises OSError or TTFError for a file that is no usable TrueType font.
    """
    if path:
        return _register("examhall-own", Path(path)), _register("examhall-own", Path(path))
    for folder in FOLDERS:
        if (folder / REGULAR).is_file() and (folder / BOLD).is_file():
            regular = _register("examhall-sans", folder / REGULAR)
            return regular, _register("examhall-bold", folder / BOLD)
    return BUILT_IN


def _register(name: str, path: Path) -> str:
    known = pdfmetrics.getRegisteredFontNames()
    full = f"{name}-{path}"
    if full not in known:
        pdfmetrics.registerFont(TTFont(full, str(path)))
    return full


class _Page:
    """Turns the data into what stands on the pages."""

    def __init__(self, regular: str, bold: str) -> None:
        self.regular = regular
        base = {"fontName": regular, "fontSize": 9, "leading": 12.5}
        self.text = ParagraphStyle("text", **base)
        self.small = ParagraphStyle(
            "small",
            fontName=regular,
            fontSize=7.5,
            leading=10,
            textColor=colors.HexColor("#475357"),
        )
        self.strong = ParagraphStyle("strong", fontName=bold, fontSize=9.5, leading=13)
        self.head = ParagraphStyle(
            "head", fontName=bold, fontSize=12, leading=16, spaceBefore=10, spaceAfter=4
        )
        self.title = ParagraphStyle("title", fontName=bold, fontSize=17, leading=22, spaceAfter=2)

    def write(self, data: Mapping[str, Any]) -> Iterable[Flowable]:
        yield from self._write_head(data)
        yield from self._write_watching(data)
        yield from self._write_incidents(data)
        yield from self._write_decisions(data)
        yield from self._write_evidence(data)

    def foot(self, canvas: Any, document: Any) -> None:
        canvas.saveState()
        canvas.setFont(self.regular, 7)
        canvas.setFillColor(colors.HexColor("#5e6a6d"))
        canvas.drawString(18 * mm, 10 * mm, self._fit(document.title))
        canvas.drawRightString(A4[0] - 18 * mm, 10 * mm, str(canvas.getPageNumber()))
        canvas.restoreState()

    def _write_head(self, data: Mapping[str, Any]) -> Iterable[Flowable]:
        exam, who, watched = (data.get(name, {}) for name in ("exam", "candidate", "session"))
        yield self._line(data.get("title", "Proctoring report"), self.title)
        yield self._line(
            f"Made {_moment(data.get('made_at'))} for {data.get('made_by', '')}", self.small
        )
        yield Spacer(1, 6)
        yield self._facts(
            [
                ("Exam", exam.get("title", "")),
                ("Candidate", f"{who.get('name', '')} {who.get('number', '')}".strip()),
                ("Session", watched.get("id", "")),
                ("Began", _moment(watched.get("started_at"))),
                ("Ended", _moment(watched.get("ended_at"))),
                ("Pauses", str(len(watched.get("pauses", [])))),
                ("Integrity", self._integrity(data.get("integrity", {}))),
            ]
        )

    def _write_watching(self, data: Mapping[str, Any]) -> Iterable[Flowable]:
        watched = data.get("watched", {})
        yield self._line("What was watched, and the consent to it", self.head)
        yield self._facts(
            [
                ("Recorded", ", ".join(watched.get("streams", [])) or "nothing"),
                ("Detectors", ", ".join(watched.get("detectors", [])) or "none"),
                ("Waived", ", ".join(watched.get("waived", [])) or "none"),
                *(
                    (
                        f"Consent: {one['class']}",
                        f"{'given' if one['given'] else 'refused'} {_moment(one['at'])}",
                    )
                    for one in data.get("consent", [])
                ),
            ]
        )

    def _write_incidents(self, data: Mapping[str, Any]) -> Iterable[Flowable]:
        incidents = data.get("incidents", [])
        yield self._line(f"Incidents ({len(incidents)})", self.head)
        yield self._line(NOTE, self.small)
        pictures = data.get("pictures", {})
        for one in incidents:
            detectors = ", ".join(
                f"{by['title']} {by['version']} {by['model'][:12]}".strip()
                for by in one.get("detectors", [])
            )
            parts: list[Flowable] = [
                Spacer(1, 5),
                self._line(f"{one['title']} ({one['severity']})", self.strong),
                self._line(
                    f"{_moment(one['started_at'])} to {_moment(one['ended_at'])}, confidence"
                    f" {one['confidence']:.2f}, {one['state']}",
                    self.small,
                ),
                self._line(one["explanation"], self.text),
            ]
            if one.get("note"):
                parts.append(self._line(f"Note: {one['note']}", self.text))
            if detectors:
                parts.append(self._line(f"Seen by {detectors}", self.small))
            shown = [self._picture(pictures, frame) for frame in one.get("frames", [])]
            parts += self._row([picture for picture in shown if picture is not None])
            yield KeepTogether(parts)

    def _write_decisions(self, data: Mapping[str, Any]) -> Iterable[Flowable]:
        yield self._line("Decisions and appeal", self.head)
        if not data.get("decisions"):
            yield self._line("Nothing is decided.", self.text)
        for one in data.get("decisions", []):
            yield KeepTogether(
                [
                    self._line(f"{one['round'].capitalize()}: {one['title']}", self.strong),
                    self._line(f"{one['reviewer']}, {_moment(one['at'])}", self.small),
                    self._line(one["meaning"], self.small),
                    self._line(one["reason"], self.text),
                    *(self._line(f"Counts: {text}", self.small) for text in one["incidents"]),
                    Spacer(1, 4),
                ]
            )
        appeal = data.get("appeal")
        if appeal:
            yield self._line(f"Appeal of the candidate ({appeal['state']})", self.strong)
            yield self._line(_moment(appeal["at"]), self.small)
            yield self._line(appeal["comment"], self.text)

    def _write_evidence(self, data: Mapping[str, Any]) -> Iterable[Flowable]:
        evidence = data.get("evidence", {})
        fits = "fits" if evidence.get("ok") else f"is broken at {evidence.get('broken_at')}"
        yield self._line("Evidence", self.head)
        yield self._facts(
            [
                ("Pieces", str(evidence.get("length", 0))),
                ("Chain", f"{fits}, {'sealed' if evidence.get('sealed') else 'not sealed yet'}"),
                ("Head (sha256)", str(evidence.get("head", ""))),
            ]
        )

    def _integrity(self, integrity: Mapping[str, Any]) -> str:
        if not integrity.get("score"):
            return "not computed"
        taken = ", ".join(
            f"{title} -{amount}" for title, amount in integrity.get("contributions", {}).items()
        )
        return f"{integrity['score']} of 100{f' ({taken})' if taken else ''}. No verdict."

    def _facts(self, rows: Sequence[tuple[str, str]]) -> Flowable:
        cells = [[self._line(name, self.small), self._line(text, self.text)] for name, text in rows]
        table = Table(cells, colWidths=[38 * mm, 136 * mm])
        padding = [(f"{side}PADDING", (0, 0), (-1, -1), 1.5) for side in ("TOP", "BOTTOM")]
        table.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), *padding]))
        return table

    def _row(self, pictures: Sequence[Flowable]) -> list[Flowable]:
        if not pictures:
            return []
        table = Table([list(pictures)], colWidths=[58 * mm] * len(pictures), hAlign="LEFT")
        table.setStyle(TableStyle([("LEFTPADDING", (0, 0), (0, 0), 0)]))
        return [table]

    def _picture(
        self, pictures: Mapping[str, str], frame: Mapping[str, Any]
    ) -> list[Flowable] | None:
        digest: str = frame["sha256"]
        encoded = pictures.get(digest)
        if encoded is None:
            return None
        image = Image(io.BytesIO(base64.b64decode(encoded)), lazy=0)
        scale = min(55 * mm / image.imageWidth, 42 * mm / image.imageHeight)
        image.drawWidth, image.drawHeight = image.imageWidth * scale, image.imageHeight * scale
        return [
            image,
            self._line(f"{_moment(frame['at'])}", self.small),
            *(self._line(half, self.small) for half in (digest[:32], digest[32:])),
        ]

    def _line(self, text: str, style: ParagraphStyle) -> Paragraph:
        words = escape(self._fit(" ".join(str(text).split()) if style is not self.text else text))
        return Paragraph(words.replace("\n", "<br/>"), style)

    def _fit(self, text: str) -> str:
        """Return a text in letters that the font has."""
        text = "".join(letter for letter in str(text) if letter == "\n" or letter.isprintable())
        if self.regular in BUILT_IN:
            return text.encode("cp1252", "replace").decode("cp1252")
        return text


def _moment(value: str | None) -> str:
    if not value:
        return "-"
    return f"{datetime.fromisoformat(value):%Y-%m-%d %H:%M:%S} UTC"


@hookimpl
def examhall_reports() -> list[Report]:
    """Register the report."""
    return [SessionPdf()]
