"""Plugins and question types over the API."""

import pytest

FACE = "/api/v1/plugins/detector/face"
MINIO = "/api/v1/plugins/evidence_store/minio"


@pytest.fixture
def ask(client, people):
    def send(method, path, who="admin", **body):
        options = {"json": body} if body else {}
        return client.open(path, method=method, headers=people.bearer(who), **options)

    return send


def test_an_admin_sees_what_is_loaded_and_what_was_refused(ask):
    answer = ask("GET", "/api/v1/plugins")
    assert answer.status_code == 200
    plugins = {(item["kind"], item["key"]): item for item in answer.json["data"]["plugins"]}
    assert plugins["question_type", "choice"]["status"] == "enabled"
    assert plugins["hooks", "fusion.temporal"]["hooks"] == [
        "examhall_fuse_findings",
        "examhall_integrity",
    ]
    assert answer.json["data"]["refusals"] == []


def test_switching_a_plugin_off_takes_it_out_of_use_at_once(ask, platform):
    answer = ask("PATCH", FACE, enabled=False)
    assert answer.json["data"]["status"] == "disabled"
    assert platform.plugins.find("detector", "face") is None
    assert ask("PATCH", FACE, enabled=True).json["data"]["status"] == "enabled"
    assert platform.plugins.find("detector", "face") is not None


def test_a_configuration_is_checked_and_answers_with_the_field(ask):
    assert ask("PATCH", FACE, config={"score": 0.8}).json["data"]["config"] == {"score": 0.8}
    answer = ask("PATCH", FACE, config={"score": 7})
    assert answer.status_code == 422
    assert "score" in answer.json["error"]["details"]["fields"]
    assert ask("GET", FACE).json["data"]["config"] == {"score": 0.8}


def test_a_secret_is_never_given_back(ask):
    answer = ask("PATCH", MINIO, config={"secret_key": "hide-me"})
    assert answer.status_code == 200
    assert answer.json["data"]["config"] == {"secret_key": {"set": True}}
    assert "hide-me" not in answer.text
    assert "hide-me" not in ask("GET", MINIO).text
    assert "hide-me" not in ask("GET", "/api/v1/audit", "auditor").text


def test_the_form_tells_an_editor_what_to_draw(ask):
    form = {field["name"]: field for field in ask("GET", FACE).json["data"]["form"]}
    assert form["backend"]["type"] == "choice"
    assert {"value": "yunet", "label": "yunet"} in form["backend"]["choices"]
    assert (form["score"]["minimum"], form["score"]["maximum"]) == (0.4, 0.99)


@pytest.mark.parametrize(
    "change",
    [{"enabled": "yes"}, {"colour": 1}, {"config": []}, {"config": {"x": "\x00"}}],
)
def test_rubbish_is_refused(ask, change):
    assert 400 <= ask("PATCH", FACE, **change).status_code < 500


@pytest.mark.parametrize("path", ["detector/ghost", "ghost/face", "hooks/ghost"])
def test_an_unknown_plugin_is_not_found(ask, path):
    assert ask("GET", f"/api/v1/plugins/{path}").status_code == 404
    assert ask("PATCH", f"/api/v1/plugins/{path}", enabled=False).status_code == 404


@pytest.mark.parametrize("who", ["author", "grader", "proctor", "reviewer", "auditor", "candidate"])
def test_only_an_admin_manages_plugins(ask, who):
    assert ask("GET", "/api/v1/plugins", who).status_code == 403
    assert ask("GET", FACE, who).status_code == 403
    assert ask("PATCH", FACE, who, enabled=False).status_code == 403


def test_authors_get_the_question_types_with_their_forms(ask):
    answer = ask("GET", "/api/v1/question-types", "author")
    types = {item["key"]: item for item in answer.json["data"]}
    assert {"choice", "essay", "numeric", "text_entry"} <= set(types)
    options = next(field for field in types["choice"]["form"] if field["name"] == "options")
    assert options["type"] == "list"
    assert {"id", "text", "correct"} <= {field["name"] for field in options["item"]["fields"]}
    assert types["choice"]["example"]["options"]
    assert ask("GET", "/api/v1/question-types", "candidate").status_code == 403
