"""How a chunk travels: a form with the part `meta` (JSON) and one part `sample` for each sample."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError
from werkzeug.datastructures import FileStorage

from examhall.core.errors import InvalidError
from examhall.core.proctoring.chunks import MAX_CHUNK_BYTES, NewChunk
from examhall.core.proctoring.samples import Upload
from examhall.core.text import load_json
from examhall.web.api.proctoring_schemas import ChunkMetaSchema

CHUNK_LIMIT = MAX_CHUNK_BYTES + 64 * 1024
"""Bytes of a whole form."""


def read_chunk(meta: str, parts: list[FileStorage]) -> NewChunk:
    """Return the chunk of a form; raises InvalidError."""
    try:
        values: dict[str, Any] = ChunkMetaSchema().load(load_json(meta))
    except ValidationError as error:
        raise InvalidError("The part `meta` is wrong.", meta=error.messages) from error
    times = [sample["at"] for sample in values.pop("samples")]
    if len(times) != len(parts):
        raise InvalidError("There must be one part `sample` for each of meta.samples.")
    uploads = tuple(
        Upload(at, part.read(), part.mimetype) for at, part in zip(times, parts, strict=True)
    )
    return NewChunk(uploads=uploads, **values)
