"""Secrets at rest: encryption with Fernet keys, and keys for signing derived from them."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from examhall.core.errors import SettingsError
from examhall.core.settings import Settings

KEY_FILE = "secret.key"


class Vault:
    """Encrypts with the newest key and decrypts with any.

    The context (which field of what) is sealed together with the text, so that a token copied to
    another place in the database is refused there.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        try:
            fernets = [Fernet(key) for key in keys]
        except ValueError as error:
            raise SettingsError(
                "EXAMHALL_SECRET_KEYS: each key is 32 bytes in URL-safe base64,"
                " as `python -c 'from cryptography.fernet import Fernet;"
                " print(Fernet.generate_key().decode())'` prints"
            ) from error
        if not fernets:
            raise SettingsError("EXAMHALL_SECRET_KEYS: at least one key is needed")
        self._fernet = MultiFernet(fernets)
        self._keys = tuple(keys)

    def encrypt(self, text: str, context: str) -> str:
        """Return a token that only `decrypt` with the same context opens."""
        return self._fernet.encrypt(json.dumps([context, text]).encode()).decode()

    def decrypt(self, token: str, context: str) -> str:
        """Return the text; SettingsError when no key fits or the context is another one."""
        try:
            sealed, text = json.loads(self._fernet.decrypt(token))
        except (InvalidToken, ValueError, TypeError) as error:
            raise SettingsError(
                "EXAMHALL_SECRET_KEYS: a stored secret was encrypted with a key that is not here"
            ) from error
        if sealed != context:
            raise SettingsError("a stored secret belongs to another place")
        return str(text)

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes for one purpose (signing sessions, tokens, links)."""
        return _derive(self._keys[0], purpose)

    def derive_all(self, purpose: str) -> list[bytes]:
        """Return what `derive` gives for each key, newest first: what lasts is checked with all."""
        return [_derive(key, purpose) for key in self._keys]


def _derive(key: str, purpose: str) -> bytes:
    info = f"examhall {purpose}".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(key.encode())


def open_vault(settings: Settings) -> Vault:
    """Return the vault of an installation; the data folder gets a key file where none is set."""
    return Vault(settings.secret_keys or (_key_file(settings.data_dir / KEY_FILE),))


def _key_file(path: Path) -> str:
    if not path.exists():
        _write_key(path)
    return path.read_text(encoding="ascii").strip()


def _write_key(path: Path) -> None:
    """Make the file whole or not at all: two processes may start at the same moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(Fernet.generate_key())
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
