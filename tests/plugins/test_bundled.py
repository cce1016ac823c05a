"""Every bundled plugin passes the contract kit that third parties use."""

import pytest

from examhall.detectors.browser import BrowserDetector
from examhall.detectors.face import FaceDetector
from examhall.detectors.room import RoomDetector
from examhall.detectors.technical import TechnicalDetector
from examhall.plugins import Installation, Stream
from examhall.plugins.access_rules.schedule import Schedule
from examhall.plugins.event_sinks.log import LogSink
from examhall.plugins.evidence_stores.folder import FolderStore
from examhall.plugins.evidence_stores.minio import MinioStore
from examhall.plugins.formats.json_format import JsonFormat
from examhall.plugins.scorers.sum import Sum
from examhall.plugins.sign_in.password import PasswordSignIn
from examhall.plugins.testing import (
    AccessRuleContract,
    DetectorContract,
    EventSinkContract,
    EvidenceStoreContract,
    FormatContract,
    ProviderContract,
    QuestionTypeContract,
    ScorerContract,
    SignInContract,
    make_sample,
)
from examhall.providers.webhook import SIGNATURE, TIMESTAMP, Webhook, sign
from examhall.question_types.choice import Choice
from examhall.question_types.essay import Essay
from examhall.question_types.numeric import Numeric
from examhall.question_types.text_entry import TextEntry


class TestChoice(QuestionTypeContract):
    plugin = Choice()
    contents = (
        {
            "stem": "<p>Which are even?</p>",
            "mode": "multiple",
            "options": [
                {"id": "a", "text": "2", "correct": True},
                {"id": "b", "text": "3"},
                {"id": "c", "text": "4", "correct": True},
                {"id": "d", "text": "5"},
            ],
        },
    )


class TestEssay(QuestionTypeContract):
    plugin = Essay()


class TestNumeric(QuestionTypeContract):
    plugin = Numeric()


class TestTextEntry(QuestionTypeContract):
    plugin = TextEntry()


class TestSum(ScorerContract):
    plugin = Sum()
    settings = {"pass_fraction": "0.5", "grades": [{"label": "A", "from_fraction": "0.9"}]}


class TestSchedule(AccessRuleContract):
    plugin = Schedule()
    settings = {"opens": "2026-01-01T10:00:00+00:00", "closes": "2026-01-01T12:00:00+00:00"}


class TestJsonFormat(FormatContract):
    plugin = JsonFormat()


class TestPassword(SignInContract):
    plugin = PasswordSignIn()
    genuine = {"login": "ada", "password": "correct horse"}


class TestFolderStore(EvidenceStoreContract):
    plugin = FolderStore()


class TestMinioStore(EvidenceStoreContract):
    plugin = MinioStore()

    @pytest.fixture
    def subject(self, s3_server):
        return self.configure(
            {
                "endpoint": s3_server.endpoint,
                "access_key": s3_server.access_key,
                "secret_key": s3_server.secret_key,
                "bucket": s3_server.bucket,
                "secure": False,
            }
        )


class TestLogSink(EventSinkContract):
    plugin = LogSink()

    def test_events_are_written_to_its_file(self, tmp_path):
        path = tmp_path / "events.jsonl"
        self.test_events_are_taken(self.configure({"path": str(path)}))
        assert len(path.read_text().splitlines()) == 3


class TestWebhook(ProviderContract):
    plugin = Webhook()

    def signed(self, subject):
        raw = b'{"id": "1", "event": "candidate.added", "data": {"login": "ada"}}'
        timestamp = 1767258000
        signature = sign(subject.config["secret"], timestamp, raw)
        return {TIMESTAMP: str(timestamp), SIGNATURE: signature}, raw


@pytest.mark.vision
class TestFaceDetector(DetectorContract):
    plugin = FaceDetector()
    finding_samples = (make_sample(next(iter(FaceDetector.streams)), 0),)

    @pytest.fixture
    def subject(self, models_dir, tmp_path):
        copy = self.configure({})
        copy.installation = Installation(tmp_path, models_dir)
        return copy


@pytest.mark.vision
class TestRoomDetector(DetectorContract):
    plugin = RoomDetector()
    finding_samples = (make_sample(Stream.ROOM, 0),)

    @pytest.fixture
    def subject(self, models_dir, tmp_path):
        copy = self.configure({})
        copy.installation = Installation(tmp_path, models_dir)
        return copy


class TestBrowserDetector(DetectorContract):
    plugin = BrowserDetector()
    finding_samples = (make_sample(Stream.BROWSER, 0, b'{"type": "paste", "length": 5}'),)


class TestTechnicalDetector(DetectorContract):
    plugin = TechnicalDetector()
    finding_samples = tuple(
        make_sample(Stream.BROWSER, number, b'{"type": "camera.lost", "reason": "off"}')
        for number in (10, 13)
    )
