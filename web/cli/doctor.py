"""`examhall doctor`: look at every part, and say how to mend what does not work."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click
from sqlalchemy.exc import SQLAlchemyError

from examhall.core.contracts.base import HealthStatus
from examhall.core.errors import ExamhallError, PluginError, SettingsError
from examhall.core.health import Check, check_health
from examhall.core.permissions import SYSTEM
from examhall.core.platform import Platform, open_platform
from examhall.core.proctoring.models_store import MODELS, ModelState, get_state
from examhall.core.settings import Settings, load_settings

PROBE = b"examhall doctor"


@click.command()
def doctor() -> None:
    """Check settings, database, Redis, evidence store, models and plugins.

    Exit status 1 when something does not work.
    """
    failed = 0
    for check in run_checks():
        failed += check.status is HealthStatus.FAILED
        _print(check)
    if failed:
        click.echo(f"{failed} problem{'s' if failed > 1 else ''} found.")
        raise SystemExit(1)
    click.echo("Everything works.")


def run_checks() -> Iterator[Check]:
    """Yield the checks one by one; what cannot be looked at any more is left out."""
    try:
        settings = load_settings()
    except SettingsError as error:
        yield _failed("settings", error.message, "Correct the variable and try again.")
        return
    yield _ok("settings", f"data in {settings.data_dir}")
    folder = check_folder(settings.data_dir)
    yield folder
    if folder.status is HealthStatus.FAILED:
        return
    try:
        platform = open_platform(settings)
    except (ExamhallError, SQLAlchemyError, OSError) as error:
        yield _failed("platform", str(error), "See the message.")
        return
    try:
        yield from check_health(platform, SYSTEM)
        yield check_evidence_store(platform)
        yield check_models(settings)
        yield from check_refusals(platform)
    finally:
        platform.close()


def check_folder(folder: Path) -> Check:
    """Look whether the data folder can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return _failed("data folder", str(error), "Set EXAMHALL_DATA_DIR to a folder of yours.")
    if not os.access(folder, os.W_OK | os.X_OK):
        hint = f"Give the user who runs examhall the right to write: chown or chmod {folder}"
        return _failed("data folder", f"{folder} cannot be written", hint)
    return _ok("data folder", str(folder))


def check_evidence_store(platform: Platform) -> Check:
    """Store, read and delete a probe."""
    key = platform.settings.evidence_store
    name = f"evidence store {key}"
    try:
        store = platform.plugins.evidence_store(key)
        ref = platform.plugins.call(store, "put", PROBE, "text/plain")
        read = platform.plugins.call(store, "get", ref, expect=bytes)
        platform.plugins.call(store, "delete", ref)
    except PluginError as error:
        return _failed(
            name, error.message, "Look at EXAMHALL_EVIDENCE_STORE and the store's configuration."
        )
    if read != PROBE:
        return _failed(name, "it gives back something else than was stored", "Do not use it.")
    return _ok(name, "stored, read and deleted a probe")


def check_models(settings: Settings) -> Check:
    """Look whether there are models for the detectors."""
    folder = settings.models_dir
    missing = [one.name for one in MODELS if get_state(folder, one) is not ModelState.READY]
    if not missing:
        return _ok("models", str(folder))
    return Check(
        "models",
        HealthStatus.DEGRADED,
        f"{folder} lacks {', '.join(missing)}: what needs them does not work",
        "Set EXAMHALL_MODELS_DIR, or run: examhall models fetch",
    )


def check_refusals(platform: Platform) -> Iterator[Check]:
    """Name the plugins that were refused."""
    for refusal in platform.plugins.refusals:
        hint = "Update or uninstall its package; see: examhall plugin list"
        yield _failed(f"plugin {refusal.entry_point}", f"refused: {refusal.reason}", hint)


def _ok(name: str, message: str) -> Check:
    return Check(name, HealthStatus.OK, message)


def _failed(name: str, message: str, hint: str) -> Check:
    return Check(name, HealthStatus.FAILED, message, hint)


def _print(check: Check) -> None:
    words = {
        HealthStatus.OK: "ok",
        HealthStatus.DEGRADED: "limited",
        HealthStatus.FAILED: "PROBLEM",
    }
    click.echo(f"{words[check.status]:8} {check.name}: {check.message}".rstrip(": "))
    if check.hint and check.status is not HealthStatus.OK:
        click.echo(f"         {check.hint}")
