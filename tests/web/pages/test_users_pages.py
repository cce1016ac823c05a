"""The pages about people: accounts, passwords shown once, roles."""

from __future__ import annotations

import re
from uuid import UUID, uuid4

import pytest
from flask import Flask

from examhall.core.accounts.models import User
from examhall.core.accounts.queries import find_user_by_login
from examhall.core.permissions import Role
from examhall.core.platform import Platform
from tests.exam_house import House
from tests.web.pages.desk import Desk, controls, words
from tests.web.people import People, sign_in


@pytest.fixture
def desk(app: Flask, people: People) -> Desk:
    return Desk(app, "admin")


def find(platform: Platform, login: str) -> User | None:
    with platform.db.reading() as session:
        user = find_user_by_login(session, login)
        if user:
            assert user.grants is not None
        return user


def test_a_generated_password_is_shown_once_and_works(
    desk: Desk, app: Flask, platform: Platform
) -> None:
    form = {"login": "Ada", "name": "Ada L", "email": "a@b.org", "role": ["author", "grader"]}
    page = desk.send_form("/admin/users/new", form, 201).get_data(as_text=True)
    password = re.search(r'id="password">([^<]+)<', page)[1]
    sign_in(app, "ada", password)
    user = find(platform, "ada")
    assert {grant.role for grant in user.grants} == {"author", "grader"}
    assert password not in desk.get(f"/admin/users/{user.id}")


def test_a_typed_password_is_not_shown(desk: Desk, app: Flask) -> None:
    form = {"login": "bob", "password_kind": "typed", "password": "a long enough one"}
    page = desk.follow(desk.send_form("/admin/users/new", form))
    assert "a long enough one" not in page
    sign_in(app, "bob", "a long enough one")


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"login": ""}, "login"),
        ({"login": "two words"}, "login"),
        ({"login": "admin"}, "login"),
        ({"login": "x" * 201}, "login"),
        ({"login": "new", "name": "x" * 201}, "name"),
        ({"login": "new", "email": "x" * 321}, "email"),
        ({"login": "new", "password_kind": "typed", "password": "short"}, "password"),
        ({"login": "longlogins", "password_kind": "typed", "password": "longlogins"}, "password"),
    ],
)
def test_what_cannot_be_is_kept_and_named(desk: Desk, form: dict[str, str], field: str) -> None:
    sent = {"name": "Typed", "role": "grader", **form}
    response = desk.send_form("/admin/users/new", sent, 409 if form["login"] == "admin" else 422)
    page = response.get_data(as_text=True)
    assert f'id="e-{field}"' in page
    assert controls(page)["login"] == form["login"]
    assert controls(page)["name"] == sent["name"]
    assert controls(page)["role"] == "grader"


def test_people_are_searched(desk: Desk) -> None:
    page = words(desk.get("/admin/users?search=proc"))
    assert "Proctor" in page
    assert "grader@" not in page
    assert "grader@" in words(desk.get("/admin/users?role=grader"))
    assert "grader@" in words(desk.get("/admin/users?role=wizard"))


def test_roles_are_given_and_taken_away(desk: Desk, people: People, platform: Platform) -> None:
    user = people.users["candidate"]
    exam = House(platform).published()
    address = f"/admin/users/{user.id}"
    desk.send(f"{address}/roles", role="proctor", exam=str(exam.exam_id))
    page = desk.get(address)
    assert "for Science" in page
    grant = re.search(rf"{address}/roles/([0-9a-f-]+)/revoke", page)[1]
    desk.send(f"{address}/roles/{grant}/revoke")
    desk.send(f"{address}/roles", 422, role="emperor")
    desk.send(f"{address}/roles", 404, role="proctor", exam=str(uuid4()))
    desk.send(f"{address}/roles/{uuid4()}/revoke", 404)


def test_the_last_admin_stays(desk: Desk, people: People) -> None:
    user = people.users["admin"]
    page = desk.send(f"/admin/users/{user.id}", 409, active="0").get_data(as_text=True)
    assert "Somebody must remain" in page
    grant: UUID = user.grants[0].id
    desk.send(f"/admin/users/{user.id}/roles/{grant}/revoke", 409)


def test_closing_an_account_ends_its_session(desk: Desk, app: Flask, people: People) -> None:
    other = Desk(app, "author")
    other.get("/exams")
    desk.send(f"/admin/users/{people.users['author'].id}", active="0")
    assert other.client.get("/exams").status_code == 302
    page = desk.get(f"/admin/users/{people.users['author'].id}")
    assert "Closed" in page


def test_a_new_password_is_shown_once(desk: Desk, app: Flask, people: People) -> None:
    address = f"/admin/users/{people.users['author'].id}"
    page = desk.send(f"{address}/password", 200).get_data(as_text=True)
    sign_in(app, "author", re.search(r'id="password">([^<]+)<', page)[1])
    desk.send(f"{address}/password", 422, password_kind="typed", password="short")


def test_only_admins_manage_people(app: Flask, people: People) -> None:
    user = people.users["grader"]
    for role in Role:
        if role is Role.ADMIN:
            continue
        desk = Desk(app, role.value)
        for path in ("", "/new", f"/{user.id}", f"/{people.users[role.value].id}"):
            desk.get(f"/admin/users{path}", 403)
        desk.send("/admin/users/new", 403, login="new")
        desk.send(f"/admin/users/{user.id}/roles", 403, role="admin")
