"""The settings of an exam: time, access, scoring, proctoring. Frozen into each exam version."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema


class TimeSettings(Schema):
    """How long an attempt lasts. Seconds; None means no limit of that kind."""

    limit_seconds = fields.Integer(
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, 604800),
        metadata={
            "label": "Time limit in minutes",
            "help": "Counts from each candidate's own start. Empty: no limit.",
            "widget": "minutes",
        },
    )
    hard_close = fields.AwareDateTime(
        load_default=None,
        allow_none=True,
        format="iso",
        metadata={"label": "Hard close", "help": "Whatever is running then is handed in."},
    )
    multiplier_stretches_close = fields.Boolean(
        load_default=True,
        metadata={
            "label": "Extra time reaches beyond the hard close",
            "help": "For candidates with a time multiplier.",
        },
    )


WITH_TRIES = ["interactive", "adaptive"]


class ScoringSettings(Schema):
    """Which scorer counts, with its own settings, what is told when, and the release."""

    scorer = fields.String(load_default="sum", validate=validate.Length(1, 100))
    settings = fields.Dict(keys=fields.String(), load_default=dict)
    feedback_mode = fields.String(
        load_default="deferred",
        validate=validate.OneOf(
            [
                "deferred",
                "immediate",
                "interactive",
                "adaptive",
                "adaptive_free",
                "manual",
                "deferred_certainty",
                "immediate_certainty",
            ],
            labels=[
                "At the end: candidates learn nothing while they work",
                "At once: each question is checked once, and that is final",
                "Interactive: several tries with hints, each failed one costs a penalty",
                "Adaptive: any number of tries, the best counts with its penalties",
                "Adaptive without penalties: any number of tries, the best counts",
                "By hand: people mark every answer",
                "At the end, with certainty: candidates say how sure they are, and it counts",
                "At once, with certainty: candidates say how sure they are, and it counts",
            ],
        ),
        metadata={"label": "Feedback while the attempt runs"},
    )
    tries = fields.Integer(
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, 20),
        metadata={
            "label": "Tries for each question",
            "help": "Empty: one more than the question has hints.",
            "when": {"feedback_mode": ["interactive"]},
        },
    )
    try_penalty = fields.Decimal(
        load_default=None,
        allow_none=True,
        as_string=True,
        validate=validate.Range(0, 1),
        metadata={
            "label": "Taken off for each failed try",
            "help": "As share of the points, 0.25 for a quarter. Empty: as each question says.",
            "when": {"feedback_mode": WITH_TRIES},
        },
    )
    release = fields.String(
        load_default="automatic",
        validate=validate.OneOf(
            ["automatic", "manual"],
            labels=["As soon as everything is marked", "When somebody releases it"],
        ),
        metadata={"label": "Candidates see their result"},
    )
    show_provisional = fields.Boolean(
        load_default=True,
        metadata={
            "label": "Show a provisional score meanwhile",
            "help": "What could be scored at once, while a person still marks the rest.",
        },
    )


class MarkingSettings(Schema):
    """How people mark; `tolerance` is a share of an answer's points."""

    blind = fields.Boolean(
        load_default=True,
        metadata={
            "label": "Markers do not learn the candidates' names",
            "help": "They see the candidate number alone.",
        },
    )
    second = fields.Boolean(
        load_default=False,
        metadata={
            "label": "Two people mark each answer",
            "help": "Neither sees the other's mark; the mean of both counts.",
        },
    )
    tolerance = fields.Decimal(
        load_default=Decimal("0.1"),
        validate=validate.Range(0, 1),
        as_string=True,
        metadata={
            "label": "Two marks may differ by",
            "help": "As share of the points: 0.1 is a tenth. Beyond it a third person decides.",
        },
    )


CANNED_MESSAGES = (
    "Please move into the picture; your face cannot be seen.",
    "Please make sure that you are alone in the room.",
    "Please put the phone out of reach.",
    "Please keep the exam window in front.",
    "Thank you, all is well. Please go on.",
)
"""What proctors can send with one press, where an exam's settings say nothing else."""


