"""A distribution built to a wheel and installed beside examhall: its plugins work as bundled ones.

Broken ones are refused or isolated, and shown.
"""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from examhall.core.contracts.base import Kind
from examhall.core.registry.scaffold import write_project

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def run(*command, cwd=None, **environ):
    result = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environ}, capture_output=True, text=True, timeout=100
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return result.stdout


def install(site: Path, *projects: Path) -> Path:
    """Build projects to wheels and install them into a folder beside examhall, asking no index."""
    options = ("--no-build-isolation", "--no-deps", "--no-index", "--quiet")
    target = ("--disable-pip-version-check", "--target", str(site))
    run(sys.executable, "-m", "pip", "install", *options, *target, *map(str, projects))
    return site


def write_modules(project: Path, sources: dict[str, str]) -> Path:
    """Write a project with some modules, each the target of an entry point."""
    project.mkdir()
    points = "\n".join(f'"broken.{name}" = "broken_{name}"' for name in sources)
    (project / "pyproject.toml").write_text(
        textwrap.dedent(
            f"""
            [build-system]
            requires = ["setuptools"]
            build-backend = "setuptools.build_meta"
            [project]
            name = "{project.name}"
            version = "0.1"
            [tool.setuptools]
            py-modules = {[f"broken_{name}" for name in sources]}
            [project.entry-points.examhall]
            """
        )
        + points
    )
    for name, source in sources.items():
        (project / f"broken_{name}.py").write_text(textwrap.dedent(source))
    return project


@pytest.fixture(scope="module")
def make_environ(tmp_path_factory, sqlite_template):
    """Return the settings of an installation with the distributions of a folder."""

    def make(site: Path) -> dict[str, str]:
        folder = tmp_path_factory.mktemp("installation")
        shutil.copyfile(sqlite_template, folder / "examhall.db")
        return {
            "PYTHONPATH": str(site),
            "EXAMHALL_DATABASE_URL": f"sqlite:///{folder / 'examhall.db'}",
            "EXAMHALL_DATA_DIR": str(folder / "data"),
            "EXAMHALL_PLUGIN_TIME_LIMIT": "1",
            "EXAMHALL_PLUGIN_LOAD_LIMIT": "8",
            "EXAMHALL_LOG_LEVEL": "ERROR",
        }

    return make


def run_python(environ: dict[str, str], *scripts: str) -> list[Any]:
    """Run scripts in a process of their own; return what each printed last, as JSON."""
    lines = run(sys.executable, "-c", "\n".join(map(textwrap.dedent, scripts)), **environ)
    return [json.loads(line) for line in lines.strip().splitlines()[-len(scripts) :]]


@pytest.fixture(scope="module")
def good_site(tmp_path_factory) -> Path:
    """A folder with two scaffolded distributions: a question type and a detector."""
    folder = tmp_path_factory.mktemp("third-party")
    made = ((Kind.QUESTION_TYPE, "capital"), (Kind.DETECTOR, "night"))
    return install(folder / "site", *(write_project(*one, folder) for one in made))


WORKING = """
    import json
    from examhall.core.platform import open_platform
    from examhall.core.settings import load_settings
    from examhall.plugins import Finding, Fragment, Response, Score, Stream, Variant, View
    from examhall.plugins.testing import make_picture, make_sample
    from PIL import Image
    import io

    platform = open_platform(load_settings())
    plugins = platform.plugins
    question = plugins.question_type("capital")
    variant = plugins.call(question, "prepare", question.example(), 1, "en", expect=Variant)
    shown = plugins.call(question, "render", variant, View.ANSWER, None, name="q", expect=Fragment)
    scores = []
    for answer in ("paris", "Rome"):
        response = plugins.call(question, "parse", variant, {"answer": answer}, expect=Response)
        score = plugins.call(question, "score", variant, response, expect=Score)
        scores.append(str(score.fraction))

    file = io.BytesIO()
    Image.new("RGB", (64, 48)).save(file, "JPEG")
    frames = [make_sample(Stream.CAMERA, 0, file.getvalue()), make_sample(Stream.CAMERA, 1)]
    detector = plugins.detector("night")
    state = plugins.call(detector, "open")
    found = plugins.call(detector, "analyze", state, frames, expect=list[Finding], limit=20)
    print(json.dumps({
        "scores": scores,
        "key in page": "Paris" in shown.html,
        "found": [finding.kind for finding in found],
        "digest": len(plugins.config_digest(detector)),
        "refused": [refusal.reason for refusal in plugins.refusals],
    }))
    platform.close()
"""

