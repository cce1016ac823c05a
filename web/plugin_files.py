"""The static files of question types: scripts, style sheets and pictures beside their modules."""

from __future__ import annotations

import mimetypes
import sys
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from flask import Blueprint, Response, request

from examhall.core.contracts.base import Kind, Plugin
from examhall.core.errors import NotFoundError
from examhall.web.context import platform, public

# What is called `.static` is served without looking at who asks.
blueprint = Blueprint("plugin_files", __name__)

# Systems differ in what they call these.
TYPES = {"js": "text/javascript", "mjs": "text/javascript", "css": "text/css"}


@blueprint.get("/x/<key>/static/<path:name>", endpoint="static")
@public
def send_static(key: str, name: str) -> Response:
    """Send a file of the folder `static` beside the module of a question type.

    Files of a blueprint that a plugin brings itself have a rule of their own, which goes first.
    """
    plugin = platform().plugins.find(Kind.QUESTION_TYPE, key)
    file = find_file(plugin, name) if plugin is not None else None
    if file is None:
        raise NotFoundError("There is no such file.")
    data = file.read_bytes()
    response = Response(data, mimetype=_type_of(name))
    # Scripts import one another by bare names: after an update none may be older than another.
    response.headers["Cache-Control"] = "public, no-cache"
    response.set_etag(sha256(data).hexdigest())
    response.make_conditional(request)
    return response


def find_file(plugin: Plugin, name: str) -> Traversable | None:
    """Return a static file of the package that holds a plugin's module, None where there is none.

    A name is a path of plain names: none of them begins with a dot, so that nothing leads out.
    """
    module = sys.modules.get(type(plugin).__module__)
    package = module.__spec__.parent if module is not None and module.__spec__ else ""
    steps = name.split("/")
    if not package or any(not step or step[0] == "." or "\\" in step for step in steps):
        return None
    file = files(package).joinpath("static", *steps)
    return file if file.is_file() else None


def _type_of(name: str) -> str:
    known = TYPES.get(name.rpartition(".")[2].lower())
    return known or mimetypes.guess_type(name)[0] or "application/octet-stream"
