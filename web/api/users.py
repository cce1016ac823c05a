"""Accounts and their roles."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from examhall.core.accounts.models import RoleGrant, User
from examhall.core.accounts.operations import create_user, grant_role, revoke_role, update_user
from examhall.core.accounts.queries import get_user, list_users
from examhall.core.paging import Page
from examhall.core.permissions import Role
from examhall.web.api.base import (
    ApiBlueprint,
    ApiSchema,
    PageArguments,
    idempotent,
    page_schema,
)
from examhall.web.context import platform, principal
from examhall.web.sessions import principals

blueprint = ApiBlueprint(
    "users", __name__, url_prefix="/users", description="Accounts and their roles."
)

ROLES = validate.OneOf([role.value for role in Role])


class GrantSchema(ApiSchema):
    """A role that somebody has, for everything or for one exam."""

    id = fields.UUID(required=True)
    role = fields.String(required=True, validate=ROLES)
    exam_id = fields.UUID(required=True, allow_none=True)


class UserSchema(ApiSchema):
    """An account."""

    id = fields.UUID(required=True)
    login = fields.String(required=True)
    name = fields.String(required=True)
    email = fields.String(required=True)
    active = fields.Boolean(required=True)
    created_at = fields.DateTime(required=True)
    grants = fields.List(fields.Nested(GrantSchema), required=True)


class NewUserSchema(ApiSchema):
    """An account to make; without a password it cannot use that way to sign in."""

    login = fields.String(required=True, validate=validate.Length(1, 200))
    name = fields.String(load_default="", validate=validate.Length(max=200))
    email = fields.String(load_default="", validate=validate.Length(max=320))
    password = fields.String(load_default=None, validate=validate.Length(10, 200))
    roles = fields.List(
        fields.Enum(Role, by_value=fields.String(validate=ROLES)),
        load_default=list,
        validate=validate.Length(max=len(Role)),
    )


class UserChangeSchema(ApiSchema):
    """What to change of an account."""

    name = fields.String(validate=validate.Length(1, 200))
    email = fields.String(validate=validate.Length(max=320))
    active = fields.Boolean()
    password = fields.String(validate=validate.Length(10, 200))


class NewGrantSchema(ApiSchema):
    """A role to give."""

    role = fields.Enum(Role, by_value=fields.String(validate=ROLES), required=True)
    exam_id = fields.UUID(load_default=None, allow_none=True)


class UserListSchema(PageArguments):
    """Which users are asked for."""

    search = fields.String(load_default="", validate=validate.Length(max=200))
    role = fields.Enum(Role, by_value=fields.String(validate=ROLES), load_default=None)


@blueprint.route("", methods=["GET"])
@blueprint.arguments(UserListSchema, location="query")
@blueprint.response(200, page_schema(UserSchema))
def show_users(query: dict[str, Any]) -> Page[User]:
    """List the accounts by login."""
    with platform().db.reading() as session:
        return list_users(session, principal(), **query)


@blueprint.route("", methods=["POST"])
@idempotent
@blueprint.arguments(NewUserSchema)
@blueprint.response(201, UserSchema)
def make_user(data: dict[str, Any]) -> User:
    """Make an account."""
    with platform().db.transaction() as session:
        return create_user(session, platform().settings, principal(), **data)


@blueprint.route("/<uuid:user_id>", methods=["GET"])
@blueprint.response(200, UserSchema)
def show_user(user_id: UUID) -> User:
    """Show an account; everybody may see their own."""
    with platform().db.reading() as session:
        return get_user(session, principal(), user_id)


@blueprint.route("/<uuid:user_id>", methods=["PATCH"])
@blueprint.arguments(UserChangeSchema)
@blueprint.response(200, UserSchema)
def change_user(data: dict[str, Any], user_id: UUID) -> User:
    """Change an account; closing it or a new password ends all its sessions."""
    with platform().db.transaction() as session:
        user = update_user(session, platform().settings, principal(), user_id, **data)
    principals().forget(user_id)
    return user


@blueprint.route("/<uuid:user_id>/roles", methods=["POST"])
@idempotent
@blueprint.arguments(NewGrantSchema)
@blueprint.response(201, GrantSchema)
def give_role(data: dict[str, Any], user_id: UUID) -> RoleGrant:
    """Give a role, for everything or for one exam."""
    with platform().db.transaction() as session:
        grant = grant_role(session, principal(), user_id, data["role"], data["exam_id"])
    principals().forget(user_id)
    return grant


@blueprint.route("/<uuid:user_id>/roles/<uuid:grant_id>", methods=["DELETE"])
@blueprint.response(200)
def take_role(user_id: UUID, grant_id: UUID) -> None:
    """Take a role away."""
    with platform().db.transaction() as session:
        revoke_role(session, principal(), user_id, grant_id)
    principals().forget(user_id)
