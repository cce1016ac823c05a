"""Tokens for programs, and who one is."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from examhall.core.accounts.queries import get_user
from examhall.core.accounts.sign_in import sign_in_with_password
from examhall.core.accounts.tokens import (
    TokenPair,
    revoke_tokens,
    rotate_tokens,
    start_tokens,
)
from examhall.core.errors import SignInRequiredError
from examhall.web.api.base import ApiBlueprint, ApiSchema, public
from examhall.web.api.users import UserSchema
from examhall.web.context import platform, principal
from examhall.web.limits import sign_in_limited
from examhall.web.sessions import address, credentials

blueprint = ApiBlueprint("auth", __name__, description="Tokens for programs.")


class CredentialsSchema(ApiSchema):
    """Who asks for tokens."""

    login = fields.String(required=True, validate=validate.Length(1, 200))
    password = fields.String(required=True, validate=validate.Length(1, 200))


class RefreshSchema(ApiSchema):
    """A refresh token."""

    refresh_token = fields.String(required=True, validate=validate.Length(1, 200))


class TokenSchema(ApiSchema):
    """A pair of tokens; `expires_in` are the access token's seconds."""

    access_token = fields.String(required=True)
    refresh_token = fields.String(required=True)
    token_type = fields.Constant("Bearer", metadata={"type": "string"})
    expires_in = fields.Integer(required=True)


@blueprint.route("/auth/token", methods=["POST"])
@public
@sign_in_limited
@blueprint.arguments(CredentialsSchema)
@blueprint.response(200, TokenSchema)
def make_token(data: dict[str, str]) -> TokenPair:
    """Sign a program in."""
    book = credentials()
    user = sign_in_with_password(platform(), book, data["login"], data["password"], address())
    with platform().db.transaction() as session:
        return start_tokens(session, platform(), user)


@blueprint.route("/auth/refresh", methods=["POST"])
@public
@blueprint.arguments(RefreshSchema)
@blueprint.response(200, TokenSchema)
def refresh_token(data: dict[str, str]) -> TokenPair:
    """Exchange a refresh token, which is good once, for new tokens."""
    with platform().db.transaction() as session:
        pair = rotate_tokens(session, platform(), data["refresh_token"])
    if pair is None:
        raise SignInRequiredError("The refresh token is not valid, or no longer.")
    return pair


@blueprint.route("/auth/revoke", methods=["POST"])
@public
@blueprint.arguments(RefreshSchema)
@blueprint.response(200)
def revoke_token(data: dict[str, str]) -> None:
    """End all tokens that came from the same sign-in."""
    with platform().db.transaction() as session:
        revoke_tokens(session, platform(), data["refresh_token"])


@blueprint.route("/me", methods=["GET"])
@blueprint.response(200, UserSchema)
def show_me() -> Any:
    """Say who is signed in, and as what."""
    who = principal()
    if who.user_id is None:
        raise SignInRequiredError("Sign in first.")
    with platform().db.reading() as session:
        return get_user(session, who, who.user_id)
