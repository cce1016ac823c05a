"""Stand-ins for what core hands to plugins: a partner over HTTP, the accounts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from examhall.plugins import HttpResponse, TransientError


@dataclass
class FakeResponse:
    """A partner's answer."""

    status_code: int = 200
    content: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the decoded body; ValueError for one that is not JSON, as `requests` does."""
        return json.loads(self.content)


@dataclass(frozen=True)
class FakeRequest:
    """What a provider sent."""

    method: str
    url: str
    options: Mapping[str, Any]

    def everything(self) -> str:
        """Return the request as one text, to look something up in it."""
        options = {
            name: value.decode("utf-8", "replace") if isinstance(value, bytes) else value
            for name, value in self.options.items()
        }
        return f"{self.method} {self.url} {json.dumps(options, default=str)}"


Answer = Callable[[FakeRequest], HttpResponse]


class FakeHttp:
    """The guarded HTTP session with a partner who gives the answer that a test wants.

    `answer` is a FakeResponse, an exception to raise, or a function of the request.
    """

    def __init__(self, answer: FakeResponse | Exception | Answer) -> None:
        self.answer = answer
        self.requests: list[FakeRequest] = []

    def request(self, method: str, url: str, **options: Any) -> HttpResponse:
        """Note the request and answer."""
        request = FakeRequest(method, url, options)
        self.requests.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer if isinstance(self.answer, FakeResponse) else self.answer(request)


def timed_out() -> FakeHttp:
    """Return a session whose partner never answers."""
    return FakeHttp(TransientError("The partner did not answer in time."))


class FakeBook:
    """Accounts with one person: ada, whose password is `correct horse`."""

    def check_password(self, login: str, password: str) -> bool:
        """Say whether this is ada."""
        return (login, password) == ("ada", "correct horse")
