"""Sign-in by login and password; the accounts keep argon2id hashes."""

from __future__ import annotations

from collections.abc import Mapping

from examhall.plugins import CredentialBook, Identity, Refused, SignIn, hookimpl


class PasswordSignIn(SignIn):
    """Asks the accounts, which answer as slowly for an unknown login as for a known one."""

    key = "password"
    version = "1.0"
    title = "Login and password"
    summary = "Local accounts with a password."

    def finish(self, form: Mapping[str, str], book: CredentialBook) -> Identity | Refused:
        login = form.get("login", "")
        if book.check_password(login, form.get("password", "")):
            return Identity(login=login)
        return Refused("The login or the password is wrong.")


@hookimpl
def examhall_sign_in() -> list[SignIn]:
    """Return the one method."""
    return [PasswordSignIn()]
