"""Every door of the application, tried by everybody, against one table."""

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from werkzeug.test import TestResponse

from tests.core.proctoring.scripted import picture
from tests.web.hall import LEASE, PEOPLE, Hall, open_hall
from tests.web.permission_table import DOORS, SIGNED_IN, Door

SAFE = {"GET", "HEAD", "OPTIONS"}
SIGNED_OUT = None


@pytest.fixture(scope="module")
def hall(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    with open_hall(sqlite_template, tmp_path_factory.mktemp("hall")) as hall:
        yield hall


def routes(hall: Hall) -> set[tuple[str, str]]:
    return {
        (method, rule.rule)
        for rule in hall.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def address(hall: Hall, door: Door) -> str:
    """Return the door's address with real things in it."""
    rule = next(rule for rule in hall.app.url_map.iter_rules() if rule.rule == door.rule)
    values = {name: hall.ids[door.use.get(name, name)] for name in rule.arguments}
    _, path = rule.build(values) or ("", "")
    assert path
    return path


def body(hall: Hall, given: Any) -> dict[str, Any] | None:
    return dict(given(hall)) if callable(given) else given


def chunk(hall: Hall) -> dict[str, Any]:
    """Return the next chunk of the watched attempt as a form."""
    at = "2027-01-01T00:00:00+00:00"
    meta = {"stream": "camera", "sequence": 5, "started_at": at, "ended_at": at, "sent_at": at}
    return {
        "meta": json.dumps({**meta, "samples": [{"at": at}]}),
        "sample": (BytesIO(picture(320)), "frame.jpg", "image/jpeg"),
    }


def media(hall: Hall) -> dict[str, Any]:
    return {"file": (BytesIO(picture(32)), "frame.jpg", "image/jpeg")}


def answer_file(hall: Hall) -> dict[str, Any]:
    return {**media(hall), "lease_id": LEASE}


def photo(hall: Hall) -> dict[str, Any]:
    return {"photo": (BytesIO(picture(320)), "face.jpg", "image/jpeg")}


FORMS = {"chunk": chunk, "picture": media, "answer": answer_file, "photo": photo}


def knock(hall: Hall, door: Door, person: str | None) -> TestResponse:
    """Try a door as a person: pages with their browser, the API with their token."""
    options: dict[str, Any] = {"query_string": body(hall, door.query)}
    if door.json is not None:
        options["json"] = body(hall, door.json)
    if door.form is not None:
        special = FORMS.get(door.form) if isinstance(door.form, str) else None
        options["data"] = special(hall) if special else body(hall, door.form)
    path = address(hall, door)
    if path.startswith("/api/"):
        client = hall.app.test_client()
        options["headers"] = hall.people.bearer(person) if person else {}
    else:
        client = hall.browser(person)
        if door.method not in SAFE:
            options["headers"] = {"X-CSRF-Token": hall.csrf(person)}
    return client.open(path, method=door.method, **options)


def outcome(answer: TestResponse) -> str:
    """Return `ok`, `sign in`, `forbidden`, `not there`, or what else happened."""
    if answer.is_json and is_refused(answer.json):
        return "not there"
    location = answer.headers.get("Location", "")
    words = {401: "sign in", 403: "forbidden", 404: "not there"}
    if answer.status_code in words:
        return words[answer.status_code]
    if answer.status_code == 302 and location.startswith("/sign-in"):
        return "sign in"
    return "ok" if answer.status_code < 400 else f"{answer.status_code} {answer.text[:300]}"


def is_refused(envelope: Any) -> bool:
    """Say whether all operations of a batch were refused because they are somebody else's."""
    results = envelope["data"].get("results") if isinstance(envelope.get("data"), dict) else None
    codes = [(entry.get("error") or {}).get("code") for entry in results or []]
    return bool(codes) and set(codes) == {"not_found"}


def expected(door: Door, person: str | None) -> str:
    if door.public:
        return "public"
    if person is SIGNED_OUT:
        return "sign in"
    if person in door.ok:
        return "ok"
    return "not there" if person in door.hidden else "forbidden"


def is_right(door: Door, person: str | None, answer: TestResponse) -> bool:
    want, got = expected(door, person), outcome(answer)
    if want == "public":
        # It is open: what is wrong with what was sent, it says itself.
        return answer.status_code < 500
    if door.rule == "/sign-out" and want == "ok":
        return got == "sign in"
    if want == "ok" and door.form is not None and answer.status_code == 422:
        # The form is shown again: whoever may not have it is refused before it is looked at.
        return True
    return got == want


def test_every_route_is_in_the_table_once(hall):
    listed = [(door.method, door.rule) for door in DOORS]
    assert sorted(set(listed)) == sorted(listed)
    assert routes(hall) - set(listed) == set(), "a route that nobody thought about"
    assert set(listed) - routes(hall) == set(), "a line of the table without a route"


def test_table_knows_only_people_that_there_are(hall):
    assert sorted(PEOPLE) == sorted(SIGNED_IN.split())
    for door in DOORS:
        assert (door.ok | door.hidden) <= set(PEOPLE), door


@pytest.mark.parametrize("door", DOORS, ids=lambda door: f"{door.method} {door.rule}")
def test_door(hall, door):
    """Those who may not come first: they must leave everything as it is for those who may."""
    people: list[str | None] = [SIGNED_OUT, *PEOPLE]
    people.sort(key=lambda person: person in door.ok)
    hall.restore()
    wrong: dict[str | None, Any] = {}
    for person in people:
        if person in door.ok and door.method not in SAFE:
            hall.restore()
            if door.rule == "/sign-out":
                hall._clients.pop(person, None)
        with knock(hall, door, person) as answer:
            if not is_right(door, person, answer):
                wrong[person or "signed out"] = (expected(door, person), outcome(answer))
    if door.rule == "/sign-out":
        hall._clients.clear()
    assert wrong == {}


def objects(door: Door) -> set[str]:
    """Return the variables of a door that name somebody's thing."""
    return {part for part in door.rule.split("/") if part.startswith("<uuid:")}


@pytest.mark.parametrize(
    "door",
    [door for door in DOORS if objects(door) and not door.public],
    ids=lambda door: f"{door.method} {door.rule}",
)
def test_nobody_gets_the_things_of_others(hall, door):
    """A candidate and the staff of another exam ask for everything by its id."""
    hall.restore()
    for person in ("stranger", "outsider"):
        with knock(hall, door, person) as answer:
            assert outcome(answer) in {"forbidden", "not there"}
            if answer.is_json and not is_refused(answer.json):
                assert answer.json["data"] is None


@pytest.mark.parametrize(
    "door",
    [door for door in DOORS if objects(door) and not door.public and door.query is None],
    ids=lambda door: f"{door.method} {door.rule}",
)
def test_what_is_not_there_is_not_there(hall, door):
    """With an id that nobody has, whoever may get 404, and nobody anything else but 403."""
    hall.restore()
    kept = hall.ids
    named = [name for name in kept if name.partition(".")[0].endswith("_id")]
    hall.ids = {**kept, **dict.fromkeys(named, UUID(int=0))}
    outcomes = {}
    try:
        for person in PEOPLE:
            with knock(hall, door, person) as answer:
                outcomes[person] = outcome(answer)
    finally:
        hall.ids = kept
    assert set(outcomes.values()) <= {"forbidden", "not there"}, outcomes
    assert "not there" in {outcomes[person] for person in door.ok}, outcomes


@pytest.mark.parametrize(
    "door",
    [door for door in DOORS if door.method not in SAFE and not door.public],
    ids=lambda door: f"{door.method} {door.rule}",
)
def test_no_door_opens_for_another_site(hall, door):
    """A browser that is made to write by another site has the cookie, but not the token."""
    hall.restore()
    person = sorted(door.ok)[0]
    knocking = {"json": body(hall, door.json)} if door.json is not None else {"data": {}}
    path = address(hall, door)
    with hall.browser(person).open(path, method=door.method, **knocking) as answer:
        assert answer.status_code == 400
        if answer.is_json:
            assert answer.json["error"]["code"] == "csrf"
