"""The contract kit on every plugin of some entry points: what `examhall plugin test` runs.

The environment names the entry points, a line each: `name = module:attribute`.
"""

from __future__ import annotations

import os
from importlib.metadata import EntryPoint

from examhall.core.registry.loading import GROUP, Loader
from examhall.plugins.testing import CONTRACT_OF

VARIABLE = "EXAMHALL_TEST_ENTRY_POINTS"


def _points() -> list[EntryPoint]:
    lines = os.environ.get(VARIABLE, "").splitlines()
    pairs = (line.split("=", 1) for line in lines if "=" in line)
    return [EntryPoint(name.strip(), value.strip(), GROUP) for name, value in pairs]


loader = Loader(lambda _owner, call, _bundled: call())
loader.load(_points())

for (kind, key), loaded in sorted(loader.plugins.items()):
    name = f"Test{kind.title().replace('_', '')}{key.title().replace('_', '')}"
    contract = CONTRACT_OF[loaded.plugin.kind]
    globals()[name] = type(name, (contract,), {"plugin": loaded.plugin, "__doc__": key})


def test_nothing_is_refused() -> None:
    """All that the entry points bring can be used."""
    assert [refusal.reason for refusal in loader.refusals] == []


def test_there_is_something_to_test() -> None:
    """A project without entry points has no plugin."""
    assert loader.sources, "there are no entry points of the group examhall"
