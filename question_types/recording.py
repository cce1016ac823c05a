"""Recording: an answer that is spoken or filmed in the browser, and marked by a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from examhall.plugins import (
    Content,
    FormatErrors,
    QuestionType,
    Raw,
    Response,
    Variant,
    View,
    hookimpl,
)
from examhall.question_types.handed_in import (
    MEGABYTE,
    HandedIn,
    HandedInContent,
    named_files,
    read_files,
    sample_line,
)
from examhall.question_types.shared import choice_field

LARGEST = 64
"""Megabytes; ten minutes of video at the rate that the script asks for have 54."""


class RecordingContent(HandedInContent):
    """A question that is answered by speaking."""

    medium = choice_field("Recording", {"audio": "Sound", "video": "Sound and picture"})
    seconds = fields.Integer(
        load_default=120,
        validate=validate.Range(5, 600),
        metadata={"label": "Longest recording in seconds"},
    )


class Recording(HandedIn):
    """A recording that the candidate can hear and make again; the last one counts."""

    key = "recording"
    version = "1.0.0"
    title = "Recording"
    summary = "A spoken or filmed answer, recorded in the browser and marked by a person."
    schema = RecordingContent
    template = "recording.html"
    module = "recording.js"

    def example(self) -> Content:
        return {
            "stem": "<p>Read the poem aloud. You have one minute.</p>",
            "medium": "audio",
            "seconds": 60,
            "rubric": "<p>Clear words 2, rhythm 2.</p>",
        }

    def describe(self, question: Mapping[str, Any]) -> dict[str, Any]:
        # What a browser calls the container of a sound recording is often that of a video.
        return {
            "medium": question["medium"],
            "seconds": question["seconds"],
            "files": {
                "types": [f"{question['medium']}/*"],
                "max_bytes": LARGEST * MEGABYTE,
                "max_count": 1,
            },
        }

    def look(self, variant: Variant, raw: Raw, view: View) -> dict[str, Any]:
        seconds = variant.public["seconds"]
        minutes, rest = divmod(seconds, 60)
        return {
            "handed": named_files(self.parse(variant, raw), "recording"),
            "longest": f"{minutes} min {rest} s" if minutes and rest else
            f"{minutes} min" if minutes else f"{rest} s",
        }  # fmt: skip

    def parse(self, variant: Variant, raw: Raw) -> Response | FormatErrors:
        return read_files(raw, "recording", variant.public["files"])

    def summarise(self, variant: Variant, response: Response) -> str:
        return "; ".join(file.words for file in named_files(response, "recording"))

    def simulate(self, variant: Variant, kind: str) -> Raw:
        if kind in {"right", "wrong"}:
            content_type = f"{variant.public['medium']}/webm"
            return {"recording": [sample_line(f"{kind} answer.webm", content_type)]}
        return {} if kind == "empty" else {"recording": ["no file"]}


@hookimpl
def examhall_question_types() -> list[QuestionType]:
    """Return the recording."""
    return [Recording()]
