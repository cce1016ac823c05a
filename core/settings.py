"""Settings: variables `EXAMHALL_<NAME>` of the environment, read once and checked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from marshmallow import EXCLUDE, Schema, ValidationError, post_load, validate
from marshmallow import fields as mf
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from examhall.core.errors import SettingsError

PREFIX = "EXAMHALL_"

DATABASES = frozenset(
    ["", "sqlite", "sqlite+pysqlite", "postgres", "postgresql", "postgresql+psycopg"]
)
REDIS_SCHEMES = frozenset(["redis", "rediss", "unix"])


@dataclass(frozen=True, slots=True)
class Settings:
    """How one installation runs; every field is documented in docs/operations.md."""

    data_dir: Path
    database_url: str
    redis_url: str
    evidence_store: str
    secret_keys: tuple[str, ...]
    models_dir: Path
    base_url: str
    services: tuple[str, ...]
    pool_size: int
    plugin_poll_seconds: float
    plugin_time_limit: float
    plugin_load_limit: float
    sweep_seconds: float
    drain_seconds: int
    detection_late_seconds: float
    evidence_link_seconds: int
    evidence_retention_days: int
    access_token_seconds: int
    refresh_token_seconds: int
    password_memory_kib: int
    password_rounds: int
    outbound_networks: tuple[str, ...]
    allow_plain_http: bool
    secure_cookies: bool
    rate_limits: bool
    trusted_proxies: int
    trace_hooks: bool
    log_level: str


def _text(default: str, doc: str, **extra: Any) -> mf.String:
    return mf.String(load_default=default, metadata={"doc": doc}, **extra)


def _words(default: str, doc: str) -> mf.String:
    return mf.String(load_default=default, metadata={"doc": doc, "list": True})


def _check_database(url: str) -> None:
    try:
        name = make_url(url).drivername if url else ""
    except (ArgumentError, ValueError):
        name = "?"
    if name not in DATABASES:
        raise ValidationError(
            "not an address of PostgreSQL or SQLite, such as postgresql://user:password@host/name "
            "(special characters of the password percent-encoded)"
        )


def _check_redis(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_good = not url or (parts.scheme in REDIS_SCHEMES and parts.port != 0)
    except ValueError:
        is_good = False
    if not is_good:
        raise ValidationError("not an address of Redis, such as redis://127.0.0.1:6379/0")


class SettingsSchema(Schema):
    """The names, defaults and meanings of all settings."""

    class Meta:
        unknown = EXCLUDE

    data_dir = _text(
        "./examhall-data", "Folder for the SQLite database, evidence and the key file."
    )
    database_url = _text(
        "",
        "SQLAlchemy address of the database; empty: SQLite in the data folder.",
        validate=_check_database,
    )
    redis_url = _text(
        "",
        "Address of Redis; empty: jobs, live stream and limits stay in the process.",
        validate=_check_redis,
    )
    evidence_store = _text("folder", "Key of the evidence store plugin in use.")
    secret_keys = _words("", "Fernet keys, newest first; empty: one is made in the data folder.")
    models_dir = _text("", "Folder with the detectors' models; empty: `models` in the data folder.")
    base_url = _text("http://127.0.0.1:8000", "Address that people use, for links in messages.")
    services = _words("", "Names of the API services that this process runs; empty: all.")
    pool_size = mf.Integer(
        load_default=20,
        validate=validate.Range(1, 500),
        metadata={"doc": "Database connections that one process keeps."},
    )
    plugin_poll_seconds = mf.Float(
        load_default=2.0,
        validate=validate.Range(0.1, 5),
        metadata={"doc": "How often a process looks for changed plugin settings."},
    )
    plugin_time_limit = mf.Float(
        load_default=10.0,
        validate=validate.Range(0.1, 600),
        metadata={"doc": "Seconds after which a plugin call is given up."},
    )
    plugin_load_limit = mf.Float(
        load_default=30.0,
        validate=validate.Range(0.1, 600),
        metadata={"doc": "Seconds after which importing a plugin is given up."},
    )
    sweep_seconds = mf.Float(
        load_default=1.0,
        validate=validate.Range(0.1, 5),
        metadata={"doc": "How often expired attempts and forgotten work are looked for."},
    )
    drain_seconds = mf.Integer(
        load_default=120,
        validate=validate.Range(0, 3600),
        metadata={"doc": "Seconds after the deadline in which queued responses are still taken."},
    )
    detection_late_seconds = mf.Float(
        load_default=1.25,
        validate=validate.Range(0.5, 86400),
        metadata={"doc": "When chunks wait longer for a worker, costly detectors look less often."},
    )
    evidence_link_seconds = mf.Integer(
        load_default=60,
        validate=validate.Range(1, 3600),
        metadata={"doc": "Life of a link to a piece of evidence."},
    )
    evidence_retention_days = mf.Integer(
        load_default=180,
        validate=validate.Range(1, 3650),
        metadata={"doc": "Days that evidence is kept where an exam says nothing else."},
    )
    access_token_seconds = mf.Integer(
        load_default=600,
        validate=validate.Range(10, 86400),
        metadata={"doc": "Life of an access token for programs."},
    )
    refresh_token_seconds = mf.Integer(
        load_default=1209600,
        validate=validate.Range(60, 31536000),
        metadata={"doc": "Life of a refresh token for programs."},
    )
    password_memory_kib = mf.Integer(
        load_default=19456,
        validate=validate.Range(1024, 1048576),
        metadata={"doc": "Memory of one argon2 password check, in KiB."},
    )
    password_rounds = mf.Integer(
        load_default=2,
        validate=validate.Range(1, 100),
        metadata={"doc": "Rounds of one argon2 password check."},
    )
    outbound_networks = _words(
        "", "Private networks (CIDR) that providers may call, such as 10.1.0.0/16."
    )
    allow_plain_http = mf.Boolean(
        load_default=False, metadata={"doc": "Whether providers may call http:// addresses."}
    )
    secure_cookies = mf.Boolean(
        load_default=False, metadata={"doc": "Send cookies over https only; set it in production."}
    )
    rate_limits = mf.Boolean(
        load_default=True, metadata={"doc": "Whether sign-in and the API are rate limited."}
    )
    trusted_proxies = mf.Integer(
        load_default=0,
        validate=validate.Range(0, 5),
        metadata={"doc": "How many reverse proxies stand before the web process."},
    )
    trace_hooks = mf.Boolean(load_default=False, metadata={"doc": "Log every hook call."})
    log_level = _text(
        "INFO",
        "Lowest level of log lines.",
        validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR"]),
    )

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Settings:
        for name, field in self.fields.items():
            if field.metadata.get("list"):
                data[name] = tuple(word for word in data[name].replace(",", " ").split() if word)
        data_dir = data["data_dir"] = Path(data["data_dir"]).resolve()
        data["database_url"] = data["database_url"] or f"sqlite:///{data_dir / 'examhall.db'}"
        data["models_dir"] = Path(data["models_dir"] or data_dir / "models").resolve()
        return Settings(**data)


def load_settings(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Read the settings from the environment; `overrides` win (text or the setting's own type).

    Raises SettingsError that names the variable and says what is wrong with it.
    """
    source = os.environ if environ is None else environ
    names = {field.name for field in fields(Settings)}
    raw: dict[str, Any] = {
        key[len(PREFIX) :].lower(): value
        for key, value in source.items()
        if key.startswith(PREFIX) and key[len(PREFIX) :].lower() in names
    }
    raw.update({name: _plain(value) for name, value in overrides.items()})
    try:
        settings: Settings = SettingsSchema().load(raw)
    except ValidationError as error:
        name, messages = next(iter(error.normalized_messages().items()))
        raise SettingsError(f"{PREFIX}{name.upper()}: {' '.join(messages)}") from error
    return settings


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return " ".join(value)
    return str(value) if isinstance(value, Path) else value
