"""A person of each role, and how they come in."""

import re
import secrets
from collections.abc import Iterable
from typing import Any, ClassVar

from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import Table, exists, insert, select
from sqlalchemy.orm import selectinload

from examhall.core.accounts.models import User
from examhall.core.accounts.operations import create_user
from examhall.core.accounts.queries import load_principal
from examhall.core.accounts.tokens import make_access_token
from examhall.core.db import Base
from examhall.core.permissions import SYSTEM, Principal, Role
from examhall.core.platform import Platform

PASSWORD = "correct horse battery"
TOKEN = re.compile(r'name="csrf[_-]token" (?:value|content)="([^"]+)"')


Rows = dict[Table, list[dict[str, Any]]]


class People:
    """One person a role, whose login is the role's name, and others as asked for.

    In an empty SQLite database they are copies of those that were made there before.
    """

    made: ClassVar[dict[tuple[int, int], Rows]] = {}

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        is_empty = platform.db.engine.dialect.name == "sqlite" and all_rows(platform) == {}
        settings = platform.settings
        like_this = (settings.password_memory_kib, settings.password_rounds)
        if is_empty and like_this in self.made:
            self.users = self._copy(self.made[like_this])
            return
        self.users = {role.value: self.make(role.value, [role]) for role in Role}
        if is_empty:
            self.made[like_this] = all_rows(platform)

    def _copy(self, made: Rows) -> dict[str, User]:
        with self.platform.db.transaction() as session:
            for table, rows in made.items():
                session.execute(insert(table), rows)
            users = session.scalars(select(User).options(selectinload(User.grants)))
            return {user.login: user for user in users}

    def make(self, login: str, roles: Iterable[Role] = ()) -> User:
        with self.platform.db.transaction() as session:
            return create_user(
                session,
                self.platform.settings,
                SYSTEM,
                login,
                login.title(),
                f"{login}@example.org",
                PASSWORD,
                roles,
            )

    def principal(self, login: str) -> Principal:
        with self.platform.db.reading() as session:
            return load_principal(session, self.users[login].id)

    def bearer(self, login: str) -> dict[str, str]:
        """Return the header of a program that acts for a person."""
        token = make_access_token(self.platform, self.users[login])
        return {"Authorization": f"Bearer {token}"}


def all_rows(platform: Platform) -> Rows:
    """Return the rows of all tables that have any."""
    with platform.db.reading() as session:
        # One query that tells which tables to ask.
        tables = Base.metadata.sorted_tables
        filled = session.execute(select(*(exists(select(table)) for table in tables))).one()
        return {
            table: [dict(row) for row in session.execute(select(table)).mappings()]
            for table, has_rows in zip(tables, filled, strict=True)
            if has_rows
        }


def csrf_token(client: FlaskClient, page: str = "/sign-in") -> str:
    """Return the token that a page gives to its forms."""
    found = TOKEN.search(client.get(page).get_data(as_text=True))
    assert found is not None
    return found[1]


def sign_in(app: Flask, login: str, password: str = PASSWORD, **form: Any) -> FlaskClient:
    """Return a browser in which a person has signed in on our page."""
    client = app.test_client()
    token = csrf_token(client)
    form = {"login": login, "password": password, "csrf_token": token, **form}
    response = client.post("/sign-in/password", data=form)
    assert response.status_code == 302, response.get_data(as_text=True)
    return client


def session_token(app: Flask, client: FlaskClient) -> str:
    """Return the token that pages of a browser's session carry for their scripts."""
    with client.session_transaction() as session:
        raw = session.setdefault("csrf_token", secrets.token_hex(20))
    return str(URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token").dumps(raw))
