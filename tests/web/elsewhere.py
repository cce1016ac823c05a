"""A way to sign in at another site, as OpenID Connect does it."""

from collections.abc import Mapping
from urllib.parse import urlencode

from examhall.plugins import CredentialBook, Identity, Refused, SignIn, hookimpl


class Elsewhere(SignIn):
    """Believes what comes back with the right code."""

    key = "elsewhere"
    version = "1.0"
    title = "The other house"
    summary = "For tests."
    redirects = True

    def begin(self, redirect_uri: str, state: str) -> str:
        return "https://id.example/?" + urlencode({"back": redirect_uri, "state": state})

    def finish(self, form: Mapping[str, str], book: CredentialBook) -> Identity | Refused:
        return Identity("author") if form.get("code") == "good" else Refused("No.")


@hookimpl
def examhall_sign_in() -> list[SignIn]:
    return [Elsewhere()]
