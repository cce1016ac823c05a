"""What every service of the JSON API is made of: blueprint, schemas, pages of lists.

A service is a module with `blueprint = ApiBlueprint("<noun>", __name__, url_prefix="/<noun>")`.
Its views return plain data and raise ExamhallError; the envelope is put around here, in the
answers and in the document alike.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from http import HTTPStatus
from threading import Lock
from typing import Any, cast

import flask
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import make_schema_key
from flask_smorest import Api, Blueprint
from marshmallow import RAISE, Schema, ValidationError, fields, validate
from webargs.flaskparser import FlaskParser

from examhall.core.decimals import write_decimal
from examhall.core.paging import MAX_LIMIT
from examhall.core.text import load_json
from examhall.web.api.idempotency import PARAMETER, idempotent
from examhall.web.context import body_limit, public
from examhall.web.envelope import success

__all__ = [
    "ApiBlueprint",
    "ApiSchema",
    "DecimalText",
    "ExamhallApi",
    "PageArguments",
    "WholeNumber",
    "body_limit",
    "idempotent",
    "page_schema",
    "public",
]

PREFIX = "/api/v1"


class ApiSchema(Schema):
    """The base of all schemas: unknown fields are refused.

    Bad text (NUL, half surrogates), NaN and deep nesting never reach a schema: the parser has
    refused them.
    """

    class Meta:
        unknown = RAISE


class WholeNumber(fields.Integer):
    """A whole number as JSON Schema has it: 256 and 256.0, never 256.5 and never true."""

    def _validated(self, value: Any) -> int:
        if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
            raise self.make_error("invalid")
        return super()._validated(value)


class DecimalText(fields.Decimal):
    """An exact number, written as text; up to 12 digits before and 6 after the point."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(as_string=True, **kwargs)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else write_decimal(value)

    def _validated(self, value: Any) -> Decimal:
        number = super()._validated(value)
        exponent = number.as_tuple().exponent
        if not isinstance(exponent, int) or number.adjusted() >= 12 or exponent < -6:
            raise ValidationError("Give at most 12 digits before and 6 after the point.")
        return number


class PageArguments(ApiSchema):
    """Which page of a list is asked for."""

    cursor = fields.String(load_default=None, validate=validate.Length(max=400))
    limit = WholeNumber(load_default=50, validate=validate.Range(1, MAX_LIMIT))


class ErrorSchema(Schema):
    """Why it did not work."""

    code = fields.String(required=True, metadata={"description": "Stable, for programs."})
    message = fields.String(required=True, metadata={"description": "For people."})
    details = fields.Dict(keys=fields.String(), required=True)


class FailureSchema(Schema):
    """The envelope around an error."""

    success = fields.Boolean(required=True, validate=validate.OneOf([False]))
    data = fields.Raw(required=True, metadata={"type": "null"})
    error = fields.Nested(ErrorSchema, required=True)
    timestamp = fields.DateTime(required=True)


@cache
def page_schema(item: type[Schema]) -> type[Schema]:
    """Return the schema of a page of a list; views return `core.paging.Page`."""
    name = item.__name__.removesuffix("Schema") + "Page"
    return cast(
        "type[Schema]",
        type(
            name,
            (ApiSchema,),
            {
                "items": fields.List(fields.Nested(item), required=True),
                "next_cursor": fields.String(required=True, allow_none=True),
            },
        ),
    )


class StrictParser(FlaskParser):
    """Reads arguments; JSON more strictly than the standard library."""

    DEFAULT_UNKNOWN_BY_LOCATION = {
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": RAISE,
    }

    def _raw_load_json(self, req: flask.Request) -> Any:
        if req.mimetype and not req.is_json:
            flask.abort(415, "Send JSON with the content type application/json.")
        body = req.get_data(cache=True)
        return load_json(body) if body else {}


