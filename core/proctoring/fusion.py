"""Ask the fusion plugin for a session's incidents and its integrity score, guarded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from examhall.core.contracts.proctoring import Incident, Integrity, SessionView
from examhall.core.platform import Platform
from examhall.core.proctoring.analysis import Verdict
from examhall.core.proctoring.history import History

MOST_TEXT = 2000


def judge_session(platform: Platform, policy: dict[str, Any], history: History) -> Verdict:
    """Return the incidents that all findings so far make, and what they weigh.

    Call it outside of any transaction. A fusion that fails leaves what is stored.
    """
    view = history.view()
    incidents = platform.plugins.first(
        "examhall_fuse_findings",
        session=view,
        findings=tuple(history.findings),
        policy=dict(policy),
    )
    if incidents is None:
        return Verdict()
    clipped = [_clip(incident) for incident in incidents]
    return Verdict(clipped, _weigh(platform, policy, view, clipped))


def _weigh(
    platform: Platform, policy: dict[str, Any], view: SessionView, incidents: Sequence[Incident]
) -> Integrity | None:
    integrity: Integrity | None = platform.plugins.first(
        "examhall_integrity", session=view, incidents=tuple(incidents), policy=dict(policy)
    )
    return integrity


def _clip(incident: Incident) -> Incident:
    if len(incident.explanation) <= MOST_TEXT:
        return incident
    return replace(incident, explanation=incident.explanation[:MOST_TEXT])
