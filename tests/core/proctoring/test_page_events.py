"""From what the exam page tells to incidents: stored, analysed, fused, with their evidence."""

import io
import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from PIL import Image

from examhall.core.proctoring.chunks import NewChunk
from examhall.core.proctoring.samples import Upload
from tests.core.attempts.world import World
from tests.core.proctoring.watching import START, Watched, watch


def tell(watched: Watched, sequence: int, *events: tuple[float, str, dict[str, Any]]) -> None:
    uploads = tuple(
        Upload(
            START + timedelta(seconds=seconds),
            json.dumps({"type": name, **data}).encode(),
            "application/json",
        )
        for seconds, name, data in events
    )
    sent = watched.sending_clock()
    chunk = NewChunk("browser", sequence, uploads[0].at, uploads[-1].at, uploads, sent)
    watched.send(chunk)


def show_black(watched: Watched, seconds: int) -> None:
    for number in range(seconds):
        file = io.BytesIO()
        Image.new("RGB", (64, 48), (number % 3, 0, 0)).save(file, "JPEG")
        at = START + timedelta(seconds=number)
        frame = Upload(at, file.getvalue(), "image/jpeg")
        watched.send(NewChunk("camera", number, at, at, (frame,), watched.sending_clock()))


def test_an_absence_from_the_page_is_one_incident_with_its_whole_span(world: World) -> None:
    watched = watch(world, detectors=["browser"])
    tell(watched, 0, (0, "state", {"hidden": False}), (2, "tab.hidden", {}))
    tell(watched, 1, *((second, "state", {"hidden": True}) for second in (3, 4)))
    watched.analyse()
    [early] = watched.incidents()
    assert early.kind == "browser.hidden"
    tell(watched, 2, *((second, "state", {"hidden": True}) for second in (5, 6)))
    tell(watched, 3, (8, "tab.visible", {}), (60, "paste", {"length": 400}))
    watched.analyse()
    hidden, paste = watched.incidents()
    assert hidden.id == early.id
    assert hidden.explanation.startswith("The exam page was hidden for ")
    # The browser's clock is known about only.
    assert (hidden.ended_at - hidden.started_at).total_seconds() == pytest.approx(6, abs=1.5)
    assert hidden.evidence
    assert paste.kind == "browser.clipboard"
    assert "400 characters" in paste.explanation
    assert float(watched.session().integrity["score"]) < 100


def test_an_event_is_shown_with_a_picture_of_its_time(world: World) -> None:
    watched = watch(world, detectors=["scripted", "browser"])
    show_black(watched, 9)
    tell(watched, 0, (4.5, "print", {}))
    watched.analyse()
    [incident] = watched.incidents()
    assert [piece["content_type"] for piece in incident.evidence] == [
        "application/json",
        "image/jpeg",
    ]
    picture = datetime.fromisoformat(incident.evidence[1]["at"])
    assert abs((picture - incident.started_at).total_seconds()) < 3
    assert incident.finding_count == 1


def test_faults_are_seen_in_what_is_recorded_for_others_and_weigh_nothing(world: World) -> None:
    watched = watch(world, detectors=["scripted", "technical"])
    assert set(watched.session().policy["streams"]) == {"camera", "browser"}
    show_black(watched, 6)
    tell(watched, 0, (0, "microphone.lost", {"reason": "off"}), (5, "microphone.back", {}))
    watched.analyse()
    dark, microphone = sorted(watched.incidents(), key=lambda row: row.kind)
    assert (dark.kind, dark.severity) == ("technical.dark", "technical")
    assert (microphone.kind, microphone.severity) == ("technical.microphone_off", "technical")
    assert Decimal(watched.session().integrity["score"]) == 100
