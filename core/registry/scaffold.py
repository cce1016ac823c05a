"""New plugins: a complete distribution for each kind, made from templates."""

from __future__ import annotations

import re
from keyword import iskeyword
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from examhall.core.contracts.base import Kind
from examhall.core.errors import ConflictError, InvalidError
from examhall.core.registry.loading import KEY, own_version

CONTRACT_NAMES: dict[Kind, str] = {
    kind: "".join(word.title() for word in kind.value.split("_")) + "Contract" for kind in Kind
}


def write_project(kind: Kind, name: str, parent: Path) -> Path:
    """Write the distribution `examhall-<name>` below `parent`; return its folder.

    Raises InvalidError for a name that cannot be a key, ConflictError where the folder is there.
    """
    key = re.sub(r"[-\s]+", "_", name.strip().lower())
    if not KEY.match(key):
        raise InvalidError(
            f"{name!r} cannot be a plugin's key: a letter of a to z, then letters, digits and _, "
            "64 at most."
        )
    module = f"examhall_{key}"
    folder = parent / _distribution(module)
    if folder.exists():
        raise ConflictError(f"{folder} is there already.")
    values = _values(kind, key, module)
    for path, template in _files(kind, module).items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        text = _environment().get_template(template).render(values) if template else ""
        target.write_text(text, encoding="utf-8")
    return folder


def _values(kind: Kind, key: str, module: str) -> dict[str, str]:
    words = key.split("_")
    return {
        "kind": kind.value,
        "kind_words": kind.value.replace("_", " "),
        "key": key,
        "module": module,
        "distribution": _distribution(module),
        "name": _class_name(kind, words),
        "title": " ".join(words).capitalize(),
        "contract": CONTRACT_NAMES[kind],
        "examhall_version": own_version() or "0",
    }


def _distribution(module: str) -> str:
    # A distribution's name ends with a letter or a digit.
    return module.replace("_", "-").rstrip("-")


def _class_name(kind: Kind, words: list[str]) -> str:
    """Return a class's name that stands for nothing else in the kind's templates."""
    name = "".join(word.title() for word in words)
    templates = [file for file in _files(kind, "").values() if file]
    loader = _environment().loader
    sources = [loader.get_source(_environment(), file)[0] for file in templates] if loader else []
    taken = any(re.search(rf"\b{name}\b", source) for source in sources)
    if not taken and not iskeyword(name):
        return name
    return name + CONTRACT_NAMES[kind].removesuffix("Contract")


def _files(kind: Kind, module: str) -> dict[str, str]:
    """Return the template of each file; an empty name for an empty file."""
    special = f"{kind.value}.test.jinja"
    has_special = special in _environment().list_templates()
    return {
        "pyproject.toml": "pyproject.toml.jinja",
        "README.md": "README.md.jinja",
        f"src/{module}/__init__.py": f"{kind.value}.py.jinja",
        f"src/{module}/py.typed": "",
        f"tests/test_{module}.py": special if has_special else "test.jinja",
    }


def _environment() -> Environment:
    # The templates make Python and TOML, never HTML.
    return Environment(  # noqa: S701
        loader=PackageLoader("examhall.core.registry", "templates/scaffold"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