class ProctoringSettings(Schema):
    """Whether and how an exam is watched; `rules` are the temporal rules' own settings."""

    enabled = fields.Boolean(load_default=False, metadata={"label": "Watch this exam"})
    detectors = fields.List(
        fields.String(validate=validate.Length(1, 100)),
        load_default=list,
        metadata={"label": "Detectors"},
    )
    consent_text = fields.String(
        load_default="",
        validate=validate.Length(0, 10000),
        metadata={
            "label": "Consent text",
            "help": "Candidates read it before they agree. Say what is recorded, why, how long.",
            "widget": "multiline",
        },
    )
    authorization = fields.String(
        load_default="none",
        validate=validate.OneOf(
            ["none", "proctor"],
            labels=["Candidates start by themselves", "A proctor lets each candidate in"],
        ),
        metadata={"label": "Start"},
    )
    room_camera = fields.String(
        load_default="off",
        validate=validate.OneOf(
            ["off", "optional", "required"],
            labels=["None", "Candidates may add one", "Nobody starts without one"],
        ),
        metadata={
            "label": "Phone as second camera",
            "help": "A phone that sees the room, joined by a QR code at the check-in; no app.",
        },
    )
    canned_messages = fields.List(
        fields.String(validate=validate.Length(1, 300)),
        load_default=lambda: list(CANNED_MESSAGES),
        validate=validate.Length(max=30),
        metadata={
            "label": "Messages at hand",
            "help": "Proctors choose from these when they write to candidates.",
        },
    )
    frame_seconds = fields.Float(
        load_default=0.5,
        validate=validate.Range(0.2, 10),
        metadata={"label": "Seconds between two pictures"},
    )
    chunk_seconds = fields.Float(
        load_default=1.0,
        validate=validate.Range(0.5, 30),
        metadata={
            "label": "Seconds between two uploads",
            "help": "Shorter ones reach proctors sooner and cost more.",
        },
    )
    screen = fields.Boolean(
        load_default=False,
        metadata={
            "label": "Take still pictures of the screen",
            "help": "Candidates share their whole screen. For people who watch, not for programs.",
        },
    )
    screen_seconds = fields.Float(
        load_default=5.0,
        validate=validate.Range(1, 120),
        metadata={"label": "Seconds between two pictures of the screen"},
    )
    fullscreen = fields.Boolean(
        load_default=False,
        metadata={
            "label": "Ask for full screen",
            "help": "Candidates are asked to come back when they leave it; it never stops them.",
        },
    )
    face_photo = fields.Boolean(
        load_default=False,
        metadata={
            "label": "Photo of the face at the check-in",
            "help": "Nobody starts without one. Detectors that know faces compare with it.",
        },
    )
    identity_document = fields.Boolean(
        load_default=False,
        metadata={
            "label": "Photo of an identity document at the check-in",
            "help": "Nobody starts without one. The people who watch the exam see it.",
        },
    )
    second_reviewer = fields.Boolean(
        load_default=False,
        metadata={
            "label": "A second reviewer decides too",
            "help": "Unless the first has no concern. Where the two differ, the second counts.",
        },
    )
    appeal_days = fields.Integer(
        load_default=14,
        strict=True,
        validate=validate.Range(1, 365),
        metadata={
            "label": "Days for an appeal",
            "help": "Candidates can appeal once, within so many days after a decision.",
        },
    )
    retention_days = fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=validate.Range(1, 3650),
        metadata={
            "label": "Days that evidence is kept",
            "help": "Afterwards pictures and sound are removed. Empty: as the installation says.",
        },
    )
    rules = fields.Dict(
        keys=fields.String(),
        load_default=dict,
        metadata={"label": "Rules", "help": "Settings of the rules that make incidents, as JSON."},
    )


class ExamSettingsSchema(Schema):
    """All settings of an exam; unknown names are refused."""

    instructions = fields.String(
        load_default="",
        validate=validate.Length(0, 20000),
        metadata={
            "label": "Instructions",
            "help": "Candidates read them before they start.",
            "widget": "multiline",
        },
    )
    time = fields.Nested(TimeSettings, load_default=lambda: TimeSettings().load({}))
    access = fields.Dict(
        keys=fields.String(), values=fields.Dict(keys=fields.String()), load_default=dict
    )
    scoring = fields.Nested(ScoringSettings, load_default=lambda: ScoringSettings().load({}))
    marking = fields.Nested(MarkingSettings, load_default=lambda: MarkingSettings().load({}))
    proctoring = fields.Nested(
        ProctoringSettings, load_default=lambda: ProctoringSettings().load({})
    )

    @validates_schema
    def _watching_needs_detectors(self, data: dict[str, Any], **_: Any) -> None:
        proctoring = data.get("proctoring") or {}
        if proctoring.get("enabled") and not proctoring.get("detectors"):
            raise ValidationError("Choose at least one detector.", "proctoring.detectors")


class AllowanceSchema(Schema):
    """What one candidate is given beyond the exam's own settings."""

    candidate_number = fields.String(
        load_default="",
        validate=validate.Length(0, 40),
        metadata={"label": "Candidate number", "help": "Empty: one is drawn."},
    )
    multiplier = fields.Decimal(
        load_default=Decimal(1),
        validate=validate.Range(1, 10),
        places=3,
        as_string=True,
        metadata={"label": "Time multiplier", "help": "1.25 gives a quarter more time."},
    )
    extra_seconds = fields.Integer(
        load_default=0,
        validate=validate.Range(0, 604800),
        strict=True,
        metadata={"label": "Extra minutes", "widget": "minutes"},
    )
    max_attempts = fields.Integer(
        load_default=1,
        validate=validate.Range(1, 1000),
        strict=True,
        metadata={"label": "Attempts"},
    )
    waived_detectors = fields.List(
        fields.String(validate=validate.Length(1, 100)),
        load_default=list,
        validate=validate.Length(0, 100),
        metadata={
            "label": "Waived detectors",
            "help": "They do not look at this candidate, and weigh nothing.",
        },
    )
    waiver_reason = fields.String(
        load_default="",
        validate=validate.Length(0, 500),
        metadata={
            "label": "Why detectors are waived",
            "help": "Such as the number of the decision; no diagnosis. It goes into the audit.",
        },
    )
    waived_rules = fields.List(
        fields.String(validate=validate.Length(1, 100)),
        load_default=list,
        validate=validate.Length(0, 100),
        metadata={"label": "Waived access rules"},
    )
