"""Measuring a detector on labelled files, so that an institution can see before it trusts."""

from __future__ import annotations

import csv
import io
import json
import logging
import math
import stat
import wave
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from examhall.core.contracts.base import Health, HealthStatus, Kind
from examhall.core.contracts.detector import Detector, Metrics, Sample, Stream
from examhall.core.errors import InvalidError, NotFoundError, PluginCallError, PluginError

if TYPE_CHECKING:
    from examhall.core.platform import Platform

log = logging.getLogger(__name__)

START = datetime(2000, 1, 1, tzinfo=UTC)
SOUND = (16_000, 1, 2)
"""Rate, channels and bytes a sample of the sound that detectors hear."""

TRUTH = "audio_ground_truth.json"
_UNMEASURABLE = (
    "{} cannot be measured on labelled files: what it finds is told by the browser or by the time "
    "between samples, not by a picture or a sound."
)
MAX_FILE = 512 * 1024 * 1024
MOST_SECONDS = 24 * 3600.0
MOST_NAME = 200
LONGEST_LABEL = 100_000
MOST_FIGURE = 100


@dataclass(frozen=True, slots=True)
class Labelled:
    """A file of the set with what people wrote about it, by the names of the columns."""

    path: Path
    labels: Mapping[str, str]


def evaluate_detector(platform: Platform, key: str, manifest: Path) -> Metrics:
    """Measure a detector on the files of a manifest.

    A manifest is a CSV file with the column `file` (a path from the manifest's folder) and columns
    of labels, or a JSON object that gives the labels of each file by its name (`speech`: spans in
    seconds, `kind`). Files may be JPEG pictures, videos and 16 kHz 16-bit mono WAV sound. Raises
    NotFoundError for an unknown detector or a missing file, InvalidError for a manifest or a file
    that cannot be read, where no file has a label that the detector can be compared with, and for a
    detector that cannot be measured on files, PluginError where the detector cannot work here.
    """
    plugin = platform.plugins.find(Kind.DETECTOR, key)
    if not isinstance(plugin, Detector):
        raise NotFoundError(f"There is no detector {key!r} in use.")
    if type(plugin).evaluate is Detector.evaluate:
        raise InvalidError(_UNMEASURABLE.format(plugin.title))
    health = platform.plugins.call(plugin, "health", expect=Health)
    if health.status is HealthStatus.FAILED:
        raise PluginError(f"{plugin.title} cannot work here: {health.message} {health.hint}")
    files = read_manifest(manifest)
    stream = Stream.MICROPHONE if Stream.MICROPHONE in plugin.streams else Stream.CAMERA
    chosen = [one for one in files if _is_sound(one.path) == (stream is Stream.MICROPHONE)]
    if not chosen:
        raise InvalidError(f"The manifest names no file that {plugin.title} can look at.")
    # A bad file is no failure of the detector's, which would be paused after some of them.
    for one in chosen:
        _check_file(one.path)
    dataset = ((_read_sample(one, stream), one.labels) for one in chosen)
    try:
        metrics: Metrics = platform.plugins.call(
            plugin, "evaluate", dataset, expect=Metrics, limit=MOST_SECONDS
        )
    except PluginCallError as error:
        if isinstance(error.__cause__, NotImplementedError):
            raise InvalidError(_UNMEASURABLE.format(plugin.title)) from error
        raise
    _tell_left_out(plugin.title, metrics.samples, len(chosen))
    groups = {str(name): finite(figures) for name, figures in metrics.groups.items()}
    return Metrics(int(metrics.samples), finite(metrics.figures), groups)


def finite(figures: Mapping[str, float]) -> dict[str, float]:
    """Return the figures that are numbers, as plain ones: a share of nothing is none."""
    return {
        str(name)[:MOST_FIGURE]: float(value)
        for name, value in figures.items()
        if math.isfinite(value)
    }


def _tell_left_out(title: str, measured: int, named: int) -> None:
    """Log how many files no figure is about; raises InvalidError where that is all of them."""
    reason = f"it is no JPEG picture, video or sound that can be read, or has no label that {title}"
    reason += " can be compared with"
    if not measured:
        raise InvalidError(f"Nothing was measured: of each of {named} files, {reason}.")
    if measured < named:
        log.warning("%d of %d files were left out: of each, %s.", named - measured, named, reason)


