"""The kit finds what it is made to find."""

from dataclasses import replace
from decimal import Decimal

import pytest

from examhall.plugins import (
    Acknowledgement,
    FormatErrors,
    Fragment,
    Health,
    PermanentError,
    Provider,
    Response,
    Score,
    ScoreState,
    Variant,
)
from examhall.plugins.testing import ProviderContract, QuestionTypeContract
from examhall.question_types.text_entry import TextEntry


class Faulty(TextEntry):
    """The bundled type with one fault at a time."""


class KeyInPublic(Faulty):
    def prepare(self, content, seed, locale):
        variant = super().prepare(content, seed, locale)
        return Variant({**variant.public, "key": dict(variant.secret)}, variant.secret)


class KeyInPage(Faulty):
    def render(self, variant, view, raw=None, *, name=""):
        drawn = super().render(variant, view, raw, name=name)
        return replace(drawn, html=f"{drawn.html}<!-- {variant.secret} -->")


class Random(Faulty):
    count = 0

    def prepare(self, content, seed, locale):
        Random.count += 1
        variant = super().prepare(content, seed, locale)
        return Variant({**variant.public, "count": Random.count}, variant.secret)


class Moody(Faulty):
    mood = 0

    def score(self, variant, response):
        Moody.mood += 1
        return Score(Decimal(Moody.mood % 2), ScoreState.WRONG)


class Rubbish(Faulty):
    def score(self, variant, response):
        return Score(0.5, "right")


class Unescaped(Faulty):
    def render(self, variant, view, raw=None, *, name=""):
        text = (raw or {}).get("answer") or (raw or {}).get("text") or raw
        return Fragment(f"<p>{text}</p>")


class Acting(Faulty):
    def render(self, variant, view, raw=None, *, name=""):
        return Fragment('<p onclick="go()">x</p>')


class Crashing(Faulty):
    def parse(self, variant, raw):
        if raw == {}:
            return Response({})
        return Response({"text": raw["answer"].strip()})


class Lenient(Faulty):
    def parse(self, variant, raw):
        response = super().parse(variant, raw)
        return Response({}) if isinstance(response, FormatErrors) else response


class Generous(Faulty):
    def score(self, variant, response):
        return Score(Decimal(1), ScoreState.RIGHT)


FOUND = (
    AssertionError,
    KeyError,
    AttributeError,
    ValueError,
    pytest.fail.Exception,
    ExceptionGroup,
)
FAULTS = {
    KeyInPublic: "test_the_key_is_not_in_what_a_candidate_gets",
    KeyInPage: "test_candidates_see_what_is_drawn_from_public_alone",
    Random: "test_the_same_seed_makes_the_same_variant",
    Moody: "test_a_right_response_scores_one",
    Rubbish: "test_a_right_response_scores_one",
    Unescaped: "test_hostile_input_is_read_or_refused_never_an_error",
    Acting: "test_it_draws_every_view",
    Crashing: "test_hostile_input_is_read_or_refused_never_an_error",
    Lenient: "test_an_invalid_response_says_what_is_wrong",
    Generous: "test_an_empty_response_is_unanswered_and_no_error",
}


@pytest.mark.parametrize("faulty", FAULTS, ids=lambda faulty: faulty.__name__)
def test_a_fault_in_a_question_type_is_found(faulty):
    contract = type("Contract", (QuestionTypeContract,), {"plugin": faulty()})()
    with pytest.raises(FOUND):
        getattr(contract, FAULTS[faulty])(subject=contract.configure({}))


class Careless(Provider):
    """A provider that never looks at the answer, and repeats itself."""

    key = "careless"
    version = "1"
    title = "Careless"
    capabilities = frozenset({"push_result"})

    def check(self, context):
        context.http.request("GET", "https://partner.example.org")
        return Health.ok()

    def push_result(self, context, message):
        context.http.request("POST", "https://partner.example.org", json=dict(message.payload))
        return Acknowledgement()

    def verify_webhook(self, context, headers, raw):
        return True

    def parse_webhook(self, context, raw):
        if not raw:
            raise PermanentError("nothing")
        return [raw.decode()]


@pytest.mark.parametrize(
    ("test", "arguments"),
    [
        ("test_a_broken_partner_is_tried_again", {"status": 503}),
        ("test_a_busy_partner_is_tried_again_when_it_wants", {}),
        ("test_refused_credentials_pause_the_connection", {}),
        ("test_a_message_that_is_not_wanted_is_not_repeated", {}),
        ("test_the_partner_can_tell_a_repetition", {}),
        ("test_the_connection_can_be_tried", {}),
        ("test_a_strangers_call_is_refused", {}),
        ("test_a_rubbish_call_is_no_crash", {}),
    ],
)
def test_a_fault_in_a_provider_is_found(test, arguments):
    contract = type("Contract", (ProviderContract,), {"plugin": Careless()})()
    with pytest.raises(FOUND):
        getattr(contract, test)(subject=contract.configure({}), **arguments)
