"""The lanes of a session's timeline as SVG: incidents by kind, what was recorded, answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from markupsafe import Markup, escape

from examhall.core.review.overview import Overview, Span

WIDTH = 1000.0
LANE, GAP, TOP = 20, 8, 4
LEAST = 3.0
"""The least width of an incident, in the lanes' own units: it must be seen and hit."""

LANES: Mapping[str, tuple[str, str]] = {
    "face": ("Face", "face"),
    "person": ("Person", "persons"),
    "object": ("Objects", "phone"),
    "audio": ("Sound", "microphone"),
    "browser": ("Window", "window"),
    "room": ("Room", "camera"),
    "other": ("Other", "alert"),
    "technical": ("Technical", "wifi"),
}
"""The lanes of incidents, each with its name and icon."""

_FAMILIES = {
    "face": "face",
    "gaze": "face",
    "identity": "face",
    "person": "person",
    "object": "object",
    "phone": "object",
    "audio": "audio",
    "speech": "audio",
    "browser": "browser",
    "room": "room",
    "technical": "technical",
}
TONES = {"high": "bad", "medium": "mid", "low": "low", "technical": "tech"}
STREAMS = ("camera", "screen", "room", "microphone")
STREAM_WORDS = {
    "camera": ("Camera", "camera"),
    "screen": ("Screen", "screen"),
    "room": ("Room camera", "phone"),
    "microphone": ("Microphone", "sound"),
}


@dataclass(frozen=True, slots=True)
class Lanes:
    """The drawing, the names of its lanes from the top, and moments along its width."""

    svg: Markup
    labels: Sequence[tuple[str, str]]
    axis: Sequence[datetime]
    height: int


@dataclass(slots=True)
class _Drawing:
    start: datetime
    seconds: float
    parts: list[str] = field(default_factory=list)
    labels: list[tuple[str, str]] = field(default_factory=list)

    def x(self, moment: datetime) -> float:
        share = (moment - self.start).total_seconds() / self.seconds
        return WIDTH * min(1.0, max(0.0, share))

    def add_lane(self, label: tuple[str, str], css: str = "lane") -> int:
        y = TOP + len(self.labels) * (LANE + GAP)
        self.labels.append(label)
        self.parts.append(f'<rect class="{css}" x="0" y="{y}" width="{WIDTH:g}" height="{LANE}"/>')
        return y

    def add_span(
        self,
        span: Span,
        y: int,
        css: str,
        *,
        title: str = "",
        incident: str = "",
        least: float = 0.5,
    ) -> None:
        left = self.x(span.start)
        width = max(least, self.x(span.end) - left)
        left = min(left, WIDTH - width)
        named = f' data-incident="{escape(incident)}"' if incident else ""
        self.parts.append(
            f'<rect class="{css}" x="{left:.2f}" y="{y}" width="{width:.2f}"'
            f' height="{LANE}"{named}>'
            f"<title>{escape(title)}</title></rect>"
        )


def lane_of(kind: str) -> str:
    """Return the key of the lane for a kind of incident."""
    return _FAMILIES.get(kind.partition(".")[0], "other")


def draw_lanes(overview: Overview) -> Lanes:
    """Draw a session; lanes of kinds that it could not have are left out."""
    seconds = max(1.0, (overview.end - overview.start).total_seconds())
    drawing = _Drawing(overview.start, seconds)
    _draw_incidents(drawing, overview)
    for stream in STREAMS:
        if stream in overview.coverage:
            y = drawing.add_lane(STREAM_WORDS[stream])
            for span in overview.coverage[stream]:
                drawing.add_span(span, y, f"rec {stream}", title=STREAM_WORDS[stream][0])
    _draw_answers(drawing, overview)
    height = TOP + len(drawing.labels) * (LANE + GAP)
    for pause in overview.pauses:
        left, right = drawing.x(pause.start), drawing.x(pause.end)
        drawing.parts.append(
            f'<rect class="paused" x="{left:.2f}" y="0" width="{max(0.5, right - left):.2f}"'
            f' height="{height}"><title>Paused</title></rect>'
        )
    step = (overview.end - overview.start) / 6
    return Lanes(
        svg=_svg(drawing.parts, height, len(overview.incidents)),
        labels=drawing.labels,
        axis=[overview.start + step * number for number in range(6)],
        height=height,
    )


def _draw_incidents(drawing: _Drawing, overview: Overview) -> None:
    by_lane: dict[str, list[Mapping[str, str]]] = {}
    for one in overview.incidents:
        by_lane.setdefault(lane_of(one["kind"]), []).append(one)
    for key, label in LANES.items():
        if key not in by_lane:
            continue
        y = drawing.add_lane(label)
        for one in by_lane[key]:
            span = Span(
                datetime.fromisoformat(one["started_at"]), datetime.fromisoformat(one["ended_at"])
            )
            gone = " gone" if one["state"] == "dismissed" else ""
            tone = f"inc {TONES[one['severity']]}{gone}"
            drawing.add_span(span, y, tone, title=one["title"], incident=one["id"], least=LEAST)


def _draw_answers(drawing: _Drawing, overview: Overview) -> None:
    if not overview.saves:
        return
    y = drawing.add_lane(("Answers", "list"))
    for save in overview.saves:
        title = f"Answer {save.item} saved"
        drawing.add_span(
            Span(save.at, save.at), y, f"save q{save.item % 2}", title=title, least=1.5
        )


def _svg(parts: Sequence[str], height: int, incidents: int) -> Markup:
    name = f"Timeline with {incidents} incidents; the list of incidents has them in words"
    return Markup(  # noqa: S704 - numbers and escaped text alone
        f'<svg class="tl" viewBox="0 0 {WIDTH:g} {height}" height="{height}"'
        f' preserveAspectRatio="none" role="img" aria-label="{name}">{"".join(parts)}'
        f'<line class="ph" x1="0" x2="0" y1="0" y2="{height}"/></svg>'
    )
