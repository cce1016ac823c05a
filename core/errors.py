"""The one tree of errors. Core raises them; web translates them once, by code and status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class ExamhallError(Exception):
    """Anything that examhall refuses or cannot do, with a stable code and a message that helps."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details: Mapping[str, Any] = details


class InvalidError(ExamhallError):
    """The input breaks a rule; `details` name the fields."""

    code = "invalid"
    status = 422


class SignInRequiredError(ExamhallError):
    """Nobody is signed in."""

    code = "sign_in_required"
    status = 401


class ForbiddenError(ExamhallError):
    """Whoever is signed in may not do this."""

    code = "forbidden"
    status = 403


class NotFoundError(ExamhallError):
    """There is no such thing, or none that this person may know of."""

    code = "not_found"
    status = 404


class ConflictError(ExamhallError):
    """The thing is not in a state that allows this, or somebody was faster."""

    code = "conflict"
    status = 409


class StaleRevisionError(ConflictError):
    """The change was made on top of an older revision."""

    code = "stale_revision"


class LeaseLostError(ConflictError):
    """Another tab or device has taken the attempt over."""

    code = "lease_lost"


class ItemFinishedError(ConflictError):
    """The item's feedback mode has ended it: its answer counts as it is."""

    code = "item_finished"


class ClosedError(ConflictError):
    """The time for this is over, or has not begun."""

    code = "closed"


class TooLargeError(ExamhallError):
    """More than the limit allows."""

    code = "too_large"
    status = 413


class RateLimitedError(ExamhallError):
    """Too many tries in too short a time."""

    code = "rate_limited"
    status = 429


class PluginError(ExamhallError):
    """A plugin cannot be loaded or did not do what its contract says."""

    code = "plugin_error"
    status = 503


class PluginCallError(PluginError):
    """A plugin raised, took too long or returned something else than its contract says.

    It has been noted; `details` name the kind, key, operation and reason.
    """

    code = "plugin_call_failed"


class EvidenceMissingError(ExamhallError):
    """Evidence is gone from its store, or is not what was stored."""

    code = "evidence_missing"
    status = 410


class EvidenceAlteredError(EvidenceMissingError):
    """Evidence is in its store, but is not what was stored."""


class SettingsError(ExamhallError):
    """A setting cannot be used; the message names it and says what to write."""

    code = "settings"
