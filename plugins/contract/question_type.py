"""The contract of question types: simulate, parse, score; nothing of the key in the browser."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examhall.plugins import (
    Content,
    FormatErrors,
    Fragment,
    Issue,
    QuestionType,
    Raw,
    Response,
    ResponseClass,
    Score,
    ScoreState,
    Variant,
    View,
)
from examhall.plugins.contract.base import (
    PluginContract,
    as_stored,
    hostile,
    require_shape,
    texts,
    values,
)

SEEDS = (0, 1, 2, 20260101, 2**53)
FOR_CANDIDATES = (View.ANSWER, View.PRINT)
ACTS = re.compile(r"<script|\son\w+\s*=|\sstyle\s*=|javascript:", re.IGNORECASE)
ID = re.compile(r'\sid="([^"]*)"')
TAG = re.compile(r"<[^>]*>")

raws = st.dictionaries(texts, st.one_of(texts, st.lists(texts, max_size=4), values), max_size=4)


def as_given_back(variant: Variant) -> Variant:
    """Return a variant as it comes from the database: plain JSON."""
    return Variant(as_stored(variant.public), as_stored(variant.secret))


def leaves(value: Any) -> Iterator[str]:
    """Yield every text and number in a JSON value."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, str | int | float | Decimal) and not isinstance(value, bool):
        yield str(value)


