"""The API does what its document says, whoever asks and whatever is sent (schemathesis)."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.web.hall import PEOPLE, Hall, open_hall

EXAMPLES = 4
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def hall(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    with open_hall(sqlite_template, tmp_path_factory.mktemp("hall")) as hall:
        yield hall


@pytest.fixture(scope="module")
def document(hall: Hall) -> Any:
    return hall.app.test_client().get("/api/v1/openapi.json").json


@pytest.fixture(scope="module")
def operations(hall: Hall) -> list[Any]:
    """All operations but the live streams, which do not end."""
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", hall.app)
    found = [result.ok() for result in schema.get_all_operations()]
    return [operation for operation in found if not operation.path.endswith("/stream")]


def exercise(hall: Hall, operation: Any, seen: Counter[int]) -> list[str]:
    """Send the same requests as everybody; return what was not as documented.

    Mostly to things that are there, so that more than 404 is seen.
    """
    failures = {}

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), real=st.sampled_from([True, True, False]))
    def try_one(case: Any, real: bool) -> None:
        if real:
            known = set(case.path_parameters) & set(hall.ids)
            case.path_parameters.update({name: str(hall.ids[name]) for name in known})
        for person in [None, *PEOPLE]:
            headers = hall.people.bearer(person) if person else {}
            response = case.call(headers=headers)
            seen[response.status_code] += 1
            try:
                case.validate_response(response, checks=CHECKS)
            except FailureGroup as group:
                failures[f"{operation.label} as {person}"] = str(group.exceptions)

    hall.restore()
    try_one()
    return [f"{label}: {failure}" for label, failure in failures.items()]


@pytest.mark.timeout(400)
@pytest.mark.slow
def test_answers_are_as_documented(hall, operations):
    seen: Counter[int] = Counter()
    failures = [failure for one in operations for failure in exercise(hall, one, seen)]
    assert failures == []
    assert seen[200] > 300, seen
    assert {401, 403, 404, 422} <= set(seen)


def test_document_is_openapi_3_1(document, hall):
    assert document["openapi"].startswith("3.1")
    paths = {rule.rule for rule in hall.app.url_map.iter_rules() if "/api/v1/" in rule.rule}
    undocumented = {"/api/v1/docs", "/api/v1/openapi.json"}
    assert len(document["paths"]) == len(paths - undocumented)


def test_every_answer_is_the_envelope(document):
    """Save files, pictures and streams, which are no JSON."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method == "parameters":
                continue
            for status, response in operation["responses"].items():
                text = json.dumps(resolve(document, response))
                if "application/json" in text:
                    names = {"success", "data", "error", "timestamp"}
                    schema = resolve(document, response)["content"]["application/json"]["schema"]
                    found = resolve(document, schema)
                    assert set(found["properties"]) == names, (path, method, status)


def test_unknown_fields_are_refused_everywhere(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            content = (
                operation.get("requestBody", {}).get("content", {})
                if method != "parameters"
                else {}
            )
            if "application/json" in content:
                schema = resolve(document, content["application/json"]["schema"])
                assert schema.get("additionalProperties") is False, (path, method)


def resolve(document: Any, part: Any) -> Any:
    if "$ref" not in part:
        return part
    found = document
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found


def test_page_shows_every_operation(hall, document):
    page = hall.app.test_client().get("/api/v1/docs").get_data(as_text=True)
    for path in document["paths"]:
        assert path.replace("<", "&lt;") in page
    for name in document["components"]["schemas"]:
        assert f'id="schema-{name}"' in page
