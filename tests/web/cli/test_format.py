"""Questions on the command line: looked at, brought in and out, and scored."""

import json

import pytest
from click.testing import CliRunner

from examhall.core.db import open_database
from examhall.core.exams.models import Exam, Question
from examhall.web.cli import cli

CHOICE = {
    "identifier": "primes",
    "type": "choice",
    "title": "Primes",
    "content": {
        "stem": "<p>Which of these is a prime number?</p>",
        "options": [
            {"id": "seven", "text": "7", "correct": True},
            {"id": "nine", "text": "9", "fraction": "0.25"},
        ],
        "shuffle": False,
    },
}
ESSAY = {"identifier": "ice", "type": "essay", "title": "Ice", "content": {"stem": "Why?"}}
UNKNOWN = {"identifier": "odd", "type": "no_such_type", "title": "Odd", "content": {}}


def document(*questions) -> str:
    whole = {"format": "examhall.questions", "version": 1, "questions": list(questions)}
    return json.dumps(whole)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "questions.json").write_text(document(CHOICE, UNKNOWN, ESSAY))
    (tmp_path / "broken.json").write_text("{")
    return tmp_path


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command where there is no database yet."""
    monkeypatch.setenv("EXAMHALL_DATA_DIR", str(tmp_path / "data"))

    def run(*args, status=0, given=None):
        done = CliRunner().invoke(cli, ["format", *map(str, args)], input=given)
        assert done.exit_code == status, done.output + repr(done.exception)
        return done.stdout if status == 0 or done.stdout else done.output

    return run


@pytest.fixture
def stored(run, sqlite_url, monkeypatch):
    """The database that commands work on."""
    monkeypatch.setenv("EXAMHALL_DATABASE_URL", sqlite_url)
    database = open_database(sqlite_url)
    yield database
    database.dispose()


def score(run, folder, *cases):
    """Score cases, each a line, and return the answers."""
    lines = [case if isinstance(case, str) else json.dumps(case) for case in cases]
    path = folder / "cases.jsonl"
    path.write_text("\n".join(lines))
    return [json.loads(line) for line in run("score", path).splitlines()]


def case(chosen, **more):
    return {"id": 1, "file": "questions.json", "responses": {"choice": chosen}, **more}


def test_a_check_says_what_would_become_of_every_question_without_a_database(run, folder) -> None:
    text = run("check", folder / "questions.json")
    assert "3 (2 exact, 1 refused)" in text
    assert "'no_such_type' is not installed" in text
    report = json.loads(run("check", folder / "questions.json", "--json"))
    assert report["format"] == "json"
    assert [one["fidelity"] for one in report["questions"]] == ["exact", "refused", "exact"]


def test_a_file_that_cannot_be_read_is_named_with_the_reason(run, folder) -> None:
    assert "is not JSON" in run("check", folder / "broken.json", "--format", "json", status=1)


def test_questions_come_in_and_an_exam_goes_out(run, folder, stored) -> None:
    run("import", folder / "questions.json")
    with stored.transaction() as session:
        assert sorted(one.title for one in session.query(Question)) == ["Ice", "Primes"]
    run("export", "No such exam", "--to", "json", status=1)
    assert not session.query(Exam).all()


def test_responses_are_scored_one_line_each(run, folder) -> None:
    answers = score(run, folder, case("1"), case("2", id="b"), case(""))
    assert [one["fraction"] for one in answers] == [1.0, 0.25, 0.0]
    assert [one["id"] for one in answers] == [1, "b", 1]
    assert [one["state"] for one in answers] == ["right", "partial", "unanswered"]
    assert all(one["error"] is None for one in answers)


def test_a_question_is_named_by_its_place_or_its_identifier(run, folder) -> None:
    answers = score(
        run,
        folder,
        case("1", question="primes", format="json"),
        {"id": 2, "file": "questions.json", "question": "ice", "responses": {"text": "Light."}},
    )
    assert [one["state"] for one in answers] == ["right", "needs_manual"]
    assert answers[1]["fraction"] is None


@pytest.mark.parametrize("chosen", ["77", {"deep": []}, 5, None])
def test_a_response_that_cannot_be_read_gives_nothing_as_in_an_attempt(run, folder, chosen) -> None:
    [answer] = score(run, folder, case(chosen))
    assert answer["fraction"] == 0.0
    assert answer["state"] == "invalid"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON"),
        ("[1]", "not a JSON object"),
        ("[" * 100_000, "not JSON"),
        ({"id": 7}, '"file" names no file'),
        (case("1", responses=None), '"responses" is not an object'),
        (case("1", question=[]), "neither a place nor"),
        (case("1", question=True), "neither a place nor"),
        (case("1", question=9), "none at place 9"),
        (case("1", question=-1), "none at place -1"),
        (case("1", question="nobody"), "no question 'nobody'"),
        (case("1", question="odd"), "was refused"),
        (case("1", format="no_such_format"), "no such format"),
        (case("1", file="nowhere.json"), "no file 'nowhere.json'"),
        (case("1", file="a\0b"), "no file"),
        (case("1", file="broken.json", format="json"), "is not JSON"),
    ],
)
def test_a_bad_line_is_answered_with_the_reason_and_the_others_go_on(
    run, folder, line, reason
) -> None:
    bad, good = score(run, folder, line, case("1"))
    assert reason in bad["error"]
    assert bad["fraction"] is None
    assert good["fraction"] == 1.0
