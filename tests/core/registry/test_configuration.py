"""Configurations as they are stored: which secret stays with which item, what a digest takes."""

from decimal import Decimal
from typing import Any

import pytest
from cryptography.fernet import Fernet
from marshmallow import Schema, fields

from examhall.core.registry.configuration import digest, seal, unseal
from examhall.core.vault import Vault

VAULT = Vault([Fernet.generate_key().decode()])
KEPT = {"set": True}


class Server(Schema):
    name = fields.String()
    password = fields.String(metadata={"secret": True})


class Servers(Schema):
    servers = fields.List(fields.Nested(Server))


STORED = seal(
    Servers,
    {"servers": [{"name": "a", "password": "A"}, {"name": "b", "password": "B"}]},
    VAULT,
    "x",
)


@pytest.mark.parametrize(
    ("given", "opened"),
    [
        ([("a", KEPT), ("b", KEPT)], [("a", "A"), ("b", "B")]),
        ([("b", KEPT)], [("b", "B")]),
        ([("b", KEPT), ("a", KEPT)], [("b", "B"), ("a", "A")]),
        ([("new", "N"), ("a", KEPT), ("b", KEPT)], [("new", "N"), ("a", "A"), ("b", "B")]),
        ([("a", KEPT), ("renamed", KEPT)], [("a", "A"), ("renamed", "B")]),
        ([("a", "changed"), ("b", KEPT)], [("a", "changed"), ("b", "B")]),
        ([("a", None), ("b", KEPT)], [("a", None), ("b", "B")]),
    ],
)
def test_a_secret_stays_with_its_item_wherever_that_goes(given: Any, opened: Any) -> None:
    raw = {"servers": [{"name": name, "password": password} for name, password in given]}
    sealed = seal(Servers, raw, VAULT, "x", STORED)
    servers = unseal(Servers, sealed, VAULT, "x")["servers"]
    assert [(one["name"], one.get("password")) for one in servers] == opened


def test_a_new_item_gets_nobody_elses_secret() -> None:
    raw = {"servers": [{"name": "new"}, {"name": "a"}, {"name": "b"}]}
    servers = unseal(Servers, seal(Servers, raw, VAULT, "x", STORED), VAULT, "x")["servers"]
    assert servers == [
        {"name": "new"},
        {"name": "a", "password": "A"},
        {"name": "b", "password": "B"},
    ]


def test_a_number_beyond_all_contexts_has_a_digest_too() -> None:
    assert digest("k", "1", {"n": Decimal("1.50")}) == digest("k", "1", {"n": Decimal("1.5")})
    assert digest("k", "1", {"n": Decimal("1e999999999")}) != digest("k", "1", {"n": Decimal(1)})
