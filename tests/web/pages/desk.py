"""A browser at an author's or admin's desk: pages are read, forms are sent with their token."""

from __future__ import annotations

import html
import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.web.people import session_token, sign_in

INPUT = re.compile(r"<input\b([^>]*)>")
TEXTAREA = re.compile(r"<textarea\b([^>]*)>(.*?)</textarea>", re.DOTALL)
SELECT = re.compile(r"<select\b([^>]*)>(.*?)</select>", re.DOTALL)
ATTRIBUTE = re.compile(r'([\w-]+)(?:="([^"]*)")?')


class Desk:
    """One signed-in person's browser."""

    def __init__(self, app: Flask, login: str) -> None:
        self.app = app
        self.client: FlaskClient = sign_in(app, login)

    def get(self, path: str, status: int = 200) -> str:
        """Return a page."""
        response = self.client.get(path)
        assert response.status_code == status, response.get_data(as_text=True)
        text = response.get_data(as_text=True)
        assert not re.search(r"<[^>]+\s(style|on[a-z]+)\s*=", text), path
        return text

    def send(self, path: str, status: int = 302, **form: Any) -> TestResponse:
        """Send a form."""
        return self.send_form(path, form, status)

    def send_form(self, path: str, form: dict[str, Any], status: int | None = 302) -> TestResponse:
        """Send a form whose controls are named by paths; any status will do where it is None."""
        token = session_token(self.app, self.client)
        response = self.client.post(path, data={"csrf_token": token, **form})
        assert status in {None, response.status_code}, response.get_data(as_text=True)
        return response

    def follow(self, response: TestResponse) -> str:
        """Return the page that a form leads to."""
        return self.get(response.headers["Location"])


def controls(page: str, form_id: str = "") -> dict[str, Any]:
    """Return what the controls of a page (or of one form in it) would send, without buttons."""
    if form_id:
        page = re.search(rf'<form[^>]*id="{form_id}".*?</form>', page, re.DOTALL)[0]
    sent: dict[str, Any] = {}
    for tag in INPUT.findall(page):
        given = dict(ATTRIBUTE.findall(tag))
        ticked = given.get("type") not in {"checkbox", "radio"} or "checked" in given
        if ticked and given.get("name") and given.get("type") != "file":
            add(sent, given["name"], html.unescape(given.get("value", "on")))
    for tag, text in TEXTAREA.findall(page):
        add(sent, dict(ATTRIBUTE.findall(tag))["name"], html.unescape(text))
    for tag, options in SELECT.findall(page):
        name = dict(ATTRIBUTE.findall(tag)).get("name")
        if name is None:
            continue
        chosen = re.search(r'value="([^"]*)" selected', options) or re.search(
            r'value="([^"]*)"', options
        )
        add(sent, name, html.unescape(chosen[1]) if chosen else "")
    sent.pop("csrf_token", None)
    return sent


def add(sent: dict[str, Any], name: str, value: str) -> None:
    """Note a control; several of one name make a list."""
    if name in sent:
        known = sent[name]
        sent[name] = [*known, value] if isinstance(known, list) else [known, value]
    else:
        sent[name] = value


def words(page: str) -> str:
    """Return a page's text on one line."""
    bare = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(bare)).strip()
