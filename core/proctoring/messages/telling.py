"""Telling both sides of a conversation, once it is stored for good."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from examhall.core.db import after_commit
from examhall.core.platform import Platform
from examhall.core.proctoring.messages.models import ProctorMessage
from examhall.core.proctoring.messages.queries import describe_message, view_message
from examhall.core.proctoring.models import ProctoringSession
from examhall.core.proctoring.operations import exam_channel


def describe_to_candidate(row: ProctorMessage) -> dict[str, Any]:
    """Return a message as its candidate hears it: not who of the proctors wrote it."""
    return describe_message(view_message(row, ""))


def tell_candidate(
    session: Session,
    platform: Platform,
    watched: ProctoringSession,
    event: str,
    data: dict[str, Any],
) -> None:
    """Send an event to the candidate of a session after the commit."""
    channel = f"attempt:{watched.attempt_id}"
    after_commit(session, lambda: platform.live.publish(channel, event, data))


def tell_proctors(
    session: Session, platform: Platform, exam_id: UUID, event: str, data: dict[str, Any]
) -> None:
    """Send an event to all who watch an exam after the commit."""
    channel = exam_channel(exam_id)
    after_commit(session, lambda: platform.live.publish(channel, event, data))
