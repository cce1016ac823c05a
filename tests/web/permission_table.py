"""Who may open which door: every route of the application, for everybody.

The people are one of each role (`candidate` owns the attempts), `stranger` (another candidate) and
`outsider` (author, grader, proctor and reviewer, all of another exam). Whoever is not named at a
door is forbidden (403); for those under `hidden` the thing is not there (404); whoever is not
signed in must sign in (401, or the sign-in page), except where a door is open to the public.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

OPEN = "everybody"
SIGNED_IN = "admin author grader proctor reviewer auditor candidate stranger outsider"

# Who holds which permission, as in core/permissions.py but written down again on purpose.
USERS = PLUGINS = CONNECTIONS = "admin"
HEALTH = "admin auditor"
AUDIT = "auditor"
BANK = "author"
EXAMS = "admin author grader proctor reviewer"
WRITERS = "author"
REGISTRARS = "admin author"
ATTEMPTS = "admin grader proctor reviewer"
CONTROL = "proctor"
SCORES = "admin author grader"
MARKERS = "grader"
RELEASERS = "admin author"
WATCHERS = "proctor reviewer"
DECIDERS = "reviewer"
HOLDERS = "admin reviewer"
OWNER = "candidate"

Body = Mapping[str, Any] | Callable[[Any], Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Door:
    """A route with one method, and how to knock.

    `use` chooses other things than the usual ones for the rule's variables (`Hall.ids`); `json`,
    `form` and `query` are what is sent, or make it from the hall.
    """

    method: str
    rule: str
    ok: frozenset[str]
    hidden: frozenset[str] = frozenset()
    use: Mapping[str, str] = field(default_factory=dict)
    json: Body | None = None
    form: Body | None = None
    query: Body | None = None
    public: bool = False


def door(route: str, ok: str, hidden: str = "", **knock: Any) -> Door:
    """Return a door; `route` is a method and a rule, `ok` and `hidden` are people."""
    method, rule = route.split(" ")
    public = ok == OPEN
    people = frozenset((SIGNED_IN if public else ok).split())
    return Door(
        method=method,
        rule=rule,
        ok=people,
        hidden=frozenset(hidden.split()),
        public=public,
        **knock,
    )


def lease(_: Any) -> dict[str, Any]:
    return {"lease_id": "window-of-the-owner"}


def save(hall: Any) -> dict[str, Any]:
    return {
        "operation_id": str(uuid4()),
        "client_sequence": 1,
        "base_revision": 0,
        "lease_id": "window-of-the-owner",
        "raw": {"text": "newton"},
    }


def consent(hall: Any) -> dict[str, Any]:
    return {"classes": hall.ids["classes"], "text_digest": hall.ids["text_digest"]}


def content(kind: str) -> Callable[[Any], dict[str, Any]]:
    return lambda hall: dict(hall.platform.plugins.question_type(kind).example())


def new_question(hall: Any) -> dict[str, Any]:
    return {"title": "New", "type": "text_entry", "content": content("text_entry")(hall)}


def structure(hall: Any) -> dict[str, Any]:
    item = {"question_id": str(hall.ids["question_id"]), "points": "1"}
    return {"revision": hall.ids["revision"], "sections": [{"title": "A", "items": [item]}]}


def revision(hall: Any) -> dict[str, Any]:
    return {"revision": hall.ids["revision"]}


def chosen_question(hall: Any) -> dict[str, Any]:
    return {"section": "0", "question": str(hall.ids["question_id"])}


def bulk_change(hall: Any) -> dict[str, Any]:
    return {"ids": [str(hall.ids["question_id"])], "add_tags": ["seen"]}


def newcomer(hall: Any) -> dict[str, Any]:
    return {"user_id": str(hall.people.users["newcomer"].id)}


def link(hall: Any) -> dict[str, Any]:
    return hall.link("proctor")


REASON = {"reason": "A test."}
CONFIG = {"url": "https://partner.example/", "secret": "a secret of more than sixteen characters"}
CONNECTION = {"provider": "webhook", "title": "New", "config": CONFIG, "unchecked": True}
CONNECTION_FORM = {
    "title": "New",
    "config.url": CONFIG["url"],
    "config.secret": CONFIG["secret"],
    "_action": "unchecked",
}
NEW_USER = {"login": "another", "name": "Another"}
DRAFT = {"exam_id": "exam_id.draft"}
GRADED = {"exam_id": "exam_id.graded"}
RELEASED = {"exam_id": "exam_id.released", "question_id": "question_id.released"}
ANALYSED = "/exams/<uuid:exam_id>/analysis/<uuid:question_id>"
WATCHED = {"attempt_id": "attempt_id.watched"}
WAITING = {"attempt_id": "attempt_id.waiting", "item_id": "item_id.waiting"}

PUBLIC_DOORS = [
    door("GET /static/<path:filename>", OPEN, use={"filename": "static_file"}),
    door("GET /x/<key>/static/<path:name>", OPEN, use={"name": "static_file"}),
    door("GET /sign-in", OPEN),
    door("POST /sign-in/<key>", OPEN, use={"key": "method"}, form={"login": "x", "password": "x"}),
    door("GET /sign-in/<key>/callback", OPEN, use={"key": "method"}),
    door("GET /api/v1/docs", OPEN),
    door("GET /api/v1/openapi.json", OPEN),
    door("GET /api/v1/health/live", OPEN),
    door("POST /api/v1/auth/token", OPEN, json={"login": "x", "password": "x"}),
    door("POST /api/v1/auth/refresh", OPEN, json={"refresh_token": "x"}),
    door("POST /api/v1/auth/revoke", OPEN, json={"refresh_token": "x"}),
    door("POST /api/v1/receipts/verify", OPEN, json=lambda hall: {"digest": hall.ids["digest"]}),
    door("POST /api/v1/webhooks/<uuid:connection_id>", OPEN, json={}),
    door("GET /room-camera", OPEN),
    door("GET /room-camera/<code>", OPEN),
    door("POST /api/v1/room-camera/join", OPEN, json={"code": "00000-00000"}),
    door("POST /api/v1/room-camera/chunks", OPEN, form="chunk"),
    door("POST /api/v1/room-camera/leave", OPEN),
]

ACCOUNT_DOORS = [
    door("GET /", SIGNED_IN),
    door("POST /sign-out", SIGNED_IN),
    door("GET /api/v1/me", SIGNED_IN),
    door("GET /api/v1/users", USERS),
    door("POST /api/v1/users", USERS, json=NEW_USER),
    door("GET /api/v1/users/<uuid:user_id>", USERS + " author"),
    door("PATCH /api/v1/users/<uuid:user_id>", USERS, json={"name": "New"}),
    door("POST /api/v1/users/<uuid:user_id>/roles", USERS, json={"role": "grader"}),
    door("DELETE /api/v1/users/<uuid:user_id>/roles/<uuid:grant_id>", USERS),
    door("GET /api/v1/audit", AUDIT),
    door("GET /api/v1/health", HEALTH),
    door("GET /admin/health", HEALTH),
    door("GET /api/v1/detectors", HEALTH),
    door("GET /api/v1/detectors/<key>/evaluations", HEALTH, use={"key": "detector"}),
    door("GET /admin/detectors", HEALTH),
    door("GET /admin/users", USERS),
    door("GET /admin/users/new", USERS),
    door("POST /admin/users/new", USERS, form={**NEW_USER, "role": "candidate"}),
    door("GET /admin/users/<uuid:user_id>", USERS),
    door("POST /admin/users/<uuid:user_id>", USERS, form={"name": "New"}),
    door("POST /admin/users/<uuid:user_id>/password", USERS),
    door("POST /admin/users/<uuid:user_id>/roles", USERS, form={"role": "grader"}),
    door("POST /admin/users/<uuid:user_id>/roles/<uuid:grant_id>/revoke", USERS),
    door("POST /admin/users/<uuid:user_id>/archive", USERS),
    door("GET /admin/users/<uuid:user_id>/erase", USERS),
    door("POST /admin/users/<uuid:user_id>/erase", USERS, form={"login": "x"}),
    door("POST /home/archive", "candidate stranger"),
    door("POST /api/v1/users/<uuid:user_id>/archive", "admin author"),
    door("POST /api/v1/users/<uuid:user_id>/erasure", USERS, json={"confirm": "erase"}),
    door("GET /review/<uuid:session_id>/evidence", WATCHERS, "outsider"),
    door("POST /review/<uuid:session_id>/evidence", WATCHERS, "outsider"),
    door("POST /review/<uuid:session_id>/evidence/hold", HOLDERS, "outsider", form={"reason": "x"}),
    door("POST /review/<uuid:session_id>/evidence/release", HOLDERS, "outsider"),
]

PLUGIN_DOORS = [
    door("GET /api/v1/plugins", PLUGINS),
    door("GET /api/v1/plugins/<kind>/<key>", PLUGINS),
    door("PATCH /api/v1/plugins/<kind>/<key>", PLUGINS, json={"enabled": False}),
    door("GET /api/v1/question-types", BANK + " outsider"),
    door("GET /admin/plugins", PLUGINS),
    door("GET /admin/plugins/<kind>/<key>", PLUGINS),
    door("POST /admin/plugins/<kind>/<key>", PLUGINS),
    door("POST /admin/plugins/<kind>/<key>/enabled", PLUGINS, form={"enabled": "0"}),
    door("GET /api/v1/connections", CONNECTIONS),
    door("POST /api/v1/connections", CONNECTIONS, json=CONNECTION),
    door("GET /api/v1/connections/<uuid:connection_id>", CONNECTIONS),
    door("PATCH /api/v1/connections/<uuid:connection_id>", CONNECTIONS, json={"state": "disabled"}),
    door("POST /api/v1/connections/<uuid:connection_id>/test", CONNECTIONS),
    door("GET /api/v1/connections/<uuid:connection_id>/messages", CONNECTIONS),
    door("POST /api/v1/messages/<uuid:message_id>/replay", CONNECTIONS),
    door("GET /admin/connections", CONNECTIONS),
    door("GET /admin/connections/new/<provider>", CONNECTIONS),
    door("POST /admin/connections/new/<provider>", CONNECTIONS, form=CONNECTION_FORM),
    door("GET /admin/connections/<uuid:connection_id>", CONNECTIONS),
    door("GET /admin/connections/<uuid:connection_id>/edit", CONNECTIONS),
    door("POST /admin/connections/<uuid:connection_id>/edit", CONNECTIONS, form=CONNECTION_FORM),
    door("POST /admin/connections/<uuid:connection_id>/test", CONNECTIONS),
    door("POST /admin/connections/<uuid:connection_id>/state", CONNECTIONS),
    door(
        "POST /admin/connections/<uuid:connection_id>/messages/<uuid:message_id>/replay",
        CONNECTIONS,
    ),
]

QUESTION_DOORS = [
    door("GET /api/v1/questions", BANK),
    door("POST /api/v1/questions", BANK, json=new_question),
    door("GET /api/v1/questions/<uuid:question_id>", BANK, "outsider"),
    door("PATCH /api/v1/questions/<uuid:question_id>", BANK, json={"archived": True}),
    door("GET /api/v1/questions/<uuid:question_id>/versions", BANK, "outsider"),
    door(
        "POST /api/v1/questions/<uuid:question_id>/versions",
        BANK,
        "outsider",
        json=lambda hall: {"content": content("text_entry")(hall)},
    ),
    door(
        "GET /api/v1/questions/<uuid:question_id>/versions/<int:number>/changes",
        BANK,
        "outsider",
    ),
    door(
        "POST /api/v1/questions/<uuid:question_id>/versions/<int:number>/restore",
        BANK,
        "outsider",
    ),
    door("POST /api/v1/questions/<uuid:question_id>/duplicate", BANK),
    door("GET /api/v1/questions/tags", BANK),
    door("POST /api/v1/questions/bulk", BANK, json=bulk_change),
    door("POST /api/v1/questions/check", BANK, json={}),
    door("POST /api/v1/questions/import", BANK, json={}),
    door("GET /api/v1/questions/export", BANK),
    door("POST /api/v1/media", BANK, form="picture"),
    door("POST /api/v1/formulas", BANK, json={"tex": "x^2"}),
    door("GET /media/<sha256>", SIGNED_IN),
    door("GET /questions", BANK),
    door("GET /questions/new", BANK),
    door("POST /questions/new", BANK, form={"type": "essay"}),
    door("GET /questions/<uuid:question_id>", BANK, "outsider"),
    door("POST /questions/<uuid:question_id>", BANK, "outsider", form={"title": "New"}),
    door("POST /questions/<uuid:question_id>/archive", BANK, form={"archived": "1"}),
    door("POST /questions/bulk", BANK),
    door("POST /questions/<uuid:question_id>/duplicate", BANK),
    door("GET /questions/<uuid:question_id>/versions", BANK, "outsider"),
    door("GET /questions/<uuid:question_id>/versions/<int:number>", BANK, "outsider"),
    door("POST /questions/<uuid:question_id>/versions/<int:number>/restore", BANK, "outsider"),
    door("GET /questions/files", BANK),
    door("POST /questions/files", BANK, form={"format": "json"}),
    door("GET /questions/files/export", BANK),
    door("GET /questions/files/reports/<uuid:report_id>", BANK),
]

EXAM_DOORS = [
    door("GET /api/v1/exams", EXAMS + " outsider"),
    door("POST /api/v1/exams", WRITERS, json={"title": "New"}),
    door("GET /api/v1/exams/<uuid:exam_id>", EXAMS, "outsider"),
    door(
        "PATCH /api/v1/exams/<uuid:exam_id>",
        WRITERS,
        "outsider",
        json=lambda hall: {**revision(hall), "title": "New"},
    ),
    door("PUT /api/v1/exams/<uuid:exam_id>/structure", WRITERS, "outsider", json=structure),
    door("POST /api/v1/exams/<uuid:exam_id>/publish", WRITERS, "outsider", use=DRAFT),
    door(
        "POST /api/v1/exams/<uuid:exam_id>/archive", WRITERS, "outsider", json=revision, use=DRAFT
    ),
    door(
        "POST /api/v1/exams/<uuid:exam_id>/restore", WRITERS, "outsider", json=revision, use=DRAFT
    ),
    door("POST /api/v1/exams/<uuid:exam_id>/duplicate", WRITERS),
    door("GET /api/v1/exams/<uuid:exam_id>/export", BANK),
    door("GET /api/v1/exams/<uuid:exam_id>/versions", EXAMS, "outsider"),
    door("GET /api/v1/exams/<uuid:exam_id>/registrations", REGISTRARS, "outsider"),
    door("POST /api/v1/exams/<uuid:exam_id>/registrations", REGISTRARS, "outsider", json=newcomer),
    door(
        "PATCH /api/v1/registrations/<uuid:registration_id>",
        REGISTRARS,
        "outsider",
        json={"extra_seconds": 60},
    ),
    door("POST /api/v1/registrations/<uuid:registration_id>/waivers", REGISTRARS, "outsider"),
    door("GET /exams", EXAMS + " outsider"),
    door("POST /exams", WRITERS, form={"title": "New"}),
    door("GET /exams/<uuid:exam_id>", EXAMS, "outsider"),
    door("POST /exams/<uuid:exam_id>", WRITERS, "outsider", form=revision),
    door("GET /exams/<uuid:exam_id>/add", WRITERS, "outsider"),
    door("POST /exams/<uuid:exam_id>/add", WRITERS, "outsider", form=chosen_question),
    door("POST /exams/<uuid:exam_id>/archive", WRITERS, "outsider", form=revision, use=DRAFT),
    door("POST /exams/<uuid:exam_id>/restore", WRITERS, "outsider", form=revision, use=DRAFT),
    door("POST /exams/<uuid:exam_id>/duplicate", WRITERS),
    door("GET /exams/<uuid:exam_id>/candidates", REGISTRARS, "outsider"),
    door(
        "POST /exams/<uuid:exam_id>/candidates", REGISTRARS, "outsider", form={"logins": "newcomer"}
    ),
    door("GET /exams/<uuid:exam_id>/candidates/<uuid:registration_id>", REGISTRARS, "outsider"),
    door("POST /exams/<uuid:exam_id>/candidates/<uuid:registration_id>", REGISTRARS, "outsider"),
    door(
        "POST /exams/<uuid:exam_id>/candidates/<uuid:registration_id>/waivers",
        REGISTRARS,
        "outsider",
    ),
    door("GET /exams/<uuid:exam_id>/preview", WRITERS, "outsider"),
    door("POST /exams/<uuid:exam_id>/preview/<int:number>", WRITERS, "outsider"),
    door("POST /exams/<uuid:exam_id>/publish", WRITERS, "outsider", use=DRAFT),
    door("GET /exams/<uuid:exam_id>/results", SCORES, "outsider"),
    door("GET /exams/<uuid:exam_id>/analysis", SCORES, "outsider", use=RELEASED),
    door("GET /exams/<uuid:exam_id>/analysis.csv", SCORES, "outsider", use=RELEASED),
    door(f"GET {ANALYSED}", SCORES, "outsider", use=RELEASED),
    door(f"GET {ANALYSED}.csv", SCORES, "outsider", use=RELEASED),
    door("GET /exams/<uuid:exam_id>/regrades", SCORES, "outsider"),
    door("POST /exams/<uuid:exam_id>/regrades", RELEASERS, "outsider", use=GRADED, form={}),
    door("GET /regrades/<uuid:run_id>", SCORES, "outsider"),
    door("GET /regrades/<uuid:run_id>/changes.csv", SCORES, "outsider"),
    door("POST /regrades/<uuid:run_id>/release", RELEASERS, "outsider", form={}),
    door("POST /regrades/<uuid:run_id>/discard", RELEASERS, "outsider", form={}),
    door(
        "POST /exams/<uuid:exam_id>/results",
        RELEASERS,
        "outsider",
        form=lambda hall: {"attempt": str(hall.ids["attempt_id.graded"])},
        use={"exam_id": "exam_id.graded"},
    ),
    door("GET /exams/<uuid:exam_id>/settings", WRITERS, "outsider"),
    door("POST /exams/<uuid:exam_id>/settings", WRITERS, "outsider", form=revision),
    door("GET /exams/<uuid:exam_id>/versions", EXAMS, "outsider"),
]

SITTING_DOORS = [
    door("GET /home", "candidate stranger"),
    door("GET /api/v1/registrations", "candidate stranger"),
    door(
        "POST /api/v1/registrations/<uuid:registration_id>/attempts",
        OWNER,
        "stranger",
        json={},
        use={"registration_id": "registration_id.new"},
    ),
    door(
        "POST /registrations/<uuid:registration_id>/open",
        OWNER,
        "stranger",
        use={"registration_id": "registration_id.new"},
    ),
    door("GET /attempts/<uuid:attempt_id>/check-in", OWNER, "stranger", use=WATCHED),
    door("GET /attempts/<uuid:attempt_id>/room", OWNER, "stranger"),
    door(
        "GET /attempts/<uuid:attempt_id>/result",
        OWNER,
        "stranger",
        use={"attempt_id": "attempt_id.released"},
    ),
    door("GET /api/v1/attempts/<uuid:attempt_id>", OWNER + " " + ATTEMPTS, "stranger outsider"),
    door("GET /api/v1/attempts/<uuid:attempt_id>/history", ATTEMPTS, "stranger outsider"),
    door("GET /api/v1/attempts/<uuid:attempt_id>/uncounted", ATTEMPTS, "stranger outsider"),
    door("POST /api/v1/attempts/<uuid:attempt_id>/check-in", OWNER, "stranger", use=WATCHED),
    door("GET /api/v1/attempts/<uuid:attempt_id>/room-camera", OWNER, "stranger", use=WATCHED),
    door("POST /api/v1/attempts/<uuid:attempt_id>/room-camera", OWNER, "stranger", use=WATCHED),
    door(
        "POST /api/v1/attempts/<uuid:attempt_id>/start",
        OWNER,
        "stranger",
        json=lease,
        use={"attempt_id": "attempt_id.ready"},
    ),
    door("GET /api/v1/attempts/<uuid:attempt_id>/room", OWNER, "stranger"),
    door("POST /api/v1/attempts/<uuid:attempt_id>/lease", OWNER, "stranger", json=lease),
    door(
        "PUT /api/v1/attempts/<uuid:attempt_id>/responses/<uuid:item_id>",
        OWNER,
        "stranger",
        json=save,
    ),
    door(
        "POST /api/v1/attempts/<uuid:attempt_id>/responses",
        OWNER,
        "stranger",
        json=lambda hall: {"operations": [{**save(hall), "item_id": str(hall.ids["item_id"])}]},
    ),
    door(
        "POST /api/v1/attempts/<uuid:attempt_id>/items/<uuid:item_id>/check",
        OWNER,
        "stranger",
        json=save,
        use={"attempt_id": "attempt_id.tried", "item_id": "item_id.tried"},
    ),
    door(
        "POST /api/v1/attempts/<uuid:attempt_id>/items/<uuid:item_id>/try-again",
        OWNER,
        "stranger",
        json=lambda hall: {**lease(hall), "operation_id": str(uuid4())},
        use={"attempt_id": "attempt_id.failed", "item_id": "item_id.failed"},
    ),
    door(
        "POST /api/v1/attempts/<uuid:attempt_id>/items/<uuid:item_id>/files",
        OWNER,
        "stranger",
        form="answer",
        use={"attempt_id": "attempt_id.drawn", "item_id": "item_id.drawn"},
    ),
    door("PUT /api/v1/attempts/<uuid:attempt_id>/flags", OWNER, "stranger", json={"items": []}),
    door(
        "GET /api/v1/attempts/<uuid:attempt_id>/clock", OWNER + " " + ATTEMPTS, "stranger outsider"
    ),
    door("POST /api/v1/attempts/<uuid:attempt_id>/submit", OWNER, "stranger", json=lease),
    door(
        "GET /api/v1/attempts/<uuid:attempt_id>/receipt",
        OWNER + " " + ATTEMPTS,
        "stranger outsider",
        use={"attempt_id": "attempt_id.released"},
    ),
    door(
        "GET /api/v1/attempts/<uuid:attempt_id>/stream", OWNER + " " + ATTEMPTS, "stranger outsider"
    ),
    door(
        "POST /api/v1/attempts/<uuid:attempt_id>/authorize",
        CONTROL,
        "outsider",
        use={"attempt_id": "attempt_id.gated"},
    ),
    door("POST /api/v1/attempts/<uuid:attempt_id>/pause", CONTROL, "outsider", json=REASON),
    door(
        "POST /api/v1/attempts/<uuid:attempt_id>/resume",
        CONTROL,
        "outsider",
        json=REASON,
        use={"attempt_id": "attempt_id.paused"},
    ),
    door("POST /api/v1/attempts/<uuid:attempt_id>/terminate", CONTROL, "outsider", json=REASON),
    door(
        "POST /api/v1/attempts/<uuid:attempt_id>/time",
        CONTROL,
        "outsider",
        json={**REASON, "seconds": "60"},
    ),
]

SCORE_DOORS = [
    door(
        "GET /api/v1/attempts/<uuid:attempt_id>/result",
        OWNER + " " + SCORES,
        "stranger outsider",
        use={"attempt_id": "attempt_id.released"},
    ),
    door(
        "GET /api/v1/attempts/<uuid:attempt_id>/review",
        OWNER + " " + SCORES,
        "stranger outsider",
        use={"attempt_id": "attempt_id.released"},
    ),
    door(
        "GET /api/v1/attempts/<uuid:attempt_id>/scores",
        SCORES,
        "outsider",
        use={"attempt_id": "attempt_id.graded"},
    ),
    door("GET /api/v1/exams/<uuid:exam_id>/scores", SCORES, "outsider"),
    door("GET /api/v1/exams/<uuid:exam_id>/analysis", SCORES, "outsider", use=RELEASED),
    door(f"GET /api/v1{ANALYSED}", SCORES, "outsider", use=RELEASED),
    door("GET /api/v1/exams/<uuid:exam_id>/regrades", SCORES, "outsider"),
    door("POST /api/v1/exams/<uuid:exam_id>/regrades", RELEASERS, "outsider", use=GRADED, json={}),
    door("GET /api/v1/exams/<uuid:exam_id>/regrades/options", SCORES, "outsider"),
    door("GET /api/v1/regrades/<uuid:run_id>", SCORES, "outsider"),
    door("GET /api/v1/regrades/<uuid:run_id>/changes", SCORES, "outsider"),
    door("GET /api/v1/regrades/<uuid:run_id>/questions", SCORES, "outsider"),
    door("POST /api/v1/regrades/<uuid:run_id>/release", RELEASERS, "outsider"),
    door("POST /api/v1/regrades/<uuid:run_id>/discard", RELEASERS, "outsider"),
    door("GET /api/v1/exams/<uuid:exam_id>/waiting", MARKERS, "outsider"),
    door(
        "GET /api/v1/attempts/<uuid:attempt_id>/items/<uuid:item_id>/marks",
        MARKERS,
        "outsider",
        use=WAITING,
    ),
    door(
        "POST /api/v1/attempts/<uuid:attempt_id>/items/<uuid:item_id>/marks",
        MARKERS,
        "outsider",
        json={"fraction": "0.5"},
        use=WAITING,
    ),
    door(
        "POST /api/v1/attempts/<uuid:attempt_id>/release",
        RELEASERS,
        "outsider",
        use={"attempt_id": "attempt_id.graded"},
    ),
    door("GET /marking", MARKERS + " outsider"),
    door("GET /marking/next", MARKERS + " outsider"),
    door("GET /marking/<uuid:attempt_id>/<uuid:item_id>", MARKERS, "outsider", use=WAITING),
    door(
        "POST /marking/<uuid:attempt_id>/<uuid:item_id>",
        MARKERS,
        "outsider",
        form={"points": "1"},
        use=WAITING,
    ),
]

PROCTORING_DOORS = [
    door("GET /api/v1/attempts/<uuid:attempt_id>/check-in-photos", OWNER, "stranger", use=WATCHED),
    door(
        "POST /api/v1/attempts/<uuid:attempt_id>/check-in-photos/<kind>",
        OWNER,
        "stranger",
        form="photo",
        use={**WATCHED, "kind": "photo_kind"},
    ),
    door("GET /api/v1/proctoring/sessions/<uuid:session_id>/check-in-photos", WATCHERS, "outsider"),
    door("GET /api/v1/attempts/<uuid:attempt_id>/consent", OWNER, "stranger", use=WATCHED),
    door(
        "POST /api/v1/attempts/<uuid:attempt_id>/consent",
        OWNER,
        "stranger",
        json=consent,
        use=WATCHED,
    ),
    door(
        "POST /api/v1/proctoring/sessions/<uuid:session_id>/chunks", OWNER, "stranger", form="chunk"
    ),
    door("GET /api/v1/detection/load", "admin proctor reviewer auditor outsider"),
    door(
        "POST /api/v1/detection/exams/<uuid:exam_id>/reweigh",
        "reviewer",
        "outsider",
        json={"rules": {}},
        use={"exam_id": "exam_id.watched"},
    ),
    door("GET /api/v1/proctoring/sessions", WATCHERS + " outsider"),
    door("GET /api/v1/proctoring/sessions/<uuid:session_id>", WATCHERS, "outsider"),
    door("GET /api/v1/proctoring/sessions/<uuid:session_id>/incidents", WATCHERS, "outsider"),
    door("GET /api/v1/proctoring/sessions/<uuid:session_id>/frame", WATCHERS, "outsider"),
    door("POST /api/v1/proctoring/sessions/<uuid:session_id>/verification", WATCHERS, "outsider"),
    door("GET /api/v1/proctoring/sessions/<uuid:session_id>/manifest", WATCHERS, "outsider"),
    door("GET /api/v1/proctoring/sessions/<uuid:session_id>/keeping", WATCHERS, "outsider"),
    door(
        "PUT /api/v1/proctoring/sessions/<uuid:session_id>/hold",
        HOLDERS,
        "outsider",
        json={"reason": "A complaint."},
    ),
    door("DELETE /api/v1/proctoring/sessions/<uuid:session_id>/hold", HOLDERS, "outsider"),
    door(
        "GET /api/v1/proctoring/stream",
        WATCHERS,
        "outsider",
        query=lambda hall: {"exam_id": hall.ids["exam_id.watched"]},
    ),
    door(
        "POST /api/v1/incidents/<uuid:incident_id>/note",
        WATCHERS,
        "outsider",
        json={"state": "dismissed"},
    ),
    door("POST /api/v1/evidence/<uuid:evidence_id>/link", WATCHERS, "outsider"),
    # A link is for the one person who asked for it.
    door(
        "GET /api/v1/evidence/<uuid:evidence_id>/content",
        "proctor",
        query=link,
    ),
    door("GET /proctor", WATCHERS + " outsider"),
    door("GET /proctor/<uuid:exam_id>", WATCHERS, "outsider", use={"exam_id": "exam_id.watched"}),
]


def said(_: Any) -> dict[str, Any]:
    return {"operation_id": str(uuid4()), "text": "Please go on."}


def some_message(_: Any) -> dict[str, Any]:
    return {"message_ids": [str(uuid4())]}


def some_frames(hall: Any) -> dict[str, Any]:
    return {"exam_id": hall.ids["exam_id.watched"], "sessions": hall.ids["session_id"]}


CONVERSATION_DOORS = [
    door("GET /api/v1/proctoring/frames", WATCHERS, "outsider", query=some_frames),
    door("GET /api/v1/proctoring/sessions/<uuid:session_id>/messages", WATCHERS, "outsider"),
    door(
        "POST /api/v1/proctoring/sessions/<uuid:session_id>/messages",
        CONTROL,
        "outsider",
        json=said,
    ),
    door(
        "POST /api/v1/proctoring/sessions/<uuid:session_id>/messages/read",
        CONTROL,
        "outsider",
        json=some_message,
    ),
    door(
        "POST /api/v1/proctoring/exams/<uuid:exam_id>/announcements",
        CONTROL,
        "outsider",
        json=said,
    ),
    door("GET /api/v1/attempts/<uuid:attempt_id>/messages", OWNER, "stranger", use=WATCHED),
    door(
        "POST /api/v1/attempts/<uuid:attempt_id>/messages",
        OWNER,
        "stranger",
        json=said,
        use=WATCHED,
    ),
    door(
        "POST /api/v1/attempts/<uuid:attempt_id>/messages/read",
        OWNER,
        "stranger",
        json=some_message,
        use=WATCHED,
    ),
    door("GET /api/v1/proctoring/exams/<uuid:exam_id>/proctors", CONTROL, "outsider"),
    door(
        "POST /api/v1/proctoring/exams/<uuid:exam_id>/assignments",
        CONTROL,
        "outsider",
        json=lambda hall: {"session_ids": [str(hall.ids["session_id"])], "proctor_id": None},
        use={"exam_id": "exam_id.watched"},
    ),
    door(
        "POST /api/v1/proctoring/exams/<uuid:exam_id>/assignments/split",
        CONTROL,
        "outsider",
        json=lambda hall: {"proctor_ids": [str(hall.people.users["proctor"].id)]},
    ),
]

QUEUED = {"session_id": "session_id.queued", "exam_id": "exam_id.queued"}
DECIDED = {
    "attempt_id": "attempt_id.decided",
    "evidence_id": "evidence_id.decided",
    "session_id": "session_id.decided",
}
CLEAR = {"round": "first", "outcome": "no_concern", "reason": "Nothing was seen."}

REVIEW_DOORS = [
    door("GET /api/v1/proctoring/sessions/<uuid:session_id>/timeline", WATCHERS, "outsider"),
    door(
        "POST /api/v1/proctoring/sessions/<uuid:session_id>/links",
        WATCHERS,
        "outsider",
        json=lambda hall: {"ids": [str(hall.ids["evidence_id"])]},
    ),
    door("GET /api/v1/reviews", DECIDERS + " outsider"),
    door("GET /api/v1/reviews/<uuid:session_id>", DECIDERS, "outsider"),
    door(
        "POST /api/v1/reviews/<uuid:session_id>/decisions",
        DECIDERS,
        "outsider",
        use=QUEUED,
        json=CLEAR,
    ),
    door("GET /api/v1/attempts/<uuid:attempt_id>/decision", OWNER, "stranger", use=DECIDED),
    door(
        "POST /api/v1/attempts/<uuid:attempt_id>/decision/links",
        OWNER,
        "stranger",
        use=DECIDED,
        json=lambda hall: {"ids": [str(hall.ids["evidence_id.decided"])]},
    ),
    door(
        "GET /api/v1/attempts/<uuid:attempt_id>/decision/evidence/<uuid:evidence_id>",
        OWNER,
        "stranger",
        use=DECIDED,
        query=lambda hall: hall.own_link(),
    ),
    door(
        "POST /api/v1/attempts/<uuid:attempt_id>/appeal",
        OWNER,
        "stranger",
        use=DECIDED,
        json={"comment": "I was alone."},
    ),
    door("GET /review", DECIDERS + " outsider"),
    door("GET /review/<uuid:session_id>", DECIDERS, "outsider", use=QUEUED),
    door("POST /review/<uuid:session_id>", DECIDERS, "outsider", use=QUEUED, form=CLEAR),
    door("GET /review/<uuid:session_id>/report", DECIDERS, "outsider", use=QUEUED),
    door(
        "GET /review/<uuid:session_id>/report/<key>",
        DECIDERS,
        "outsider",
        use={**DECIDED, "key": "key.report"},
    ),
    door("GET /review/rules/<uuid:exam_id>", DECIDERS, "outsider", use=QUEUED),
    door(
        "POST /review/rules/<uuid:exam_id>", DECIDERS, "outsider", use=QUEUED, form={"rules": "{}"}
    ),
    door("GET /review/statistics/<uuid:exam_id>", DECIDERS, "outsider", use=QUEUED),
    door("GET /review/statistics/<uuid:exam_id>.csv", DECIDERS, "outsider", use=QUEUED),
    door(
        "POST /attempts/<uuid:attempt_id>/appeal",
        OWNER,
        "stranger",
        use=DECIDED,
        form={"comment": "I was alone."},
    ),
]

DOORS = [
    *PUBLIC_DOORS,
    *ACCOUNT_DOORS,
    *PLUGIN_DOORS,
    *QUESTION_DOORS,
    *EXAM_DOORS,
    *SITTING_DOORS,
    *SCORE_DOORS,
    *PROCTORING_DOORS,
    *CONVERSATION_DOORS,
    *REVIEW_DOORS,
]
