"""What authors put into questions besides text: files and formulas."""

from __future__ import annotations

from typing import Any

from flask_smorest.fields import Upload
from marshmallow import fields, validate

from examhall.core.formulas import MAX_TEX, convert_tex
from examhall.core.media.checks import MAX_BYTES
from examhall.core.media.models import MediaRecord
from examhall.core.media.operations import store_media
from examhall.core.permissions import Permission
from examhall.web.api.base import ApiBlueprint, ApiSchema, WholeNumber, body_limit
from examhall.web.context import platform, principal

blueprint = ApiBlueprint("media", __name__, description="Files and formulas for questions.")

FORM_LIMIT = MAX_BYTES + 64 * 1024


class MediaPartsSchema(ApiSchema):
    """A file, sent as a form."""

    file = Upload(required=True)


class MediaSchema(ApiSchema):
    """A stored file: `reference` is what content writes, `address` where a page finds it."""

    sha256 = fields.String(required=True)
    reference = fields.String(required=True)
    address = fields.String(required=True)
    content_type = fields.String(required=True)
    size = WholeNumber(required=True)
    name = fields.String(required=True)


class FormulaSchema(ApiSchema):
    """A formula in TeX; `display` puts it on a line of its own."""

    tex = fields.String(required=True, validate=validate.Length(0, 2 * MAX_TEX))
    display = fields.Boolean(load_default=False)


class MathmlSchema(ApiSchema):
    """A formula as browsers draw it."""

    mathml = fields.String(required=True)


@blueprint.route("/media", methods=["POST"])
@body_limit(FORM_LIMIT)
@blueprint.arguments(MediaPartsSchema, location="files")
@blueprint.response(201, MediaSchema)
def store_file(parts: dict[str, Any]) -> MediaRecord:
    """Store a picture, recording or PDF for questions; the same file twice is stored once."""
    part = parts["file"]
    return store_media(platform(), principal(), part.read(), part.filename or "")


@blueprint.route("/formulas", methods=["POST"])
@blueprint.arguments(FormulaSchema)
@blueprint.response(200, MathmlSchema)
def write_formula(data: dict[str, Any]) -> dict[str, str]:
    """Turn TeX into MathML; what cannot be read is said in words."""
    principal().require(Permission.QUESTIONS_WRITE)
    return {"mathml": convert_tex(data["tex"], display=data["display"])}
