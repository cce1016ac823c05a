"""Distributions as pip leaves them: a folder with modules and metadata, made of source text."""

import itertools
import shutil
import sys
import textwrap
from importlib.metadata import EntryPoint, distributions
from pathlib import Path

_numbers = itertools.count()

SINK = """
    from examhall.plugins import EventSink, hookimpl

    class Sink(EventSink):
        key = "{key}"
        version = "1.0"
        title = "A sink"

        def emit(self, events):
            {body}

    @hookimpl
    def examhall_event_sinks():
        return [Sink()]
"""


def sink(key: str, body: str = "return None") -> str:
    """The source of a distribution with one event sink."""
    return SINK.replace("{key}", key).replace("{body}", body)


class Site:
    """A folder on sys.path with distributions in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        sys.path.insert(0, str(path))

    def install(
        self,
        source: str,
        name: str = "event_sink.example",
        distribution: str = "example",
        version: str = "1.2.3",
    ) -> None:
        """Add a distribution with one module and one entry point."""
        module = f"examhall_test_plugin_{next(_numbers)}"
        (self.path / f"{module}.py").write_text(textwrap.dedent(source))
        info = self.path / f"{distribution}-{version}.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        )
        with (info / "entry_points.txt").open("a") as file:
            if file.tell() == 0:
                file.write("[examhall]\n")
            file.write(f"{name} = {module}\n")

    def uninstall(self, distribution: str, version: str) -> None:
        """Take a distribution's metadata away."""
        shutil.rmtree(self.path / f"{distribution}-{version}.dist-info")

    def points(self) -> list[EntryPoint]:
        """The entry points of all distributions in the folder."""
        found = distributions(path=[str(self.path)])
        return [point for distribution in found for point in distribution.entry_points]

    def remove(self) -> None:
        """Take the folder off sys.path."""
        sys.path.remove(str(self.path))
