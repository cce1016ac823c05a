"""What a client sends to save a response, and what it gets back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from examhall.core.attempts.timing import Clock
from examhall.core.errors import ExamhallError, InvalidError, SignInRequiredError, TooLargeError
from examhall.core.permissions import Permission, Principal
from examhall.core.text import check_json

MAX_RAW_BYTES = 262144
"""Of a response as JSON in UTF-8: an essay of 50,000 characters in any script."""
MAX_SEQUENCE = 2**53 - 1
MAX_REVISION = 2**31 - 1
MAX_LEASE_LENGTH = 64


@dataclass(frozen=True, slots=True)
class SaveOperation:
    """A response that a client wants saved.

    `operation_id` is new for every change and the same for every retry of it; `client_sequence`
    grows with every operation of a lease; `base_revision` is the revision that the client knew.
    """

    attempt_id: UUID
    item_id: UUID
    user_id: UUID
    operation_id: UUID
    client_sequence: int
    base_revision: int
    lease_id: str
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SaveResult:
    """What became of an operation; `revision` is the item's revision that counts now, or 0."""

    item_id: UUID
    operation_id: UUID
    state: str = ""
    revision: int = 0
    saved_at: datetime | None = None
    clock: Clock | None = None
    error: ExamhallError | None = None


@dataclass(frozen=True, slots=True)
class SaveReport:
    """The results in the order of the operations, and the attempts that need another scoring."""

    results: list[SaveResult]
    rescore: list[UUID]


def make_operation(
    principal: Principal, attempt_id: UUID, item_id: UUID, data: Mapping[str, Any]
) -> SaveOperation:
    """Return a checked operation of the candidate who asks.

    `data` has `operation_id`, `client_sequence`, `base_revision`, `lease_id` and `raw`. Raises
    InvalidError or TooLargeError for what cannot be stored.
    """
    if not principal.may_somewhere(Permission.ATTEMPTS_TAKE):
        principal.require(Permission.ATTEMPTS_TAKE)
    if principal.user_id is None:
        raise SignInRequiredError("Sign in first.")
    check_raw(data["raw"])
    _check_range("client_sequence", data["client_sequence"], MAX_SEQUENCE)
    _check_range("base_revision", data["base_revision"], MAX_REVISION)
    if len(data["lease_id"]) > MAX_LEASE_LENGTH:
        raise InvalidError("A lease_id has at most 64 characters.", lease_id="Too long.")
    return SaveOperation(
        attempt_id=attempt_id,
        item_id=item_id,
        user_id=principal.user_id,
        operation_id=data["operation_id"],
        client_sequence=data["client_sequence"],
        base_revision=data["base_revision"],
        lease_id=data["lease_id"],
        raw=data["raw"],
    )


def check_raw(raw: object) -> None:
    """Raise for a raw response that is no JSON object, too large, too deep, or holds bad text."""
    if not isinstance(raw, dict):
        raise InvalidError("A response is a JSON object.", raw="Not an object.")
    check_json(raw)
    try:
        size = len(json.dumps(raw, allow_nan=False, ensure_ascii=False).encode())
    except ValueError as error:
        raise InvalidError("A number cannot be stored.", raw="Not a JSON number.") from error
    if size > MAX_RAW_BYTES:
        raise TooLargeError(f"A response has at most {MAX_RAW_BYTES} bytes.", size=size)


def _check_range(name: str, value: int, highest: int) -> None:
    if not 0 <= value <= highest:
        raise InvalidError(f"{name} lies between 0 and {highest}.", **{name: "Out of range."})
