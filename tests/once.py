"""Work that is the same in every test, done once in a process.

Each test opens platforms and applications of its own. What an address rule, a template or a
statement compiles to depends on none of them, and takes most of the time that they take.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import entry_points
from types import CodeType
from typing import Any

import pytest


@contextmanager
def statements_compiled_once() -> Iterator[None]:
    """Let all databases of a kind share what SQLAlchemy compiles its statements to.

    It keeps that by dialect, and every engine has one of its own. An engine goes on with the
    first one's as soon as that has asked its server what it can do.
    """
    from sqlalchemy import Engine, create_engine, event

    ready: dict[str, Engine] = {}

    def create(address: Any, **options: Any) -> Engine:
        engine = create_engine(address, query_cache_size=5000, **options)
        first = ready.get(engine.url.drivername)
        if first is not None:
            engine.dialect = first.dialect
            engine._compiled_cache = first._compiled_cache
        else:

            @event.listens_for(engine, "connect", once=True)
            def keep(_connection: Any, _record: Any) -> None:
                ready.setdefault(engine.url.drivername, engine)

        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("examhall.core.db.create_engine", create)
        yield


@contextmanager
def plugins_found_once() -> Iterator[None]:
    """Read the installed distributions once; in a test's process none arrives."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("examhall.core.registry.registry.entry_points", cache(entry_points))
        yield


@contextmanager
def rules_compiled_once() -> Iterator[None]:
    """Compile each address rule of an application once."""
    from werkzeug.routing import Rule

    compiled: dict[Any, Any] = {}
    compile_anew = Rule.compile

    def compile_once(rule: Any) -> None:
        name = name_of(rule)
        if name not in compiled:
            compile_anew(rule)
            builders = [build.__func__ for build in (rule._build, rule._build_unknown)]
            compiled[name] = (rule._parts, rule._trace, rule._converters, *builders)
            return
        rule._parts, rule._trace, rule._converters, build, build_unknown = compiled[name]
        rule.arguments.update(rule._converters)
        rule._build = build.__get__(rule, None)
        rule._build_unknown = build_unknown.__get__(rule, None)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "compile", compile_once)
        yield


def name_of(rule: Any) -> tuple[Any, ...]:
    """Return all that an address rule is compiled from."""
    return (
        *(rule.rule, rule.host, rule.subdomain, rule.merge_slashes, repr(rule.defaults)),
        *(rule.map.host_matching, *rule.map.converters.items()),
    )


@contextmanager
def templates_compiled_once() -> Iterator[None]:
    """Compile each template once, for all applications."""
    from flask import Flask
    from jinja2.bccache import Bucket, BytecodeCache

    class Codes(BytecodeCache):
        def __init__(self) -> None:
            self.codes: dict[tuple[str, str], CodeType] = {}

        def load_bytecode(self, bucket: Bucket) -> None:
            bucket.code = self.codes.get((bucket.key, bucket.checksum))

        def dump_bytecode(self, bucket: Bucket) -> None:
            if bucket.code is not None:
                self.codes[bucket.key, bucket.checksum] = bucket.code

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {**Flask.jinja_options, "bytecode_cache": Codes()})
        yield
