"""The API from the author's question to the candidate's result, with hostile input on the way."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient

from examhall.core.permissions import Role
from examhall.core.platform import Platform
from examhall.core.scoring.operations import score_attempt
from tests.exam_house import CHOICE, ESSAY, SEVERAL, TEXT, House
from tests.web.people import People

API = "/api/v1"
HOSTILE: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 10**30, "", "x\0y", "\ud800", [], {}, [[]], {"a": 1}, "x" * 100_000,
    "../../etc/passwd", "'; drop table exams; --", "<script>alert(1)</script>",
)  # fmt: skip


class Caller:
    """Calls the API for a person."""

    def __init__(self, client: FlaskClient, people: People, login: str) -> None:
        self.client, self.headers = client, people.bearer(login)

    def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        if body is not None:
            options["json"] = body
        return self.client.open(API + path, method=method, headers=self.headers, **options)

    def data(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        response = self(method, path, body)
        assert response.status_code == status, response.get_json()
        return response.get_json()["data"]


@pytest.fixture
def call(client: FlaskClient, people: People):
    """Return who calls, by login."""
    callers: dict[str, Caller] = {}
    return lambda login: callers.setdefault(login, Caller(client, people, login))


@pytest.fixture
def author(call) -> Caller:
    return call("author")


def add(author: Caller, type_key: str, content: Any) -> str:
    body = {"title": type_key, "type": type_key, "content": content}
    return author.data("POST", "/questions", body, 201)["id"]


def make_exam(author: Caller, settings: dict[str, Any] | None = None) -> dict[str, Any]:
    exam = author.data("POST", "/exams", {"title": "Science", "settings": settings or {}}, 201)
    items = [
        {"question_id": add(author, "choice", CHOICE), "points": "2"},
        {"question_id": add(author, "text_entry", TEXT)},
        {"question_id": add(author, "essay", ESSAY), "points": "1.50"},
    ]
    structure = {"revision": exam["revision"], "sections": [{"title": "A", "items": items}]}
    return author.data("PUT", f"/exams/{exam['id']}/structure", structure)


def test_from_question_to_result(call, author: Caller, people: People, platform: Platform) -> None:
    exam = make_exam(author)
    assert [item["points"] for item in exam["sections"][0]["items"]] == ["2", "1", "1.5"]
    version = author.data("POST", f"/exams/{exam['id']}/publish")
    assert version["number"] == 1
    candidate, grader = call("candidate"), call("grader")
    place = {"user_id": str(people.users["candidate"].id), "multiplier": "1.5"}
    author.data("POST", f"/exams/{exam['id']}/registrations", place, 201)
    [mine] = candidate.data("GET", "/registrations")
    attempt = candidate.data("POST", f"/registrations/{mine['id']}/attempts", {}, 201)
    path = f"/attempts/{attempt['id']}"
    candidate.data("POST", f"{path}/check-in")
    candidate.data("POST", f"{path}/start", {"lease_id": "window-1"})
    items = candidate.data("GET", f"{path}/room")["items"]
    for number, (item, raw) in enumerate(
        zip(items, ({"choice": "1"}, {"text": "PARIS"}, {"text": "an essay"}), strict=True), 1
    ):
        body = {
            "operation_id": str(uuid4()), "client_sequence": number, "base_revision": 0,
            "lease_id": "window-1", "raw": raw,
        }  # fmt: skip
        candidate.data("PUT", f"{path}/responses/{item['id']}", body)
    candidate.data("POST", f"{path}/submit", {"lease_id": "window-1"})
    score_attempt(platform, UUID(attempt["id"]))
    result = candidate.data("GET", f"{path}/result")
    assert result["summary"].endswith("points so far, 1 answer awaits a marker.")
    [waiting] = grader.data("GET", f"/exams/{exam['id']}/waiting")
    assert "the rubric" in grader.data("GET", f"{path}/items/{waiting['item_id']}/marks")["html"]
    score = grader.data(
        "POST", f"{path}/items/{waiting['item_id']}/marks", {"fraction": "0.5", "comment": "ok"}
    )
    assert (score["version"], score["complete"]) == (2, True)
    result = candidate.data("GET", f"{path}/result")
    assert result["released"]
    assert result["items"][2]["points"] == "0.75"
    assert len(candidate.data("GET", f"{path}/review")) == 3
    [row] = grader.data("GET", f"/exams/{exam['id']}/scores")["items"]
    assert (row["points"], row["released"]) == (result["points"], True)


def test_nothing_that_a_candidate_gets_holds_the_key(
    call, client: FlaskClient, author: Caller, people: People, platform: Platform
) -> None:
    house = House(platform)
    marked = {**SEVERAL, "options": [{**o, "feedback": "leak"} for o in SEVERAL["options"]]}
    content = {**marked, "feedback": "leak"}
    text = {"stem": "?", "answers": [{"text": "leaked-word", "feedback": "leak"}]}
    version = house.published([("choice", content, "1"), ("text_entry", text, "1")])
    registration = house.register(version.exam_id, people.principal("candidate"))
    candidate = call("candidate")
    attempt = candidate.data("POST", f"/registrations/{registration.id}/attempts", {}, 201)
    path = f"/attempts/{attempt['id']}"
    candidate.data("POST", f"{path}/check-in")
    candidate.data("POST", f"{path}/start", {"lease_id": "window-1"})
    seen = json.dumps([candidate.data("GET", p) for p in (path, f"{path}/room", f"{path}/result")])
    for word in ("leak", "correct", "fraction", "three", "exact"):
        assert word not in seen


def test_all_problems_of_publishing_come_with_their_paths(author: Caller) -> None:
    exam = author.data(
        "POST", "/exams", {"title": "Empty", "settings": {"access": {"moon": {}}}}, 201
    )
    response = author("POST", f"/exams/{exam['id']}/publish")
    assert response.status_code == 422
    error = response.get_json()["error"]
    assert {p["path"] for p in error["details"]["problems"]} == {"sections", "settings.access.moon"}


def test_a_stale_revision_is_a_conflict(author: Caller) -> None:
    exam = make_exam(author)
    change = {"revision": exam["revision"], "title": "New"}
    assert author.data("PATCH", f"/exams/{exam['id']}", change)["title"] == "New"
    response = author("PATCH", f"/exams/{exam['id']}", change)
    assert (response.status_code, response.get_json()["error"]["code"]) == (409, "stale_revision")


def test_an_idempotency_key_makes_one_exam(author: Caller) -> None:
    author.headers = {**author.headers, "Idempotency-Key": "once"}
    first, second = (author.data("POST", "/exams", {"title": "One"}, 201) for _ in range(2))
    assert first["id"] == second["id"]


def test_questions_travel_as_a_file(author: Caller) -> None:
    for type_key, content in (("choice", CHOICE), ("essay", ESSAY)):
        add(author, type_key, content)
    exported = author("GET", "/questions/export?format=json")
    assert exported.status_code == 200
    assert "attachment" in exported.headers["Content-Disposition"]
    whole = json.loads(exported.data)
    whole["questions"].append({"type": "choice", "title": "Bad", "content": {"stem": 5}})
    whole["questions"].append({"type": "unknown", "title": "Bad", "content": {}})
    report = author("POST", "/questions/import?format=json", data=json.dumps(whole)).get_json()
    assert [q["fidelity"] for q in report["data"]["questions"]] == [
        "exact", "exact", "refused", "refused",
    ]  # fmt: skip
    assert (
        "options"
        in author.data("GET", f"/questions/{whole['questions'][0]['identifier']}")["version"][
            "content"
        ]
    )
    assert len(author.data("GET", "/questions")["items"]) == 4
    again = json.loads(author("GET", "/questions/export").data)
    contents = [json.dumps(q["content"], sort_keys=True) for q in again["questions"]]
    assert sorted(contents[:2]) == sorted(contents[2:])


@pytest.mark.parametrize("data", [b"", b"\xff\0", b"{", b"[]", b"PK\x03\x04", b"{" * 50_000])
def test_a_file_of_rubbish_is_a_report(author: Caller, data: bytes) -> None:
    response = author("POST", "/questions/import", data=data)
    assert response.status_code == 200
    assert response.get_json()["data"]["problems"]


def test_formats_and_questions_that_are_not_there(author: Caller) -> None:
    assert author("POST", "/questions/import?format=nope").status_code == 404
    assert author("GET", "/questions/export?format=nope").status_code == 404
    for ids in ("-" * 36, f"{uuid4()},", "x"):
        assert author("GET", f"/questions/export?ids={ids}").status_code == 422
    assert author("GET", f"/questions/export?ids={uuid4()}").status_code == 404


def test_hostile_values_are_refused_in_every_field(author: Caller) -> None:
    exam = make_exam(author)
    question = exam["sections"][0]["items"][0]["question_id"]
    bodies = [
        ("POST", "/questions", {"title": "t", "type": "choice", "content": CHOICE}),
        ("POST", f"/questions/{question}/versions", {"content": CHOICE, "title": "t"}),
        ("PATCH", f"/questions/{question}", {"archived": False}),
        ("POST", "/exams", {"title": "t", "course_id": "c", "settings": {}}),
        ("PATCH", f"/exams/{exam['id']}", {"revision": 1, "title": "t", "settings": {}}),
        ("PUT", f"/exams/{exam['id']}/structure", {"revision": 1, "sections": []}),
        (
            "POST",
            f"/exams/{exam['id']}/registrations",
            {"user_id": str(uuid4()), "multiplier": "1"},
        ),
        ("POST", f"/attempts/{uuid4()}/items/{uuid4()}/marks", {"fraction": "1", "comment": ""}),
    ]
    for method, path, body in bodies:
        for field in body:
            for value in HOSTILE:
                response = author(method, path, {**body, field: value})
                assert response.status_code < 500, (path, field, value, response.get_json())
                assert response.get_json()["success"] is (response.status_code < 400)
        for whole in (*HOSTILE, {**body, "unknown": 1}):
            assert author(method, path, whole if whole is not None else []).status_code < 500
    for query in ("cursor=x", "limit=0", "limit=x", "search=%00", "state=x", "unknown=1"):
        assert author("GET", f"/exams?{query}").status_code == 422


@pytest.mark.parametrize(
    "content",
    [
        {**CHOICE, "options": [{"text": "a"}] * 51},
        {"stem": "x", "answers": [{"value": "1e9999999999"}]},
        {**CHOICE, "stem": {"html": "x"}},
    ],
)
def test_content_beyond_its_schema_names_the_fields(author: Caller, content) -> None:
    response = author("POST", "/questions", {"title": "t", "type": "choice", "content": content})
    assert response.status_code == 422
    assert all(p["path"] for p in response.get_json()["error"]["details"]["problems"])


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.AUTHOR])
def test_other_roles_make_nothing(call, author: Caller, role: Role) -> None:
    exam, other = make_exam(author), call(role.value)
    question = exam["sections"][0]["items"][0]["question_id"]
    for method, path, body in (
        ("POST", "/questions", {"title": "t", "type": "choice", "content": CHOICE}),
        ("GET", "/questions", None),
        ("GET", f"/questions/{question}", None),
        ("GET", "/questions/export", None),
        ("POST", "/exams", {"title": "t"}),
        ("PATCH", f"/exams/{exam['id']}", {"revision": 1, "title": "t"}),
        ("POST", f"/exams/{exam['id']}/publish", None),
    ):
        assert other(method, path, body).status_code == 403, (role, path)


def test_objects_that_are_not_there(author: Caller, call) -> None:
    for caller, method, path, body in (
        (author, "GET", "/questions/{}", None),
        (author, "POST", "/questions/{}/versions", {"content": ESSAY}),
        (author, "GET", "/exams/{}", None),
        (author, "POST", "/exams/{}/publish", None),
        (author, "PATCH", "/registrations/{}", {"extra_seconds": 5}),
        (author, "POST", "/attempts/{}/release", None),
        (call("candidate"), "GET", "/attempts/{}/result", None),
        (call("grader"), "GET", "/attempts/{}/scores", None),
        (call("grader"), "GET", "/exams/{}/scores", None),
    ):
        response = caller(method, path.format(uuid4()), body)
        assert response.status_code == 404, (path, response.get_json())
        assert caller(method, path.format("not-an-id"), body).status_code == 404
