"""The one shape of every JSON answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from examhall.web.context import platform


def success(data: Any) -> dict[str, Any]:
    """Wrap what a view returns."""
    return {"success": True, "data": data, "error": None, "timestamp": _now()}


def failure(code: str, message: str, details: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Wrap an error; `code` is stable, `message` is for people."""
    error = {"code": code, "message": message, "details": dict(details or {})}
    return {"success": False, "data": None, "error": error, "timestamp": _now()}


def _now() -> str:
    return platform().clock.now().isoformat()