THROUGH_THE_API = """
    import json
    from examhall.core.accounts.operations import create_user
    from examhall.core.accounts.tokens import make_access_token
    from examhall.core.permissions import SYSTEM, Role
    from examhall.core.platform import open_platform
    from examhall.core.settings import load_settings
    from examhall.web.app import create_app

    platform = open_platform(load_settings())
    with platform.db.transaction() as session:
        author = create_user(session, platform.settings, SYSTEM, "author", "A", "a@example.org",
                             "correct horse battery", [Role.AUTHOR])
    client = create_app(platform).test_client()
    headers = {"Authorization": f"Bearer {make_access_token(platform, author)}"}
    types = client.get("/api/v1/question-types", headers=headers).json["data"]
    (capital,) = [item for item in types if item["key"] == "capital"]
    made = client.post("/api/v1/questions", headers=headers, json={
        "title": "Capitals", "type": "capital", "content": capital["example"]})
    bad = client.post("/api/v1/questions", headers=headers, json={
        "title": "Capitals", "type": "capital", "content": {"stem": ""}})
    print(json.dumps([made.status_code, bad.status_code, [f["name"] for f in capital["form"]]]))
    platform.close()
"""


@pytest.fixture(scope="module")
def answers(good_site, make_environ) -> list[Any]:
    """What both scripts say, in one process because its start takes longer than they do."""
    return run_python(make_environ(good_site), WORKING, THROUGH_THE_API)


def test_a_question_type_and_a_detector_work_with_no_line_changed(answers):
    working, _ = answers
    assert working == {
        "scores": ["1", "0"],
        "key in page": False,
        "found": ["night.dark"],
        "digest": 64,
        "refused": [],
    }


def test_an_author_uses_the_question_type_through_the_api(answers):
    _, (made, refused, form) = answers
    assert (made, refused) == (201, 422)
    assert form == ["stem", "answer"]


def listed(environ: dict[str, str]):
    command = "from examhall.web.cli import main; main()"
    return json.loads(run(sys.executable, "-c", command, "plugin", "list", "--json", **environ))


def test_the_list_shows_where_plugins_come_from(good_site, make_environ):
    overview = listed(make_environ(good_site))
    plugins = {(item["kind"], item["key"]): item for item in overview["plugins"]}
    assert plugins["detector", "night"]["distribution"] == "examhall-night"
    assert plugins["detector", "night"]["status"] == "enabled"
    assert overview["refusals"] == []


TYPE = """
    from examhall.plugins import hookimpl
    from examhall.question_types.choice import Choice

    class Broken(Choice):
        key = "{key}"
        {body}

    @hookimpl
    def examhall_question_types():
        return [Broken()]
"""

BROKEN = {
    "raises_on_import": "raise RuntimeError('this machine is too old')",
    "hangs_on_import": "while True: pass",
    "unknown_hook": """
        from examhall.plugins import hookimpl
        @hookimpl
        def examhall_questions(): return []
    """,
    "duplicate_key": TYPE.replace("{key}", "choice").replace("{body}", "pass"),
    "wrong_version": TYPE.replace("{key}", "future").replace("{body}", "api_version = 2"),
    "hangs": TYPE.replace("{key}", "hangs").replace(
        "{body}", "def score(self, variant, response):\n            while True: pass"
    ),
    "sleeps": TYPE.replace("{key}", "sleeps").replace(
        "{body}",
        "def score(self, variant, response):\n            import time; time.sleep(3600)",
    ),
    "rubbish": TYPE.replace("{key}", "rubbish").replace(
        "{body}", "def score(self, variant, response):\n            return 'full marks'"
    ),
}

