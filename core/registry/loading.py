"""Find plugins by entry point, check all they bring, keep the reason for each one refused."""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import Distribution, EntryPoint, PackageNotFoundError, version
from types import FunctionType, ModuleType
from typing import Any

import pluggy
from marshmallow import Schema

from examhall.core import hookspecs
from examhall.core.contracts.access_rule import AccessRule
from examhall.core.contracts.base import API_VERSION, Installation, Kind, Plugin
from examhall.core.contracts.detector import Detector, Stream
from examhall.core.contracts.formats import Format
from examhall.core.contracts.provider import Provider
from examhall.core.contracts.question_type import QuestionType
from examhall.core.contracts.scorer import Scorer
from examhall.core.contracts.services import (
    EventSink,
    EvidenceStore,
    Notifier,
    Report,
    SignIn,
)
from examhall.core.errors import PluginError
from examhall.core.registry.configuration import members_of

GROUP = "examhall"
PREFIX = "examhall_"
MARK = f"{GROUP}_impl"
"""Where the decorator `hookimpl` leaves its options on a function."""

DISTRIBUTION = "examhall"
KNOWN_HOOKS = frozenset(name for name in vars(hookspecs) if name.startswith(PREFIX))
KEY = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")

CONTRACTS: dict[str, tuple[Kind, type[Plugin]]] = {
    "examhall_question_types": (Kind.QUESTION_TYPE, QuestionType),
    "examhall_scorers": (Kind.SCORER, Scorer),
    "examhall_detectors": (Kind.DETECTOR, Detector),
    "examhall_providers": (Kind.PROVIDER, Provider),
    "examhall_access_rules": (Kind.ACCESS_RULE, AccessRule),
    "examhall_formats": (Kind.FORMAT, Format),
    "examhall_sign_in": (Kind.SIGN_IN, SignIn),
    "examhall_evidence_stores": (Kind.EVIDENCE_STORE, EvidenceStore),
    "examhall_event_sinks": (Kind.EVENT_SINK, EventSink),
    "examhall_notifiers": (Kind.NOTIFIER, Notifier),
    "examhall_reports": (Kind.REPORT, Report),
}
"""The registering hooks: what each one's objects are."""

Run = Callable[[str, Callable[[], Any], bool], Any]
"""Runs foreign code within a time limit: whose it is, the call, whether it is bundled."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an entry point, or one object of it (then with kind and key), is not in use."""

    entry_point: str
    distribution: str
    version: str
    reason: str
    kind: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """The entry point that something came from."""

    name: str
    distribution: str
    version: str
    bundled: bool


@dataclass(frozen=True, slots=True)
class Loaded:
    """A plugin object that passed every check, and where it came from."""

    plugin: Plugin
    source: Source
    schema: type[Schema]


class HookManager(pluggy.PluginManager):
    """A manager that looks for a module's hooks among its functions alone.

    Going through every name of a module as pluggy does takes most of the time of a start.
    """

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        """Return how a function was marked as a hook, None for everything else."""
        if type(plugin) is not ModuleType:
            return super().parse_hookimpl_opts(plugin, name)
        if type(plugin.__dict__.get(name)) is FunctionType and hasattr(plugin.__dict__[name], MARK):
            return super().parse_hookimpl_opts(plugin, name)
        return None


def _new_manager() -> pluggy.PluginManager:
    manager = HookManager(GROUP)
    manager.add_hookspecs(hookspecs)
    return manager


