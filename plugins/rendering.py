"""Drawing for plugins: templates that escape by default, and authors' HTML made harmless."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from examhall.core.html import clean_html, media_address, plain_text


class Templates:
    """The templates of a package: the files in its folder `templates`.

    Values are escaped; the filter `author_html` lets an author's HTML through `clean_html`,
    `plain_text` takes its words, and `media_address` says where a file lies that content names. A
    name that is not given is an error, never an empty place.
    """

    def __init__(self, package: str) -> None:
        self._package = package

    def render(self, template: str, **values: Any) -> str:
        """Return the HTML of a template."""
        return _environment(self._package).get_template(template).render(**values)


@cache
def _environment(package: str) -> Environment:
    environment = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["author_html"] = lambda text: Markup(clean_html(text))  # noqa: S704
    environment.filters["media_address"] = media_address
    environment.filters["plain_text"] = plain_text
    return environment
