"""A program that uses the JSON API, as the tests' stand-in for what people set up beforehand."""

from typing import Any

import requests


class Client:
    """A signed-in user of the API; answers come without their envelope."""

    def __init__(self, url: str, login: str, password: str) -> None:
        self._url = f"{url}/api/v1"
        self._session = requests.Session()
        self._session.trust_env = False
        tokens = self.call("POST", "/auth/token", {"login": login, "password": password})
        self._session.headers["Authorization"] = f"Bearer {tokens['access_token']}"

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call the API; anything but success fails the test."""
        answer = self._session.request(method, self._url + path, json=body, timeout=30)
        envelope = answer.json()
        assert envelope["success"], f"{method} {path}: {answer.status_code} {envelope['error']}"
        return envelope["data"]

    def get(self, path: str) -> Any:
        """Read."""
        return self.call("GET", path)

    def post(self, path: str, body: Any = None) -> Any:
        """Make or do something."""
        return self.call("POST", path, body if body is not None else {})
