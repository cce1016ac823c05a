"""The repository keeps its own rules."""

import ast
import re
import subprocess
from collections.abc import Iterator
from configparser import ConfigParser
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("core", "plugins", "question_types", "detectors", "providers", "web", "worker")
MIGRATIONS = ROOT / "core" / "migrations"
LONGEST_MODULE = 400
LONGEST_FUNCTION = 50

PACKAGES = sorted({path.parent for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")})
MODULES = sorted(
    path
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*.py")
    if not path.is_relative_to(MIGRATIONS)
)

# What belongs to the place where a line was written, not to the product: each
# pattern is put together so that this file does not hold it.
FOREIGN = {
    "a path of one machine": r"(?<![\w.-])/" + r"work/",
    "the number of an issue": "issue" + r" #",
    "a note to oneself": r"\b(TO" + r"DO|FIX" + r"ME)\b",
    "an address of a package mirror": r"(index-" + r"url|find-" + r"links)\b",
    "a host of a package mirror": r"https?://[^/\s]*(arti" + r"factory|nex" + r"us|dev" + r"pi)\b",
}

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def read_setup() -> ConfigParser:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    return config


def entry_points() -> list[str]:
    """The target of every entry point that setup.cfg declares."""
    lines = "\n".join(read_setup()["options.entry_points"].values()).splitlines()
    return sorted(line.split("=")[1].strip() for line in lines if "=" in line)


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def functions(path: Path) -> Iterator[FunctionNode]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, FunctionNode):
            yield node


def length(function: FunctionNode) -> int:
    """The lines of a function without its decorators and its docstring."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function) is None:
        return lines
    docstring = function.body[0]
    return lines - ((docstring.end_lineno or docstring.lineno) - docstring.lineno + 1)


def test_every_package_is_installed():
    listed = read_setup()["options"]["packages"].split()
    found = ["examhall." + name_of(package).replace("/", ".") for package in PACKAGES]
    assert sorted(listed) == sorted(found)


@pytest.mark.parametrize("package", PACKAGES, ids=name_of)
def test_package_has_an_init(package):
    assert (package / "__init__.py").exists()


def test_every_file_is_installed():
    patterns = read_setup()["options.package_data"]["*"].split()
    installed = {
        path for package in PACKAGES for pattern in patterns for path in package.glob(pattern)
    }
    files = {
        path
        for path in tracked_files()
        if name_of(path).split("/")[0] in FOLDERS and path.suffix not in {".py", ".md"}
    }
    assert sorted(map(name_of, files - installed)) == []


@pytest.mark.parametrize("target", entry_points())
def test_entry_point_leads_somewhere(target):
    assert find_spec(target.partition(":")[0]) is not None


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_module_is_short(module):
    assert len(module.read_text().splitlines()) <= LONGEST_MODULE


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_functions_are_short(module):
    long = {node.name: length(node) for node in functions(module)}
    assert {name: lines for name, lines in long.items() if lines > LONGEST_FUNCTION} == {}


@pytest.mark.parametrize("what", FOREIGN)
def test_nothing_foreign_is_tracked(what):
    pattern = re.compile(FOREIGN[what])
    found = []
    for path in tracked_files():
        try:
            lines = path.read_text().splitlines()
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            # Pictures and sounds; files that a person has just removed.
            continue
        found += [
            f"{name_of(path)}:{number}"
            for number, line in enumerate(lines, 1)
            if pattern.search(line)
        ]
    assert found == []