ISOLATED = """
    import json, threading, time
    from examhall.core.errors import PluginError
    from examhall.core.platform import open_platform
    from examhall.core.settings import load_settings
    from examhall.plugins import Response, Score, Variant

    platform = open_platform(load_settings())
    plugins = platform.plugins
    reasons = {}
    start = time.monotonic()

    def score_again_and_again(key):
        for _ in range(6):
            try:
                plugins.call(*prepared[key], Response({"choice": ["1"]}), expect=Score)
            except PluginError as error:
                reasons.setdefault(key, error.details["reason"])

    prepared = {}
    for key in ("hangs", "sleeps", "rubbish"):
        question = plugins.question_type(key)
        variant = plugins.call(question, "prepare", question.example(), 1, "en", expect=Variant)
        prepared[key] = question, "score", variant
    slow = [
        threading.Thread(target=score_again_and_again, args=(key,)) for key in ("hangs", "sleeps")
    ]
    for thread in slow:
        thread.start()
    for thread in slow:
        thread.join()
    # The last one: its pause must not be over before somebody looks.
    score_again_and_again("rubbish")
    took = time.monotonic() - start
    good = plugins.question_type("choice")
    variant = plugins.call(good, "prepare", good.example(), 1, "en", expect=Variant)
    right = plugins.call(good, "parse", variant, good.correct_response(variant), expect=Response)
    score = plugins.call(good, "score", variant, right, expect=Score)
    plugins.flush()
    print(json.dumps([reasons, took < 20, str(score.fraction)]))
    platform.close()
"""


@pytest.fixture(scope="module")
def isolated(tmp_path_factory, make_environ) -> tuple[Any, Any]:
    """What a process saw with a distribution that is broken in every way, and the list then."""
    folder = tmp_path_factory.mktemp("broken")
    project = write_modules(folder / "brokenware", BROKEN)
    environ = make_environ(install(folder / "site", project))
    (seen,) = run_python(environ, ISOLATED)
    return seen, listed(environ)


def test_broken_plugins_are_refused_with_reasons_and_the_others_load(isolated):
    _, overview = isolated
    reasons = {item["entry_point"]: item["reason"] for item in overview["refusals"]}
    assert set(reasons) == {
        "broken.raises_on_import",
        "broken.hangs_on_import",
        "broken.unknown_hook",
        "broken.duplicate_key",
        "broken.wrong_version",
    }
    assert reasons["broken.raises_on_import"] == "RuntimeError: this machine is too old"
    assert "in time" in reasons["broken.hangs_on_import"]
    assert reasons["broken.unknown_hook"] == "unknown hooks: examhall_questions"
    assert "already there, from examhall" in reasons["broken.duplicate_key"]
    assert "version 2" in reasons["broken.wrong_version"]
    plugins = {(item["kind"], item["key"]): item for item in overview["plugins"]}
    assert plugins["question_type", "choice"]["distribution"] == "examhall"
    assert ("question_type", "hangs") in plugins


def test_plugins_that_hang_or_return_rubbish_are_isolated_paused_and_shown(isolated):
    (reasons, in_time, fraction), overview = isolated
    assert reasons == {"hangs": "timeout", "sleeps": "timeout", "rubbish": "shape"}
    assert in_time
    assert fraction == "1"
    plugins = {item["key"]: item for item in overview["plugins"]}
    for key in reasons:
        assert plugins[key]["failures"] >= 5, plugins[key]
    # The others' pauses may be over by the time the list is made.
    assert plugins["rubbish"]["status"] == "paused"
    assert "paused after failures until" in plugins["rubbish"]["reason"]
    assert plugins["choice"]["status"] == "enabled"
