"""The editions that candidates have under a replaced question: prepared again from their seeds.

A candidate answered what they saw: only where the new content gives the same public part can the
response be scored with it. Preparing is slow and candidates are many, so candidates who had equal
editions are looked at together: the first PROBES of them are prepared one by one, and when all of
those come out equal, the edition is taken for the others. Where the new content depends on the seed
in another way than the old, they differ, and everybody is prepared by themselves.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from examhall.core.attempts.starting import LOCALE, seed_of
from examhall.core.contracts.question_type import Variant
from examhall.core.errors import PluginError
from examhall.core.regrading.plan import Source

if TYPE_CHECKING:
    from examhall.core.platform import Platform

PROBES = 8
OTHER_SIGHT = (
    "In the new version the question shows something else than this candidate saw: change the key"
    " and leave what is shown."
)
MOST_EDITIONS = 100_000


@dataclass(slots=True, eq=False)
class Edition:
    """A variant in use at one place of an exam, equal for all who have it; compared by identity.

    `reason` says why responses cannot be scored with it. `secret` is its text, None where the
    attempt's own stays.
    """

    variant: Variant
    reason: str = ""
    secret: str | None = None


@dataclass(slots=True)
class _Group:
    """Candidates with equal editions of the old content."""

    probes: int = 0
    edition: Edition | None = None
    differs: bool = False


@dataclass(slots=True)
class VariantBook:
    """All editions that were met so far."""

    platform: Platform
    sources: Mapping[str, Source]
    _settled: dict[tuple[str, str, str], Edition] = field(default_factory=dict)
    _groups: dict[tuple[str, str, str], _Group] = field(default_factory=dict)
    _made: dict[tuple[UUID, str], Edition] = field(default_factory=dict)

    def find(self, source_id: str, public: str, secret: str, seed: int) -> Edition:
        """Return the edition to score with; public and secret are JSON texts of the attempt's."""
        key = (source_id, public, secret)
        return self._settled.get(key) or self._look(key, seed)

    def _look(self, key: tuple[str, str, str], seed: int) -> Edition:
        """Return the edition of one seed, and keep it where it goes for all of them."""
        source_id, public, secret = key
        source = self.sources[source_id]
        if source.replacement is None:
            edition = Edition(Variant(json.loads(public), json.loads(secret)))
            self._settle(key, edition)
            return edition
        if len(self._groups) > MOST_EDITIONS:
            self._groups.clear()
        group = self._groups.setdefault(key, _Group())
        edition = self._prepare(source, public, seed)
        group.probes += 1
        group.differs = group.differs or (
            group.edition is not None and group.edition is not edition
        )
        group.edition = edition
        if group.probes >= PROBES and not group.differs:
            self._settle(key, edition)
        return edition

    def _settle(self, key: tuple[str, str, str], edition: Edition) -> None:
        if len(self._settled) > MOST_EDITIONS:
            self._settled.clear()
        self._settled[key] = edition

    def _prepare(self, source: Source, public: str, seed: int) -> Edition:
        """Return the edition of one seed; the same object for the same outcome."""
        outcome = self._ask(source, json.loads(public), seed)
        text = outcome.reason or outcome.secret or ""
        if len(self._made) > MOST_EDITIONS:
            self._made.clear()
        return self._made.setdefault((source.id, f"{public}\n{text}"), outcome)

    def _ask(self, source: Source, public: Mapping[str, Any], seed: int) -> Edition:
        version = source.replacement
        assert version is not None  # noqa: S101 - find has looked
        plugins = self.platform.plugins
        empty = Variant({})
        try:
            plugin = plugins.question_type(version.type)
            content: Any = version.content
            if version.content_version != plugin.content_version:
                content = plugins.call(
                    plugin, "migrate", content, version.content_version, expect=dict
                )
            made = plugins.call(
                plugin,
                "prepare",
                content,
                seed_of(seed, source.position),
                LOCALE,
                expect=Variant,
            )
        except PluginError as error:
            return Edition(empty, error.message)
        secret = json.dumps(made.secret, sort_keys=True)
        if json.loads(json.dumps(made.public)) != public:
            return Edition(empty, OTHER_SIGHT)
        return Edition(Variant(public, json.loads(secret)), secret=secret)
