"""Connections to partners: made from the provider's schema, tested before they are saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from examhall.core.contracts.base import Kind
from examhall.core.errors import ExamhallError, InvalidError, NotFoundError
from examhall.core.integrations.connections import (
    check_connection,
    create_connection,
    update_connection,
)
from examhall.core.integrations.models import Connection
from examhall.core.integrations.operations import replay_message
from examhall.core.integrations.queries import get_connection, list_connections, list_messages
from examhall.core.permissions import Permission
from examhall.core.registry.configuration import mask
from examhall.core.registry.entries import Entry
from examhall.web.context import platform, principal
from examhall.web.forms.errors import FieldErrors, error_messages
from examhall.web.forms.fields import default_values
from examhall.web.forms.reading import change_rows, read_form

blueprint = Blueprint("connections", __name__, url_prefix="/admin/connections")

Page = Response | str | tuple[str, int]
PREFIX = "config."
MESSAGE_STATES = ("pending", "leased", "delivered", "awaiting_ack", "dead")


@blueprint.get("")
def index() -> str:
    """List the connections and the providers that could have one."""
    with platform().db.reading() as session:
        page = list_connections(session, principal(), cursor=request.args.get("cursor"))
    providers = platform().plugins.all(Kind.PROVIDER)
    return render_template("connections/list.html", page=page, providers=providers)


@blueprint.get("/new/<provider>")
def new(provider: str) -> str:
    """Show an empty form."""
    principal().require(Permission.CONNECTIONS_MANAGE)
    entry = platform().plugins.entry(Kind.PROVIDER, provider)
    return _form(entry, None, entry.plugin.title, default_values(entry.form()), {})


@blueprint.post("/new/<provider>")
def create(provider: str) -> Page:
    """Test the connection and save it when the test passed."""
    principal().require(Permission.CONNECTIONS_MANAGE)
    entry = platform().plugins.entry(Kind.PROVIDER, provider)
    title, values, errors = _read(entry)
    if "_rows" in request.form:
        return _form(entry, None, title, values, {})
    try:
        _require_right(title, errors)
        connection = create_connection(
            platform(),
            principal(),
            provider=provider,
            title=title,
            config=values,
            unchecked=_unchecked(),
        )
    except ExamhallError as error:
        if error.status in {401, 403}:
            raise
        return _form(entry, None, title, values, errors or _errors(error)), error.status
    flash(f"“{title}” is saved{' without a test' if _unchecked() else ': the test passed'}.")
    return redirect(url_for("connections.show", connection_id=connection.id))


@blueprint.get("/<uuid:connection_id>")
def show(connection_id: UUID) -> str:
    """Show a connection with its messages."""
    state = request.args.get("state", "")
    with platform().db.reading() as session:
        connection = get_connection(session, principal(), connection_id)
        page = list_messages(
            session,
            principal(),
            connection_id,
            state=state if state in MESSAGE_STATES else None,
            cursor=request.args.get("cursor"),
        )
    return render_template(
        "connections/connection.html",
        connection=connection,
        page=page,
        state=state,
        states=MESSAGE_STATES,
        known=platform().plugins.find(Kind.PROVIDER, connection.provider_key),
    )


@blueprint.get("/<uuid:connection_id>/edit")
def edit(connection_id: UUID) -> str:
    """Show a connection's configuration."""
    connection, entry = _connection(connection_id)
    values = {**default_values(entry.form()), **mask(entry.schema, connection.config)}
    return _form(entry, connection, connection.title, values, {})


@blueprint.post("/<uuid:connection_id>/edit")
def save(connection_id: UUID) -> Page:
    """Test the new configuration and save it when the test passed."""
    connection, entry = _connection(connection_id)
    title, values, errors = _read(entry)
    if "_rows" in request.form:
        return _form(entry, connection, title, values, {})
    try:
        _require_right(title, errors)
        update_connection(
            platform(),
            principal(),
            connection_id,
            title=title,
            config=values,
            unchecked=_unchecked(),
        )
    except ExamhallError as error:
        if error.status in {401, 403}:
            raise
        return _form(entry, connection, title, values, errors or _errors(error)), error.status
    flash(f"“{title}” is saved{' without a test' if _unchecked() else ': the test passed'}.")
    return redirect(url_for("connections.show", connection_id=connection_id))


@blueprint.post("/<uuid:connection_id>/test")
def test(connection_id: UUID) -> Response:
    """Try a connection and say what came of it."""
    health = check_connection(platform(), principal(), connection_id)
    worked = health.status == "ok"
    text = f"{health.message or 'It works.'} {health.hint}".strip()
    flash(f"The test {'passed' if worked else 'did not pass'}. {text}", "" if worked else "warn")
    return redirect(url_for("connections.show", connection_id=connection_id))


@blueprint.post("/<uuid:connection_id>/state")
def switch(connection_id: UUID) -> Response:
    """Switch a connection on or off; on ends a pause."""
    state = "enabled" if request.form.get("state") == "enabled" else "disabled"
    update_connection(platform(), principal(), connection_id, state=state)
    flash("The connection is on." if state == "enabled" else "The connection is off.")
    return redirect(url_for("connections.show", connection_id=connection_id))


@blueprint.post("/<uuid:connection_id>/messages/<uuid:message_id>/replay")
def replay(connection_id: UUID, message_id: UUID) -> Response:
    """Send a dead letter again."""
    with platform().db.transaction() as session:
        replay_message(session, platform(), principal(), message_id)
    flash("The message is on its way again.")
    return redirect(url_for("connections.show", connection_id=connection_id))


def _connection(connection_id: UUID) -> tuple[Connection, Entry]:
    with platform().db.reading() as session:
        connection = get_connection(session, principal(), connection_id)
    try:
        return connection, platform().plugins.entry(Kind.PROVIDER, connection.provider_key)
    except NotFoundError as error:
        raise NotFoundError("The provider of this connection is not installed.") from error


def _read(entry: Entry) -> tuple[str, dict[str, Any], FieldErrors]:
    described = entry.form()
    reading = read_form(described, request.form, PREFIX)
    if action := request.form.get("_rows"):
        change_rows(reading.values, described, action.replace(f":{PREFIX}", ":", 1))
    return request.form.get("title", "").strip(), reading.values, reading.problems


def _require_right(title: str, errors: FieldErrors) -> None:
    if not 1 <= len(title) <= 200:
        errors["title"] = ["Give a name of 1 to 200 characters."]
    if errors:
        raise InvalidError("The connection was not saved.")


def _errors(error: ExamhallError) -> FieldErrors:
    return error_messages(error, PREFIX)


def _unchecked() -> bool:
    return request.form.get("_action") == "unchecked"


def _form(
    entry: Entry,
    connection: Connection | None,
    title: str,
    values: Mapping[str, Any],
    errors: FieldErrors,
) -> str:
    return render_template(
        "connections/form.html",
        provider=entry.plugin,
        form=entry.form(),
        connection=connection,
        title_typed=title,
        values=values,
        errors=errors,
    )
