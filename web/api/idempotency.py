"""Idempotency-Key: a repeated POST gets the first one's answer and makes nothing again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from hashlib import sha256
from typing import Any, cast
from uuid import UUID

from flask import Response, make_response, request
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from examhall.core.accounts.models import IdempotencyRecord
from examhall.core.errors import ConflictError, InvalidError
from examhall.web.context import View, platform, principal

HEADER = "Idempotency-Key"
KEEP = timedelta(hours=24)
IN_WORK = 0
"""The status of a record whose first call has not ended."""

PARAMETER = {
    "in": "header",
    "name": HEADER,
    "required": False,
    "description": "A repeated call with the same key gets the first one's answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}


def idempotent(view: View) -> View:
    """Obey the header Idempotency-Key; put it right below the route, above all else.

    A call that fails leaves no record, so that it can be sent again. The same key with another
    request raises InvalidError; a key whose first call has not ended raises ConflictError.
    """

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        key, user_id = request.headers.get(HEADER), principal().user_id
        if key is None or user_id is None:
            return view(*args, **kwargs)
        return _run_once(user_id, _checked(key), lambda: view(*args, **kwargs))

    wrapper.is_idempotent = True  # type: ignore[attr-defined]
    return cast("View", wrapper)


def _checked(key: str) -> str:
    if not 1 <= len(key) <= 200 or not key.isascii() or not key.isprintable() or " " in key:
        raise InvalidError(f"{HEADER} must be 1 to 200 visible ASCII characters.")
    return key


def _run_once(user_id: UUID, key: str, work: Callable[[], Any]) -> Response:
    digest = _digest()
    if not _reserve(user_id, key, digest):
        return _repeat(user_id, key, digest)
    where = (IdempotencyRecord.user_id == user_id, IdempotencyRecord.key == key)
    try:
        response = make_response(work())
    except BaseException:
        with platform().db.transaction() as session:
            session.execute(delete(IdempotencyRecord).where(*where))
        raise
    with platform().db.transaction() as session:
        values = {"status": response.status_code, "body": response.get_data(as_text=True)}
        session.execute(update(IdempotencyRecord).where(*where).values(**values))
    return response


def _digest() -> str:
    start = f"{request.method} {request.full_path}\n".encode()
    return sha256(start + request.get_data(cache=True)).hexdigest()


def _reserve(user_id: UUID, key: str, digest: str) -> bool:
    """Note that a call has begun; False where the key is already known."""
    now = platform().clock.now()
    record = IdempotencyRecord(
        user_id=user_id, key=key, request_digest=digest, status=IN_WORK, body="", created_at=now
    )
    try:
        with platform().db.transaction() as session:
            session.execute(
                delete(IdempotencyRecord).where(
                    IdempotencyRecord.user_id == user_id, IdempotencyRecord.created_at < now - KEEP
                )
            )
            session.add(record)
    except IntegrityError:
        return False
    return True


def _repeat(user_id: UUID, key: str, digest: str) -> Response:
    with platform().db.reading() as session:
        record = session.scalar(
            select(IdempotencyRecord).where(
                IdempotencyRecord.user_id == user_id, IdempotencyRecord.key == key
            )
        )
    if record is None or record.status == IN_WORK:
        raise ConflictError("The first call with this Idempotency-Key has not ended.")
    if record.request_digest != digest:
        raise InvalidError("This Idempotency-Key was used for another request.")
    response = Response(record.body, status=record.status, content_type="application/json")
    response.headers["Idempotent-Replay"] = "true"
    return response
