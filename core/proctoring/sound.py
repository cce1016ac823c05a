"""Sound as browsers play it: the stored samples behind the head of a WAV file."""

from __future__ import annotations

import struct
from dataclasses import replace

from examhall.core.proctoring.evidence import EvidenceContent

RATE = 16_000
SAMPLE_BYTES = 2
RAW = "audio/l16"
WAV = "audio/wav"


def serve(content: EvidenceContent) -> EvidenceContent:
    """Return what a browser is sent for a piece of evidence: sound as WAV, all else as it is.

    The sha256 stays that of what is stored.
    """
    if content.content_type != RAW:
        return content
    return replace(content, data=to_wav(content.data), content_type=WAV)


def to_wav(samples: bytes) -> bytes:
    """Return 16 kHz mono 16-bit little-endian samples as a WAV file.

    The head is the canonical one of 44 bytes (Microsoft, "Multimedia Programming Interface and Data
    Specifications 1.0", 1991): RIFF, a format chunk for PCM, the data chunk.
    """
    size = len(samples)
    form = struct.pack("<HHIIHH", 1, 1, RATE, RATE * SAMPLE_BYTES, SAMPLE_BYTES, 8 * SAMPLE_BYTES)
    head = b"RIFF" + struct.pack("<I", 36 + size) + b"WAVE"
    head += b"fmt " + struct.pack("<I", len(form)) + form
    return head + b"data" + struct.pack("<I", size) + samples
