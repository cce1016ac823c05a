"""Writes docs/plugins/reference.md from the hook specs and the contracts; a test checks it."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from examhall.core import hookspecs
from examhall.core.contracts import (
    access_rule,
    base,
    detector,
    events,
    formats,
    proctoring,
    provider,
    question_type,
    scorer,
    services,
)
from examhall.core.registry.loading import CONTRACTS, PREFIX
from examhall.plugins import rendering, vision
from examhall.plugins.contract import base as contract_base
from examhall.plugins.contract import fakes

HEAD = """\
# Plugin reference

Written by `python -m examhall.plugins.reference` from the code itself. Everything is imported from
`examhall.plugins`, but for the chapters that name another module.
"""
CHAPTERS: tuple[tuple[str, ModuleType], ...] = (
    ("What every plugin has", base),
    ("Question types", question_type),
    ("Scorers", scorer),
    ("Detectors", detector),
    ("Providers", provider),
    ("Access rules", access_rule),
    ("Formats", formats),
    ("Sign-in, evidence stores, event sinks, notifiers, reports", services),
    ("Attempts", events),
    ("Incidents", proctoring),
    ("Drawing", rendering),
    ("Pictures and models: `examhall.plugins.vision`", vision),
    ("Contract tests: `examhall.plugins.testing`", contract_base),
    ("Stand-ins: `examhall.plugins.testing`", fakes),
)

Assignment = ast.Assign | ast.AnnAssign


def make_reference() -> str:
    """Return the whole document."""
    registering = [hook for hook in _hooks() if hook.name in CONTRACTS]
    plain = [hook for hook in _hooks() if hook.name not in CONTRACTS]
    parts = [HEAD, "## Hooks that register\n", *map(_hook, registering)]
    parts += ["## Plain hooks\n", *map(_hook, plain)]
    for title, module in CHAPTERS:
        parts += [f"## {title}\n", *_chapter(module)]
    return "\n".join(parts)


def main() -> None:
    """Rewrite the document below the current folder."""
    path = Path("docs/plugins/reference.md")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(make_reference(), encoding="utf-8")


def _hooks() -> list[ast.FunctionDef]:
    return [
        node
        for node in _tree(hookspecs).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith(PREFIX)
    ]


def _tree(module: ModuleType) -> ast.Module:
    return ast.parse(inspect.getsource(module))


def _hook(node: ast.FunctionDef) -> str:
    first = any("firstresult=True" in ast.unparse(mark) for mark in node.decorator_list)
    note = "\nThe first answer that is not None counts.\n" if first else ""
    return f"### `{_signature(node)}`\n\n{_doc(node)}{note}"


def _chapter(module: ModuleType) -> Iterator[str]:
    for statement, doc in _with_docs(_tree(module).body):
        if isinstance(statement, ast.ClassDef) and not statement.name.startswith("_"):
            yield _class(statement)
        elif isinstance(statement, ast.FunctionDef) and not statement.name.startswith("_"):
            yield f"### `{_signature(statement)}`\n\n{_doc(statement)}"
        elif isinstance(statement, Assignment) and doc:
            yield f"### `{ast.unparse(statement)}`\n\n{doc}\n"


def _class(node: ast.ClassDef) -> str:
    bases = ", ".join(map(ast.unparse, node.bases))
    lines = [f"### `{node.name}({bases})`" if bases else f"### `{node.name}`", "", _doc(node)]
    members = list(_members(node))
    if members:
        lines += [*members, ""]
    return "\n".join(lines)


def _members(node: ast.ClassDef) -> Iterator[str]:
    for statement, doc in _with_docs(node.body):
        if isinstance(statement, Assignment):
            yield f"- `{ast.unparse(statement)}`{_after(doc)}"
        elif isinstance(statement, ast.FunctionDef) and not statement.name.startswith("_"):
            marks = {ast.unparse(mark) for mark in statement.decorator_list}
            required = " **(required)**" if "abstractmethod" in marks else ""
            yield f"- `{_signature(statement)}`{required}{_after(_doc(statement))}"


def _with_docs(body: list[ast.stmt]) -> Iterator[tuple[ast.stmt, str]]:
    """Yield each statement with the text that stands below it, where it is an assignment."""
    for statement, below in zip(body, [*body[1:], None], strict=True):
        text = ""
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            text = inspect.cleandoc(str(below.value.value))
        yield statement, text if isinstance(statement, Assignment) else ""


def _signature(node: ast.FunctionDef) -> str:
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{node.name}({ast.unparse(node.args)}){returns}"


def _doc(node: ast.FunctionDef | ast.ClassDef) -> str:
    return f"{ast.get_docstring(node) or ''}\n"


def _after(doc: str) -> str:
    """Return a member's text as the rest of its line, later paragraphs indented."""
    text = doc.strip()
    return f": {text}".replace("\n", "\n  ") if text else ""


if __name__ == "__main__":
    main()
