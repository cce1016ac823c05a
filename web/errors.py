"""Errors become answers here and nowhere else: the envelope for /api, a page for people."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, jsonify, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from examhall.core.db import why_unusable
from examhall.core.errors import (
    ConflictError,
    ExamhallError,
    InvalidError,
    RateLimitedError,
    SignInRequiredError,
    TooLargeError,
)
from examhall.web.envelope import failure

log = structlog.get_logger(__name__)

RETRY_SECONDS = 5

CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: TooLargeError.code,
    415: "unsupported_media_type",
    422: InvalidError.code,
    429: RateLimitedError.code,
}


def init_errors(app: Flask) -> None:
    """Translate every error that leaves a view."""
    app.register_error_handler(ExamhallError, _examhall_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(IntegrityError, _integrity_error)
    app.register_error_handler(DataError, _data_error)
    app.register_error_handler(SQLAlchemyError, _database_error)
    app.register_error_handler(Exception, _unforeseen_error)


def _examhall_error(error: ExamhallError) -> BaseResponse:
    if isinstance(error, SignInRequiredError) and not _for_program():
        return redirect(url_for("sign_in.show", next=_next_page()))
    if error.status >= 500:
        log.warning("request.failed", code=error.code, message=error.message, path=request.path)
    response = _answer(error.status, error.code, error.message, error.details)
    if "retry_after" in error.details:
        response.headers["Retry-After"] = str(error.details["retry_after"])
    if isinstance(error, SignInRequiredError):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _http_error(error: HTTPException) -> BaseResponse:
    status = error.code or 500
    if status < 400:
        return error.get_response()
    code = "csrf" if isinstance(error, CSRFError) else CODES.get(status, f"http_{status}")
    details = _details(error)
    message = "The input is not valid." if details else (error.description or error.name)
    response = _answer(status, code, message, details)
    _keep_headers(error, response)
    return response


def _integrity_error(error: IntegrityError) -> BaseResponse:
    # The operations look before they write: what comes here lost a race.
    log.warning("request.integrity_error", path=request.path, error=str(error.orig))
    message = "Somebody changed the same thing at the same moment. Look at it again."
    return _answer(ConflictError.status, ConflictError.code, message)


def _data_error(error: DataError) -> BaseResponse:
    log.warning("request.data_error", path=request.path, error=str(error.orig))
    return _answer(InvalidError.status, InvalidError.code, "A value cannot be stored.")


def _database_error(error: SQLAlchemyError) -> BaseResponse:
    reason = why_unusable(error)
    if reason is None:
        return _unforeseen_error(error)
    # One line a request, without a traceback: a whole room asks while the database is away.
    log.error("request.database_away", path=request.path, method=request.method, error=reason)
    message = "The database does not answer at the moment. Try again in a few seconds."
    response = _answer(503, "unavailable", message)
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def _unforeseen_error(error: Exception) -> BaseResponse:
    log.error("request.error", path=request.path, method=request.method, exc_info=error)
    return _answer(500, "error", "Something went wrong here. It has been noted.")


def _answer(status: int, code: str, message: str, details: Any = None) -> Response:
    if _for_program():
        response = jsonify(failure(code, message, details))
    else:
        title = HTTPStatus(status).phrase
        page = render_template("errors/error.html", status=status, title=title, message=message)
        response = Response(page)
    response.status_code = status
    return response


def _details(error: HTTPException) -> dict[str, Any]:
    """Return the messages that webargs noted, by field."""
    messages = getattr(error, "data", {}).get("messages", {})
    if isinstance(messages, dict) and len(messages) == 1:
        inner = next(iter(messages.values()))
        if next(iter(messages)) in {"json", "query", "form", "files"} and isinstance(inner, dict):
            return inner
    return messages if isinstance(messages, dict) else {"input": messages}


def _keep_headers(error: HTTPException, response: Response) -> None:
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            response.headers[name] = value


def _for_program() -> bool:
    return request.path.startswith("/api/")


def _next_page() -> str | None:
    if request.method != "GET" or request.path == "/":
        return None
    return request.full_path.rstrip("?")
