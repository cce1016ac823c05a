"""An exam hall in which something of every kind exists, for tests that open every door.

`Hall.ids` names one thing for each variable of a rule; others stand under their own names, such as
`attempt_id.graded`.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from flask.testing import FlaskClient
from sqlalchemy import make_url, select

from examhall.core.accounts.operations import grant_role
from examhall.core.attempts.control import pause_attempt
from examhall.core.attempts.models import AttemptItem
from examhall.core.attempts.operations import complete_check_in, create_attempt
from examhall.core.attempts.responses import make_operation
from examhall.core.attempts.starting import start_attempt
from examhall.core.attempts.submission import submit_attempt
from examhall.core.exams.operations import create_exam, create_question
from examhall.core.exams.publication import publish_exam
from examhall.core.exams.registrations import register_candidate
from examhall.core.exams.reports import keep_report
from examhall.core.exams.structure import ItemPlan, SectionPlan, replace_structure
from examhall.core.exams.transfer import ImportedFile
from examhall.core.media.operations import store_media
from examhall.core.permissions import SYSTEM, Role
from examhall.core.platform import Platform, open_platform
from examhall.core.proctoring.check_in import store_photo
from examhall.core.proctoring.chunks import NewChunk, store_chunk
from examhall.core.proctoring.consents import get_consent_form, record_consent
from examhall.core.proctoring.evidence import make_link
from examhall.core.proctoring.models import Evidence, IncidentRecord, ProctoringSession
from examhall.core.proctoring.samples import Upload
from examhall.core.regrading.counting import count_slice
from examhall.core.regrading.operations import start_regrade
from examhall.core.scoring.operations import release_outcome, score_attempt
from examhall.core.settings import load_settings
from examhall.core.tries.checking import check_item
from examhall.web.app import create_app
from examhall.web.sessions import CACHE
from tests.core.integrations.world import connect, messages, queue
from tests.core.proctoring.scripted import picture
from tests.core.proctoring.watching import load_scripted
from tests.web.conftest import CHEAP
from tests.web.people import People, session_token, sign_in
from tests.web.reviewed import make_reviewed, own_link

LEASE = "window-of-the-owner"
HOUR = {"time": {"limit_seconds": 3600}}
WATCHED = {"enabled": True, "detectors": ["scripted"], "consent_text": "We look."}
ROLES = [role.value for role in Role]
PEOPLE = [*ROLES, "stranger", "outsider"]
"""One person a role (the candidate owns all attempts), another candidate, and staff of another
exam."""


@contextmanager
def open_hall(template: Path, folder: Path) -> Iterator["Hall"]:
    """Open a hall on a copy of a migrated database file."""
    file = folder / "examhall.db"
    file.write_bytes(template.read_bytes())
    settings = load_settings(
        {}, data_dir=folder, database_url=f"sqlite:///{file}", rate_limits=False, **CHEAP
    )
    platform = open_platform(settings)
    hall = Hall(platform)
    yield hall
    hall.close()
    platform.close()


class Hall:
    """The application, its people, and the things that they may or may not touch."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        load_scripted(platform)
        self.people = People(platform)
        self.owner = self.people.principal("candidate")
        self.ids: dict[str, Any] = {
            "kind": "question_type",
            "key": "essay",
            "provider": "webhook",
            "method": "password",
            "detector": "browser",
            "code": "00000-00000",
            "photo_kind": "face",
            "static_file": "css/eh.css",
        }
        self._make_people()
        self._make_exams()
        self._make_watched_attempt()
        self._make_reviews()
        self._make_connection()
        self.app = create_app(platform)
        self._template = Path(platform.settings.data_dir) / "hall.db"
        self._copy(self._file(), self._template)
        self._watching = sqlite3.connect(self._file())
        self._as_made = self._changes()
        self._clients: dict[str, FlaskClient] = {}

    def restore(self) -> None:
        """Put everything back as it was at first, if anybody wrote since."""
        if self._changes() == self._as_made:
            return
        self._copy(self._template, self._file())
        self._as_made = self._changes()
        self.platform.plugins.refresh()
        self.app.extensions[CACHE]._entries.clear()

    def close(self) -> None:
        """Let go of the database."""
        self._watching.close()

    def _changes(self) -> int:
        """Return a number that is another one as soon as somebody else has written."""
        return int(self._watching.execute("pragma data_version").fetchone()[0])

    def browser(self, person: str | None) -> FlaskClient:
        """Return a person's browser, in which they have signed in; None for a new one."""
        if person is None:
            return self.app.test_client()
        if person not in self._clients:
            self._clients[person] = sign_in(self.app, person)
        return self._clients[person]

    def csrf(self, person: str | None) -> str:
        """Return the token of a person's browser session."""
        return session_token(self.app, self.browser(person))

    def _make_people(self) -> None:
        self.people.users["stranger"] = self.people.make("stranger", [Role.CANDIDATE])
        outsider = self.people.users["outsider"] = self.people.make("outsider")
        self.people.users["newcomer"] = self.people.make("newcomer", [Role.CANDIDATE])
        self.ids["user_id"] = self.people.users["author"].id
        self.ids["grant_id"] = self.people.users["author"].grants[0].id
        other = self._exam("Of somebody else", HOUR)
        self.ids["exam_id.other"] = other
        with self.platform.db.transaction() as session:
            for role in (Role.AUTHOR, Role.GRADER, Role.PROCTOR, Role.REVIEWER):
                grant_role(session, SYSTEM, outsider.id, role, other)

    def _report(self) -> UUID:
        with self.platform.db.transaction() as session:
            author = self.people.principal("author")
            return keep_report(session, author, ImportedFile((), format="json")).id

    def _question(self, kind: str) -> UUID:
        example = self.platform.plugins.question_type(kind).example()
        made = create_question(self.platform, SYSTEM, title=kind, type=kind, content=example)
        return made.id

    def _exam(
        self,
        title: str,
        settings: Mapping[str, Any],
        *,
        kind: str = "text_entry",
        draft: bool = False,
    ) -> UUID:
        question = self.ids["question_id"] = self._question(kind)
        with self.platform.db.transaction() as session:
            exam = create_exam(session, SYSTEM, title, settings=settings)
            plan = [SectionPlan("Part", [ItemPlan(question, Decimal(2))])]
            exam = replace_structure(session, SYSTEM, exam.id, exam.revision, plan)
            self.ids["revision"] = exam.revision
        if not draft:
            publish_exam(self.platform, SYSTEM, exam.id)
        return exam.id

    def _register(self, exam_id: UUID) -> UUID:
        with self.platform.db.transaction() as session:
            return register_candidate(session, SYSTEM, exam_id, self.owner.user_id).id

    def _sit(self, name: str, settings: Mapping[str, Any], **options: Any) -> UUID:
        """Return the owner's new attempt of a new exam, with its items under the same name."""
        exam_id = self.ids[f"exam_id.{name}"] = self._exam(name.title(), settings, **options)
        registration = self.ids[f"registration_id.{name}"] = self._register(exam_id)
        attempt = create_attempt(self.platform, self.owner, registration)
        self.ids[f"attempt_id.{name}"] = attempt.id
        return attempt.id

    def _start(self, attempt_id: UUID) -> None:
        complete_check_in(self.platform, self.owner, attempt_id)
        start_attempt(self.platform, self.owner, attempt_id, LEASE)

    def _item(self, attempt_id: UUID) -> UUID:
        with self.platform.db.reading() as session:
            wanted = select(AttemptItem.id).where(AttemptItem.attempt_id == attempt_id)
            return session.scalars(wanted).one()

    def _submit(self, attempt_id: UUID) -> None:
        self._start(attempt_id)
        receipt = submit_attempt(self.platform, self.owner, attempt_id, LEASE)
        self.ids["digest"] = receipt.digest
        score_attempt(self.platform, attempt_id)

    def _make_exams(self) -> None:
        manual = {**HOUR, "scoring": {"release": "manual"}}
        gate = {"proctoring": {**WATCHED, "authorization": "proctor"}}
        self._sit("ready", HOUR)
        complete_check_in(self.platform, self.owner, self.ids["attempt_id.ready"])
        paused = self._sit("paused", HOUR)
        self._start(paused)
        pause_attempt(self.platform, SYSTEM, paused, "A test.")
        waiting = self._sit("waiting", manual, kind="essay")
        self._submit(waiting)
        self.ids["item_id.waiting"] = self._item(waiting)
        self._submit(self._sit("graded", manual))
        released = self._sit("released", manual)
        self._submit(released)
        release_outcome(self.platform, SYSTEM, released)
        self.ids["question_id.released"] = self.ids["question_id"]
        run = start_regrade(self.platform, SYSTEM, self.ids["exam_id.released"])
        count_slice(self.platform, run.id, 0)
        self.ids["run_id"] = run.id
        gated = self._sit("gated", gate)
        self._consent(gated)
        complete_check_in(self.platform, self.owner, gated)
        self.ids["exam_id.new"] = self._exam("New", HOUR)
        self.ids["registration_id.new"] = self._register(self.ids["exam_id.new"])
        self._make_tries()
        drawn = self._sit("drawn", HOUR, kind="file_upload")
        self._start(drawn)
        self.ids["item_id.drawn"] = self._item(drawn)
        running = self._sit("running", HOUR)
        self._start(running)
        self.ids["attempt_id"], self.ids["item_id"] = running, self._item(running)
        self.ids["exam_id"] = self.ids["exam_id.running"]
        self.ids["registration_id"] = self.ids["registration_id.running"]
        self.ids["exam_id.draft"] = self._exam("Draft", HOUR, draft=True)
        self.ids["number"] = 1
        self.ids["report_id"] = self._report()
        self.ids["sha256"] = store_media(self.platform, SYSTEM, picture(32), "frame.jpg").sha256

    def _make_tries(self) -> None:
        """Make an attempt with tries, and one whose first try has failed."""
        tries = {**HOUR, "scoring": {"feedback_mode": "interactive", "tries": 3}}
        for name in ("tried", "failed"):
            attempt_id = self._sit(name, tries)
            self._start(attempt_id)
            self.ids[f"item_id.{name}"] = self._item(attempt_id)
        wrong = {
            "operation_id": uuid4(),
            "client_sequence": 1,
            "base_revision": 0,
            "lease_id": LEASE,
            "raw": {"text": "a wrong answer"},
        }
        item_id = self.ids["item_id.failed"]
        check_item(
            self.platform, self.owner, make_operation(self.owner, attempt_id, item_id, wrong)
        )

    def _consent(self, attempt_id: UUID) -> None:
        with self.platform.db.transaction() as session:
            form = get_consent_form(session, self.owner, attempt_id)
            self.ids["text_digest"] = form.text_digest
            self.ids["classes"] = {entry.key: True for entry in form.classes}
            answers = self.ids["classes"]
            record_consent(session, self.owner, attempt_id, answers, form.text_digest)

    def _make_watched_attempt(self) -> None:
        watching = {**WATCHED, "face_photo": True, "room_camera": "optional"}
        attempt = self._sit("watched", {"proctoring": watching})
        with self.platform.db.reading() as session:
            wanted = select(ProctoringSession.id).where(ProctoringSession.attempt_id == attempt)
            session_id = self.ids["session_id"] = session.scalars(wanted).one()
        self._consent(attempt)
        now = datetime.now(UTC)
        frame = Upload(now, picture(320), "image/jpeg")
        end = now + timedelta(seconds=1)
        chunk = NewChunk("camera", 0, now, end, (frame,), sent_at=end)
        store_chunk(self.platform, self.owner, session_id, chunk)
        store_photo(self.platform, self.owner, attempt, "face", frame)
        with self.platform.db.transaction() as session:
            evidence = session.scalars(select(Evidence)).first()
            assert evidence is not None
            self.ids["evidence_id"] = evidence.id
            incident = IncidentRecord(
                session_id=session_id,
                kind="face.missing",
                started_at=now,
                ended_at=now,
                severity="medium",
                confidence=0.9,
                explanation="Nobody was there.",
                created_at=now,
                updated_at=now,
            )
            session.add(incident)
            session.flush()
            self.ids["incident_id"] = incident.id

    def _make_reviews(self) -> None:
        """Make a session that waits for a decision, and one that is decided."""
        self.ids["key.report"] = "session_pdf"
        for name in ("queued", "decided"):
            attempt = self._sit(name, {"proctoring": WATCHED})
            reviewer = self.people.principal("reviewer")
            exam_id = self.ids[f"exam_id.{name}"]
            one = make_reviewed(self.platform, self.owner, reviewer, exam_id, attempt)
            self.ids[f"session_id.{name}"] = one.watched.session_id
        one.decide()
        self.ids["evidence_id.decided"] = one.pieces[1]

    def _make_connection(self) -> None:
        connection = connect(self.platform, "https://partner.example/hook")
        self.ids["connection_id"] = connection.id
        queue(self.platform, "one", text="x")
        message = messages(self.platform)[0]
        self.ids["message_id"] = message.id
        with self.platform.db.transaction() as session:
            session.merge(message).state = "dead"

    def link(self, person: str) -> dict[str, Any]:
        """Return the query of a link to the evidence, made for a person who may read it."""
        link = make_link(self.platform, self.people.principal(person), self.ids["evidence_id"])
        return {"expires": link.expires, "user": link.user_id, "signature": link.signature}

    def own_link(self) -> dict[str, Any]:
        """Return the query of a link to the evidence that counts, made for its candidate."""
        ids = self.ids
        attempt_id, evidence_id = ids["attempt_id.decided"], ids["evidence_id.decided"]
        return own_link(self.platform, self.owner, attempt_id, evidence_id)

    def _file(self) -> Path:
        return Path(str(make_url(self.platform.settings.database_url).database))

    @staticmethod
    def _copy(source: Path, target: Path) -> None:
        with closing(sqlite3.connect(source)) as here, closing(sqlite3.connect(target)) as there:
            here.backup(there)