@dataclass(slots=True)
class Loader:
    """Loads entry points one by one; what it has found so far is in its fields."""

    run: Run
    installation: Installation = field(default_factory=Installation)
    hooks: pluggy.PluginManager = field(default_factory=_new_manager)
    plugins: dict[tuple[str, str], Loaded] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)

    def load(self, points: Iterable[EntryPoint]) -> None:
        """Load the bundled plugins first, so that nobody can take the place of one."""
        for point in sorted(points, key=_order):
            source = source_of(point)
            try:
                self._load_one(point, source)
            except Exception as error:  # noqa: BLE001
                self._refuse(source, describe_error(error))

    def _load_one(self, point: EntryPoint, source: Source) -> None:
        if self.hooks.has_plugin(source.name):
            raise PluginError(self._same_name(source))
        module = self.run(source.name, point.load, source.bundled)
        check_hook_names(module)
        try:
            self.hooks.register(module, name=source.name)
            callers = self._check_hooks(module)
        except Exception:
            if self.hooks.is_registered(module):
                self.hooks.unregister(module)
            raise
        self.sources[source.name] = source
        for caller in callers:
            if caller.name in CONTRACTS:
                self._add_objects(caller, source)

    def _same_name(self, source: Source) -> str:
        there = self.sources.get(source.name)
        if there is not None and there.distribution == source.distribution:
            return f"version {there.version} of it runs: restart to change over"
        return f"another plugin is already called {source.name}"

    def _check_hooks(self, module: Any) -> list[pluggy.HookCaller]:
        callers = self.hooks.get_hookcallers(module) or []
        if not callers:
            raise PluginError("it implements no hook: decorate the functions with @hookimpl")
        if unknown := sorted(caller.name for caller in callers if not caller.has_spec()):
            raise PluginError(f"unknown hooks: {', '.join(unknown)}")
        for caller in callers:
            impl = next(i for i in caller.get_hookimpls() if i.plugin is module)
            if impl.hookwrapper or impl.wrapper:
                raise PluginError(f"{caller.name}: hook wrappers are not supported")
        return callers

    def _add_objects(self, caller: pluggy.HookCaller, source: Source) -> None:
        impl = next(i for i in caller.get_hookimpls() if i.plugin_name == source.name)
        try:
            objects = check_list(caller.name, self.run(source.name, impl.function, source.bundled))
        except Exception as error:  # noqa: BLE001
            self._refuse(source, describe_error(error))
            return
        for item in objects:
            self._add_object(item, CONTRACTS[caller.name], source)

    def _add_object(self, item: Any, contract: tuple[Kind, type[Plugin]], source: Source) -> None:
        kind, base = contract
        key = ""

        def prepare() -> type[Schema]:
            # All of it may run the plugin's own code: any attribute may be a property.
            nonlocal key
            key = str(getattr(item, "key", ""))[:64]
            check_object(item, kind, base)
            item.installation = self.installation
            schema: type[Schema] = item.config_schema()
            check_schema(schema)
            self._require_new(kind, item.key)
            return schema

        try:
            schema = self.run(source.name, prepare, source.bundled)
        except Exception as error:  # noqa: BLE001
            self._refuse(source, describe_error(error), kind.value, key)
            return
        self.plugins[kind, key] = Loaded(item, source, schema)

    def _require_new(self, kind: Kind, key: str) -> None:
        if (kind, key) in self.plugins:
            owner = self.plugins[kind, key].source.distribution
            raise PluginError(f"the {kind.value} {key} is already there, from {owner}")

    def _refuse(self, source: Source, reason: str, kind: str = "", key: str = "") -> None:
        log.warning("plugin %s of %s refused: %s", source.name, source.distribution, reason)
        self.refusals.append(
            Refusal(source.name, source.distribution, source.version, reason, kind, key)
        )


def source_of(point: EntryPoint) -> Source:
    """Return the entry point's name and distribution, with its version."""
    distribution, number = identify(point.dist) if point.dist is not None else ("", "")
    return Source(point.name, distribution, number, distribution == DISTRIBUTION)


@lru_cache(maxsize=256)
def identify(distribution: Distribution) -> tuple[str, str]:
    """Return a distribution's name and version; all its entry points share one parsed text.

    Both are empty where pip was interrupted and left no metadata.
    """
    try:
        metadata = distribution.metadata
        return metadata["Name"] or "", metadata["Version"] or ""
    except Exception:  # noqa: BLE001 - what is raised depends on the version of Python
        return "", ""


