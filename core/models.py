"""All tables in one import, so that mappers and migrations see the whole schema."""

from examhall.core import leases
from examhall.core.accounts import models as accounts
from examhall.core.attempts import models as attempts
from examhall.core.audit import models as audit
from examhall.core.db import Base
from examhall.core.events import models as events
from examhall.core.exams import models as exams
from examhall.core.integrations import models as integrations
from examhall.core.media import models as media
from examhall.core.proctoring import check_in_models as check_ins
from examhall.core.proctoring import evaluation_models as evaluations
from examhall.core.proctoring import load as proctoring_load
from examhall.core.proctoring import models as proctoring
from examhall.core.proctoring.assignments import models as assignments
from examhall.core.proctoring.messages import models as conversations
from examhall.core.proctoring.room_camera import models as room_cameras
from examhall.core.registry import models as registry
from examhall.core.regrading import models as regrading
from examhall.core.retention import models as retention
from examhall.core.review import models as review
from examhall.core.scoring import models as scoring
from examhall.core.tries import models as tries

__all__ = [
    "Base",
    "accounts",
    "assignments",
    "attempts",
    "audit",
    "check_ins",
    "conversations",
    "evaluations",
    "events",
    "exams",
    "integrations",
    "leases",
    "media",
    "proctoring",
    "proctoring_load",
    "registry",
    "regrading",
    "retention",
    "review",
    "room_cameras",
    "scoring",
    "tries",
]

metadata = Base.metadata