def read_manifest(manifest: Path) -> list[Labelled]:
    """Return the labelled files that a manifest names; raises InvalidError and NotFoundError."""
    text = _read_text(manifest)
    if manifest.suffix.casefold() == ".json":
        rows = list(_rows_of_json(manifest, text))
    else:
        rows = list(_rows_of_csv(manifest, text))
    return [Labelled(_locate(manifest.parent, row["file"]), row) for row in rows]


def _rows_of_csv(manifest: Path, text: str) -> Iterator[dict[str, str]]:
    reader = csv.DictReader(
        io.StringIO(text, newline=""), restval="", restkey="", skipinitialspace=True
    )
    truth = _read_truth(manifest.parent)
    try:
        if "file" not in (reader.fieldnames or ()):
            columns = ", ".join(reader.fieldnames or ()) or "none"
            raise InvalidError(f"{manifest} has no column `file`; its columns are: {columns:.200}.")
        for row in reader:
            labels = _labels_of_row(row)
            yield {**labels, **truth.get(Path(labels["file"]).name, {})}
    except csv.Error as error:
        place = f"line {reader.line_num}"
        raise InvalidError(f"{manifest} cannot be read as a table, {place}: {error}.") from error


def _labels_of_row(row: Mapping[str | Any, str | Any]) -> dict[str, str]:
    labels = {name: str(value).strip() for name, value in row.items() if name}
    # The module's own limit is of the whole process: whoever reads tables may raise it.
    if any(len(value) > LONGEST_LABEL for value in labels.values()):
        raise csv.Error(f"a field is longer than {LONGEST_LABEL:,} characters")
    return labels


def _rows_of_json(manifest: Path, text: str) -> Iterator[dict[str, str]]:
    for name, labels in _as_object(manifest, text).items():
        yield {**_as_labels(labels), "file": name}


def _read_truth(folder: Path) -> dict[str, dict[str, str]]:
    """Return labels of sound that lie beside the manifest."""
    path = folder / TRUTH
    if not path.is_file():
        return {}
    found = _as_object(path, _read_text(path))
    return {name: _as_labels(labels) for name, labels in found.items()}


def _read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidError(f"{path} cannot be read as text: {error}") from error


def _as_object(path: Path, text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidError(f"{path} is not JSON: {error}") from error
    if not isinstance(document, dict) or not all(isinstance(v, dict) for v in document.values()):
        raise InvalidError(f"{path} is not an object with an object of labels for each file.")
    return document


def _as_labels(labels: Mapping[str, Any]) -> dict[str, str]:
    return {
        str(name): value if isinstance(value, str) else json.dumps(value)
        for name, value in labels.items()
    }


def _locate(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / "audio" / name):
        # No file has such a name, nor one that the system finds too long.
        with suppress(OSError, ValueError):
            if stat.S_ISREG(path.stat().st_mode):
                return path
    raise NotFoundError(f"The manifest names {name[:MOST_NAME]!r}, which is not in {folder}.")


def _is_sound(path: Path) -> bool:
    return path.suffix.casefold() == ".wav"


def _check_file(path: Path) -> None:
    """Raise InvalidError, with the reason, for a file that cannot be made a sample."""
    try:
        if path.stat().st_size > MAX_FILE:
            raise InvalidError(f"{path} is too large: a file may have {MAX_FILE} bytes.")
        with path.open("rb") as file:
            if _is_sound(path):
                _open_sound(path, file).close()
    except OSError as error:
        raise InvalidError(f"{path} cannot be read: {error}") from error


def _read_sample(one: Labelled, stream: Stream) -> Sample:
    if not _is_sound(one.path):
        return Sample(stream, START, one.path.read_bytes())
    with one.path.open("rb") as file, _open_sound(one.path, file) as sound:
        return Sample(stream, START, sound.readframes(sound.getnframes()))


def _open_sound(path: Path, file: BinaryIO) -> wave.Wave_read:
    try:
        sound = wave.Wave_read(file)
    except (wave.Error, EOFError) as error:
        reason = f": {error}" if str(error) else ""
        raise InvalidError(f"{path} is no WAV file of plain PCM{reason}.") from error
    form = (sound.getframerate(), sound.getnchannels(), sound.getsampwidth())
    if form != SOUND:
        raise InvalidError(f"{path} is not 16 kHz, mono, 16 bit: {form}. Convert it first.")
    return sound
