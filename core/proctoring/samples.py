"""What may be a sample: checked by its header before it is stored, decoded by detectors alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from examhall.core.contracts.detector import Stream
from examhall.core.errors import InvalidError, TooLargeError
from examhall.core.proctoring.jpeg import check_jpeg
from examhall.core.text import load_json

MAX_SAMPLE_BYTES = 2_000_000
MAX_EVENT_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Upload:
    """One part of an upload: when it was captured by the browser's clock, and its bytes."""

    at: datetime
    data: bytes
    content_type: str

    @property
    def sha256(self) -> str:
        """The address of the bytes in the evidence store."""
        return hashlib.sha256(self.data).hexdigest()


def check_sample(stream: Stream, upload: Upload) -> None:
    """Raise InvalidError or TooLargeError, with the reason, for anything that is no sample."""
    wanted, check = _RULES[stream]
    if upload.content_type.partition(";")[0].strip().lower() != wanted:
        raise InvalidError(f"A {stream} sample must be {wanted}.", content_type=wanted)
    if not upload.data:
        raise InvalidError("A sample is empty.")
    if len(upload.data) > MAX_SAMPLE_BYTES:
        raise TooLargeError(f"A sample may have {MAX_SAMPLE_BYTES} bytes.", limit=MAX_SAMPLE_BYTES)
    check(upload.data)


def content_type_of(stream: Stream) -> str:
    """Return the content type of a stream's samples."""
    return _RULES[stream][0]


def _check_event(data: bytes) -> None:
    if len(data) > MAX_EVENT_BYTES:
        raise TooLargeError(f"An event may have {MAX_EVENT_BYTES} bytes.", limit=MAX_EVENT_BYTES)
    try:
        event = load_json(data)
    except InvalidError as error:
        raise InvalidError(f"A browser event cannot be kept. {error.message}") from error
    if not isinstance(event, dict):
        raise InvalidError("A browser event is a JSON object.")


def _check_pcm(data: bytes) -> None:
    if len(data) % 2:
        raise InvalidError("16-bit sound has an even number of bytes.")


_RULES: Mapping[Stream, tuple[str, Callable[[bytes], None]]] = {
    Stream.CAMERA: ("image/jpeg", check_jpeg),
    Stream.SCREEN: ("image/jpeg", check_jpeg),
    Stream.ROOM: ("image/jpeg", check_jpeg),
    Stream.MICROPHONE: ("audio/l16", _check_pcm),
    Stream.BROWSER: ("application/json", _check_event),
}
