"""What a test needs from the machine, and what happens where it is missing."""

import os
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).parents[1]


def everything_is_required() -> bool:
    """Whether a missing part fails the test, as in CI, instead of skipping it."""
    return os.environ.get("CI", "") not in {"", "false", "0"} or (
        os.environ.get("EXAMHALL_REQUIRE_ALL") == "1"
    )


def shared_folder() -> Path:
    """Return where media, models and cases of other programs lie; it may not be there."""
    return Path(os.environ.get("EXAMHALL_SHARED") or ROOT.parent / "shared")


def missing(reason: str) -> NoReturn:
    """Skip the test for ``reason``, or fail it where everything is required."""
    if everything_is_required():
        pytest.fail(f"{reason} (required in CI and by EXAMHALL_REQUIRE_ALL=1)", pytrace=False)
    pytest.skip(reason)
