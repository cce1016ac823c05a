"""Question types, for editors."""

from __future__ import annotations

from marshmallow import fields

from examhall.core.registry.changes import QuestionTypeView, list_question_types
from examhall.web.api.base import ApiBlueprint, ApiSchema
from examhall.web.api.plugins import FormFieldSchema
from examhall.web.context import platform, principal

blueprint = ApiBlueprint(
    "question_types",
    __name__,
    url_prefix="/question-types",
    description="The kinds of question that authors can use.",
)


class QuestionTypeSchema(ApiSchema):
    """A kind of question, the form of its content and a complete example."""

    key = fields.String(required=True)
    version = fields.String(required=True)
    title = fields.String(required=True)
    summary = fields.String(required=True)
    form = fields.List(fields.Nested(FormFieldSchema), required=True)
    example = fields.Dict(keys=fields.String(), required=True)


@blueprint.route("", methods=["GET"])
@blueprint.response(200, QuestionTypeSchema(many=True))
def show_question_types() -> list[QuestionTypeView]:
    """List the question types that can be used."""
    return list_question_types(platform().plugins, principal())