def own_version() -> str:
    """Return examhall's version, empty where it is not installed."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return ""


def _order(point: EntryPoint) -> tuple[bool, str, str, str]:
    source = source_of(point)
    return not source.bundled, source.distribution, point.name, point.value


def describe_error(error: BaseException) -> str:
    """Return an error in a line, for a person, fit to be stored and for any terminal."""
    try:
        text = str(error)[:10_000]
    except Exception:  # noqa: BLE001 - the plugin's own class of errors
        text = ""
    if not isinstance(error, PluginError):
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    text = text.replace("\0", "").encode("utf-8", "replace").decode()
    shown = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(shown.split())[:1000]


def check_hook_names(module: Any) -> None:
    """Raise PluginError for what looks like a hook and is none."""
    if isinstance(module, type):
        raise PluginError("the entry point leads to a class: lead it to an instance or a module")
    named = [
        name
        for name in dir(module)
        if name.startswith(PREFIX) and not inspect.ismodule(getattr(module, name))
    ]
    if unknown := sorted(set(named) - KNOWN_HOOKS):
        raise PluginError(f"unknown hooks: {', '.join(unknown)}")
    for name in named:
        function = inspect.getattr_static(module, name)
        if not hasattr(getattr(module, name), MARK) and function is not None:
            raise PluginError(f"{name} is not decorated with @hookimpl")


def check_list(name: str, objects: Any) -> Any:
    """Return the objects of a registering hook; PluginError when they are in no list."""
    if not isinstance(objects, list | tuple):
        raise PluginError(f"{name} returned {type(objects).__name__}, not a list")
    return objects


def check_object(item: Any, kind: Kind, base: type[Plugin]) -> None:
    """Raise PluginError for an object that is not what its hook promises."""
    if isinstance(item, type):
        raise PluginError(f"the class {item.__name__} was returned: return an instance of it")
    if not isinstance(item, base):
        raise PluginError(f"{type(item).__name__} is no {base.__name__}")
    if item.api_version != API_VERSION:
        raise PluginError(
            f"made for version {item.api_version} of the plugin API, this is {API_VERSION}"
        )
    if item.kind is not kind:
        raise PluginError(f"its kind is {item.kind}, its hook is for {kind.value}")
    if left := getattr(type(item), "__abstractmethods__", None):
        raise PluginError(f"abstract methods are left: {', '.join(sorted(left))}")
    _check_identity(item)
    if isinstance(item, Detector):
        _check_detector(item)
    if isinstance(item, Provider):
        _check_provider(item)


def _check_identity(item: Plugin) -> None:
    key = getattr(item, "key", None)
    if not isinstance(key, str) or not KEY.match(key):
        raise PluginError(
            f"bad key {key!r}: a lower-case letter, then letters, digits and _, 64 at most"
        )
    number = getattr(item, "version", None)
    if not isinstance(number, str) or not 0 < len(number) <= 50:
        raise PluginError(f"bad version {number!r}: text of 1 to 50 characters")
    title = getattr(item, "title", None)
    if not isinstance(title, str) or not title.strip():
        raise PluginError("it has no title")
    summary: Any = item.summary
    if not isinstance(summary, str):
        raise PluginError("its summary is no text")


def _check_detector(item: Detector) -> None:
    streams = getattr(item, "streams", None)
    if not isinstance(streams, frozenset) or not streams:
        raise PluginError("streams is no frozenset of Stream")
    also = getattr(item, "also_streams", None)
    if not isinstance(also, frozenset):
        raise PluginError("also_streams is no frozenset of Stream")
    if not all(isinstance(stream, Stream) for stream in streams | also):
        raise PluginError("streams is no frozenset of Stream")
    if not isinstance(getattr(item, "consent_class", None), str):
        raise PluginError("consent_class is missing")
    cadence: Any = item.cadence
    if not isinstance(cadence, int | float) or not 0 <= cadence < float("inf"):
        raise PluginError(f"bad cadence {cadence!r}: seconds, 0 or more")


def _check_provider(item: Provider) -> None:
    if not isinstance(item.capabilities, frozenset):
        raise PluginError("capabilities is no frozenset")
    missing = [
        name for name in sorted(item.capabilities) if not callable(getattr(item, name, None))
    ]
    if missing:
        raise PluginError(f"declared operations have no method: {', '.join(missing)}")


def check_schema(schema: Any) -> None:
    """Raise PluginError where a configuration schema is none, or cannot be made."""
    if not isinstance(schema, type) or not issubclass(schema, Schema):
        raise PluginError("config_schema() returned no marshmallow schema class")
    members_of(schema)
