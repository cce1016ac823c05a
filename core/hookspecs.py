"""Every hook of examhall. A plugin implements some of them with `@hookimpl`.

The first group registers typed objects: called once at load and again when the set of installed
plugins changes; a wrong or duplicate object is refused with a reason, the others stay. The second
group is told of things as they happen.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click

    from examhall.core.contracts.access_rule import AccessRule
    from examhall.core.contracts.detector import Detector
    from examhall.core.contracts.events import Transition, Veto
    from examhall.core.contracts.formats import Format
    from examhall.core.contracts.proctoring import Findings, Incident, Integrity, SessionView
    from examhall.core.contracts.provider import Provider
    from examhall.core.contracts.question_type import QuestionType
    from examhall.core.contracts.scorer import Scorer
    from examhall.core.contracts.services import (
        EventEnvelope,
        EventSink,
        EvidenceStore,
        Notifier,
        Report,
        SignIn,
    )

hookspec = pluggy.HookspecMarker("examhall")
hookimpl = pluggy.HookimplMarker("examhall")


@hookspec
def examhall_question_types() -> list[QuestionType]:  # type: ignore[empty-body]
    """Return the question types of this plugin."""


@hookspec
def examhall_scorers() -> list[Scorer]:  # type: ignore[empty-body]
    """Return the scorers of this plugin."""


@hookspec
def examhall_detectors() -> list[Detector]:  # type: ignore[empty-body]
    """Return the detectors of this plugin.

    Must not load a model: that happens in the worker, when a session first needs it.
    """


@hookspec
def examhall_providers() -> list[Provider]:  # type: ignore[empty-body]
    """Return the providers of this plugin; each connection gets its own configured copy."""


@hookspec
def examhall_access_rules() -> list[AccessRule]:  # type: ignore[empty-body]
    """Return the access rules of this plugin."""


@hookspec
def examhall_formats() -> list[Format]:  # type: ignore[empty-body]
    """Return the question formats of this plugin."""


@hookspec
def examhall_sign_in() -> list[SignIn]:  # type: ignore[empty-body]
    """Return the sign-in methods of this plugin."""


@hookspec
def examhall_evidence_stores() -> list[EvidenceStore]:  # type: ignore[empty-body]
    """Return the evidence stores of this plugin; a setting chooses the one in use."""


@hookspec
def examhall_event_sinks() -> list[EventSink]:  # type: ignore[empty-body]
    """Return the event sinks of this plugin."""


@hookspec
def examhall_notifiers() -> list[Notifier]:  # type: ignore[empty-body]
    """Return the notifiers of this plugin."""


@hookspec
def examhall_reports() -> list[Report]:  # type: ignore[empty-body]
    """Return the reports of this plugin."""


@hookspec
def examhall_blueprints() -> list[Any]:  # type: ignore[empty-body]
    """Return Flask blueprints; called by the web process alone, mounted below `/x/<plugin>/`."""


@hookspec
def examhall_commands(group: click.Group) -> None:
    """Add click commands to the `examhall` command line."""


@hookspec
def examhall_migrations() -> Path:  # type: ignore[empty-body]
    """Return the folder of this plugin's own Alembic branch.

    Its tables carry the plugin's key as prefix. `examhall db upgrade` runs the branch.
    """


@hookspec
def examhall_event(event: EventEnvelope) -> None:
    """Hear of a domain event after it was committed.

    Called in a worker, at least once, in order per subject. An error is noted against the plugin
    and the event is not repeated: use an event sink where nothing may be missed.
    """


@hookspec(firstresult=True)
def examhall_before_transition(transition: Transition) -> Veto | None:
    """Object to a change of an attempt's state; the first Veto stops it.

    Called before the transaction that makes the change, and only for steps that a person asked
    for: submission by the deadline or by the system cannot be stopped. The change may still fail.
    """


@hookspec(firstresult=True)
def examhall_fuse_findings(
    session: SessionView, findings: Sequence[Findings], policy: dict[str, Any]
) -> list[Incident] | None:
    """Turn a session's findings into incidents by temporal rules; the first answer counts.

    Called with all findings so far, in order of time; must give the same incidents for the same
    findings. It is asked when there are new findings, when samples came in that are earlier than a
    finding, and at the end of a session: samples in which nothing was found change nothing before.
    The default is the bundled `fusion.temporal`.
    """


@hookspec(firstresult=True)
def examhall_integrity(
    session: SessionView, incidents: Sequence[Incident], policy: dict[str, Any]
) -> Integrity | None:
    """Weigh incidents into an integrity score; the first answer counts. Nothing acts on it."""
