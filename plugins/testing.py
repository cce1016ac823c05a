"""The contract kit for authors of plugins.

Subclass the contract of your kind in a test module, name the class `Test...` and set `plugin`:

    from examhall.plugins.testing import QuestionTypeContract

    class TestMyType(QuestionTypeContract):
        plugin = MyType()

`examhall plugin test` runs the same contracts on every plugin of a project without that.
Needs `pip install examhall[testing]`.
"""

import pytest

pytest.register_assert_rewrite("examhall.plugins.contract")

from examhall.core.contracts.base import Kind  # noqa: E402
from examhall.plugins.contract.base import PluginContract, as_stored, require_shape  # noqa: E402
from examhall.plugins.contract.detector import (  # noqa: E402
    BROKEN,
    DetectorContract,
    make_picture,
    make_sample,
    make_sound,
)
from examhall.plugins.contract.fakes import (  # noqa: E402
    FakeBook,
    FakeHttp,
    FakeRequest,
    FakeResponse,
    timed_out,
)
from examhall.plugins.contract.provider import ProviderContract  # noqa: E402
from examhall.plugins.contract.question_type import QuestionTypeContract  # noqa: E402
from examhall.plugins.contract.scorer import ScorerContract  # noqa: E402
from examhall.plugins.contract.services import (  # noqa: E402
    AccessRuleContract,
    EventSinkContract,
    EvidenceStoreContract,
    FormatContract,
    NotifierContract,
    ReportContract,
    SignInContract,
    make_events,
)

CONTRACT_OF: dict[Kind, type[PluginContract]] = {
    Kind.QUESTION_TYPE: QuestionTypeContract,
    Kind.SCORER: ScorerContract,
    Kind.DETECTOR: DetectorContract,
    Kind.PROVIDER: ProviderContract,
    Kind.ACCESS_RULE: AccessRuleContract,
    Kind.FORMAT: FormatContract,
    Kind.SIGN_IN: SignInContract,
    Kind.EVIDENCE_STORE: EvidenceStoreContract,
    Kind.EVENT_SINK: EventSinkContract,
    Kind.NOTIFIER: NotifierContract,
    Kind.REPORT: ReportContract,
}
"""The contract of each kind."""

__all__ = [
    "BROKEN",
    "CONTRACT_OF",
    "AccessRuleContract",
    "DetectorContract",
    "EventSinkContract",
    "EvidenceStoreContract",
    "FakeBook",
    "FakeHttp",
    "FakeRequest",
    "FakeResponse",
    "FormatContract",
    "NotifierContract",
    "PluginContract",
    "ProviderContract",
    "QuestionTypeContract",
    "ReportContract",
    "ScorerContract",
    "SignInContract",
    "as_stored",
    "make_events",
    "make_picture",
    "make_sample",
    "make_sound",
    "require_shape",
    "timed_out",
]
