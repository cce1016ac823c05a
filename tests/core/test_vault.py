"""Secrets are sealed with their place; keys rotate."""

import threading

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from examhall.core.errors import SettingsError
from examhall.core.settings import load_settings
from examhall.core.vault import Vault, open_vault


@given(st.text(), st.text())
def test_what_is_sealed_comes_back(text, context):
    vault = Vault([Fernet.generate_key().decode()])
    token = vault.encrypt(text, context)
    assert vault.decrypt(token, context) == text


def test_a_token_opens_in_its_own_place_only():
    vault = Vault([Fernet.generate_key().decode()])
    token = vault.encrypt("secret", "plugin a")
    with pytest.raises(SettingsError, match="another place"):
        vault.decrypt(token, "plugin b")


@pytest.mark.parametrize("token", ["", "rubbish", "gAAAAA==", "\x00", "ü"])
def test_rubbish_is_no_token(token):
    with pytest.raises(SettingsError):
        Vault([Fernet.generate_key().decode()]).decrypt(token, "x")


def test_old_keys_still_open_and_new_ones_seal():
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    token = Vault([old]).encrypt("secret", "x")
    assert Vault([new, old]).decrypt(token, "x") == "secret"
    with pytest.raises(SettingsError, match="EXAMHALL_SECRET_KEYS"):
        Vault([new]).decrypt(token, "x")
    with pytest.raises(SettingsError):
        Vault([old]).decrypt(Vault([new, old]).encrypt("secret", "x"), "x")


def test_derived_keys_differ_by_purpose_and_key():
    one, two = Vault([Fernet.generate_key().decode()]), Vault([Fernet.generate_key().decode()])
    assert len(one.derive("session")) == 32
    assert one.derive("session") == one.derive("session")
    assert one.derive("session") != one.derive("link")
    assert one.derive("session") != two.derive("session")


def test_a_bad_key_is_refused_with_help():
    with pytest.raises(SettingsError, match=r"generate_key"):
        Vault(["not a key"])


def test_the_key_file_is_made_once_and_for_its_owner_only(tmp_path):
    settings = load_settings({}, data_dir=tmp_path / "new")
    tokens = []

    def seal():
        tokens.append(open_vault(settings).encrypt("secret", "x"))

    threads = [threading.Thread(target=seal) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {open_vault(settings).decrypt(token, "x") for token in tokens} == {"secret"}
    (path,) = (tmp_path / "new").iterdir()
    assert path.name == "secret.key"
    assert path.stat().st_mode & 0o777 == 0o600
