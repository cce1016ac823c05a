"""The contracts of the smaller kinds."""

from __future__ import annotations

import io
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema

from examhall.plugins import (
    AccessContext,
    AccessRule,
    Allow,
    Challenge,
    Deny,
    EventEnvelope,
    EventSink,
    EvidenceMissingError,
    EvidenceRef,
    EvidenceStore,
    Fidelity,
    Format,
    Identity,
    ImportReport,
    Notifier,
    PortableQuestion,
    QuestionBundle,
    Refused,
    Report,
    ReportDocument,
    SignIn,
    Stage,
)
from examhall.plugins.contract.base import (
    PluginContract,
    example_config,
    hostile,
    require_shape,
    texts,
    values,
)
from examhall.plugins.contract.fakes import FakeBook

NOW = datetime(2026, 1, 1, 9, tzinfo=UTC)


class AccessRuleContract(PluginContract):
    """Set `plugin`; `settings` are an exam's settings for it, as an author would give them."""

    plugin: ClassVar[AccessRule]
    settings: ClassVar[Mapping[str, Any]] = {}

    def context(self, subject: AccessRule, **answers: Any) -> AccessContext:
        """Return what core tells the rule."""
        schema: type[Schema] = subject.settings_schema()
        loaded = schema().load({**example_config(schema), **self.settings})
        return AccessContext(NOW, "exam-1", "user-1", loaded, "192.0.2.7", answers)

    @pytest.mark.parametrize("stage", Stage)
    def test_it_decides_at_every_stage(self, subject: Any, stage: Stage) -> None:
        verdict = subject.check(self.context(subject), stage)
        require_shape(verdict, (Allow, Deny, Challenge))
        assert verdict == subject.check(self.context(subject), stage)
        if isinstance(verdict, Deny):
            assert verdict.reason.strip(), "the candidate is not told why"
        if isinstance(verdict, Challenge):
            assert verdict.prompt.strip()
            assert issubclass(verdict.schema, Schema)

    @hostile
    @given(answers=st.dictionaries(st.text(max_size=8), values, max_size=3))
    def test_any_answer_is_judged(self, subject: Any, answers: dict[str, Any]) -> None:
        verdict = subject.answer(self.context(subject, **answers))
        require_shape(verdict, (Allow, Deny))

    def test_an_empty_answer_opens_nothing(self, subject: Any) -> None:
        assert isinstance(subject.answer(self.context(subject)), Deny)

    def test_it_knows_its_deadline(self, subject: Any) -> None:
        require_shape(subject.deadline(self.context(subject)), (datetime, None))


USUAL = (
    PortableQuestion(
        type="choice",
        title="Primes & <others>",
        content={
            "stem": "<p>Which of these is a prime number?</p>",
            "mode": "single",
            "options": [
                {"id": "seven", "text": "7", "correct": True},
                {"id": "nine", "text": "9 \u2265 7, \u00fc\u4e2d\U0001f600"},
            ],
        },
        points=Decimal("2.50"),
        identifier="q-1",
        tags=("numbers", "easy"),
    ),
    PortableQuestion(type="essay", title="Ice", content={"stem": "<p>Why does ice float?</p>"}),
)
"""What a format writes that says nothing of its own."""


class FormatContract(PluginContract):
    """Set `plugin`. What is written and read are `questions`, or else the format's own `sample`."""

    plugin: ClassVar[Format]
    questions: ClassVar[Sequence[PortableQuestion]] = ()

    def bundle(self, subject: Format) -> QuestionBundle:
        """Return what the format is asked to write."""
        return QuestionBundle(tuple(self.questions or subject.sample() or USUAL))

    def read(self, subject: Format, data: bytes) -> ImportReport:
        """Read a file, and check the report's shape."""
        report = subject.import_(io.BytesIO(data))
        require_shape(report, ImportReport)
        for entry in report.questions:
            assert (entry.question is None) == (entry.fidelity is Fidelity.REFUSED)
            assert entry.notes or entry.fidelity is Fidelity.EXACT, "what was lost is not said"
        return report

    def test_questions_come_back_as_they_were(self, subject: Any) -> None:
        data = subject.export(self.bundle(subject))
        require_shape(data, bytes)
        report = self.read(subject, data)
        assert report.problems == ()
        wanted = list(self.bundle(subject).questions)
        assert [entry.fidelity for entry in report.questions] == [Fidelity.EXACT] * len(wanted)
        assert [entry.question for entry in report.questions] == wanted

    def test_the_same_questions_make_the_same_file(self, subject: Any) -> None:
        assert subject.export(self.bundle(subject)) == subject.export(self.bundle(subject))

    def test_no_questions_make_a_file_as_well(self, subject: Any) -> None:
        assert self.read(subject, subject.export(QuestionBundle(()))).questions == ()

    @hostile
    @given(data=st.binary(max_size=500))
    def test_any_bytes_make_a_report(self, subject: Any, data: bytes) -> None:
        self.read(subject, data)

    @hostile
    @given(place=st.integers(0, 100_000), junk=st.binary(max_size=20), cut=st.booleans())
    def test_a_damaged_file_makes_a_report(
        self, subject: Any, place: int, junk: bytes, cut: bool
    ) -> None:
        data = subject.export(self.bundle(subject))
        place %= len(data) + 1
        self.read(subject, data[:place] + junk + (b"" if cut else data[place + 1 :]))

    @pytest.mark.parametrize("data", [b"", b"[" * 100_000, b"\0" * 1000, b"<" * 100_000])
    def test_hostile_files_make_a_report(self, subject: Any, data: bytes) -> None:
        report = self.read(subject, data)
        assert all(entry.fidelity is Fidelity.REFUSED for entry in report.questions)


