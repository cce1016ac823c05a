"""The smaller kinds: sign-in, evidence stores, event sinks, notifiers, reports."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Protocol

from examhall.core.contracts.base import Kind, Plugin


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signed in: `login` for local accounts, issuer and subject for all others."""

    login: str = ""
    issuer: str = ""
    subject: str = ""
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """A sign-in that failed; the reason never says which part was wrong."""

    reason: str


class CredentialBook(Protocol):
    """The part of the accounts that a sign-in method may use."""

    def check_password(self, login: str, password: str) -> bool:
        """Say whether an open account has this login and password.

        Takes as long for an unknown login as for a known one; no method ever sees a hash.
        """


class SignIn(Plugin):
    """A way to prove who one is. Methods with a redirect override `begin`."""

    kind: ClassVar[Kind] = Kind.SIGN_IN
    redirects: ClassVar[bool] = False
    """Whether `begin` sends the browser elsewhere; if not, our page asks login and password."""

    def begin(self, redirect_uri: str, state: str) -> str | None:
        """Return an address to send the browser to, None for a form on our own page."""
        return None

    @abstractmethod
    def finish(self, form: Mapping[str, str], book: CredentialBook) -> Identity | Refused:
        """Judge the form or the call back."""


@dataclass(frozen=True, slots=True)
class EvidenceRef:
    """Where evidence lies: its sha256 (hex), size in bytes and the store's own key."""

    sha256: str
    size: int
    key: str


class EvidenceStore(Plugin):
    """Keeps evidence by content address. Nothing in it is ever at a public address."""

    kind: ClassVar[Kind] = Kind.EVIDENCE_STORE

    @abstractmethod
    def put(self, data: bytes, content_type: str) -> EvidenceRef:
        """Store bytes durably before returning; the same bytes twice are stored once."""

    @abstractmethod
    def get(self, ref: EvidenceRef) -> bytes:
        """Return the bytes.

        Raises EvidenceMissingError for an object that is not there, EvidenceAlteredError (which is
        one too) for one that is not what was stored.
        """

    @abstractmethod
    def delete(self, ref: EvidenceRef) -> None:
        """Remove the object; removing it twice is no error."""


@dataclass(frozen=True, slots=True)
class EventEnvelope:
    """A domain event as sinks get it (at least once, in order per subject)."""

    event_id: str
    event_type: str
    topic: str
    timestamp: datetime
    subject: str
    user_id: str | None = None
    exam_id: str | None = None
    course_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


class EventSink(Plugin):
    """Takes domain events somewhere else."""

    kind: ClassVar[Kind] = Kind.EVENT_SINK

    @abstractmethod
    def emit(self, events: Sequence[EventEnvelope]) -> None:
        """Deliver; raise to have the same events again later."""


@dataclass(frozen=True, slots=True)
class Notification:
    """A message to a person."""

    recipient: str
    subject: str
    text: str


class Notifier(Plugin):
    """Sends messages to people."""

    kind: ClassVar[Kind] = Kind.NOTIFIER

    @abstractmethod
    def send(self, message: Notification) -> None:
        """Send; raise to have it tried again."""


@dataclass(frozen=True, slots=True)
class ReportDocument:
    """A finished report."""

    filename: str
    media_type: str
    content: bytes


class Report(Plugin):
    """Makes a document from data (a JSON object made by core) about an exam or a watched session.

    With the subject `session` the object has `title`, `made_at`, `made_by`; `exam` (id, title),
    `candidate` (name, number), `session` (id, started_at, ended_at, pauses ...); `consent` (class,
    given, at, text_digest); `watched` (streams, detectors, waived); `integrity` (score,
    contributions by title); `incidents` (title, severity, confidence, explanation, started_at,
    ended_at, state, note, detectors, frames of sha256, at, boxes); `decisions` (round, outcome,
    title, meaning, reason, reviewer, at, incidents); `appeal` (comment, state, at) or null;
    `evidence` (length, head, ok, broken_at, sealed); and `pictures`: JPEG in base64 by sha256.
    Moments are ISO 8601 in UTC.
    """

    kind: ClassVar[Kind] = Kind.REPORT
    subject: ClassVar[str] = "exam"
    """What its data is about: `exam`, or `session`."""

    @abstractmethod
    def build(self, data: Mapping[str, Any]) -> ReportDocument:
        """Write the report."""