class QuestionTypeContract(PluginContract):
    """Set `plugin`; more questions than `example()` can be given in `contents`."""

    plugin: ClassVar[QuestionType]
    contents: ClassVar[Sequence[Content]] = ()
    seeds: ClassVar[Sequence[int]] = SEEDS

    def questions(self) -> list[Content]:
        """Return the questions to test with."""
        return [self.plugin.example(), *self.contents]

    def variants(self, subject: QuestionType) -> Iterator[tuple[Content, Variant]]:
        """Yield each question in several editions."""
        for content in self.questions():
            for seed in self.seeds:
                yield content, as_given_back(subject.prepare(content, seed, "en"))

    def read(self, subject: QuestionType, variant: Variant, kind: str) -> Response:
        """Return a simulated response, as scoring gets it."""
        response = subject.parse(variant, as_stored(subject.simulate(variant, kind)))
        assert isinstance(response, Response), f"a {kind} response was not read: {response}"
        require_shape(response, Response)
        return Response(as_stored(response.data))

    def test_questions_pass_their_schema_and_validation(self, subject: Any) -> None:
        schema = subject.content_schema()
        for content in self.questions():
            json.dumps(content)
            assert schema().validate(dict(content)) == {}
            issues = subject.validate(content)
            require_shape(issues, list[Issue])
            assert [issue for issue in issues if issue.severity == "error"] == []
            assert schema().validate({**content, "no_such_field": 1}) != {}

    def test_content_of_today_needs_no_migration(self, subject: Any) -> None:
        for content in self.questions():
            migrated = subject.migrate(content, subject.content_version)
            assert subject.content_schema()().validate(dict(migrated)) == {}

    def test_the_same_seed_makes_the_same_variant(self, subject: Any) -> None:
        for content in self.questions():
            before = copy.deepcopy(content)
            for seed in self.seeds:
                first = subject.prepare(content, seed, "en")
                require_shape(first, Variant)
                second = self.configure(self.config).prepare(content, seed, "en")  # type: ignore[attr-defined]
                assert as_given_back(first) == as_given_back(second)
            assert content == before, "prepare() changed the content"

    def test_a_right_response_scores_one(self, subject: Any) -> None:
        if not subject.takes_answer:
            pytest.skip("it asks nothing")
        for _, variant in self.variants(subject):
            response = self.read(subject, variant, "right")
            assert subject.is_complete(variant, response) is True
            score = self.score(subject, variant, response)
            assert score.needs_manual or (score.fraction == 1 and score.state is ScoreState.RIGHT)

    def test_a_wrong_response_scores_less(self, subject: Any) -> None:
        if not subject.takes_answer:
            pytest.skip("it asks nothing")
        for _, variant in self.variants(subject):
            score = self.score(subject, variant, self.read(subject, variant, "wrong"))
            assert score.fraction < 1
            assert score.state not in {ScoreState.RIGHT, ScoreState.UNANSWERED}

    def test_an_empty_response_is_unanswered_and_no_error(self, subject: Any) -> None:
        for _, variant in self.variants(subject):
            for response in (
                self.read(subject, variant, "empty"),
                subject.parse(variant, {}),
                Response({}),
            ):
                assert subject.is_complete(variant, response) is False
                score = self.score(subject, variant, response)
                assert score.fraction == 0
                assert score.state is ScoreState.UNANSWERED
                assert not score.needs_manual

    def test_an_invalid_response_says_what_is_wrong(self, subject: Any) -> None:
        for _, variant in self.variants(subject):
            errors = subject.parse(variant, subject.simulate(variant, "invalid"))
            require_shape(errors, FormatErrors)
            assert errors.messages
            assert all(errors.messages)

    def test_the_correct_response_scores_one(self, subject: Any) -> None:
        for _, variant in self.variants(subject):
            raw = subject.correct_response(variant)
            if raw is not None:
                response = subject.parse(variant, as_stored(raw))
                assert isinstance(response, Response)
                assert self.score(subject, variant, response).fraction == 1

    def score(self, subject: QuestionType, variant: Variant, response: Response) -> Score:
        """Score twice, by two copies: the same must come out."""
        score = subject.score(variant, response)
        require_shape(score, Score)
        again = copy.copy(subject).score(as_given_back(variant), response)
        assert score == again, "scoring is not deterministic"
        return score

    def test_responses_are_told_in_words_and_classes(self, subject: Any) -> None:
        for _, variant in self.variants(subject):
            for kind in ("right", "wrong", "empty"):
                self.look_at(subject, variant, self.read(subject, variant, kind))

    def look_at(self, subject: QuestionType, variant: Variant, response: Response) -> None:
        """Do all that is done with a response; none of it may raise."""
        require_shape(subject.summarise(variant, response), str)
        require_shape(subject.classify(variant, response), list[ResponseClass])
        require_shape(subject.is_complete(variant, response), bool)

    def test_blind_guessing_is_worth_a_fraction(self, subject: Any) -> None:
        for content in self.questions():
            guess = subject.random_guess_score(content)
            require_shape(guess, (Decimal, None))
            assert guess is None or guess < 1

    def test_a_question_can_be_rescored_with_itself(self, subject: Any) -> None:
        for content in self.questions():
            assert subject.can_rescore(content, copy.deepcopy(content)) is None

    # The key and the browser

    def test_candidates_see_what_is_drawn_from_public_alone(self, subject: Any) -> None:
        """Without the secret, what a candidate sees is the same to the letter."""
        for _, variant in self.variants(subject):
            keyless = Variant(variant.public)
            for view in FOR_CANDIDATES:
                drawn = subject.render(variant, view, name="q1")
                assert subject.render(keyless, view, name="q1") == drawn

    def test_the_key_is_not_in_what_a_candidate_gets(self, subject: Any) -> None:
        for content, variant in self.variants(subject):
            allowed = {str(word) for word in subject.public_words(content)}
            key = set(leaves(subject.correct_response(variant) or {})) - allowed
            public = set(leaves(variant.public))
            words = {word for word in key if len(word) > 2}
            shown = subject.render(variant, View.ANSWER, name="q1").html
            assert not key & public, f"of the key in public: {key & public}"
            for word in words:
                assert word not in json.dumps(variant.public, ensure_ascii=False)
                assert word not in TAG.sub(" ", shown), f"the key {word!r} is in the page"

    def test_it_draws_every_view(self, subject: Any) -> None:
        for _, variant in self.variants(subject):
            for view in View:
                raws: list[Raw | None] = [None, {}, subject.simulate(variant, "right")]
                for raw in raws:
                    fragment = subject.render(variant, view, raw, name="q1")
                    require_shape(fragment, Fragment)
                    acts = ACTS.findall(fragment.html)
                    assert acts == [], f"{view}: barred by the content security policy"

    def test_element_ids_are_unique_in_a_page(self, subject: Any) -> None:
        _, variant = next(self.variants(subject))
        one, two = (
            ID.findall(subject.render(variant, View.ANSWER, name=name).html)
            for name in ("q1", "q2")
        )
        assert len(set(one)) == len(one)
        assert not set(one) & set(two)

    # Hostile input

    @hostile
    @given(raw=raws)
    def test_hostile_input_is_read_or_refused_never_an_error(self, subject: Any, raw: Raw) -> None:
        _, variant = next(self.variants(subject))
        self.take(subject, variant, raw)

    @hostile
    @given(value=values, number=st.integers(0, 10))
    def test_hostile_values_in_its_own_controls(
        self, subject: Any, value: Any, number: int
    ) -> None:
        _, variant = next(self.variants(subject))
        raw = as_stored(subject.simulate(variant, "right"))
        names = sorted(raw)
        if names:
            self.take(subject, variant, {**raw, names[number % len(names)]: value})

    def take(self, subject: QuestionType, variant: Variant, raw: Raw) -> None:
        """Read, draw and score a response from anywhere."""
        response = subject.parse(variant, raw)
        require_shape(response, (Response, FormatErrors))
        for view in View:
            fragment = subject.render(variant, view, raw, name="q1")
            assert ACTS.search(TAG.sub(_tag_only, fragment.html)) is None
        if isinstance(response, Response):
            self.score(subject, variant, response)
            self.look_at(subject, variant, response)

    @pytest.mark.parametrize("attack", ["<script>alert(1)</script>", '"><img src=x onerror=a()>'])
    def test_what_a_candidate_wrote_is_escaped(self, subject: Any, attack: str) -> None:
        _, variant = next(self.variants(subject))
        raw = dict.fromkeys(subject.simulate(variant, "right"), attack)
        for view in View:
            assert attack not in subject.render(variant, view, raw, name="q1").html


def _tag_only(match: re.Match[str]) -> str:
    """Keep a tag without the values of its attributes, which may hold any text."""
    return re.sub(r'"[^"]*"', '""', match[0])
