"""Help for detectors that look at pictures: decode a frame once, find a model, keep it loaded.

Needs the extra `vision` (`pip install examhall[vision]`) as soon as a function is called.
"""

from __future__ import annotations

import atexit
import hashlib
import importlib.util
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from examhall.plugins import Health, Plugin, Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]
else:
    Picture = Any

__all__ = [
    "ModelMissingError",
    "ModelPool",
    "Picture",
    "decode",
    "digest_of",
    "find_model",
    "health_of",
    "model_digest",
    "opencv",
]

MAX_PIXELS = 12_000_000
"""Larger pictures are refused before their pixels are unpacked."""

HINT = "Run `examhall models fetch`, or set EXAMHALL_MODELS_DIR to a folder that has the file."

Model = TypeVar("Model")


class ModelMissingError(Exception):
    """A model's file is not there; the message names it."""


def decode(sample: Sample, *, max_pixels: int = MAX_PIXELS) -> Picture | None:
    """Return the sample's picture (height x width x 3, RGB, uint8), None for an unreadable one.

    The first call decodes, later ones find the picture in `sample.cache`. Do not write into it.
    """
    if "rgb" not in sample.cache:
        sample.cache["rgb"] = _decode(sample.data, max_pixels)
    picture: Picture | None = sample.cache["rgb"]
    return picture


def find_model(plugin: Plugin, name: str) -> Path:
    """Return the path of a model's file in the installation's folder; raises ModelMissingError."""
    path = plugin.installation.models_dir / name
    if not path.is_file():
        raise ModelMissingError(f"The model {name} is not in {path.parent}.")
    return path


def model_digest(path: Path) -> str:
    """Return the sha256 of a model's file, computed once for each version of it."""
    stat = path.stat()
    return _digest(path, (stat.st_mtime_ns, stat.st_size))


def digest_of(plugin: Plugin, name: str) -> str:
    """Return the sha256 of a plugin's model, an empty text where its file is not there."""
    try:
        return model_digest(find_model(plugin, name))
    except ModelMissingError:
        return ""


def health_of(
    plugin: Plugin, *names: str, modules: tuple[str, ...] = (), extra: str = "vision"
) -> Health:
    """Say whether libraries and models are there, and how to get what is missing.

    `extra` is the extra of the installation that brings the libraries.
    """
    for module in modules:
        if importlib.util.find_spec(module) is None:
            return Health.failed(
                f"The Python package {module} is missing.",
                f"Run `pip install 'examhall[{extra}]'`.",
            )
    try:
        for name in names:
            find_model(plugin, name)
    except ModelMissingError as error:
        return Health.failed(str(error), HINT)
    return Health.ok()


class ModelPool(Generic[Model]):
    """Loaded models of one process, each used by one thread at a time.

    `make` loads a model for a key (path and options); a model that raised is thrown away.
    """

    def __init__(
        self, make: Callable[..., Model], close: Callable[[Model], None] | None = None
    ) -> None:
        self._make = make
        self._close = close
        self._guard = threading.Lock()
        self._idle: dict[tuple[Hashable, ...], list[Model]] = {}
        self._is_registered = False

    @contextmanager
    def borrow(self, *key: Hashable) -> Iterator[Model]:
        """Use a model alone; it is loaded when none is idle."""
        with self._guard:
            idle = self._idle.setdefault(key, [])
            model = idle.pop() if idle else None
        if model is None:
            model = self._make(*key)
            self._close_at_end()
        try:
            yield model
        except BaseException:
            self._throw_away(model)
            raise
        with self._guard:
            self._idle.setdefault(key, []).append(model)

    def clear(self) -> None:
        """Close all idle models."""
        with self._guard:
            models = [model for idle in self._idle.values() for model in idle]
            self._idle.clear()
        for model in models:
            self._throw_away(model)

    def _close_at_end(self) -> None:
        """Have the models closed before the process ends: some libraries hang or shout else.

        It has to be before the executors of the standard library end, which some models need to
        close themselves, and `atexit` comes after that. What is registered last is called first,
        hence only now, when a library has brought its executors.
        """
        with self._guard:
            if self._is_registered:
                return
            self._is_registered = True
        register: Callable[[Callable[[], None]], object] = getattr(
            threading, "_register_atexit", atexit.register
        )
        # The process may be ending already.
        with suppress(RuntimeError):
            register(self.clear)

    def _throw_away(self, model: Model) -> None:
        if self._close is not None:
            self._close(model)


@lru_cache(maxsize=1)
def opencv() -> Any:
    """Return OpenCV, limited to one thread a process: two processes beat two threads."""
    cv2 = import_module("cv2")
    cv2.setNumThreads(1)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    return cv2


def _decode(data: bytes, max_pixels: int) -> Picture | None:
    cv2, numpy = opencv(), import_module("numpy")
    size = _jpeg_size(data)
    if size is None or size[0] * size[1] > max_pixels:
        return None
    flags = cv2.IMREAD_COLOR_RGB
    picture: Picture | None = cv2.imdecode(numpy.frombuffer(data, numpy.uint8), flags)
    return picture


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Read width and height from the header (ITU T.81, B.2.2), so that no bomb is unpacked."""
    at = 2
    while data[:2] == b"\xff\xd8" and at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            return (
                int.from_bytes(data[at + 7 : at + 9], "big"),
                int.from_bytes(data[at + 5 : at + 7], "big"),
            )
        at += 1 if marker == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


@lru_cache(maxsize=64)
def _digest(path: Path, _version: tuple[int, int]) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