class ApiBlueprint(Blueprint):
    """One service: a flask-smorest blueprint whose answers travel in the envelope."""

    ARGUMENTS_PARSER = StrictParser()
    PAGINATION_HEADER_NAME = None

    def __init__(self, name: str, import_name: str, **kwargs: Any) -> None:
        # Pages have blueprints of the same names.
        super().__init__(f"api_{name}", import_name, **kwargs)
        self.service = name
        self._prepare_doc_cbks.append(self._prepare_service_doc)

    def arguments(self, schema: Any, **options: Any) -> Any:
        """Read arguments as flask-smorest does, with one instance of the schema for all calls."""
        return super().arguments(schema() if isinstance(schema, type) else schema, **options)

    @staticmethod
    def _prepare_response_content(data: Any) -> Any:
        return success(data)

    @staticmethod
    def _make_doc_response_schema(schema: Any) -> Any:
        return schema if isinstance(schema, dict | str) else _answer_schema(schema)

    def _store_endpoint_docs(
        self, endpoint: str, obj: Any, parameters: Any, tags: Any, **options: Any
    ) -> None:
        super()._store_endpoint_docs(endpoint, obj, parameters, tags or [self.service], **options)
        for method, info in self._docs[endpoint].items():
            if method != "parameters":
                function = getattr(obj, method) if isinstance(obj, type) else obj
                info["public"] = getattr(function, "is_public", False)
                info["idempotent"] = getattr(function, "is_idempotent", False)

    def _prepare_service_doc(
        self, doc: dict[str, Any], doc_info: dict[str, Any], *, method: str, **_: Any
    ) -> dict[str, Any]:
        """Say in the document what holds for every operation."""
        if doc_info["idempotent"]:
            doc.setdefault("parameters", []).append(PARAMETER)
        if doc_info["public"]:
            doc["security"] = []
        responses = doc.setdefault("responses", {})
        for status in _errors_of(method, is_public=doc_info["public"]):
            responses.setdefault(status.value, status.name)
        return doc


def _errors_of(method: str, *, is_public: bool) -> list[HTTPStatus]:
    """Return the errors that any operation of this kind can end with."""
    statuses = [HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.TOO_MANY_REQUESTS]
    if method == "get" and is_public:
        return statuses
    statuses += [HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND]
    # A plugin may be missing, switched off, paused or broken.
    statuses += [HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE]
    if method != "get":
        statuses += [
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        ]
    return statuses


def _answer_schema(schema: Schema | None) -> type[Schema]:
    """Return the schema of the envelope around an answer; the same one for the same schema."""
    key = (make_schema_key(schema), schema.many) if schema else None
    if key not in _answers:
        data = fields.Nested(schema, many=schema.many, required=True) if schema else null_field()
        name = type(schema).__name__.removesuffix("Schema") if schema else "Nothing"
        members = {
            "__module__": type(schema).__module__ if schema else __name__,
            "success": fields.Boolean(required=True, validate=validate.OneOf([True])),
            "data": data,
            "error": null_field(),
            "timestamp": fields.DateTime(required=True),
        }
        many = "List" if schema and schema.many else ""
        _answers[key] = type(f"{name}{many}Answer", (Schema,), members)
    return _answers[key]


_answers: dict[Any, type[Schema]] = {}


def null_field() -> fields.Field[Any]:
    """Return a field that is always null."""
    return fields.Raw(required=True, metadata={"type": "null"})


class ExamhallApi(Api):
    """flask-smorest's collection of blueprints, with our errors and our document."""

    ERROR_SCHEMA = FailureSchema
    # Every answer is documented by its status.
    DEFAULT_ERROR_RESPONSE_NAME = None

    def __init__(self, app: flask.Flask) -> None:
        self._names: dict[str, Any] = {}
        self._services: list[ApiBlueprint] = []
        self._writing = Lock()
        self._written: dict[str, Any] = {}
        plugin = MarshmallowPlugin(schema_name_resolver=self._schema_name)
        super().__init__(app, spec_kwargs={"marshmallow_plugin": plugin})

    def _schema_name(self, schema: Any) -> str:
        """Name a schema in the document; of two with one name, one gets its module's in front.

        What is still not unique stands where it is used, without a name.
        """
        instance = schema() if isinstance(schema, type) else schema
        key = make_schema_key(instance)
        name = type(instance).__name__.removesuffix("Schema")
        noun = type(instance).__module__.rpartition(".")[2].title().replace("_", "")
        for candidate in (name, f"{noun}{name}"):
            if self._names.setdefault(candidate, key) == key:
                return candidate
        return ""

    def _register_responses(self) -> None:
        """Leave the answers of every status to `document`: only there is one looked up."""

    def _register_error_handlers(self) -> None:
        """Leave errors to examhall.web.errors."""

    def register_service(self, blueprint: ApiBlueprint) -> None:
        """Mount a service below /api/v1."""
        prefix = PREFIX + (blueprint.url_prefix or "")
        self._app.register_blueprint(blueprint, url_prefix=prefix)
        self._services.append(blueprint)

    def document(self) -> dict[str, Any]:
        """Return the OpenAPI document; written when it is first asked for, which takes a while."""
        with self._writing:
            if not self._written:
                super()._register_responses()
                for blueprint in self._services:
                    blueprint.register_views_in_doc(
                        self, self._app, self.spec, name=blueprint.name, parameters=None
                    )
                    self.spec.tag({"name": blueprint.service, "description": blueprint.description})
                self._written = self.spec.to_dict()
        return self._written