class SignInContract(PluginContract):
    """Set `plugin`; `genuine` is a form that signs ada in, where there is one."""

    plugin: ClassVar[SignIn]
    genuine: ClassVar[Mapping[str, str] | None] = None

    def test_it_begins_here_or_at_an_address(self, subject: Any) -> None:
        address = subject.begin("https://exam.example.org/sign-in/back", "state-123")
        require_shape(address, (str, None))
        assert address is None or address.startswith("https://")

    def test_a_genuine_form_signs_in(self, subject: Any) -> None:
        if self.genuine is not None:
            identity = subject.finish(self.genuine, FakeBook())
            require_shape(identity, Identity)
            assert identity.login or (identity.issuer and identity.subject)

    def test_an_empty_form_is_refused(self, subject: Any) -> None:
        require_shape(subject.finish({}, FakeBook()), Refused)

    @hostile
    @given(form=st.dictionaries(texts, texts, max_size=4), login=texts, password=texts)
    def test_a_wrong_form_is_refused_and_does_not_say_what_was_wrong(
        self, subject: Any, form: dict[str, str], login: str, password: str
    ) -> None:
        refusals = [
            subject.finish({**form, "login": name, "password": password}, FakeBook())
            for name in (login, "ada")
        ]
        for refusal in refusals:
            require_shape(refusal, Refused)
        assert refusals[0] == refusals[1]


class EvidenceStoreContract(PluginContract):
    """Set `plugin`, and override the fixture `subject` where a server is needed."""

    plugin: ClassVar[EvidenceStore]

    def put(self, subject: EvidenceStore, data: bytes) -> EvidenceRef:
        """Store bytes and check what is said about them."""
        ref = subject.put(data, "image/jpeg")
        require_shape(ref, EvidenceRef)
        assert (ref.sha256, ref.size) == (sha256(data).hexdigest(), len(data))
        return ref

    @pytest.mark.parametrize("data", [b"", b"a", bytes(range(256)) * 4, b"\xff" * 5_000_000])
    def test_bytes_come_back_as_they_were(self, subject: Any, data: bytes) -> None:
        assert subject.get(self.put(subject, data)) == data

    def test_the_same_bytes_are_stored_once(self, subject: Any) -> None:
        assert self.put(subject, b"the same") == self.put(subject, b"the same")

    def test_what_is_not_there_is_missing(self, subject: Any) -> None:
        ref = self.put(subject, b"soon gone")
        subject.delete(ref)
        subject.delete(ref)
        with pytest.raises(EvidenceMissingError):
            subject.get(ref)

    def test_what_is_deleted_can_be_stored_again(self, subject: Any) -> None:
        ref, other = self.put(subject, b"comes back"), self.put(subject, b"stays")
        subject.delete(ref)
        assert subject.get(other) == b"stays", "another object went as well"
        again = self.put(subject, b"comes back")
        assert subject.get(again) == b"comes back"

    def test_what_is_not_what_was_stored_is_missing(self, subject: Any) -> None:
        ref = self.put(subject, b"genuine")
        with pytest.raises(EvidenceMissingError):
            subject.get(EvidenceRef("0" * 64, ref.size, ref.key))

    @pytest.mark.parametrize("key", ["", "..", "../../../../etc/passwd", "/etc/passwd", "a\0b"])
    def test_a_strange_key_leads_nowhere(self, subject: Any, key: str) -> None:
        with pytest.raises(Exception):  # noqa: B017 - such a key never was the store's own
            subject.get(EvidenceRef("0" * 64, 4, key))

    def test_many_at_once(self, subject: Any) -> None:
        pieces = [bytes([n]) * 2000 for n in range(8)] * 2
        wrong: list[bytes] = []

        def store(piece: bytes) -> None:
            if subject.get(subject.put(piece, "image/jpeg")) != piece:
                wrong.append(piece)

        threads = [threading.Thread(target=store, args=(piece,)) for piece in pieces]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []


def make_events(count: int = 3) -> list[EventEnvelope]:
    """Return events as sinks get them."""
    return [
        EventEnvelope(
            event_id=f"event-{n}",
            event_type="attempt.submitted",
            topic="assessment.events",
            timestamp=NOW + timedelta(seconds=n),
            subject="attempt:1",
            user_id="user-1" if n else None,
            metadata={"title": "\u00fc\u4e2d\n\U0001f600", "nested": {"list": [1, None, True]}},
        )
        for n in range(count)
    ]


class EventSinkContract(PluginContract):
    """Set `plugin`, and override the fixture `subject` where a server is needed."""

    plugin: ClassVar[EventSink]

    def test_events_are_taken(self, subject: Any) -> None:
        assert subject.emit(make_events()) is None

    def test_no_events_and_events_twice_are_no_error(self, subject: Any) -> None:
        subject.emit([])
        subject.emit(make_events())
        subject.emit(make_events())


class NotifierContract(PluginContract):
    """Set `plugin`. Sending needs a server of its own: test that beside this."""

    plugin: ClassVar[Notifier]


class ReportContract(PluginContract):
    """Set `plugin`; `data` is what the report gets about its subject."""

    plugin: ClassVar[Report]
    data: ClassVar[Mapping[str, Any]] = {}

    def test_a_document_is_made(self, subject: Any) -> None:
        document = subject.build(self.data)
        require_shape(document, ReportDocument)
        assert document.content
        assert "/" in document.media_type
        assert not set(document.filename) & set('/\\\0"')
